//! Training one network by one method, and choosing its learning rate.

mod checkpoint;
mod evaluate;
mod method;
mod model;
mod presets;
mod schedule;
mod session;
mod taker;
mod way;

pub use checkpoint::{Checkpoint, Loaded, folder as checkpoints, with_weights, write_weights};
pub use method::Method;
pub use model::{ModelName, ProxLinear};
pub use presets::ALL as PRESETS;
pub use schedule::Budget;
pub use session::{DampingChoice, Observer, Outcome, Session};
pub use taker::BatchOf;
pub use way::SolverChoice;
