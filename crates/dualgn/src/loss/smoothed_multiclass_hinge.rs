//! The multiclass hinge, smoothed.

use burn::tensor::{Int, Tensor};

use super::classes::{self, add_at, pick, validate_classes};
use super::multiclass_hinge::with_margin;
use super::softmax::outside_simplex;
use super::{ConvexLoss, CurvatureFactor, DualUpdate, simplex, sum_outputs, validate_parameter};
use crate::error::{Error, LossError};

/// The smoothed multiclass hinge, `ℓ(f) = max_π ⟨π, f + Δ⟩ - (μ/2) (‖π‖² - 1) - f_y` over the simplex, with `Δ_c = 1{c
/// ≠ y}`: the multiclass hinge, rounded off over outputs closer than about `μ`, so that it has curvature. Its least
/// value is zero.
///
/// Targets: one class per example, `[m]`. Gradient `π - e_y` with `π` the projection of `(f + Δ) / μ` onto the simplex;
/// curvature `(diag(1_S) - 1_S 1_Sᵀ / |S|) / μ` with `S` the classes where `π` is positive; conjugate
/// `(μ/2) (‖π‖² - 1) - Σ_{c≠y} π_c` with `π = α + e_y` in the simplex. (Nesterov, "Smooth minimization of non-smooth
/// functions", 2005, for this loss.)
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SmoothedMulticlassHinge {
    /// The smoothing `μ`, positive.
    pub smoothing: f64,
}

impl Default for SmoothedMulticlassHinge {
    fn default() -> Self {
        Self { smoothing: 1.0 }
    }
}

impl SmoothedMulticlassHinge {
    /// `f + Δ - f_y`, and the `π` it leads to, which is invariant to a shift of all outputs.
    fn point(&self, outputs: Tensor<2>, targets: &Tensor<1, Int>) -> (Tensor<2>, Tensor<2>) {
        let right = pick(outputs.clone(), targets);
        let ahead = with_margin(outputs - right, targets);
        (ahead.clone(), simplex::project_rows(ahead / self.smoothing))
    }
}

impl ConvexLoss for SmoothedMulticlassHinge {
    type Target = Tensor<1, Int>;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        classes::check_outputs(outputs)
    }

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<1, Int>) -> Result<(), Error> {
        self.check_outputs(outputs[1])?;
        let fits = self.smoothing > 0.0 && self.smoothing.is_finite();
        validate_parameter("smoothing", self.smoothing, fits, "positive and finite")?;
        validate_classes(outputs, targets)
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<1, Int>) -> Tensor<1> {
        let (ahead, point) = self.point(outputs, targets);
        sum_outputs(point.clone() * (ahead - point * (0.5 * self.smoothing))) + 0.5 * self.smoothing
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<1, Int>) -> Tensor<2> {
        let (_, point) = self.point(outputs, targets);
        add_at(point, targets, -1.0)
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Tensor<1, Int>) -> Option<CurvatureFactor> {
        let (_, point) = self.point(outputs, targets);
        let support = point.zeros_like().mask_fill(point.greater_elem(0.0), 1.0);
        // With q = 1_S / |S| it is |S| / μ times diag(q) - q qᵀ.
        let size = support.clone().sum_dim(1);
        let probabilities = support / size.clone();
        let factor = CurvatureFactor::Softmax { root: probabilities.clone().sqrt(), probabilities };
        Some(CurvatureFactor::Rows { count: 1, root: (size / self.smoothing).sqrt(), factor: Box::new(factor) })
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<1, Int>) -> Tensor<1> {
        // Where π sums to one, -⟨Δ, π⟩ is π_y - 1, which is α_y.
        let linear: Tensor<1> = pick(dual.clone(), targets).squeeze_dim(1);
        let point = add_at(dual, targets, 1.0);
        sum_outputs(point.clone() * point) * (0.5 * self.smoothing) + linear - 0.5 * self.smoothing
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Tensor<1, Int>) -> Tensor<1> {
        outside_simplex(add_at(dual, targets, 1.0))
    }

    fn is_shift_invariant(&self) -> bool {
        true
    }

    /// The projection of `(σ (v + e_y) + Δ) / (σ + μ)` on the simplex.
    fn dual_update(&self, _outputs: [usize; 2], targets: &Tensor<1, Int>) -> Result<Option<DualUpdate>, Error> {
        let targets = classes::read_classes(targets)?;
        let smoothing = self.smoothing;
        Ok(Some(DualUpdate::new(move |example, sigma, point| {
            let right = targets[example];
            for (class, value) in point.iter_mut().enumerate() {
                let shift = if class == right { sigma } else { 1.0 };
                *value = (sigma * *value + shift) / (sigma + smoothing);
            }
            simplex::project(point);
            point[right] -= 1.0;
        })))
    }
}
