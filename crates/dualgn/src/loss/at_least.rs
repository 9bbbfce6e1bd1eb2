//! [`AtLeast`]: losses of inequalities.

use burn::tensor::Tensor;

use super::{Absolute, ConvexLoss, CurvatureFactor, DualUpdate, Huber, LogCosh, Squared, matching, max_outputs};
use crate::error::Error;

/// Losses `Σ_c e(f_c - y_c)` of an even function `e` of the error with `e(0) = 0`, whose one half [`AtLeast`] takes.
pub trait Symmetric: ConvexLoss<Target = Tensor<2>> + 'static {}

impl Symmetric for Squared {}
impl Symmetric for Absolute {}
impl Symmetric for Huber {}
impl Symmetric for LogCosh {}

/// The loss of an inequality, `f_c ≥ y_c`: that of a symmetric loss where an output is below its target, and zero elsewhere,
/// `ℓ(f) = Σ_c e(min(0, f_c - y_c))`. Targets: `[m, k]`, finite. For `f_c ≤ y_c`, give the outputs and the targets with the other
/// sign.
///
/// `AtLeast(Absolute)` is an exact penalty: with a weight above the multiplier of the inequality, its minimiser satisfies the
/// inequality exactly, while that of `AtLeast(Squared)` violates it by an amount in proportion to one over the weight. (Nocedal and
/// Wright, "Numerical Optimization", 2006, section 17.2.) It has no curvature and needs the prox-linear model.
///
/// Gradient and curvature are those of the symmetric loss at `min(f, y)`, the curvature zero where `f ≥ y`; the conjugate is the same,
/// for `α ≤ 0`.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtLeast<L>(pub L);

/// The outputs, with those above their targets moved to them.
fn below(outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
    let targets = matching(targets, &outputs);
    outputs.min_pair(targets)
}

impl<L: Symmetric> ConvexLoss for AtLeast<L> {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        self.0.validate(outputs, targets)
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        self.0.value(below(outputs, targets), targets)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        self.0.gradient(below(outputs, targets), targets)
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Option<CurvatureFactor> {
        let holds = outputs.clone().greater_equal(matching(targets, &outputs));
        let ones = outputs.ones_like().unsqueeze();
        // The factor of a sum over outputs is diagonal.
        let factor = self.0.curvature(below(outputs, targets), targets)?.apply(ones).squeeze_dim::<2>(0);
        Some(CurvatureFactor::Diagonal(factor.mask_fill(holds, 0.0)))
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        self.0.conjugate(dual, targets)
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let above = max_outputs(dual.clone().clamp_min(0.0));
        self.0.domain_violation(dual, targets).max_pair(above)
    }

    /// The minimiser over `α ≤ 0` of a convex function of one number is that over all numbers, or zero.
    fn dual_update(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<Option<DualUpdate>, Error> {
        let update = self.0.dual_update(outputs, targets)?;
        Ok(update.map(|update| {
            DualUpdate::new(move |example, sigma, point| {
                update.apply(example, sigma, point);
                point.iter_mut().for_each(|value| *value = value.min(0.0));
            })
        }))
    }
}
