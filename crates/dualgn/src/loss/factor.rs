//! [`CurvatureFactor`]: `L` with `L Lᵀ` the curvature of a loss, applied without forming it.

use burn::tensor::Tensor;

use crate::error::DeviceError;

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

impl CurvatureFactor {
    /// `Lᵀ K L` in double precision on the host, `[mr, mr]`, for a symmetric `K`, `[mk, mk]`, both row-major.
    ///
    /// A direct solver needs the matrix there anyway, and block by block this is a pass over memory, while on a device it
    /// is a dozen operations on tensors of the size of `K`.
    pub(crate) fn congruence(&self, kernel: Vec<f64>, [m, k]: [usize; 2]) -> Result<Vec<f64>, DeviceError> {
        let r = self.columns(k);
        let rows = match self {
            Self::Identity => return Ok(kernel),
            _ => self.blocks([m, k])?,
        };
        // Lᵀ K: each k rows of an example become r.
        let width = m * k;
        let mut half = vec![0.0; m * r * width];
        for (i, block) in half.chunks_exact_mut(r * width).enumerate() {
            rows[i].transpose_rows(&kernel[i * k * width..(i + 1) * k * width], block, width);
        }
        // (Lᵀ K) L: in each row, each k entries of an example become r.
        let mut result = vec![0.0; m * r * m * r];
        for (from, to) in half.chunks_exact(width).zip(result.chunks_exact_mut(m * r)) {
            for ((block, from), to) in rows.iter().zip(from.chunks_exact(k)).zip(to.chunks_exact_mut(r)) {
                block.transpose_rows(from, to, 1);
            }
        }
        Ok(result)
    }

    /// The factors of all examples on the host.
    fn blocks(&self, [m, k]: [usize; 2]) -> Result<Vec<Block>, DeviceError> {
        let rows = |tensor: &Tensor<2>| -> Result<Vec<Vec<f64>>, DeviceError> {
            let values: Vec<f64> = tensor.clone().try_into_data()?.iter::<f64>().collect();
            Ok(values.chunks_exact(k).map(<[f64]>::to_vec).collect())
        };
        Ok(match self {
            Self::Identity => (0..m).map(|_| Block::Diagonal(vec![1.0; k])).collect(),
            Self::Diagonal(diagonal) => rows(diagonal)?.into_iter().map(Block::Diagonal).collect(),
            Self::Softmax { root, probabilities } => {
                let both = rows(root)?.into_iter().zip(rows(probabilities)?);
                both.map(|(root, probabilities)| Block::Softmax { root, probabilities }).collect()
            }
            Self::Dense(factor) => {
                let [_, _, r] = factor.dims();
                let values: Vec<f64> = factor.clone().try_into_data()?.iter::<f64>().collect();
                values
                    .chunks_exact(k * r)
                    .map(|entries| Block::Dense { entries: entries.to_vec(), columns: r })
                    .collect()
            }
        })
    }
}

/// The factor of one example on the host.
enum Block {
    Diagonal(Vec<f64>),
    Softmax {
        root: Vec<f64>,
        probabilities: Vec<f64>,
    },
    /// `k × r`, row-major.
    Dense {
        entries: Vec<f64>,
        columns: usize,
    },
}

impl Block {
    /// `Lᵀ X` for `X` of `k` rows and `width` columns; `to` has `r` rows and holds zeros.
    fn transpose_rows(&self, from: &[f64], to: &mut [f64], width: usize) {
        let scaled = |to: &mut [f64], factor: f64, from: &[f64]| {
            for (to, from) in to.iter_mut().zip(from) {
                *to += factor * from;
            }
        };
        match self {
            Self::Diagonal(diagonal) => {
                for ((to, from), factor) in to.chunks_exact_mut(width).zip(from.chunks_exact(width)).zip(diagonal) {
                    scaled(to, *factor, from);
                }
            }
            // Lᵀ x = √q ∘ (x - qᵀ x).
            Self::Softmax { root, probabilities } => {
                let mut along = vec![0.0; width];
                for (from, q) in from.chunks_exact(width).zip(probabilities) {
                    scaled(&mut along, *q, from);
                }
                for ((to, from), root) in to.chunks_exact_mut(width).zip(from.chunks_exact(width)).zip(root) {
                    for ((to, from), along) in to.iter_mut().zip(from).zip(&along) {
                        *to = root * (from - along);
                    }
                }
            }
            Self::Dense { entries, columns } => {
                for (from, entries) in from.chunks_exact(width).zip(entries.chunks_exact(*columns)) {
                    for (to, entry) in to.chunks_exact_mut(width).zip(entries) {
                        scaled(to, *entry, from);
                    }
                }
            }
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
