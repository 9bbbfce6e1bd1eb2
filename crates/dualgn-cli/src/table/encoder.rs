//! [`Encoder`]: from the cells of a row to the numbers that a network takes. It is learnt from training rows and kept with the model.

use std::collections::{BTreeMap, HashMap};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::cell::{Cell, Row};
use super::dates::{Cycle, DateFormat};
use super::error::TableError;
use super::moments::Moments;
use super::profile::Profile;
use super::role::{Decision, Role};
use super::source::Source;
use crate::network::Category;

/// What is done with words that training did not see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unseen {
    /// They count as rare words
    #[default]
    Rare,
    /// They are errors
    Refuse,
}

/// What is done with cells where nothing stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// The mean stands in, beside a number that says so; of words, nothing is one more
    #[default]
    Impute,
    /// They are errors
    Refuse,
}

/// From cells to numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    /// What becomes of each column that the network sees.
    pub columns: Vec<Encoding>,
    /// What is done with words that training did not see.
    pub unseen: Unseen,
    /// What is done with cells where nothing stands.
    pub missing: Missing,
}

/// What becomes of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// Its name.
    pub name: String,
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

/// Skewness from which on a column has a long tail; that of the exponential distribution is 2.
const SKEWED: f64 = 1.5;

/// What a column's training rows say, on the way to its encoding.
enum Learning {
    Number {
        format: Option<DateFormat>,
        unit: Option<f64>,
        moments: Moments,
        missing: bool,
        span: [f64; 2],
        times: bool,
    },
    Words {
        counts: HashMap<String, usize>,
    },
}

impl Encoder {
    /// Learns from the training rows of a table.
    ///
    /// # Errors
    /// The table cannot be read again.
    pub fn learn(
        source: &Source,
        profiles: &[Profile],
        decisions: &[Option<Decision>],
        is_training: impl Fn(usize) -> bool,
        (unseen, missing): (Unseen, Missing),
    ) -> Result<Self, TableError> {
        let seen: Vec<(usize, Role)> = decisions
            .iter()
            .enumerate()
            .filter_map(|(column, decision)| Some((column, decision.as_ref()?.role)))
            .filter(|(_, role)| *role != Role::Ignore)
            .collect();
        let mut learning: Vec<Learning> = seen
            .iter()
            .map(|&(column, role)| match role {
                Role::Category => Learning::Words { counts: HashMap::new() },
                role => Learning::Number {
                    format: (role == Role::Date).then(|| profiles[column].dates[0]),
                    unit: None,
                    moments: Moments::default(),
                    missing: false,
                    span: [f64::INFINITY, f64::NEG_INFINITY],
                    times: false,
                },
            })
            .collect();
        let comma = source.comma();
        let pass = |learning: &mut [Learning]| {
            source.rows(&mut |row| {
                if is_training(row.index) {
                    for (&(column, _), learning) in seen.iter().zip(learning.iter_mut()) {
                        learning.see(&row.cells[column], comma);
                    }
                }
                Ok(())
            })
        };
        pass(&mut learning)?;
        // Columns with a long tail are seen again, by their logarithms.
        let mut again: Vec<Learning> = learning.iter().map(Learning::logarithms).collect();
        if again.iter().any(|learning| matches!(learning, Learning::Number { unit: Some(_), .. })) {
            pass(&mut again)?;
            for (first, second) in learning.iter_mut().zip(again) {
                if let Learning::Number { unit: Some(_), .. } = second {
                    *first = second;
                }
            }
        }
        let columns = seen
            .iter()
            .zip(learning)
            .map(|(&(column, _), learning)| Encoding { name: profiles[column].name.clone(), kind: learning.end() });
        Ok(Self { columns: columns.collect(), unseen, missing })
    }

    /// Numbers of a row, categories included.
    pub fn width(&self) -> usize {
        self.columns.iter().map(|column| column.kind.width()).sum()
    }

    /// The categories, which stand last.
    pub fn categories(&self) -> Vec<Category> {
        let levels = |column: &Encoding| match &column.kind {
            EncodingKind::Category { levels } => {
                let levels = levels.len() + 2;
                // As wide as the words can use, and no wider than a column deserves.
                Some(Category { levels, width: levels.div_ceil(2).min(8) })
            }
            _ => None,
        };
        self.columns.iter().filter_map(levels).collect()
    }

    /// Finds the columns in a table.
    ///
    /// # Errors
    /// One of them is not there.
    pub fn on<'a>(&'a self, source: &Source) -> Result<Located<'a>, TableError> {
        let positions = self.columns.iter().map(|column| source.column(&column.name)).collect::<Result<_, _>>()?;
        let positions_of_words = |column: &'a Encoding| match &column.kind {
            EncodingKind::Category { levels } => {
                levels.iter().enumerate().map(|(index, level)| (level.as_str(), index + 1)).collect()
            }
            _ => BTreeMap::new(),
        };
        Ok(Located {
            encoder: self,
            positions,
            words: self.columns.iter().map(positions_of_words).collect(),
            comma: source.comma(),
            file: source.file().to_owned(),
        })
    }
}

