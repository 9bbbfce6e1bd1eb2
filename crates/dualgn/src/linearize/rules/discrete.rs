//! Piecewise constant operations: comparisons, logic, rounding, positions, integers, conversions.
//!
//! They are only evaluated. Where they have a derivative it is zero, so no derivative passes through them: a mask of
//! floats selects elements, but the jumps of the mask are ignored, as in Burn's autodiff. A network whose output
//! depends on its parameters through such operations only is refused when it is traced.

use burn::backend::Dispatch;
use burn::backend::ops::{BoolTensorOps, FloatTensorOps, IntTensorOps};

use crate::tensor::{Array, bool_dtype};
use crate::trace::{Bits, Comparison, Discrete, Logic, Position, Rounding};

/// The value of a piecewise constant operation.
pub(crate) fn discrete(op: &Discrete, inputs: &[Array]) -> Array {
    let a = || inputs[0].clone();
    let b = || inputs[1].clone();
    match *op {
        Discrete::Compare(comparison) => compare(comparison, a(), b()),
        Discrete::CompareScalar(comparison, value) => compare_scalar(comparison, a(), value),
        Discrete::Logic(op) => logic(op, inputs),
        Discrete::Round(op) => round(op, a()),
        Discrete::Position(position) => match position {
            Position::Max(axis) => a().argmax(axis),
            Position::Min(axis) => a().argmin(axis),
            Position::Sorted { axis, descending } => a().argsort(axis, descending),
        },
        Discrete::Bits(op) => bits(op, a(), b()),
        Discrete::BitsScalar(op, value) => bits_scalar(op, a(), value),
        Discrete::BitsNot => Array::new(Dispatch::bitwise_not(a().into_dispatch())),
        Discrete::Any(axis) => any(truth(a()), axis),
        // All elements hold unless the negation of any holds.
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
    if x.dtype().is_bool() { x } else { x.not_equal_scalar(0.0) }
}

fn any(x: Array, axis: Option<usize>) -> Array {
    let x = x.into_dispatch();
    Array::new(match axis {
        Some(axis) => Dispatch::bool_any_dim(x, axis),
        None => Dispatch::bool_any(x),
    })
}

fn compare(op: Comparison, a: Array, b: Array) -> Array {
    match op {
        Comparison::Equal => a.equal(b),
        Comparison::NotEqual => a.not_equal(b),
        Comparison::Greater => a.greater(b),
        Comparison::GreaterEqual => a.greater_equal(b),
        Comparison::Lower => a.lower(b),
        Comparison::LowerEqual => a.lower_equal(b),
    }
}

fn compare_scalar(op: Comparison, a: Array, value: f64) -> Array {
    match op {
        Comparison::Equal => a.equal_scalar(value),
        Comparison::NotEqual => a.not_equal_scalar(value),
        Comparison::Greater => a.greater_scalar(value),
        Comparison::GreaterEqual => a.greater_equal_scalar(value),
        Comparison::Lower => a.lower_scalar(value),
        Comparison::LowerEqual => a.lower_equal_scalar(value),
    }
}

fn logic(op: Logic, inputs: &[Array]) -> Array {
    let input = |index: usize| inputs[index].clone().into_dispatch();
    Array::new(match op {
        Logic::Not => Dispatch::bool_not(input(0)),
        Logic::And => Dispatch::bool_and(input(0), input(1)),
        Logic::Or => Dispatch::bool_or(input(0), input(1)),
        Logic::Xor => Dispatch::bool_xor(input(0), input(1)),
    })
}

fn round(op: Rounding, a: Array) -> Array {
    match op {
        Rounding::Sign => a.sign(),
        Rounding::Round => a.round(),
        Rounding::Floor => a.floor(),
        Rounding::Ceil => a.ceil(),
        Rounding::Trunc => a.trunc(),
    }
}

fn bits(op: Bits, a: Array, b: Array) -> Array {
    let (a, b) = (a.into_dispatch(), b.into_dispatch());
    Array::new(match op {
        Bits::And => Dispatch::bitwise_and(a, b),
        Bits::Or => Dispatch::bitwise_or(a, b),
        Bits::Xor => Dispatch::bitwise_xor(a, b),
        Bits::ShiftLeft => Dispatch::bitwise_left_shift(a, b),
        Bits::ShiftRight => Dispatch::bitwise_right_shift(a, b),
    })
}

fn bits_scalar(op: Bits, a: Array, value: i64) -> Array {
    let (a, value) = (a.into_dispatch(), value.into());
    Array::new(match op {
        Bits::And => Dispatch::bitwise_and_scalar(a, value),
        Bits::Or => Dispatch::bitwise_or_scalar(a, value),
        Bits::Xor => Dispatch::bitwise_xor_scalar(a, value),
        Bits::ShiftLeft => Dispatch::bitwise_left_shift_scalar(a, value),
        Bits::ShiftRight => Dispatch::bitwise_right_shift_scalar(a, value),
    })
}
