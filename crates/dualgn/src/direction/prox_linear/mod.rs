//! The prox-linear model: the loss itself along the linearised network.
//!
//! ```text
//! min_d  P(d) = (1/m) Σ_i ℓ_i(f_i + J_i d) + (λ/2) ‖d‖²
//! max_α  D(α) = -(1/m) Σ_i [ ℓ_i*(α_i) - ⟨α_i, f_i⟩ ] - αᵀKα / (2λm²)        d(α) = -Jᵀα/(λm)
//! ```
//!
//! (Roulet and Blondel, arXiv 2308.08886; derivations in `docs/mathematics.md`.) Everything here is on the host in
//! double precision, on vectors as long as the batch has outputs; only the products with `K` may touch the network.
//!
//! **Every result descends.** With `u = Jd` and any subgradient `g_i` at `f_i`, convexity gives `ℓ_i(f_i + u_i) ≥
//! ℓ_i(f_i) + ⟨g_i, u_i⟩`, and the mean of it `⟨∇L, d⟩ ≤ P(d) - P(0) - (λ/2) ‖d‖²`. So a point with `P(d) < P(0)` has a
//! negative slope. Newton's method starts at `d = 0` and only ever decreases `P`. Dual ascent decreases the gap but `P`
//! by no rule, and its last point may be too long or too short: it is rescaled by the exact minimiser of `P` along it,
//! which decreases `P` wherever `d` points down; where it does not, the solver goes on, and if the budget ends first
//! that is an error.

mod ascent;
mod gradient_ascent;
mod newton;

use burn::tensor::Tensor;

use super::kernel::{Kernel, on_host};
use super::measures::{Measures, dot, read};
use super::route::How;
use crate::error::{DeviceError, DirectionError, Error};
use crate::loss::ConvexLoss;

/// The factor by which a solver may exceed its budget while `P` has not fallen below `P(0)`.
const PATIENCE: usize = 10;

/// The subproblem at one point.
pub(super) struct ProxLinear<'a, L: ConvexLoss> {
    pub loss: &'a L,
    pub targets: &'a L::Target,
    /// `f`, `[m, k]`, on the host in f64.
    pub outputs: Tensor<2>,
    pub damping: f64,
    /// Relative duality gap to reach.
    pub tolerance: f64,
    /// Largest number of Newton steps, passes or gradient steps.
    pub iterations: usize,
    /// The route and method of conjugate gradient within a Newton step, where the matrix is not assembled.
    pub inner: How,
}

/// A primal point by its dual coefficients: `d = -Jᵀα/(λm)`.
#[derive(Clone)]
struct Point {
    /// `α`, `[m, k]`.
    alpha: Tensor<2>,
    /// `K α`, `[m, k]`.
    kernel_alpha: Tensor<2>,
    /// `P(d)`.
    value: f64,
}

/// The result of a solver.
pub(super) struct Solution {
    /// `α` with `d = -Jᵀα/(λm)`, `[m, k]`.
    pub alpha: Tensor<2>,
    /// The solver's last `α`; equal to `alpha` unless that was rescaled.
    pub unscaled: Tensor<2>,
    pub measures: Measures,
    pub iterations: usize,
    /// Whether the given start was used.
    pub warm: bool,
    /// `J d`, `[m, k]`.
    pub change: Tensor<2>,
}

/// The point at which a solver stopped.
struct Stop {
    point: Point,
    /// The best dual value found.
    dual_value: f64,
    iterations: usize,
}

