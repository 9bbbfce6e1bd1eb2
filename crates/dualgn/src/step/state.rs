//! [`StepperState`]: the state that a stepper carries from step to step.

use std::collections::BTreeMap;

use crate::error::{DeviceError, Error};
use crate::linearize::{Linearization, ParamVector};

/// The whole state that a [`Stepper`](super::Stepper) carries from step to step, as plain numbers, for checkpoints. A
/// stepper with the same settings and this state continues exactly like the original.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepperState {
    /// Scalars by name.
    pub numbers: BTreeMap<String, f64>,
    /// Vectors in parameter space by name, with their entries in the order of [`ParamVector::to_vec`].
    pub vectors: BTreeMap<String, Vec<f64>>,
}

/// The state in use.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub numbers: BTreeMap<&'static str, f64>,
    pub vectors: BTreeMap<&'static str, Kept>,
}

/// The names of the scalars that a stepper may keep.
pub(super) const NUMBERS: [&str; 7] =
    ["averaged", "damping", "actual decrease", "predicted decrease", "last step", "moments", "steps"];
/// The names of the vectors that a stepper may keep.
pub(super) const VECTORS: [&str; 2] = ["momentum", "second moments"];

/// A vector, or its entries until a network is known that it belongs to.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    Vector(ParamVector),
    Entries(Vec<f64>),
}

impl State {
    pub(super) fn number(&self, name: &'static str) -> Option<f64> {
        self.numbers.get(name).copied()
    }

    pub(super) fn vector(&self, name: &'static str, at: &Linearization) -> Result<Option<ParamVector>, Error> {
        match self.vectors.get(name) {
            None => Ok(None),
            Some(Kept::Vector(vector)) => Ok(Some(vector.clone())),
            Some(Kept::Entries(entries)) => Ok(Some(at.zeros().with_entries(entries)?)),
        }
    }

    pub(super) fn save(&self) -> Result<StepperState, DeviceError> {
        let numbers = self.numbers.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let vector = |(name, kept): (&&str, &Kept)| {
            let entries = match kept {
                Kept::Vector(vector) => vector.to_vec()?,
                Kept::Entries(entries) => entries.clone(),
            };
            Ok(((*name).to_owned(), entries))
        };
        let vectors = self.vectors.iter().map(vector).collect::<Result<_, DeviceError>>()?;
        Ok(StepperState { numbers, vectors })
    }

    /// Ignores unknown names, which come from other versions.
    pub(super) fn restore(state: StepperState) -> Self {
        let StepperState { mut numbers, mut vectors } = state;
        Self {
            numbers: NUMBERS.iter().filter_map(|name| Some((*name, numbers.remove(*name)?))).collect(),
            vectors: VECTORS.iter().filter_map(|name| Some((*name, Kept::Entries(vectors.remove(*name)?)))).collect(),
        }
    }
}
