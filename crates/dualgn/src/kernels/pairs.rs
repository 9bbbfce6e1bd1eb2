//! Inner products of sums of outer products, over pairs of their terms.

use burn::tensor::{Element, TensorData};
use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::Arch;
use rayon::prelude::*;

use super::real::Real;
use super::{HostTensor, contiguous, is_on_host, range, with_float};
use crate::tensor::Array;

/// `Σ_t a_t δ_tᵀ` of some examples, by their factors.
#[derive(Clone)]
pub(crate) struct Terms {
    /// `[n, T, a]`.
    pub inputs: Array,
    /// `[n, k, T, b]`.
    pub sensitivities: Array,
}

/// Rows per tile: two matrices of that many rows and columns stay in the cache of a core.
const TILE: usize = 160;

/// `Σ_ts (a_tᵀ a'_s) (δ_tᵀ δ'_s)` for all pairs of examples and of their rows, `[n k, n' k']`; `right` is `None` if it
/// is `left`.
///
/// On the CPU both products are computed tile by tile and summed while they are in the cache; for a symmetric matrix
/// only the lower half is computed. On other devices both products are formed in memory, and the caller ensures that
/// they fit.
pub(crate) fn pair_sums(left: &Terms, right: Option<&Terms>) -> Array {
    let other = right.unwrap_or(left);
    let arrays = [&left.inputs, &left.sensitivities, &other.inputs, &other.sensitivities];
    let dtype = left.inputs.dtype();
    if !arrays.iter().all(|array| is_on_host(array) && array.dtype() == dtype) {
        return written_out(left, other);
    }
    let ([n, k, ..], [o, l, ..]) = (left.lengths(), other.lengths());
    let device = left.inputs.device();
    let tensors = arrays.map(|array| contiguous(array).expect("on the host"));
    let data = with_float!(dtype, {
        let slice = |tensor: &'_ HostTensor| range(tensor);
        let of = |index: usize| &tensors[index].storage::<T>()[slice(&tensors[index])];
        let sides = [Side::new(left, of(0), of(1)), Side::new(other, of(2), of(3))];
        TensorData::new(by_tiles(&sides, right.is_none()), [n * k, o * l])
    });
    Array::from_data(data, &device)
}

impl Terms {
    /// Numbers of examples, rows per example, terms, inputs and outputs.
    fn lengths(&self) -> [usize; 5] {
        let (inputs, shape) = (self.inputs.shape()[2], self.sensitivities.shape());
        [shape[0], shape[1], shape[2], inputs, shape[3]]
    }
}

/// The factors on the host.
struct Side<'a, T> {
    inputs: &'a [T],
    sensitivities: &'a [T],
    lengths: [usize; 5],
}

impl<'a, T: Copy> Side<'a, T> {
    fn new(terms: &Terms, inputs: &'a [T], sensitivities: &'a [T]) -> Self {
        Self { inputs, sensitivities, lengths: terms.lengths() }
    }

    /// Number of examples per tile.
    fn at_once(&self) -> usize {
        let [_, k, t, ..] = self.lengths;
        (TILE / (k * t).max(1)).max(1)
    }

    /// The factors of some examples, as matrices of `T` and of `k T` rows each.
    fn part(&self, start: usize, end: usize) -> [MatRef<'a, T>; 2] {
        let [_, k, t, a, b] = self.lengths;
        let count = end - start;
        [
            MatRef::from_row_major_slice(&self.inputs[start * t * a..end * t * a], count * t, a),
            MatRef::from_row_major_slice(&self.sensitivities[start * k * t * b..end * k * t * b], count * k * t, b),
        ]
    }
}

fn by_tiles<T: Real + ComplexField + Element + Default>(sides: &[Side<T>; 2], symmetric: bool) -> Vec<T> {
    let [left, right] = sides;
    let ([n, k, t, ..], [o, l, s, ..]) = (left.lengths, right.lengths);
    let (height, width) = (left.at_once(), right.at_once());
    let columns = o * l;
    let mut sums = vec![T::ZERO; n * k * columns];
    let arch = Arch::new();
    let tile = |(index, rows): (usize, &mut [T])| {
        let (start, end) = (index * height, (index * height + height).min(n));
        let [a, d] = left.part(start, end);
        let (mut p, mut q) = (vec![T::ZERO; height * t * width * s], vec![T::ZERO; height * k * t * width * l * s]);
        let mut pairs = vec![T::ZERO; width * l * s];
        let last = if symmetric { end } else { o };
        for first in (0..last).step_by(width) {
            let next = (first + width).min(o);
            let (count, [b, e]) = (next - first, right.part(first, next));
            let p = multiply(&mut p, a, b);
            let q = multiply(&mut q, d, e);
            let (inner, wide) = (count * s, count * l * s);
            for (row, sums) in rows.chunks_exact_mut(columns).enumerate() {
                let (i, c) = (row / k, row % k);
                let pairs = &mut pairs[..wide];
                pairs.fill(T::ZERO);
                for term in 0..t {
                    let p = &p[(i * t + term) * inner..][..inner];
                    let q = &q[((i * k + c) * t + term) * wide..][..wide];
                    add_products(arch, pairs, p, q, l, s);
                }
                for (sum, pairs) in sums[first * l..next * l].iter_mut().zip(pairs.chunks_exact(s)) {
                    *sum = pairs.iter().fold(T::ZERO, |sum, pair| sum + *pair);
                }
            }
        }
    };
    sums.par_chunks_mut(height * k * columns).enumerate().for_each(tile);
    if symmetric {
        for row in 0..n * k {
            for column in row + 1..columns {
                sums[row * columns + column] = sums[column * columns + row];
            }
        }
    }
    sums
}

