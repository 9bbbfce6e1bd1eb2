//! Largest and smallest element along one axis, which keeps length one.
//!
//! The position of the extreme is kept. A jvp takes the tangent from there, a vjp puts the cotangent there. At a tie the
//! first position counts, as in Burn.

use super::{Evaluated, Rule, total};
use crate::tensor::Array;
use crate::trace::Extreme;

impl Rule for Extreme {
    fn value(&self, inputs: &[Array]) -> Array {
        let position = self.position(&inputs[0]);
        inputs[0].clone().gather(self.axis, position)
    }

    fn evaluate(&self, inputs: &[Array]) -> Evaluated {
        let position = self.position(&inputs[0]);
        let output = inputs[0].clone().gather(self.axis, position.clone());
        Evaluated { output, saved: vec![inputs[0].clone(), position] }
    }

    fn jvp(&self, saved: &[Array], tangents: &[Option<Array>]) -> Array {
        let tangent = total(tangents.iter().cloned());
        let position = stack(&saved[1], tangent.shape()[0]);
        tangent.gather(self.axis + 1, position)
    }

    fn vjp(&self, saved: &[Array], cotangent: Array, _wanted: &[bool]) -> Vec<Option<Array>> {
        let count = cotangent.shape()[0];
        let shape = [&[count], saved[0].shape().as_slice()].concat();
        let zeros = Array::zeros(&shape, cotangent.dtype(), &cotangent.device());
        vec![Some(zeros.scatter_add(self.axis + 1, stack(&saved[1], count), cotangent))]
    }
}

impl Extreme {
    fn position(&self, x: &Array) -> Array {
        if self.max { x.clone().argmax(self.axis) } else { x.clone().argmin(self.axis) }
    }
}

/// The same positions for each of `count` stacked vectors.
pub(super) fn stack(positions: &Array, count: usize) -> Array {
    let shape = [&[count], positions.shape().as_slice()].concat();
    positions.clone().lift().expand(&shape)
}
