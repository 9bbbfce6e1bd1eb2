//! The dual of the quadratic model, and what its solution says about the direction.

use burn::tensor::{DType, Tensor};

use super::kernel::{Kernel, from_host, to_host};
use super::measures::{Measures, dot, read};
use crate::error::{DeviceError, Error};
use crate::loss::CurvatureFactor;
use crate::solve::{Budget, Progress, cholesky, conjugate_gradient, with_entries};

/// The subproblem at one point: `g`, `[m, k]`, `L` and `λ`.
pub(super) struct Quadratic {
    pub gradient: Tensor<2>,
    pub factor: CurvatureFactor,
    pub damping: f64,
}

/// A dual point.
pub(super) struct Dual {
    /// `α = g + L β`, `[m, k]`.
    pub alpha: Tensor<2>,
    /// `β`, `[m, r]`.
    pub beta: Tensor<2>,
    /// `K α`, `[m, k]`.
    pub kernel_alpha: Tensor<2>,
    pub iterations: usize,
}

impl Quadratic {
    /// Solves `(I + LᵀKL/(λm)) β = -LᵀKg/(λm)`: conjugate gradient on products within a budget, or a factorisation of the
    /// assembled matrix. `start` is a `β` to start conjugate gradient from instead of zero.
    pub fn solve(
        &self,
        kernel: &Kernel,
        kernel_gradient: Tensor<2>,
        budget: Budget,
        start: Option<Tensor<2>>,
    ) -> Result<Dual, Error> {
        let Kernel::Matrix(matrix) = kernel else { return self.iterate(kernel, kernel_gradient, budget, start) };
        let [m, k] = self.gradient.dims();
        let rhs = self.factor_transpose(kernel_gradient) * -self.scale();
        let (shape, device, dtype) = (rhs.dims(), rhs.device(), rhs.dtype());
        let system = with_entries!(matrix, entries => self.factor.system(entries, self.scale(), [m, k])?);
        let beta = from_host(cholesky(system, to_host(rhs)?)?, shape, &device, dtype);
        let alpha = self.gradient.clone() + self.factor(beta.clone());
        let kernel_alpha = kernel.product(alpha.clone())?;
        Ok(Dual { alpha, beta, kernel_alpha, iterations: 0 })
    }

    fn iterate(
        &self,
        kernel: &Kernel,
        kernel_gradient: Tensor<2>,
        mut budget: Budget,
        start: Option<Tensor<2>>,
    ) -> Result<Dual, Error> {
        let scale = self.scale();
        let apply = |x: Tensor<2>| {
            let kernel_x = kernel.product(self.factor(x.clone()))?;
            Ok((x + self.factor_transpose(kernel_x.clone()) * scale, kernel_x))
        };
        let mut rhs = self.factor_transpose(kernel_gradient.clone()) * -scale;
        let mut kernel_alpha = kernel_gradient;
        if let Some(start) = &start {
            // A (β - β₀) = b - A β₀, and the tolerance stays relative to b.
            let (product, kernel_start) = apply(start.clone())?;
            let rest = rhs.clone() - product;
            let [whole, left] = read([dot(&rhs, &rhs), dot(&rest, &rest)])?;
            budget.tolerance *= if left > 0.0 { (whole / left).sqrt() } else { 1.0 };
            (rhs, kernel_alpha) = (rest, kernel_alpha + kernel_start);
        }
        let Progress { solution, companion, iterations } = conjugate_gradient(apply, rhs, budget)?;
        if let Some(companion) = companion {
            kernel_alpha = kernel_alpha + companion;
        }
        let beta = match start {
            Some(start) => start + solution,
            None => solution,
        };
        let alpha = self.gradient.clone() + self.factor(beta.clone());
        Ok(Dual { alpha, beta, kernel_alpha, iterations })
    }

    /// Everything that `K α` gives for free, with `u = J d = -K α / (λm)`.
    pub fn measure(&self, dual: &Dual) -> Result<Measures, DeviceError> {
        let m = self.examples();
        let u = dual.kernel_alpha.clone() * -self.scale();
        let curved = self.factor_transpose(u.clone());
        // b - Aβ = Lᵀ u - β, since α = g + Lβ.
        let residual = curved.clone() - dual.beta.clone();
        let [slope, curvature, along, beta_squared, residual, gradient_squared, u_squared] = read([
            dot(&self.gradient, &u),
            dot(&curved, &curved),
            dot(&dual.alpha, &u),
            dot(&dual.beta, &dual.beta),
            dot(&residual, &residual),
            dot(&self.gradient, &self.gradient),
            dot(&u, &u),
        ])?;
        let (slope, curvature, norm_squared) = (slope / m, 0.5 * curvature / m, -along / (m * self.damping));
        let second_order = 2.0 * curvature + self.damping * norm_squared;
        let epsilon = if self.gradient.dtype() == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
        Ok(Measures {
            slope,
            slope_rounding: 16.0 * epsilon * (gradient_squared * u_squared).sqrt() / m,
            norm_squared,
            predicted_decrease: -(slope + curvature),
            initial_value: 0.0,
            primal_value: slope + curvature + 0.5 * self.damping * norm_squared,
            dual_value: (0.5 * along - 0.5 * beta_squared) / m,
            // P(d) - D(α), without the cancellation of the difference.
            gap: 0.5 * residual / m,
            model_step: if second_order > 0.0 { -slope / second_order } else { 0.0 },
        })
    }

    /// `1 / (λm)`.
    fn scale(&self) -> f64 {
        1.0 / (self.damping * self.examples())
    }

    fn examples(&self) -> f64 {
        self.gradient.dims()[0] as f64
    }

    fn factor(&self, x: Tensor<2>) -> Tensor<2> {
        self.factor.apply(x.unsqueeze()).squeeze_dim(0)
    }

    fn factor_transpose(&self, x: Tensor<2>) -> Tensor<2> {
        self.factor.apply_transpose(x.unsqueeze()).squeeze_dim(0)
    }
}
