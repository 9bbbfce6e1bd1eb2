//! Block coordinate ascent on the dual, for losses without curvature and an assembled matrix.
//!
//! One example at a time, in a new random order each pass: with `z_i = f_i - (Kα)_i/(λm)` and `σ_i` the largest
//! eigenvalue of `K_ii/(λm)`, the example's part of `-m D` is at most
//!
//! ```text
//! ℓ_i*(a) + (σ_i/2) ‖a - v‖²        v = α_i + z_i/σ_i
//! ```
//!
//! with equality for one output, and the loss's own update minimises that. So `D` never falls. (Shalev-Shwartz and
//! Zhang, "Stochastic Dual Coordinate Ascent Methods for Regularized Loss Minimization", 2013, with `J` in place of the
//! data.)

use burn::tensor::Tensor;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;

use super::{Point, ProxLinear, Stop};
use crate::direction::kernel::{host_tensor, to_host};
use crate::error::Error;
use crate::loss::{ConvexLoss, DualUpdate};
use crate::solve::{Symmetric, largest_eigenvalue};

/// Blocks of `K` smaller than this times the largest count as being as large as this times the largest.
const NEGLIGIBLE: f64 = 1e-12;

impl<L: ConvexLoss> ProxLinear<'_, L> {
    pub(super) fn ascend(
        &self,
        matrix: &Symmetric,
        update: &DualUpdate,
        initial_value: f64,
        gradient: &Tensor<2>,
        start: Option<Point>,
    ) -> Result<Stop, Error> {
        let [m, k] = self.outputs.dims();
        let scale = 1.0 / (self.damping * self.examples());
        let outputs = to_host(self.outputs.clone())?;
        // Any subgradient is in the domain of the conjugate.
        let mut alpha = to_host(start.as_ref().map_or(gradient, |point| &point.alpha).clone())?;
        let mut kernel_alpha = matrix.multiply(&alpha);
        let curvatures: Vec<f64> = (0..m).map(|i| scale * largest_eigenvalue(&matrix.block(i * k, k), k)).collect();
        let largest = curvatures.iter().copied().fold(0.0, f64::max);
        let mut order: Vec<usize> = (0..m).collect();
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut block = vec![0.0; k];
        let mut iterations = 0;
        let mut dual_value = f64::NEG_INFINITY;
        loop {
            // Sums of many rank-one updates drift by rounding, so they are recomputed from time to time.
            if iterations % 50 == 49 {
                kernel_alpha = matrix.multiply(&alpha);
            }
            let (alpha_now, kernel_now) =
                (host_tensor(alpha.clone(), [m, k]), host_tensor(kernel_alpha.clone(), [m, k]));
            dual_value = dual_value.max(self.dual_value(&alpha_now, &kernel_now)?);
            let point = self.point(alpha_now, kernel_now)?;
            let done = self.is_converged(point.value, dual_value, initial_value);
            if done || self.is_spent(iterations, point.value, initial_value) || largest == 0.0 {
                return Ok(Stop { point, dual_value, iterations });
            }
            order.shuffle(&mut random);
            for &i in &order {
                let sigma = curvatures[i].max(NEGLIGIBLE * largest);
                let range = i * k..(i + 1) * k;
                for (c, v) in block.iter_mut().enumerate() {
                    let z = outputs[i * k + c] - scale * kernel_alpha[i * k + c];
                    *v = alpha[i * k + c] + z / sigma;
                }
                update.apply(i, sigma, &mut block);
                for ((row, value), new) in range.clone().zip(&mut alpha[range]).zip(&block) {
                    let change = new - *value;
                    // Most variables rest at a bound: no change, no pass over a row.
                    if change != 0.0 {
                        *value = *new;
                        matrix.add_row(row, change, &mut kernel_alpha);
                    }
                }
            }
            iterations += 1;
        }
    }
}
