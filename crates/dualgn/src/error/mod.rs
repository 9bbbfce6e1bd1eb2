//! All errors of the crate, one enum per layer. Each message says what failed, where, and what to do.

mod device;
mod direction;
mod fault;
mod linearize;
mod loss;
mod state;
mod trace;

use thiserror::Error;

pub use device::DeviceError;
pub use direction::DirectionError;
pub use fault::Fault;
pub use linearize::LinearizeError;
pub use loss::LossError;
pub use state::StateError;
pub use trace::TraceError;

/// Any error of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The network could not be traced.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Inputs or parameters do not fit the traced network.
    #[error(transparent)]
    Linearize(#[from] LinearizeError),
    /// Targets do not fit the loss.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// The direction could not be computed.
    #[error(transparent)]
    Direction(#[from] DirectionError),
    /// The state of a stepper cannot be restored.
    #[error(transparent)]
    State(#[from] StateError),
    /// The device failed while a value was read back.
    #[error(transparent)]
    Device(#[from] DeviceError),
}
