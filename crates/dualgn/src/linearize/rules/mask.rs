//! Elements replaced where a boolean mask holds: by a constant, or by those of another tensor.
//!
//! | operation | saved | jvp `ẏ` | vjp |
//! |---|---|---|---|
//! | fill | mask | `ẋ` with zeros at the mask | `ȳ` with zeros at the mask |
//! | where | mask | the tangent of the value at the mask, `ẋ` elsewhere | `ȳ` split in the same way |
//!
//! The mask itself has no derivative. Inputs may broadcast.

use super::{Evaluated, Rule, when};
use crate::tensor::Array;
use crate::trace::Mask;

impl Rule for Mask {
    fn value(&self, inputs: &[Array]) -> Array {
        let (x, mask) = (inputs[0].clone(), inputs[1].clone());
        match *self {
            Mask::Fill(value) => x.mask_fill(mask, value),
            Mask::Where => x.mask_where(mask, inputs[2].clone()),
        }
    }

    fn evaluate(&self, inputs: &[Array]) -> Evaluated {
        let output = self.value(inputs);
        let mask = inputs[1].clone().expand(&output.shape()).lift();
        let mut saved = vec![mask, inputs[0].clone()];
        saved.extend(inputs.get(2).cloned());
        Evaluated { output, saved }
    }

    fn jvp(&self, saved: &[Array], tangents: &[Option<Array>]) -> Array {
        let count = tangents.iter().flatten().next().expect("at least one tangent").shape()[0];
        let mut shape = saved[0].shape();
        shape[0] = count;
        let mask = saved[0].clone().expand(&shape);
        let zeros = || Array::zeros(&shape, saved[1].dtype(), &saved[1].device());
        let wide = |tangent: &Option<Array>| tangent.clone().map_or_else(zeros, |tangent| tangent.expand(&shape));
        match self {
            Mask::Fill(_) => wide(&tangents[0]).mask_fill(mask, 0.0),
            Mask::Where => wide(&tangents[0]).mask_where(mask, wide(&tangents[2])),
        }
    }

    fn vjp(&self, saved: &[Array], cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let mask = saved[0].clone().expand(&cotangent.shape());
        let target = |array: &Array| [&[cotangent.shape()[0]], array.shape().as_slice()].concat();
        let outside = when(wanted[0], || cotangent.clone().mask_fill(mask.clone(), 0.0).sum_to(&target(&saved[1])));
        let mut result = vec![outside, None];
        if let Some(&wanted) = wanted.get(2) {
            result.push(when(wanted, || {
                let zeros = cotangent.clone().scale(0.0);
                zeros.mask_where(mask.clone(), cotangent.clone()).sum_to(&target(&saved[2]))
            }));
        }
        result
    }
}
