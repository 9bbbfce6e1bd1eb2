//! The multiclass hinge of Crammer and Singer.

use burn::tensor::{Int, Tensor};

use super::classes::{self, add_at, pick, validate_classes};
use super::softmax::outside_simplex;
use super::{ConvexLoss, CurvatureFactor, DualUpdate, simplex};
use crate::error::{Error, LossError};

/// The multiclass hinge, `ℓ(f) = max_c (f_c + 1{c ≠ y}) - f_y`: zero once the output of the right class `y` exceeds
/// every other by one.
///
/// Targets: one class per example, `[m]`. A subgradient is `e_{c*} - e_y` with `c*` the class that attains the maximum.
/// There is no curvature, so use the prox-linear model. Conjugate `-Σ_{c≠y} π_c` with `π = α + e_y` in the simplex.
/// (Crammer and Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", 2001.)
#[derive(Clone, Copy, Debug, Default)]
pub struct MulticlassHinge;

/// `f + Δ`, where the margin `Δ` is one for every class but the right one.
pub(super) fn with_margin(outputs: Tensor<2>, targets: &Tensor<1, Int>) -> Tensor<2> {
    add_at(outputs + 1.0, targets, -1.0)
}

impl ConvexLoss for MulticlassHinge {
    type Target = Tensor<1, Int>;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        classes::check_outputs(outputs)
    }

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<1, Int>) -> Result<(), Error> {
        self.check_outputs(outputs[1])?;
        validate_classes(outputs, targets)
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<1, Int>) -> Tensor<1> {
        let right = pick(outputs.clone(), targets);
        // The right class is among them, so a value below zero is only rounding.
        (with_margin(outputs, targets).max_dim(1) - right).clamp_min(0.0).squeeze_dim(1)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<1, Int>) -> Tensor<2> {
        let largest: Tensor<1, Int> = with_margin(outputs.clone(), targets).argmax(1).squeeze_dim(1);
        add_at(add_at(outputs.zeros_like(), &largest, 1.0), targets, -1.0)
    }

    fn curvature(&self, _outputs: Tensor<2>, _targets: &Tensor<1, Int>) -> Option<CurvatureFactor> {
        None
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<1, Int>) -> Tensor<1> {
        // Where π sums to one, -⟨Δ, π⟩ is π_y - 1, which is α_y.
        pick(dual, targets).squeeze_dim(1)
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Tensor<1, Int>) -> Tensor<1> {
        outside_simplex(add_at(dual, targets, 1.0))
    }

    fn is_shift_invariant(&self) -> bool {
        true
    }

    /// The projection of `v + e_y + Δ/σ` on the simplex.
    fn dual_update(&self, _outputs: [usize; 2], targets: &Tensor<1, Int>) -> Result<Option<DualUpdate>, Error> {
        let targets = classes::read_classes(targets)?;
        Ok(Some(DualUpdate::new(move |example, sigma, point| {
            for value in point.iter_mut() {
                *value += 1.0 / sigma;
            }
            point[targets[example]] += 1.0 - 1.0 / sigma;
            simplex::project(point);
            point[targets[example]] -= 1.0;
        })))
    }
}
