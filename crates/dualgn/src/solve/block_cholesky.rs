//! [`BlockCholesky`]: a block-diagonal positive definite matrix, stored by its Cholesky factors, as a preconditioner.

use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Mat, MatMut, MatRef, Par, Side};

use crate::error::DirectionError;

/// The block-diagonal factor `C`, where `C Cᵀ` is the matrix.
#[derive(Debug)]
pub(crate) struct BlockCholesky(Vec<Mat<f64>>);

impl BlockCholesky {
    /// Factorises the blocks, which are row-major; only their upper triangles are read.
    ///
    /// # Errors
    /// Returns `DirectionError::Factorisation` if a block is not positive definite or not finite.
    pub(crate) fn new(blocks: Vec<Vec<f64>>) -> Result<Self, DirectionError> {
        let mut start = 0;
        let factor = |block: Vec<f64>| {
            let size = block.len().isqrt();
            // The upper triangle by rows is the lower triangle by columns.
            let matrix = MatRef::from_column_major_slice(&block, size, size);
            let factor = matrix.llt(Side::Lower).map_err(|_| DirectionError::Factorisation { pivot: start })?;
            start += size;
            Ok(factor.L().to_owned())
        };
        Ok(Self(blocks.into_iter().map(factor).collect::<Result<_, _>>()?))
    }

    /// Replaces `x` by `C⁻¹ x`.
    pub(crate) fn solve(&self, x: &mut [f64]) {
        self.each(x, |factor, x| solve_lower_triangular_in_place(factor, x, Par::Seq));
    }

    /// Replaces `x` by `C⁻ᵀ x`.
    pub(crate) fn solve_transposed(&self, x: &mut [f64]) {
        self.each(x, |factor, x| solve_upper_triangular_in_place(factor.transpose(), x, Par::Seq));
    }

    fn each(&self, mut x: &mut [f64], solve: impl Fn(MatRef<f64>, MatMut<f64>)) {
        for factor in &self.0 {
            let (own, rest) = x.split_at_mut(factor.nrows());
            let rows = own.len();
            solve(factor.as_ref(), MatMut::from_column_major_slice_mut(own, rows, 1));
            x = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_together_invert_each_block() {
        // [[4, 2], [2, 3]] and [9], the lower triangle unread.
        let blocks = BlockCholesky::new(vec![vec![4.0, 2.0, f64::NAN, 3.0], vec![9.0]]).unwrap();
        let mut x = [8.0, 8.0, 18.0];
        blocks.solve(&mut x);
        blocks.solve_transposed(&mut x);
        assert!(x.iter().zip([1.0, 2.0, 2.0]).all(|(a, b)| (a - b).abs() < 1e-14), "{x:?}");
        let error = BlockCholesky::new(vec![vec![1.0], vec![-1.0]]).unwrap_err();
        assert_eq!(error, DirectionError::Factorisation { pivot: 1 });
    }
}
