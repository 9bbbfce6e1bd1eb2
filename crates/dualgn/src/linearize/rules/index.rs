//! Elements taken from, or put to, places given by an integer array.
//!
//! | operation | saved | jvp `ẏ` | vjp |
//! |---|---|---|---|
//! | select, embedding, gather | indices | the same elements of `ẋ` | `ȳ` added at the indices |
//! | add into | indices | the tangent of the value added into `ẋ` | `ȳ`; for the value, its elements at the indices |
//! | replace in | indices | the tangent of the value put into `ẋ` | `ȳ` with zeros at the indices; likewise |
//!
//! An embedding is a selection along axis 0 of the weights, then a reshape. Where one place is replaced twice, Burn leaves
//! open which value stays, and so which cotangent is right.

use burn::tensor::IndexingUpdateOp;

use super::{Kept, Rule, Saved, count, stacked, when};
use crate::tensor::Array;
use crate::trace::Index;

impl Rule for Index {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        let value = (inputs.len() == 3).then(|| inputs.remove(2));
        let indices = inputs.remove(1);
        let x = inputs.remove(0);
        match *self {
            Index::Embedding => {
                let output = [indices.shape().as_slice(), &x.shape()[1..]].concat();
                x.select(0, flat(indices)).reshape(&output)
            }
            _ => self.at(0, x, indices, value),
        }
    }

    fn evaluate(&self, inputs: Vec<Array>, _active: &[bool]) -> (Array, Saved) {
        let indices = inputs[1].clone();
        (self.value(inputs), vec![Some(indices)])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let count = count(tangents);
        let given = tangents.iter().flatten().next().expect("counted above");
        let tangent = |input: usize| {
            let zeros = || Array::zeros(&stacked(count, &kept.shapes[input]), given.dtype(), &given.device());
            tangents[input].clone().unwrap_or_else(zeros)
        };
        let indices = self.stack(kept.array(0), count);
        match self {
            Index::Embedding => tangent(0).select(1, indices).reshape(&stacked(count, &kept.output)),
            Index::Select { .. } | Index::Gather { .. } => self.at(1, tangent(0), indices, None),
            Index::SelectInto { .. } | Index::GatherInto { .. } => self.at(1, tangent(0), indices, Some(tangent(2))),
        }
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
            Index::SelectInto { axis, update } | Index::GatherInto { axis, update } => {
                let replaced = update == IndexingUpdateOp::Assign;
                let into = when(wanted[0], || {
                    if replaced {
                        self.at(1, cotangent.clone(), indices.clone(), Some(zeros(2)))
                    } else {
                        cotangent.clone()
                    }
                });
                let value = when(wanted[2], || match self {
                    Index::SelectInto { .. } => cotangent.clone().select(axis + 1, indices.clone()),
                    _ => cotangent.clone().gather(axis + 1, indices.clone()),
                });
                vec![into, None, value]
            }
        }
    }
}

impl Index {
    /// The operation itself, its axis moved by `shift` for the stacked vectors.
    fn at(&self, shift: usize, x: Array, indices: Array, value: Option<Array>) -> Array {
        let value = || value.clone().expect("an operation that writes has a value");
        match *self {
            Index::Embedding => x.select(shift, indices),
            Index::Select { axis } => x.select(axis + shift, flat(indices)),
            Index::Gather { axis } => x.gather(axis + shift, indices),
            Index::SelectInto { axis, update } => x.select_assign(axis + shift, flat(indices), value(), update),
            Index::GatherInto { axis, update } => x.scatter(axis + shift, indices, value(), update),
        }
    }

    /// Indices for stacked vectors: a selection takes the same for all, a gather has an entry for each element.
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
