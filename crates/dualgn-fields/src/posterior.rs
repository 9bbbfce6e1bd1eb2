//! Standard deviations of the unknown coefficients of an equation.
//!
//! A run minimises `½ Σ_i a_i r_i²` over the weights `θ` of the network and the coefficients, with residuals `r` of all terms and
//! `a_i = w / m`, the weight of the residual's term over its points. Errors `ε` of the measurements, independent and of variance `σ²`,
//! move the minimum by `δθ = H⁻¹ Jᵀ A ε` to first order, with the Jacobian `J` of the residuals, `A = diag(a)` and the Gauss-Newton
//! matrix `H = Jᵀ A J + λ I`, where `ε` is zero in the rows of other terms. (Seber and Wild, "Nonlinear Regression", 1989, chapters 2
//! and 5, for weights that are not the inverse variances.) With `J̃ = A^½ J` and `K̃ = J̃ J̃ᵀ`,
//!
//! ```text
//! J̃ H⁻¹ = (K̃ + λ I)⁻¹ J̃,   so   var(κ) = σ² Σ_i a_i g_i²   over the measurements, with   (K̃ + λ I) g = J̃ e_κ
//! ```
//!
//! for the unit vector `e_κ` of a coefficient: one system of as many unknowns as there are residuals for all coefficients. The variance
//! `σ²` is that of the residuals of the measurements, `Σ r_i² / (n - f)`, where `f` of the `n` measurements are spent on the fit: `f` is
//! the sum of the diagonal entries of `K̃ (K̃ + λ I)⁻¹` over the measurements.
//!
//! All of this is of the minimum. How far a coefficient is from there, to first order, is what a full Gauss-Newton step adds to it,
//! `-e_κᵀ H⁻¹ Jᵀ A r = -Σ_i g_i √a_i r_i` over all rows.

use burn::tensor::Tensor;
use dualgn::{Linearization, Linearize};
use dualgn_io::{Failure, memory};
use dualgn_networks::entries;
use dualgn_train::record::Coefficient;
use faer::linalg::solvers::Solve as _;
use faer::{Mat, Side};

use super::network::Field;
use super::penalty::Penalties;
use super::solve::Solve;

/// The damping as a part of the largest diagonal entry of `K̃`: what the rounding of double precision leaves of its smallest
/// eigenvalues.
const DAMPING: f64 = 1e-10;

/// How wrong a coefficient is.
struct Errors {
    /// Its standard deviation at the minimum.
    deviation: f64,
    /// How far it is to the minimum.
    to_go: f64,
}

impl Solve {
    /// Returns the unknown coefficients of a trained model with their standard deviations.
    ///
    /// # Errors
    /// Fails if the device does.
    pub fn posterior(&self, model: &Field, method: &str) -> Result<Vec<Coefficient>, Failure> {
        if self.problem.coefficients.is_empty() {
            return Ok(vec![]);
        }
        let errors = self.errors(model)?;
        let found = model.coefficients();
        let named = self.problem.coefficients.iter().zip(found).enumerate();
        let one = |(index, ((name, right), value)): (usize, (&(String, Option<f64>), f64))| Coefficient {
            method: method.into(),
            name: name.clone(),
            value,
            standard_deviation: errors.as_ref().map(|all| all[index].deviation).filter(|x| x.is_finite()),
            to_go: errors.as_ref().map(|all| all[index].to_go).filter(|x| x.is_finite()),
            right: *right,
        };
        Ok(named.map(one).collect())
    }

