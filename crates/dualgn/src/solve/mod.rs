//! Linear algebra on the host, and conjugate gradient on an operator. Solvers work on operators, matrices and vectors,
//! and do not depend on networks or losses.

mod block_cholesky;
mod cholesky;
mod conjugate_gradient;
mod eigenvalue;
mod nystrom;
mod spectrum;
mod symmetric;

pub(crate) use block_cholesky::BlockCholesky;
pub(crate) use cholesky::cholesky;
pub(crate) use conjugate_gradient::{Progress, Reached, conjugate_gradient};
pub(crate) use eigenvalue::largest_eigenvalue;
pub(crate) use nystrom::Nystrom;
pub(crate) use spectrum::Spectrum;
pub(crate) use symmetric::{Symmetric, with_entries};
