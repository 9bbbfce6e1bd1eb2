//! [`StepReport`]: what a step was.

use burn::optim::GradientsParams;

use super::fallback::Fallback;
use crate::direction::Direction;
use crate::linearize::ParamVector;

/// What a step of a [`Stepper`](super::Stepper) was.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StepReport {
    /// The direction, at the damping that was taken in the end.
    pub direction: Direction,
    /// The loss of the batch before the step, with the penalty of a coupled decay.
    pub loss: f64,
    /// The same after the step, if it was evaluated.
    pub loss_after: Option<f64>,
    /// `⟨∇L, p⟩` along what was stepped along, with the penalty.
    pub slope: f64,
    /// How far along it; zero if no step was better than staying.
    pub step: f64,
    /// The norm of the change of the weights, without a decoupled decay.
    pub length: f64,
    /// The ratio of actual to predicted decrease, if both are known.
    pub ratio: Option<f64>,
    /// Losses that were evaluated.
    pub trials: usize,
    /// Dampings that were refused before this one.
    pub refused: usize,
    /// The damping of the next step, if it adapts.
    pub next_damping: Option<f64>,
    /// What was done where a factorisation failed.
    pub fallback: Option<Fallback>,
    /// The change of the weights, `w' - w`.
    pub change: ParamVector,
}

impl StepReport {
    /// The step in the form of a gradient, `w - w'`, for loops that want to hand one to an optimizer, as burn-train's `Learner` does:
    /// plain SGD at the rate 1 takes the step.
    pub fn into_gradients(self) -> GradientsParams {
        self.change.scale(-1.0).into_gradients()
    }
}
