//! [`Attempt`]: a way to go from a point, and how far.

use super::fallback::Fallback;
use super::momentum::Decay;
use super::search::Found;
use crate::direction::{Along, Direction, Subproblem};
use crate::error::DeviceError;
use crate::linearize::ParamVector;
use crate::loss::ConvexLoss;

/// Where a step starts.
pub(super) struct Point<'a, M, L: ConvexLoss> {
    pub model: &'a M,
    pub subproblem: &'a Subproblem<'a, L>,
    pub weights: ParamVector,
    /// What earlier steps left.
    pub momentum: Option<ParamVector>,
    pub metric: Option<ParamVector>,
    /// Directions that a mean of them has.
    pub averaged: f64,
    pub last: Option<f64>,
}

/// A way to go, and how far.
pub(super) struct Attempt {
    pub direction: Direction,
    pub fallback: Option<Fallback>,
    /// `λ`, without what a decay adds.
    pub damping: f64,
    /// `p`.
    pub vector: ParamVector,
    /// What momentum keeps if the step is taken; `None` keeps the step itself.
    pub kept: Option<ParamVector>,
    /// Directions that a mean has with this one.
    pub averaged: f64,
    pub norm: f64,
    pub along: Along,
    pub penalty: Penalty,
    /// The loss and the slope along `p`, with the penalty.
    pub loss: f64,
    pub slope: f64,
    pub model_step: f64,
    pub found: Found,
    /// Actual and predicted, if there was a step and its loss is known.
    pub decreases: Option<[f64; 2]>,
}

/// Of actual to predicted decrease. A model that promises none, as one solved by few iterations may, has no step to be accepted,
/// whatever the loss does: two increases are no agreement.
pub(super) fn ratio([actual, predicted]: [f64; 2]) -> f64 {
    if predicted > 0.0 { actual / predicted } else { f64::NEG_INFINITY }
}

impl Attempt {
    pub fn ratio(&self) -> Option<f64> {
        self.decreases.map(ratio)
    }

    /// The same without a step.
    pub fn refused(self) -> Self {
        let found = Found { step: 0.0, loss: Some(self.loss), ..self.found };
        Self { found, ..self }
    }
}

/// The penalty `(η/2) ‖w‖²` of a coupled decay, along the way.
pub(super) struct Penalty {
    pub eta: f64,
    /// `‖w‖²`, `⟨w, p⟩`, `‖p‖²`.
    pub squares: [f64; 3],
}

impl Penalty {
    pub fn new(decay: Decay, weights: &ParamVector, vector: &ParamVector) -> Result<Self, DeviceError> {
        let eta = decay.penalty();
        let squares = match eta {
            0.0 => [0.0; 3],
            _ => [weights.dot(weights)?, weights.dot(vector)?, vector.dot(vector)?],
        };
        Ok(Self { eta, squares })
    }

    /// At `w + t p`.
    pub fn at(&self, t: f64) -> f64 {
        let [own, along, square] = self.squares;
        0.5 * self.eta * (own + t * (2.0 * along + t * square))
    }

    pub fn slope(&self) -> f64 {
        self.eta * self.squares[1]
    }
}
