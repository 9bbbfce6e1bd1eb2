//! Burn's recording devices.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::backend::ir::{OperationIr, TensorId};
use burn::backend::{Capture, DispatchTensor};
use burn::tensor::{BoolDType, DType, Device, DeviceConfig, FloatDType, IntDType, TensorData};

/// The default types of tensors: the network's float type, and the types that its device uses for integers and
/// booleans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Types {
    pub float: DType,
    pub int: DType,
    pub bool: DType,
}

thread_local! {
    /// Recording devices of this thread, one for each set of types. They are kept because Burn has 65,536 identifiers
    /// for them and never reuses one; with one set per thread, threads can trace at the same time.
    static DEVICES: RefCell<HashMap<Types, Device>> = RefCell::new(HashMap::new());
}

/// The result of recording.
pub(super) struct Recording {
    pub operations: Vec<OperationIr>,
    /// Values of the tensors that were made from data.
    pub data: BTreeMap<TensorId, TensorData>,
}

/// The reason why nothing was recorded: Burn's message, in an error or in a panic.
pub(super) enum Failure {
    Refused(String),
    Panicked(String),
}

/// Records what `make` does on a recording device, up to the tensors it returns.
pub(super) fn record(types: Types, make: impl FnOnce(&Device) -> Vec<TensorId>) -> Result<Recording, Failure> {
    let device = DEVICES.with_borrow_mut(|devices| devices.entry(types).or_insert_with(Device::capture).clone());
    let captured = catch_unwind(AssertUnwindSafe(|| {
        device.capture_scope(|scope| {
            // Tensors without a type of their own take these. A device accepts this once, before its first tensor and
            // inside a scope; later calls find it done.
            let Types { float, int, bool } = types;
            let (float, int, bool) = (FloatDType::from(float), IntDType::from(int), BoolDType::from(bool));
            let _ = device.clone().configure(DeviceConfig::new(Some(float), Some(int), Some(bool)));
            scope.complete([], make(&device))
        })
    }));
    match captured {
        Ok(Ok(captured)) => Ok(Recording { operations: captured.graph.operations, data: captured.values }),
        Ok(Err(error)) => Err(Failure::Refused(error.to_string())),
        Err(panic) => Err(Failure::Panicked(words(&*panic))),
    }
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

/// The message of a panic.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "no message".into())
}
