//! Convex losses: what a Gauss-Newton direction asks of the loss between network outputs and targets.
//!
//! Letters: `m` examples, `k` outputs per example, `f` the outputs `[m, k]`, `α` dual variables `[m, k]`, `r ≤ k` columns
//! of a curvature factor. All functions here are **per example**: they neither sum nor average over the batch, and they
//! know nothing of the network. The mean over the batch is taken by the direction.

mod factor;
mod logistic;
mod softmax;
mod squared;
mod tokens;

use burn::tensor::Tensor;
use burn::tensor::kind::Autodiff;

pub use factor::CurvatureFactor;
pub use logistic::Logistic;
pub use softmax::{ClassTargets, SoftmaxCrossEntropy};
pub use squared::Squared;
pub use tokens::{PerToken, TokenTargets};

use crate::error::{DeviceError, Error, LossError};

/// A convex loss `ℓ_i(f_i)` of the outputs of each example.
pub trait ConvexLoss {
    /// What one batch of targets is; its first axis has the `m` examples.
    type Target: Clone;

    /// Checks that targets fit outputs of shape `[m, k]`: shapes, ranges, finite values. The other functions may assume
    /// targets that passed.
    ///
    /// # Errors
    /// What does not fit, and where.
    fn validate(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<(), Error>;

    /// The losses `ℓ_i(f_i)`, `[m]`.
    fn value(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<1>;

    /// The gradients `g_i = ∇ℓ_i(f_i)`, `[m, k]`.
    fn gradient(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<2>;

    /// A factor `L_i` of the curvature, `L_i L_iᵀ = ∇²ℓ_i(f_i)`.
    fn curvature(&self, outputs: Tensor<2>, targets: &Self::Target) -> CurvatureFactor;

    /// The conjugates `ℓ_i*(α_i) = max_f ⟨α_i, f⟩ - ℓ_i(f)`, `[m]`, for dual variables in the domain.
    fn conjugate(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1>;

    /// How far each `α_i` is outside the domain of `ℓ_i*`: the largest violation of a constraint, `[m]`, zero inside.
    fn domain_violation(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1>;
}

/// Targets in the type and on the device of the outputs, and without autodiff: users may have made them elsewhere.
fn matching(targets: &Tensor<2>, outputs: &Tensor<2>) -> Tensor<2> {
    on_device(targets.clone(), outputs).cast(outputs.dtype())
}

/// A tensor without autodiff on the device of the outputs.
fn on_device<const D: usize, K: Autodiff>(tensor: Tensor<D, K>, outputs: &Tensor<2>) -> Tensor<D, K> {
    let tensor = tensor.without_autodiff();
    let device = outputs.device().without_autodiff();
    if tensor.device() == device { tensor } else { tensor.to_device(&device) }
}

/// Checks that real targets have the shape of the outputs and finite values.
fn validate_real(outputs: [usize; 2], targets: &Tensor<2>) -> Result<Vec<f64>, Error> {
    if targets.dims() != outputs {
        return Err(LossError::Shape {
            outputs: outputs.to_vec(),
            found: targets.dims().to_vec(),
            expected: format!("targets of the same shape {outputs:?}"),
        }
        .into());
    }
    let values: Vec<f64> = targets.clone().try_into_data().map_err(DeviceError::from)?.iter::<f64>().collect();
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(LossError::NotFinite { index, value: values[index] }.into()),
        None => Ok(values),
    }
}

/// `x log x` with `0 log 0 = 0`; small negative `x` from rounding count as zero.
fn entropy_term(x: Tensor<2>) -> Tensor<2> {
    // At zero the logarithm is taken of one instead.
    let zero = x.clone().lower_equal_elem(0.0);
    x.clone().clamp_min(0.0) * x.mask_fill(zero, 1.0).log()
}
