//! Training one network by one method, and choosing its learning rate.

mod evaluate;
mod method;
mod optimizer;
mod schedule;
mod session;

pub use method::{Method, ModelName, Optimizer, ProxLinear};
pub use schedule::Budget;
pub use session::{DampingChoice, Observer, Outcome, Session};
