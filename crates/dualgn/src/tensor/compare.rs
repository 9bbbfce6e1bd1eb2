//! Comparisons of numbers, with an array or a scalar; booleans have equality alone.

use burn::backend::Dispatch;
use burn::backend::TensorMetadata;
use burn::backend::ops::{BoolTensorOps, FloatTensorOps, IntTensorOps};

use super::{Array, bool_dtype, by_kind, by_number};

impl Array {
    pub(crate) fn equal(self, other: Self) -> Self {
        let dtype = bool_dtype(&self);
        by_kind!(self, t => Dispatch::float_equal(t, other.0, dtype), Dispatch::int_equal(t, other.0, dtype), Dispatch::bool_equal(t, other.0))
    }

    pub(crate) fn equal_scalar(self, value: f64) -> Self {
        let (dtype, value) = (bool_dtype(&self), self.scalar_like(value));
        by_kind!(self, t => Dispatch::float_equal_elem(t, value, dtype), Dispatch::int_equal_elem(t, value, dtype), Dispatch::bool_equal_elem(t, value))
    }

    pub(crate) fn not_equal(self, other: Self) -> Self {
        let dtype = bool_dtype(&self);
        by_kind!(self, t => Dispatch::float_not_equal(t, other.0, dtype), Dispatch::int_not_equal(t, other.0, dtype), Dispatch::bool_not_equal(t, other.0))
    }

    pub(crate) fn not_equal_scalar(self, value: f64) -> Self {
        let (dtype, value) = (bool_dtype(&self), self.scalar_like(value));
        by_kind!(self, t => Dispatch::float_not_equal_elem(t, value, dtype), Dispatch::int_not_equal_elem(t, value, dtype), Dispatch::bool_not_equal_elem(t, value))
    }
}

macro_rules! orders {
    ($($name:ident: $float:ident $int:ident, $name_scalar:ident: $float_scalar:ident $int_scalar:ident;)*) => {
        impl Array {
            $(
                pub(crate) fn $name(self, other: Self) -> Self {
                    let dtype = bool_dtype(&self);
                    by_number!(self, t => Dispatch::$float(t, other.0, dtype), Dispatch::$int(t, other.0, dtype))
                }

                pub(crate) fn $name_scalar(self, value: f64) -> Self {
                    let (dtype, value) = (bool_dtype(&self), self.scalar_like(value));
                    by_number!(self, t => Dispatch::$float_scalar(t, value, dtype), Dispatch::$int_scalar(t, value, dtype))
                }
            )*
        }
    };
}

orders! {
    greater: float_greater int_greater, greater_scalar: float_greater_elem int_greater_elem;
    greater_equal: float_greater_equal int_greater_equal,
        greater_equal_scalar: float_greater_equal_elem int_greater_equal_elem;
    lower: float_lower int_lower, lower_scalar: float_lower_elem int_lower_elem;
    lower_equal: float_lower_equal int_lower_equal, lower_equal_scalar: float_lower_equal_elem int_lower_equal_elem;
}
