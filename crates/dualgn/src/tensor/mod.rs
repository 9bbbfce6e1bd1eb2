//! [`Array`]: a tensor whose rank is known at run time only, on any device.
//!
//! Burn's `Tensor<D>` carries its rank in the type, but a traced network holds tensors of every rank in one list.
//! `Array` wraps the rank-free tensor beneath, so that one rule serves every rank, every device and both float types.
//! Its methods are the few operations that the rules need; each only calls Burn.

mod compare;
mod index;
mod layout;

use burn::backend::ops::{ActivationOps, BoolTensorOps, FloatTensorOps, IntTensorOps};
use burn::backend::{Dispatch, DispatchTensor, Scalar, TensorMetadata};
use burn::tensor::kind::Basic;
use burn::tensor::{BoolDType, DType, Device, IntDType, Shape, Tensor, TensorData};

use crate::error::DeviceError;

/// A tensor of run-time rank: float, int or bool. Cloning shares the data.
#[derive(Clone, Debug)]
pub(crate) struct Array(DispatchTensor);

/// Applies an operation that exists for each of the three kinds.
macro_rules! by_kind {
    ($array:expr, $tensor:ident => $float:expr, $int:expr, $bool:expr) => {{
        let $tensor = $array.0;
        let dtype = $tensor.dtype();
        Array(if dtype.is_float() {
            $float
        } else if dtype.is_bool() {
            $bool
        } else {
            $int
        })
    }};
}

/// Applies an operation that exists for floats and integers.
macro_rules! by_number {
    ($array:expr, $tensor:ident => $float:expr, $int:expr) => {{
        let $tensor = $array.0;
        Array(if $tensor.dtype().is_float() { $float } else { $int })
    }};
}

use by_kind;
use by_number;

