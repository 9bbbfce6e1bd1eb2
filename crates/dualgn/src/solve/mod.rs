//! Solvers for symmetric positive definite systems. They see an operator or a matrix, and vectors; no network, no loss.

mod cholesky;
mod conjugate_gradient;

pub(crate) use cholesky::cholesky;
pub(crate) use conjugate_gradient::{Budget, Progress, conjugate_gradient};
