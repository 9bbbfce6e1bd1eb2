//! [`StateError`]: errors of restoring the state of a stepper.

use thiserror::Error;

/// An error of restoring the state of a [`Stepper`](crate::Stepper).
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum StateError {
    /// The state has a version that this crate does not read.
    #[error(
        "the state has version {found}, but this crate reads version {known}: continue with the crate that saved it"
    )]
    Version {
        /// The version of the state.
        found: u32,
        /// The version that this crate reads.
        known: u32,
    },
    /// A number of the state is not finite, or a damping not positive.
    #[error("the {what} of the state contains {value}: the state is damaged")]
    Number {
        /// The field of the state.
        what: &'static str,
        /// The number.
        value: f64,
    },
    /// The state has a vector that the settings of the stepper do not use.
    #[error("the state has a vector of {what}, but the stepper has none: restore it with the settings that saved it")]
    Unused {
        /// The field of the state.
        what: &'static str,
    },
}
