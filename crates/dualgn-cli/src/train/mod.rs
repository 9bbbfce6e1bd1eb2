//! Training one network by one method, and choosing its learning rate.

mod checkpoint;
mod evaluate;
mod examples;
mod method;
mod model;
mod presets;
mod schedule;
mod seal;
mod session;
mod subject;
mod taker;
mod way;
mod weights;

pub use checkpoint::{Checkpoint, Ended, Loaded, best_file, folder as checkpoints};
pub use examples::Examples;
pub use method::Method;
pub use model::{ModelName, ProxLinear};
pub use presets::ALL as PRESETS;
pub use schedule::Budget;
pub use seal::Seal;
pub use session::{DampingChoice, Observer, Outcome, Session};
pub use subject::{Batch, BatchOf, Scores, Subject, Tensors};
#[cfg(test)]
pub use taker::TakerState;
pub use way::SolverChoice;
pub use weights::{WEIGHTS, sealed, shapes, weights, with_weights, write_weights};
