//! The methods that can be compared, and the learning rates each of them tries.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use dualgn::Model;

use crate::problem::LossName;

/// What stands for the loss in the subproblem of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelName {
    /// Second-order: the dual Gauss-Newton direction; needs a loss with curvature
    Quadratic,
    /// The loss itself: the prox-linear direction, for every loss
    ProxLinear,
    /// Second-order in one number an example: fast Gauss-Newton, for the softmax cross-entropy
    Fgn,
}

/// What the duality gap of a prox-linear direction must come down to, and what that may cost.
#[derive(Clone, Copy, Debug)]
pub struct ProxLinear {
    /// The gap at most, for each unit of the decrease that the dual promises.
    pub gap: f64,
    /// Inner iterations at most.
    pub iterations: usize,
}

impl ModelName {
    /// The model a loss has unless another is asked for: the quadratic one where it has curvature.
    pub fn default_for(loss: LossName) -> Self {
        if loss.has_curvature() { Self::Quadratic } else { Self::ProxLinear }
    }

    /// The model itself.
    pub fn model(self, ProxLinear { gap, iterations }: ProxLinear) -> Model {
        match self {
            Self::Quadratic => Model::Quadratic,
            Self::ProxLinear => Model::ProxLinear { gap, iterations },
            Self::Fgn => Model::FastGaussNewton,
        }
    }
}

/// A method: which direction, and what steps along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// The model its directions come from; `None` for gradients.
    pub model: Option<ModelName>,
    /// Who takes the steps.
    pub optimizer: Optimizer,
}

/// Who takes the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimizer {
    /// Plain steps.
    Sgd,
    /// Adam.
    Adam,
}

impl Method {
    /// Stochastic gradient descent.
    pub const SGD: Self = Self { model: None, optimizer: Optimizer::Sgd };
    /// Adam.
    pub const ADAM: Self = Self { model: None, optimizer: Optimizer::Adam };

    const ALL: [Self; 8] = [
        Self::SGD,
        Self::ADAM,
        Self::on(ModelName::Quadratic, Optimizer::Sgd),
        Self::on(ModelName::Quadratic, Optimizer::Adam),
        Self::on(ModelName::ProxLinear, Optimizer::Sgd),
        Self::on(ModelName::ProxLinear, Optimizer::Adam),
        Self::on(ModelName::Fgn, Optimizer::Sgd),
        Self::on(ModelName::Fgn, Optimizer::Adam),
    ];

    /// An optimizer on the directions of a model.
    pub const fn on(model: ModelName, optimizer: Optimizer) -> Self {
        Self { model: Some(model), optimizer }
    }

    /// The methods a model is compared by: both optimizers, on gradients and on its directions.
    pub fn compared(model: ModelName) -> Vec<Self> {
        vec![Self::SGD, Self::ADAM, Self::on(model, Optimizer::Sgd), Self::on(model, Optimizer::Adam)]
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match (self.model, self.optimizer) {
            (None, Optimizer::Sgd) => "sgd",
            (None, Optimizer::Adam) => "adam",
            (Some(ModelName::Quadratic), Optimizer::Sgd) => "dual-gn-sgd",
            (Some(ModelName::Quadratic), Optimizer::Adam) => "dual-gn-adam",
            (Some(ModelName::ProxLinear), Optimizer::Sgd) => "prox-linear-sgd",
            (Some(ModelName::ProxLinear), Optimizer::Adam) => "prox-linear-adam",
            (Some(ModelName::Fgn), Optimizer::Sgd) => "fgn-sgd",
            (Some(ModelName::Fgn), Optimizer::Adam) => "fgn-adam",
        }
    }

    /// A short title for people.
    pub fn title(self) -> String {
        let optimizer = match self.optimizer {
            Optimizer::Sgd => "SGD",
            Optimizer::Adam => "Adam",
        };
        match self.model {
            None => optimizer.into(),
            Some(ModelName::Quadratic) => format!("{optimizer} on dual Gauss-Newton directions"),
            Some(ModelName::ProxLinear) => format!("{optimizer} on prox-linear directions"),
            Some(ModelName::Fgn) => format!("{optimizer} on fast Gauss-Newton directions"),
        }
    }

    /// Why it cannot work with a loss, in one sentence.
    pub fn refusal(self, loss: LossName) -> Option<String> {
        let (method, loss_name) = (self.name(), loss.name());
        match self.model {
            Some(ModelName::Quadratic) if !loss.has_curvature() => Some(format!(
                "{method} needs a loss with curvature, and {loss_name} is piecewise linear; take \
                 `--model prox-linear`, which works with every loss"
            )),
            Some(ModelName::Fgn) if !loss.has_margin() => Some(format!(
                "{method} works with `--loss softmax` only, not with {loss_name}; take `--model {}`",
                if loss.has_curvature() { "quadratic` or `--model prox-linear" } else { "prox-linear" }
            )),
            _ => None,
        }
    }

    /// By how much the problem's damping is multiplied for this method.
    ///
    /// Adam divides each coordinate by its own size, which undoes what a Gauss-Newton direction does to the relative sizes
    /// of coordinates; it gains only from directions near the gradient (decision 10).
    pub fn damping_factor(self) -> f64 {
        match self.optimizer {
            Optimizer::Sgd => 1.0,
            Optimizer::Adam => 100.0,
        }
    }

    /// The learning rates tried, four for every method.
    ///
    /// For SGD on directions the rate multiplies the direction itself: 1 is the Gauss-Newton step. (As a rate for the
    /// pseudo-gradient `-λ d` it is that divided by λ.)
    pub fn rates(self) -> [f64; 4] {
        match (self.model, self.optimizer) {
            (None, Optimizer::Sgd) => [0.03, 0.1, 0.3, 1.0],
            (Some(_), Optimizer::Sgd) => [0.1, 0.25, 0.5, 1.0],
            (_, Optimizer::Adam) => [1e-3, 3e-3, 1e-2, 3e-2],
        }
    }
}

impl ValueEnum for Method {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.title()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_that_cannot_work_with_a_loss_say_what_can() {
        let refusal = |name: &str, loss| Method::from_str(name, false).unwrap().refusal(loss);
        assert_eq!(
            refusal("dual-gn-sgd", LossName::Hinge).unwrap(),
            "dual-gn-sgd needs a loss with curvature, and hinge is piecewise linear; take `--model prox-linear`, which \
             works with every loss"
        );
        assert_eq!(
            refusal("fgn-adam", LossName::SmoothedSoftmax).unwrap(),
            "fgn-adam works with `--loss softmax` only, not with smoothed-softmax; take `--model quadratic` or \
             `--model prox-linear`"
        );
        assert_eq!(
            refusal("fgn-sgd", LossName::Absolute).unwrap(),
            "fgn-sgd works with `--loss softmax` only, not with absolute; take `--model prox-linear`"
        );
        for (name, loss) in [
            ("sgd", LossName::Hinge),
            ("prox-linear-sgd", LossName::Hinge),
            ("dual-gn-adam", LossName::SquaredHinge),
            ("fgn-sgd", LossName::Softmax),
        ] {
            assert_eq!(refusal(name, loss), None);
        }
    }

    #[test]
    fn the_default_model_works_with_every_loss() {
        for &loss in LossName::value_variants() {
            let methods = Method::compared(ModelName::default_for(loss));
            assert!(methods.into_iter().all(|method| method.refusal(loss).is_none()), "{loss:?}");
        }
    }
}
