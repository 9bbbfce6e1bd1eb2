//! [`Inputs`]: the types of a network's input, a tensor or a tuple of tensors.

use std::fmt::Debug;

use burn::backend::DispatchTensor;
use burn::tensor::kind::Autodiff;
use burn::tensor::{DType, Device, Tensor};

use crate::tensor::Array;

mod sealed {
    pub trait Sealed {}
}

/// The input of a network: a tensor of floats, integers or booleans, or a tuple of up to six such tensors.
///
/// The first axis of each tensor is the batch and has the same length for all. Shapes are arrays, or tuples of arrays
/// in the same order: `[32, 784]`, or `([32, 10], [32, 10, 64])`.
///
/// The trait is sealed: it is implemented for these types only.
pub trait Inputs: sealed::Sealed + Clone + 'static {
    /// The type of the shapes of the inputs.
    type Shapes: Clone + PartialEq + Debug + Send + Sync + 'static;

    /// Returns the shapes of these inputs.
    fn shapes(&self) -> Self::Shapes;

    /// Returns the shapes as a list.
    #[doc(hidden)]
    fn list(shapes: &Self::Shapes) -> Vec<Vec<usize>>;

    /// Creates inputs of these shapes, in the default types of the device, with unspecified values.
    #[doc(hidden)]
    fn blank(shapes: &Self::Shapes, device: &Device) -> Self;

    /// Returns the tensors as a list, without autodiff.
    #[doc(hidden)]
    fn tensors(self) -> Vec<DispatchTensor>;

    /// Returns the same inputs with autodiff.
    #[doc(hidden)]
    fn with_autodiff(self) -> Self;

    /// Returns the examples `start..end`.
    #[doc(hidden)]
    fn narrow(self, start: usize, end: usize) -> Self;
}

impl<const D: usize, K: Autodiff + 'static> sealed::Sealed for Tensor<D, K> {}

impl<const D: usize, K: Autodiff + 'static> Inputs for Tensor<D, K> {
    type Shapes = [usize; D];

    fn shapes(&self) -> [usize; D] {
        self.dims()
    }

    fn list(shapes: &[usize; D]) -> Vec<Vec<usize>> {
        vec![shapes.to_vec()]
    }

    fn blank(shapes: &[usize; D], device: &Device) -> Self {
        let settings = device.settings();
        let dtype: DType = match K::name() {
            "Float" => settings.float_dtype.into(),
            "Int" => settings.int_dtype.into(),
            "Bool" => settings.bool_dtype.into(),
            kind => unreachable!("Burn has no tensors of the kind {kind}"),
        };
        Tensor::from_dispatch(Array::blank(shapes, dtype, device).into_dispatch())
    }

    fn tensors(self) -> Vec<DispatchTensor> {
        vec![self.without_autodiff().into_dispatch()]
    }

    fn with_autodiff(self) -> Self {
        Tensor::from_inner(self.without_autodiff())
    }

    fn narrow(self, start: usize, end: usize) -> Self {
        Tensor::narrow(self, 0, start, end - start)
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))+) => {
        $(
            impl<$($name: Inputs),+> sealed::Sealed for ($($name,)+) {}

            impl<$($name: Inputs),+> Inputs for ($($name,)+) {
                type Shapes = ($($name::Shapes,)+);

                fn shapes(&self) -> Self::Shapes {
                    ($(self.$index.shapes(),)+)
                }

                fn list(shapes: &Self::Shapes) -> Vec<Vec<usize>> {
                    [$($name::list(&shapes.$index)),+].concat()
                }

                fn blank(shapes: &Self::Shapes, device: &Device) -> Self {
                    ($($name::blank(&shapes.$index, device),)+)
                }

                fn tensors(self) -> Vec<DispatchTensor> {
                    let mut tensors = vec![];
                    $(tensors.extend(self.$index.tensors());)+
                    tensors
                }

                fn with_autodiff(self) -> Self {
                    ($(self.$index.with_autodiff(),)+)
                }

                fn narrow(self, start: usize, end: usize) -> Self {
                    ($(self.$index.narrow(start, end),)+)
                }
            }
        )+
    };
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}
