//! [`SymmetricSum`]: a running sum of `R Rᵀ` and of weighted products, of which only the lower half is computed until
//! the end.

use burn::tensor::{DType, Device, Element, TensorData};
use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::Arch;
use rayon::prelude::*;

use super::real::Real;
use super::{contiguous, is_on_host, range};
use crate::tensor::Array;

/// A running sum of symmetric matrices `[n, n]`.
///
/// On the CPU each thread processes some rows: it multiplies them with all rows up to them, in a piece of memory that
/// stays in its cache, and adds the piece to the sum. The matrix in memory is traversed once per contribution. On other
/// devices it is a sum of arrays.
pub(crate) struct SymmetricSum {
    size: usize,
    dtype: DType,
    device: Device,
    lower: Lower,
    /// The contributions that are not on the host, or were given as whole matrices.
    rest: Option<Array>,
}

/// The lower half of a square matrix on the host, row-major; entries above the diagonal are unspecified. Empty until
/// something is added.
enum Lower {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

/// Side of the squares in which a half is mirrored, so that both copies stay in the first-level cache.
const TILE: usize = 32;
/// Size of the piece of a thread, in bytes.
const PIECE: usize = 256 << 10;

impl SymmetricSum {
    pub(crate) fn new(size: usize, dtype: DType, device: Device) -> Self {
        let lower = if dtype == DType::F64 { Lower::Double(vec![]) } else { Lower::Single(vec![]) };
        Self { size, dtype, device, lower, rest: None }
    }

    /// Adds `R Rᵀ` of `R`, `[n, width]`.
    pub(crate) fn add_outer(&mut self, rows: Array) {
        self.add_rows(rows, None);
    }

    /// Adds `(R Rᵀ) ⊙ (W ⊗ 11ᵀ)` for weights `W`, `[m, m]`, each of `n / m` rows by as many.
    pub(crate) fn add_weighted_outer(&mut self, rows: Array, weights: Array) {
        self.add_rows(rows, Some(weights));
    }

    /// Adds a given symmetric matrix.
    pub(crate) fn add(&mut self, matrix: Array) {
        self.rest = Some(match self.rest.take() {
            Some(sum) => sum.add(matrix),
            None => matrix,
        });
    }

    fn add_rows(&mut self, rows: Array, weights: Option<Array>) {
        let (n, width) = (self.size, rows.shape()[1]);
        if !(is_on_host(&rows) && rows.dtype() == self.dtype) {
            let product = rows.clone().matmul(rows.transpose());
            let product = match weights {
                Some(weights) => {
                    let m = weights.shape()[0];
                    let product = product.reshape(&[m, n / m, m, n / m]);
                    product.mul(weights.reshape(&[m, 1, m, 1])).reshape(&[n, n])
                }
                None => product,
            };
            return self.add(product);
        }
        let rows = contiguous(&rows).expect("on the host");
        let range = range(&rows);
        let weights = weights.map(|weights| {
            let m = weights.shape()[0];
            (contiguous(&weights).expect("where the rows are"), m)
        });
        match &mut self.lower {
            Lower::Single(sum) => {
                let weights = weights.as_ref().map(|(weights, m)| (&weights.storage::<f32>()[..m * m], n / m));
                accumulate(sum, &rows.storage::<f32>()[range], n, width, weights);
            }
            Lower::Double(sum) => {
                let weights = weights.as_ref().map(|(weights, m)| (&weights.storage::<f64>()[..m * m], n / m));
                accumulate(sum, &rows.storage::<f64>()[range], n, width, weights);
            }
        }
    }

