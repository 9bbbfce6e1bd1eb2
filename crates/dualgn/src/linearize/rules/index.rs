//! Rows taken by an integer array: selection along an axis, and embedding.
//!
//! | operation | saved | jvp `ẏ` | vjp `x̄` |
//! |---|---|---|---|
//! | select | indices | the same selection of `ẋ` | `ȳ` added at the indices |
//! | embedding | tokens | rows of the tangent weights | rows of `ȳ` added to the weights of their tokens |
//!
//! An embedding is a selection along axis 0 of the weights, then a reshape.

use super::{Kept, Rule, stacked};
use crate::tensor::Array;
use crate::trace::Index;

impl Rule for Index {
    fn value(&self, inputs: Vec<Array>) -> Array {
        let (x, indices) = (inputs[0].clone(), inputs[1].clone());
        let output = self.output(&x.shape(), &indices.shape());
        x.select(self.axis(), flat(indices)).reshape(&output)
    }

    fn evaluate(&self, inputs: Vec<Array>) -> (Array, Vec<Array>) {
        let indices = inputs[1].clone();
        (self.value(inputs), vec![indices])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let tangent = tangents[0].clone().expect("indices have no tangent");
        let output = stacked(tangent.shape()[0], &kept.output);
        tangent.select(self.axis() + 1, flat(kept.arrays[0].clone())).reshape(&output)
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        debug_assert!(wanted[0] && !wanted[1]);
        let indices = flat(kept.arrays[0].clone());
        let count = cotangent.shape()[0];
        let mut rows = stacked(count, &kept.shapes[0]);
        let zeros = Array::zeros(&rows, cotangent.dtype(), &cotangent.device());
        rows[self.axis() + 1] = indices.elements();
        vec![Some(zeros.select_add(self.axis() + 1, indices, cotangent.reshape(&rows))), None]
    }
}

impl Index {
    fn axis(&self) -> usize {
        match *self {
            Index::Select { axis } => axis,
            Index::Embedding => 0,
        }
    }

    fn output(&self, input: &[usize], indices: &[usize]) -> Vec<usize> {
        match self {
            Index::Select { axis } => {
                let mut shape = input.to_vec();
                shape[*axis] = indices.iter().product();
                shape
            }
            Index::Embedding => [indices, &input[1..]].concat(),
        }
    }
}

fn flat(indices: Array) -> Array {
    let elements = indices.elements();
    indices.reshape(&[elements])
}
