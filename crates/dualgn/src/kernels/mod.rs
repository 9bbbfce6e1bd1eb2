//! Kernels on host memory, where Burn's own on the CPU are slow: elementwise functions and symmetric products.
//!
//! ```text
//! function.rs     which function, applied to an array in one pass; its slope in the same pass
//! real.rs         what a kernel needs of a float type
//! exponential.rs  eˣ, tanh, the logistic function
//! sine.rs         sine and cosine
//! error.rs        the error function
//! outer.rs        R Rᵀ, of which half is multiplied
//! ```
//!
//! A kernel is plain generic arithmetic without branches, which the compiler vectorises; `pulp` compiles it once for each
//! instruction set and picks at run time. It works on the slices of Burn's `Flex` backend in f32 and f64. For every other
//! device and type the callers use Burn's operations: a kernel returns the array it was given.

mod error;
mod exponential;
mod function;
mod outer;
mod real;
mod sine;

use burn::backend::{BackendTensor, DispatchKindConversion, DispatchTensor, Flex};
use burn::tensor::{DType, Device, TensorData};

pub(crate) use function::Function;
pub(crate) use outer::outer;

use crate::tensor::Array;

/// Whether an array lies in host memory, in a type the kernels know.
fn is_on_host(array: &Array) -> bool {
    matches!(array.dtype(), DType::F32 | DType::F64) && array.device() == Device::flex()
}

/// The array as host data of its own, row-major: the array's memory, if nobody shares it, or a copy. `None` if it is not on
/// the host.
fn host_data(array: Array) -> Option<TensorData> {
    match <DispatchTensor as DispatchKindConversion<Flex>>::try_into_backend(array.into_dispatch()) {
        Ok(BackendTensor::Float(tensor)) => Some(tensor.into_data()),
        _ => None,
    }
}