/// Computes `x yᵀ` into the beginning of a buffer.
fn multiply<'b, T: ComplexField + Copy>(buffer: &'b mut [T], x: MatRef<T>, y: MatRef<T>) -> &'b [T] {
    let buffer = &mut buffer[..x.nrows() * y.nrows()];
    let target = MatMut::from_row_major_slice_mut(buffer, x.nrows(), y.nrows());
    matmul(target, Accum::Replace, x, y.transpose(), T::one_impl(), Par::Seq);
    buffer
}

/// Adds the products of `p` and `q` to `pairs`: the `s` entries of an example in `p` are multiplied with those of each
/// of its `l` rows in `q`.
fn add_products<T: Real>(arch: Arch, pairs: &mut [T], p: &[T], q: &[T], l: usize, s: usize) {
    arch.dispatch(
        #[inline(always)]
        || {
            if l == 1 {
                for ((pair, p), q) in pairs.iter_mut().zip(p).zip(q) {
                    *pair = *pair + *p * *q;
                }
                return;
            }
            let examples = pairs.chunks_exact_mut(l * s).zip(q.chunks_exact(l * s)).zip(p.chunks_exact(s));
            for ((pairs, q), p) in examples {
                for (pairs, q) in pairs.chunks_exact_mut(s).zip(q.chunks_exact(s)) {
                    for ((pair, p), q) in pairs.iter_mut().zip(p).zip(q) {
                        *pair = *pair + *p * *q;
                    }
                }
            }
        },
    );
}

/// The same sums with both products formed in memory.
fn written_out(left: &Terms, right: &Terms) -> Array {
    let ([n, k, t, a, b], [o, l, s, ..]) = (left.lengths(), right.lengths());
    let inputs = left.inputs.clone().reshape(&[n * t, a]).matmul(right.inputs.clone().reshape(&[o * s, a]).transpose());
    let outputs = left.sensitivities.clone().reshape(&[n * k * t, b]);
    let outputs = outputs.matmul(right.sensitivities.clone().reshape(&[o * l * s, b]).transpose());
    let pairs = outputs.reshape(&[n, k, t, o, l, s]).mul(inputs.reshape(&[n, 1, t, o, 1, s]));
    pairs.sum_axis(5).sum_axis(2).reshape(&[n * k, o * l])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    fn terms([n, k, t, a, b]: [usize; 5], seed: usize, dtype: DType) -> Terms {
        let array = |shape: &[usize], seed: usize| {
            let values: Vec<f64> =
                (0..shape.iter().product()).map(|i: usize| ((i * 37 + seed * 29) % 101) as f64 / 50.0 - 1.0).collect();
            Array::from_f64(&values, shape, dtype, &Device::flex())
        };
        Terms { inputs: array(&[n, t, a], seed), sensitivities: array(&[n, k, t, b], seed + 1) }
    }

    #[test]
    fn tiles_and_whole_products_agree() {
        for (dtype, tolerance) in [(DType::F32, 1e-5), (DType::F64, 1e-14)] {
            for (first, second) in [
                ([1, 1, 1, 3, 2], [2, 1, 1, 3, 2]),
                ([90, 1, 4, 3, 5], [50, 1, 2, 3, 5]),
                ([33, 3, 4, 2, 6], [70, 2, 3, 2, 6]),
                ([3, 2, 200, 2, 2], [4, 1, 3, 2, 2]),
            ] {
                let (left, right) = (terms(first, 1, dtype), terms(second, 5, dtype));
                for right in [None, Some(&right)] {
                    let found = pair_sums(&left, right).to_f64().unwrap();
                    let wanted = written_out(&left, right.unwrap_or(&left)).to_f64().unwrap();
                    let scale = wanted.iter().fold(1.0f64, |most, x| most.max(x.abs()));
                    assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() <= tolerance * scale), "{first:?}");
                }
            }
        }
    }
}
