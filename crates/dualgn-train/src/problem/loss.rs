//! The losses by name, and which problems each of them fits.

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::prediction_rule::PredictionRule;
use super::{ProblemName, Task};

/// A loss's name on the command line.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum LossName {
    /// Half the squared error
    Squared,
    /// Absolute error
    Absolute,
    /// Huber loss: quadratic for errors up to 1, linear beyond
    Huber,
    /// Pinball loss, which is minimised by the quantile of `--quantile`; at 0.5, half the absolute error
    Quantile,
    /// Logarithm of the hyperbolic cosine of the error
    LogCosh,
    /// Negative log-likelihood of the Poisson distribution, for counts; the output is the logarithm of the rate
    Poisson,
    /// Negative log-likelihood of the gamma distribution, for positive numbers; the output is the logarithm of the mean
    Gamma,
    /// Logistic loss for yes-or-no targets; for classes, one against the rest
    Logistic,
    /// Hinge loss for yes-or-no targets; for classes, one against the rest
    Hinge,
    /// Squared hinge loss for yes-or-no targets; for classes, one against the rest
    SquaredHinge,
    /// Softmax cross-entropy for classes
    Softmax,
    /// Softmax cross-entropy for classes, with label smoothing 0.1
    SmoothedSoftmax,
    /// Multiclass hinge loss of Crammer and Singer
    MulticlassHinge,
    /// Multiclass hinge loss with rounded corners
    SmoothedMulticlassHinge,
}

/// The label smoothing of [`LossName::SmoothedSoftmax`].
pub const LABEL_SMOOTHING: f64 = 0.1;

impl LossName {
    /// Returns the name.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// How the outputs of a network trained with this loss are read for the targets of a task; `None` where the loss
    /// does not fit them. This is the table of what fits what.
    pub fn prediction_rule(self, task: Task) -> Option<PredictionRule> {
        use PredictionRule::{Above, Largest, Logarithm, Standardised};
        let (classes, yes_or_no, positive) = match self {
            // Classes become one 0-or-1 target an output.
            Self::Squared | Self::Absolute | Self::Huber | Self::Quantile | Self::LogCosh => {
                (Some(Largest), Some(Above(0.5)), Some(Standardised))
            }
            // A rate of one half is the output -ln 2.
            Self::Poisson => (Some(Largest), Some(Above(-LN_2)), Some(Logarithm)),
            Self::Gamma => (None, None, Some(Logarithm)),
            // Classes become one question an output: this class or another?
            Self::Logistic | Self::Hinge | Self::SquaredHinge => (Some(Largest), Some(Above(0.0)), None),
            Self::Softmax | Self::SmoothedSoftmax | Self::MulticlassHinge | Self::SmoothedMulticlassHinge => {
                (Some(Largest), None, None)
            }
        };
        match task {
            Task::Classes => classes,
            Task::YesOrNo => yes_or_no,
            Task::Positive => positive,
            Task::Count => positive.filter(|_| self != Self::Gamma),
            Task::Number => positive.filter(|_| !matches!(self, Self::Poisson | Self::Gamma)),
        }
    }

    /// The losses that fit a task.
    pub fn fitting(task: Task) -> impl Iterator<Item = Self> {
        Self::VARIANTS.iter().copied().filter(move |loss| loss.prediction_rule(task).is_some())
    }

    /// One sentence on why the loss does not fit a problem.
    pub fn refusal(self, problem: ProblemName) -> String {
        let fitting = ProblemName::ALL.into_iter().filter(|other| self.prediction_rule(other.task()).is_some());
        format!(
            "the loss {} needs {} as targets, and those of {} are {}; it fits {}",
            self.name(),
            self.needs(),
            problem.name(),
            problem.task().targets(),
            fitting.map(ProblemName::name).collect::<Vec<_>>().join(", "),
        )
    }

    /// One sentence on why the loss does not fit a column of a table.
    pub fn refusal_of_column(self, column: &str, task: Task) -> String {
        let fitting: Vec<&str> = Self::fitting(task).map(Self::name).collect();
        format!(
            "the loss {} needs {} as targets, and those of the column `{column}` are {}; losses that fit: {}",
            self.name(),
            self.needs(),
            task.targets(),
            fitting.join(", "),
        )
    }

    /// What the targets must be, where not everything will do.
    fn needs(self) -> &'static str {
        match self {
            Self::Gamma => "positive numbers",
            Self::Logistic | Self::Hinge | Self::SquaredHinge => "yes-or-no answers or classes",
            Self::Softmax | Self::SmoothedSoftmax | Self::MulticlassHinge | Self::SmoothedMulticlassHinge => {
                "several classes"
            }
            Self::Poisson => "counts or positive numbers",
            Self::Squared | Self::Absolute | Self::Huber | Self::Quantile | Self::LogCosh => "numbers",
        }
    }

    /// Whether it has a second derivative anywhere: the others are piecewise linear, and have no quadratic model.
    pub fn has_curvature(self) -> bool {
        !matches!(self, Self::Absolute | Self::Quantile | Self::Hinge | Self::MulticlassHinge)
    }

    /// Whether it has the margin that fast Gauss-Newton is made of.
    pub fn has_margin(self) -> bool {
        self == Self::Softmax
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_fits_a_problem_and_every_default_fits_its_own() {
        for loss in LossName::VARIANTS {
            assert!(ProblemName::ALL.iter().any(|problem| loss.prediction_rule(problem.task()).is_some()), "{loss:?}");
        }
        for problem in ProblemName::ALL {
            assert!(problem.defaults().loss.prediction_rule(problem.task()).is_some(), "{problem:?}");
        }
        let counts = [Task::Classes, Task::YesOrNo, Task::Positive].map(|task| LossName::fitting(task).count());
        assert_eq!(counts, [13, 9, 7]);
    }

    #[test]
    fn a_refusal_names_the_problems_that_fit() {
        assert_eq!(
            LossName::Gamma.refusal(ProblemName::Digits),
            "the loss gamma needs positive numbers as targets, and those of digits are classes; it fits diabetes, \
             bikeshare, concrete"
        );
        assert_eq!(
            LossName::Softmax.refusal(ProblemName::BreastCancer),
            "the loss softmax needs several classes as targets, and those of breast-cancer are yes-or-no \
             answers; it fits digits, mnist"
        );
    }
}
