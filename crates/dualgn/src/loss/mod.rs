//! Convex losses between network outputs and targets, with the functions that a Gauss-Newton direction needs.
//!
//! Letters: `m` examples, `k` outputs per example, `f` the outputs `[m, k]`, `y` the targets, `α` dual variables `[m,
//! k]`, `r ≤ k` columns of a curvature factor. All functions here are **per example**: they neither sum nor average
//! over the batch, and they do not depend on the network. The direction takes the mean over the batch.
//!
//! | targets | losses |
//! |---|---|
//! | real, one per output | [`Squared`], [`Absolute`], [`Huber`], [`Quantile`], [`LogCosh`] |
//! | counts, positive numbers | [`Poisson`], [`Gamma`] |
//! | binary | [`Logistic`], [`Hinge`], [`SquaredHinge`]; several labels at once: [`MultiLabel`] |
//! | one of `k` classes | [`SoftmaxCrossEntropy`], [`MulticlassHinge`], [`SmoothedMulticlassHinge`] |
//! | composed of other losses | [`PerToken`], [`Weighted`], [`Heads`], [`AtLeast`], [`Terms`] |

mod absolute;
mod at_least;
mod binary;
mod check;
mod classes;
mod factor;
mod gamma;
mod heads;
mod hinge;
mod huber;
mod log_cosh;
mod logistic;
mod margin;
mod multi_label;
mod multiclass_hinge;
mod poisson;
mod quantile;
mod root;
mod simplex;
mod smoothed_multiclass_hinge;
mod softmax;
mod squared;
mod squared_hinge;
mod terms;
mod tokens;
mod update;
mod weighted;

use burn::tensor::Tensor;
use burn::tensor::kind::Autodiff;

pub use absolute::Absolute;
pub use at_least::{AtLeast, Symmetric};
pub use binary::BinaryTargets;
pub use check::{Inconsistency, LossCheck, check_loss};
pub use classes::ClassTargets;
pub use factor::CurvatureFactor;
pub use gamma::Gamma;
pub use heads::{HeadTargets, Heads};
pub use hinge::Hinge;
pub use huber::Huber;
pub use log_cosh::LogCosh;
pub use logistic::Logistic;
pub use margin::Margin;
pub use multi_label::MultiLabel;
pub use multiclass_hinge::MulticlassHinge;
pub use poisson::{CountTargets, Poisson};
pub use quantile::Quantile;
pub use smoothed_multiclass_hinge::SmoothedMulticlassHinge;
pub use softmax::SoftmaxCrossEntropy;
pub use squared::Squared;
pub use squared_hinge::SquaredHinge;
pub use terms::Terms;
pub use tokens::{PerToken, TokenTargets};
pub use update::DualUpdate;
pub use weighted::{Weighted, WeightedTargets};

use crate::error::{DeviceError, Error, LossError};

/// A convex loss `ℓ_i(f_i)` of the outputs of each example.
///
/// Six functions define a loss; the others have defaults. The outputs may be f32 or f64, on the device of the network
/// or on the host, independently of the targets; [`matching`] converts real targets accordingly. [`check_loss`] tests
/// an implementation.
pub trait ConvexLoss: Send + Sync {
    /// The targets of one batch; the first axis counts the `m` examples.
    type Target: Clone + Send + Sync;

