//! Direct solution on the host, in double precision.

use faer::linalg::solvers::Solve;
use faer::{ColRef, MatRef, Side};

use crate::error::DirectionError;

/// Solves `A x = b` for a symmetric positive definite `A`, given row-major; only its lower half is read.
///
/// # Errors
/// A pivot was not positive: `A` is not positive definite, or not finite.
pub(crate) fn cholesky(matrix: &[f64], rhs: &[f64]) -> Result<Vec<f64>, DirectionError> {
    let size = rhs.len();
    let matrix = MatRef::from_row_major_slice(matrix, size, size);
    let factor = matrix.llt(Side::Lower).map_err(|error| {
        let faer::linalg::cholesky::llt::factor::LltError::NonPositivePivot { index } = error;
        DirectionError::Factorisation { pivot: index }
    })?;
    let solution = factor.solve(ColRef::from_slice(rhs).as_mat());
    Ok(solution.col_as_slice(0).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovers_a_chosen_solution() {
        let size = 40;
        // B Bᵀ + I for a fixed B is positive definite; the right-hand side is made from the chosen x.
        let entry = |i: usize, j: usize| ((i * 31 + j * 17) % 23) as f64 / 23.0 - 0.5;
        let product = |i: usize, j: usize| (0..size).map(|l| entry(i, l) * entry(j, l)).sum::<f64>();
        let matrix: Vec<f64> =
            (0..size * size).map(|ij| product(ij / size, ij % size) + f64::from(ij / size == ij % size)).collect();
        let chosen: Vec<f64> = (0..size).map(|i| (i as f64).sin()).collect();
        let rhs: Vec<f64> = matrix.chunks(size).map(|row| row.iter().zip(&chosen).map(|(a, x)| a * x).sum()).collect();
        let solution = cholesky(&matrix, &rhs).unwrap();
        for (found, wanted) in solution.iter().zip(&chosen) {
            assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
        }
    }

    #[test]
    fn names_the_pivot_of_an_indefinite_matrix() {
        let error = cholesky(&[1.0, 0.0, 0.0, -1.0], &[1.0, 1.0]).unwrap_err();
        assert_eq!(error, DirectionError::Factorisation { pivot: 1 });
    }
}
