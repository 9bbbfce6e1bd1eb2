//! [`CurvatureFactor`]: a factor `L` with `L Lᵀ` the curvature of a loss, applied without forming it.

mod block;
mod contrasts;

use burn::tensor::Tensor;
use rayon::prelude::*;

use crate::error::DeviceError;
use block::Block;

/// Factors `L_i`, `k × r`, one per example, of the curvature `L_i L_iᵀ` of a loss at the outputs.
///
/// Vectors have a leading axis of length `c`, so that several can be multiplied at once.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "one exists per direction; a box would be one more thing to unwrap")]
pub enum CurvatureFactor {
    /// The identity, `L_i = I`.
    Identity,
    /// A diagonal factor, `L_i = diag(d_i)`; `d` is `[m, k]`.
    Diagonal(Tensor<2>),
    /// The factor of softmax cross-entropy, `L_i = diag(√q_i) - q_i √q_iᵀ` for probabilities `q_i`, so that `L_i L_iᵀ =
    /// diag(q_i) - q_i q_iᵀ`.
    Softmax {
        /// `√q`, `[m, k]`.
        root: Tensor<2>,
        /// `q`, `[m, k]`.
        probabilities: Tensor<2>,
    },
    /// Arbitrary factors, `[m, k, r]`.
    Dense(Tensor<3>),
    /// Outputs in `count` rows of equal length, each with its own factor and weight: `L_i` is block-diagonal.
    Rows {
        /// Rows per example.
        count: usize,
        /// Square roots of the weights, `[m · count, 1]`.
        root: Tensor<2>,
        /// The factors of all rows of all examples.
        factor: Box<CurvatureFactor>,
    },
    /// Outputs in two groups, each with its own factor: `L_i` is block-diagonal.
    Heads {
        /// Outputs per example in the first group.
        outputs: usize,
        /// The factors of the first group.
        first: Box<CurvatureFactor>,
        /// The factors of the second group.
        second: Box<CurvatureFactor>,
    },
}

impl CurvatureFactor {
    /// Returns the number of columns `r` of each factor, for `k` outputs.
    pub fn columns(&self, outputs: usize) -> usize {
        match self {
            Self::Dense(factor) => factor.dims()[2],
            Self::Rows { count, factor, .. } => count * factor.columns(outputs / count),
            Self::Heads { outputs: split, first, second } => first.columns(*split) + second.columns(outputs - split),
            _ => outputs,
        }
    }

    /// Multiplies by the factors, `L x`: `[c, m, r]` to `[c, m, k]`.
    pub fn apply(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Identity => x,
            Self::Diagonal(diagonal) => x * lift(diagonal),
            Self::Softmax { root, probabilities } => {
                let along = (x.clone() * lift(root)).sum_dim(2);
                x * lift(root) - lift(probabilities) * along
            }
            Self::Dense(factor) => batched(x, factor.clone()),
            Self::Rows { count, root, factor } => in_rows(x, *count, |x| factor.apply(x) * lift(root)),
            Self::Heads { outputs, first, second } => {
                let (a, b) = split(x, first.columns(*outputs));
                Tensor::cat(vec![first.apply(a), second.apply(b)], 2)
            }
        }
    }

    /// Multiplies by the transposed factors, `Lᵀ x`: `[c, m, k]` to `[c, m, r]`.
    pub fn apply_transpose(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Identity => x,
            Self::Diagonal(diagonal) => x * lift(diagonal),
            Self::Softmax { root, probabilities } => {
                let along = (x.clone() * lift(probabilities)).sum_dim(2);
                lift(root) * (x - along)
            }
            Self::Dense(factor) => batched(x, factor.clone().swap_dims(1, 2)),
            Self::Rows { count, root, factor } => in_rows(x, *count, |x| factor.apply_transpose(x) * lift(root)),
            Self::Heads { outputs, first, second } => {
                let (a, b) = split(x, *outputs);
                Tensor::cat(vec![first.apply_transpose(a), second.apply_transpose(b)], 2)
            }
        }
    }
}

impl CurvatureFactor {
    /// The upper triangle of `I + s Lᵀ K L` in double precision on the host, `[mr, mr]`, for a symmetric `K`, `[mk,
    /// mk]`, both row-major. Entries below the blocks of the diagonal are zero.
    pub(crate) fn system<T: Copy + Into<f64> + Sync>(
        &self,
        kernel: &[T],
        scale: f64,
        shape: [usize; 2],
    ) -> Result<Vec<f64>, DeviceError> {
        let mut blocks = self.system_blocks(kernel, scale, shape, shape[0])?;
        Ok(blocks.pop().unwrap_or_default())
    }

