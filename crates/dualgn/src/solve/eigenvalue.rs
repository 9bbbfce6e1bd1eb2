//! The largest eigenvalue of a small symmetric matrix.

use faer::{MatRef, Side};

/// The largest eigenvalue of a symmetric positive semidefinite matrix, `[k, k]`; if the iteration fails, its trace,
/// which is an upper bound.
pub(crate) fn largest_eigenvalue(matrix: &[f64], k: usize) -> f64 {
    if k == 1 {
        return matrix[0];
    }
    let view = MatRef::from_row_major_slice(matrix, k, k);
    match view.self_adjoint_eigenvalues(Side::Lower) {
        Ok(values) => values[k - 1],
        Err(_) => (0..k).map(|c| matrix[c * (k + 1)]).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_matrix_whose_eigenvalues_are_known() {
        // 3 I + 2 · 11ᵀ has the eigenvalues 3 and 3 + 2k.
        let matrix: Vec<f64> = (0..16).map(|ij| 2.0 + 3.0 * f64::from(ij / 4 == ij % 4)).collect();
        assert!((largest_eigenvalue(&matrix, 4) - 11.0).abs() < 1e-12);
        assert_eq!(largest_eigenvalue(&[7.0], 1), 7.0);
    }
}
