//! [`Profile`]: what stands in a column, from one pass over a table.

use std::collections::HashMap;

use super::cell::Row;
use super::dates::{self, DateFormat};
use super::error::TableError;
use super::source::Source;

/// Different cells that are remembered at most; a column with more is no category.
const LEVELS: usize = 2000;
/// Bytes of a cell that are remembered.
const WORD: usize = 200;

/// What stands in a column.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Cells with nothing.
    pub missing: usize,
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
    /// How often each different cell occurs, unless there are too many.
    pub levels: Option<HashMap<String, usize>>,
    /// The formats by which all cells so far are dates.
    pub dates: Vec<DateFormat>,
    /// A cell that is no number, and where it is.
    pub word: Option<(String, String)>,
    last: f64,
}

impl Profile {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            rows: 0,
            missing: 0,
            numbers: 0,
            whole: true,
            counts_up: true,
            least: f64::INFINITY,
            largest: f64::NEG_INFINITY,
            sum: 0.0,
            levels: Some(HashMap::new()),
            dates: dates::ALL.to_vec(),
            word: None,
            last: f64::NAN,
        }
    }

    /// Cells that hold something.
    pub fn there(&self) -> usize {
        self.rows - self.missing
    }

    /// Different cells, as far as they were counted.
    pub fn distinct(&self) -> Option<usize> {
        self.levels.as_ref().map(HashMap::len)
    }

    fn see(&mut self, row: &Row, column: usize, comma: bool) {
        self.rows += 1;
        let cell = &row.cells[column];
        let Some(text) = cell.text() else {
            self.missing += 1;
            return;
        };
        match cell.number(comma) {
            Some(number) => {
                self.numbers += 1;
                self.whole &= number.fract() == 0.0;
                self.counts_up &= self.last.is_nan() || number == self.last + 1.0;
                self.last = number;
                self.least = self.least.min(number);
                self.largest = self.largest.max(number);
                self.sum += number;
            }
            None => {
                self.counts_up = false;
                if self.word.is_none() {
                    self.word = Some((text.chars().take(40).collect(), row.place()));
                }
            }
        }
        if !self.dates.is_empty() {
            self.dates.retain(|format| format.seconds(&text).is_some());
        }
        if let Some(levels) = &mut self.levels {
            // Numbers count by value: `1` and `1.0` are one.
            let level =
                cell.number(comma).map_or_else(|| text.chars().take(WORD).collect(), |number| number.to_string());
            if levels.len() < LEVELS || levels.contains_key(&level) {
                *levels.entry(level).or_default() += 1;
            } else {
                self.levels = None;
            }
        }
    }
}

/// Goes through a table once.
///
/// # Errors
/// It cannot be read, is damaged, or has no rows.
pub fn profiles(source: &Source, mut progress: impl FnMut(usize)) -> Result<Vec<Profile>, TableError> {
    let mut profiles: Vec<Profile> = source.header().iter().map(|name| Profile::new(name)).collect();
    let comma = source.comma();
    source.rows(&mut |row| {
        for (column, profile) in profiles.iter_mut().enumerate() {
            profile.see(&row, column, comma);
        }
        progress(row.index + 1);
        Ok(())
    })?;
    if profiles.first().is_none_or(|profile| profile.rows == 0) {
        return Err(TableError::Empty { file: source.file().into() });
    }
    Ok(profiles)
}
