//! The strength of concrete, from a file of the user's.

use std::path::Path;

use dualgn_io::input;

use super::Dataset;
use super::error::DataError;
use super::partition::Partition;
use super::table::{self, TargetKind};

/// The table's name in its folder.
const FILE: &str = "concrete.csv";
/// Bytes of it at most; the published one has some 60,000.
const LARGEST: u64 = 64 << 20;

/// Compressive strength of concrete by its mixture and age: 824 training and 206 test examples, 8 features, a positive number.
///
/// # Errors
/// The file is absent, or no table whose last column is `target`.
pub fn load(folder: &Path) -> Result<Dataset, DataError> {
    let path = folder.join(FILE);
    let text = input::read(&path, LARGEST).map_err(|failure| DataError::File(Box::new(failure)))?;
    let all = table::read(FILE, text.as_slice(), TargetKind::Value)?;
    let (train, test) = Partition::fifth(FILE, all.len())?.divide(&all)?;
    let citation = "Yeh, Modeling of strength of high-performance concrete using artificial neural networks, 1998";
    Ok(Dataset { train, test, outputs: 1, citation: citation.into() })
}
