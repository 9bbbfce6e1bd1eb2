//! Operations that are constant between their jumps: comparisons, logic, rounding, positions, integers, conversions.
//!
//! They are evaluated and nothing more. Where they have a derivative it is zero, and so nothing passes through them: a mask
//! made of floats selects, but where it would jump is not seen. Burn's autodiff takes the same view. A network whose
//! output depends on its parameters in no other way is refused when it is traced.

use burn::backend::Dispatch;
use burn::backend::ops::{BoolTensorOps, FloatTensorOps, IntTensorOps};

use crate::tensor::{Array, bool_dtype};
use crate::trace::{Bits, Comparison, Discrete, Logic, Position, Rounding};

/// The value of such an operation.
pub(crate) fn discrete(op: &Discrete, inputs: &[Array]) -> Array {
    let a = || inputs[0].clone();
    let b = || inputs[1].clone();
    match *op {
        Discrete::Compare(comparison) => compare(comparison, a(), b()),
        Discrete::CompareScalar(comparison, value) => compare_scalar(comparison, a(), value),
        Discrete::Logic(logic) => Array::new(match logic {
            Logic::Not => Dispatch::bool_not(a().into_dispatch()),
            Logic::And => Dispatch::bool_and(a().into_dispatch(), b().into_dispatch()),
            Logic::Or => Dispatch::bool_or(a().into_dispatch(), b().into_dispatch()),
            Logic::Xor => Dispatch::bool_xor(a().into_dispatch(), b().into_dispatch()),
        }),
        Discrete::Round(rounding) => match rounding {
            Rounding::Sign => a().sign(),
            Rounding::Round => a().round(),
            Rounding::Floor => a().floor(),
            Rounding::Ceil => a().ceil(),
            Rounding::Trunc => a().trunc(),
        },
        Discrete::Position(position) => match position {
            Position::Max(axis) => a().argmax(axis),
            Position::Min(axis) => a().argmin(axis),
            Position::Sorted { axis, descending } => a().argsort(axis, descending),
        },
        Discrete::Bits(bits) => {
            let (a, b) = (a().into_dispatch(), b().into_dispatch());
            Array::new(match bits {
                Bits::And => Dispatch::bitwise_and(a, b),
                Bits::Or => Dispatch::bitwise_or(a, b),
                Bits::Xor => Dispatch::bitwise_xor(a, b),
                Bits::ShiftLeft => Dispatch::bitwise_left_shift(a, b),
                Bits::ShiftRight => Dispatch::bitwise_right_shift(a, b),
            })
        }
        Discrete::BitsScalar(bits, value) => {
            let (a, value) = (a().into_dispatch(), value.into());
            Array::new(match bits {
                Bits::And => Dispatch::bitwise_and_scalar(a, value),
                Bits::Or => Dispatch::bitwise_or_scalar(a, value),
                Bits::Xor => Dispatch::bitwise_xor_scalar(a, value),
                Bits::ShiftLeft => Dispatch::bitwise_left_shift_scalar(a, value),
                Bits::ShiftRight => Dispatch::bitwise_right_shift_scalar(a, value),
            })
        }
        Discrete::BitsNot => Array::new(Dispatch::bitwise_not(a().into_dispatch())),
        Discrete::Any(axis) => any(truth(a()), axis),
        // All hold unless the contrary of any does.
        Discrete::All(axis) => {
            let contrary = Array::new(Dispatch::bool_not(truth(a()).into_dispatch()));
            Array::new(Dispatch::bool_not(any(contrary, axis).into_dispatch()))
        }
        Discrete::IsNan => {
            let dtype = bool_dtype(&inputs[0]);
            Array::new(Dispatch::float_is_nan(a().into_dispatch(), dtype))
        }
        Discrete::IsInf => {
            let dtype = bool_dtype(&inputs[0]);
            Array::new(Dispatch::float_is_inf(a().into_dispatch(), dtype))
        }
        Discrete::Convert(dtype) => a().convert(dtype),
        Discrete::Stop => a(),
        Discrete::CumMax(axis) => Array::new(Dispatch::int_cummax(a().into_dispatch(), axis)),
        Discrete::CumMin(axis) => Array::new(Dispatch::int_cummin(a().into_dispatch(), axis)),
    }
}

