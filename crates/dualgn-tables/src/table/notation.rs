//! [`Notation`]: how the cells of a column are written, and [`Reader`], which reads them by it.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cell::{Cell, Row};
use super::dates::{DateFormat, written};
use super::error::TableError;
use super::missing::MissingWords;
use super::numerals::{Numerals, canonical};
use super::signs::{DecimalSign, Thousands};
use super::words::key;

/// What the user says about the cells of a file; the rest is found out when a model is fitted, and the model's afterwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The sign before decimals.
    pub decimal: Option<DecimalSign>,
    /// The sign between thousands.
    pub thousands: Option<Thousands>,
    /// How dates are written.
    pub dates: Option<DateFormat>,
    /// What stands for nothing.
    pub missing: Option<MissingWords>,
}

impl Said {
    /// Checks that one sign is not both.
    ///
    /// # Errors
    /// Returns `TableError::Unfit` if it is.
    pub fn check(&self, file: &Path) -> Result<(), TableError> {
        let thousands = self.decimal.and(self.thousands);
        match (self.decimal, thousands) {
            (Some(DecimalSign::Point), Some(Thousands::Point)) | (Some(DecimalSign::Comma), Some(Thousands::Comma)) => {
                let problem = "`--decimal` and `--thousands` name the same sign; they should differ".into();
                Err(TableError::Unfit { file: file.into(), problem })
            }
            _ => Ok(()),
        }
    }

    /// The sign before decimals, as said or as the sign between thousands leaves it.
    pub fn decimal(&self) -> Option<DecimalSign> {
        self.decimal.or(match self.thousands {
            Some(Thousands::Point) => Some(DecimalSign::Comma),
            Some(Thousands::Comma) => Some(DecimalSign::Point),
            _ => None,
        })
    }

    /// The sign between thousands: who says what stands before decimals means that the other sign stands there.
    pub fn thousands(&self) -> Option<Thousands> {
        self.thousands.or(self.decimal.map(DecimalSign::usual_thousands))
    }
}

/// How the cells of a column are written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notation {
    /// Its numbers.
    pub numerals: Numerals,
    /// Its words that stand for nothing in other columns, such as a country `NA`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Whether its numbers are 0 and 1, which false and true can stand for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_answers: bool,
}

impl Notation {
    /// Whether nothing is unusual about it.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads the cells of a column.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    notation: Notation,
    dates: Option<DateFormat>,
    missing: Arc<MissingWords>,
}

/// A cell that is not what its column needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// What a cell should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A number.
    Number,
    /// A date.
    Date,
}

impl Reader {
    /// Reads by a notation, and dates by a format.
    pub fn new(notation: &Notation, dates: Option<&DateFormat>, missing: Arc<MissingWords>) -> Self {
        Self { notation: notation.clone(), dates: dates.cloned(), missing }
    }

    /// The same for a file that is written as said.
    pub fn said(mut self, said: &Said) -> Self {
        let numerals = &mut self.notation.numerals;
        numerals.decimal = said.decimal().unwrap_or(numerals.decimal);
        numerals.thousands = said.thousands().unwrap_or(numerals.thousands);
        if let Some(missing) = &said.missing {
            self.missing = Arc::new(missing.clone());
            self.notation.values.clear();
        }
        if let (Some(dates), Some(said)) = (&mut self.dates, &said.dates) {
            *dates = said.clone();
        }
        self
    }

    /// Whether nothing stands in a cell.
    pub fn is_missing(&self, cell: &Cell) -> bool {
        match cell {
            Cell::Missing => true,
            Cell::Number(number) => self.missing.has_number(*number),
            Cell::Bool(_) | Cell::Time(_) => false,
            Cell::Text(text) => {
                let numerals = &self.notation.numerals;
                let is_number = || numerals.number(text).is_some_and(|number| self.missing.has_number(number));
                self.is_nothing(text) || (self.missing.has_numbers() && is_number())
            }
        }
    }

    /// Whether a text stands for nothing.
    fn is_nothing(&self, text: &str) -> bool {
        self.missing.has(text) && !self.notation.values.iter().any(|value| value == text)
    }

