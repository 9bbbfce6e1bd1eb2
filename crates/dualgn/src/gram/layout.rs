//! Rearranges stacked values to the order examples × rest, whatever axis the examples are on.

use crate::tensor::Array;
use crate::trace::Batch;

/// The shape of a value with the axis of the examples split, `[before.., outer, m, inner, after..]`, and the position
/// of `m` in it.
fn apart(shape: &[usize], batch: &Batch, examples: usize) -> (Vec<usize>, usize) {
    let Batch::Split { axis, outer, inner } = *batch else {
        unreachable!("only values that belong to examples are taken apart")
    };
    let shape = [&shape[..axis], &[outer, examples, inner], &shape[axis + 1..]].concat();
    (shape, axis + 1)
}

/// A stack `[c, ..]` as `[c, m, T, last]`: its examples, its positions in an example, its last axis.
pub(super) fn positions(stack: Array, batch: &Batch, examples: usize) -> Array {
    let shape = stack.shape();
    let last = shape[shape.len() - 1];
    let (parts, at) = apart(&shape[1..], batch, examples);
    let parts = [&[shape[0]], parts.as_slice()].concat();
    let mut axes: Vec<usize> = (0..parts.len()).filter(|&axis| axis != at + 1).collect();
    axes.insert(1, at + 1);
    let rest = shape.iter().product::<usize>() / (shape[0] * examples * last);
    stack.reshape(&parts).permute(&axes).reshape(&[shape[0], examples, rest, last])
}

/// A stack `[c, ..]` summed over all axes but those of the examples and those to keep: `[c, m, n]`, with the kept axes
/// in their order.
pub(super) fn summed(stack: Array, batch: &Batch, examples: usize, keep: impl Fn(usize) -> bool) -> Array {
    let shape = stack.shape();
    let count = shape[0];
    let (parts, at) = apart(&shape[1..], batch, examples);
    // The axes around `m` come from one axis, which is not kept.
    let kept = |part: usize| match part {
        part if part + 1 < at => keep(part),
        part if part <= at + 1 => part == at,
        part => keep(part - 2),
    };
    let dropped: Vec<usize> = (0..parts.len()).filter(|&part| !kept(part)).map(|part| part + 1).collect();
    let sum = stack.reshape(&[&[count], parts.as_slice()].concat());
    // From the innermost axis outwards: the first sum then reads contiguous memory.
    let sum = dropped.iter().rev().filter(|&&axis| parts[axis - 1] != 1).fold(sum, |sum, &axis| sum.sum_axis(axis));
    let mut axes: Vec<usize> = (0..=parts.len()).filter(|&axis| axis != at + 1).collect();
    axes.insert(1, at + 1);
    let sum = if at == 0 { sum } else { sum.permute(&axes) };
    let width = sum.elements() / (count * examples);
    sum.reshape(&[count, examples, width])
}

/// A stack `[c, ..]` as `[c, m, rest]`.
pub(super) fn by_example(stack: Array, batch: &Batch, examples: usize) -> Array {
    let shape = stack.shape();
    let (parts, at) = apart(&shape[1..], batch, examples);
    let rest = stack.elements() / (shape[0] * examples);
    let parts = [&[shape[0]], parts.as_slice()].concat();
    let mut axes: Vec<usize> = (0..parts.len()).filter(|&axis| axis != at + 1).collect();
    axes.insert(1, at + 1);
    let stack = stack.reshape(&parts);
    let stack = if at == 0 { stack } else { stack.permute(&axes) };
    stack.reshape(&[shape[0], examples, rest])
}

/// Converts `[m, rest]` back to a value of the given shape.
pub(super) fn from_examples(rows: Array, shape: &[usize], batch: &Batch, examples: usize) -> Array {
    let (mut parts, at) = apart(shape, batch, examples);
    // `m` moves to the front, and then to its place.
    parts.remove(at);
    let rows = rows.reshape(&[&[examples], parts.as_slice()].concat());
    let mut axes: Vec<usize> = (1..=parts.len()).collect();
    axes.insert(at, 0);
    let rows = if at == 0 { rows } else { rows.permute(&axes) };
    rows.reshape(shape)
}

/// One example of a value, whose axis of examples shrinks to `outer · inner`.
pub(super) fn example(value: &Array, batch: &Batch, examples: usize, index: usize) -> Array {
    let Batch::Split { axis, .. } = *batch else { return value.clone() };
    let mut shape = value.shape();
    let (parts, at) = apart(&shape, batch, examples);
    shape[axis] /= examples;
    value.clone().reshape(&parts).narrow(at, index, index + 1).reshape(&shape)
}