    /// Checks that the loss can take `outputs` outputs per example.
    ///
    /// # Errors
    /// Returns `LossError::Outputs` if the loss cannot take this many outputs. Losses with parameters may also return
    /// `LossError::Parameter` for an invalid one.
    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        let _ = outputs;
        Ok(())
    }

    /// Checks that the targets fit outputs of shape `[m, k]`: shapes, ranges, finite values. The other functions may
    /// assume targets that passed this check.
    ///
    /// # Errors
    /// Returns a [`LossError`] that says which target does not fit and why, and `Error::Device` if the device fails
    /// while the targets are read.
    fn validate(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<(), Error>;

    /// Computes the losses `ℓ_i(f_i)`, `[m]`.
    fn value(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<1>;

    /// Computes the gradients `g_i = ∇ℓ_i(f_i)`, `[m, k]`; at a kink, any subgradient.
    fn gradient(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<2>;

    /// Computes a factor `L_i` of the curvature, `L_i L_iᵀ = ∇²ℓ_i(f_i)`; at a kink of the gradient, of a generalised
    /// Hessian. Returns `None` for losses without curvature, which are piecewise linear.
    fn curvature(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<CurvatureFactor>;

    /// Computes the conjugates `ℓ_i*(α_i) = max_f ⟨α_i, f⟩ - ℓ_i(f)`, `[m]`, for dual variables in the domain.
    fn conjugate(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1>;

    /// Computes how far each `α_i` is outside the domain of `ℓ_i*`: the largest violation of a constraint, `[m]`, zero
    /// inside the domain.
    fn domain_violation(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1>;

    /// Checks whether the loss is invariant to adding one number to all outputs of an example, as losses for classes
    /// are. Then assembled matrices need only `k - 1` rows per example.
    fn is_shift_invariant(&self) -> bool {
        false
    }

    /// Returns the exact update of the dual variables of one example, which runs on the host. The prox-linear model
    /// needs it for losses without curvature. Losses with curvature need it only where they are combined with such a
    /// loss ([`Heads`]).
    ///
    /// # Errors
    /// Returns `Error::Device` if the device fails while the targets are read.
    fn dual_update(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<Option<DualUpdate>, Error> {
        let _ = (outputs, targets);
        Ok(None)
    }

    /// Returns the loss as a function of fewer numbers per example, for fast Gauss-Newton, or `None` if the loss has no
    /// such form.
    fn margin(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<Margin> {
        let _ = (outputs, targets);
        None
    }
}

impl<L: ConvexLoss> ConvexLoss for &L {
    type Target = L::Target;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        (**self).check_outputs(outputs)
    }

    fn validate(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<(), Error> {
        (**self).validate(outputs, targets)
    }

    fn value(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        (**self).value(outputs, targets)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<2> {
        (**self).gradient(outputs, targets)
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<CurvatureFactor> {
        (**self).curvature(outputs, targets)
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        (**self).conjugate(dual, targets)
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        (**self).domain_violation(dual, targets)
    }

    fn is_shift_invariant(&self) -> bool {
        (**self).is_shift_invariant()
    }

    fn dual_update(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<Option<DualUpdate>, Error> {
        (**self).dual_update(outputs, targets)
    }

    fn margin(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<Margin> {
        (**self).margin(outputs, targets)
    }
}

/// Converts targets to the float type and the device of the outputs, without autodiff.
pub fn matching(targets: &Tensor<2>, outputs: &Tensor<2>) -> Tensor<2> {
    on_device(targets.clone(), outputs).cast(outputs.dtype())
}

/// Moves a tensor to the device of the outputs, without autodiff.
fn on_device<const D: usize, K: Autodiff>(tensor: Tensor<D, K>, outputs: &Tensor<2>) -> Tensor<D, K> {
    let tensor = tensor.without_autodiff();
    let device = outputs.device().without_autodiff();
    if tensor.device() == device { tensor } else { tensor.to_device(&device) }
}

/// The values of real targets on the host, row-major.
fn read(targets: &Tensor<2>) -> Result<Vec<f64>, Error> {
    Ok(targets.clone().try_into_data().map_err(DeviceError::from)?.iter::<f64>().collect())
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
    let values = read(targets)?;
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(LossError::NotFinite { index, value: values[index] }.into()),
        None => Ok(values),
    }
}

/// Checks a parameter of a loss; `expected` says which values are valid.
fn validate_parameter(name: &'static str, value: f64, fits: bool, expected: &'static str) -> Result<(), LossError> {
    if fits { Ok(()) } else { Err(LossError::Parameter { name, value, expected }) }
}

/// Checks that weights are finite, nonnegative and not all zero; `each` and `some` word the two requirements in errors.
fn validate_weights(weights: &[f64], each: &'static str, some: &'static str) -> Result<(), LossError> {
    if let Some(index) = weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        return Err(LossError::Range { index, value: weights[index], expected: each });
    }
    if weights.iter().all(|weight| *weight == 0.0) {
        return Err(LossError::Range { index: 0, value: 0.0, expected: some });
    }
    Ok(())
}

/// Sums over the outputs of each example, `[m, k]` to `[m]`.
fn sum_outputs(values: Tensor<2>) -> Tensor<1> {
    values.sum_dim(1).squeeze_dim(1)
}

/// The largest value among the outputs of each example, `[m, k]` to `[m]`.
fn max_outputs(values: Tensor<2>) -> Tensor<1> {
    values.max_dim(1).squeeze_dim(1)
}

/// `x log x` with `0 log 0 = 0`; small negative `x` from rounding count as zero.
fn entropy_term(x: Tensor<2>) -> Tensor<2> {
    // At zero, the logarithm of one is computed instead.
    let zero = x.clone().lower_equal_elem(0.0);
    x.clone().clamp_min(0.0) * x.mask_fill(zero, 1.0).log()
}

/// How far `x` is below `low` or above `high`.
fn outside(x: Tensor<2>, low: f64, high: f64) -> Tensor<2> {
    let below = (x.clone().neg() + low).clamp_min(0.0);
    below + (x - high).clamp_min(0.0)
}
