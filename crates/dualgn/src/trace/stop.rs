//! [`stop_gradient`].

use std::cell::RefCell;
use std::collections::HashSet;

use burn::backend::ir::TensorId;
use burn::tensor::Tensor;

use super::record;

thread_local! {
    /// Tensors of the forward pass that is being recorded on this thread at which derivatives stop.
    static STOPPED: RefCell<HashSet<TensorId>> = RefCell::new(HashSet::new());
}

/// Returns a tensor with the same values, through which no derivative passes. A straight-through estimator is
/// `x.clone() + stop_gradient(round(x.clone()) - x)`; the output of a target network is stopped as well.
///
/// Use it instead of [`Tensor::detach`], which has no effect while operations are recorded, so that a traced network
/// would be differentiated through it. Outside a traced forward pass this function is `detach`.
pub fn stop_gradient<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    if record::tensor_id(tensor.clone().into_dispatch()).is_none() {
        return tensor.detach();
    }
    // An operation of its own, whose output can be told apart.
    let stopped = tensor * 1.0;
    if let Some(id) = record::tensor_id(stopped.clone().into_dispatch()) {
        STOPPED.with_borrow_mut(|all| all.insert(id));
    }
    stopped
}

/// The tensors stopped since the last call.
pub(super) fn take() -> HashSet<TensorId> {
    STOPPED.take()
}
