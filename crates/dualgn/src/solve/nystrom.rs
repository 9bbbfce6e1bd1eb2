//! [`Nystrom`]: a randomised preconditioner for `A = I + B` with a positive semidefinite `B` that is given by its
//! products.
//!
//! `B ≈ U Λ Uᵀ` of rank `r` from the products `B Ω` with `r` random vectors, and `P = U (Λ + I) Uᵀ / (λ_r + 1) + (I - U
//! Uᵀ)`: the large eigenvalues are reduced to the size of the small ones. (Frangella, Tropp and Udell, "Randomized
//! Nyström Preconditioning", 2023, algorithms 2.1 and 5.1.)

use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Mat, MatRef, Par, Side};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::error::DirectionError;

/// The operator `P^(-1/2)`, which is symmetric.
#[derive(Debug)]
pub(crate) struct Nystrom {
    /// `U`, `[n, r]`.
    vectors: Mat<f64>,
    /// `sqrt((λ_r + 1) / (λ + 1)) - 1` for each column of `U`.
    factors: Vec<f64>,
}

impl Nystrom {
    /// Orthonormal random vectors `Ω`, column-major `[n, r]`; the same on every machine.
    pub(crate) fn test_vectors(n: usize, rank: usize) -> Mat<f64> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
        let mut sign = || if random.random() { 1.0 } else { -1.0 };
        Mat::from_fn(n, rank.min(n), |_, _| sign()).qr().compute_thin_Q()
    }

    /// Builds the preconditioner from `Ω` and `Y = B Ω`.
    ///
    /// # Errors
    /// Returns `DirectionError::Factorisation` if the products are not finite, or not those of a positive semidefinite
    /// matrix.
    pub(crate) fn new(vectors: &Mat<f64>, mut products: Mat<f64>) -> Result<Self, DirectionError> {
        let failed = DirectionError::Factorisation { pivot: 0 };
        // A shift of the size of rounding makes the factorisation possible and is removed below. Products of networks
        // are as accurate as their float type, which is single precision at worst.
        let shift = f64::from(f32::EPSILON) * products.norm_l2();
        products += vectors * faer::Scale(shift);
        let core = vectors.transpose() * &products;
        let factor = core.llt(Side::Lower).map_err(|_| failed.clone())?;
        // F = Y C⁻ᵀ, by F ᵀ = C⁻¹ Yᵀ.
        let mut half = products.transpose().to_owned();
        solve_lower_triangular_in_place(factor.L(), half.as_mut(), Par::Seq);
        let half = half.transpose().to_owned();
        let decomposition = half.thin_svd().map_err(|_| failed)?;
        let values: Vec<f64> = decomposition.S().column_vector().iter().map(|s| (s * s - shift).max(0.0)).collect();
        let least = values.last().copied().unwrap_or(0.0);
        let factors = values.iter().map(|value| ((least + 1.0) / (value + 1.0)).sqrt() - 1.0).collect();
        Ok(Self { vectors: decomposition.U().to_owned(), factors })
    }

    /// Replaces `x` by `P^(-1/2) x`.
    pub(crate) fn solve(&self, x: &mut [f64]) {
        let column = MatRef::from_column_major_slice(x, x.len(), 1);
        let mut coordinates = self.vectors.transpose() * column;
        for (row, factor) in self.factors.iter().enumerate() {
            coordinates[(row, 0)] *= factor;
        }
        let change = &self.vectors * &coordinates;
        x.iter_mut().zip(change.col(0).iter()).for_each(|(x, change)| *x += change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If the rank of the matrix does not exceed that of the preconditioner, the preconditioned system is the identity,
    /// times a factor.
    #[test]
    fn of_a_matrix_of_low_rank_it_is_the_inverse_root() {
        let (n, rank) = (12, 3);
        let spread = Mat::from_fn(n, rank, |i, j| ((3 * i + 5 * j) as f64).sin() * 10f64.powi(j as i32));
        let b = &spread * spread.transpose();
        let vectors = Nystrom::test_vectors(n, 4);
        let error = (vectors.transpose() * &vectors - Mat::<f64>::identity(4, 4)).norm_max();
        assert!(error < 1e-14, "{error}");
        let nystrom = Nystrom::new(&vectors, &b * &vectors).unwrap();
        // The fourth eigenvalue is zero, so that P is A itself.
        let a = &b + Mat::<f64>::identity(n, n);
        for column in 0..n {
            let mut x = vec![0.0; n];
            x[column] = 1.0;
            nystrom.solve(&mut x);
            let product = &a * MatRef::from_column_major_slice(&x, n, 1);
            let mut back: Vec<f64> = product.col(0).iter().copied().collect();
            nystrom.solve(&mut back);
            for (row, value) in back.iter().enumerate() {
                // The shift of 1e-7 times the largest eigenvalue, about 1e4, is not removed exactly.
                assert!((value - f64::from(row == column)).abs() < 1e-2, "{row} {column}: {value}");
            }
        }
    }
}
