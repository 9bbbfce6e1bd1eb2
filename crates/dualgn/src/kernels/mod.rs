//! Kernels on host memory, where Burn's own on the CPU are slow: elementwise functions and matrix products.
//!
//! ```text
//! function.rs     which function, applied to an array in one pass; its slope in the same pass
//! real.rs         what a kernel needs of a float type
//! exponential.rs  eˣ, tanh, the logistic function
//! sine.rs         sine and cosine
//! error.rs        the error function
//! product.rs      A B, A Bᵀ, Aᵀ B
//! outer.rs        R Rᵀ, of which half is multiplied
//! polynomial.rs   several polynomials of the same numbers
//! pairs.rs        inner products of sums of outer products, over pairs of their terms
//! symmetric.rs    sums of those, with weights
//! interleave.rs   rows of backward passes in the order of the examples
//! combine.rs      sums of them, with weights for each example
//! convolution.rs  convolutions and their transposes, by patches
//! rows.rs         sums of products of rows, for jets
//! pool.rs         maxima of windows, and entries at their places
//! axis.rs         where a window stands along an axis, for those two
//! ```
//!
//! A kernel is plain generic arithmetic without branches, which the compiler vectorises; `pulp` compiles it once for
//! each instruction set and picks at run time. It works on the slices of Burn's `Flex` backend in f32 and f64. For
//! every other device and type the callers use Burn's operations: a kernel returns the array it was given.

mod axis;
mod combine;
mod convolution;
mod error;
mod exponential;
mod function;
mod interleave;
mod outer;
mod pairs;
mod polynomial;
mod pool;
mod product;
mod real;
mod rows;
mod sine;
mod symmetric;

use std::ops::Range;

use burn::backend::tensor::FloatTensor;
use burn::backend::{BackendTensor, DispatchKindConversion, DispatchTensor, Flex};
use burn::tensor::{DType, Device};

pub(crate) use combine::combine;
pub(crate) use convolution::Convolution;
pub(crate) use function::Function;
pub(crate) use interleave::interleave;
pub(crate) use outer::outer;
pub(crate) use pairs::{Terms, pair_sums};
pub(crate) use polynomial::polynomials;
pub(crate) use pool::{Windows, put, take};
pub(crate) use product::product;
pub(crate) use rows::{Term, sum_products};
pub(crate) use symmetric::SymmetricSum;

use crate::tensor::Array;

/// Whether an array is in host memory, in a type that the kernels support.
fn is_on_host(array: &Array) -> bool {
    matches!(array.dtype(), DType::F32 | DType::F64) && array.device() == Device::flex()
}

/// A float tensor of Burn's CPU backend.
type HostTensor = FloatTensor<Flex>;

/// The tensor behind an array; `None` if it is not on the host.
fn host_tensor(array: Array) -> Option<HostTensor> {
    match <DispatchTensor as DispatchKindConversion<Flex>>::try_into_backend(array.into_dispatch()) {
        Ok(BackendTensor::Float(tensor)) => Some(tensor),
        _ => None,
    }
}

/// The tensor of an array, contiguous; `None` if it is not on the host.
fn contiguous(array: &Array) -> Option<HostTensor> {
    is_on_host(array).then(|| host_tensor(array.clone()).expect("on the host").to_contiguous())
}

/// Evaluates an expression with `T` as the float type of the given name, which must be one that the kernels support.
macro_rules! with_float {
    ($dtype:expr, $result:expr) => {
        match $dtype {
            burn::tensor::DType::F32 => {
                type T = f32;
                $result
            }
            _ => {
                type T = f64;
                $result
            }
        }
    };
}
use with_float;

/// The range of a contiguous tensor in its memory.
fn range(tensor: &HostTensor) -> Range<usize> {
    let start = tensor.layout().start_offset();
    start..start + tensor.layout().num_elements()
}

/// Runs `f` on one of rayon's threads if the device is the CPU. Burn's products and those of `faer` share their work
/// with these threads: an outside caller that waits for them would be one thread more than there are cores, and each
/// product could take up to twice as long (decision 24).
pub(crate) fn on_workers<R: Send>(device: &Device, f: impl FnOnce() -> R + Send) -> R {
    if *device == Device::flex() { rayon::scope(|_| f()) } else { f() }
}