/// Methods that forward to one of Burn's elementwise float operations.
macro_rules! elementwise {
    ($($(#[$doc:meta])* $name:ident => $call:ident),* $(,)?) => {
        $($(#[$doc])* pub(crate) fn $name(self) -> Self { Self(Dispatch::$call(self.0)) })*
    };
}

impl Array {
    pub(crate) fn new(tensor: DispatchTensor) -> Self {
        Self(tensor)
    }

    pub(crate) fn from_tensor<const D: usize, K: Basic>(tensor: Tensor<D, K>) -> Self {
        Self(tensor.into_dispatch())
    }

    /// The rank must be `D` and the kind float; the callers know both.
    pub(crate) fn into_tensor<const D: usize>(self) -> Tensor<D> {
        Tensor::from_dispatch(self.0)
    }

    pub(crate) fn into_dispatch(self) -> DispatchTensor {
        self.0
    }

    /// A float array from host values, rounded to `dtype`.
    pub(crate) fn from_f64(values: &[f64], shape: &[usize], dtype: DType, device: &Device) -> Self {
        let data = TensorData::new(values.to_vec(), shape.to_vec()).convert_dtype(dtype);
        Self(Dispatch::float_from_data(data, device.as_dispatch()))
    }

    /// Any kind of array from host data.
    pub(crate) fn from_data(data: TensorData, device: &Device) -> Self {
        let dtype = data.dtype();
        let device = device.as_dispatch();
        Self(if dtype.is_float() {
            Dispatch::float_from_data(data, device)
        } else if dtype.is_bool() {
            Dispatch::bool_from_data(data, device)
        } else {
            Dispatch::int_from_data(data, device)
        })
    }

    pub(crate) fn zeros(shape: &[usize], dtype: DType, device: &Device) -> Self {
        Self(Dispatch::float_zeros(Shape::from(shape.to_vec()), device.as_dispatch(), dtype.into()))
    }

    /// An array of one value, of any kind.
    pub(crate) fn constant(shape: &[usize], value: f64, dtype: DType, device: &Device) -> Self {
        let (shape, device) = (Shape::from(shape.to_vec()), device.as_dispatch());
        Self(if dtype.is_float() {
            Dispatch::float_full(shape, value.into(), device, dtype.into())
        } else if !dtype.is_bool() {
            Dispatch::int_full(shape, Scalar::Int(value as i64), device, dtype.into())
        } else if value == 0.0 {
            Dispatch::bool_zeros(shape, device, dtype.into())
        } else {
            Dispatch::bool_ones(shape, device, dtype.into())
        })
    }

    /// An array of any kind with unspecified values, for operations of Burn that only read the shape of a tensor.
    pub(crate) fn blank(shape: &[usize], dtype: DType, device: &Device) -> Self {
        let (shape, device) = (Shape::from(shape.to_vec()), device.as_dispatch());
        Self(if dtype.is_float() {
            Dispatch::float_empty(shape, device, dtype.into())
        } else if dtype.is_bool() {
            Dispatch::bool_empty(shape, device, dtype.into())
        } else {
            Dispatch::int_empty(shape, device, dtype.into())
        })
    }

    pub(crate) fn shape(&self) -> Vec<usize> {
        self.0.shape().to_vec()
    }

    pub(crate) fn elements(&self) -> usize {
        self.0.shape().num_elements()
    }

    pub(crate) fn dtype(&self) -> DType {
        self.0.dtype()
    }

    pub(crate) fn device(&self) -> Device {
        Device::new(self.0.device())
    }

    /// Copies a float array to the host, row-major.
    pub(crate) fn to_f64(&self) -> Result<Vec<f64>, DeviceError> {
        let flat = self.clone().reshape(&[self.elements()]);
        let data = flat.into_tensor::<1>().try_into_data().map_err(DeviceError::from)?;
        Ok(data.iter::<f64>().collect())
    }

    /// The value of an array of one element.
    pub(crate) fn scalar(&self) -> Result<f64, DeviceError> {
        Ok(self.to_f64()?[0])
    }

    // Arithmetic of floats and integers; shapes of equal rank broadcast.

    pub(crate) fn add(self, other: Self) -> Self {
        by_number!(self, t => Dispatch::float_add(t, other.0), Dispatch::int_add(t, other.0))
    }

    pub(crate) fn sub(self, other: Self) -> Self {
        by_number!(self, t => Dispatch::float_sub(t, other.0), Dispatch::int_sub(t, other.0))
    }

    pub(crate) fn mul(self, other: Self) -> Self {
        by_number!(self, t => Dispatch::float_mul(t, other.0), Dispatch::int_mul(t, other.0))
    }

    pub(crate) fn div(self, other: Self) -> Self {
        by_number!(self, t => Dispatch::float_div(t, other.0), Dispatch::int_div(t, other.0))
    }

    /// The remainder with the sign of the divisor.
    pub(crate) fn rem(self, other: Self) -> Self {
        by_number!(self, t => Dispatch::float_remainder(t, other.0), Dispatch::int_remainder(t, other.0))
    }

    pub(crate) fn powf(self, exponent: Self) -> Self {
        by_number!(self, t => Dispatch::float_powf(t, exponent.0), Dispatch::int_powi(t, exponent.0))
    }

    pub(crate) fn atan2(self, x: Self) -> Self {
        Self(Dispatch::float_atan2(self.0, x.0))
    }

    pub(crate) fn hypot(self, other: Self) -> Self {
        Self(Dispatch::float_hypot(self.0, other.0))
    }

    pub(crate) fn add_scalar(self, value: f64) -> Self {
        let value = self.scalar_like(value);
        by_number!(self, t => Dispatch::float_add_scalar(t, value), Dispatch::int_add_scalar(t, value))
    }

    pub(crate) fn scale(self, factor: f64) -> Self {
        let factor = self.scalar_like(factor);
        by_number!(self, t => Dispatch::float_mul_scalar(t, factor), Dispatch::int_mul_scalar(t, factor))
    }

    pub(crate) fn div_scalar(self, divisor: f64) -> Self {
        let divisor = self.scalar_like(divisor);
        by_number!(self, t => Dispatch::float_div_scalar(t, divisor), Dispatch::int_div_scalar(t, divisor))
    }

    pub(crate) fn rem_scalar(self, divisor: f64) -> Self {
        let divisor = self.scalar_like(divisor);
        by_number!(self, t => Dispatch::float_remainder_scalar(t, divisor), Dispatch::int_remainder_scalar(t, divisor))
    }

    pub(crate) fn pow_scalar(self, exponent: f64) -> Self {
        // Burn treats an integral exponent exactly (0 and 1 included, negative bases allowed).
        let integral = exponent.fract() == 0.0 && exponent.abs() < 64.0;
        let exponent = if integral { Scalar::Int(exponent as i64) } else { Scalar::Float(exponent) };
        by_number!(self, t => {
            if integral { Dispatch::float_powi_scalar(t, exponent) } else { Dispatch::float_powf_scalar(t, exponent) }
        }, Dispatch::int_powi_scalar(t, exponent))
    }

    pub(crate) fn clamp(self, min: f64, max: f64) -> Self {
        let (low, high) = (self.scalar_like(min), self.scalar_like(max));
        by_number!(self, t => Dispatch::float_clamp(t, low, high), match (min.is_finite(), max.is_finite()) {
            (true, true) => Dispatch::int_clamp(t, low, high),
            (true, false) => Dispatch::int_clamp_min(t, low),
            (false, true) => Dispatch::int_clamp_max(t, high),
            (false, false) => t,
        })
    }

    pub(crate) fn neg(self) -> Self {
        by_number!(self, t => Dispatch::float_neg(t), Dispatch::int_neg(t))
    }

    pub(crate) fn abs(self) -> Self {
        by_number!(self, t => Dispatch::float_abs(t), Dispatch::int_abs(t))
    }

    pub(crate) fn sign(self) -> Self {
        by_number!(self, t => Dispatch::float_sign(t), Dispatch::int_sign(t))
    }

    pub(crate) fn matmul(self, other: Self) -> Self {
        by_number!(self, t => Dispatch::float_matmul(t, other.0), Dispatch::int_matmul(t, other.0))
    }

    /// A scalar of the array's own kind.
    pub(crate) fn scalar_like(&self, value: f64) -> Scalar {
        let dtype = self.dtype();
        if dtype.is_float() {
            Scalar::Float(value)
        } else if dtype.is_bool() {
            Scalar::Bool(value != 0.0)
        } else {
            Scalar::Int(value as i64)
        }
    }

    elementwise! {
        recip => float_recip, exp => float_exp, log => float_log, log1p => float_log1p, sqrt => float_sqrt,
        sin => float_sin, cos => float_cos, tan => float_tan, sinh => float_sinh, cosh => float_cosh,
        tanh => float_tanh, asin => float_asin, acos => float_acos, atan => float_atan, asinh => float_asinh,
        acosh => float_acosh, atanh => float_atanh, erf => float_erf, floor => float_floor, ceil => float_ceil,
        round => float_round, trunc => float_trunc, relu => relu, gelu => gelu, sigmoid => sigmoid,
        log_sigmoid => log_sigmoid,
    }

    /// One where an element is zero, zero elsewhere.
    pub(crate) fn zero_marks(self) -> Self {
        self.abs().sign().neg().add_scalar(1.0)
    }

    /// `self` where `output`, which is nonnegative, is positive; zero elsewhere.
    pub(crate) fn where_positive(self, output: Self) -> Self {
        Self(Dispatch::relu_backward(output.0, self.0))
    }

    pub(crate) fn leaky_relu(self, slope: f64) -> Self {
        Self(Dispatch::leaky_relu(self.0, slope.into()))
    }

    pub(crate) fn softmax(self, axis: usize) -> Self {
        Self(Dispatch::softmax(self.0, axis))
    }

    pub(crate) fn log_softmax(self, axis: usize) -> Self {
        Self(Dispatch::log_softmax(self.0, axis))
    }

    /// The same numbers in another float type.
    pub(crate) fn cast(self, dtype: DType) -> Self {
        if self.dtype() == dtype { self } else { Self(Dispatch::float_cast(self.0, dtype.into())) }
    }

    // Between the kinds.

    /// The same numbers in another type: floats to integers are truncated, and `true` is one.
    pub(crate) fn convert(self, dtype: DType) -> Self {
        let (from, t) = (self.dtype(), self.0);
        Self(match (from.is_float(), from.is_bool()) {
            (true, _) if dtype.is_float() => Dispatch::float_cast(t, dtype.into()),
            (true, _) => Dispatch::float_into_int(t, dtype.into()),
            (_, true) if dtype.is_float() => Dispatch::bool_into_float(t, dtype.into()),
            (_, true) => Dispatch::bool_into_int(t, dtype.into()),
            _ if dtype.is_float() => Dispatch::int_into_float(t, dtype.into()),
            _ => Dispatch::int_cast(t, dtype.into()),
        })
    }
}

/// The integer type the device uses for indices.
pub(crate) fn int_dtype(array: &Array) -> IntDType {
    burn::backend::get_or_init_device_settings::<Dispatch>(&array.0.device()).int_dtype
}

/// The boolean type the device uses for masks.
pub(crate) fn bool_dtype(array: &Array) -> BoolDType {
    burn::backend::get_or_init_device_settings::<Dispatch>(&array.0.device()).bool_dtype
}
