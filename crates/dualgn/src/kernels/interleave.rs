//! Rows `[k, m, width]`, as stacked backward passes make them, in the order of the examples, `[m k, width]`.

use burn::tensor::TensorData;
use rayon::prelude::*;

use super::{contiguous, is_on_host, range, with_float};
use crate::tensor::Array;

/// Swaps the first two of three axes and folds them.
pub(crate) fn interleave(rows: Array) -> Array {
    let shape = rows.shape();
    let (count, m, width) = (shape[0], shape[1], shape[2]);
    if count == 1 || width == 0 || !is_on_host(&rows) {
        return rows.permute(&[1, 0, 2]).reshape(&[m * count, width]);
    }
    let (device, dtype) = (rows.device(), rows.dtype());
    let tensor = contiguous(&rows).expect("on the host");
    let data = with_float!(dtype, {
        let from = &tensor.storage::<T>()[range(&tensor)];
        let row = |index: usize| &from[(index % count * m + index / count) * width..][..width];
        let mut to = vec![T::default(); m * count * width];
        to.par_chunks_exact_mut(width).enumerate().for_each(|(index, to)| to.copy_from_slice(row(index)));
        TensorData::new(to, [m * count, width])
    });
    Array::from_data(data, &device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    #[test]
    fn examples_come_first() {
        for (count, m, width) in [(1, 3, 2), (3, 1, 2), (3, 4, 5), (2, 3, 1)] {
            let values: Vec<f64> = (0..count * m * width).map(|i| i as f64).collect();
            for dtype in [DType::F32, DType::F64] {
                let rows = Array::from_f64(&values, &[count, m, width], dtype, &Device::flex());
                let wanted = rows.clone().permute(&[1, 0, 2]).reshape(&[m * count, width]).to_f64().unwrap();
                assert_eq!(interleave(rows).to_f64().unwrap(), wanted);
            }
        }
    }
}
