//! [`Attempt`]: a direction tried from a point, with its step size.

use burn::module::Module;

use super::fallback::Fallback;
use super::momentum::Decay;
use super::search::Found;
use crate::direction::{Along, Direction, Subproblem};
use crate::error::DeviceError;
use crate::linearize::ParamVector;
use crate::loss::ConvexLoss;

/// The start of a step.
pub(super) struct Point<'a, M, L: ConvexLoss> {
    pub model: &'a M,
    pub subproblem: &'a Subproblem<'a, L>,
    pub weights: ParamVector,
    /// The momentum of earlier steps, and their number.
    pub momentum: Option<(ParamVector, u64)>,
    pub metric: Option<ParamVector>,
    pub last: Option<f64>,
}

/// A direction tried, with its step size.
pub(super) struct Attempt {
    pub direction: Direction,
    pub fallback: Option<Fallback>,
    /// `λ`, without the penalty of a decay.
    pub damping: f64,
    /// `p`.
    pub vector: ParamVector,
    /// `b` of the path `w + t p + t² b`, if it bends.
    pub bend: Option<ParamVector>,
    /// The vector that momentum keeps if the step is taken; `None` means the step itself.
    pub kept: Option<ParamVector>,
    /// Number of directions in the momentum, including this one.
    pub accumulated: u64,
    pub norm: f64,
    pub along: Along,
    pub penalty: Penalty,
    /// The loss and the slope along `p`, with the penalty.
    pub loss: f64,
    pub slope: f64,
    pub model_step: f64,
    pub found: Found,
    /// The actual and the predicted decrease, if there was a step and its loss is known.
    pub decreases: Option<Decreases>,
}

/// The decrease of the loss by a step, and the decrease that the model predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Decreases {
    /// The actual decrease, negative for an increase.
    pub actual: f64,
    /// The predicted decrease.
    pub predicted: f64,
}

impl Decreases {
    /// The ratio of actual to predicted decrease. If the model predicts no decrease, which can happen when its solver
    /// stops early, the step cannot be accepted whatever the loss does: two increases are no agreement.
    fn ratio(self) -> f64 {
        if self.predicted > 0.0 { self.actual / self.predicted } else { f64::NEG_INFINITY }
    }
}

impl Attempt {
    pub(super) fn ratio(&self) -> Option<f64> {
        self.decreases.map(Decreases::ratio)
    }

    /// The change of the weights by a step of some size.
    pub(super) fn change(&self, step: f64) -> ParamVector {
        let change = self.vector.clone().scale(step);
        match &self.bend {
            Some(bend) => change.add_scaled(bend, step * step),
            None => change,
        }
    }

    /// The model after a step of some size.
    pub(super) fn moved<M: Module>(&self, model: M, step: f64) -> M {
        match &self.bend {
            // A straight step needs no vector of its own.
            None => self.vector.added_to(model, step),
            Some(_) => self.change(step).added_to(model, 1.0),
        }
    }

    /// The attempt, with a step of zero.
    pub(super) fn refused(self) -> Self {
        let found = Found { step: 0.0, loss: Some(self.loss), ..self.found };
        Self { found, ..self }
    }
}

/// The penalty `(η/2) ‖w‖²` of a coupled decay along the step.
pub(super) struct Penalty {
    pub eta: f64,
    /// `‖w‖²`, `⟨w, p⟩`, `‖p‖²`.
    pub squares: [f64; 3],
}

impl Penalty {
    pub(super) fn new(decay: Decay, weights: &ParamVector, vector: &ParamVector) -> Result<Self, DeviceError> {
        let eta = decay.penalty();
        let squares = match eta {
            0.0 => [0.0; 3],
            _ => [weights.dot(weights)?, weights.dot(vector)?, vector.dot(vector)?],
        };
        Ok(Self { eta, squares })
    }

    /// The penalty at `w + t p`.
    pub(super) fn at(&self, t: f64) -> f64 {
        let [own, along, square] = self.squares;
        0.5 * self.eta * (own + t * (2.0 * along + t * square))
    }

    pub(super) fn slope(&self) -> f64 {
        self.eta * self.squares[1]
    }
}