    /// Reads a number; `None` if nothing stands there.
    ///
    /// # Errors
    /// The cell is something else.
    pub fn number(&self, cell: &Cell) -> Result<Option<f64>, Unreadable> {
        let Notation { numerals, has_answers, .. } = &self.notation;
        let number = match cell {
            Cell::Missing => return Ok(None),
            Cell::Number(number) if self.missing.has_number(*number) => return Ok(None),
            Cell::Number(number) => Some(*number).filter(|number| number.is_finite() && numerals.takes_bare_numbers()),
            Cell::Bool(answer) => has_answers.then_some(f64::from(u8::from(*answer))),
            Cell::Time(_) => None,
            Cell::Text(text) => match numerals.number(text) {
                Some(number) if self.missing.has_number(number) => return Ok(None),
                None if self.is_nothing(text) => return Ok(None),
                None if *has_answers => match key(text).as_ref() {
                    "true" => Some(1.0),
                    "false" => Some(0.0),
                    _ => None,
                },
                number => number,
            },
        };
        number.map(Some).ok_or(Unreadable)
    }

    /// Reads a date as seconds from 1 January 1970 in UTC; `None` if nothing stands there.
    ///
    /// # Errors
    /// The cell is something else, or a date in another format that could mean another day.
    pub fn seconds(&self, cell: &Cell) -> Result<Option<f64>, Unreadable> {
        let seconds = match cell {
            Cell::Time(seconds) => Some(*seconds),
            Cell::Text(text) => self.dates.as_ref().unwrap_or(&DateFormat::Iso).seconds(text),
            Cell::Missing | Cell::Number(_) | Cell::Bool(_) => None,
        };
        match seconds {
            None if self.is_missing(cell) => Ok(None),
            seconds => seconds.map(Some).ok_or(Unreadable),
        }
    }

