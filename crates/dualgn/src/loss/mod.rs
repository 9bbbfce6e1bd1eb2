//! Convex losses: what a Gauss-Newton direction asks of the loss between network outputs and targets.
//!
//! Letters: `m` examples, `k` outputs per example, `f` the outputs `[m, k]`, `y` the targets, `α` dual variables `[m, k]`,
//! `r ≤ k` columns of a curvature factor. All functions here are **per example**: they neither sum nor average over the
//! batch, and they know nothing of the network. The mean over the batch is taken by the direction.
//!
//! | targets | losses |
//! |---|---|
//! | real, one an output | [`Squared`], [`Absolute`], [`Huber`], [`Quantile`], [`LogCosh`] |
//! | counts, positive numbers | [`Poisson`], [`Gamma`] |
//! | yes or no | [`Logistic`], [`Hinge`], [`SquaredHinge`]; several questions at once: [`MultiLabel`] |
//! | one of `k` classes | [`SoftmaxCrossEntropy`], [`MulticlassHinge`], [`SmoothedMulticlassHinge`] |
//! | of other losses | [`PerToken`], [`Weighted`], [`Heads`], [`Terms`] |

mod absolute;
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
/// Six functions define a loss; the others have defaults. Outputs may come in f32 or f64, on the network's device or on the
/// host, whatever the targets have: [`matching`] brings real targets to them. [`check_loss`] tests an implementation.
pub trait ConvexLoss: Send + Sync {
    /// What one batch of targets is; its first axis has the `m` examples.
    type Target: Clone + Send + Sync;

    /// Checks that a network with so many outputs an example fits the loss at all.
    ///
    /// # Errors
    /// It does not.
    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        let _ = outputs;
        Ok(())
    }

    /// Checks that targets fit outputs of shape `[m, k]`: shapes, ranges, finite values. The other functions may assume
    /// targets that passed.
    ///
    /// # Errors
    /// What does not fit, and where.
    fn validate(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<(), Error>;

    /// The losses `ℓ_i(f_i)`, `[m]`.
    fn value(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<1>;

    /// The gradients `g_i = ∇ℓ_i(f_i)`, `[m, k]`; at a kink any subgradient.
    fn gradient(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<2>;

    /// A factor `L_i` of the curvature, `L_i L_iᵀ = ∇²ℓ_i(f_i)`; at a kink of the gradient a generalised one. `None` for
    /// losses without any curvature, which are piecewise linear.
    fn curvature(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<CurvatureFactor>;

    /// The conjugates `ℓ_i*(α_i) = max_f ⟨α_i, f⟩ - ℓ_i(f)`, `[m]`, for dual variables in the domain.
    fn conjugate(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1>;

    /// How far each `α_i` is outside the domain of `ℓ_i*`: the largest violation of a constraint, `[m]`, zero inside.
    fn domain_violation(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1>;

    /// Whether one number added to all outputs of an example leaves its loss as it is, as with classes. Then `k - 1` rows an
    /// example suffice where a matrix is assembled.
    fn is_shift_invariant(&self) -> bool {
        false
    }

    /// The update of one example's dual variables, on the host. Losses without curvature need it for the prox-linear model;
    /// others gain from it where they stand beside such a loss ([`Heads`]).
    ///
    /// # Errors
    /// The device failed while targets were read.
    fn dual_update(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<Option<DualUpdate>, Error> {
        let _ = (outputs, targets);
        Ok(None)
    }

    /// The loss as a function of fewer numbers an example, for fast Gauss-Newton; `None` for losses without such a form.
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

/// Targets in the type and on the device of the outputs, and without autodiff: users may have made them elsewhere.
pub fn matching(targets: &Tensor<2>, outputs: &Tensor<2>) -> Tensor<2> {
    on_device(targets.clone(), outputs).cast(outputs.dtype())
}

/// A tensor without autodiff on the device of the outputs.
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

/// Checks a parameter of a loss that must be positive and finite.
fn validate_parameter(name: &'static str, value: f64, fits: bool, expected: &'static str) -> Result<(), LossError> {
    if fits { Ok(()) } else { Err(LossError::Parameter { name, value, expected }) }
}

/// Checks that weights are finite, not negative and not all zero; the words say what each is expected to be, and some.
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
    // At zero the logarithm is taken of one instead.
    let zero = x.clone().lower_equal_elem(0.0);
    x.clone().clamp_min(0.0) * x.mask_fill(zero, 1.0).log()
}

/// How far `x` is below `low` or above `high`.
fn outside(x: Tensor<2>, low: f64, high: f64) -> Tensor<2> {
    let below = (x.clone().neg() + low).clamp_min(0.0);
    below + (x - high).clamp_min(0.0)
}
