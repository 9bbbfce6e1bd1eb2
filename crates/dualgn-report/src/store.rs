//! The results of a run in its folder: for programs, and as a page.

use std::path::Path;

use dualgn_io::{Failure, files};
use dualgn_train::record::Comparison;
use dualgn_train::run::{PAGE, write_comparison};

use crate::page::page;

/// Writes `comparison.json` and `report.html` of what there is so far into the folder of a run.
///
/// # Errors
/// The folder cannot be written to.
pub fn store(run: &Path, comparison: &Comparison) -> Result<(), Failure> {
    write_comparison(run, comparison)?;
    files::replace(&run.join(PAGE), page(comparison).as_bytes())
}
