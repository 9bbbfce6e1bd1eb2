//! Binary logistic loss of a logit.

use burn::tensor::{Tensor, activation};

use super::binary::{self, BinaryTargets, check_one_output};
use super::{ConvexLoss, CurvatureFactor, DualUpdate, entropy_term, matching, max_outputs, outside, root, sum_outputs};
use crate::error::{Error, LossError};

/// The logistic loss, `ℓ(f) = log(1 + e^f) - y f`, for one binary label with the logit `f`. For several labels, use
/// `MultiLabel(Logistic)`.
///
/// Targets: 0 or 1, or a probability between them. Gradient `σ(f) - y`, curvature `σ(f) (1 - σ(f))`, conjugate
/// `s log s + (1 - s) log(1 - s)` with `s = α + y` in `[0, 1]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logistic;

impl ConvexLoss for Logistic {
    type Target = BinaryTargets;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        check_one_output(outputs)
    }

    fn validate(&self, outputs: [usize; 2], targets: &BinaryTargets) -> Result<(), Error> {
        binary::validate(outputs, targets, true)
    }

    fn value(&self, outputs: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        // -log σ(-f) is log(1 + e^f), computed without overflow.
        let softplus = activation::log_sigmoid(outputs.clone().neg()).neg();
        sum_outputs(softplus - matching(&targets.0, &outputs) * outputs)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &BinaryTargets) -> Tensor<2> {
        let targets = matching(&targets.0, &outputs);
        activation::sigmoid(outputs) - targets
    }

    fn curvature(&self, outputs: Tensor<2>, _targets: &BinaryTargets) -> Option<CurvatureFactor> {
        // σ(f) σ(-f) keeps its relative accuracy where 1 - σ(f) would cancel.
        let product = activation::sigmoid(outputs.clone()) * activation::sigmoid(outputs.neg());
        Some(CurvatureFactor::Diagonal(product.sqrt()))
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let yes = dual.clone() + matching(&targets.0, &dual);
        let no = yes.clone().neg() + 1.0;
        sum_outputs(entropy_term(yes) + entropy_term(no))
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let yes = dual.clone() + matching(&targets.0, &dual);
        max_outputs(outside(yes, 0.0, 1.0))
    }

    /// With `s = σ(t)`: the root of `t + σ (s - v - y)`, where `t` is the logit of `s`.
    fn dual_update(&self, _outputs: [usize; 2], targets: &BinaryTargets) -> Result<Option<DualUpdate>, Error> {
        Ok(Some(DualUpdate::per_output(super::read(&targets.0)?, |y, sigma, v| {
            let point = v + y;
            let at = |t: f64| {
                let s = 1.0 / (1.0 + (-t).exp());
                (t + sigma * (s - point), 1.0 + sigma * s * (1.0 - s))
            };
            let t = root::bracketed(sigma * (point - 1.0), sigma * point, at);
            1.0 / (1.0 + (-t).exp()) - y
        })))
    }
}
