//! Linear algebra on the host, and conjugate gradient on an operator. Solvers see operators, matrices and vectors; no
//! network, no loss.

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
