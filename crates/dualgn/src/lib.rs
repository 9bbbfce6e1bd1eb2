//! Dual Gauss-Newton directions for deep learning, on [Burn](burn).
mod direction;
mod error;
mod gram;
mod linearize;
mod loss;
mod solve;
mod tensor;
mod trace;

pub use direction::{Direction, GaussNewton, Route, Solver, Timings};
pub use error::{DeviceError, DirectionError, Error, LinearizeError, LossError, TraceError};
pub use linearize::{Linearization, ParamVector};
pub use loss::{ClassTargets, ConvexLoss, CurvatureFactor, Logistic, SoftmaxCrossEntropy, Squared};
pub use trace::Network;
