//! [`StepReport`]: the record of a step.

use burn::optim::GradientsParams;

use super::fallback::Fallback;
use crate::direction::Direction;
use crate::linearize::ParamVector;

/// The record of one step of a [`Stepper`](super::Stepper).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StepReport {
    /// The direction, at the damping that was finally used.
    pub direction: Direction,
    /// The loss of the batch before the step, including the penalty of a coupled decay.
    pub loss: f64,
    /// The loss after the step, including the penalty, if it was evaluated.
    pub loss_after: Option<f64>,
    /// The slope `⟨∇L, p⟩` along the vector `p` of the step, including the penalty.
    pub slope: f64,
    /// The step size along `p`; zero if no step was better than staying.
    pub step: f64,
    /// The norm of the change of the weights, without a decoupled decay and without an acceleration.
    pub length: f64,
    /// The ratio of actual to predicted decrease, if both are known.
    pub ratio: Option<f64>,
    /// Number of losses evaluated by the search.
    pub trials: usize,
    /// Number of dampings rejected before the final one.
    pub refused: usize,
    /// The damping of the next step, if it adapts.
    pub next_damping: Option<f64>,
    /// The alternative that was used if a factorisation failed.
    pub fallback: Option<Fallback>,
    /// The change of the weights, `w' - w`.
    pub change: ParamVector,
}

impl StepReport {
    /// Converts the step to the form of a gradient, `w - w'`, for training loops that pass a gradient to an optimizer,
    /// as burn-train's `Learner` does: plain SGD with learning rate 1 takes the step.
    pub fn into_gradients(self) -> GradientsParams {
        self.change.scale(-1.0).into_gradients()
    }
}
