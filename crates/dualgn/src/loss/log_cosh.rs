//! `log cosh(f - y)`: a smooth absolute error.

use burn::tensor::Tensor;

use super::{
    ConvexLoss, CurvatureFactor, DualUpdate, entropy_term, matching, max_outputs, outside, read, root, sum_outputs,
    validate_real,
};
use crate::error::Error;

/// The loss `ℓ(f) = Σ_c log cosh(f_c - y_c)`, for regression: squared near the target, absolute far from it, and smooth
/// in between. Targets: `[m, k]`, finite.
///
/// With `r = f - y`: gradient `tanh r`, curvature `1 / cosh² r`, conjugate
/// `⟨α, y⟩ + ½ Σ_c (1 + α_c) log(1 + α_c) + (1 - α_c) log(1 - α_c)` for `α` in `[-1, 1]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogCosh;

impl ConvexLoss for LogCosh {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        validate_real(outputs, targets).map(|_| ())
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let targets = matching(targets, &outputs);
        let size = (outputs - targets).abs();
        // The first form does not overflow; near zero, where its terms cancel, ½ log(1 + sinh² r) keeps the digits.
        let far = size.clone() + (size.clone() * -2.0).exp().log1p() - std::f64::consts::LN_2;
        let sinh = size.clone().clamp_max(1.0).sinh();
        let near = (sinh.clone() * sinh).log1p() * 0.5;
        sum_outputs(far.mask_where(size.lower_elem(1.0), near))
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let targets = matching(targets, &outputs);
        (outputs - targets).tanh()
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Option<CurvatureFactor> {
        let targets = matching(targets, &outputs);
        // 1 / cosh r without the overflow of cosh.
        let decay = (outputs - targets).abs().neg().exp();
        Some(CurvatureFactor::Diagonal(decay.clone() * 2.0 / (decay.clone() * decay + 1.0)))
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let targets = matching(targets, &dual);
        let above = entropy_term(dual.clone() + 1.0);
        let below = entropy_term(dual.clone().neg() + 1.0);
        sum_outputs(dual * targets + (above + below) * 0.5)
    }

    fn domain_violation(&self, dual: Tensor<2>, _targets: &Tensor<2>) -> Tensor<1> {
        max_outputs(outside(dual, -1.0, 1.0))
    }

    /// `tanh t` with the root of `t + y + σ (tanh t - v)`.
    fn dual_update(&self, _outputs: [usize; 2], targets: &Tensor<2>) -> Result<Option<DualUpdate>, Error> {
        Ok(Some(DualUpdate::per_output(read(targets)?, |y, sigma, v| {
            let at = |t: f64| {
                let tanh = t.tanh();
                (t + y + sigma * (tanh - v), 1.0 + sigma * (1.0 - tanh * tanh))
            };
            root::bracketed(sigma * (v - 1.0) - y, sigma * (v + 1.0) - y, at).tanh()
        })))
    }
}
