//! Convolutions over one and two axes, with stride, padding, dilation, groups and an optional bias.
//!
//! | saved | jvp `ẏ` | vjp |
//! |---|---|---|
//! | x, W | `ẋ * W + x * Ẇ + ḃ` | `x̄`, `W̄` by Burn's own backward convolutions, `b̄ = Σ ȳ` |
//!
//! Vectors stacked along `c` are folded into the batch wherever the weight is the same for all of them; for tangents and
//! cotangents of the weight, which differ, there is one convolution each.

use burn::backend::Dispatch;
use burn::backend::ops::{ConvOptions, ModuleOps};

use super::{Kept, Rule, count, stacked, total, when};
use crate::tensor::Array;
use crate::trace::Conv;

impl Rule for Conv {
    fn value(&self, inputs: Vec<Array>) -> Array {
        self.convolve(inputs[0].clone(), inputs[1].clone(), inputs.get(2).cloned())
    }

    fn evaluate(&self, inputs: Vec<Array>) -> (Array, Vec<Array>) {
        let kept = inputs[..2].to_vec();
        (self.value(inputs), kept)
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let (x, weight) = (&kept.arrays[0], &kept.arrays[1]);
        let by_input = tangents[0].clone().map(|tangent| {
            let count = tangent.shape()[0];
            unfold(self.convolve(fold(tangent), weight.clone(), None), count)
        });
        let by_weight =
            tangents[1].clone().map(|tangent| for_each(tangent, |tangent| self.convolve(x.clone(), tangent, None)));
        let by_bias = tangents.get(2).cloned().flatten().map(|tangent| {
            let mut shape = vec![1; x.shape().len() + 1];
            (shape[0], shape[2]) = (tangent.shape()[0], tangent.shape()[1]);
            tangent.reshape(&shape)
        });
        let shape = stacked(count(tangents), &kept.output);
        total([by_input, by_weight, by_bias.map(|bias| bias.expand(&shape))])
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let (x, weight) = (&kept.arrays[0], &kept.arrays[1]);
        let count = cotangent.shape()[0];
        let by_input = when(wanted[0], || {
            let mut shape = x.shape();
            shape[0] *= count;
            let shape = Array::shape_only(&shape, x.dtype(), &x.device());
            unfold(self.transpose_input(shape, weight.clone(), fold(cotangent.clone())), count)
        });
        let by_weight = when(wanted[1], || {
            for_each(cotangent.clone(), |cotangent| self.transpose_weight(x.clone(), weight.clone(), cotangent))
        });
        let mut result = vec![by_input, by_weight];
        if let Some(&wanted) = wanted.get(2) {
            result.push(when(wanted, || {
                let shape = cotangent.shape();
                let (examples, channels) = (shape[1], shape[2]);
                let positions = shape[3..].iter().product();
                let sum = cotangent.reshape(&[count, examples, channels, positions]).sum_axis(3).sum_axis(1);
                sum.reshape(&[count, channels])
            }));
        }
        result
    }
}

/// Calls the one- or two-dimensional version of an operation of Burn.
macro_rules! dispatch {
    ($conv:expr, $one:ident, $two:ident, ($($argument:expr),*)) => {
        Array::new(match $conv.clone() {
            Conv::One { stride, padding, dilation, groups } => {
                Dispatch::$one($($argument),*, ConvOptions { stride, padding, dilation, groups })
            }
            Conv::Two { stride, padding, dilation, groups } => {
                Dispatch::$two($($argument),*, ConvOptions { stride, padding, dilation, groups })
            }
        })
    };
}

impl Conv {
    fn convolve(&self, x: Array, weight: Array, bias: Option<Array>) -> Array {
        let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.map(Array::into_dispatch));
        dispatch!(self, conv1d, conv2d, (x, weight, bias))
    }

    /// The cotangent of the input; `x` gives its shape.
    fn transpose_input(&self, x: Array, weight: Array, cotangent: Array) -> Array {
        let (x, weight, cotangent) = (x.into_dispatch(), weight.into_dispatch(), cotangent.into_dispatch());
        dispatch!(self, conv1d_x_backward, conv2d_x_backward, (x, weight, cotangent))
    }

    /// The cotangent of the weight, which gives its shape.
    fn transpose_weight(&self, x: Array, weight: Array, cotangent: Array) -> Array {
        let (x, weight, cotangent) = (x.into_dispatch(), weight.into_dispatch(), cotangent.into_dispatch());
        dispatch!(self, conv1d_weight_backward, conv2d_weight_backward, (x, weight, cotangent))
    }
}

/// `[c, m, ..]` as `[c m, ..]`.
pub(super) fn fold(vectors: Array) -> Array {
    let mut shape = vectors.shape();
    let count = shape.remove(0);
    shape[0] *= count;
    vectors.reshape(&shape)
}

/// `[c m, ..]` as `[c, m, ..]`.
pub(super) fn unfold(vectors: Array, count: usize) -> Array {
    let mut shape = vectors.shape();
    shape[0] /= count;
    shape.insert(0, count);
    vectors.reshape(&shape)
}

/// Applies a function to each of the stacked vectors and stacks the results.
fn for_each(vectors: Array, each: impl Fn(Array) -> Array) -> Array {
    let shape = vectors.shape();
    let results: Vec<Array> = (0..shape[0])
        .map(|index| each(vectors.clone().narrow(0, index, index + 1).reshape(&shape[1..])).lift())
        .collect();
    if results.len() == 1 { results.into_iter().next().expect("one result") } else { Array::cat(results, 0) }
}
