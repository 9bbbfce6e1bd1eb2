//! [`Target`]: what a network learns to say, from the cells of one column.

use dualgn_train::problem::Task;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::cell::Row;
use super::error::TableError;
use super::missing::MissingWords;
use super::notation::{Notation, Reader, Unreadable, Wanted};
use super::profile::Profile;
use super::source::Source;
use super::words::Words;

/// What a target is.
#[derive(
    Clone,
    Copy,
    Debug,
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
pub enum TargetKind {
    /// A number
    Number,
    /// A count: a whole number from zero on
    Count,
    /// One of two values
    YesOrNo,
    /// One of several classes
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
    /// How its cells are written.
    #[serde(default, skip_serializing_if = "Notation::is_usual")]
    pub notation: Notation,
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
        let asked = Asked { source, profile };
        if profile.there() == 0 {
            return Err(asked.cannot("the target is empty".into()));
        }
        if profile.distinct() == Some(1) {
            return Err(asked.cannot("the target is the same in all rows, so there is nothing to learn".into()));
        }
        let (kind, reason) = asked.kind(wish)?;
        let levels = asked.levels(kind)?;
        let task = match kind {
            TargetKind::Classes => Task::Classes,
            TargetKind::YesOrNo => Task::YesOrNo,
            TargetKind::Count if profile.least <= 0.0 => Task::Count,
            TargetKind::Count => Task::Positive,
            TargetKind::Number if profile.least > 0.0 => Task::Positive,
            TargetKind::Number => Task::Number,
        };
        Ok(Self {
            column,
            kind,
            reason,
            task,
            map: TargetMap { name: profile.name.clone(), notation: profile.notation.clone(), levels },
        })
    }
}

/// A column that may be a target.
struct Asked<'a> {
    source: &'a Source,
    profile: &'a Profile,
}

impl Asked<'_> {
    fn cannot(&self, problem: String) -> TableError {
        TableError::Cell {
            file: self.source.file().into(),
            place: "all rows".into(),
            column: self.profile.name.clone(),
            problem,
        }
    }

    /// The error of the first word among numbers.
    fn not_a_number(&self, expected: &str) -> TableError {
        let (word, place) = self.profile.word.clone().unwrap_or_default();
        let hint = match word.contains(|c: char| c.is_ascii_digit()) {
            true => "mend the cell, or name the column to predict with `--target`".into(),
            false => format!(
                "mend the cell, name the column to predict with `--target`, or take `--missing-words '{}'` if the word stands for nothing",
                self.source.said().missing.clone().unwrap_or_default().with(&word)
            ),
        };
        TableError::Unreadable {
            file: self.source.file().into(),
            place,
            column: self.profile.name.clone(),
            problem: format!("{expected}, found `{word}`"),
            hint,
        }
    }

    /// What the target is, and why.
    fn kind(&self, wish: Option<TargetKind>) -> Result<(TargetKind, String), TableError> {
        let Profile { whole, least, largest, .. } = *self.profile;
        let (there, distinct) = (self.profile.there(), self.profile.distinct());
        let all_numbers = self.profile.numbers == there;
        let few = distinct.filter(|&distinct| distinct <= CLASSES && distinct * ROWS <= there);
        let mean = self.profile.sum / self.profile.numbers.max(1) as f64;
        Ok(match (wish, distinct) {
            // Two classes have one output.
            (Some(TargetKind::Classes), Some(2)) => (TargetKind::YesOrNo, "as you said".into()),
            (Some(kind), _) => (kind, "as you said".into()),
            (None, Some(2)) => (TargetKind::YesOrNo, "two different values".into()),
            (None, Some(distinct)) if !all_numbers && (distinct <= CLASSES || distinct * ROWS <= there) => {
                (TargetKind::Classes, format!("{distinct} different words"))
            }
            (None, _) if !all_numbers => {
                return Err(self.not_a_number(&format!(
                    "a target of numbers has a number in every row, and one of words at least {ROWS} rows a word"
                )));
            }
            (None, _) if whole && few.is_some_and(|few| largest - least < few as f64) => {
                let few = few.unwrap_or_default();
                (TargetKind::Classes, format!("the {few} whole numbers from {least} to {largest}"))
            }
            (None, _) if whole && least >= 0.0 && 20.0 * least <= mean => {
                (TargetKind::Count, format!("whole numbers from {least} up, near zero too"))
            }
            (None, _) => (TargetKind::Number, format!("numbers from {least} to {largest}")),
        })
    }

    /// The words of classes; none of numbers.
    fn levels(&self, kind: TargetKind) -> Result<Vec<String>, TableError> {
        let profile = self.profile;
        if matches!(kind, TargetKind::Number | TargetKind::Count) {
            if profile.numbers != profile.there() {
                return Err(self.not_a_number(&format!("{} should be a number in every row", kind.words())));
            }
            if kind == TargetKind::Count && profile.least < 0.0 {
                return Err(self.cannot(format!("counts are not negative, found {}", profile.least)));
            }
            return Ok(vec![]);
        }
        let Some(levels) = profile.levels.as_ref().filter(|levels| levels.len() <= MOST) else {
            return Err(self.cannot(format!("more than {MOST} classes are too many")));
        };
        if kind == TargetKind::YesOrNo && levels.len() != 2 {
            return Err(self.cannot(format!("yes or no are two different values, found {}", levels.len())));
        }
        Ok(ordered(profile, levels.keys()))
    }
}

