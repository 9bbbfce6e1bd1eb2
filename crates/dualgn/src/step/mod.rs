//! Steps: from directions to new weights, with the state carried from one step to the next.
//!
//! | piece | choices | file |
//! |---|---|---|
//! | direction | any oracle | [`GaussNewton`](crate::GaussNewton) |
//! | damping | the oracle's, decaying, or by the ratio of actual to predicted decrease | [`Adaptation`] |
//! | step size | the rate, the minimiser of the model, backtracking, a grid | [`Search`] |
//! | momentum, decay | heavy ball, Nesterov, a mean, a centre, the minimiser over two directions; coupled, decoupled | [`Momentum`], [`Decay`] |
//! | metric | the identity, roots of second moments | [`SecondMoments`] |
//!
//! [`Stepper`] combines one of each.

mod adaptation;
mod attempt;
mod fallback;
mod finish;
mod metric;
mod momentum;
mod propose;
mod report;
mod search;
mod state;
mod stepper;

pub use crate::direction::Proximity;
pub use adaptation::{Adaptation, DampingSchedule, Floor, LevenbergMarquardt};
pub use attempt::Decreases;
pub use fallback::Fallback;
pub use metric::SecondMoments;
pub use momentum::{Decay, Momentum};
pub use report::StepReport;
pub use search::{Armijo, FirstTrial, Grid, Search};
pub use state::{Accumulated, StepperState};
pub use stepper::Stepper;
