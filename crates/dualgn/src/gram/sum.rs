//! [`Sum`]: contributions to a block of the Gram matrix, on its diagonal or off it.

use crate::kernels::{SymmetricSum, product};
use crate::tensor::Array;

/// The running sum for two sets of rows, or one.
pub(super) enum Sum {
    /// The products of one set of rows with itself.
    Symmetric(SymmetricSum),
    /// The products of two sets of rows.
    Rectangular(Option<Array>),
}

impl Sum {
    /// Adds `R Sᵀ`; `S` is `None` where it is `R`.
    pub(super) fn add_product(&mut self, left: Array, right: Option<Array>) {
        match (self, right) {
            (Self::Symmetric(sum), None) => sum.add_outer(left),
            (sum, right) => {
                let right = right.unwrap_or_else(|| left.clone());
                sum.add(product(left, right.transpose()));
            }
        }
    }

    /// Adds `(R Sᵀ) ⊙ (W ⊗ 11ᵀ)` for weights `W`, `[m, m']`; `S` is `None` where it is `R`.
    pub(super) fn add_weighted_product(&mut self, left: Array, right: Option<Array>, weights: Array) {
        match (self, right) {
            (Self::Symmetric(sum), None) => sum.add_weighted_outer(left, weights),
            (sum, right) => {
                let right = right.unwrap_or_else(|| left.clone());
                let (n, o, m, l) = (left.shape()[0], right.shape()[0], weights.shape()[0], weights.shape()[1]);
                let blocks = product(left, right.transpose()).reshape(&[m, n / m, l, o / l]);
                sum.add(blocks.mul(weights.reshape(&[m, 1, l, 1])).reshape(&[n, o]));
            }
        }
    }

    /// Adds a given block.
    pub(super) fn add(&mut self, block: Array) {
        match self {
            Self::Symmetric(sum) => sum.add(block),
            Self::Rectangular(sum) => {
                *sum = Some(match sum.take() {
                    Some(sum) => sum.add(block),
                    None => block,
                });
            }
        }
    }

    /// Returns the block; `None` if nothing was added to a rectangular one.
    pub(super) fn finish(self) -> Option<Array> {
        match self {
            Self::Symmetric(sum) => Some(sum.finish()),
            Self::Rectangular(sum) => sum,
        }
    }
}
