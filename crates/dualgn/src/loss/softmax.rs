//! Softmax cross-entropy, with classes, smoothed classes or probabilities as targets.

use burn::tensor::{Tensor, activation};

use super::classes::{self, ClassTargets, add_at, add_targets, pick};
use super::{ConvexLoss, CurvatureFactor, DualUpdate, Margin, entropy_term, matching, max_outputs, root, sum_outputs};
use crate::error::{Error, LossError};

/// Softmax cross-entropy, `ℓ(f) = log Σ_c e^{f_c} - ⟨y, f⟩`, for one class out of `k`.
///
/// Gradient `q - y` with `q` the softmax of `f`; curvature `diag(q) - q qᵀ`, factored as `diag(√q) - q √qᵀ`; conjugate
/// `Σ π log π` with `π = α + y` in the simplex, so each `α_i` sums to zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct SoftmaxCrossEntropy;

impl ConvexLoss for SoftmaxCrossEntropy {
    type Target = ClassTargets;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        classes::check_outputs(outputs)
    }

    fn validate(&self, outputs: [usize; 2], targets: &ClassTargets) -> Result<(), Error> {
        self.check_outputs(outputs[1])?;
        classes::validate(outputs, targets)
    }

    fn value(&self, outputs: Tensor<2>, targets: &ClassTargets) -> Tensor<1> {
        // log Σ e^f = f_c - log q_c for any c, so the loss is -⟨y, log q⟩ when y sums to one.
        let log = activation::log_softmax(outputs, 1);
        match targets {
            ClassTargets::Classes(classes) => pick(log, classes).squeeze_dim::<1>(1).neg(),
            ClassTargets::Probabilities(probabilities) => {
                let probabilities = matching(probabilities, &log);
                sum_outputs(log * probabilities).neg()
            }
            ClassTargets::Smoothed { classes, smoothing } => {
                let right = pick(log.clone(), classes) * (1.0 - smoothing);
                (right + log.mean_dim(1) * *smoothing).squeeze_dim::<1>(1).neg()
            }
        }
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &ClassTargets) -> Tensor<2> {
        add_targets(activation::softmax(outputs, 1), targets, -1.0)
    }

    fn curvature(&self, outputs: Tensor<2>, _targets: &ClassTargets) -> Option<CurvatureFactor> {
        let probabilities = activation::softmax(outputs, 1);
        Some(CurvatureFactor::Softmax { root: probabilities.clone().sqrt(), probabilities })
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &ClassTargets) -> Tensor<1> {
        sum_outputs(entropy_term(add_targets(dual, targets, 1.0)))
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &ClassTargets) -> Tensor<1> {
        outside_simplex(add_targets(dual, targets, 1.0))
    }

    fn is_shift_invariant(&self) -> bool {
        true
    }

    /// With `π = a + y` and a multiplier `ν` for its sum: `log π_c + σ π_c = σ (v_c + y_c) + ν`.
    fn dual_update(&self, outputs: [usize; 2], targets: &ClassTargets) -> Result<Option<DualUpdate>, Error> {
        let points = classes::read_points(outputs, targets)?;
        Ok(Some(DualUpdate::new(move |example, sigma, point| {
            let k = point.len();
            let y = &points[example * k..(example + 1) * k];
            for (v, y) in point.iter_mut().zip(y) {
                *v = sigma * (*v + y);
            }
            let largest = point.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let excess = |nu: f64| {
                let (mut sum, mut slope) = (-1.0, 0.0);
                for v in point.iter() {
                    let pi = root::exponential(v + nu, sigma);
                    sum += pi;
                    slope += pi / (1.0 + sigma * pi);
                }
                (sum, slope)
            };
            // With the largest entry 1/k the sum is at most one; with it 1, at least one.
            let (low, high) = (sigma / k as f64 - (k as f64).ln() - largest, sigma - largest);
            let nu = root::bracketed(low, high, excess);
            let mut sum = 0.0;
            for v in point.iter_mut() {
                *v = root::exponential(*v + nu, sigma);
                sum += *v;
            }
            for (pi, y) in point.iter_mut().zip(y) {
                *pi = *pi / sum - y;
            }
        })))
    }

    /// The margin `z = f_y - log Σ_{c≠y} e^{f_c}`, of which the loss is `log(1 + e^{-z})`. With `p = q_y` and `q̃` the
    /// softmax of the other classes, `V = e_y - q̃`, gradient `-(1 - p)`, curvature `p (1 - p)`. (Korbit and Zanon,
    /// arXiv 2605.06081.)
    fn margin(&self, outputs: Tensor<2>, targets: &ClassTargets) -> Option<Margin> {
        let ClassTargets::Classes(classes) = targets else { return None };
        let [m, k] = outputs.dims();
        // Masked by a number so low that the right class does not count among the others, and that nothing overflows in
        // f32.
        let right = add_at(outputs.zeros_like(), classes, 1.0);
        let others = outputs.clone().mask_fill(right.clone().greater_elem(0.5), -1e30);
        let largest = others.clone().max_dim(1);
        let rest = (others.clone() - largest.clone()).exp().sum_dim(1).log() + largest;
        let margin = pick(outputs, classes) - rest;
        let (yes, no) = (activation::sigmoid(margin.clone()), activation::sigmoid(margin.neg()));
        let map = right - activation::softmax(others, 1);
        Some(Margin {
            map: CurvatureFactor::Dense(map.reshape([m, k, 1])),
            gradient: no.clone().neg(),
            curvature: CurvatureFactor::Diagonal((yes * no).sqrt()),
        })
    }
}

/// The largest violation of `π ≥ 0` and `Σ π = 1`, `[m]`.
pub(super) fn outside_simplex(point: Tensor<2>) -> Tensor<1> {
    let negative = point.clone().neg().clamp_min(0.0).max_dim(1);
    let sum = (point.sum_dim(1) - 1.0).abs();
    max_outputs(Tensor::cat(vec![negative, sum], 1))
}
