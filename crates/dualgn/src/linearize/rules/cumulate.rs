//! Cumulative sums along one axis.
//!
//! They are linear: a jvp sums the tangent in the same way, a vjp sums the cotangent from the far end.

use super::{Kept, Rule, Saved, total};
use crate::tensor::Array;
use crate::trace::Cumulate;

impl Rule for Cumulate {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        inputs.remove(0).cumsum(self.axis)
    }

    fn evaluate(&self, inputs: Vec<Array>, _active: &[bool]) -> (Array, Saved) {
        (self.value(inputs), vec![])
    }

    fn jvp(&self, _kept: &Kept, tangents: &[Option<Array>]) -> Array {
        total(tangents.iter().cloned()).cumsum(self.axis + 1)
    }

    fn vjp(&self, _kept: &Kept, cotangent: Array, _wanted: &[bool]) -> Vec<Option<Array>> {
        let axis = self.axis + 1;
        vec![Some(cotangent.flip(&[axis]).cumsum(axis).flip(&[axis]))]
    }

    fn needs_values(&self) -> bool {
        false
    }
}
