//! [`DualUpdate`]: the exact minimiser over the dual variables of one example.

use std::fmt;

/// The exact update of the dual variables of one example with those of the other examples fixed. It maps `v`, `k`
/// numbers, and `σ > 0` to
///
/// ```text
/// argmin_a  ℓ_i*(a) + (σ/2) ‖a - v‖²
/// ```
///
/// the proximal point of the conjugate, which is in its domain. (The step of dual coordinate ascent of Shalev-Shwartz
/// and Zhang, "Stochastic Dual Coordinate Ascent Methods for Regularized Loss Minimization", 2013.) It works on the
/// host in double precision, since a pass over the examples calls it for one example after another.
pub struct DualUpdate(Box<Update>);

type Update = dyn Fn(usize, f64, &mut [f64]) + Send + Sync;

impl fmt::Debug for DualUpdate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DualUpdate").finish_non_exhaustive()
    }
}

impl DualUpdate {
    /// Creates an update from a function that takes the index of the example, `σ`, and `v`, and overwrites `v` with the
    /// minimiser.
    pub fn new(update: impl Fn(usize, f64, &mut [f64]) + Send + Sync + 'static) -> Self {
        Self(Box::new(update))
    }

    /// Creates the update of a loss that is a sum over the outputs of scalar losses with real targets, `[m, k]`
    /// row-major. `update` maps the target, `σ` and `v` of one output to the minimiser.
    pub fn per_output(targets: Vec<f64>, update: impl Fn(f64, f64, f64) -> f64 + Send + Sync + 'static) -> Self {
        Self::new(move |example, sigma, point| {
            let targets = &targets[example * point.len()..(example + 1) * point.len()];
            for (value, target) in point.iter_mut().zip(targets) {
                *value = update(*target, sigma, *value);
            }
        })
    }

    /// Overwrites `v`, given as `point`, with the minimiser for one example.
    pub fn apply(&self, example: usize, sigma: f64, point: &mut [f64]) {
        (self.0)(example, sigma, point);
    }

    /// The minimiser for the loss times `scale`, `(s ℓ)*(a) = s ℓ*(a / s)`: with `a = s b` it is that of the loss
    /// itself at `v / s` with `s σ`. A loss of scale zero has zero for its domain.
    pub(super) fn apply_scaled(&self, example: usize, scale: f64, sigma: f64, point: &mut [f64]) {
        if scale == 0.0 {
            return point.fill(0.0);
        }
        point.iter_mut().for_each(|value| *value /= scale);
        self.apply(example, sigma * scale, point);
        point.iter_mut().for_each(|value| *value *= scale);
    }
}
