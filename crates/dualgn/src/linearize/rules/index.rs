//! Reading elements from, or writing elements to, positions given by an integer array.
//!
//! | operation | saved | jvp `ẏ` | vjp |
//! |---|---|---|---|
//! | select, embedding, gather | indices | the same elements of `ẋ` | `ȳ` added at the indices |
//! | add into | indices | the tangent of the value added into `ẋ` | `ȳ`; for the value, its elements at the indices |
//! | replace in | indices | the tangent of the value put into `ẋ` | `ȳ` with zeros at the indices; likewise |
//!
//! An embedding is a selection along axis 0 of the weights, followed by a reshape. Where one position is replaced
//! twice, the value that Burn keeps receives the cotangent.

use burn::tensor::{DType, IndexingUpdateOp};

use super::{Kept, Rule, Saved, given, stacked, when};
use crate::tensor::Array;
use crate::trace::Index;

impl Rule for Index {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        let x = inputs.remove(0);
        let indices = inputs.remove(0);
        match *self {
            Index::Embedding => {
                let output = [indices.shape().as_slice(), &x.shape()[1..]].concat();
                self.taken(0, x, indices).reshape(&output)
            }
            _ => self.at(0, x, indices, || inputs.remove(0)),
        }
    }

    /// Keeps the indices and, if an active value replaces others, which of its elements remain.
    fn evaluate(&self, inputs: Vec<Array>, active: &[bool]) -> (Array, Saved) {
        let indices = inputs[1].clone();
        let stays = match self {
            Index::SelectInto { update: IndexingUpdateOp::Assign, .. }
            | Index::GatherInto { update: IndexingUpdateOp::Assign, .. }
                if active[2] =>
            {
                Some(self.stays(&inputs).lift())
            }
            _ => None,
        };
        (self.value(inputs), vec![Some(indices), stays])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let given = given(tangents);
        let count = given.shape()[0];
        let tangent = |input: usize| {
            let zeros = || Array::zeros(&stacked(count, &kept.shapes[input]), given.dtype(), &given.device());
            tangents[input].clone().unwrap_or_else(zeros)
        };
        let indices = self.stack(kept.array(0), count);
        self.at(1, tangent(0), indices, || tangent(2)).reshape(&stacked(count, &kept.output))
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let count = cotangent.shape()[0];
        let indices = self.stack(kept.array(0), count);
        let zeros =
            |input: usize| Array::zeros(&stacked(count, &kept.shapes[input]), cotangent.dtype(), &cotangent.device());
        match *self {
            Index::Embedding => {
                let mut rows = stacked(count, &kept.shapes[0]);
                rows[1] = indices.elements();
                vec![Some(zeros(0).select_add(1, indices, cotangent.reshape(&rows))), None]
            }
            Index::Select { axis } => vec![Some(zeros(0).select_add(axis + 1, indices, cotangent)), None],
            Index::Gather { axis } => vec![Some(zeros(0).scatter_add(axis + 1, indices, cotangent)), None],
            Index::SelectInto { update, .. } | Index::GatherInto { update, .. } => {
                let replaced = update == IndexingUpdateOp::Assign;
                let into = when(wanted[0], || {
                    if replaced {
                        self.at(1, cotangent.clone(), indices.clone(), || zeros(2))
                    } else {
                        cotangent.clone()
                    }
                });
                let value = when(wanted[2], || {
                    let taken = self.taken(1, cotangent.clone(), indices.clone());
                    if replaced { taken.mul(kept.array(1).clone()) } else { taken }
                });
                vec![into, None, value]
            }
        }
    }
}

impl Index {
    /// Applies the operation, up to the shape that an embedding gives its result, with its axis moved by `shift` for
    /// stacked vectors. Only an operation that writes calls for its value.
    fn at(&self, shift: usize, x: Array, indices: Array, value: impl FnOnce() -> Array) -> Array {
        match *self {
            Index::SelectInto { axis, update } => x.select_assign(axis + shift, flat(indices), value(), update),
            Index::GatherInto { axis, update } => x.scatter(axis + shift, indices, value(), update),
            _ => self.taken(shift, x, indices),
        }
    }

    /// The elements at the positions that the operation reads or writes, with its axis moved as in [`Index::at`].
    fn taken(&self, shift: usize, x: Array, indices: Array) -> Array {
        match *self {
            Index::Embedding => x.select(shift, flat(indices)),
            Index::Select { axis } | Index::SelectInto { axis, .. } => x.select(axis + shift, flat(indices)),
            Index::Gather { axis } | Index::GatherInto { axis, .. } => x.gather(axis + shift, indices),
        }
    }

    /// One for the elements of a value that remain, zero for those that another element overwrites at the same
    /// position. Burn decides which, so their indices are written like the values, and read back.
    fn stays(&self, inputs: &[Array]) -> Array {
        let (x, indices, value) = (&inputs[0], &inputs[1], &inputs[2]);
        let numbers: Vec<f64> = (1..=value.elements()).map(|number| number as f64).collect();
        // In double precision, which represents enough integers.
        let numbers = Array::from_f64(&numbers, &value.shape(), DType::F64, &value.device());
        let zeros = Array::zeros(&x.shape(), DType::F64, &x.device());
        let written = self.at(0, zeros, indices.clone(), || numbers.clone());
        self.taken(0, written, indices.clone()).sub(numbers).zero_marks().cast(value.dtype())
    }

    /// Indices for stacked vectors: a selection uses the same indices for all of them, a gather has an index for each
    /// element.
    fn stack(&self, indices: &Array, count: usize) -> Array {
        match self {
            Index::Gather { .. } | Index::GatherInto { .. } => {
                indices.clone().lift().expand(&stacked(count, &indices.shape()))
            }
            _ => flat(indices.clone()),
        }
    }
}

fn flat(indices: Array) -> Array {
    let elements = indices.elements();
    indices.reshape(&[elements])
}
