//! Elementwise operations of two tensors, with broadcasting over axes of length one.
//!
//! | operation | saved | jvp `ẏ` | vjp `ā`, `b̄` |
//! |---|---|---|---|
//! | a + b, a - b | | `ȧ ± ḃ` | `ȳ`, `±ȳ` |
//! | a b | b, a | `b ȧ + a ḃ` | `b ȳ`, `a ȳ` |
//! | a / b | 1/b, -y/b | `(ȧ - y ḃ) / b` | `ȳ/b`, `-y ȳ/b` |
//! | aᵇ | b aᵇ⁻¹, y log a | `b aᵇ⁻¹ ȧ + y log(a) ḃ` | likewise |
//!
//! A cotangent of a broadcast input is summed over the broadcast axes. The derivative of `aᵇ` by `b` exists for `a > 0`;
//! it is taken as zero where `a ≤ 0`, as that of a constant exponent would be.

use super::{Kept, Rule, count, stacked, total, when};
use crate::tensor::Array;
use crate::trace::Binary;

impl Rule for Binary {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        let b = inputs.remove(1);
        let a = inputs.remove(0);
        match self {
            Binary::Add => a.add(b),
            Binary::Sub => a.sub(b),
            Binary::Mul => a.mul(b),
            Binary::Div => a.div(b),
            Binary::Pow => a.powf(b),
        }
    }

    /// Keeps the two partial derivatives, if they are not constants.
    fn evaluate(&self, inputs: Vec<Array>) -> (Array, Vec<Array>) {
        if !self.needs_values() {
            return (self.value(inputs), vec![]);
        }
        let (a, b) = (inputs[0].clone(), inputs[1].clone());
        let output = self.value(inputs);
        let (by_a, by_b) = match self {
            Binary::Div => {
                let inverse = b.recip();
                (inverse.clone(), output.clone().mul(inverse).neg())
            }
            Binary::Pow => {
                let by_base = b.clone().mul(a.clone().powf(b.add_scalar(-1.0)));
                // log of a non-positive base would poison the product with NaN.
                let positive = a.clone().sign().clamp(0.0, 1.0);
                let safe = a.mul(positive.clone()).add(positive.neg().add_scalar(1.0));
                (by_base, output.clone().mul(safe.log()))
            }
            _ => (b, a),
        };
        (output, vec![by_a.lift(), by_b.lift()])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let shape = stacked(count(tangents), &broadcast(&kept.shapes[0], &kept.shapes[1]));
        let term = |side: usize| Some(self.multiply(kept, side, tangents[side].clone()?).expand(&shape));
        total([term(0), term(1)])
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let count = cotangent.shape()[0];
        let pull = |side: usize| {
            when(wanted[side], || {
                self.multiply(kept, side, cotangent.clone()).sum_to(&stacked(count, &kept.shapes[side]))
            })
        };
        vec![pull(0), pull(1)]
    }

    fn needs_values(&self) -> bool {
        !matches!(self, Binary::Add | Binary::Sub)
    }
}

impl Binary {
    fn multiply(&self, kept: &Kept, side: usize, vector: Array) -> Array {
        match (self, side) {
            (Binary::Add, _) | (Binary::Sub, 0) => vector,
            (Binary::Sub, _) => vector.neg(),
            _ => vector.mul(kept.arrays[side].clone()),
        }
    }
}

fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    a.iter().zip(b).map(|(&a, &b)| if a == 1 { b } else { a }).collect()
}
