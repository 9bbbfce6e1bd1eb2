//! [`CurvatureFactor`]: `L` with `L Lᵀ` the curvature of a loss, applied without forming it.

use burn::tensor::Tensor;

/// Factors `L_i`, `k × r`, one an example, of the curvature `L_i L_iᵀ` of a loss at the outputs.
///
/// Vectors carry a leading axis `c` for any number of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CurvatureFactor {
    /// `L_i = I`.
    Identity,
    /// `L_i = diag(d_i)`; `d` is `[m, k]`.
    Diagonal(Tensor<2>),
    /// `L_i = diag(√q_i) - q_i √q_iᵀ` for probabilities `q_i`, so that `L_i L_iᵀ = diag(q_i) - q_i q_iᵀ`.
    Softmax {
        /// `√q`, `[m, k]`.
        root: Tensor<2>,
        /// `q`, `[m, k]`.
        probabilities: Tensor<2>,
    },
    /// Any factor, `[m, k, r]`.
    Dense(Tensor<3>),
}

impl CurvatureFactor {
    /// Columns `r` of each factor, for `k` outputs.
    pub fn columns(&self, outputs: usize) -> usize {
        match self {
            Self::Dense(factor) => factor.dims()[2],
            _ => outputs,
        }
    }

    /// `L x`: `[c, m, r]` to `[c, m, k]`.
    pub fn apply(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Identity => x,
            Self::Diagonal(diagonal) => x * lift(diagonal),
            Self::Softmax { root, probabilities } => {
                let along = (x.clone() * lift(root)).sum_dim(2);
                x * lift(root) - lift(probabilities) * along
            }
            Self::Dense(factor) => batched(x, factor.clone()),
        }
    }

    /// `Lᵀ x`: `[c, m, k]` to `[c, m, r]`.
    pub fn apply_transpose(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Identity => x,
            Self::Diagonal(diagonal) => x * lift(diagonal),
            Self::Softmax { root, probabilities } => {
                let along = (x.clone() * lift(probabilities)).sum_dim(2);
                lift(root) * (x - along)
            }
            Self::Dense(factor) => batched(x, factor.clone().swap_dims(1, 2)),
        }
    }
}

fn lift(x: &Tensor<2>) -> Tensor<3> {
    x.clone().unsqueeze()
}

/// `x[c, i, :] · factor[i, :, :]ᵀ` for each example `i`.
fn batched(x: Tensor<3>, factor: Tensor<3>) -> Tensor<3> {
    x.swap_dims(0, 1).matmul(factor.swap_dims(1, 2)).swap_dims(0, 1)
}
