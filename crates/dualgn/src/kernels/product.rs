//! Products of two matrices, in any of the four layouts that derivative products need.
//!
//! On the CPU `faer` multiplies. Beside Burn's product (medians, f32, two cores, `benches/kernels.rs`): `A Bᵀ` with 64
//! rows and a `B` of 1024 × 1024 0.73 ms and 2.85, with 640 rows 6.2 and 8.4; `Aᵀ B` 0.77 and 0.88; `A B` level.

use burn::tensor::TensorData;
use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par};

use super::{HostTensor, host_tensor, is_on_host, with_float};
use crate::tensor::Array;

/// Number of multiplications and additions from which on a second thread pays.
const PARALLEL: usize = 1 << 20;

/// `A B`, `[rows, columns]`, of `[rows, inner]` and `[inner, columns]`; either may be a transposed view.
pub(crate) fn product(a: Array, b: Array) -> Array {
    if !(is_on_host(&a) && is_on_host(&b) && a.dtype() == b.dtype()) {
        return a.matmul(b);
    }
    let (device, dtype) = (a.device(), a.dtype());
    let (a, b) = (Matrix::new(a), Matrix::new(b));
    let shape = [a.rows, b.columns];
    let data = with_float!(dtype, {
        TensorData::new(multiply(a.view(a.tensor.storage::<T>()), b.view(b.tensor.storage())), shape)
    });
    Array::from_data(data, &device)
}

#[expect(
    unsafe_code,
    reason = "zeros that are overwritten at once cost 4 % of a gradient of wide layers (decision 32)"
)]
fn multiply<T: ComplexField + Copy>(a: MatRef<T>, b: MatRef<T>) -> Vec<T> {
    let (rows, columns) = (a.nrows(), b.ncols());
    let mut product = Vec::with_capacity(rows * columns);
    if a.ncols() == 0 {
        product.resize(rows * columns, T::zero_impl());
        return product;
    }
    let work = rows * a.ncols() * columns;
    let parallel = if work < PARALLEL { Par::Seq } else { Par::rayon(0) };
    // SAFETY: the pointer is that of room for `rows · columns` entries, which nobody else refers to, and `[rows,
    // columns]` with rows `columns` apart are exactly those. `Accum::Replace` only writes the target, each entry once
    // for an inner axis that is not empty; `T` is f32 or f64, which any bytes are a value of.
    let target = unsafe { MatMut::from_raw_parts_mut(product.as_mut_ptr(), rows, columns, columns as isize, 1) };
    matmul(target, Accum::Replace, a, b, T::one_impl(), parallel);
    // SAFETY: the capacity is `rows · columns` at least, and `matmul` has written as many.
    unsafe { product.set_len(rows * columns) };
    product
}

/// A matrix in host memory whose rows or columns are contiguous.
struct Matrix {
    tensor: HostTensor,
    rows: usize,
    columns: usize,
    by_columns: bool,
    /// Distance between neighbouring rows or columns.
    stride: usize,
}

impl Matrix {
    fn new(array: Array) -> Self {
        let tensor = host_tensor(array).expect("on the host");
        let (rows, columns) = (tensor.layout().shape()[0], tensor.layout().shape()[1]);
        let strides = tensor.layout().strides();
        // The stride of an axis of length one is irrelevant.
        let along = |length: usize, stride: isize| length <= 1 || stride == 1;
        let step = |length: usize, stride: isize, least: usize| match usize::try_from(stride) {
            Ok(stride) if length > 1 => Some(stride).filter(|&stride| stride >= least),
            _ => (length <= 1).then_some(least),
        };
        let by_rows = along(columns, strides[1]).then(|| step(rows, strides[0], columns)).flatten();
        let by_columns = along(rows, strides[0]).then(|| step(columns, strides[1], rows)).flatten();
        match (by_rows, by_columns) {
            (Some(stride), _) => Self { tensor, rows, columns, by_columns: false, stride },
            (None, Some(stride)) => Self { tensor, rows, columns, by_columns: true, stride },
            // A row repeated by a broadcast, or flipped.
            (None, None) => Self { tensor: tensor.to_contiguous(), rows, columns, by_columns: false, stride: columns },
        }
    }

    /// The matrix in the memory of its tensor.
    fn view<'a, T>(&self, storage: &'a [T]) -> MatRef<'a, T> {
        let entries = &storage[self.tensor.layout().start_offset()..];
        if self.by_columns {
            MatRef::from_column_major_slice_with_stride(entries, self.rows, self.columns, self.stride)
        } else {
            MatRef::from_row_major_slice_with_stride(entries, self.rows, self.columns, self.stride)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    /// Against Burn's product: plain, transposed, cut out, repeated, flipped; of one row, of one column.
    #[test]
    fn equals_burns_product_for_every_layout_of_its_factors() {
        for (rows, inner, columns) in [(3, 4, 5), (1, 7, 3), (6, 1, 2), (4, 5, 1), (1, 1, 1), (130, 120, 90)] {
            for (dtype, tolerance) in [(DType::F64, 1e-13), (DType::F32, 1e-5)] {
                let layouts = |a: usize, b: usize| {
                    let values: Vec<f64> =
                        (0..(a + 3) * (b + 3)).map(|i| ((i * 37) % 101) as f64 / 50.0 - 1.0).collect();
                    let of = |shape: &[usize]| {
                        Array::from_f64(&values[..shape.iter().product()], shape, dtype, &Device::flex())
                    };
                    [
                        of(&[a, b]),
                        of(&[b, a]).transpose(),
                        of(&[a + 2, b + 3]).narrow(0, 1, a + 1).narrow(1, 2, b + 2),
                        of(&[b + 2, a + 3]).narrow(0, 2, b + 2).narrow(1, 1, a + 1).transpose(),
                        of(&[1, b]).expand(&[a, b]),
                        of(&[a, 1]).expand(&[a, b]),
                        of(&[a, b]).flip(&[0]),
                        of(&[a, b]).flip(&[1]),
                    ]
                };
                for a in layouts(rows, inner) {
                    for b in layouts(inner, columns) {
                        let wanted = a.clone().matmul(b.clone()).to_f64().unwrap();
                        let found = product(a.clone(), b).to_f64().unwrap();
                        let error = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                        assert!(error < tolerance * inner as f64, "{rows} {inner} {columns} {dtype:?}: {error}");
                    }
                }
            }
        }
    }
}
