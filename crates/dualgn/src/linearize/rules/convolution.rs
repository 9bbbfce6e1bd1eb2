//! Convolutions and transposed convolutions over one, two and three axes, with stride, padding, dilation, groups and an
//! optional bias.
//!
//! | saved | jvp `ẏ` | vjp |
//! |---|---|---|
//! | x, W | `ẋ * W + x * Ẇ + ḃ` | `x̄`, `W̄` by the kernels' transposes or Burn's backward convolutions, `b̄ = Σ ȳ` |
//!
//! Vectors stacked along `c` are folded into the batch wherever the weight is the same for all of them; for tangents
//! and cotangents of the weight, which differ, there is one convolution each.

use burn::backend::Dispatch;
use burn::backend::ops::ModuleOps;

use super::{Kept, Rule, Saved, count, stacked, total, when};
use crate::kernels::Convolution;
use crate::tensor::Array;
use crate::trace::Conv;

impl Rule for Conv {
    fn value(&self, inputs: Vec<Array>) -> Array {
        self.convolve(inputs[0].clone(), inputs[1].clone(), inputs.get(2).cloned())
    }

    /// Keeps the other factor for each active one.
    fn evaluate(&self, inputs: Vec<Array>, active: &[bool]) -> (Array, Saved) {
        let kept = vec![active[1].then(|| inputs[0].clone()), active[0].then(|| inputs[1].clone())];
        (self.value(inputs), kept)
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let by_input = tangents[0].clone().map(|tangent| {
            let count = tangent.shape()[0];
            unfold(self.convolve(fold(tangent), kept.array(1).clone(), None), count)
        });
        let by_weight = tangents[1]
            .clone()
            .map(|tangent| for_each(tangent, |tangent| self.convolve(kept.array(0).clone(), tangent, None)));
        let by_bias = tangents.get(2).cloned().flatten().map(|tangent| {
            let mut shape = vec![1; kept.output.len() + 1];
            (shape[0], shape[2]) = (tangent.shape()[0], tangent.shape()[1]);
            tangent.reshape(&shape)
        });
        let shape = stacked(count(tangents), &kept.output);
        total([by_input, by_weight, by_bias.map(|bias| bias.expand(&shape))])
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let count = cotangent.shape()[0];
        let by_input = when(wanted[0], || {
            let mut shape = kept.shapes[0].clone();
            shape[0] *= count;
            unfold(self.transpose_input(&shape, kept.array(1).clone(), fold(cotangent.clone())), count)
        });
        let by_weight = when(wanted[1], || {
            for_each(cotangent.clone(), |cotangent| {
                self.transpose_weight(kept.array(0).clone(), &kept.shapes[1], cotangent)
            })
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

impl Conv {
    /// The convolution in the form of the kernels: not transposed, with one group.
    fn plain(&self, x: &[usize], weight: &[usize]) -> Option<Convolution> {
        match self {
            Conv::One(options) => Convolution::new(x, weight, options),
            Conv::Two(options) => Convolution::new(x, weight, options),
            Conv::Three(options) => Convolution::new(x, weight, options),
            _ => None,
        }
    }

    fn convolve(&self, x: Array, weight: Array, bias: Option<Array>) -> Array {
        let plain = self.plain(&x.shape(), &weight.shape());
        if let Some(y) = plain.and_then(|plain| plain.value(&x, &weight, bias.as_ref())) {
            return y;
        }
        let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.map(Array::into_dispatch));
        Array::new(match self.clone() {
            Conv::One(options) => Dispatch::conv1d(x, weight, bias, options),
            Conv::Two(options) => Dispatch::conv2d(x, weight, bias, options),
            Conv::Three(options) => Dispatch::conv3d(x, weight, bias, options),
            Conv::TransposedOne(options) => Dispatch::conv_transpose1d(x, weight, bias, options),
            Conv::TransposedTwo(options) => Dispatch::conv_transpose2d(x, weight, bias, options),
            Conv::TransposedThree(options) => Dispatch::conv_transpose3d(x, weight, bias, options),
        })
    }

    /// The cotangent of the input, with the given shape.
    fn transpose_input(&self, shape: &[usize], weight: Array, cotangent: Array) -> Array {
        let plain = self.plain(shape, &weight.shape());
        if let Some(x) = plain.and_then(|plain| plain.transpose_input(&weight, &cotangent)) {
            return x;
        }
        let x = || Array::blank(shape, cotangent.dtype(), &cotangent.device()).into_dispatch();
        let (weight, y) = (weight.into_dispatch(), cotangent.clone().into_dispatch());
        Array::new(match self.clone() {
            Conv::One(options) => Dispatch::conv1d_x_backward(x(), weight, y, options),
            Conv::Two(options) => Dispatch::conv2d_x_backward(x(), weight, y, options),
            Conv::Three(options) => Dispatch::conv3d_x_backward(x(), weight, y, options),
            Conv::TransposedOne(options) => Dispatch::conv_transpose1d_x_backward(weight, y, options),
            Conv::TransposedTwo(options) => Dispatch::conv_transpose2d_x_backward(weight, y, options),
            Conv::TransposedThree(options) => Dispatch::conv_transpose3d_x_backward(weight, y, options),
        })
    }

    /// The cotangent of the weight, with the given shape.
    fn transpose_weight(&self, x: Array, shape: &[usize], cotangent: Array) -> Array {
        let plain = self.plain(&x.shape(), shape);
        if let Some(weight) = plain.and_then(|plain| plain.transpose_weight(&x, &cotangent)) {
            return weight;
        }
        let weight = Array::blank(shape, x.dtype(), &x.device()).into_dispatch();
        let (x, y) = (x.into_dispatch(), cotangent.into_dispatch());
        Array::new(match self.clone() {
            Conv::One(options) => Dispatch::conv1d_weight_backward(x, weight, y, options),
            Conv::Two(options) => Dispatch::conv2d_weight_backward(x, weight, y, options),
            Conv::Three(options) => Dispatch::conv3d_weight_backward(x, weight, y, options),
            Conv::TransposedOne(options) => Dispatch::conv_transpose1d_weight_backward(x, weight, y, options),
            Conv::TransposedTwo(options) => Dispatch::conv_transpose2d_weight_backward(x, weight, y, options),
            Conv::TransposedThree(options) => Dispatch::conv_transpose3d_weight_backward(x, weight, y, options),
        })
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
    let mut results: Vec<Array> = (0..shape[0])
        .map(|index| each(vectors.clone().narrow(0, index, index + 1).reshape(&shape[1..])).lift())
        .collect();
    if results.len() == 1 { results.remove(0) } else { Array::cat(results, 0) }
}
