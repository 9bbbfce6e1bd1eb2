//! Elementwise operations of two tensors, with broadcasting over axes of length one.
//!
//! | operation | saved | jvp `ẏ` | vjp `ā`, `b̄` |
//! |---|---|---|---|
//! | a + b, a - b | | `ȧ ± ḃ` | `ȳ`, `±ȳ` |
//! | a b | b, a | `b ȧ + a ḃ` | `b ȳ`, `a ȳ` |
//! | a / b | 1/b, -y/b | `(ȧ - y ḃ) / b` | `ȳ/b`, `-y ȳ/b` |
//! | a mod b | -⌊a/b⌋ | `ȧ - ⌊a/b⌋ ḃ` | `ȳ`, `-⌊a/b⌋ ȳ` |
//! | aᵇ | b aᵇ⁻¹, y log a | `b aᵇ⁻¹ ȧ + y log(a) ḃ` | likewise |
//! | atan2(a, b) | b/r², -a/r², `r² = a² + b²` | `(b ȧ - a ḃ) / r²` | likewise |
//! | hypot(a, b) | a/y, b/y | `(a ȧ + b ḃ) / y` | likewise |
//!
//! A cotangent of a broadcast input is summed over the broadcast axes. The derivative of `aᵇ` by `b` exists for `a >
//! 0`; it is taken as zero where `a ≤ 0`, as that of a constant exponent would be.

use super::{Kept, Rule, Saved, count, stacked, total, when};
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
            Binary::Rem => a.rem(b),
            Binary::Pow => a.powf(b),
            Binary::Atan2 => a.atan2(b),
            Binary::Hypot => a.hypot(b),
        }
    }

    /// Keeps the partial derivatives with respect to the active inputs, unless they are constant.
    fn evaluate(&self, inputs: Vec<Array>, active: &[bool]) -> (Array, Saved) {
        if !self.needs_values() {
            return (self.value(inputs), vec![]);
        }
        let (a, b) = (inputs[0].clone(), inputs[1].clone());
        let output = self.value(inputs);
        let partial = |side: usize| match active[side] {
            true => self.partial(side, &a, &b, &output).map(Array::lift),
            false => None,
        };
        let kept = vec![partial(0), partial(1)];
        (output, kept)
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
    /// The derivative of `y = a ∘ b` with respect to one of its operands; `None` where it is one or minus one.
    fn partial(&self, side: usize, a: &Array, b: &Array, y: &Array) -> Option<Array> {
        let (a, b) = (|| a.clone(), || b.clone());
        Some(match (self, side) {
            (Binary::Add | Binary::Sub, _) | (Binary::Rem, 0) => return None,
            (Binary::Mul, 0) => b(),
            (Binary::Mul, _) => a(),
            (Binary::Div, 0) => b().recip(),
            (Binary::Div, _) => y.clone().mul(b().recip()).neg(),
            (Binary::Rem, _) => a().div(b()).floor().neg(),
            // The power zero is constant, at zero as elsewhere.
            (Binary::Pow, 0) => b().mul(a().powf(b().add_scalar(-1.0).mul(b().sign().abs()))),
            (Binary::Pow, _) => {
                // log of a non-positive base would poison the product with NaN.
                let positive = a().sign().clamp(0.0, 1.0);
                let safe = a().mul(positive.clone()).add(positive.neg().add_scalar(1.0));
                y.clone().mul(safe.log())
            }
            (Binary::Atan2, 0) => over(b(), a().mul(a()).add(b().mul(b()))),
            (Binary::Atan2, _) => over(a(), a().mul(a()).add(b().mul(b()))).neg(),
            (Binary::Hypot, 0) => over(a(), y.clone()),
            (Binary::Hypot, _) => over(b(), y.clone()),
        })
    }

    /// Multiplies a vector of the output's shape by the derivative with respect to one operand, before any sum over
    /// broadcast axes.
    pub(crate) fn multiply(&self, kept: &Kept, side: usize, vector: Array) -> Array {
        match (self, side) {
            (Binary::Add, _) | (Binary::Sub | Binary::Rem, 0) => vector,
            (Binary::Sub, _) => vector.neg(),
            _ => vector.mul(kept.array(side).clone()),
        }
    }
}

/// `x / y` for `y ≥ 0`; zero where `y` is zero, at the origin, consistent with the derivative of `|x|` there.
fn over(x: Array, y: Array) -> Array {
    x.div(y.clone().add(y.zero_marks()))
}

pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    a.iter().zip(b).map(|(&a, &b)| if a == 1 { b } else { a }).collect()
}
