//! Casts from one float type to another: linear, with the reverse cast as transpose.

use super::{Kept, Rule, Saved, total};
use crate::tensor::Array;
use crate::trace::Cast;

impl Rule for Cast {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        inputs.remove(0).cast(self.to)
    }

    fn evaluate(&self, inputs: Vec<Array>, _active: &[bool]) -> (Array, Saved) {
        (self.value(inputs), vec![])
    }

    fn jvp(&self, _kept: &Kept, tangents: &[Option<Array>]) -> Array {
        total(tangents.iter().cloned()).cast(self.to)
    }

    fn vjp(&self, _kept: &Kept, cotangent: Array, _wanted: &[bool]) -> Vec<Option<Array>> {
        vec![Some(cotangent.cast(self.from))]
    }

    fn needs_values(&self) -> bool {
        false
    }
}
