//! [`Fault`]: the source of an error.

use super::{DirectionError, Error, LinearizeError, LossError, TraceError};

/// The source of an error, which tells who can correct it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The network cannot be traced or differentiated.
    Network,
    /// The inputs or targets do not fit the network or the loss, or are not finite.
    Data,
    /// A setting of the oracle or of the loss: damping, tolerance, model, solver, route or memory.
    Setting,
    /// A numerical failure: an overflow, or too little precision for the damping. Smaller steps, more damping or f64
    /// may help.
    Numerics,
    /// The calling program, which combines things that do not belong together, such as a network and the weights of
    /// another.
    Program,
    /// The device.
    Device,
}

impl Error {
    /// Returns the source of the error.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Trace(error) => error.fault(),
            Self::Linearize(error) => error.fault(),
            Self::Loss(error) => error.fault(),
            Self::Direction(error) => error.fault(),
            Self::State(_) => Fault::Program,
            Self::Device(_) => Fault::Device,
        }
    }
}

impl TraceError {
    /// Returns the source of the error.
    pub fn fault(&self) -> Fault {
        match self {
            Self::InputBatches { .. } | Self::EmptyInput { .. } => Fault::Data,
            Self::Unsupported { .. }
            | Self::ReadsValues { .. }
            | Self::OtherDevice { .. }
            | Self::Panicked { .. }
            | Self::OutputType { .. }
            | Self::OutputShape { .. }
            | Self::NoDerivative { .. }
            | Self::IgnoresInput
            | Self::NoParameters
            | Self::CopiedParameter { .. }
            | Self::ParameterType { .. }
            | Self::Capture { .. } => Fault::Network,
            Self::NotTraining => Fault::Program,
        }
    }
}

impl LinearizeError {
    /// Returns the source of the error.
    pub fn fault(&self) -> Fault {
        match self {
            Self::MixesExamples { .. } => Fault::Setting,
            Self::MissingParameter { .. }
            | Self::ParameterShape { .. }
            | Self::Device { .. }
            | Self::InputType { .. }
            | Self::InputDevices { .. }
            | Self::Blocks { .. }
            | Self::OtherNetwork
            | Self::Shape { .. } => Fault::Program,
        }
    }
}

impl LossError {
    /// Returns the source of the error.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Parameter { .. } | Self::Outputs { .. } => Fault::Setting,
            Self::Shape { .. } | Self::ClassRange { .. } | Self::NotFinite { .. } | Self::Range { .. } => Fault::Data,
        }
    }
}

impl DirectionError {
    /// Returns the source of the error.
    pub fn fault(&self) -> Fault {
        match self {
            Self::InputNotFinite { .. } => Fault::Data,
            Self::Damping(_)
            | Self::Tolerance(_)
            | Self::NoCurvature
            | Self::NoMargin
            | Self::NoDualUpdate
            | Self::MixesExamples { .. }
            | Self::Memory { .. }
            | Self::Route { .. }
            | Self::Metric
            | Self::Primal => Fault::Setting,
            Self::ParameterNotFinite { .. }
            | Self::OutputNotFinite { .. }
            | Self::NotFinite { .. }
            | Self::NoDecrease { .. }
            | Self::Factorisation { .. }
            | Self::Eigenvalues
            | Self::Ascent { .. } => Fault::Numerics,
        }
    }
}
