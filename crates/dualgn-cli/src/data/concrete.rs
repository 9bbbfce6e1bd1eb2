//! The strength of concrete, from a file of the user's.

use std::fs::File;
use std::path::Path;

use super::Dataset;
use super::error::DataError;
use super::partition::Partition;
use super::table::{self, TargetKind};

/// The table's name in its folder.
const FILE: &str = "concrete.csv";

/// Compressive strength of concrete by its mixture and age: 824 training and 206 test examples, 8 features, a positive number.
///
/// # Errors
/// The file is absent, or no table whose last column is `target`.
pub fn load(folder: &Path) -> Result<Dataset, DataError> {
    let path = folder.join(FILE);
    let file = File::open(&path).map_err(|reason| DataError::Read { file: path, reason })?;
    let all = table::read(FILE, file, TargetKind::Value)?;
    let (train, test) = Partition::fifth(FILE, all.len())?.divide(&all)?;
    let citation = "Yeh, Modeling of strength of high-performance concrete using artificial neural networks, 1998";
    Ok(Dataset { train, test, outputs: 1, citation: citation.into() })
}
