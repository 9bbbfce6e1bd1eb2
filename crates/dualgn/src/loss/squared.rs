//! Squared error `½ ‖f - y‖²`.

use burn::tensor::Tensor;

use super::{ConvexLoss, CurvatureFactor, matching, validate_real};
use crate::error::Error;

/// `ℓ(f) = ½ Σ_c (f_c - y_c)²`, for regression. Targets: `[m, k]`, finite.
///
/// Gradient `f - y`, curvature `I`, conjugate `½ ‖α‖² + ⟨α, y⟩` on all of space.
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
        (residual.clone() * residual).sum_dim(1).squeeze_dim::<1>(1) * 0.5
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let targets = matching(targets, &outputs);
        outputs - targets
    }

    fn curvature(&self, _outputs: Tensor<2>, _targets: &Tensor<2>) -> CurvatureFactor {
        CurvatureFactor::Identity
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        (dual.clone() * 0.5 * dual.clone() + dual.clone() * matching(targets, &dual)).sum_dim(1).squeeze_dim(1)
    }

    fn domain_violation(&self, dual: Tensor<2>, _targets: &Tensor<2>) -> Tensor<1> {
        dual.sum_dim(1).squeeze_dim::<1>(1).zeros_like()
    }
}
