//! [`Symmetric`]: a dense symmetric matrix on the host, in its original precision; products are summed in f64.

use burn::tensor::TensorData;
use pulp::Arch;
use rayon::prelude::*;

/// Number of rows from which on a second thread pays.
const PARALLEL: usize = 512;
/// Number of running sums of an inner product.
const LANES: usize = 32;

/// A symmetric matrix, row-major, f32 or f64.
#[derive(Debug)]
pub(crate) struct Symmetric(TensorData);

/// Calls generic code with the entries as a slice of their own type, which is several times faster than converting
/// them.
macro_rules! with_entries {
    ($matrix:expr, $entries:ident => $body:expr) => {
        match ($matrix.data().as_slice::<f32>(), $matrix.data().as_slice::<f64>()) {
            (Ok($entries), _) => $body,
            (_, Ok($entries)) => $body,
            _ => unreachable!("networks are f32 or f64"),
        }
    };
}
pub(crate) use with_entries;

impl Symmetric {
    /// Creates a matrix from square data.
    pub(crate) fn new(data: TensorData) -> Self {
        Self(data)
    }

    pub(crate) fn data(&self) -> &TensorData {
        &self.0
    }

    /// Number of rows.
    pub(crate) fn size(&self) -> usize {
        self.0.shape()[0]
    }

    /// `A x`.
    pub(crate) fn multiply(&self, x: &[f64]) -> Vec<f64> {
        let (size, arch) = (self.size(), Arch::new());
        let row = |row: usize, entries: &[f64]| arch.dispatch(|| dot(&entries[row * size..(row + 1) * size], x));
        let single = |row: usize, entries: &[f32]| arch.dispatch(|| dot(&entries[row * size..(row + 1) * size], x));
        let rows = |row: &(dyn Fn(usize) -> f64 + Sync)| -> Vec<f64> {
            if size < PARALLEL { (0..size).map(row).collect() } else { (0..size).into_par_iter().map(row).collect() }
        };
        match (self.data().as_slice::<f32>(), self.data().as_slice::<f64>()) {
            (Ok(entries), _) => rows(&|index| single(index, entries)),
            (_, Ok(entries)) => rows(&|index| row(index, entries)),
            _ => unreachable!("networks are f32 or f64"),
        }
    }

    /// Adds `factor · A e_row` to `to`.
    pub(crate) fn add_row(&self, row: usize, factor: f64, to: &mut [f64]) {
        let range = row * self.size()..(row + 1) * self.size();
        with_entries!(self, entries => add(&entries[range], factor, to));
    }

    /// The diagonal block `[k, k]` that begins at row `start`, row-major.
    pub(crate) fn block(&self, start: usize, k: usize) -> Vec<f64> {
        let rows = (start..start + k).map(|row| row * self.size() + start..row * self.size() + start + k);
        with_entries!(self, entries => rows.flat_map(|row| double(&entries[row])).collect())
    }
}

fn double<T: Copy + Into<f64>>(entries: &[T]) -> Vec<f64> {
    entries.iter().map(|entry| (*entry).into()).collect()
}

/// Many running sums keep the additions independent, so that they overlap and use the widest vector registers.
#[inline(always)]
fn dot<T: Copy + Into<f64>>(row: &[T], x: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (rows, xs) = (row.chunks_exact(LANES), x.chunks_exact(LANES));
    let rest: f64 = rows.remainder().iter().zip(xs.remainder()).map(|(a, x)| (*a).into() * x).sum();
    for (row, x) in rows.zip(xs) {
        for lane in 0..LANES {
            sums[lane] += row[lane].into() * x[lane];
        }
    }
    rest + sums.iter().sum::<f64>()
}

fn add<T: Copy + Into<f64>>(row: &[T], factor: f64, to: &mut [f64]) {
    for (to, entry) in to.iter_mut().zip(row) {
        *to += factor * (*entry).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_rows_and_blocks_in_both_types() {
        let size = 19;
        let entry = |i: usize, j: usize| (i.min(j) * 5 + i.max(j) * 3) as f64 / 8.0;
        let values: Vec<f64> = (0..size * size).map(|ij| entry(ij / size, ij % size)).collect();
        let single: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        let x: Vec<f64> = (0..size).map(|i| i as f64 - 4.5).collect();
        for data in [TensorData::new(values.clone(), [size, size]), TensorData::new(single, [size, size])] {
            let matrix = Symmetric::new(data);
            // All numbers are small multiples of 1/16: the sums are exact.
            let wanted: Vec<f64> = (0..size).map(|i| (0..size).map(|j| entry(i, j) * x[j]).sum()).collect();
            assert_eq!(matrix.multiply(&x), wanted);
            let mut sum = x.clone();
            matrix.add_row(7, 2.0, &mut sum);
            assert_eq!(sum[3], x[3] + 2.0 * entry(7, 3));
            assert_eq!(matrix.block(5, 2), [entry(5, 5), entry(5, 6), entry(6, 5), entry(6, 6)]);
        }
    }
}
