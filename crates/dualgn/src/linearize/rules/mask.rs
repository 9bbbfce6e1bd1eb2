//! Elements replaced where a boolean mask holds: by a constant, or by those of another tensor.
//!
//! | operation | saved | jvp `ẏ` | vjp |
//! |---|---|---|---|
//! | fill | mask | `ẋ` with zeros at the mask | `ȳ` with zeros at the mask |
//! | where | mask | the tangent of the value at the mask, `ẋ` elsewhere | `ȳ` split in the same way |
//!
//! The mask itself has no derivative. Inputs may broadcast.

use super::{Kept, Rule, Saved, given, stacked, when};
use crate::tensor::Array;
use crate::trace::Mask;

impl Rule for Mask {
    fn value(&self, inputs: Vec<Array>) -> Array {
        let (x, mask) = (inputs[0].clone(), inputs[1].clone());
        match *self {
            Mask::Fill(value) => x.mask_fill(mask, value),
            Mask::Where => x.mask_where(mask, inputs[2].clone()),
        }
    }

    fn evaluate(&self, inputs: Vec<Array>, _active: &[bool]) -> (Array, Saved) {
        let mask = inputs[1].clone();
        let output = self.value(inputs);
        let mask = mask.expand(&output.shape()).lift();
        (output, vec![Some(mask)])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let given = given(tangents);
        let shape = stacked(given.shape()[0], &kept.output);
        let mask = kept.array(0).clone().expand(&shape);
        let zeros = || Array::zeros(&shape, given.dtype(), &given.device());
        let wide = |tangent: &Option<Array>| tangent.clone().map_or_else(zeros, |tangent| tangent.expand(&shape));
        match self {
            Mask::Fill(_) => wide(&tangents[0]).mask_fill(mask, 0.0),
            Mask::Where => wide(&tangents[0]).mask_where(mask, wide(&tangents[2])),
        }
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let mask = kept.array(0).clone().expand(&cotangent.shape());
        let target = |input: usize| stacked(cotangent.shape()[0], &kept.shapes[input]);
        let outside = when(wanted[0], || cotangent.clone().mask_fill(mask.clone(), 0.0).sum_to(&target(0)));
        let mut result = vec![outside, None];
        if let Some(&wanted) = wanted.get(2) {
            result.push(when(wanted, || {
                let zeros = Array::zeros(&cotangent.shape(), cotangent.dtype(), &cotangent.device());
                zeros.mask_where(mask.clone(), cotangent.clone()).sum_to(&target(2))
            }));
        }
        result
    }
}
