//! Learning an [`Encoder`] from training rows.

use std::collections::HashMap;

use super::cell::Cell;
use super::dates::{Cycle, DateFormat};
use super::encoder::{Encoder, Encoding, EncodingKind, Missing, Unseen, logarithm};
use super::error::TableError;
use super::moments::Moments;
use super::notation::{Reader, Unreadable, Wanted};
use super::profile::Profile;
use super::role::{Decision, Role};
use super::source::Source;

/// Skewness from which on a column has a long tail; that of the exponential distribution is 2.
const SKEWED: f64 = 1.5;
/// Words that a column has at least, if rare ones are to be left out.
const MANY: usize = 20;
/// Rows of a word that say too little of the next one, where there are many words.
const FEW: usize = 2;

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
    /// Nothing more.
    Done,
}

/// A column that the network will see.
struct Seen<'a> {
    column: usize,
    role: Role,
    profile: &'a Profile,
    reader: Reader,
}

impl Encoder {
    /// Learns from the training rows of a table.
    ///
    /// # Errors
    /// Returns `TableError::Unreadable` if a cell is neither what its column holds nor declared to be missing; the table cannot be read again.
    pub fn learn(
        source: &Source,
        profiles: &[Profile],
        decisions: &[Option<Decision>],
        is_training: impl Fn(usize) -> bool,
        (unseen, missing): (Unseen, Missing),
    ) -> Result<Self, TableError> {
        let roles = decisions.iter().map(|decision| decision.as_ref().map_or(Role::Ignore, |decision| decision.role));
        let seen: Vec<Seen> = roles
            .zip(profiles)
            .enumerate()
            .filter(|(_, (role, _))| *role != Role::Ignore)
            .map(|(column, (role, profile))| Seen { column, role, profile, reader: profile.reader(source) })
            .collect();
        let mut learning: Vec<Learning> = seen.iter().map(|seen| Learning::begin(seen.role, seen.profile)).collect();
        let pass = |learning: &mut [Learning]| {
            source.rows(&mut |row| {
                if is_training(row.index) {
                    for (seen, learning) in seen.iter().zip(learning.iter_mut()) {
                        learning.see(&row.cells[seen.column], &seen.reader).map_err(|wanted| {
                            let column = (seen.profile.name.as_str(), seen.column);
                            seen.reader.refusal(source.file(), &row, column, wanted, true)
                        })?;
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
        let columns = seen.iter().zip(learning).map(|(seen, learning)| Encoding {
            name: seen.profile.name.clone(),
            notation: seen.profile.notation.clone(),
            kind: learning.end(),
        });
        let missing_words = source.said().missing.clone().unwrap_or_default();
        Ok(Self { columns: columns.collect(), unseen, missing, missing_words })
    }
}

impl Learning {
    fn begin(role: Role, profile: &Profile) -> Self {
        match role {
            Role::Category => Self::Words { counts: HashMap::new() },
            role => Self::Number {
                format: profile.dates.clone().filter(|_| role == Role::Date),
                unit: None,
                moments: Moments::default(),
                missing: false,
                span: [f64::INFINITY, f64::NEG_INFINITY],
                times: false,
            },
        }
    }

    /// Sees a cell; fails with what it should be.
    fn see(&mut self, cell: &Cell, reader: &Reader) -> Result<(), Wanted> {
        match self {
            Self::Done => {}
            Self::Words { .. } if reader.is_missing(cell) => {}
            Self::Words { counts } => {
                // Most cells are written as their word is.
                if let Cell::Text(text) = cell
                    && reader.keeps(text)
                    && let Some(count) = counts.get_mut(text.as_ref())
                {
                    *count += 1;
                } else {
                    *counts.entry(reader.word(cell).into_owned()).or_default() += 1;
                }
            }
            Self::Number { format, unit, moments, missing, span, times } => {
                let number = match format {
                    Some(_) => reader.seconds(cell).map_err(|Unreadable| Wanted::Date)?,
                    None => reader.number(cell).map_err(|Unreadable| Wanted::Number)?,
                };
                match number {
                    None => *missing = true,
                    Some(number) => {
                        moments.see(logarithm(number, *unit));
                        *span = [span[0].min(number), span[1].max(number)];
                        *times |= number.rem_euclid(86_400.0) != 0.0;
                    }
                }
            }
        }
        Ok(())
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
            _ => Self::Done,
        }
    }

    fn end(self) -> EncodingKind {
        match self {
            Self::Done => EncodingKind::Category { levels: vec![], rare: vec![] },
            Self::Words { counts } => {
                // A word that stands there once says nothing of the next row with it, unless all do.
                let few = if counts.len() > MANY { FEW } else { 0 };
                let (mut levels, mut rare): (Vec<(String, usize)>, Vec<_>) =
                    counts.into_iter().partition(|(_, count)| *count > few);
                levels.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                rare.sort();
                let [levels, rare] = [levels, rare].map(|words| words.into_iter().map(|(word, _)| word).collect());
                EncodingKind::Category { levels, rare }
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
