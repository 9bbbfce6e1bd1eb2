//! Gamma regression with the logarithm as link.

use burn::tensor::Tensor;

use super::{
    ConvexLoss, CurvatureFactor, DualUpdate, entropy_term, matching, max_outputs, read, root, sum_outputs,
    validate_real,
};
use crate::error::{Error, LossError};

/// Half the deviance of the gamma distribution with mean `e^f`, `ℓ(f) = Σ_c y_c e^{-f_c} + f_c - log y_c - 1`, for
/// positive targets whose spread grows with their mean, such as costs and durations. Targets: `[m, k]`, finite and
/// positive.
///
/// Gradient `1 - y e^{-f}`, curvature `y e^{-f}`, conjugate `s log s + (1 + log y) α` with `s = 1 - α ≥ 0`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gamma;

impl ConvexLoss for Gamma {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        let values = validate_real(outputs, targets)?;
        match values.iter().position(|&value| value <= 0.0) {
            Some(index) => Err(LossError::Range { index, value: values[index], expected: "positive targets" }.into()),
            None => Ok(()),
        }
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let targets = matching(targets, &outputs);
        let ratio = targets.clone() * outputs.clone().neg().exp();
        sum_outputs(ratio + (outputs - targets.log()) - 1.0)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let ratio = matching(targets, &outputs) * outputs.neg().exp();
        ratio.neg() + 1.0
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Option<CurvatureFactor> {
        let targets = matching(targets, &outputs);
        Some(CurvatureFactor::Diagonal(targets.sqrt() * (outputs * -0.5).exp()))
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let slope = matching(targets, &dual).log() + 1.0;
        sum_outputs(entropy_term(dual.clone().neg() + 1.0) + dual * slope)
    }

    fn domain_violation(&self, dual: Tensor<2>, _targets: &Tensor<2>) -> Tensor<1> {
        max_outputs((dual - 1.0).clamp_min(0.0))
    }

    /// With `s = 1 - a = e^t`: the root of `t - log y + σ (e^t + v - 1)`.
    fn dual_update(&self, _outputs: [usize; 2], targets: &Tensor<2>) -> Result<Option<DualUpdate>, Error> {
        Ok(Some(DualUpdate::per_output(read(targets)?, |y, sigma, v| {
            1.0 - root::exponential(y.ln() + sigma * (1.0 - v), sigma)
        })))
    }
}
