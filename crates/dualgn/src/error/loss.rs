//! [`LossError`]: what does not fit a loss.

use thiserror::Error;

/// An error of a loss: its parameters, the number of outputs, or the targets do not fit.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LossError {
    /// The shape of the targets does not fit that of the outputs.
    #[error("targets have shape {found:?}, but outputs of shape {outputs:?} need {expected}")]
    Shape {
        /// Shape of the outputs `[m, k]`.
        outputs: Vec<usize>,
        /// Shape of the targets.
        found: Vec<usize>,
        /// The shape that is needed, in words.
        expected: String,
    },
    /// A class index is negative, or not less than the number of outputs.
    #[error("target {index} is class {class}, but the network has {classes} outputs (classes 0 to {})", classes - 1)]
    ClassRange {
        /// Index of the example.
        index: usize,
        /// The class of the target.
        class: i64,
        /// Number of outputs.
        classes: usize,
    },
    /// A target is NaN or infinite.
    #[error("target {index} is {value}; targets must be finite numbers")]
    NotFinite {
        /// Position in the flattened targets.
        index: usize,
        /// Value of the target.
        value: f64,
    },
    /// A target is outside the range for which the loss is defined.
    #[error("target {index} is {value}, but this loss needs {expected}")]
    Range {
        /// Position in the flattened targets.
        index: usize,
        /// Value of the target, or of the sum or weight that `expected` describes.
        value: f64,
        /// The values that are allowed, in words.
        expected: &'static str,
    },
    /// A parameter of the loss itself is invalid.
    #[error("the {name} of the loss is {value}, but it must be {expected}")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Value of the parameter.
        value: f64,
        /// The values that are allowed, in words.
        expected: &'static str,
    },
    /// The loss cannot take this number of outputs per example.
    #[error("the network has {found} outputs per example, but this loss needs {expected}")]
    Outputs {
        /// Outputs per example of the network.
        found: usize,
        /// The numbers of outputs that the loss can take, in words.
        expected: &'static str,
    },
}