/// The words of classes: numbers in their order, words in that of the alphabet, true and false as the file writes them.
fn ordered<'a>(profile: &Profile, words: impl Iterator<Item = &'a String>) -> Vec<String> {
    let spelled = |word: &String| {
        let answer = ["false", "true"].iter().position(|answer| answer == word);
        answer.and_then(|answer| profile.spelled[answer].clone()).unwrap_or_else(|| word.clone())
    };
    let mut levels: Vec<String> = words.map(spelled).collect();
    levels.sort_by(|a, b| match (a.parse::<f64>(), b.parse::<f64>()) {
        // Two long identifiers may be one number in double precision.
        (Ok(x), Ok(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        _ => a.cmp(b),
    });
    levels
}

impl TargetMap {
    /// Outputs of a network.
    pub fn outputs(&self) -> usize {
        if self.levels.len() > 2 { self.levels.len() } else { 1 }
    }

    /// Finds the target in a table, whose cells are written as the model's or as is said of this file. `missing` stands for nothing, and
    /// `fits` says that the model is being fitted.
    ///
    /// # Errors
    /// Returns `TableError::NoColumn` if it is not there.
    pub fn on<'a>(
        &'a self,
        source: &'a Source,
        missing: &MissingWords,
        fits: bool,
    ) -> Result<TargetColumn<'a>, TableError> {
        source.said().check(source.file())?;
        Ok(TargetColumn {
            map: self,
            source,
            column: source.column(&self.name)?,
            reader: Reader::new(&self.notation, None, missing.clone().into()).said(source.said()),
            words: Words::new(&self.levels),
            fits,
        })
    }
}

/// The target's cells in one table.
pub struct TargetColumn<'a> {
    map: &'a TargetMap,
    source: &'a Source,
    column: usize,
    reader: Reader,
    words: Words<'a>,
    fits: bool,
}

impl TargetColumn<'_> {
    /// The number of a row's target, or the position of its class; `None` where nothing stands.
    ///
    /// # Errors
    /// Returns `TableError::Unreadable` if the cell is no number, and `TableError::Cell` if it is none of the classes.
    pub fn of_row(&self, row: &Row) -> Result<Option<f64>, TableError> {
        let TargetMap { name, levels, .. } = self.map;
        let cell = &row.cells[self.column];
        if levels.is_empty() {
            return self.reader.number(cell).map_err(|Unreadable| {
                let column = (name.as_str(), self.column);
                self.reader.refusal(self.source.file(), row, column, Wanted::Number, self.fits)
            });
        }
        if self.reader.is_missing(cell) {
            return Ok(None);
        }
        match self.words.position(cell, &self.reader) {
            Some(position) => Ok(Some(position as f64)),
            None => {
                let known: Vec<String> = levels.iter().take(10).map(|level| format!("`{level}`")).collect();
                let problem = format!("should be one of {}, found `{}`", known.join(", "), self.reader.word(cell));
                let file = self.source.file().into();
                Err(TableError::Cell { file, place: row.place(), column: name.clone(), problem })
            }
        }
    }
}
