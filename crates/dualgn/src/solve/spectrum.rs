//! [`Spectrum`]: the eigenvalues and eigenvectors of a symmetric matrix, for solving systems with several shifts of it.

use faer::{Mat, MatRef, Side};

use crate::error::DirectionError;

/// The eigendecomposition `A = Q diag(values) Qᵀ`.
#[derive(Debug)]
pub(crate) struct Spectrum {
    /// The eigenvalues in ascending order.
    pub values: Vec<f64>,
    vectors: Mat<f64>,
}

impl Spectrum {
    /// Decomposes a square matrix, row-major, of which the upper triangle is read.
    ///
    /// # Errors
    /// Returns `DirectionError::Eigenvalues` if the iteration fails or the matrix is not finite.
    pub(crate) fn new(matrix: &[f64]) -> Result<Self, DirectionError> {
        let size = matrix.len().isqrt();
        // The upper triangle by rows is the lower triangle by columns.
        let view = MatRef::from_column_major_slice(matrix, size, size);
        let decomposition = view.self_adjoint_eigen(Side::Lower).map_err(|_| DirectionError::Eigenvalues)?;
        let values: Vec<f64> = decomposition.S().column_vector().iter().copied().collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(DirectionError::Eigenvalues);
        }
        Ok(Self { values, vectors: decomposition.U().to_owned() })
    }

    /// `Qᵀ x`.
    pub(crate) fn coordinates(&self, x: &[f64]) -> Vec<f64> {
        let product = self.vectors.transpose() * MatRef::from_column_major_slice(x, x.len(), 1);
        product.col(0).iter().copied().collect()
    }

    /// `Q c`.
    pub(crate) fn combination(&self, coordinates: Vec<f64>) -> Vec<f64> {
        let product = &self.vectors * MatRef::from_column_major_slice(&coordinates, coordinates.len(), 1);
        product.col(0).iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_matrix_whose_eigenvalues_are_known() {
        // 2 I + 11ᵀ has the eigenvalues 2, 2 and 5; below the diagonal nothing is read.
        let nan = f64::NAN;
        let spectrum = Spectrum::new(&[3.0, 1.0, 1.0, nan, 3.0, 1.0, nan, nan, 3.0]).unwrap();
        assert!(spectrum.values.iter().zip([2.0, 2.0, 5.0]).all(|(a, b)| (a - b).abs() < 1e-14));
        let x = [1.0, -2.0, 0.5];
        let back = spectrum.combination(spectrum.coordinates(&x));
        assert!(back.iter().zip(x).all(|(a, b)| (a - b).abs() < 1e-14));
        assert_eq!(Spectrum::new(&[nan]).unwrap_err(), DirectionError::Eigenvalues);
    }
}
