//! Pooling of `[m, channels, rows, columns]`, or of `[m, channels, n]` seen as one row.
//!
//! | operation | saved | jvp `ẏ` | vjp `x̄` |
//! |---|---|---|---|
//! | maximum | positions of the maxima | the tangent at the maximum | the cotangent put there |
//! | average, adaptive average | shape of x | the pool itself | Burn's backward pool |
//!
//! Stacked vectors are folded into the batch.

use burn::backend::Dispatch;
use burn::backend::ops::ModuleOps;

use super::convolution::{fold, unfold};
use super::{Kept, Rule, Saved, stacked, total};
use crate::kernels::{Windows, put, take};
use crate::tensor::{Array, int_dtype};
use crate::trace::{Average, Pool};

impl Rule for Pool {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        let x = inputs.remove(0);
        match *self {
            Pool::Max { kernel, stride, padding, dilation, ceil } => on_planes(x, |x| {
                Array::new(Dispatch::max_pool2d(x.into_dispatch(), kernel, stride, padding, dilation, ceil))
            }),
            Pool::Average(average) => average.apply(x),
        }
    }

    /// Keeps the positions of the maxima, as `[m, channels, outputs]`.
    fn evaluate(&self, mut inputs: Vec<Array>, _active: &[bool]) -> (Array, Saved) {
        let x = inputs.remove(0);
        let mut kept = vec![];
        let output = match *self {
            Pool::Max { kernel, stride, padding, dilation, ceil } => on_planes(x, |x| {
                if !ceil && let Some((maxima, places)) = (Windows { kernel, stride, padding, dilation }).maxima(&x) {
                    kept.push(Some(places));
                    return maxima;
                }
                let dtype = int_dtype(&x);
                let x = x.into_dispatch();
                let found = Dispatch::max_pool2d_with_indices(x, kernel, stride, padding, dilation, ceil, dtype);
                let output = Array::new(found.output);
                kept.push(Some(Array::new(found.indices).reshape(&flat(&output.shape()))));
                output
            }),
            Pool::Average(average) => average.apply(x),
        };
        (output, kept)
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let tangent = total(tangents.iter().cloned());
        let count = tangent.shape()[0];
        let tangent = fold(tangent);
        let result = match *self {
            Pool::Max { .. } => {
                let (tangent, places) = (tangent.clone().reshape(&flat(&tangent.shape())), kept.array(0));
                take(&tangent, places).unwrap_or_else(|| tangent.gather(2, places.clone().tile(count)))
            }
            Pool::Average(average) => average.apply(tangent),
        };
        result.reshape(&stacked(count, &kept.output))
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, _wanted: &[bool]) -> Vec<Option<Array>> {
        let count = cotangent.shape()[0];
        let mut shape = kept.shapes[0].clone();
        shape[0] *= count;
        let cotangent = fold(cotangent);
        let result = match *self {
            Pool::Max { .. } => {
                let (cotangent, places) = (cotangent.clone().reshape(&flat(&cotangent.shape())), kept.array(0));
                let wide = flat(&shape);
                put(&cotangent, places, wide[2]).unwrap_or_else(|| {
                    let zeros = Array::zeros(&wide, cotangent.dtype(), &cotangent.device());
                    zeros.scatter_add(2, places.clone().tile(count), cotangent)
                })
            }
            Pool::Average(average) => average.transpose(&shape, cotangent),
        };
        vec![Some(unfold(result.reshape(&shape), count))]
    }
}

impl Average {
    fn apply(self, x: Array) -> Array {
        on_planes(x, |x| {
            let x = x.into_dispatch();
            Array::new(match self {
                Average::Windows { kernel, stride, padding, count_padding, ceil } => {
                    Dispatch::avg_pool2d(x, kernel, stride, padding, count_padding, ceil)
                }
                Average::Adaptive { output } => Dispatch::adaptive_avg_pool2d(x, output),
            })
        })
    }

    /// The cotangent of the input, with the given shape.
    fn transpose(self, shape: &[usize], cotangent: Array) -> Array {
        let x = Array::blank(&planes(shape), cotangent.dtype(), &cotangent.device()).into_dispatch();
        on_planes(cotangent, |cotangent| {
            let cotangent = cotangent.into_dispatch();
            Array::new(match self {
                Average::Windows { kernel, stride, padding, count_padding, ceil } => {
                    Dispatch::avg_pool2d_backward(x, cotangent, kernel, stride, padding, count_padding, ceil)
                }
                Average::Adaptive { .. } => Dispatch::adaptive_avg_pool2d_backward(x, cotangent),
            })
        })
    }
}

/// Runs a pool over two axes on an array that may have one: `[m, c, n]` is `[m, c, 1, n]`.
fn on_planes(x: Array, pool: impl FnOnce(Array) -> Array) -> Array {
    let shape = x.shape();
    let pooled = pool(x.reshape(&planes(&shape)));
    if shape.len() == 4 {
        return pooled;
    }
    let shape = pooled.shape();
    pooled.reshape(&[shape[0], shape[1], shape[3]])
}

fn planes(shape: &[usize]) -> Vec<usize> {
    if shape.len() == 4 { shape.to_vec() } else { vec![shape[0], shape[1], 1, shape[2]] }
}

/// `[m, channels, positions]`.
fn flat(shape: &[usize]) -> Vec<usize> {
    vec![shape[0], shape[1], shape[2..].iter().product()]
}
