//! Operations without a derivative: comparisons, boolean logic, constants. They are evaluated and nothing more.

use burn::backend::Dispatch;
use burn::backend::ops::{BoolTensorOps, FloatTensorOps};
use burn::tensor::Device;

use crate::tensor::{Array, bool_dtype};
use crate::trace::{Comparison, Discrete, Fill};

/// The value of a comparison or of boolean logic.
pub(crate) fn discrete(op: &Discrete, inputs: &[Array]) -> Array {
    let a = inputs[0].clone().into_dispatch();
    let b = || inputs[1].clone().into_dispatch();
    let dtype = bool_dtype(&inputs[0]);
    Array::new(match *op {
        Discrete::Compare(comparison) => match comparison {
            Comparison::Equal => Dispatch::float_equal(a, b(), dtype),
            Comparison::NotEqual => Dispatch::float_not_equal(a, b(), dtype),
            Comparison::Greater => Dispatch::float_greater(a, b(), dtype),
            Comparison::GreaterEqual => Dispatch::float_greater_equal(a, b(), dtype),
            Comparison::Lower => Dispatch::float_lower(a, b(), dtype),
            Comparison::LowerEqual => Dispatch::float_lower_equal(a, b(), dtype),
        },
        Discrete::CompareScalar(comparison, value) => match comparison {
            Comparison::Equal => Dispatch::float_equal_elem(a, value.into(), dtype),
            Comparison::NotEqual => Dispatch::float_not_equal_elem(a, value.into(), dtype),
            Comparison::Greater => Dispatch::float_greater_elem(a, value.into(), dtype),
            Comparison::GreaterEqual => Dispatch::float_greater_equal_elem(a, value.into(), dtype),
            Comparison::Lower => Dispatch::float_lower_elem(a, value.into(), dtype),
            Comparison::LowerEqual => Dispatch::float_lower_equal_elem(a, value.into(), dtype),
        },
        Discrete::Not => Dispatch::bool_not(a),
        Discrete::And => Dispatch::bool_and(a, b()),
        Discrete::Or => Dispatch::bool_or(a, b()),
        Discrete::Xor => Dispatch::bool_xor(a, b()),
        Discrete::IntoFloat(dtype) => Dispatch::bool_into_float(a, dtype.into()),
    })
}

/// A constant of one value.
pub(crate) fn constant(fill: &Fill, device: &Device) -> Array {
    Array::full(&fill.shape, fill.value, fill.dtype, device)
}