/// Whether elements differ from zero.
fn truth(x: Array) -> Array {
    if x.dtype().is_bool() { x } else { compare_scalar(Comparison::NotEqual, x, 0.0) }
}

fn any(x: Array, axis: Option<usize>) -> Array {
    let x = x.into_dispatch();
    Array::new(match axis {
        Some(axis) => Dispatch::bool_any_dim(x, axis),
        None => Dispatch::bool_any(x),
    })
}

fn compare(op: Comparison, a: Array, b: Array) -> Array {
    let (kind, dtype) = (a.dtype(), bool_dtype(&a));
    let (a, b) = (a.into_dispatch(), b.into_dispatch());
    Array::new(match (op, kind.is_float()) {
        (Comparison::Equal, _) if kind.is_bool() => Dispatch::bool_equal(a, b),
        (Comparison::NotEqual, _) if kind.is_bool() => Dispatch::bool_not_equal(a, b),
        (Comparison::Equal, true) => Dispatch::float_equal(a, b, dtype),
        (Comparison::NotEqual, true) => Dispatch::float_not_equal(a, b, dtype),
        (Comparison::Greater, true) => Dispatch::float_greater(a, b, dtype),
        (Comparison::GreaterEqual, true) => Dispatch::float_greater_equal(a, b, dtype),
        (Comparison::Lower, true) => Dispatch::float_lower(a, b, dtype),
        (Comparison::LowerEqual, true) => Dispatch::float_lower_equal(a, b, dtype),
        (Comparison::Equal, false) => Dispatch::int_equal(a, b, dtype),
        (Comparison::NotEqual, false) => Dispatch::int_not_equal(a, b, dtype),
        (Comparison::Greater, false) => Dispatch::int_greater(a, b, dtype),
        (Comparison::GreaterEqual, false) => Dispatch::int_greater_equal(a, b, dtype),
        (Comparison::Lower, false) => Dispatch::int_lower(a, b, dtype),
        (Comparison::LowerEqual, false) => Dispatch::int_lower_equal(a, b, dtype),
    })
}

fn compare_scalar(op: Comparison, a: Array, value: f64) -> Array {
    let (kind, dtype) = (a.dtype(), bool_dtype(&a));
    let scalar = a.scalar_like(value);
    let a = a.into_dispatch();
    Array::new(match (op, kind.is_float()) {
        (Comparison::Equal, _) if kind.is_bool() => Dispatch::bool_equal_elem(a, scalar),
        (Comparison::NotEqual, _) if kind.is_bool() => Dispatch::bool_not_equal_elem(a, scalar),
        (Comparison::Equal, true) => Dispatch::float_equal_elem(a, scalar, dtype),
        (Comparison::NotEqual, true) => Dispatch::float_not_equal_elem(a, scalar, dtype),
        (Comparison::Greater, true) => Dispatch::float_greater_elem(a, scalar, dtype),
        (Comparison::GreaterEqual, true) => Dispatch::float_greater_equal_elem(a, scalar, dtype),
        (Comparison::Lower, true) => Dispatch::float_lower_elem(a, scalar, dtype),
        (Comparison::LowerEqual, true) => Dispatch::float_lower_equal_elem(a, scalar, dtype),
        (Comparison::Equal, false) => Dispatch::int_equal_elem(a, scalar, dtype),
        (Comparison::NotEqual, false) => Dispatch::int_not_equal_elem(a, scalar, dtype),
        (Comparison::Greater, false) => Dispatch::int_greater_elem(a, scalar, dtype),
        (Comparison::GreaterEqual, false) => Dispatch::int_greater_equal_elem(a, scalar, dtype),
        (Comparison::Lower, false) => Dispatch::int_lower_elem(a, scalar, dtype),
        (Comparison::LowerEqual, false) => Dispatch::int_lower_equal_elem(a, scalar, dtype),
    })
}
