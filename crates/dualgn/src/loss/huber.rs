//! Huber's loss: squared near the target, absolute far from it.

use burn::tensor::Tensor;

use super::{
    ConvexLoss, CurvatureFactor, DualUpdate, matching, max_outputs, outside, read, sum_outputs, validate_parameter,
    validate_real,
};
use crate::error::Error;

/// Huber's loss, `ℓ(f) = Σ_c ½ r_c²` where `|r_c| ≤ δ`, and `δ |r_c| - ½ δ²` beyond, with `r = f - y`: regression in
/// which the influence of outliers is bounded. Targets: `[m, k]`, finite.
///
/// Gradient `r` clipped to `[-δ, δ]`, curvature `1{|r| ≤ δ}`, conjugate `½ ‖α‖² + ⟨α, y⟩` for `α` in `[-δ, δ]`. (Huber,
/// "Robust estimation of a location parameter", 1964.)
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Huber {
    /// The residual `δ` at which the loss changes from squared to linear; positive.
    pub delta: f64,
}

impl Default for Huber {
    fn default() -> Self {
        Self { delta: 1.0 }
    }
}

impl ConvexLoss for Huber {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        let fits = self.delta > 0.0 && self.delta.is_finite();
        validate_parameter("Huber delta", self.delta, fits, "positive and finite")?;
        validate_real(outputs, targets).map(|_| ())
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let targets = matching(targets, &outputs);
        let residual = outputs - targets;
        // With c the clipped residual both branches are c (r - c / 2), in which nothing cancels.
        let clipped = residual.clone().clamp(-self.delta, self.delta);
        sum_outputs(clipped.clone() * (residual - clipped * 0.5))
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let targets = matching(targets, &outputs);
        (outputs - targets).clamp(-self.delta, self.delta)
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Option<CurvatureFactor> {
        let targets = matching(targets, &outputs);
        let residual = outputs - targets;
        let far = residual.clone().abs().greater_elem(self.delta);
        Some(CurvatureFactor::Diagonal(residual.ones_like().mask_fill(far, 0.0)))
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let targets = matching(targets, &dual);
        sum_outputs(dual.clone() * (dual * 0.5 + targets))
    }

    fn domain_violation(&self, dual: Tensor<2>, _targets: &Tensor<2>) -> Tensor<1> {
        max_outputs(outside(dual, -self.delta, self.delta))
    }

    fn dual_update(&self, _outputs: [usize; 2], targets: &Tensor<2>) -> Result<Option<DualUpdate>, Error> {
        let delta = self.delta;
        Ok(Some(DualUpdate::per_output(read(targets)?, move |y, sigma, v| {
            ((sigma * v - y) / (1.0 + sigma)).clamp(-delta, delta)
        })))
    }
}
