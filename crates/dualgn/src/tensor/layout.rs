//! Shapes and order of elements, and reductions.

use burn::backend::Dispatch;
use burn::backend::TensorMetadata;
use burn::backend::ops::{BoolTensorOps, FloatTensorOps, IntTensorOps};
use burn::tensor::{Shape, Slice};

use super::{Array, by_kind, by_number};

impl Array {
    // Layout; for every kind.

    pub(crate) fn reshape(self, shape: &[usize]) -> Self {
        if self.0.shape().as_slice() == shape {
            return self;
        }
        let shape = Shape::from(shape.to_vec());
        by_kind!(self, t => Dispatch::float_reshape(t, shape), Dispatch::int_reshape(t, shape), Dispatch::bool_reshape(t, shape))
    }

    pub(crate) fn permute(self, axes: &[usize]) -> Self {
        by_kind!(self, t => Dispatch::float_permute(t, axes), Dispatch::int_permute(t, axes), Dispatch::bool_permute(t, axes))
    }

    pub(crate) fn expand(self, shape: &[usize]) -> Self {
        if self.0.shape().as_slice() == shape {
            return self;
        }
        let shape = Shape::from(shape.to_vec());
        by_kind!(self, t => Dispatch::float_expand(t, shape), Dispatch::int_expand(t, shape), Dispatch::bool_expand(t, shape))
    }

    pub(crate) fn slice(self, slices: &[Slice]) -> Self {
        by_kind!(self, t => Dispatch::float_slice(t, slices), Dispatch::int_slice(t, slices), Dispatch::bool_slice(t, slices))
    }

    pub(crate) fn flip(self, axes: &[usize]) -> Self {
        by_kind!(self, t => Dispatch::float_flip(t, axes), Dispatch::int_flip(t, axes), Dispatch::bool_flip(t, axes))
    }

    pub(crate) fn repeat(self, axis: usize, times: usize) -> Self {
        by_kind!(self, t => Dispatch::float_repeat_dim(t, axis, times), Dispatch::int_repeat_dim(t, axis, times), Dispatch::bool_repeat_dim(t, axis, times))
    }

    pub(crate) fn cat(arrays: Vec<Self>, axis: usize) -> Self {
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
    pub(crate) fn narrow(self, axis: usize, start: usize, end: usize) -> Self {
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
    pub(crate) fn slice_assign(self, slices: &[Slice], value: Self) -> Self {
        by_kind!(self, t => Dispatch::float_slice_assign(t, slices, value.0), Dispatch::int_slice_assign(t, slices, value.0), Dispatch::bool_slice_assign(t, slices, value.0))
    }

    /// Swaps the last two axes.
    pub(crate) fn transpose(self) -> Self {
        let rank = self.shape().len();
        let mut axes: Vec<usize> = (0..rank).collect();
        axes.swap(rank - 2, rank - 1);
        self.permute(&axes)
    }

    /// A new first axis of length one, along which cotangents and tangents are stacked.
    pub(crate) fn lift(self) -> Self {
        let mut shape = self.shape();
        shape.insert(0, 1);
        self.reshape(&shape)
    }

    /// Repeats an array of any kind `times` times along a new first axis, which is then merged with the old first one.
    pub(crate) fn tile(self, times: usize) -> Self {
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

    pub(crate) fn sum_axis(self, axis: usize) -> Self {
        by_number!(self, t => Dispatch::float_sum_dim(t, axis), Dispatch::int_sum_dim(t, axis))
    }

    pub(crate) fn sum_axes(self, axes: &[usize]) -> Self {
        axes.iter().fold(self, |array, &axis| array.sum_axis(axis))
    }

    pub(crate) fn mean_axes(self, axes: &[usize]) -> Self {
        axes.iter().fold(self, |array, &axis| Self(Dispatch::float_mean_dim(array.0, axis)))
    }

    /// Sum of all elements, shape `[1]`.
    pub(crate) fn sum_all(self) -> Self {
        by_number!(self, t => Dispatch::float_sum(t), Dispatch::int_sum(t))
    }

    /// Sums of the elements up to and including each one.
    pub(crate) fn cumsum(self, axis: usize) -> Self {
        by_number!(self, t => Dispatch::float_cumsum(t, axis), Dispatch::int_cumsum(t, axis))
    }

    /// Undoes a broadcast: sums over the axes where `shape` has length one and `self` has not.
    pub(crate) fn sum_to(self, shape: &[usize]) -> Self {
        let own = self.shape();
        let axes: Vec<usize> = (0..own.len()).filter(|&a| shape[a] == 1 && own[a] != 1).collect();
        // Sums from the innermost axis outwards: the first reduction then reads contiguous memory.
        axes.iter().rev().fold(self, |array, &axis| array.sum_axis(axis))
    }
}
