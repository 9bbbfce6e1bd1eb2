//! Several polynomials evaluated at the same arguments.

use burn::tensor::{Element, TensorData};
use pulp::Arch;
use rayon::prelude::*;

use super::real::Real;
use super::{contiguous, range, with_float};
use crate::tensor::Array;

/// Number of arguments that one thread processes at a time.
const CHUNK: usize = 2048;

/// The values of several polynomials at all entries of an array, each in its shape. Coefficients are in ascending order
/// of powers; one without coefficients is zero.
pub(crate) fn polynomials(coefficients: &[Vec<f64>], x: &Array) -> Vec<Array> {
    let Some(tensor) = contiguous(x) else {
        return coefficients.iter().map(|p| by_operations(p, x)).collect();
    };
    let (shape, device) = (x.shape(), x.device());
    with_float!(x.dtype(), {
        let x = &tensor.storage::<T>()[range(&tensor)];
        let each = coefficients.iter().map(|p| TensorData::new(on_host(p, x), shape.clone()));
        each.map(|data| Array::from_data(data, &device)).collect()
    })
}

fn on_host<T: Real + Element>(coefficients: &[f64], x: &[T]) -> Vec<T> {
    let mut coefficients = coefficients.iter().rev().map(|coefficient| T::from_f64(*coefficient));
    let mut values = vec![coefficients.next().unwrap_or(T::ZERO); x.len()];
    let rest: Vec<T> = coefficients.collect();
    let arch = Arch::new();
    values.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(values, x)| {
        for coefficient in &rest {
            arch.dispatch(
                #[inline(always)]
                || {
                    for (value, x) in values.iter_mut().zip(x) {
                        *value = *value * *x + *coefficient;
                    }
                },
            );
        }
    });
    values
}

/// Evaluates a polynomial by Horner's rule with operations of Burn.
fn by_operations(coefficients: &[f64], x: &Array) -> Array {
    let mut coefficients = coefficients.iter().copied().rev();
    let constant = Array::constant(&x.shape(), coefficients.next().unwrap_or(0.0), x.dtype(), &x.device());
    coefficients.fold(constant, |sum, coefficient| sum.mul(x.clone()).add_scalar(coefficient))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    #[test]
    fn the_kernel_and_the_operations_agree() {
        let values: Vec<f64> = (0..CHUNK + 7).map(|i| i as f64 / 1000.0 - 1.0).collect();
        let coefficients = [vec![2.0], vec![1.0, 0.0, -1.0], vec![0.5, -3.0, 0.0, 0.0, 2.0]];
        for (dtype, tolerance) in [(DType::F32, 1e-5), (DType::F64, 1e-14)] {
            let x = Array::from_f64(&values, &[values.len()], dtype, &Device::flex());
            for (found, p) in polynomials(&coefficients, &x).iter().zip(&coefficients) {
                let wanted = by_operations(p, &x).to_f64().unwrap();
                assert!(found.to_f64().unwrap().iter().zip(&wanted).all(|(a, b)| (a - b).abs() < tolerance), "{p:?}");
            }
        }
    }
}
