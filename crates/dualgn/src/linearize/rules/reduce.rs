//! Sums and means, along axes (which keep length one) or of everything (shape `[1]`).
//!
//! They are linear: a jvp reduces the tangent, a vjp spreads the cotangent over the reduced axes; a mean divides by the
//! number of terms. Only the shape of the input is kept.

use super::{Kept, Rule, Saved, stacked, total};
use crate::tensor::Array;
use crate::trace::Reduce;

impl Rule for Reduce {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        let x = inputs.remove(0);
        let factor = self.factor(&x.shape());
        let sum = match self {
            Reduce::Sum(axes) | Reduce::Mean(axes) => x.sum_axes(axes),
            Reduce::SumAll | Reduce::MeanAll => x.sum_all(),
        };
        match factor {
            1.0 => sum,
            factor if sum.dtype().is_float() => sum.scale(factor),
            // Means of integers are rounded towards zero.
            factor => sum.div_scalar((1.0 / factor).round()),
        }
    }

    fn evaluate(&self, inputs: Vec<Array>, _active: &[bool]) -> (Array, Saved) {
        (self.value(inputs), vec![])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let tangent = total(tangents.iter().cloned());
        let (count, shape) = (tangent.shape()[0], &kept.shapes[0]);
        let sum = match self {
            Reduce::Sum(axes) | Reduce::Mean(axes) => {
                let axes: Vec<usize> = axes.iter().map(|axis| axis + 1).collect();
                tangent.sum_axes(&axes)
            }
            Reduce::SumAll | Reduce::MeanAll => {
                let elements = shape.iter().product();
                tangent.reshape(&[count, elements]).sum_axis(1)
            }
        };
        sum.scale(self.factor(shape))
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, _wanted: &[bool]) -> Vec<Option<Array>> {
        let shape = &kept.shapes[0];
        let count = cotangent.shape()[0];
        let wide = stacked(count, shape);
        let narrow = match self {
            Reduce::Sum(_) | Reduce::Mean(_) => cotangent,
            Reduce::SumAll | Reduce::MeanAll => {
                let mut ones = vec![1; wide.len()];
                ones[0] = count;
                cotangent.reshape(&ones)
            }
        };
        vec![Some(narrow.scale(self.factor(shape)).expand(&wide))]
    }

    fn needs_values(&self) -> bool {
        false
    }
}

impl Reduce {
    fn factor(&self, shape: &[usize]) -> f64 {
        match self {
            Reduce::Sum(_) | Reduce::SumAll => 1.0,
            Reduce::Mean(axes) => 1.0 / axes.iter().map(|&axis| shape[axis]).product::<usize>() as f64,
            Reduce::MeanAll => 1.0 / shape.iter().product::<usize>() as f64,
        }
    }
}
