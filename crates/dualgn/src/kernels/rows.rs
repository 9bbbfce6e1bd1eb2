//! Sums of products of rows.

use std::mem::MaybeUninit;
use std::ops::Range;

use burn::tensor::{Element, TensorData};
use pulp::Arch;
use rayon::prelude::*;

use super::real::Real;
use super::{HostTensor, contiguous, is_on_host, range, with_float};
use crate::tensor::Array;

/// The product `factor · Π rows`, elementwise, as a summand of row `to` of the result. A row is one entry of the first
/// axis of a source, given by the indices of the source and of the row.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub to: usize,
    pub factor: f64,
    pub rows: Vec<[usize; 2]>,
}

/// Number of elements of a row that are summed at a time, so that the sum stays in the cache.
const CHUNK: usize = 2048;

/// Sums of products of rows of arrays `[rows, n]`: `[count, n]`.
pub(crate) fn sum_products(count: usize, terms: &[Term], sources: &[Array]) -> Array {
    let n = sources[0].shape()[1];
    let (dtype, device) = (sources[0].dtype(), sources[0].device());
    if n == 0 || !sources.iter().all(|source| is_on_host(source) && source.dtype() == dtype) {
        return by_operations(count, terms, sources);
    }
    let tensors: Vec<HostTensor> = sources.iter().map(|source| contiguous(source).expect("on the host")).collect();
    let data = with_float!(dtype, {
        let sources: Vec<&[T]> = tensors.iter().map(|tensor| &tensor.storage::<T>()[range(tensor)]).collect();
        TensorData::new(on_host(count, n, terms, &sources), [count, n])
    });
    Array::from_data(data, &device)
}

/// A term with references to its rows.
struct Product<'a, T> {
    factor: T,
    rows: Vec<&'a [T]>,
}

#[expect(unsafe_code, reason = "zeros that are added to at once cost 6 % of a gradient of W4 (decision 32)")]
fn on_host<T: Real + Element>(count: usize, n: usize, terms: &[Term], sources: &[&[T]]) -> Vec<T> {
    let mut of_row: Vec<Vec<Product<T>>> = (0..count).map(|_| vec![]).collect();
    for term in terms {
        let rows = term.rows.iter().map(|&[source, row]| &sources[source][row * n..(row + 1) * n]).collect();
        of_row[term.to].push(Product { factor: T::from_f64(term.factor), rows });
    }
    let mut sums = Vec::with_capacity(count * n);
    let arch = Arch::new();
    sums.spare_capacity_mut()[..count * n].par_chunks_exact_mut(n).zip(&of_row).for_each(|(sums, terms)| {
        for (index, sums) in sums.chunks_mut(CHUNK).enumerate() {
            let range = index * CHUNK..index * CHUNK + sums.len();
            let Some((first, others)) = terms.split_first() else {
                sums.fill(MaybeUninit::new(T::ZERO));
                continue;
            };
            first.each(
                arch,
                range.clone(),
                sums,
                #[inline(always)]
                |sum, product| {
                    sum.write(product);
                },
            );
            // SAFETY: the first term wrote each of them: its rows are as long as the range, which is as long as the
            // sums.
            let sums = unsafe { sums.assume_init_mut() };
            for term in others {
                term.each(
                    arch,
                    range.clone(),
                    sums,
                    #[inline(always)]
                    |sum, product| *sum = *sum + product,
                );
            }
        }
    });
    // SAFETY: there is room for `count · n`, and each row has been written, all its chunks.
    unsafe { sums.set_len(count * n) };
    sums
}

impl<T: Real> Product<'_, T> {
    /// Calls a function with each slot and the product at its position.
    #[inline(always)]
    fn each<S>(&self, arch: Arch, range: Range<usize>, slots: &mut [S], write: impl Fn(&mut S, T)) {
        let factor = self.factor;
        let rows: Vec<&[T]> = self.rows.iter().map(|row| &row[range.clone()]).collect();
        let product: Vec<T>;
        let rows = match rows.as_slice() {
            rows @ ([] | [_] | [_, _] | [_, _, _]) => rows,
            [first, more @ ..] => {
                let multiplied = |product: Vec<T>, row: &&[T]| product.iter().zip(*row).map(|(a, b)| *a * *b).collect();
                product = more.iter().fold(first.to_vec(), multiplied);
                &[product.as_slice()]
            }
        };
        arch.dispatch(
            #[inline(always)]
            || match *rows {
                [a] => slots.iter_mut().zip(a).for_each(|(slot, a)| write(slot, factor * *a)),
                [a, b] => {
                    slots.iter_mut().zip(a).zip(b).for_each(|((slot, a), b)| write(slot, factor * *a * *b));
                }
                [a, b, c] => {
                    let rows = slots.iter_mut().zip(a).zip(b).zip(c);
                    rows.for_each(|(((slot, a), b), c)| write(slot, factor * *a * *b * *c));
                }
                _ => slots.iter_mut().for_each(|slot| write(slot, factor)),
            },
        );
    }
}

/// The same sums by operations of Burn.
fn by_operations(count: usize, terms: &[Term], sources: &[Array]) -> Array {
    let n = sources[0].shape()[1];
    let mut sums: Vec<Option<Array>> = vec![None; count];
    for term in terms {
        let row = |&[source, row]: &[usize; 2]| sources[source].clone().narrow(0, row, row + 1);
        let Some(product) = term.rows.iter().map(row).reduce(Array::mul) else { continue };
        let product = if term.factor == 1.0 { product } else { product.scale(term.factor) };
        sums[term.to] = Some(match sums[term.to].take() {
            None => product,
            Some(sum) => sum.add(product),
        });
    }
    let zeros = || Array::zeros(&[1, n], sources[0].dtype(), &sources[0].device());
    Array::cat(sums.into_iter().map(|sum| sum.unwrap_or_else(zeros)).collect(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    #[test]
    fn the_kernel_and_the_operations_agree() {
        for n in [1, 7, CHUNK + 3] {
            for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F64, 1e-15)] {
                let values = |seed: usize| {
                    let values: Vec<f64> =
                        (0..3 * n).map(|i| ((i * 37 + seed * 11) % 101) as f64 / 50.0 - 1.0).collect();
                    Array::from_f64(&values, &[3, n], dtype, &Device::flex())
                };
                let sources = [values(1), values(2)];
                let term = |to, factor, rows: &[[usize; 2]]| Term { to, factor, rows: rows.to_vec() };
                let terms = [
                    term(0, 1.0, &[[0, 1]]),
                    term(0, -2.0, &[[0, 0], [1, 2]]),
                    term(2, 3.0, &[[0, 0], [1, 1], [1, 0]]),
                    term(2, 0.5, &[[0, 0], [0, 0], [1, 1], [1, 0]]),
                ];
                let found = sum_products(4, &terms, &sources).to_f64().unwrap();
                let wanted = by_operations(4, &terms, &sources).to_f64().unwrap();
                assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() <= 10.0 * tolerance), "{n}");
                assert!(found[n..2 * n].iter().all(|x| *x == 0.0));
            }
        }
    }
}
