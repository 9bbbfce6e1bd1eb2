//! Weighted sums of stacked arrays, with separate weights for each example.

use burn::tensor::TensorData;
use rayon::prelude::*;

use super::{contiguous, is_on_host, range, with_float};
use crate::tensor::Array;

/// `Σ_c w[c, i] x[c, i, ..]` of `x`, `[count, m, width]`, and weights `[count, m]`: `[m, width]`. One pass over `x`.
pub(crate) fn combine(x: Array, weights: Array) -> Array {
    let shape = x.shape();
    let (count, m, width) = (shape[0], shape[1], shape[2]);
    if !(is_on_host(&x) && is_on_host(&weights) && x.dtype() == weights.dtype()) || width == 0 {
        return x.mul(weights.reshape(&[count, m, 1])).sum_axis(0).reshape(&[m, width]);
    }
    let (device, dtype) = (x.device(), x.dtype());
    let (x, weights) = (contiguous(&x).expect("on the host"), contiguous(&weights).expect("on the host"));
    let data = with_float!(dtype, {
        let (from, weights) = (&x.storage::<T>()[range(&x)], &weights.storage::<T>()[range(&weights)]);
        let mut sum = vec![T::default(); m * width];
        sum.par_chunks_exact_mut(width).enumerate().for_each(|(i, sum)| {
            for c in 0..count {
                let (weight, row) = (weights[c * m + i], &from[(c * m + i) * width..][..width]);
                sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
            }
        });
        TensorData::new(sum, [m, width])
    });
    Array::from_data(data, &device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    #[test]
    fn equals_the_product_and_the_sum() {
        for (count, m, width) in [(1, 1, 1), (3, 4, 5), (2, 7, 33)] {
            for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F64, 1e-15)] {
                let values = |n: usize| (0..n).map(|i| ((i * 37) % 101) as f64 / 50.0 - 1.0).collect::<Vec<_>>();
                let array =
                    |shape: &[usize]| Array::from_f64(&values(shape.iter().product()), shape, dtype, &Device::flex());
                let (x, weights) = (array(&[count, m, width]), array(&[count, m]));
                let wanted = x.clone().mul(weights.clone().reshape(&[count, m, 1])).sum_axis(0).to_f64().unwrap();
                let found = combine(x, weights).to_f64().unwrap();
                assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() <= tolerance * count as f64));
            }
        }
    }
}
