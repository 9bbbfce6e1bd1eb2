//! The hinge of support vector machines.

use burn::tensor::Tensor;

use super::binary::{self, BinaryTargets, check_one_output};
use super::{ConvexLoss, CurvatureFactor, DualUpdate, matching, max_outputs, outside, read, sum_outputs};
use crate::error::{Error, LossError};

/// The hinge, `ℓ(f) = max(0, 1 - s f)` with `s = 2y - 1`, for one binary label: zero once the output has the right sign
/// and a magnitude of at least one. For several labels, use `MultiLabel(Hinge)`. Targets: 0 or 1.
///
/// A subgradient is `-s 1{s f < 1}`. There is no curvature, so use the prox-linear model. Conjugate `s α` for `-s α` in
/// `[0, 1]`. (Cortes and Vapnik, "Support-vector networks", 1995.)
#[derive(Clone, Copy, Debug, Default)]
pub struct Hinge;

/// `s = 2y - 1`, 1 for yes and -1 for no, in the type and on the device of the outputs.
pub(super) fn signs(targets: &BinaryTargets, outputs: &Tensor<2>) -> Tensor<2> {
    matching(&targets.0, outputs) * 2.0 - 1.0
}

/// `s` on the host.
pub(super) fn read_signs(targets: &BinaryTargets) -> Result<Vec<f64>, Error> {
    Ok(read(&targets.0)?.into_iter().map(|y| 2.0 * y - 1.0).collect())
}

impl ConvexLoss for Hinge {
    type Target = BinaryTargets;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        check_one_output(outputs)
    }

    fn validate(&self, outputs: [usize; 2], targets: &BinaryTargets) -> Result<(), Error> {
        binary::validate(outputs, targets, false)
    }

    fn value(&self, outputs: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let signs = signs(targets, &outputs);
        sum_outputs(((signs * outputs).neg() + 1.0).clamp_min(0.0))
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &BinaryTargets) -> Tensor<2> {
        let signs = signs(targets, &outputs);
        let right = (signs.clone() * outputs).greater_equal_elem(1.0);
        signs.neg().mask_fill(right, 0.0)
    }

    fn curvature(&self, _outputs: Tensor<2>, _targets: &BinaryTargets) -> Option<CurvatureFactor> {
        None
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let signs = signs(targets, &dual);
        sum_outputs(dual * signs)
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let signs = signs(targets, &dual);
        max_outputs(outside((dual * signs).neg(), 0.0, 1.0))
    }

    fn dual_update(&self, _outputs: [usize; 2], targets: &BinaryTargets) -> Result<Option<DualUpdate>, Error> {
        Ok(Some(DualUpdate::per_output(read_signs(targets)?, |sign, sigma, v| {
            -sign * (1.0 / sigma - sign * v).clamp(0.0, 1.0)
        })))
    }
}
