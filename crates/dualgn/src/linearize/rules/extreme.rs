//! Largest and smallest element along one axis, which keeps length one.
//!
//! The position of the extreme is kept. A jvp takes the tangent from there, a vjp puts the cotangent there. At a tie the
//! first position counts, as in Burn.

use super::{Kept, Rule, stacked, total};
use crate::tensor::Array;
use crate::trace::Extreme;

impl Rule for Extreme {
    fn value(&self, inputs: Vec<Array>) -> Array {
        self.evaluate(inputs).0
    }

    fn evaluate(&self, mut inputs: Vec<Array>) -> (Array, Vec<Array>) {
        let x = inputs.remove(0);
        let position = self.position(&x);
        (x.gather(self.axis, position.clone()), vec![position])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let tangent = total(tangents.iter().cloned());
        let position = stack(&kept.arrays[0], tangent.shape()[0]);
        tangent.gather(self.axis + 1, position)
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, _wanted: &[bool]) -> Vec<Option<Array>> {
        let count = cotangent.shape()[0];
        let shape = stacked(count, &kept.shapes[0]);
        let zeros = Array::zeros(&shape, cotangent.dtype(), &cotangent.device());
        vec![Some(zeros.scatter_add(self.axis + 1, stack(&kept.arrays[0], count), cotangent))]
    }
}

impl Extreme {
    fn position(&self, x: &Array) -> Array {
        if self.max { x.clone().argmax(self.axis) } else { x.clone().argmin(self.axis) }
    }
}

/// The same positions for each of `count` stacked vectors.
fn stack(positions: &Array, count: usize) -> Array {
    let shape = stacked(count, &positions.shape());
    positions.clone().lift().expand(&shape)
}