impl Learning {
    fn see(&mut self, cell: &Cell, comma: bool) {
        match self {
            Self::Words { counts } => {
                if let Some(word) = word(cell, comma) {
                    *counts.entry(word).or_default() += 1;
                }
            }
            Self::Number { format, unit, moments, missing, span, times } => match number(cell, *format, comma) {
                None => *missing = true,
                Some(number) => {
                    moments.see(logarithm(number, *unit));
                    *span = [span[0].min(number), span[1].max(number)];
                    *times |= number.rem_euclid(86_400.0) != 0.0;
                }
            },
        }
    }

    /// What is to be learnt of the logarithms of a column whose numbers have a long tail; of others nothing.
    fn logarithms(&self) -> Self {
        match self {
            Self::Number { format: None, unit: None, moments, missing, span, times }
                if span[0] >= 0.0 && moments.mean() > 0.0 && moments.skewness() > SKEWED =>
            {
                let (missing, span, times) = (*missing, *span, *times);
                Self::Number {
                    format: None,
                    unit: Some(moments.mean()),
                    moments: Moments::default(),
                    missing,
                    span,
                    times,
                }
            }
            _ => Self::Words { counts: HashMap::new() },
        }
    }

    fn end(self) -> EncodingKind {
        match self {
            Self::Words { counts } => {
                // A word that stands there once says nothing of the next row with it, unless all do.
                let rare = if counts.len() > 20 { 2 } else { 0 };
                let mut levels: Vec<(String, usize)> = counts.into_iter().filter(|(_, count)| *count > rare).collect();
                levels.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                EncodingKind::Category { levels: levels.into_iter().map(|(level, _)| level).collect() }
            }
            Self::Number { format, unit, moments, missing: indicator, span, times } => {
                let (mean, deviation) = (moments.mean(), moments.deviation());
                match format {
                    Some(format) => {
                        let cycles = Cycle::shown(span[1] - span[0], times);
                        EncodingKind::Date { format, mean, deviation, cycles, indicator }
                    }
                    None => EncodingKind::Numeric { mean, deviation, indicator, unit },
                }
            }
        }
    }
}

/// The number itself, or `ln(1 + x / unit)`; below zero, where training rows had none, it goes on as a line.
fn logarithm(number: f64, unit: Option<f64>) -> f64 {
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

fn number(cell: &Cell, format: Option<DateFormat>, comma: bool) -> Option<f64> {
    match format {
        Some(format) => format.seconds(&cell.text()?),
        None => cell.number(comma),
    }
}

/// Numbers are the same word however they are written.
pub fn word(cell: &Cell, comma: bool) -> Option<String> {
    match cell.number(comma) {
        Some(number) => Some(number.to_string()),
        None => cell.text().map(|text| text.into_owned()),
    }
}

/// An encoder for the columns of one table.
pub struct Located<'a> {
    encoder: &'a Encoder,
    positions: Vec<usize>,
    words: Vec<BTreeMap<&'a str, usize>>,
    comma: bool,
    file: std::path::PathBuf,
}

impl Located<'_> {
    /// The numbers of a row, categories last, appended to others.
    ///
    /// # Errors
    /// A cell is empty or holds an unseen word, and that is to be refused.
    pub fn encode(&self, row: &Row, numbers: &mut Vec<f32>) -> Result<(), TableError> {
        let mut last: Vec<f32> = vec![];
        for ((column, &position), words) in self.encoder.columns.iter().zip(&self.positions).zip(&self.words) {
            let cell = &row.cells[position];
            let refuse = |problem: String| {
                let (file, column) = (self.file.clone(), column.name.clone());
                Err(TableError::Cell { file, place: row.place(), column, problem })
            };
            if self.encoder.missing == Missing::Refuse && *cell == Cell::Missing {
                return refuse("nothing stands there; take `--missing impute` to let the mean stand in".into());
            }
            match &column.kind {
                EncodingKind::Numeric { mean, deviation, indicator, unit } => {
                    let number = cell.number(self.comma).map(|number| logarithm(number, *unit));
                    let scaled = number.map_or(0.0, |number| ((number - mean) / deviation) as f32);
                    if !scaled.is_finite() {
                        let found = cell.text().unwrap_or_default();
                        return refuse(format!("{found} is too far from the training rows, whose mean is {mean:e}"));
                    }
                    numbers.push(scaled);
                    if *indicator {
                        numbers.push(f32::from(number.is_none()));
                    }
                }
                EncodingKind::Date { format, mean, deviation, cycles, indicator } => {
                    let seconds = cell.text().and_then(|text| format.seconds(&text));
                    numbers.push(seconds.map_or(0.0, |seconds| ((seconds - mean) / deviation) as f32));
                    numbers.extend(
                        cycles.iter().flat_map(|cycle| seconds.map_or([0.0; 2], |seconds| cycle.place(seconds))),
                    );
                    if *indicator {
                        numbers.push(f32::from(seconds.is_none()));
                    }
                }
                EncodingKind::Category { levels } => last.push(match word(cell, self.comma) {
                    None => levels.len() + 1,
                    Some(word) => match words.get(word.as_str()) {
                        Some(&position) => position,
                        None if self.encoder.unseen == Unseen::Refuse => {
                            return refuse(format!("`{word}` was not among the words of the training rows"));
                        }
                        None => 0,
                    },
                } as f32),
            }
        }
        numbers.extend(last);
        Ok(())
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
