//! Burn's recording devices.

use std::cell::RefCell;
use std::collections::HashMap;

use burn::backend::ir::TensorId;
use burn::backend::{Capture, DispatchTensor};
use burn::tensor::{DType, Device, FloatDType};

thread_local! {
    /// Recording devices of this thread, one a float type. Burn never recycles their identifiers and has 65,536 of
    /// them, so they are kept; one a thread lets threads trace at the same time.
    static DEVICES: RefCell<HashMap<DType, Device>> = RefCell::new(HashMap::new());
}

pub(super) fn device(dtype: DType) -> Device {
    DEVICES.with_borrow_mut(|devices| devices.entry(dtype).or_insert_with(Device::capture).clone())
}

/// Makes floats without a type of their own take this one. A device accepts this once, before its first tensor and
/// inside a scope; later calls find it done.
pub(super) fn configure(device: &Device, dtype: DType) {
    let _ = device.clone().configure(FloatDType::from(dtype));
}

/// The identity of a tensor on a recording device; `None` for a tensor of another device.
pub(super) fn tensor_id(tensor: DispatchTensor) -> Option<TensorId> {
    use burn::backend::{BackendTensor, DispatchKindConversion};
    match <DispatchTensor as DispatchKindConversion<Capture>>::try_into_backend(tensor).ok()? {
        BackendTensor::Float(tensor) => Some(tensor.id()),
        BackendTensor::Int(tensor) => Some(tensor.id()),
        BackendTensor::Bool(tensor) => Some(tensor.id()),
        _ => None,
    }
}

/// What a panic said.
pub(super) fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "no message".into())
}
