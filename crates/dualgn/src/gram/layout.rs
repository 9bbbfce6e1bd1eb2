//! Brings stacked values into the order examples × rest, whatever axis holds the examples.

use crate::tensor::Array;
use crate::trace::Batch;

/// The shape of a value with the axis of the examples taken apart: `[before.., outer, m, inner, after..]`, and the
/// position of `m` in it.
fn apart(shape: &[usize], batch: &Batch, examples: usize) -> (Vec<usize>, usize) {
    let Batch::Split { axis, outer, inner } = *batch else {
        unreachable!("only values that belong to examples are taken apart")
    };
    let shape = [&shape[..axis], &[outer, examples, inner], &shape[axis + 1..]].concat();
    (shape, axis + 1)
}

/// A value as `[m, T, last]`: its examples, its positions in an example, its last axis.
pub(super) fn positions(value: Array, batch: &Batch, examples: usize) -> Array {
    let last = *value.shape().last().expect("a dense layer has features");
    let rest = value.elements() / (examples * last);
    stacked_positions(value.lift(), batch, examples).reshape(&[examples, rest, last])
}

/// A stack `[c, ..]` as `[c, m, T, last]`.
pub(super) fn stacked_positions(stack: Array, batch: &Batch, examples: usize) -> Array {
    let shape = stack.shape();
    let last = *shape.last().expect("a dense layer has features");
    let (parts, at) = apart(&shape[1..], batch, examples);
    let parts = [&[shape[0]], parts.as_slice()].concat();
    let mut axes: Vec<usize> = (0..parts.len()).filter(|&axis| axis != at + 1).collect();
    axes.insert(1, at + 1);
    let rest = shape.iter().product::<usize>() / (shape[0] * examples * last);
    stack.reshape(&parts).permute(&axes).reshape(&[shape[0], examples, rest, last])
}

/// One example of a value, its axis cut down to `outer · inner`.
pub(super) fn example(value: &Array, batch: &Batch, examples: usize, index: usize) -> Array {
    let Batch::Split { axis, .. } = *batch else { return value.clone() };
    let mut shape = value.shape();
    let (parts, at) = apart(&shape, batch, examples);
    shape[axis] /= examples;
    value.clone().reshape(&parts).narrow(at, index, index + 1).reshape(&shape)
}
