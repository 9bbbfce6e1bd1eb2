//! The pinball loss of quantile regression.

use burn::tensor::Tensor;

use super::{
    ConvexLoss, CurvatureFactor, DualUpdate, matching, max_outputs, outside, read, sum_outputs, validate_parameter,
    validate_real,
};
use crate::error::Error;

/// The pinball loss, `ℓ(f) = Σ_c max(-τ r_c, (1 - τ) r_c)` with `r = f - y`. Its minimiser over a distribution of `y`
/// is the quantile of level `τ`: at 0.9, nine tenths of the targets are below the outputs. Targets: `[m, k]`, finite.
///
/// A subgradient is `-τ` below the target and `1 - τ` above. There is no curvature, so use the prox-linear model.
/// Conjugate `⟨α, y⟩` for `α` in `[-τ, 1 - τ]`. (Koenker and Bassett, "Regression quantiles", 1978.)
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Quantile {
    /// The level `τ` of the quantile, between 0 and 1.
    pub level: f64,
}

impl ConvexLoss for Quantile {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        let fits = self.level > 0.0 && self.level < 1.0;
        validate_parameter("quantile level", self.level, fits, "above 0 and below 1")?;
        validate_real(outputs, targets).map(|_| ())
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let targets = matching(targets, &outputs);
        let residual = outputs - targets;
        sum_outputs((residual.clone() * -self.level).max_pair(residual * (1.0 - self.level)))
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let targets = matching(targets, &outputs);
        let below = outputs.clone().lower(targets);
        outputs.full_like(1.0 - self.level).mask_fill(below, -self.level)
    }

    fn curvature(&self, _outputs: Tensor<2>, _targets: &Tensor<2>) -> Option<CurvatureFactor> {
        None
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let targets = matching(targets, &dual);
        sum_outputs(dual * targets)
    }

    fn domain_violation(&self, dual: Tensor<2>, _targets: &Tensor<2>) -> Tensor<1> {
        max_outputs(outside(dual, -self.level, 1.0 - self.level))
    }

    fn dual_update(&self, _outputs: [usize; 2], targets: &Tensor<2>) -> Result<Option<DualUpdate>, Error> {
        let level = self.level;
        Ok(Some(DualUpdate::per_output(read(targets)?, move |y, sigma, v| (v - y / sigma).clamp(-level, 1.0 - level))))
    }
}
