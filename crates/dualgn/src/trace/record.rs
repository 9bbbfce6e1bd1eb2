//! Burn's recording devices.

use std::cell::RefCell;
use std::collections::HashMap;

use burn::backend::ir::TensorId;
use burn::backend::{Capture, DispatchTensor};
use burn::tensor::{BoolDType, DType, Device, DeviceConfig, FloatDType, IntDType};

/// The types that tensors get which are made without saying one: the network's float type, and what its device takes for
/// integers and booleans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Types {
    pub float: DType,
    pub int: DType,
    pub bool: DType,
}

thread_local! {
    /// Recording devices of this thread, one for each set of types. Burn never recycles their identifiers and has 65,536 of
    /// them, so they are kept; one a thread lets threads trace at the same time.
    static DEVICES: RefCell<HashMap<Types, Device>> = RefCell::new(HashMap::new());
}

pub(super) fn device(types: Types) -> Device {
    DEVICES.with_borrow_mut(|devices| devices.entry(types).or_insert_with(Device::capture).clone())
}

/// Makes tensors without a type of their own take these. A device accepts this once, before its first tensor and inside a
/// scope; later calls find it done.
pub(super) fn configure(device: &Device, types: Types) {
    let Types { float, int, bool } = types;
    let config =
        DeviceConfig::new(Some(FloatDType::from(float)), Some(IntDType::from(int)), Some(BoolDType::from(bool)));
    let _ = device.clone().configure(config);
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
