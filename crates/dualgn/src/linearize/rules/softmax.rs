//! Softmax `y` and its logarithm along one axis.
//!
//! | operation | saved | jvp `ẏ` | vjp `x̄` |
//! |---|---|---|---|
//! | softmax | y | `y (ẋ - Σ y ẋ)` | `y (ȳ - Σ y ȳ)` |
//! | log-softmax | p = exp y | `ẋ - Σ p ẋ` | `ȳ - p Σ ȳ` |

use super::{Kept, Rule, Saved, total};
use crate::tensor::Array;
use crate::trace::Softmax;

impl Rule for Softmax {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        let x = inputs.remove(0);
        if self.log { x.log_softmax(self.axis) } else { x.softmax(self.axis) }
    }

    fn evaluate(&self, inputs: Vec<Array>, _active: &[bool]) -> (Array, Saved) {
        let output = self.value(inputs);
        let probabilities = if self.log { output.clone().exp() } else { output.clone() };
        (output, vec![Some(probabilities.lift())])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let (p, tangent) = (kept.array(0).clone(), total(tangents.iter().cloned()));
        let mean = p.clone().mul(tangent.clone()).sum_axis(self.axis + 1);
        let centred = tangent.sub(mean);
        if self.log { centred } else { p.mul(centred) }
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, _wanted: &[bool]) -> Vec<Option<Array>> {
        let p = kept.array(0).clone();
        let axis = self.axis + 1;
        vec![Some(if self.log {
            cotangent.clone().sub(p.mul(cotangent.sum_axis(axis)))
        } else {
            let mean = p.clone().mul(cotangent.clone()).sum_axis(axis);
            p.mul(cotangent.sub(mean))
        })]
    }
}
