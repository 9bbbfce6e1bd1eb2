//! [`Scores`]: how good the answers of a model of a table are on rows that it has not seen; plain data that records and pages hold.

use serde::{Deserialize, Serialize};

/// A number and between which it lies in 95 of 100 samples of rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// On these rows.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// One measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Its name, such as `accuracy`.
    pub name: String,
    /// What it is, in a few words.
    pub words: String,
    /// Its value.
    pub value: Interval,
}

/// All measures of some answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Rows.
    pub rows: usize,
    /// The measures, the most telling first.
    pub scores: Vec<Score>,
    /// For classes, how often each (a row) was taken for each (a column).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Vec<Vec<usize>>>,
    /// Columns with cells that were missing or not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<ColumnTally>,
}

/// What was counted in a column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnTally {
    /// The column's name.
    pub column: String,
    /// Cells where nothing stood.
    pub missing: usize,
    /// Words that no training row has.
    pub unseen: usize,
    /// Words that too few training rows have to learn from.
    pub rare: usize,
}
