//! Errors of the library as failures of a command: who can mend them, and by which option.

use dualgn::Error;
use dualgn::error::{DirectionError, Fault, LinearizeError, LossError, TraceError};

use super::Failure;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (message, hint) = match &error {
            Error::Direction(error) => of_direction(error),
            Error::Loss(error) => (error.to_string(), of_loss(error)),
            Error::Linearize(LinearizeError::MixesExamples { operation, place }) => {
                let message =
                    format!("the examples of a batch mix in `{operation}` {place}, and cannot go through it in parts");
                (message, Some("leave out `--micro-batch`".into()))
            }
            error => (error.to_string(), None),
        };
        match error.fault() {
            Fault::Network | Fault::Data | Fault::Setting | Fault::Numerics => Self::input(message),
            Fault::Program | Fault::Device => Self::run(message),
        }
        .perhaps(hint)
    }
}

impl From<TraceError> for Failure {
    fn from(error: TraceError) -> Self {
        Error::from(error).into()
    }
}

/// What happened, and the option that mends it. The library's own advice is for programs.
fn of_direction(error: &DirectionError) -> (String, Option<String>) {
    use DirectionError as Is;
    let (message, hint) = match error {
        Is::Memory { matrix, rows, needed_mib, budget_mib, fitting } => {
            let smaller = fitting.map_or(String::new(), |examples| format!(", and `--batch {examples}` a smaller one"));
            return (
                format!(
                    "the {matrix} matrix of {rows} rows needs about {needed_mib} MiB, more than the {budget_mib} MiB that may be taken"
                ),
                Some(format!("`--solver cg` needs no such matrix, `--memory {needed_mib}` allows it{smaller}")),
            );
        }
        Is::Damping(_) => (error.to_string(), "set another `--damping`"),
        Is::Tolerance(_) => (error.to_string(), "set another `--gap`, or `--accuracy` of `direction`"),
        Is::InputNotFinite { .. } => (error.to_string(), "leave the example out, or put a number in its place"),
        Is::ParameterNotFinite { path, entry, value } => (
            format!("entry {entry} (counted from 0) of the weights `{path}` is {value}"),
            "take other weights, or a smaller `--rate`",
        ),
        Is::OutputNotFinite { .. } => (error.to_string(), "check the weights, and how the inputs are scaled"),
        Is::NotFinite { what } => (
            format!("{what} is not finite"),
            "check how the targets are scaled; a larger `--damping` or a smaller `--rate` may help",
        ),
        Is::NoCurvature => (
            "the loss has no curvature, so its quadratic model would be the gradient alone".into(),
            "take `--model prox-linear`, or another `--loss`",
        ),
        Is::NoMargin => (
            "fast Gauss-Newton works with one class an example alone".into(),
            "take `--model quadratic`, or `--loss softmax`",
        ),
        Is::NoDualUpdate => (error.to_string(), "take another `--loss`"),
        Is::NoDecrease { iterations } => (
            format!("the prox-linear model does not decrease after {iterations} iterations"),
            "raise `--inner` (`--iterations` of `direction`), or `--damping`",
        ),
        Is::MixesExamples { operation, place } => (
            format!("the Gram matrix cannot be had: `{operation}` {place} mixes the examples of a batch"),
            "take `--solver cg`",
        ),
        Is::Route { .. } | Is::Metric | Is::Primal => (error.to_string(), "leave out `--solver`"),
        Is::Factorisation { pivot } => {
            (format!("the Cholesky factorisation failed at pivot {pivot}"), "raise `--damping`, or take `--solver cg`")
        }
        Is::Eigenvalues => (error.to_string(), "raise `--damping`"),
        Is::Ascent { slope } => (format!("the direction does not descend (slope {slope:e})"), "raise `--damping`"),
        _ => return (error.to_string(), None),
    };
    (message, Some(hint.into()))
}

