//! `comparison.json`: what a run has measured, for programs, and for a page that is made again.

use std::path::Path;

use dualgn_io::{Failure, files, input};

use super::belongings::SUMMARY;
use super::first_version::is_of_the_first_version;
use crate::record::Comparison;

/// Writes what a run has measured into its folder.
///
/// # Errors
/// The folder cannot be written to.
pub fn write_comparison(run: &Path, comparison: &Comparison) -> Result<(), Failure> {
    let json = serde_json::to_vec_pretty(comparison).map_err(|error| Failure::run(error.to_string()))?;
    files::replace(&run.join(SUMMARY), &json)
}

/// Reads what a run has measured; `None` if it has written nothing yet.
///
/// # Errors
/// The file cannot be read, or is not as runs of this version write it.
pub fn read_comparison(run: &Path) -> Result<Option<Comparison>, Failure> {
    let path = run.join(SUMMARY);
    let Some(text) = input::read_own(&path)? else { return Ok(None) };
    let wrong = |problem: &str| {
        Failure::input(format!("{}: {problem}", path.display())).hint("remove it, and `dualgn resume` writes it again")
    };
    let comparison: Comparison = serde_json::from_slice(&text).map_err(|error| {
        if is_of_the_first_version(run) {
            let text = format!("{} was written by dualgn 0.1, which this version does not read", path.display());
            return Failure::input(text).hint("the report.html beside it can still be opened (docs/migration.md)");
        }
        wrong(&error.to_string())
    })?;
    comparison.check().map_err(wrong)?;
    Ok(Some(comparison))
}
