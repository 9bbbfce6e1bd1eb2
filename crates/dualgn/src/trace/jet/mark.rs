//! Requests for derivatives in a forward pass that is being recorded: tensors stand for the derivatives until the graph
//! is built.

use std::cell::RefCell;
use std::collections::HashMap;

use burn::backend::ir::TensorId;
use burn::tensor::Tensor;

use super::channels::Channel;
use crate::trace::record::tensor_id;

/// The derivatives that one tensor stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    /// The derivatives along the last axes of the tensor, in order.
    pub channels: Vec<Channel>,
    /// `[m, k, ..]`.
    pub shape: Vec<usize>,
}

/// A recorded function of points.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// The points, as only this function sees them.
    pub points: TensorId,
    pub value: TensorId,
    /// The directions of derivatives; the coordinates come first.
    pub directions: Vec<Vec<f64>>,
}

/// All jets and requests of a forward pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    pub jets: Vec<Mark>,
    /// The jet and the request, by the tensor that stands for it.
    pub requests: HashMap<TensorId, (usize, Request)>,
}

thread_local! {
    /// The marks of the forward pass that is being recorded on this thread.
    static MARKS: RefCell<Marks> = RefCell::default();
}

/// Returns the marks since the last call.
pub(crate) fn take() -> Marks {
    MARKS.take()
}

/// The points of a function, with an identity of their own.
pub(super) fn begin(points: Tensor<2>) -> (TensorId, Tensor<2>) {
    let inner = points * 1.0;
    (identity(&inner), inner)
}

/// Registers a recorded function and returns its index.
pub(super) fn end(points: TensorId, value: &Tensor<2>, axes: usize) -> usize {
    let unit = |axis: usize| (0..axes).map(|other| f64::from(u8::from(other == axis))).collect();
    let mark = Mark { points, value: identity(value), directions: (0..axes).map(unit).collect() };
    MARKS.with_borrow_mut(|marks| {
        marks.jets.push(mark);
        marks.jets.len() - 1
    })
}

/// The index of a direction.
pub(super) fn direction(jet: usize, direction: &[f64]) -> usize {
    MARKS.with_borrow_mut(|marks| {
        let known = &mut marks.jets[jet].directions;
        known.iter().position(|other| other == direction).unwrap_or_else(|| {
            known.push(direction.to_vec());
            known.len() - 1
        })
    })
}

pub(super) fn ask<const D: usize>(jet: usize, place: &Tensor<D>, request: Request) {
    let id = identity(place);
    MARKS.with_borrow_mut(|marks| marks.requests.insert(id, (jet, request)));
}

fn identity<const D: usize>(tensor: &Tensor<D>) -> TensorId {
    tensor_id(tensor.clone().into_dispatch())
        .expect("a jet is for forward passes that are traced, as by `Network::trace`")
}