impl<L: ConvexLoss> ProxLinear<'_, L> {
    /// Solves until the relative gap is reached or the budget spent. `start` is an `α` to start from, used if it is
    /// better than none.
    pub(super) fn solve(&self, kernel: &Kernel, start: Option<Tensor<2>>) -> Result<Solution, Error> {
        let outputs = self.outputs.clone();
        let gradient = on_host(self.loss.gradient(outputs.clone(), self.targets));
        let initial_value = self.mean(self.loss.value(outputs.clone(), self.targets))?;
        let update = match self.loss.curvature(outputs.clone(), self.targets) {
            Some(_) => None,
            None => Some(self.loss.dual_update(outputs.dims(), self.targets)?.ok_or(DirectionError::NoDualUpdate)?),
        };
        // A start is as good as the decrease of P along it; one that does not decrease P is replaced by a cold start.
        let start = match start {
            Some(alpha) => {
                let kernel_alpha = kernel.product(alpha.clone())?;
                let feasible = update.is_none() || self.is_feasible(&alpha)?;
                let point = self.point(alpha, kernel_alpha)?;
                (feasible && point.value < initial_value).then_some(point)
            }
            None => None,
        };
        let warm = start.is_some();
        let stop = match (&update, kernel) {
            (None, _) => self.newton(kernel, initial_value, start)?,
            (Some(update), Kernel::Matrix(matrix)) => self.ascend(matrix, update, initial_value, &gradient, start)?,
            (Some(update), _) => self.ascend_gradient(kernel, update, initial_value, &gradient, start)?,
        };
        let Stop { mut point, dual_value, iterations } = stop;
        let unscaled = point.alpha.clone();
        let converged = |value: f64| self.is_converged(value, dual_value, initial_value);
        if !converged(point.value) {
            if iterations == 0 && !warm {
                point = self.point(gradient.clone(), kernel.product(gradient.clone())?)?;
            }
            point = self.rescale(point)?;
        }
        let rounding = 8.0 * f64::EPSILON * initial_value.abs().max(dual_value.abs());
        if point.value >= initial_value && initial_value - dual_value > rounding && !converged(point.value) {
            return Err(DirectionError::NoDecrease { iterations }.into());
        }
        let measures = self.measure(&point, &gradient, initial_value, dual_value)?;
        let change = self.change(&point.kernel_alpha);
        Ok(Solution { alpha: point.alpha, unscaled, measures, iterations, warm, change })
    }

    /// Whether the gap between a primal and a dual value is within the tolerance.
    fn is_converged(&self, value: f64, dual_value: f64, initial_value: f64) -> bool {
        value - dual_value <= self.tolerance * (initial_value - dual_value)
    }

    /// Whether a solver that has not reached its gap should stop: its budget is spent and `P` is below `P(0)`, or
    /// [`PATIENCE`] times the budget is spent.
    fn is_spent(&self, iterations: usize, value: f64, initial_value: f64) -> bool {
        iterations >= self.iterations && (value < initial_value || iterations >= PATIENCE * self.iterations)
    }

    fn examples(&self) -> f64 {
        self.outputs.dims()[0] as f64
    }

    /// `u = J d` from `K α`.
    fn change(&self, kernel_alpha: &Tensor<2>) -> Tensor<2> {
        kernel_alpha.clone() * (-1.0 / (self.damping * self.examples()))
    }

    /// The mean of `m` numbers.
    fn mean(&self, values: Tensor<1>) -> Result<f64, DeviceError> {
        let [sum] = read([values.sum()])?;
        Ok(sum / self.examples())
    }

    /// `(λ/2) ‖d‖²`.
    fn penalty(&self, alpha: &Tensor<2>, kernel_alpha: &Tensor<2>) -> Result<f64, DeviceError> {
        let [along] = read([dot(alpha, kernel_alpha)])?;
        Ok(along / (2.0 * self.damping * self.examples().powi(2)))
    }

    fn point(&self, alpha: Tensor<2>, kernel_alpha: Tensor<2>) -> Result<Point, DeviceError> {
        let moved = self.outputs.clone() + self.change(&kernel_alpha);
        let value = self.mean(self.loss.value(moved, self.targets))? + self.penalty(&alpha, &kernel_alpha)?;
        Ok(Point { alpha, kernel_alpha, value })
    }

    /// `D(α)` of a feasible `α`.
    fn dual_value(&self, alpha: &Tensor<2>, kernel_alpha: &Tensor<2>) -> Result<f64, DeviceError> {
        let conjugate = self.mean(self.loss.conjugate(alpha.clone(), self.targets))?;
        let [pairing] = read([dot(alpha, &self.outputs)])?;
        Ok(pairing / self.examples() - conjugate - self.penalty(alpha, kernel_alpha)?)
    }

    fn is_feasible(&self, alpha: &Tensor<2>) -> Result<bool, DeviceError> {
        let violation = self.loss.domain_violation(alpha.clone(), self.targets);
        let [worst] = read([violation.max()])?;
        Ok(worst <= 1e-12)
    }

    /// `t d` with the `t ≥ 0` that minimises `P` along `d`, found by bisection on the sign of the derivative, which
    /// increases.
    fn rescale(&self, point: Point) -> Result<Point, Error> {
        let u = self.change(&point.kernel_alpha);
        let square = 2.0 * self.penalty(&point.alpha, &point.kernel_alpha)?;
        let rises = |t: f64| -> Result<bool, DeviceError> {
            let moved = self.outputs.clone() + u.clone() * t;
            let [slope] = read([dot(&self.loss.gradient(moved, self.targets), &u)])?;
            Ok(slope / self.examples() + t * square > 0.0)
        };
        let (mut low, mut high) = (0.0, 1.0);
        while !rises(high)? && high < 1e6 {
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if rises(middle)? { high = middle } else { low = middle }
        }
        let scaled = |t: f64| self.point(point.alpha.clone() * t, point.kernel_alpha.clone() * t);
        // The lower end decreases P wherever any step does; where P is finite at both ends, the better is taken.
        let (below, above) = (scaled(low)?, scaled(high)?);
        let better = if above.value < below.value { above } else { below };
        Ok(if better.value <= point.value || !point.value.is_finite() { better } else { point })
    }

    fn measure(
        &self,
        point: &Point,
        gradient: &Tensor<2>,
        initial_value: f64,
        dual_value: f64,
    ) -> Result<Measures, DeviceError> {
        let m = self.examples();
        let u = self.change(&point.kernel_alpha);
        let [slope, gradient_squared, u_squared] = read([dot(gradient, &u), dot(gradient, gradient), dot(&u, &u)])?;
        let penalty = self.penalty(&point.alpha, &point.kernel_alpha)?;
        Ok(Measures {
            slope: slope / m,
            slope_rounding: 16.0 * f64::EPSILON * (gradient_squared * u_squared).sqrt() / m,
            norm_squared: 2.0 * penalty / self.damping,
            predicted_decrease: initial_value - (point.value - penalty),
            initial_value,
            primal_value: point.value,
            dual_value,
            gap: (point.value - dual_value).max(0.0),
            model_step: 1.0,
        })
    }
}
