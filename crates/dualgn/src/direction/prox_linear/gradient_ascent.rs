//! Accelerated proximal gradient ascent on the dual, for losses without curvature where the matrix is not assembled.
//!
//! All examples at once: with `σ` at least the largest eigenvalue of `K/(λm)` each loss's update maximises a minorant
//! of `m D` that touches it at the extrapolated point. One product with `K` a step. (Beck and Teboulle, "A fast
//! iterative shrinkage-thresholding algorithm for linear inverse problems", 2009; restarted where the momentum turns
//! against the step, as O'Donoghue and Candès, "Adaptive restart for accelerated gradient schemes", 2015.)

use burn::tensor::Tensor;

use super::{PATIENCE, Point, ProxLinear, Stop};
use crate::direction::kernel::{Kernel, host_tensor, to_host};
use crate::direction::measures::{dot, read};
use crate::error::Error;
use crate::loss::{ConvexLoss, DualUpdate};

impl<L: ConvexLoss> ProxLinear<'_, L> {
    pub(super) fn ascend_gradient(
        &self,
        kernel: &Kernel,
        update: &DualUpdate,
        initial_value: f64,
        gradient: &Tensor<2>,
        start: Option<Point>,
    ) -> Result<Stop, Error> {
        let shape = self.outputs.dims();
        let scale = 1.0 / (self.damping * self.examples());
        let mut point = match start {
            Some(point) => point,
            None => self.point(gradient.clone(), kernel.product(gradient.clone())?)?,
        };
        // A Rayleigh quotient is not above the largest eigenvalue; the steps raise it where it is too low.
        let [along, square] = read([dot(&point.alpha, &point.kernel_alpha), dot(&point.alpha, &point.alpha)])?;
        let mut sigma = if square > 0.0 { scale * along / square } else { 0.0 };
        let mut dual_value = self.dual_value(&point.alpha, &point.kernel_alpha)?;
        let mut best = point.clone();
        let (mut ahead, mut kernel_ahead, mut momentum) = (point.alpha.clone(), point.kernel_alpha.clone(), 1.0f64);
        let mut iterations = 0;
        let done = |value: f64, dual: f64| self.is_converged(value, dual, initial_value);
        while !(done(best.value, dual_value) || self.is_spent(iterations, best.value, initial_value) || sigma == 0.0) {
            let z = self.outputs.clone() - kernel_ahead.clone() * scale;
            let (mut alpha, mut kernel_alpha);
            loop {
                let mut moved = to_host(ahead.clone() + z.clone() / sigma)?;
                for (example, block) in moved.chunks_exact_mut(shape[1]).enumerate() {
                    update.apply(example, sigma, block);
                }
                alpha = host_tensor(moved, shape);
                kernel_alpha = kernel.product(alpha.clone())?;
                iterations += 1;
                let change = alpha.clone() - ahead.clone();
                let [curved, square] =
                    read([dot(&change, &(kernel_alpha.clone() - kernel_ahead.clone())), dot(&change, &change)])?;
                if scale * curved <= sigma * square * (1.0 + 1e-9) || iterations >= PATIENCE * self.iterations {
                    break;
                }
                sigma = (1.5 * sigma).max(scale * curved / square);
            }
            let (step, back) = (alpha.clone() - point.alpha.clone(), ahead - alpha.clone());
            let [turn] = read([dot(&back, &step)])?;
            let next = 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt());
            let weight = if turn > 0.0 { 0.0 } else { (momentum - 1.0) / next };
            momentum = if turn > 0.0 { 1.0 } else { next };
            ahead = alpha.clone() + step * weight;
            kernel_ahead = kernel_alpha.clone() + (kernel_alpha.clone() - point.kernel_alpha) * weight;
            dual_value = dual_value.max(self.dual_value(&alpha, &kernel_alpha)?);
            point = self.point(alpha, kernel_alpha)?;
            if point.value < best.value {
                best = point.clone();
            }
        }
        Ok(Stop { point: best, dual_value, iterations })
    }
}
