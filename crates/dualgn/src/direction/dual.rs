//! The dual of the quadratic model, and what its solution says about the direction.

use burn::tensor::{Tensor, TensorData};

use super::read;
use crate::error::{DeviceError, Error};
use crate::gram;
use crate::linearize::Linearization;
use crate::loss::CurvatureFactor;
use crate::solve::{Budget, Progress, cholesky, conjugate_gradient};

/// How a direction was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// Conjugate gradient on products with `J` and `Jᵀ`.
    MatrixFree,
    /// The Gram matrix `J Jᵀ`, factorised.
    Assembled,
}

/// The subproblem at one point: `g`, `[m, k]`, `L` and `λ`.
pub(super) struct Subproblem {
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
    pub route: Route,
}

/// What a dual point says of its direction. Values are of the model, means over the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measures {
    /// `⟨∇L, d⟩`.
    pub slope: f64,
    /// `½ ‖Lᵀ J d‖² / m`.
    pub curvature: f64,
    /// `‖d‖²`, from the dual.
    pub norm_squared: f64,
    /// `D(α)`.
    pub dual_value: f64,
    /// `‖b - Aβ‖² / (2m) = P(d) - D(α)`.
    pub gap: f64,
    /// A bound on the rounding error of `slope`.
    pub slope_rounding: f64,
}

impl Subproblem {
    /// Conjugate gradient with products `K x = J (Jᵀ x)`.
    pub fn solve_matrix_free(
        &self,
        linearization: &Linearization,
        iterations: usize,
        tolerance: f64,
    ) -> Result<Dual, Error> {
        let kernel = |x: Tensor<2>| -> Result<Tensor<2>, Error> { Ok(linearization.jvp(&linearization.vjp(x)?)?) };
        let scale = self.scale();
        let kernel_gradient = kernel(self.gradient.clone())?;
        let rhs = self.factor_transpose(kernel_gradient.clone()) * -scale;
        let apply = |x: Tensor<2>| {
            let kernel_x = kernel(self.factor(x.clone()))?;
            Ok((x + self.factor_transpose(kernel_x.clone()) * scale, kernel_x))
        };
        let Progress { solution, companion, iterations } =
            conjugate_gradient(apply, rhs, Budget { iterations, tolerance })?;
        let kernel_alpha = match companion {
            Some(companion) => kernel_gradient + companion,
            None => kernel_gradient,
        };
        let alpha = self.gradient.clone() + self.factor(solution.clone());
        Ok(Dual { alpha, beta: solution, kernel_alpha, iterations, route: Route::MatrixFree })
    }

    /// The Gram matrix, then a factorisation in double precision.
    pub fn solve_assembled(&self, linearization: &Linearization, memory: usize) -> Result<Dual, Error> {
        let [m, k] = self.gradient.dims();
        let r = self.factor.columns(k);
        let scale = self.scale();
        let kernel: Tensor<2> = gram::assemble(linearization, memory)?.into_tensor();
        let kernel_gradient = kernel.clone().matmul(self.gradient.clone().reshape([m * k, 1]));
        let rhs = self.factor_transpose(kernel_gradient.reshape([m, k])) * -scale;

        let data = kernel.clone().try_into_data().map_err(DeviceError::from)?;
        // Slices are several times faster than the iterator over elements of any type.
        let system = match (data.as_slice::<f32>(), data.as_slice::<f64>()) {
            (Ok(kernel), _) => self.factor.system(kernel, scale, [m, k])?,
            (_, Ok(kernel)) => self.factor.system(kernel, scale, [m, k])?,
            _ => unreachable!("networks are f32 or f64"),
        };
        let beta = cholesky(system, to_host(rhs)?)?;
        let data = TensorData::new(beta, [m, r]).convert_dtype(self.gradient.dtype());
        let beta = Tensor::from_data(data, (&self.gradient.device(), self.gradient.dtype()));
        let alpha = self.gradient.clone() + self.factor(beta.clone());
        let kernel_alpha = kernel.matmul(alpha.clone().reshape([m * k, 1])).reshape([m, k]);
        Ok(Dual { alpha, beta, kernel_alpha, iterations: 0, route: Route::Assembled })
    }

    /// Everything that `K α` gives for free, with `u = J d = -K α / (λm)`.
    pub fn measure(
        &self,
        alpha: &Tensor<2>,
        beta: &Tensor<2>,
        kernel_alpha: Tensor<2>,
    ) -> Result<Measures, DeviceError> {
        let m = self.examples();
        let u = kernel_alpha * -self.scale();
        let curved = self.factor_transpose(u.clone());
        // b - Aβ = Lᵀ u - β, since α = g + Lβ.
        let residual = curved.clone() - beta.clone();
        let dot = |a: &Tensor<2>, b: &Tensor<2>| (a.clone() * b.clone()).sum();
        let [slope, curvature, along, beta_squared, residual, gradient_squared, u_squared] = read([
            dot(&self.gradient, &u),
            dot(&curved, &curved),
            dot(alpha, &u),
            dot(beta, beta),
            dot(&residual, &residual),
            dot(&self.gradient, &self.gradient),
            dot(&u, &u),
        ])?;
        let epsilon =
            if self.gradient.dtype() == burn::tensor::DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
        Ok(Measures {
            slope: slope / m,
            curvature: 0.5 * curvature / m,
            norm_squared: -along / (m * self.damping),
            dual_value: (0.5 * along - 0.5 * beta_squared) / m,
            gap: 0.5 * residual / m,
            slope_rounding: 16.0 * epsilon * (gradient_squared * u_squared).sqrt() / m,
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

fn to_host(tensor: Tensor<2>) -> Result<Vec<f64>, DeviceError> {
    Ok(tensor.try_into_data()?.iter::<f64>().collect())
}
