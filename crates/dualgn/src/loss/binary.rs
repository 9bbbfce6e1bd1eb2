//! [`BinaryTargets`]: targets of binary losses.

use burn::tensor::{Int, Tensor};

use super::validate_real;
use crate::error::{Error, LossError};

/// Targets of binary losses: one number per output, 0 for no and 1 for yes.
///
/// Integer tensors `[m]` and `[m, k]` and float tensors `[m, k]` convert into it.
#[derive(Clone, Debug)]
pub struct BinaryTargets(pub(super) Tensor<2>);

impl From<Tensor<1, Int>> for BinaryTargets {
    fn from(targets: Tensor<1, Int>) -> Self {
        Self(targets.float().unsqueeze_dim(1))
    }
}

impl From<Tensor<2, Int>> for BinaryTargets {
    fn from(targets: Tensor<2, Int>) -> Self {
        Self(targets.float())
    }
}

impl From<Tensor<2>> for BinaryTargets {
    fn from(targets: Tensor<2>) -> Self {
        Self(targets)
    }
}

/// Returns an error for a network with other than one output.
pub(super) fn check_one_output(found: usize) -> Result<(), LossError> {
    if found == 1 {
        return Ok(());
    }
    let expected = "one, for one yes-or-no question; for several questions wrap it, `MultiLabel(loss)`, and for two or \
                    more classes that exclude each other take the softmax cross-entropy or the multiclass hinge";
    Err(LossError::Outputs { found, expected })
}

/// Checks that there is one output per example, and that targets are 0 or 1, or between them where the loss takes
/// probabilities.
pub(super) fn validate(outputs: [usize; 2], targets: &BinaryTargets, probabilities: bool) -> Result<(), Error> {
    check_one_output(outputs[1])?;
    let values = validate_real(outputs, &targets.0)?;
    let fits = |value: f64| if probabilities { (0.0..=1.0).contains(&value) } else { value == 0.0 || value == 1.0 };
    match values.iter().position(|&value| !fits(value)) {
        Some(index) => {
            let expected = match probabilities {
                true => "0 for no, 1 for yes, or a probability between them",
                false => "0 for no or 1 for yes",
            };
            Err(LossError::Range { index, value: values[index], expected }.into())
        }
        None => Ok(()),
    }
}
