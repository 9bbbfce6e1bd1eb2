//! [`Plan`]: what a command is to train, checked before anything is read or written.

use std::path::PathBuf;

use dualgn_io::Failure;
use dualgn_train::Method;
use dualgn_train::problem::{LossName, Study};

use crate::arguments::{FieldOptions, ProblemOptions, Run};
use crate::topic::Topic;

/// The method for equations.
#[cfg(feature = "fields")]
const EQUATIONS: &str = "geodesic";

/// Where what is learnt comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// A problem of the program, or equations of the user's.
    Problem(&'a Topic, &'a ProblemOptions),
    /// Data of the user's.
    #[cfg_attr(not(feature = "tables"), expect(dead_code, reason = "data of the user's are tables"))]
    Study(&'a Study),
}

impl Origin<'_> {
    /// The name of the problem or of the data.
    pub(super) fn name(self) -> String {
        match self {
            Self::Problem(topic, _) => topic.name().to_owned(),
            Self::Study(study) => study.name.clone(),
        }
    }

    /// The method unless another is asked for; `None` for the one of the loss.
    pub(super) fn method(self) -> Option<Method> {
        match self {
            #[cfg(feature = "fields")]
            Self::Problem(Topic::Field(statement), _)
                if statement.is_equation() && statement.loss().has_curvature() =>
            {
                Method::named(EQUATIONS)
            }
            _ => None,
        }
    }

    /// The loss unless another is asked for.
    fn usual(self) -> LossName {
        match self {
            Self::Problem(Topic::Data(problem), _) => problem.defaults().loss,
            #[cfg(feature = "fields")]
            Self::Problem(Topic::Field(statement), _) => statement.loss(),
            Self::Study(study) => study.loss,
        }
    }
}

/// What is trained, and where the results go.
pub(super) struct Plan<'a> {
    /// The problem or the data.
    pub origin: Origin<'a>,
    /// Its loss, which fits it.
    pub loss: LossName,
    /// The options of the run.
    pub run: &'a Run,
    /// Folder for the results, unless the user says another.
    pub folder: PathBuf,
    /// The command as it was typed, without the path of the program.
    pub typed: String,
}

impl<'a> Plan<'a> {
    /// The plan of a command. Results go where the user says, or into a folder for the problem and its loss.
    pub(super) fn new(command: &str, origin: Origin<'a>, loss: LossName, run: &'a Run) -> Self {
        let mut folder = format!("runs/{command}-{}", origin.name());
        if loss != origin.usual() {
            folder = format!("{folder}-{}", loss.name());
        }
        // Where words are not in UTF-8, what they look like.
        let words = std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned()));
        let words: Vec<String> = words.collect();
        Self { origin, loss, run, folder: PathBuf::from(folder), typed: format!("dualgn {}", words.join(" ")) }
    }
}

/// A word as a shell takes it.
pub(super) fn quoted(word: String) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=,:+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// The loss that was asked for, if it fits; else the usual one. Options of the other kind of problem are refused.
pub(super) fn loss(origin: Origin, run: &Run) -> Result<LossName, Failure> {
    let loss = run.loss.unwrap_or(origin.usual());
    if run.quantile != 0.5 && loss != LossName::Quantile {
        let text = format!("`--quantile` is for `--loss quantile`, and the loss is {}", loss.name());
        return Err(Failure::input(text).hint("give both or none"));
    }
    match origin {
        Origin::Problem(topic @ Topic::Data(_), options) if options.field != FieldOptions::unset() => {
            Err(Failure::input(format!(
                "{} is a problem with data; the options of equations and shapes are not for it",
                topic.name()
            )))
        }
        Origin::Problem(Topic::Data(problem), _) if loss.prediction_rule(problem.task()).is_none() => {
            Err(Failure::input(loss.refusal(*problem)))
        }
        #[cfg(feature = "fields")]
        Origin::Problem(topic @ Topic::Field(_), options) => {
            let others = [
                ("--loss", run.loss.is_some_and(|other| other != origin.usual())),
                ("--batch", run.batch.is_some()),
                ("--network", run.network.is_some()),
                ("--weights", run.weights.is_some()),
                ("--data", options.data.is_some()),
                ("--limit", options.limit.is_some()),
            ];
            match others.into_iter().find(|(_, is_given)| *is_given) {
                Some((option, _)) => Err(Failure::input(format!(
                    "`{option}` is for problems with data; {} is made of residuals at points (`--points`, `--sampling`, \
                     `--resample`, `--hidden`)",
                    topic.name()
                ))),
                None => Ok(loss),
            }
        }
        Origin::Study(study) if loss.prediction_rule(study.task).is_none() => {
            Err(Failure::input(loss.refusal_of_column(&study.target, study.task)))
        }
        Origin::Problem(Topic::Data(_), _) | Origin::Study(_) => Ok(loss),
    }
}

/// Refuses methods that cannot work with the loss.
pub(super) fn check(methods: &[Method], loss: LossName) -> Result<(), Failure> {
    match methods.iter().find_map(|method| method.refusal(loss)) {
        Some(refusal) => Err(Failure::input(refusal)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use dualgn_train::problem::{ProblemName, Task};
    use strum::VariantArray;

    use super::*;
    use crate::arguments::{Arguments, Command};

    #[test]
    fn a_command_can_be_typed_again() {
        assert_eq!(quoted("--out=a/b".into()), "--out=a/b");
        assert_eq!(quoted("my table.csv".into()), "'my table.csv'");
        assert_eq!(quoted("it's".into()), "'it'\\''s'");
        assert_eq!(quoted(String::new()), "''");
    }

    /// What the table leaves out is refused by the plan, with a sentence that names the problems that fit.
    #[test]
    fn pairs_that_do_not_fit_are_refused() {
        let chosen = |problem: ProblemName, loss: LossName| {
            let arguments = ["dualgn", "compare", problem.name(), "--loss", loss.name()];
            let Command::Compare(arguments) = Arguments::parse_from(arguments).command else { panic!() };
            super::loss(Origin::Problem(&arguments.problem, &arguments.options), &arguments.run)
        };
        let mut refused = 0;
        for problem in ProblemName::ALL {
            for &loss in LossName::VARIANTS {
                match chosen(problem, loss) {
                    Ok(fitting) => assert!(fitting == loss && loss.prediction_rule(problem.task()).is_some()),
                    Err(failure) => {
                        let sentence = failure.to_string();
                        refused += 1;
                        assert!(loss.prediction_rule(problem.task()).is_none());
                        for word in [loss.name(), problem.name(), problem.task().targets()] {
                            assert!(sentence.contains(word), "{sentence}");
                        }
                        let (_, fitting) = sentence.split_once("it fits ").unwrap();
                        for name in fitting.split(", ") {
                            let other = name.parse::<ProblemName>().unwrap();
                            assert!(chosen(other, loss).is_ok(), "{sentence}");
                        }
                    }
                }
            }
        }
        let left_out = |task| LossName::VARIANTS.len() - LossName::fitting(task).count();
        assert_eq!(refused, 2 * left_out(Task::Classes) + left_out(Task::YesOrNo) + 3 * left_out(Task::Positive));
    }
}