    /// Returns the whole matrix.
    pub(crate) fn finish(self) -> Array {
        let (n, device, dtype) = (self.size, self.device, self.dtype);
        let array = |data| Array::from_data(data, &device);
        let made = match self.lower {
            Lower::Single(mut sum) => (!sum.is_empty()).then(|| {
                mirror(&mut sum, n, 0);
                array(TensorData::new(sum, [n, n]))
            }),
            Lower::Double(mut sum) => (!sum.is_empty()).then(|| {
                mirror(&mut sum, n, 0);
                array(TensorData::new(sum, [n, n]))
            }),
        };
        [made, self.rest]
            .into_iter()
            .flatten()
            .reduce(Array::add)
            .unwrap_or_else(|| Array::zeros(&[n, n], dtype, &device))
    }
}

/// Adds the lower half of `R Rᵀ`, weighted by `(W, rows per weight)`.
fn accumulate<T: Real + Element + ComplexField + Default>(
    sum: &mut Vec<T>,
    rows: &[T],
    n: usize,
    width: usize,
    weights: Option<(&[T], usize)>,
) {
    if sum.is_empty() {
        *sum = vec![T::default(); n * n];
    }
    // Rows of a piece: as many as fit, but few enough that little is multiplied above the diagonal, and a multiple of
    // the rows per weight.
    let repeat = weights.map_or(1, |(_, repeat)| repeat);
    let most = PIECE / (n * size_of::<T>()).max(1);
    let taken = most.min(n / 7).max(24).next_multiple_of(repeat);
    let rows = MatRef::from_row_major_slice(rows, n, width);
    let arch = Arch::new();
    let take = |scratch: &mut Vec<T>, (piece, target): (usize, &mut [T])| {
        let start = piece * taken;
        let count = target.len() / n;
        let end = start + count;
        scratch.resize(count * end, T::default());
        let product = MatMut::from_row_major_slice_mut(&mut scratch[..count * end], count, end);
        let (own, all) = (rows.subrows(start, count), rows.subrows(0, end));
        matmul(product, Accum::Replace, own, all.transpose(), T::one_impl(), Par::Seq);
        let lines = scratch[..count * end].chunks_exact(end).zip(target.chunks_exact_mut(n));
        match weights {
            None => lines.for_each(|(from, to)| add(arch, &mut to[..end], from)),
            Some((weights, repeat)) => {
                let m = n / repeat;
                let mut spread = vec![T::default(); end];
                for (line, (from, to)) in lines.enumerate() {
                    let example = (start + line) / repeat;
                    if line % repeat == 0 {
                        let own = &weights[example * m..(example + 1) * m];
                        spread.chunks_mut(repeat).zip(own).for_each(|(part, weight)| part.fill(*weight));
                    }
                    add_product(arch, &mut to[..end], from, &spread);
                }
            }
        }
    };
    sum.par_chunks_mut(taken * n).enumerate().for_each_init(Vec::new, take);
}

#[inline(always)]
fn add<T: Real>(arch: Arch, to: &mut [T], from: &[T]) {
    arch.dispatch(|| to.iter_mut().zip(from).for_each(|(to, from)| *to = *to + *from));
}

#[inline(always)]
fn add_product<T: Real>(arch: Arch, to: &mut [T], a: &[T], b: &[T]) {
    arch.dispatch(|| to.iter_mut().zip(a.iter().zip(b)).for_each(|(to, (a, b))| *to = *to + *a * *b));
}

/// Copies the lower half to the upper; `rows` are some rows of the matrix, starting with row `first`.
fn mirror<T: Copy + Send + Sync>(rows: &mut [T], n: usize, first: usize) {
    let count = rows.len() / n.max(1);
    if count <= TILE {
        for i in 0..count {
            for j in 0..i {
                rows[j * n + first + i] = rows[i * n + first + j];
            }
        }
        return;
    }
    let half = (count / 2).next_multiple_of(TILE).min(count);
    let (top, bottom) = rows.split_at_mut(half * n);
    top.par_chunks_mut(TILE * n).enumerate().for_each(|(tile, top)| {
        let row = first + tile * TILE;
        let lines = top.len() / n;
        for left in (0..count - half).step_by(TILE) {
            for i in 0..lines {
                for j in left..(left + TILE).min(count - half) {
                    top[i * n + first + half + j] = bottom[j * n + row + i];
                }
            }
        }
    });
    rayon::join(|| mirror(top, n, first), || mirror(bottom, n, first + half));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize, width: usize, dtype: DType) -> Array {
        let values: Vec<f64> = (0..n * width).map(|i| ((i * 37) % 101) as f64 / 50.0 - 1.0).collect();
        Array::from_f64(&values, &[n, width], dtype, &Device::flex())
    }

    /// Plain, weighted and whole contributions against Burn's products, at sizes on both sides of pieces and tiles.
    #[test]
    fn sums_are_those_of_full_products() {
        for (m, k, width) in [(1, 1, 5), (48, 1, 3), (7, 7, 1), (16, 4, 7), (97, 1, 20), (23, 10, 64), (30, 12, 33)] {
            let n = m * k;
            for (dtype, tolerance) in [(DType::F64, 1e-13), (DType::F32, 1e-5)] {
                let (a, b) = (rows(n, width, dtype), rows(n, width + 2, dtype));
                let weights = rows(m, 4, dtype);
                let weights = weights.clone().matmul(weights.transpose());
                let full = |rows: &Array| rows.clone().matmul(rows.clone().transpose());
                let mut sum = SymmetricSum::new(n, dtype, Device::flex());
                sum.add_outer(a.clone());
                sum.add_weighted_outer(b.clone(), weights.clone());
                sum.add(full(&a));
                let weighted = full(&b).reshape(&[m, k, m, k]).mul(weights.reshape(&[m, 1, m, 1])).reshape(&[n, n]);
                let wanted = full(&a).scale(2.0).add(weighted).to_f64().unwrap();
                let found = sum.finish().to_f64().unwrap();
                let error = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(error < tolerance * 4.0 * width as f64, "{m} {k} {width} {dtype:?}: {error}");
            }
        }
    }

    #[test]
    fn an_empty_sum_is_zero() {
        assert_eq!(SymmetricSum::new(2, DType::F32, Device::flex()).finish().to_f64().unwrap(), [0.0; 4]);
    }
}
