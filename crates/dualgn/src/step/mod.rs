//! Steps: from directions to new weights, with what is carried from one step to the next.
//!
//! | piece | choices | file |
//! |---|---|---|
//! | direction | any oracle | [`GaussNewton`](crate::GaussNewton) |
//! | damping | the oracle's, less from step to step, or by the ratio of actual to predicted decrease | [`adaptation`] |
//! | how far | the rate, the minimiser of the model, backtracking, a grid | [`search`] |
//! | momentum, decay | heavy ball, Nesterov, a mean, a centre, the minimiser over two directions; coupled, decoupled | [`momentum`] |
//! | metric | the identity, roots of second moments | [`metric`] |
//!
//! [`Stepper`] puts one of each together.

mod adaptation;
mod attempt;
mod fallback;
mod metric;
mod momentum;
mod report;
mod search;
mod state;
mod stepper;

pub use adaptation::{Adaptation, DampingSchedule, LevenbergMarquardt};
pub use fallback::Fallback;
pub use metric::SecondMoments;
pub use momentum::{Decay, Momentum};
pub use report::StepReport;
pub use search::{Armijo, Grid, Search};
pub use state::StepperState;
pub use stepper::Stepper;
