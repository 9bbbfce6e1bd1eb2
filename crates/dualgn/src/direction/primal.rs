//! The primal system `(JᵀHJ/m + λI) d = -∇L` of a second-order model, `H = L Lᵀ`.

use burn::tensor::Tensor;

use super::form::Expansion;
use super::kernel::spread;
use super::measures::{Measures, dot, read};
use super::quadratic::{Certificate, Quadratic};
use super::route::{Budget, Goal, How};
use crate::error::Error;
use crate::gram;
use crate::linearize::{Linearization, ParamVector};
use crate::loss::CurvatureFactor;
use crate::solve::{Reached, cholesky, conjugate_gradient};
use crate::tensor::Array;

/// The subproblem at one point, for all outputs or, with a map `V`, for the combinations `Vᵀ f`.
pub(super) struct Primal<'a> {
    pub linearization: &'a Linearization,
    pub map: Option<&'a CurvatureFactor>,
    pub model: &'a Quadratic,
    /// `JᵀHJ/m`, where the system is factorised.
    pub normal: Option<&'a [f64]>,
}

/// Assembles `JᵀHJ/m`, `[p, p]`, row-major on the host in double precision, for the outputs of an expansion.
pub(super) fn normal(
    linearization: &Linearization,
    map: Option<&CurvatureFactor>,
    expansion: &Expansion,
    memory: usize,
) -> Result<Vec<f64>, Error> {
    let columns = expansion.factor.columns(expansion.gradient.dims()[1]);
    let units = gram::units(linearization, columns).into_tensor::<3>();
    let cotangents = expansion.factor.apply(units);
    let cotangents = match map {
        Some(map) => map.apply(cotangents),
        None => cotangents,
    };
    let mut matrix = gram::normal_matrix(linearization, &cotangents, memory)?;
    let m = linearization.examples() as f64;
    matrix.iter_mut().for_each(|entry| *entry /= m);
    Ok(matrix)
}

/// A primal point.
pub(super) struct Solution {
    /// `d - c`.
    pub direction: ParamVector,
    /// `g + H J d`, `[m, r]`: the dual variables, if `d` is exact.
    pub alpha: Tensor<2>,
    pub measures: Measures,
    pub iterations: usize,
}

impl Primal<'_> {
    pub(super) fn solve(&self, how: How) -> Result<Solution, Error> {
        let m = self.linearization.examples() as f64;
        let whole = self.linearization.vjp(spread(self.linearization, self.map, self.model.gradient.clone()) / m)?;
        let gradient = whole.to_flat();
        let (flat, iterations) = match self.normal {
            Some(normal) => (self.direct(normal, &gradient)?, 0),
            None => self.iterate(&gradient, how.budget())?,
        };
        let direction = whole.with_flat(flat.clone());
        let change = self.combine(self.linearization.jvp(&direction)?);
        let alpha = self.model.gradient.clone() + self.curve(change.clone());
        // The residual bounds the gap: P(d) - P* = ½ rᵀA⁻¹r ≤ ‖r‖²/(2λ), since A ⪰ λI.
        let damping = self.model.damping;
        let pulled = self.linearization.vjp(spread(self.linearization, self.map, alpha.clone()) / m)?.to_flat();
        let residual = pulled.add(flat.clone().scale(damping));
        let square = |x: &Array| x.clone().mul(x.clone()).sum_all().into_tensor::<1>();
        let curved = self.model.factor_transpose(change.clone());
        let [norm_squared, residual, slope, curvature] =
            read([square(&flat), square(&residual), dot(&self.model.gradient, &change), dot(&curved, &curved)])?;
        let gap = residual / (2.0 * damping);
        let value = (slope + 0.5 * curvature) / m + 0.5 * damping * norm_squared;
        let certificate = Certificate { dual_value: value - gap, gap };
        let measures = self.model.measure_step(change, norm_squared, &alpha, certificate)?;
        Ok(Solution { direction, alpha, measures, iterations })
    }

    /// Solves with the `p × p` matrix, in double precision on the host.
    fn direct(&self, normal: &[f64], gradient: &Array) -> Result<Array, Error> {
        let mut matrix = normal.to_vec();
        let p = gradient.elements();
        for index in 0..p {
            matrix[index * (p + 1)] += self.model.damping;
        }
        let rhs = gradient.to_f64()?.into_iter().map(|entry| -entry).collect();
        let solution = cholesky(matrix, rhs)?;
        Ok(Array::from_f64(&solution, &[p], gradient.dtype(), &gradient.device()))
    }

    /// Solves by products; vectors are flat.
    fn iterate(&self, gradient: &Array, budget: Budget) -> Result<(Array, usize), Error> {
        let m = self.linearization.examples() as f64;
        let p = gradient.elements();
        let like = self.linearization.zeros();
        let apply = |x: Tensor<2>| {
            let flat = Array::from_tensor(x.clone()).reshape(&[p]);
            let moved = self.combine(self.linearization.jvp(&like.with_flat(flat))?);
            let curved = self.curve(moved);
            let pulled = self.linearization.vjp(spread(self.linearization, self.map, curved) / m)?;
            let product = pulled.to_flat().reshape(&[1, p]).into_tensor::<2>() + x.clone() * self.model.damping;
            Ok((product, None))
        };
        let rhs = gradient.clone().neg().reshape(&[1, p]).into_tensor::<2>();
        let [whole] = read([dot(&rhs, &rhs)])?;
        // The gap is at most ‖r‖²/(2λ), since A ⪰ λI.
        let enough = |reached: Reached| match budget.goal {
            Goal::Residual(tolerance) => reached.residual <= tolerance * tolerance * whole,
            Goal::Gap(tolerance) => reached.residual <= 2.0 * self.model.damping * tolerance * reached.decrease,
        };
        let progress = conjugate_gradient(apply, rhs, budget.iterations, enough)?;
        Ok((Array::from_tensor(progress.solution).reshape(&[p]), progress.iterations))
    }

    /// `Vᵀ x`.
    fn combine(&self, x: Tensor<2>) -> Tensor<2> {
        match self.map {
            Some(map) => map.apply_transpose(x.unsqueeze()).squeeze_dim(0),
            None => x,
        }
    }

    /// `H x`.
    fn curve(&self, x: Tensor<2>) -> Tensor<2> {
        self.model.factor(self.model.factor_transpose(x))
    }
}
