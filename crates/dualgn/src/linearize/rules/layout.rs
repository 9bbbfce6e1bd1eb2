//! Operations that move elements: reshape, permute, expand, slice, write into a slice, flip, repeat, concatenate.
//!
//! They are linear, so a jvp applies the operation itself, one axis further in; a vjp applies its transpose:
//!
//! | operation | transpose |
//! |---|---|
//! | reshape, permute, flip | the inverse |
//! | expand, repeat | sum over the copies |
//! | slice | zeros with the range filled in |
//! | write into a slice | zeros in the range; the range |
//! | cat | the slices |

use burn::tensor::Slice;

use super::{Kept, Rule, Saved, given, stacked, when};
use crate::tensor::Array;
use crate::trace::Layout;

impl Rule for Layout {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        match self {
            Layout::Reshape(shape) => inputs.remove(0).reshape(shape),
            Layout::Permute(axes) => inputs.remove(0).permute(axes),
            Layout::Expand(shape) => inputs.remove(0).expand(shape),
            Layout::Slice(slices) => inputs.remove(0).slice(slices),
            Layout::Assign(slices) => inputs.remove(0).slice_assign(slices, inputs.remove(0)),
            Layout::Flip(axes) => inputs.remove(0).flip(axes),
            Layout::Repeat { axis, times } => inputs.remove(0).repeat(*axis, *times),
            Layout::Cat { axis } => Array::cat(inputs, *axis),
        }
    }

    fn evaluate(&self, inputs: Vec<Array>, _active: &[bool]) -> (Array, Saved) {
        (self.value(inputs), vec![])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let given = given(tangents);
        let count = given.shape()[0];
        let zeros = |shape: &[usize]| Array::zeros(&stacked(count, shape), given.dtype(), &given.device());
        let tangents: Vec<Array> = tangents
            .iter()
            .zip(&kept.shapes)
            .map(|(tangent, shape)| tangent.clone().unwrap_or_else(|| zeros(shape)))
            .collect();
        if let Layout::Expand(shape) = self {
            let tangent = tangents[0].clone().reshape(&stacked(count, &padded(&kept.shapes[0], shape.len())));
            return tangent.expand(&stacked(count, shape));
        }
        self.shifted(count).value(tangents)
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let count = cotangent.shape()[0];
        let input = &kept.shapes[0];
        let target = stacked(count, input);
        match self {
            Layout::Reshape(_) => vec![Some(cotangent.reshape(&target))],
            Layout::Permute(axes) => {
                let mut inverse = vec![0; axes.len() + 1];
                for (to, &from) in axes.iter().enumerate() {
                    inverse[from + 1] = to + 1;
                }
                vec![Some(cotangent.permute(&inverse))]
            }
            Layout::Expand(shape) => {
                vec![Some(cotangent.sum_to(&stacked(count, &padded(input, shape.len()))).reshape(&target))]
            }
            Layout::Slice(slices) => {
                let zeros = Array::zeros(&target, cotangent.dtype(), &cotangent.device());
                vec![Some(zeros.slice_assign(&of_all(count, slices), cotangent))]
            }
            Layout::Assign(slices) => {
                let slices = of_all(count, slices);
                let zeros = || {
                    let shape = stacked(count, &kept.shapes[1]);
                    Array::zeros(&shape, cotangent.dtype(), &cotangent.device())
                };
                vec![
                    when(wanted[0], || cotangent.clone().slice_assign(&slices, zeros())),
                    when(wanted[1], || cotangent.clone().slice(&slices)),
                ]
            }
            Layout::Flip(_) => vec![Some(self.shifted(count).value(vec![cotangent]))],
            Layout::Repeat { axis, times } => {
                let mut split = target.clone();
                split.insert(axis + 1, *times);
                vec![Some(cotangent.reshape(&split).sum_axis(axis + 1).reshape(&target))]
            }
            Layout::Cat { axis } => {
                let mut start = 0;
                let mut parts = vec![];
                for (shape, &wanted) in kept.shapes.iter().zip(wanted) {
                    let end = start + shape[*axis];
                    parts.push(when(wanted, || cotangent.clone().narrow(axis + 1, start, end)));
                    start = end;
                }
                parts
            }
        }
    }

    fn needs_values(&self) -> bool {
        false
    }
}

impl Layout {
    /// The same operation with `count` vectors stacked in front.
    fn shifted(&self, count: usize) -> Self {
        let next = |axes: &[usize]| axes.iter().map(|axis| axis + 1).collect();
        match self {
            Layout::Reshape(shape) => Layout::Reshape(stacked(count, shape)),
            Layout::Permute(axes) => Layout::Permute([vec![0], next(axes)].concat()),
            Layout::Expand(shape) => Layout::Expand(stacked(count, shape)),
            Layout::Slice(slices) => Layout::Slice(of_all(count, slices)),
            Layout::Assign(slices) => Layout::Assign(of_all(count, slices)),
            Layout::Flip(axes) => Layout::Flip(next(axes)),
            Layout::Repeat { axis, times } => Layout::Repeat { axis: axis + 1, times: *times },
            Layout::Cat { axis } => Layout::Cat { axis: axis + 1 },
        }
    }
}

/// Ranges of values as those of `count` stacked vectors.
fn of_all(count: usize, slices: &[Slice]) -> Vec<Slice> {
    [&[Slice::from(0..count)], slices].concat()
}

/// The shape with leading axes of length one, up to the given rank.
fn padded(shape: &[usize], rank: usize) -> Vec<usize> {
    [vec![1; rank - shape.len()].as_slice(), shape].concat()
}