    /// One for each coefficient; `None` if no term is of measurements, if the loss is another than that of least squares, or if the matrix of all residuals has no place in memory.
    fn errors(&self, model: &Field) -> Result<Option<Vec<Errors>>, Failure> {
        let terms = &self.problem.terms;
        let is_least_squares = terms.iter().all(|term| term.penalties == Penalties::SQUARED);
        if !is_least_squares || !terms.iter().any(|term| term.is_measured) {
            return Ok(None);
        }
        // Residuals of each term, several at a point where it has several equations.
        let counts: Vec<usize> =
            terms.iter().zip(&self.first).map(|(term, rows)| term.equations * rows.dims()[0]).collect();
        let rows: usize = counts.iter().sum();
        // The matrix, its factor, and a copy of each on the way.
        if (rows as u64).saturating_pow(2).saturating_mul(4 * 8) > memory::limit(None) {
            return Ok(None);
        }
        let at = self.network.linearization(model, self.first.clone(), None)?;
        let weights: Vec<f64> = terms
            .iter()
            .zip(&self.first)
            .zip(&counts)
            .flat_map(|((term, rows), &count)| vec![term.weight / rows.dims()[0] as f64; count])
            .collect();
        let is_measured = terms.iter().zip(&counts).flat_map(|(term, &count)| vec![term.is_measured; count]);
        let measured: Vec<usize> = is_measured.enumerate().filter_map(|(row, is)| is.then_some(row)).collect();
        let residuals: Vec<f64> = entries(at.outputs())?;
        let gram: Vec<f64> = entries(at.gram()?)?;
        let columns = columns(&at, model)?;
        let scale: Vec<f64> = weights.iter().map(|weight| weight.sqrt()).collect();
        let kernel = Mat::from_fn(rows, rows, |i, j| scale[i] * gram[i * rows + j] * scale[j]);
        let right = Mat::from_fn(rows, columns.len(), |i, k| scale[i] * columns[k][i]);
        Ok(errors(kernel, &right, &weights, &residuals, &measured))
    }
}

/// The column of the Jacobian of each coefficient.
fn columns(at: &Linearization, model: &Field) -> Result<Vec<Vec<f64>>, Failure> {
    let weights = at.weights(model).map_err(dualgn::Error::from)?;
    let (mut before, mut own) = (0, 0..0);
    for (name, shape) in weights.parameters() {
        let count: usize = shape.iter().product();
        if name == "coefficients" {
            own = before..before + count;
        }
        before += count;
    }
    let column = |place: usize| {
        let mut unit = vec![0.0; before];
        unit[place] = 1.0;
        let unit = weights.with_entries(&unit).map_err(dualgn::Error::from)?;
        let moved: Tensor<2> = at.jvp(&unit).map_err(dualgn::Error::from)?;
        entries(moved)
    };
    own.map(column).collect()
}

/// The errors by the matrix `K̃`, the columns `J̃ e`, and the weights and residuals of all rows, some of which are
/// measurements; `None` if there are no more measurements than they determine numbers, or the matrix is not one.
fn errors(
    kernel: Mat<f64>,
    columns: &Mat<f64>,
    weights: &[f64],
    residuals: &[f64],
    measured: &[usize],
) -> Option<Vec<Errors>> {
    let rows = kernel.nrows();
    let damping = DAMPING * (0..rows).map(|i| kernel[(i, i)]).fold(0.0, f64::max);
    let damped = Mat::from_fn(rows, rows, |i, j| kernel[(i, j)] + if i == j { damping } else { 0.0 });
    let factor = damped.llt(Side::Lower).ok()?;
    let solved = factor.solve(columns);
    // `K̃ (K̃ + λ I)⁻¹ = I - λ (K̃ + λ I)⁻¹`, whose second part is small where a measurement is fitted.
    let inverse = factor.solve(Mat::<f64>::identity(rows, rows));
    let free: f64 = measured.iter().map(|&i| damping * inverse[(i, i)]).sum();
    let squares: f64 = measured.iter().map(|&i| residuals[i].powi(2)).sum();
    let variance = squares / free;
    let one = |k: usize| Errors {
        deviation: (variance * measured.iter().map(|&i| weights[i] * solved[(i, k)].powi(2)).sum::<f64>()).sqrt(),
        to_go: -(0..rows).map(|i| solved[(i, k)] * weights[i].sqrt() * residuals[i]).sum::<f64>(),
    };
    (free >= 1.0).then(|| (0..columns.ncols()).map(one).collect())
}

#[cfg(test)]
#[path = "posterior_tests.rs"]
mod tests;
