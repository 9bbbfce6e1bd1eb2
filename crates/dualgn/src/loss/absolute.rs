//! Absolute error `|f - y|`.

use burn::tensor::Tensor;

use super::{
    ConvexLoss, CurvatureFactor, DualUpdate, matching, max_outputs, outside, read, sum_outputs, validate_real,
};
use crate::error::Error;

/// Absolute error, `ℓ(f) = Σ_c |f_c - y_c|`: regression to the median, which is robust to outliers. Targets: `[m, k]`,
/// finite.
///
/// A subgradient is `sign(f - y)`. There is no curvature, so use the prox-linear model. Conjugate `⟨α, y⟩` for `α` in
/// `[-1, 1]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Absolute;

impl ConvexLoss for Absolute {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        validate_real(outputs, targets).map(|_| ())
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let targets = matching(targets, &outputs);
        sum_outputs((outputs - targets).abs())
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let targets = matching(targets, &outputs);
        (outputs - targets).sign()
    }

    fn curvature(&self, _outputs: Tensor<2>, _targets: &Tensor<2>) -> Option<CurvatureFactor> {
        None
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let targets = matching(targets, &dual);
        sum_outputs(dual * targets)
    }

    fn domain_violation(&self, dual: Tensor<2>, _targets: &Tensor<2>) -> Tensor<1> {
        max_outputs(outside(dual, -1.0, 1.0))
    }

    fn dual_update(&self, _outputs: [usize; 2], targets: &Tensor<2>) -> Result<Option<DualUpdate>, Error> {
        Ok(Some(DualUpdate::per_output(read(targets)?, |y, sigma, v| (v - y / sigma).clamp(-1.0, 1.0))))
    }
}
