//! Newton's method in the dual, for losses with curvature.
//!
//! At `z = f + u` the step minimises the quadratic model of `P` around the current `d`. Its gradient by the outputs is
//! `g(z) - α`, since `λ d = -Jᵀα/m`, so the step is the Gauss-Newton direction of that gradient with the curvature at
//! `z`: the system of `quadratic.rs`. By the theorem there every iterate of conjugate gradient, too, is a direction of
//! descent for `P`, and backtracking on `P`, which is known through `K` alone, makes the method converge from `d = 0`.
//! A line search on the dual would have to stay inside the domain of the conjugate, which the Newton point leaves.
//!
//! The certificate is `D(g(z))`: gradients of the loss are always in the domain.

use burn::tensor::Tensor;

use super::{Point, ProxLinear, Stop};
use crate::direction::kernel::Kernel;
use crate::direction::quadratic::Quadratic;
use crate::error::Error;
use crate::loss::ConvexLoss;

/// The fraction of the decrease promised by the slope that a step must achieve (Armijo, 1966).
const SUFFICIENT: f64 = 1e-4;
/// Largest number of halvings of a step.
const HALVINGS: usize = 50;

impl<L: ConvexLoss> ProxLinear<'_, L> {
    pub(super) fn newton(&self, kernel: &Kernel, initial_value: f64, start: Option<Point>) -> Result<Stop, Error> {
        let zeros = || self.outputs.zeros_like();
        let mut point = start.unwrap_or_else(|| Point { alpha: zeros(), kernel_alpha: zeros(), value: initial_value });
        let mut dual_value = f64::NEG_INFINITY;
        let mut iterations = 0;
        loop {
            let moved = self.outputs.clone() + self.change(&point.kernel_alpha);
            let gradient = self.loss.gradient(moved.clone(), self.targets);
            let kernel_gradient = kernel.product(gradient.clone())?;
            dual_value = dual_value.max(self.dual_value(&gradient, &kernel_gradient)?);
            if self.is_converged(point.value, dual_value, initial_value) || iterations == self.iterations {
                break;
            }
            let Some(factor) = self.loss.curvature(moved, self.targets) else { break };
            let residual = gradient - point.alpha.clone();
            let kernel_residual = kernel_gradient - point.kernel_alpha.clone();
            let model = Quadratic::new(residual, factor, self.damping, None);
            let step = model.solve(kernel, kernel_residual, self.inner, None)?;
            let measures = model.measure(&step)?;
            // A truncated step is too long: the exact minimiser of its own model is tried first.
            let Some(next) =
                self.backtrack(&point, &step.alpha, &step.kernel_alpha, measures.slope, measures.model_step)?
            else {
                break;
            };
            point = next;
            iterations += 1;
        }
        Ok(Stop { point, dual_value, iterations })
    }

    /// The first of the steps `t, t/2, t/4 …` that decreases `P` enough; `None` when rounding leaves none.
    fn backtrack(
        &self,
        from: &Point,
        alpha: &Tensor<2>,
        kernel_alpha: &Tensor<2>,
        slope: f64,
        mut t: f64,
    ) -> Result<Option<Point>, Error> {
        // Near the solution the decrease is lost in the rounding of P itself; a step is then accepted if it does no
        // harm.
        let rounding = 4.0 * f64::EPSILON * from.value.abs();
        for _ in 0..HALVINGS {
            let point = self
                .point(from.alpha.clone() + alpha.clone() * t, from.kernel_alpha.clone() + kernel_alpha.clone() * t)?;
            if point.value <= from.value + SUFFICIENT * t * slope + rounding {
                return Ok(Some(point));
            }
            t *= 0.5;
        }
        Ok(None)
    }
}