    /// Computes the diagonal blocks of the same matrix, of `per` examples each; the last block may have fewer.
    ///
    /// A direct solver needs the matrix on the host anyway. There this is one pass over memory, block by block, while
    /// on a device it would take a dozen operations on tensors of the size of `K`.
    pub(crate) fn system_blocks<T: Copy + Into<f64> + Sync>(
        &self,
        kernel: &[T],
        scale: f64,
        [m, k]: [usize; 2],
        per: usize,
    ) -> Result<Vec<Vec<f64>>, DeviceError> {
        // The blocks of the factor may be smaller than an example.
        let count = self.rows();
        let (r, m, k, per) = (self.columns(k) / count, m * count, k / count, per * count);
        let width = m * k;
        let factors = self.blocks([m, k])?;
        let mut systems = vec![];
        let scratch = || (vec![0.0; k * width], vec![0.0; r * width]);
        for start in (0..m).step_by(per) {
            let end = (start + per).min(m);
            let size = (end - start) * r;
            let mut system = vec![0.0; size * size];
            system.par_chunks_exact_mut(r * size).enumerate().for_each_init(
                scratch,
                |(rows, half), (index, system)| {
                    let i = start + index;
                    // Lᵢᵀ K from the diagonal on, and then each row of it times the factors of the examples from i on.
                    let columns = (end - i) * k;
                    for c in 0..k {
                        let row = &kernel[(i * k + c) * width + i * k..][..columns];
                        for (to, from) in rows[c * columns..(c + 1) * columns].iter_mut().zip(row) {
                            *to = scale * (*from).into();
                        }
                    }
                    let half = &mut half[..r * columns];
                    factors[i].transpose_rows(&rows[..k * columns], columns, half);
                    for (from, to) in half.chunks_exact(columns).zip(system.chunks_exact_mut(size)) {
                        let parts = from.chunks_exact(k).zip(to[(i - start) * r..].chunks_exact_mut(r));
                        for (factor, (from, to)) in factors[i..end].iter().zip(parts) {
                            factor.transpose_vector(from, to);
                        }
                    }
                },
            );
            for index in 0..size {
                system[index * (size + 1)] += 1.0;
            }
            systems.push(system);
        }
        Ok(systems)
    }

    /// The number of diagonal blocks of the factor of an example.
    fn rows(&self) -> usize {
        match self {
            Self::Rows { count, factor, .. } => count * factor.rows(),
            _ => 1,
        }
    }

    /// The factors of all examples, or of all rows, on the host.
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
            Self::Heads { outputs, first, second } => {
                let of_head = |factor: &Self, outputs: usize| -> Result<Vec<Vec<Block>>, DeviceError> {
                    let count = factor.rows();
                    let mut blocks = factor.blocks([m * count, outputs / count])?.into_iter();
                    Ok((0..m).map(|_| blocks.by_ref().take(count).collect()).collect())
                };
                let both = of_head(first, *outputs)?.into_iter().zip(of_head(second, k - outputs)?);
                both.map(|(first, second)| Block::Diagonals([first, second].concat())).collect()
            }
            Self::Rows { root, factor, .. } => {
                // Rows may be nested in rows: then one weight applies to several blocks.
                let roots = root.clone().try_into_data()?.iter::<f64>().collect::<Vec<_>>().into_iter();
                let roots = roots.flat_map(|root| std::iter::repeat_n(root, factor.rows()));
                let blocks = factor.blocks([m, k])?.into_iter().zip(roots);
                blocks.map(|(block, root)| Block::Scaled { root, block: Box::new(block) }).collect()
            }
        })
    }
}

/// Applies a function of `[c, m · count, n]` to `[c, m, count · n]`.
fn in_rows(x: Tensor<3>, count: usize, apply: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Tensor<3> {
    let [c, m, width] = x.dims();
    let result = apply(x.reshape([c, m * count, width / count]));
    let [.., columns] = result.dims();
    result.reshape([c, m, count * columns])
}

fn lift(x: &Tensor<2>) -> Tensor<3> {
    x.clone().unsqueeze()
}

/// `x[c, i, :] · factor[i, :, :]ᵀ` for each example `i`.
fn batched(x: Tensor<3>, factor: Tensor<3>) -> Tensor<3> {
    x.swap_dims(0, 1).matmul(factor.swap_dims(1, 2)).swap_dims(0, 1)
}

/// The first `width` columns of `[c, m, n]`, and the others.
fn split(x: Tensor<3>, width: usize) -> (Tensor<3>, Tensor<3>) {
    let [_, _, whole] = x.dims();
    (x.clone().narrow(2, 0, width), x.narrow(2, width, whole - width))
}
