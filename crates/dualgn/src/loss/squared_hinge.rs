//! The squared hinge.

use burn::tensor::Tensor;

use super::binary::{self, BinaryTargets, check_one_output};
use super::hinge::{read_signs, signs};
use super::{ConvexLoss, CurvatureFactor, DualUpdate, max_outputs, sum_outputs};
use crate::error::{Error, LossError};

/// The squared hinge, `ℓ(f) = ½ max(0, 1 - s f)²` with `s = 2y - 1`, for one binary label: a hinge with a continuous
/// gradient. For several labels, use `MultiLabel(SquaredHinge)`. Targets: 0 or 1.
///
/// Gradient `-s max(0, 1 - s f)`, curvature `1{s f < 1}`, conjugate `s α + ½ α²` for `-s α ≥ 0`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SquaredHinge;

impl ConvexLoss for SquaredHinge {
    type Target = BinaryTargets;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        check_one_output(outputs)
    }

    fn validate(&self, outputs: [usize; 2], targets: &BinaryTargets) -> Result<(), Error> {
        binary::validate(outputs, targets, false)
    }

    fn value(&self, outputs: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let missing = missing(outputs, targets);
        sum_outputs(missing.clone() * missing) * 0.5
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &BinaryTargets) -> Tensor<2> {
        let signs = signs(targets, &outputs);
        (missing(outputs, targets) * signs).neg()
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &BinaryTargets) -> Option<CurvatureFactor> {
        let right = missing(outputs.clone(), targets).lower_equal_elem(0.0);
        Some(CurvatureFactor::Diagonal(outputs.ones_like().mask_fill(right, 0.0)))
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let signs = signs(targets, &dual);
        sum_outputs(dual.clone() * (dual * 0.5 + signs))
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let signs = signs(targets, &dual);
        max_outputs((dual * signs).clamp_min(0.0))
    }

    fn dual_update(&self, _outputs: [usize; 2], targets: &BinaryTargets) -> Result<Option<DualUpdate>, Error> {
        Ok(Some(DualUpdate::per_output(read_signs(targets)?, |sign, sigma, v| {
            -sign * ((1.0 - sigma * sign * v) / (1.0 + sigma)).max(0.0)
        })))
    }
}

/// `max(0, 1 - s f)`, the amount by which an output violates the margin.
fn missing(outputs: Tensor<2>, targets: &BinaryTargets) -> Tensor<2> {
    let signs = signs(targets, &outputs);
    ((signs * outputs).neg() + 1.0).clamp_min(0.0)
}
