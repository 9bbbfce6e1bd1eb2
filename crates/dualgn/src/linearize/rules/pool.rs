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
use super::{Evaluated, Rule, total};
use crate::tensor::{Array, int_dtype};
use crate::trace::Pool;

impl Rule for Pool {
    fn value(&self, inputs: &[Array]) -> Array {
        let x = inputs[0].clone();
        match *self {
            Pool::Max { kernel, stride, padding, dilation, ceil } => on_planes(x, |x| {
                Array::new(Dispatch::max_pool2d(x.into_dispatch(), kernel, stride, padding, dilation, ceil))
            }),
            _ => self.average(x),
        }
    }

    /// Keeps the input, for its shape, and the positions of the maxima as `[m, channels, outputs]`.
    fn evaluate(&self, inputs: &[Array]) -> Evaluated {
        let x = inputs[0].clone();
        let mut saved = vec![x.clone()];
        let output = match *self {
            Pool::Max { kernel, stride, padding, dilation, ceil } => on_planes(x, |x| {
                let dtype = int_dtype(&x);
                let x = x.into_dispatch();
                let found = Dispatch::max_pool2d_with_indices(x, kernel, stride, padding, dilation, ceil, dtype);
                let output = Array::new(found.output);
                saved.push(Array::new(found.indices).reshape(&flat(&output.shape())));
                output
            }),
            _ => self.average(x),
        };
        Evaluated { output, saved }
    }

    fn jvp(&self, saved: &[Array], tangents: &[Option<Array>]) -> Array {
        let tangent = total(tangents.iter().cloned());
        let count = tangent.shape()[0];
        let tangent = fold(tangent);
        let result = match *self {
            Pool::Max { .. } => {
                let positions = saved[1].clone().tile(count);
                let shape = flat(&tangent.shape());
                tangent.reshape(&shape).gather(2, positions)
            }
            _ => self.average(tangent),
        };
        // The caller knows the output's shape only through the positions: restore it from a pool of the input's shape.
        let output = self.output_shape(&saved[0].shape(), &result);
        unfold(result.reshape(&output), count)
    }

    fn vjp(&self, saved: &[Array], cotangent: Array, _wanted: &[bool]) -> Vec<Option<Array>> {
        let count = cotangent.shape()[0];
        let mut shape = saved[0].shape();
        shape[0] *= count;
        let cotangent = fold(cotangent);
        let result = match *self {
            Pool::Max { .. } => {
                let zeros = Array::zeros(&flat(&shape), cotangent.dtype(), &cotangent.device());
                let narrow = flat(&cotangent.shape());
                zeros.scatter_add(2, saved[1].clone().tile(count), cotangent.reshape(&narrow))
            }
            _ => self.transpose_average(&shape, cotangent),
        };
        vec![Some(unfold(result.reshape(&shape), count))]
    }
}

impl Pool {
    fn average(&self, x: Array) -> Array {
        on_planes(x, |x| {
            let x = x.into_dispatch();
            Array::new(match *self {
                Pool::Average { kernel, stride, padding, count_padding, ceil } => {
                    Dispatch::avg_pool2d(x, kernel, stride, padding, count_padding, ceil)
                }
                Pool::AdaptiveAverage { output } => Dispatch::adaptive_avg_pool2d(x, output),
                Pool::Max { .. } => unreachable!("a maximum is no average"),
            })
        })
    }

    fn transpose_average(&self, shape: &[usize], cotangent: Array) -> Array {
        let x = Array::shape_only(&planes(shape), cotangent.dtype(), &cotangent.device()).into_dispatch();
        on_planes(cotangent, |cotangent| {
            let cotangent = cotangent.into_dispatch();
            Array::new(match *self {
                Pool::Average { kernel, stride, padding, count_padding, ceil } => {
                    Dispatch::avg_pool2d_backward(x, cotangent, kernel, stride, padding, count_padding, ceil)
                }
                Pool::AdaptiveAverage { .. } => Dispatch::adaptive_avg_pool2d_backward(x, cotangent),
                Pool::Max { .. } => unreachable!("a maximum is no average"),
            })
        })
    }

    /// The shape `[c m, channels, ..]` of a pooled array that may have its spatial axes flattened.
    fn output_shape(&self, input: &[usize], pooled: &Array) -> Vec<usize> {
        let shape = pooled.shape();
        let Pool::Max { kernel, stride, padding, dilation, ceil } = *self else { return shape };
        let spatial: Vec<usize> = planes(input)[2..]
            .iter()
            .enumerate()
            .map(|(axis, &length)| {
                let span = length + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1;
                let steps = if ceil { span.div_ceil(stride[axis]) } else { span / stride[axis] };
                // A last window that would start in the padding behind the input is left out, as PyTorch does.
                let inside = !ceil || steps * stride[axis] < length + padding[axis];
                steps + usize::from(inside)
            })
            .collect();
        let spatial = if input.len() == 3 { &spatial[1..] } else { &spatial };
        [&shape[..2], spatial].concat()
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
