//! [`StepperState`]: the state that a stepper carries from step to step.

use super::attempt::Decreases;
use super::stepper::Stepper;
use crate::error::{DeviceError, Error, StateError};
use crate::linearize::{Linearization, ParamVector};

/// The whole state that a [`Stepper`] carries from step to step, for checkpoints. A stepper with the same settings and
/// this state continues exactly like the original.
///
/// A state is read back into [`StepperState::default`], field by field or, with the feature `serde`, as a whole.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct StepperState {
    /// The version of the layout, [`StepperState::VERSION`] for states of this crate.
    pub version: u32,
    /// The damping of the next step, if it adapts and a step was taken.
    pub damping: Option<f64>,
    /// The decreases of earlier steps, smoothed, by which the damping adapts.
    pub decreases: Option<Decreases>,
    /// The size of the last step that was taken.
    pub last_step: Option<f64>,
    /// Number of steps that a damping schedule has counted.
    pub steps: u64,
    /// The momentum.
    pub momentum: Option<Accumulated>,
    /// The second moments of the gradients.
    pub second_moments: Option<Accumulated>,
}

/// A vector in parameter space that is accumulated over steps.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Accumulated {
    /// Its entries, in the order of [`ParamVector::to_vec`].
    pub entries: Vec<f64>,
    /// Number of steps over which it was accumulated.
    pub steps: u64,
}

impl StepperState {
    /// The version of the layout that this crate writes and reads.
    pub const VERSION: u32 = 1;

    /// Checks that a stepper with these settings can have left the state.
    pub(super) fn check<L>(&self, stepper: &Stepper<L>) -> Result<(), StateError> {
        if self.version != Self::VERSION {
            return Err(StateError::Version { found: self.version, known: Self::VERSION });
        }
        let decreases = self.decreases.map_or([None; 2], |both| [Some(both.actual), Some(both.predicted)]);
        let numbers = [
            ("damping", self.damping, self.damping.is_none_or(|damping| damping > 0.0)),
            ("last step", self.last_step, true),
            ("actual decrease", decreases[0], true),
            ("predicted decrease", decreases[1], true),
        ];
        for (what, value, fits) in numbers {
            if let Some(value) = value.filter(|value| !(fits && value.is_finite())) {
                return Err(StateError::Number { what, value });
            }
        }
        let vectors = [
            ("momentum", &self.momentum, stepper.has_momentum()),
            ("second moments", &self.second_moments, stepper.has_metric()),
        ];
        for (what, vector, is_used) in vectors {
            let Some(vector) = vector else { continue };
            if !is_used {
                return Err(StateError::Unused { what });
            }
            if let Some(&value) = vector.entries.iter().find(|entry| !entry.is_finite()) {
                return Err(StateError::Number { what, value });
            }
        }
        Ok(())
    }
}

impl Default for StepperState {
    /// The state before the first step.
    fn default() -> Self {
        Self {
            version: Self::VERSION,
            damping: None,
            decreases: None,
            last_step: None,
            steps: 0,
            momentum: None,
            second_moments: None,
        }
    }
}

/// The state in use.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub damping: Option<f64>,
    pub decreases: Option<Decreases>,
    pub last_step: Option<f64>,
    pub steps: u64,
    pub momentum: Option<Kept>,
    pub second_moments: Option<Kept>,
}

/// A vector that is accumulated over steps.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    /// In use.
    Vector(ParamVector, u64),
    /// Restored, until a network is known that it belongs to.
    Restored(Accumulated),
}

impl Kept {
    /// The vector for a network, and the number of steps.
    pub(super) fn at(&self, at: &Linearization) -> Result<(ParamVector, u64), Error> {
        match self {
            Self::Vector(vector, steps) => Ok((vector.clone(), *steps)),
            Self::Restored(kept) => Ok((at.zeros().with_entries(&kept.entries)?, kept.steps)),
        }
    }

    fn save(&self) -> Result<Accumulated, DeviceError> {
        match self {
            Self::Vector(vector, steps) => Ok(Accumulated { entries: vector.to_vec()?, steps: *steps }),
            Self::Restored(kept) => Ok(kept.clone()),
        }
    }
}

impl State {
    pub(super) fn save(&self) -> Result<StepperState, DeviceError> {
        let Self { damping, decreases, last_step, steps, momentum, second_moments } = self;
        Ok(StepperState {
            version: StepperState::VERSION,
            damping: *damping,
            decreases: *decreases,
            last_step: *last_step,
            steps: *steps,
            momentum: momentum.as_ref().map(Kept::save).transpose()?,
            second_moments: second_moments.as_ref().map(Kept::save).transpose()?,
        })
    }

    pub(super) fn restore(state: StepperState) -> Self {
        let StepperState { version: _, damping, decreases, last_step, steps, momentum, second_moments } = state;
        let restored = |kept: Option<Accumulated>| kept.map(Kept::Restored);
        Self {
            damping,
            decreases,
            last_step,
            steps,
            momentum: restored(momentum),
            second_moments: restored(second_moments),
        }
    }
}
