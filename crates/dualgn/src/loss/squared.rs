//! Squared error `½ ‖f - y‖²`.

use burn::tensor::Tensor;

use super::{ConvexLoss, CurvatureFactor, DualUpdate, matching, read, sum_outputs, validate_real};
use crate::error::Error;

/// Squared error, `ℓ(f) = ½ Σ_c (f_c - y_c)²`, for regression. Targets: `[m, k]`, finite.
///
/// Gradient `f - y`, curvature `I`, conjugate `½ ‖α‖² + ⟨α, y⟩` on the whole space.
#[derive(Clone, Copy, Debug, Default)]
pub struct Squared;

impl ConvexLoss for Squared {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        validate_real(outputs, targets).map(|_| ())
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let targets = matching(targets, &outputs);
        let residual = outputs - targets;
        sum_outputs(residual.clone() * residual) * 0.5
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let targets = matching(targets, &outputs);
        outputs - targets
    }

    fn curvature(&self, _outputs: Tensor<2>, _targets: &Tensor<2>) -> Option<CurvatureFactor> {
        Some(CurvatureFactor::Identity)
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        sum_outputs(dual.clone() * 0.5 * dual.clone() + dual.clone() * matching(targets, &dual))
    }

    fn domain_violation(&self, dual: Tensor<2>, _targets: &Tensor<2>) -> Tensor<1> {
        sum_outputs(dual).zeros_like()
    }

    fn dual_update(&self, _outputs: [usize; 2], targets: &Tensor<2>) -> Result<Option<DualUpdate>, Error> {
        Ok(Some(DualUpdate::per_output(read(targets)?, |y, sigma, v| (sigma * v - y) / (1.0 + sigma))))
    }
}
