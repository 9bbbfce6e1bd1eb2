//! [`Measures`]: what a dual point says of its direction, whatever the model.

use burn::tensor::{Tensor, TensorData};

use crate::error::DeviceError;

/// Values of the model are means over the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measures {
    /// `⟨∇L, d⟩`.
    pub slope: f64,
    /// A bound on the rounding error of `slope`.
    pub slope_rounding: f64,
    /// `‖d‖²`, from the dual.
    pub norm_squared: f64,
    /// The decrease of the model without the damping term.
    pub predicted_decrease: f64,
    /// `P(0)`.
    pub initial_value: f64,
    /// `P(d)`.
    pub primal_value: f64,
    /// The best dual value found.
    pub dual_value: f64,
    /// `P(d) - D`.
    pub gap: f64,
    /// The step along `d` that minimises the model.
    pub model_step: f64,
}

/// The inner product, still on the device.
pub(super) fn dot(a: &Tensor<2>, b: &Tensor<2>) -> Tensor<1> {
    (a.clone() * b.clone()).sum()
}

/// Reads several numbers back from the device at once.
pub(super) fn read<const N: usize>(numbers: [Tensor<1>; N]) -> Result<[f64; N], DeviceError> {
    let data: TensorData = Tensor::cat(numbers.into(), 0).try_into_data()?;
    let mut values = data.iter::<f64>();
    Ok(std::array::from_fn(|_| values.next().unwrap_or(f64::NAN)))
}
