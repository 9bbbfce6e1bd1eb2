//! [`Array`]: a tensor of run-time rank on whatever device Burn put it.
//!
//! Burn's `Tensor<D>` carries its rank in the type, but a traced network holds tensors of every rank in one list.
//! `Array` wraps the rank-free tensor beneath, so that one rule serves every rank, every device and both float types.
//! Methods are the few operations the rules need; each calls Burn and nothing else.

use burn::backend::ops::{ActivationOps, BoolTensorOps, FloatTensorOps, IntTensorOps};
use burn::backend::{Dispatch, DispatchTensor, Scalar, TensorMetadata};
use burn::tensor::kind::Basic;
use burn::tensor::{BoolDType, DType, Device, IndexingUpdateOp, IntDType, Shape, Slice, Tensor, TensorData};

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

/// Methods that forward to one of Burn's elementwise float operations.
macro_rules! elementwise {
    ($($(#[$doc:meta])* $name:ident => $call:ident),* $(,)?) => {
        $($(#[$doc])* pub fn $name(self) -> Self { Self(Dispatch::$call(self.0)) })*
    };
}

impl Array {
    pub fn new(tensor: DispatchTensor) -> Self {
        Self(tensor)
    }

    pub fn from_tensor<const D: usize, K: Basic>(tensor: Tensor<D, K>) -> Self {
        Self(tensor.into_dispatch())
    }

    /// The rank must be `D` and the kind float; the callers know both.
    pub fn into_tensor<const D: usize>(self) -> Tensor<D> {
        Tensor::from_dispatch(self.0)
    }

    pub fn into_dispatch(self) -> DispatchTensor {
        self.0
    }

    /// A float array from host values, rounded to `dtype`.
    pub fn from_f64(values: &[f64], shape: &[usize], dtype: DType, device: &Device) -> Self {
        let data = TensorData::new(values.to_vec(), shape.to_vec()).convert_dtype(dtype);
        Self(Dispatch::float_from_data(data, device.as_dispatch()))
    }

    /// Any kind of array from host data.
    pub fn from_data(data: TensorData, device: &Device) -> Self {
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

    pub fn full(shape: &[usize], value: f64, dtype: DType, device: &Device) -> Self {
        Self(Dispatch::float_full(Shape::from(shape.to_vec()), value.into(), device.as_dispatch(), dtype.into()))
    }

    pub fn zeros(shape: &[usize], dtype: DType, device: &Device) -> Self {
        Self(Dispatch::float_zeros(Shape::from(shape.to_vec()), device.as_dispatch(), dtype.into()))
    }

    /// An array whose values do not matter, for operations of Burn that want a tensor to read its shape.
    pub fn shape_only(shape: &[usize], dtype: DType, device: &Device) -> Self {
        Self(Dispatch::float_empty(Shape::from(shape.to_vec()), device.as_dispatch(), dtype.into()))
    }

    pub fn shape(&self) -> Vec<usize> {
        self.0.shape().to_vec()
    }

    pub fn elements(&self) -> usize {
        self.0.shape().num_elements()
    }

    pub fn dtype(&self) -> DType {
        self.0.dtype()
    }

    pub fn device(&self) -> Device {
        Device::new(self.0.device())
    }

    /// Copies a float array to the host, row-major.
    pub fn to_f64(&self) -> Result<Vec<f64>, DeviceError> {
        let flat = self.clone().reshape(&[self.elements()]);
        let data = flat.into_tensor::<1>().try_into_data().map_err(DeviceError::from)?;
        Ok(data.iter::<f64>().collect())
    }

    /// The value of an array of one element.
    pub fn scalar(&self) -> Result<f64, DeviceError> {
        Ok(self.to_f64()?[0])
    }

    // Arithmetic; shapes of equal rank broadcast.

    pub fn add(self, other: Self) -> Self {
        Self(Dispatch::float_add(self.0, other.0))
    }

    pub fn sub(self, other: Self) -> Self {
        Self(Dispatch::float_sub(self.0, other.0))
    }

    pub fn mul(self, other: Self) -> Self {
        Self(Dispatch::float_mul(self.0, other.0))
    }

    pub fn div(self, other: Self) -> Self {
        Self(Dispatch::float_div(self.0, other.0))
    }

    pub fn powf(self, exponent: Self) -> Self {
        Self(Dispatch::float_powf(self.0, exponent.0))
    }

    pub fn add_scalar(self, value: f64) -> Self {
        Self(Dispatch::float_add_scalar(self.0, value.into()))
    }

    pub fn scale(self, factor: f64) -> Self {
        Self(Dispatch::float_mul_scalar(self.0, factor.into()))
    }

    pub fn div_scalar(self, divisor: f64) -> Self {
        Self(Dispatch::float_div_scalar(self.0, divisor.into()))
    }

    pub fn pow_scalar(self, exponent: f64) -> Self {
        // Burn treats an integral exponent exactly (0 and 1 included, negative bases allowed).
        if exponent.fract() == 0.0 && exponent.abs() < 64.0 {
            Self(Dispatch::float_powi_scalar(self.0, Scalar::Int(exponent as i64)))
        } else {
            Self(Dispatch::float_powf_scalar(self.0, exponent.into()))
        }
    }

    pub fn clamp(self, min: f64, max: f64) -> Self {
        Self(Dispatch::float_clamp(self.0, min.into(), max.into()))
    }

    elementwise! {
        neg => float_neg, recip => float_recip, exp => float_exp, log => float_log, log1p => float_log1p,
        sqrt => float_sqrt, tanh => float_tanh, sin => float_sin, cos => float_cos, erf => float_erf,
        abs => float_abs, sign => float_sign, relu => relu, gelu => gelu, sigmoid => sigmoid,
        log_sigmoid => log_sigmoid,
    }

    /// `self` where `output`, which is not negative, is positive; zero elsewhere.
    pub fn where_positive(self, output: Self) -> Self {
        Self(Dispatch::relu_backward(output.0, self.0))
    }

    pub fn leaky_relu(self, slope: f64) -> Self {
        Self(Dispatch::leaky_relu(self.0, slope.into()))
    }

    pub fn softmax(self, axis: usize) -> Self {
        Self(Dispatch::softmax(self.0, axis))
    }

    pub fn log_softmax(self, axis: usize) -> Self {
        Self(Dispatch::log_softmax(self.0, axis))
    }

    pub fn matmul(self, other: Self) -> Self {
        Self(Dispatch::float_matmul(self.0, other.0))
    }

    // Layout; for every kind.

    pub fn reshape(self, shape: &[usize]) -> Self {
        if self.0.shape().as_slice() == shape {
            return self;
        }
        let shape = Shape::from(shape.to_vec());
        by_kind!(self, t => Dispatch::float_reshape(t, shape), Dispatch::int_reshape(t, shape), Dispatch::bool_reshape(t, shape))
    }

    pub fn permute(self, axes: &[usize]) -> Self {
        by_kind!(self, t => Dispatch::float_permute(t, axes), Dispatch::int_permute(t, axes), Dispatch::bool_permute(t, axes))
    }

    pub fn expand(self, shape: &[usize]) -> Self {
        if self.0.shape().as_slice() == shape {
            return self;
        }
        let shape = Shape::from(shape.to_vec());
        by_kind!(self, t => Dispatch::float_expand(t, shape), Dispatch::int_expand(t, shape), Dispatch::bool_expand(t, shape))
    }

    pub fn slice(self, slices: &[Slice]) -> Self {
        by_kind!(self, t => Dispatch::float_slice(t, slices), Dispatch::int_slice(t, slices), Dispatch::bool_slice(t, slices))
    }

    pub fn flip(self, axes: &[usize]) -> Self {
        by_kind!(self, t => Dispatch::float_flip(t, axes), Dispatch::int_flip(t, axes), Dispatch::bool_flip(t, axes))
    }

    pub fn repeat(self, axis: usize, times: usize) -> Self {
        by_kind!(self, t => Dispatch::float_repeat_dim(t, axis, times), Dispatch::int_repeat_dim(t, axis, times), Dispatch::bool_repeat_dim(t, axis, times))
    }

    pub fn cat(arrays: Vec<Self>, axis: usize) -> Self {
        let dtype = arrays[0].dtype();
        let tensors = arrays.into_iter().map(Self::into_dispatch).collect();
        Self(if dtype.is_float() {
            Dispatch::float_cat(tensors, axis)
        } else if dtype.is_bool() {
            Dispatch::bool_cat(tensors, axis)
        } else {
            Dispatch::int_cat(tensors, axis)
        })
    }

    /// The range `start..end` of one axis.
    pub fn narrow(self, axis: usize, start: usize, end: usize) -> Self {
        let shape = self.shape();
        if start == 0 && end == shape[axis] {
            return self;
        }
        let slices: Vec<Slice> = (0..shape.len())
            .map(|a| if a == axis { Slice::from(start..end) } else { Slice::from(0..shape[a]) })
            .collect();
        self.slice(&slices)
    }

    /// Writes `value` into the given ranges.
    pub fn slice_assign(self, slices: &[Slice], value: Self) -> Self {
        Self(Dispatch::float_slice_assign(self.0, slices, value.0))
    }

    /// Swaps the last two axes.
    pub fn transpose(self) -> Self {
        let rank = self.shape().len();
        let mut axes: Vec<usize> = (0..rank).collect();
        axes.swap(rank - 2, rank - 1);
        self.permute(&axes)
    }

    /// A new first axis of length one, along which cotangents and tangents are stacked.
    pub fn lift(self) -> Self {
        let mut shape = self.shape();
        shape.insert(0, 1);
        self.reshape(&shape)
    }

    /// Repeats an array of any kind `times` times along a new first axis, which is then merged with the old first one.
    pub fn tile(self, times: usize) -> Self {
        let mut shape = self.shape();
        if times == 1 {
            return self;
        }
        shape.insert(0, times);
        let wide = self.lift().expand(&shape);
        let first = shape.remove(0);
        shape[0] *= first;
        wide.reshape(&shape)
    }

    // Reductions; the reduced axes keep length one.

    pub fn sum_axis(self, axis: usize) -> Self {
        Self(Dispatch::float_sum_dim(self.0, axis))
    }

    pub fn sum_axes(self, axes: &[usize]) -> Self {
        axes.iter().fold(self, |array, &axis| array.sum_axis(axis))
    }

    pub fn mean_axis(self, axis: usize) -> Self {
        Self(Dispatch::float_mean_dim(self.0, axis))
    }

    /// Sum of all elements, shape `[1]`.
    pub fn sum_all(self) -> Self {
        Self(Dispatch::float_sum(self.0))
    }

    /// Undoes a broadcast: sums over the axes where `shape` has length one and `self` has not.
    pub fn sum_to(self, shape: &[usize]) -> Self {
        let own = self.shape();
        let axes: Vec<usize> = (0..own.len()).filter(|&a| shape[a] == 1 && own[a] != 1).collect();
        // Sum from the innermost axis outwards: the first reduction then reads contiguous memory.
        axes.iter().rev().fold(self, |array, &axis| array.sum_axis(axis))
    }

    pub fn argmax(self, axis: usize) -> Self {
        let dtype = int_dtype(&self);
        Self(Dispatch::float_argmax(self.0, axis, dtype))
    }

    pub fn argmin(self, axis: usize) -> Self {
        let dtype = int_dtype(&self);
        Self(Dispatch::float_argmin(self.0, axis, dtype))
    }

    // Indexing with an integer array.

    pub fn gather(self, axis: usize, indices: Self) -> Self {
        Self(Dispatch::float_gather(axis, self.0, indices.0))
    }

    pub fn scatter_add(self, axis: usize, indices: Self, value: Self) -> Self {
        Self(Dispatch::float_scatter(axis, self.0, indices.0, value.0, IndexingUpdateOp::Add))
    }

    pub fn select(self, axis: usize, indices: Self) -> Self {
        by_kind!(self, t => Dispatch::float_select(t, axis, indices.0), Dispatch::int_select(t, axis, indices.0), Dispatch::bool_select(t, axis, indices.0))
    }

    pub fn select_add(self, axis: usize, indices: Self, value: Self) -> Self {
        Self(Dispatch::float_select_assign(self.0, axis, indices.0, value.0, IndexingUpdateOp::Add))
    }

    pub fn mask_fill(self, mask: Self, value: f64) -> Self {
        Self(Dispatch::float_mask_fill(self.0, mask.0, value.into()))
    }

    /// `value` where the mask holds, `self` elsewhere.
    pub fn mask_where(self, mask: Self, value: Self) -> Self {
        Self(Dispatch::float_mask_where(self.0, mask.0, value.0))
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
