//! [`Target`]: what a network learns to say, from the cells of one column.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::cell::{Cell, Row};
use super::encoder::word;
use super::error::TableError;
use super::profile::Profile;
use super::source::Source;
use crate::problem::Task;

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A number
    Number,
    /// How many of something there are
    Count,
    /// One of two words
    YesOrNo,
    /// One of several words
    Classes,
}

impl TargetKind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Count => "a count",
            Self::YesOrNo => "yes or no",
            Self::Classes => "one of several classes",
        }
    }
}

/// The target of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its column.
    pub column: usize,
    /// What it is.
    pub kind: TargetKind,
    /// Why that was decided.
    pub reason: String,
    /// What losses fit.
    pub task: Task,
    /// From its cells to numbers.
    pub map: TargetMap,
}

/// From the cells of a target to numbers, and back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetMap {
    /// Name of the column.
    pub name: String,
    /// The words, in the order of the classes; none for numbers.
    pub levels: Vec<String>,
}

/// Whole numbers are classes up to so many of them.
const CLASSES: usize = 20;
/// Rows that a class has on average, at least.
const ROWS: usize = 5;
/// Classes at most, for each of which there is an output.
const MOST: usize = 1000;

impl Target {
    /// Decides what the target is.
    ///
    /// # Errors
    /// It says nothing, or is not what was wished for.
    pub fn decide(
        source: &Source,
        column: usize,
        profile: &Profile,
        wish: Option<TargetKind>,
    ) -> Result<Self, TableError> {
        let cannot = |problem: String| TableError::Cell {
            file: source.file().into(),
            place: "all rows".into(),
            column: profile.name.clone(),
            problem,
        };
        let (there, distinct) = (profile.there(), profile.distinct());
        if there == 0 {
            return Err(cannot("the target is empty".into()));
        }
        if distinct == Some(1) {
            return Err(cannot("the target is the same in all rows, so there is nothing to learn".into()));
        }
        let all_numbers = profile.numbers == there;
        let few = distinct.filter(|&distinct| distinct <= CLASSES && distinct * ROWS <= there);
        let mean = profile.sum / profile.numbers.max(1) as f64;
        let (kind, reason) = match (wish, distinct) {
            (Some(kind), _) => (kind, "as you said".into()),
            (None, Some(2)) => (TargetKind::YesOrNo, "two different values".into()),
            (None, Some(distinct)) if !all_numbers && (distinct <= CLASSES || distinct * ROWS <= there) => {
                (TargetKind::Classes, format!("{distinct} different words"))
            }
            (None, _) if !all_numbers => {
                let (word, place) = profile.word.clone().unwrap_or_default();
                return Err(cannot(format!(
                    "a target of numbers has a number in every row, found `{word}` in {place}; one of words comes to at least {ROWS} rows a \
                     word"
                )));
            }
            (None, _) if profile.whole && few.is_some_and(|few| profile.largest - profile.least < few as f64) => {
                let few = few.unwrap_or_default();
                (TargetKind::Classes, format!("the {few} whole numbers from {} to {}", profile.least, profile.largest))
            }
            (None, _) if profile.whole && profile.least >= 0.0 && 20.0 * profile.least <= mean => {
                let words = format!("whole numbers from {} up, near zero too", profile.least);
                (TargetKind::Count, words)
            }
            (None, _) => (TargetKind::Number, format!("numbers from {} to {}", profile.least, profile.largest)),
        };
        let levels = match kind {
            TargetKind::YesOrNo | TargetKind::Classes => {
                let Some(levels) = profile.levels.as_ref().filter(|levels| levels.len() <= MOST) else {
                    return Err(cannot(format!("more than {MOST} classes are too many")));
                };
                if kind == TargetKind::YesOrNo && levels.len() != 2 {
                    return Err(cannot(format!("yes or no are two different values, found {}", levels.len())));
                }
                let mut levels: Vec<String> = levels.keys().cloned().collect();
                // Numbers in their order, words in that of the alphabet.
                levels.sort_by(|a, b| match (a.parse::<f64>(), b.parse::<f64>()) {
                    (Ok(a), Ok(b)) => a.total_cmp(&b),
                    _ => a.cmp(b),
                });
                levels
            }
            TargetKind::Number | TargetKind::Count => {
                if !all_numbers {
                    let (word, place) = profile.word.clone().unwrap_or_default();
                    return Err(cannot(format!(
                        "{} should be a number in every row, found `{word}` in {place}",
                        kind.words()
                    )));
                }
                if kind == TargetKind::Count && profile.least < 0.0 {
                    return Err(cannot(format!("counts are not negative, found {}", profile.least)));
                }
                vec![]
            }
        };
        let task = match kind {
            TargetKind::Classes => Task::Classes,
            TargetKind::YesOrNo => Task::YesOrNo,
            TargetKind::Count if profile.least <= 0.0 => Task::Count,
            TargetKind::Count => Task::Positive,
            TargetKind::Number if profile.least > 0.0 => Task::Positive,
            TargetKind::Number => Task::Number,
        };
        Ok(Self { column, kind, reason, task, map: TargetMap { name: profile.name.clone(), levels } })
    }
}

impl TargetMap {
    /// Outputs of a network.
    pub fn outputs(&self) -> usize {
        if self.levels.len() > 2 { self.levels.len() } else { 1 }
    }

    /// The number of a row's target in a column; `None` where there is nothing.
    ///
    /// # Errors
    /// The cell is not what it should be.
    pub fn of_row(&self, source: &Source, row: &Row, column: usize) -> Result<Option<f64>, TableError> {
        self.number(&row.cells[column], source.comma()).map_err(|problem| TableError::Cell {
            file: source.file().into(),
            place: row.place(),
            column: self.name.clone(),
            problem,
        })
    }

    /// The number of a cell: the position of its class, or the number that stands there; `None` where there is nothing.
    ///
    /// # Errors
    /// The cell is neither: what it should be.
    fn number(&self, cell: &Cell, comma: bool) -> Result<Option<f64>, String> {
        let Some(word) = word(cell, comma) else { return Ok(None) };
        if self.levels.is_empty() {
            return match cell.number(comma) {
                Some(number) => Ok(Some(number)),
                None => Err(format!("should be a number, found `{word}`")),
            };
        }
        match self.levels.iter().position(|level| *level == word) {
            Some(position) => Ok(Some(position as f64)),
            None => {
                let known: Vec<String> = self.levels.iter().take(10).map(|level| format!("`{level}`")).collect();
                Err(format!("should be one of {}, found `{word}`", known.join(", ")))
            }
        }
    }
}
