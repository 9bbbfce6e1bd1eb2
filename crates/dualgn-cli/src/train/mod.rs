//! Training one network by one method, and choosing its learning rate.

mod evaluate;
mod method;
mod optimizer;
mod session;

pub use method::MethodName;
pub use session::{Budget, DampingChoice, Outcome, Session};
