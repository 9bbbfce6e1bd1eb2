//! Positions of elements, and elements at positions.

use burn::backend::Dispatch;
use burn::backend::TensorMetadata;
use burn::backend::ops::{BoolTensorOps, FloatTensorOps, IntTensorOps};
use burn::tensor::IndexingUpdateOp;

use super::{Array, by_kind, by_number, int_dtype};

impl Array {
    // Positions along an axis, as integers.

    pub(crate) fn argmax(self, axis: usize) -> Self {
        let dtype = int_dtype(&self);
        by_number!(self, t => Dispatch::float_argmax(t, axis, dtype), Dispatch::int_argmax(t, axis))
    }

    pub(crate) fn argmin(self, axis: usize) -> Self {
        let dtype = int_dtype(&self);
        by_number!(self, t => Dispatch::float_argmin(t, axis, dtype), Dispatch::int_argmin(t, axis))
    }

    pub(crate) fn argsort(self, axis: usize, descending: bool) -> Self {
        let dtype = int_dtype(&self);
        by_number!(self, t => Dispatch::float_argsort(t, axis, descending, dtype), Dispatch::int_argsort(t, axis, descending))
    }

    // Indexing with an integer array.

    pub(crate) fn gather(self, axis: usize, indices: Self) -> Self {
        by_kind!(self, t => Dispatch::float_gather(axis, t, indices.0), Dispatch::int_gather(axis, t, indices.0), Dispatch::bool_gather(axis, t, indices.0))
    }

    pub(crate) fn scatter(self, axis: usize, indices: Self, value: Self, update: IndexingUpdateOp) -> Self {
        by_kind!(self, t => Dispatch::float_scatter(axis, t, indices.0, value.0, update), Dispatch::int_scatter(axis, t, indices.0, value.0, update), Dispatch::bool_scatter_or(axis, t, indices.0, value.0))
    }

    pub(crate) fn scatter_add(self, axis: usize, indices: Self, value: Self) -> Self {
        self.scatter(axis, indices, value, IndexingUpdateOp::Add)
    }

    pub(crate) fn select(self, axis: usize, indices: Self) -> Self {
        by_kind!(self, t => Dispatch::float_select(t, axis, indices.0), Dispatch::int_select(t, axis, indices.0), Dispatch::bool_select(t, axis, indices.0))
    }

    pub(crate) fn select_assign(self, axis: usize, indices: Self, value: Self, update: IndexingUpdateOp) -> Self {
        by_kind!(self, t => Dispatch::float_select_assign(t, axis, indices.0, value.0, update), Dispatch::int_select_assign(t, axis, indices.0, value.0, update), Dispatch::bool_select_or(t, axis, indices.0, value.0))
    }

    pub(crate) fn select_add(self, axis: usize, indices: Self, value: Self) -> Self {
        self.select_assign(axis, indices, value, IndexingUpdateOp::Add)
    }

    pub(crate) fn mask_fill(self, mask: Self, value: f64) -> Self {
        let scalar = self.scalar_like(value);
        by_kind!(self, t => Dispatch::float_mask_fill(t, mask.0, scalar), Dispatch::int_mask_fill(t, mask.0, scalar), Dispatch::bool_mask_fill(t, mask.0, scalar))
    }

    /// `value` where the mask holds, `self` elsewhere.
    pub(crate) fn mask_where(self, mask: Self, value: Self) -> Self {
        by_kind!(self, t => Dispatch::float_mask_where(t, mask.0, value.0), Dispatch::int_mask_where(t, mask.0, value.0), Dispatch::bool_mask_where(t, mask.0, value.0))
    }
}