    /// The word of a cell that is not missing. Numbers are the same word however they are written, and so are true and false.
    pub fn word<'a>(&self, cell: &'a Cell) -> Cow<'a, str> {
        match cell {
            Cell::Missing => Cow::Borrowed(""),
            Cell::Number(number) => Cow::Owned(canonical(*number)),
            Cell::Bool(answer) => Cow::Borrowed(if *answer { "true" } else { "false" }),
            Cell::Time(seconds) => Cow::Owned(written(*seconds)),
            Cell::Text(text) => match self.notation.numerals.word(text) {
                Some(number) => Cow::Owned(number),
                None => key(text),
            },
        }
    }

    /// Whether a text is its own word if that is a word at all, so that it need not be read: `1.299` may be 1299.
    pub fn keeps(&self, text: &str) -> bool {
        self.notation.numerals.decimal == DecimalSign::Point || !text.contains('.')
    }

    /// The error of a cell that cannot be read: where it is, what it is not, and the options by which it could be read. `fits` says that
    /// the roles of columns are still open.
    pub fn refusal(&self, file: &Path, row: &Row, column: (&str, usize), wanted: Wanted, fits: bool) -> TableError {
        let (name, position) = column;
        let cell = &row.cells[position];
        let text: String = match cell {
            Cell::Text(text) => text.chars().take(40).collect(),
            cell => self.word(cell).into_owned(),
        };
        let (what, mut hints) = match wanted {
            Wanted::Number => self.about_number(cell, &text),
            Wanted::Date => self.about_date(cell),
        };
        // What has digits says something.
        if matches!(cell, Cell::Text(_)) && !text.contains(|c: char| c.is_ascii_digit()) {
            hints.push(format!("`--missing-words '{}'` if it stands for nothing", self.missing.with(&text)));
        }
        if fits {
            hints.push(format!("`--column '{name}=category'` or `--column '{name}=ignore'` for the whole column"));
        }
        TableError::Unreadable {
            file: file.into(),
            place: row.place(),
            column: name.to_owned(),
            problem: format!("`{text}` {what}"),
            hint: match hints.is_empty() {
                true => "write it as the model's own table does".into(),
                false => format!("mend the cell, or take {}", hints.join(", or ")),
            },
        }
    }

    fn about_number(&self, cell: &Cell, text: &str) -> (String, Vec<String>) {
        let Numerals { decimal, unit, .. } = &self.notation.numerals;
        let mut hints = vec![];
        let sign = match decimal {
            DecimalSign::Point => "a point",
            DecimalSign::Comma => "a comma",
        };
        let what = match (unit, cell) {
            (Some(unit), _) => format!("is no number beside `{unit}` with decimals after {sign}"),
            (None, Cell::Time(_)) => "is a time and no number".into(),
            (None, _) => format!("is no number with decimals after {sign}"),
        };
        let reads = |decimal: DecimalSign| {
            let thousands = decimal.usual_thousands();
            Numerals { decimal, thousands, unit: unit.clone() }.number(text)
        };
        if let Cell::Text(_) = cell {
            if let Some(number) = reads(*decimal) {
                let name = match decimal.usual_thousands() {
                    Thousands::Comma => "comma",
                    _ => "point",
                };
                hints.push(format!("`--thousands {name}` if it is {number}"));
            }
            let (other, name) = match decimal {
                DecimalSign::Point => (DecimalSign::Comma, "comma"),
                DecimalSign::Comma => (DecimalSign::Point, "point"),
            };
            if reads(other).is_some() {
                hints.push(format!("`--decimal {name}` if that is how this file is written"));
            }
        }
        (what, hints)
    }

    fn about_date(&self, cell: &Cell) -> (String, Vec<String>) {
        let format = self.dates.as_ref().unwrap_or(&DateFormat::Iso);
        let mut hints = vec![];
        if let Cell::Text(text) = cell {
            let all = [DateFormat::DayFirst, DateFormat::MonthFirst];
            let fitting = all.iter().filter(|other| *other != format && other.seconds(text).is_some());
            hints
                .extend(fitting.map(|other| format!("`--dates {}` if that is how this file is written", other.name())));
            if hints.is_empty() {
                hints.push("`--dates FORMAT`, such as `--dates '%d %b %Y'`".into());
            }
        }
        (format!("is not among {}", format.words()), hints)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(said: &Said) -> Reader {
        Reader::default().said(said)
    }

    #[test]
    fn a_cell_is_missing_only_if_that_is_declared() {
        let usual = reader(&Said::default());
        assert_eq!(usual.number(&Cell::of("NA")), Ok(None));
        assert_eq!(usual.number(&Cell::Missing), Ok(None));
        for cell in [Cell::of("9 kg"), Cell::of("9,0"), Cell::of("inf"), Cell::Number(f64::INFINITY), Cell::Bool(true)]
        {
            assert_eq!(usual.number(&cell), Err(Unreadable), "{cell:?}");
        }
        let said = reader(&Said { missing: Some(vec!["-999".to_owned()].into()), ..Said::default() });
        assert_eq!(said.number(&Cell::of("-999.0")), Ok(None));
        assert_eq!(said.number(&Cell::Number(-999.0)), Ok(None));
        assert_eq!(said.number(&Cell::of("NA")), Err(Unreadable));
        assert!(!said.is_missing(&Cell::of("NA")) && said.is_missing(&Cell::of("-999")));
    }

    #[test]
    fn another_file_may_be_written_otherwise() {
        let comma = reader(&Said { decimal: Some(DecimalSign::Comma), ..Said::default() });
        assert_eq!(comma.number(&Cell::of("1.299,5")), Ok(Some(1299.5)));
        assert_eq!(comma.number(&Cell::of("1.299")), Ok(Some(1299.0)));
        // Numbers of a file with types have no sign.
        assert_eq!(comma.number(&Cell::Number(1.299)), Ok(Some(1.299)));
        let swiss = reader(&Said { thousands: Some(Thousands::Apostrophe), ..Said::default() });
        assert_eq!(swiss.number(&Cell::of("1'299.5")), Ok(Some(1299.5)));
        let both = Said { decimal: Some(DecimalSign::Comma), thousands: Some(Thousands::Comma), ..Said::default() };
        assert!(both.check(Path::new("t.csv")).unwrap_err().to_string().contains("the same sign"));
    }

    #[test]
    fn dates_are_read_where_they_can_mean_one_day() {
        let iso = Reader { dates: Some(DateFormat::Iso), ..Reader::default() };
        let day = Ok(Some(19_813.0 * 86_400.0));
        assert_eq!(iso.seconds(&Cell::of("2024-03-31")), day);
        assert_eq!(iso.seconds(&Cell::Time(19_813.0 * 86_400.0)), day);
        assert_eq!(iso.seconds(&Cell::of("NA")), Ok(None));
        for cell in [Cell::of("01.02.2022"), Cell::Number(1e9), Cell::of("soon")] {
            assert_eq!(iso.seconds(&cell), Err(Unreadable), "{cell:?}");
        }
        let said = Said { dates: Some(DateFormat::DayFirst), ..Said::default() };
        assert_eq!(iso.said(&said).seconds(&Cell::of("31.03.2024")), day);
    }

    #[test]
    fn zero_and_one_are_answers() {
        let notation = Notation { has_answers: true, ..Notation::default() };
        let reader = Reader::new(&notation, None, Arc::default());
        for (cell, number) in [(Cell::Bool(true), 1.0), (Cell::of("False"), 0.0), (Cell::of("1.0"), 1.0)] {
            assert_eq!(reader.number(&cell), Ok(Some(number)));
        }
        assert_eq!(reader.number(&Cell::of("yes")), Err(Unreadable));
    }
}
