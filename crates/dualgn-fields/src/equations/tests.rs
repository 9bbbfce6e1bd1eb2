//! Tests of files of equations.

mod built_in;
mod data;
mod library;
mod parts;
mod shapes;
mod wrong;

use dualgn_io::Failure;

use crate::problem::Problem;

/// The problem of a text that names no tables.
fn problem(text: &str, name: &str) -> Result<Problem, Failure> {
    super::problem(text, name, &[])
}
