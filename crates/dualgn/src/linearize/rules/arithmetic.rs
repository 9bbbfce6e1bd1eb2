//! Elementwise operations of two tensors, with broadcasting over axes of length one.
//!
//! | operation | saved | jvp `ẏ` | vjp `ā`, `b̄` |
//! |---|---|---|---|
//! | a + b, a - b | | `ȧ ± ḃ` | `ȳ`, `±ȳ` |
//! | a b | a, b | `b ȧ + a ḃ` | `b ȳ`, `a ȳ` |
//! | a / b | y, 1/b | `(ȧ - y ḃ) / b` | `ȳ/b`, `-y ȳ/b` |
//! | aᵇ | b aᵇ⁻¹, y log a | `b aᵇ⁻¹ ȧ + y log(a) ḃ` | likewise |
//!
//! A cotangent of a broadcast input is summed over the broadcast axes. The derivative of `aᵇ` by `b` exists for `a > 0`;
//! it is taken as zero where `a ≤ 0`, as that of a constant exponent would be.

use super::{Evaluated, Rule, total, when};
use crate::tensor::Array;
use crate::trace::Binary;

impl Rule for Binary {
    fn value(&self, inputs: &[Array]) -> Array {
        let (a, b) = (inputs[0].clone(), inputs[1].clone());
        match self {
            Binary::Add => a.add(b),
            Binary::Sub => a.sub(b),
            Binary::Mul => a.mul(b),
            Binary::Div => a.div(b),
            Binary::Pow => a.powf(b),
        }
    }

    /// Keeps the two partial derivatives, then two arrays that tell the shapes of the inputs.
    fn evaluate(&self, inputs: &[Array]) -> Evaluated {
        let output = self.value(inputs);
        let (a, b) = (inputs[0].clone(), inputs[1].clone());
        let partials = match self {
            Binary::Add | Binary::Sub => None,
            Binary::Mul => Some((b.clone(), a.clone())),
            Binary::Div => {
                let inverse = b.clone().recip();
                Some((inverse.clone(), output.clone().mul(inverse).neg()))
            }
            Binary::Pow => {
                let by_base = b.clone().mul(a.clone().powf(b.clone().add_scalar(-1.0)));
                // log of a non-positive base would poison the product with NaN.
                let positive = a.clone().sign().clamp(0.0, 1.0);
                let safe = a.clone().mul(positive.clone()).add(positive.neg().add_scalar(1.0));
                Some((by_base, output.clone().mul(safe.log())))
            }
        };
        let mut saved = vec![a, b];
        saved.extend(partials.into_iter().flat_map(|(by_a, by_b)| [by_a.lift(), by_b.lift()]));
        Evaluated { output, saved }
    }

    fn jvp(&self, saved: &[Array], tangents: &[Option<Array>]) -> Array {
        let output: Vec<usize> = broadcast(&saved[0].shape(), &saved[1].shape());
        let term = |side: usize| {
            let tangent = tangents[side].clone()?;
            let mut shape = output.clone();
            shape.insert(0, tangent.shape()[0]);
            Some(self.multiply(saved, side, tangent).expand(&shape))
        };
        total([term(0), term(1)])
    }

    fn vjp(&self, saved: &[Array], cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let pull = |side: usize| {
            when(wanted[side], || {
                let mut shape = saved[side].shape();
                shape.insert(0, cotangent.shape()[0]);
                self.multiply(saved, side, cotangent.clone()).sum_to(&shape)
            })
        };
        vec![pull(0), pull(1)]
    }
}

impl Binary {
    fn multiply(&self, saved: &[Array], side: usize, vector: Array) -> Array {
        match (self, side) {
            (Binary::Add, _) | (Binary::Sub, 0) => vector,
            (Binary::Sub, _) => vector.neg(),
            _ => vector.mul(saved[2 + side].clone()),
        }
    }
}

fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    a.iter().zip(b).map(|(&a, &b)| if a == 1 { b } else { a }).collect()
}
