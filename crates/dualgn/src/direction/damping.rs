//! [`Damping`]: the weight of `½ ‖d‖²` in the subproblem.

use crate::error::DirectionError;

/// The damping `λ` of the subproblem.
///
/// Damping relative to the loss suits training that drives the loss to zero: the curvature of the loss vanishes with
/// it, and a fixed damping would finally outweigh the remaining curvature and turn every direction into a small
/// gradient step. (Damping by a power of the residual is Fan and Yuan's choice for the
/// Levenberg-Marquardt method, "On the quadratic convergence of the Levenberg-Marquardt method without nonsingularity
/// assumption", Computing 74, 2005.)
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Damping {
    /// A fixed `λ`.
    Fixed(f64),
    /// `λ = max(factor · L, least)`, where `L` is the loss of the batch.
    RelativeToLoss {
        /// Damping per unit of loss.
        factor: f64,
        /// Lower bound on the damping, so that it stays positive when the loss is zero.
        least: f64,
    },
}

impl From<f64> for Damping {
    fn from(damping: f64) -> Self {
        Self::Fixed(damping)
    }
}

impl Damping {
    /// The damping at a given loss.
    pub(super) fn at(self, loss: f64) -> Result<f64, DirectionError> {
        let positive = |value: f64| {
            if value.is_finite() && value > 0.0 { Ok(value) } else { Err(DirectionError::Damping(value)) }
        };
        match self {
            Self::Fixed(damping) => positive(damping),
            Self::RelativeToLoss { factor, least } => Ok((positive(factor)? * loss).max(positive(least)?)),
        }
    }
}
