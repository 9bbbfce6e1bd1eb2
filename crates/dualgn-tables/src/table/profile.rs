//! [`Profile`]: what stands in a column and how it is written, from one pass over a table.

use std::collections::HashMap;

use super::dates::DateFormat;
use super::error::TableError;
use super::missing::MissingWords;
use super::notation::{Notation, Reader};
use super::observation::Observation;
use super::settle::settle;
use super::source::Source;

/// What stands in a column.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// How its cells are written.
    pub notation: Notation,
    /// Rows.
    pub rows: usize,
    /// Cells with nothing.
    pub missing: usize,
    /// Where the first of them is.
    pub first_missing: Option<String>,
    /// Cells with a number.
    pub numbers: usize,
    /// Whether all numbers are whole.
    pub whole: bool,
    /// Whether each number is one more than that before it.
    pub counts_up: bool,
    /// The least number.
    pub least: f64,
    /// The largest number.
    pub largest: f64,
    /// Their sum.
    pub sum: f64,
    /// How often each different word occurs, unless there are too many.
    pub levels: Option<HashMap<String, usize>>,
    /// How a text file writes false and true, where those are among the words.
    pub spelled: [Option<String>; 2],
    /// The format by which nearly all cells are dates.
    pub dates: Option<DateFormat>,
    /// Whether the day of all of them could as well be the month.
    pub has_open_dates: bool,
    /// A cell that is no number, and where it is.
    pub word: Option<(String, String)>,
}

impl Profile {
    /// Cells that hold something.
    pub fn there(&self) -> usize {
        self.rows - self.missing
    }

    /// Different cells, as far as they were counted.
    pub fn distinct(&self) -> Option<usize> {
        self.levels.as_ref().map(HashMap::len)
    }

    /// Whether nearly all cells are numbers. The others are errors then, where they are needed.
    pub fn is_numeric(&self) -> bool {
        self.numbers > 0 && self.numbers * 20 >= self.there() * 19
    }

    /// What reads the cells.
    pub fn reader(&self, source: &Source) -> Reader {
        let missing = source.said().missing.clone().unwrap_or_default();
        Reader::new(&self.notation, self.dates.as_ref(), missing.into())
    }
}

/// What stands in a table.
#[derive(Clone, Debug)]
pub struct Profiles {
    /// What stands in each column.
    pub columns: Vec<Profile>,
    /// How cells are written, in words.
    pub remarks: Vec<String>,
}

/// Goes through a table once. What is written in two ways is decided by all of its rows, and for the target so that no row is lost.
///
/// # Errors
/// Returns an error if it cannot be read, is damaged, or has no rows.
pub fn profiles(
    source: &Source,
    target: Option<usize>,
    mut progress: impl FnMut(usize),
) -> Result<Profiles, TableError> {
    let said = source.said();
    said.check(source.file())?;
    let missing: MissingWords = said.missing.clone().unwrap_or_default();
    let mut observations = vec![Observation::new(); source.header().len()];
    source.rows(&mut |row| {
        for (column, observation) in observations.iter_mut().enumerate() {
            observation.see(&row, column, &missing, said.dates.as_ref());
        }
        progress(row.index + 1);
        Ok(())
    })?;
    if observations.first().is_none_or(|observation| observation.rows == 0) {
        return Err(TableError::Empty { file: source.file().into() });
    }
    Ok(settle(source, observations, target))
}