/// The option that mends a loss that does not fit.
fn of_loss(error: &LossError) -> Option<String> {
    match error {
        LossError::Outputs { .. } | LossError::Range { .. } => {
            Some("take another `--loss`, or mend the targets".into())
        }
        LossError::Parameter { .. } => Some("`--quantile` is such a parameter".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who can mend each, and what is said about how.
    #[test]
    fn errors_of_the_library_say_who_can_mend_them_and_how() {
        let place = || ("Conv2d".to_owned(), "at `layers.0`".to_owned());
        let (operation, at) = place();
        let user: Vec<(Error, &str)> = vec![
            (
                DirectionError::Memory { matrix: "Gram", rows: 640, needed_mib: 30, budget_mib: 1, fitting: Some(12) }
                    .into(),
                "hint: `--solver cg` needs no such matrix, `--memory 30` allows it, and `--batch 12` a smaller one",
            ),
            (DirectionError::Damping(-1.0).into(), "`--damping`"),
            (DirectionError::Tolerance(f64::NAN).into(), "`--gap`"),
            (
                DirectionError::InputNotFinite { input: 0, example: 7, entry: 2, value: f64::NAN }.into(),
                "entry 2 of example 7",
            ),
            (DirectionError::ParameterNotFinite { path: "a".into(), entry: 3, value: f64::INFINITY }.into(), "entry 3"),
            (
                DirectionError::OutputNotFinite {
                    example: 1,
                    output: 0,
                    value: f64::NAN,
                    path: "b".into(),
                    largest: 1e300,
                }
                .into(),
                "1e300, in `b`\nhint: check the weights",
            ),
            (DirectionError::NotFinite { what: "the loss" }.into(), "the loss is not finite\nhint: "),
            (DirectionError::NoCurvature.into(), "`--model prox-linear`"),
            (DirectionError::NoMargin.into(), "`--model quadratic`"),
            (DirectionError::NoDualUpdate.into(), "`--loss`"),
            (DirectionError::NoDecrease { iterations: 9 }.into(), "`--inner`"),
            (DirectionError::MixesExamples { operation, place: at }.into(), "`--solver cg`"),
            (DirectionError::Route { route: "primal" }.into(), "`--solver`"),
            (DirectionError::Metric.into(), "`--solver`"),
            (DirectionError::Primal.into(), "`--solver`"),
            (DirectionError::Factorisation { pivot: 4 }.into(), "pivot 4\nhint: raise `--damping`"),
            (DirectionError::Eigenvalues.into(), "`--damping`"),
            (DirectionError::Ascent { slope: 1.0 }.into(), "`--damping`"),
            (LossError::Outputs { found: 2, expected: "one" }.into(), "`--loss`"),
            (LossError::Range { index: 0, value: -1.0, expected: "counts" }.into(), "`--loss`"),
            (LossError::ClassRange { index: 0, class: 9, classes: 3 }.into(), "class 9"),
            (LossError::NotFinite { index: 0, value: f64::NAN }.into(), "finite"),
            (LossError::Parameter { name: "quantile", value: 2.0, expected: "less" }.into(), "`--quantile`"),
            (LinearizeError::MixesExamples { operation: "a".into(), place: "b".into() }.into(), "`--micro-batch`"),
            (TraceError::IgnoresInput.into(), "does not depend on its input"),
            (TraceError::NoParameters.into(), "trainable"),
        ];
        for (error, words) in user {
            let named = error.to_string();
            let failure = Failure::from(error);
            assert!(failure.is_input(), "{named}");
            assert!(failure.to_string().contains(words), "{failure}");
        }
        let programs: Vec<Error> = vec![
            LinearizeError::OtherNetwork.into(),
            LinearizeError::MissingParameter { path: "a".into() }.into(),
            LinearizeError::Shape { what: "v", expected: vec![1], found: vec![2] }.into(),
            TraceError::NotTraining.into(),
        ];
        for error in programs {
            assert!(!Failure::from(error).is_input());
        }
    }
}
