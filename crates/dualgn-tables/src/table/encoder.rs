//! [`Encoder`]: from the cells of a row to the numbers that a network takes. It is learnt from training rows and kept with the model.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use dualgn_networks::Category;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::cell::{Cell, Row};
use super::dates::{Cycle, DateFormat};
use super::error::TableError;
use super::missing::MissingWords;
use super::notation::{Notation, Reader, Unreadable, Wanted};
use super::source::Source;
use super::tally::{Counted, Tally};
use super::words::Words;

/// How categories that do not occur in the training rows are handled.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Unseen {
    /// Treat them like rare categories
    #[default]
    Rare,
    /// Report an error
    Refuse,
}

/// How missing values are handled.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Impute the mean and add a missing-value indicator; for categories, missing is a level of its own
    #[default]
    Impute,
    /// Report an error
    Refuse,
}

/// From cells to numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    /// What becomes of each column that the network sees.
    pub columns: Vec<Encoding>,
    /// How categories that do not occur in the training rows are handled.
    pub unseen: Unseen,
    /// How missing values are handled.
    pub missing: Missing,
    /// What stands for nothing.
    #[serde(default)]
    pub missing_words: MissingWords,
}

/// What becomes of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// Its name.
    pub name: String,
    /// How its cells are written.
    #[serde(default, skip_serializing_if = "Notation::is_usual")]
    pub notation: Notation,
    /// What becomes of it.
    #[serde(flatten)]
    pub kind: EncodingKind,
}

/// What becomes of a column, by its role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "kebab-case")]
pub enum EncodingKind {
    /// A number less its mean, in deviations.
    Numeric {
        /// The mean of the training rows.
        mean: f64,
        /// Their deviation.
        deviation: f64,
        /// Whether a second number says that the cell is missing: some are in the training rows. The first is zero then.
        indicator: bool,
        /// Of columns with a long tail, `ln(1 + x / unit)` stands for `x`, in the mean and deviation too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<f64>,
    },
    /// The position of a word: 0 for rare and unseen ones, then those of `levels`, then nothing.
    Category {
        /// The words, the most frequent first.
        levels: Vec<String>,
        /// Words of training rows that are too rare to learn from.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rare: Vec<String>,
    },
    /// A date in deviations from the mean of the training rows, and its place in cycles.
    Date {
        /// How it is written.
        format: DateFormat,
        /// The mean, in seconds from 1970.
        mean: f64,
        /// The deviation in seconds.
        deviation: f64,
        /// The cycles.
        cycles: Vec<Cycle>,
        /// Whether a number says that the cell is missing.
        indicator: bool,
    },
}

impl Encoder {
    /// Numbers of a row, categories included.
    pub fn width(&self) -> usize {
        self.columns.iter().map(|column| column.kind.width()).sum()
    }

    /// The categories, which stand last.
    pub fn categories(&self) -> Vec<Category> {
        let levels = |column: &Encoding| match &column.kind {
            EncodingKind::Category { levels, .. } => {
                let levels = levels.len() + 2;
                // As wide as the words can use, and no wider than a column deserves.
                Some(Category { levels, width: levels.div_ceil(2).min(8) })
            }
            _ => None,
        };
        self.columns.iter().filter_map(levels).collect()
    }

    /// Finds the columns in a table, whose cells are written as the model's or as is said of this file. `fits` says that the model is being
    /// fitted, where errors can be mended by another role of a column.
    ///
    /// # Errors
    /// Returns `TableError::NoColumn` if one of them is not there.
    pub fn on<'a>(&'a self, source: &Source, fits: bool) -> Result<Located<'a>, TableError> {
        source.said().check(source.file())?;
        let missing = Arc::new(self.missing_words.clone());
        let located = |column: &'a Encoding| -> Result<Column<'a>, TableError> {
            let (dates, levels, rare) = match &column.kind {
                EncodingKind::Numeric { .. } => (None, None, None),
                EncodingKind::Date { format, .. } => (Some(format), None, None),
                EncodingKind::Category { levels, rare } => (None, Some(levels), Some(rare)),
            };
            Ok(Column {
                encoding: column,
                position: source.column(&column.name)?,
                reader: Reader::new(&column.notation, dates, Arc::clone(&missing)).said(source.said()),
                words: Words::new(levels.map_or(&[], Vec::as_slice)),
                rare: rare.into_iter().flatten().map(String::as_str).collect(),
            })
        };
        Ok(Located {
            encoder: self,
            columns: self.columns.iter().map(located).collect::<Result<_, _>>()?,
            file: source.file().to_owned(),
            fits,
        })
    }

    /// A tally of the columns.
    pub fn tally(&self) -> Tally {
        Tally::new(self.columns.iter().map(|column| column.name.as_str()))
    }
}

/// The number itself, or `ln(1 + x / unit)`; below zero, where training rows had none, it goes on as a line.
pub(super) fn logarithm(number: f64, unit: Option<f64>) -> f64 {
    match unit {
        Some(unit) if number > 0.0 => (number / unit).ln_1p(),
        Some(unit) => number / unit,
        None => number,
    }
}

impl EncodingKind {
    fn width(&self) -> usize {
        match self {
            Self::Numeric { indicator, .. } => 1 + usize::from(*indicator),
            Self::Category { .. } => 1,
            Self::Date { cycles, indicator, .. } => 1 + 2 * cycles.len() + usize::from(*indicator),
        }
    }
}

