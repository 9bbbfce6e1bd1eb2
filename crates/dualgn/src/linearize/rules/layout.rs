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

use super::{Kept, Rule, Saved, count, stacked, when};
use crate::tensor::Array;
use crate::trace::Layout;

impl Rule for Layout {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        if let Layout::Cat { axis } = self {
            return Array::cat(inputs, *axis);
        }
        let x = inputs.remove(0);
        match self {
            Layout::Reshape(shape) => x.reshape(shape),
            Layout::Permute(axes) => x.permute(axes),
            Layout::Expand(shape) => x.expand(shape),
            Layout::Slice(slices) => x.slice(slices),
            Layout::Assign(slices) => x.slice_assign(slices, inputs.remove(0)),
            Layout::Flip(axes) => x.flip(axes),
            Layout::Repeat { axis, times } => x.repeat(*axis, *times),
            Layout::Cat { .. } => unreachable!("returned above"),
        }
    }

    fn evaluate(&self, inputs: Vec<Array>, _active: &[bool]) -> (Array, Saved) {
        (self.value(inputs), vec![])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let count = count(tangents);
        let given = tangents.iter().flatten().next().expect("counted above");
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
            Layout::Slice(_) => {
                let Layout::Slice(slices) = self.shifted(count) else { unreachable!() };
                let zeros = Array::zeros(&target, cotangent.dtype(), &cotangent.device());
                vec![Some(zeros.slice_assign(&slices, cotangent))]
            }
            Layout::Assign(_) => {
                let Layout::Assign(slices) = self.shifted(count) else { unreachable!() };
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
            Layout::Slice(slices) => Layout::Slice([vec![Slice::from(0..count)], slices.clone()].concat()),
            Layout::Assign(slices) => Layout::Assign([vec![Slice::from(0..count)], slices.clone()].concat()),
            Layout::Flip(axes) => Layout::Flip(next(axes)),
            Layout::Repeat { axis, times } => Layout::Repeat { axis: axis + 1, times: *times },
            Layout::Cat { axis } => Layout::Cat { axis: axis + 1 },
        }
    }
}

/// The shape with leading axes of length one, up to the given rank.
fn padded(shape: &[usize], rank: usize) -> Vec<usize> {
    [vec![1; rank - shape.len()].as_slice(), shape].concat()
}