/// An encoder for the columns of one table.
pub struct Located<'a> {
    encoder: &'a Encoder,
    columns: Vec<Column<'a>>,
    file: PathBuf,
    fits: bool,
}

/// A column of one table.
struct Column<'a> {
    encoding: &'a Encoding,
    position: usize,
    reader: Reader,
    words: Words<'a>,
    rare: HashSet<&'a str>,
}

impl Located<'_> {
    /// Appends the numbers of a row to others, categories last, and counts cells that are missing or not known.
    ///
    /// # Errors
    /// Returns `TableError::Unreadable` if a cell is neither what its column holds nor declared to be missing, and `TableError::Cell` if it is
    /// missing or an unseen word and that is to be refused.
    pub fn encode(&self, row: &Row, numbers: &mut Vec<f32>, tally: &mut Tally) -> Result<(), TableError> {
        let mut last: Vec<f32> = vec![];
        for (index, column) in self.columns.iter().enumerate() {
            let cell = &row.cells[column.position];
            let is_missing = match &column.encoding.kind {
                EncodingKind::Numeric { mean, deviation, indicator, unit } => {
                    let number = column.reader.number(cell);
                    let number = number.map_err(|Unreadable| self.refusal(row, column, Wanted::Number))?;
                    let scaled = number.map_or(0.0, |number| ((logarithm(number, *unit) - mean) / deviation) as f32);
                    if !scaled.is_finite() {
                        return Err(self.too_far(row, column, *mean));
                    }
                    numbers.push(scaled);
                    if *indicator {
                        numbers.push(f32::from(number.is_none()));
                    }
                    number.is_none()
                }
                EncodingKind::Date { mean, deviation, cycles, indicator, .. } => {
                    let seconds = column.reader.seconds(cell);
                    let seconds = seconds.map_err(|Unreadable| self.refusal(row, column, Wanted::Date))?;
                    numbers.push(seconds.map_or(0.0, |seconds| ((seconds - mean) / deviation) as f32));
                    let places = cycles.iter().map(|cycle| seconds.map_or([0.0; 2], |seconds| cycle.place(seconds)));
                    numbers.extend(places.flatten());
                    if *indicator {
                        numbers.push(f32::from(seconds.is_none()));
                    }
                    seconds.is_none()
                }
                EncodingKind::Category { levels, .. } => {
                    let is_missing = column.reader.is_missing(cell);
                    last.push(match is_missing {
                        true => levels.len() + 1,
                        false => self.word(row, column, &mut |counted| tally.count(index, counted))?,
                    } as f32);
                    is_missing
                }
            };
            if is_missing {
                if self.encoder.missing == Missing::Refuse {
                    return Err(self.missing(row, column));
                }
                tally.count(index, Counted::Missing);
            }
        }
        numbers.extend(last);
        Ok(())
    }

    /// The position of a word: zero if training rows did not have it often enough.
    fn word(&self, row: &Row, column: &Column, count: &mut dyn FnMut(Counted)) -> Result<usize, TableError> {
        let cell = &row.cells[column.position];
        if let Some(position) = column.words.position(cell, &column.reader) {
            return Ok(position + 1);
        }
        let word = column.reader.word(cell);
        if column.rare.contains(word.as_ref()) {
            count(Counted::Rare);
        } else if self.encoder.unseen == Unseen::Refuse {
            let problem = format!("`{word}` was not among the words of the training rows");
            return Err(self.wrong(row, column, problem));
        } else {
            count(Counted::Unseen);
        }
        Ok(0)
    }

    fn missing(&self, row: &Row, column: &Column) -> TableError {
        let what = match &row.cells[column.position] {
            Cell::Missing => "nothing stands there".to_owned(),
            cell => format!("`{}` says that nothing stands there", column.reader.word(cell)),
        };
        // A model keeps what it was fitted with.
        let advice = match self.fits {
            true => "fill the cell, or take `--missing impute` to let the mean stand in",
            false => "fill the cell, or fit the model with `--missing impute` to let the mean stand in",
        };
        self.wrong(row, column, format!("{what}; {advice}"))
    }

    fn wrong(&self, row: &Row, column: &Column, problem: String) -> TableError {
        TableError::Cell { file: self.file.clone(), place: row.place(), column: column.encoding.name.clone(), problem }
    }

    /// What to say of a number that leaves the network's type.
    fn too_far(&self, row: &Row, column: &Column, mean: f64) -> TableError {
        let problem = format!("the number is too far from the training rows, whose mean is {mean:e}");
        TableError::Cell { file: self.file.clone(), place: row.place(), column: column.encoding.name.clone(), problem }
    }

    fn refusal(&self, row: &Row, column: &Column, wanted: Wanted) -> TableError {
        column.reader.refusal(&self.file, row, (&column.encoding.name, column.position), wanted, self.fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithm_goes_on_smoothly_below_zero() {
        assert_eq!(logarithm(3.0, None), 3.0);
        assert_eq!(logarithm(2.0, Some(2.0)), 2f64.ln());
        let slope = (logarithm(1e-6, Some(2.0)) - logarithm(-1e-6, Some(2.0))) / 2e-6;
        assert!((slope - 0.5).abs() < 1e-6);
    }
}
