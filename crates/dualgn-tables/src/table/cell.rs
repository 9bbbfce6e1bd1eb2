//! [`Cell`]: one entry of a table, as its file has it.

use std::borrow::Cow;

/// One entry. Files with types hand out numbers, answers and times as such; what text means is for the reader of its column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing stands there.
    Missing,
    /// A number of a file that has numbers.
    Number(f64),
    /// True or false of a file that has them.
    Bool(bool),
    /// Seconds from 1 January 1970 in UTC, of a file that has times.
    Time(f64),
    /// Text that is not empty, without the spaces around it.
    Text(Cow<'a, str>),
}

/// Whole numbers up to here are exact in double precision.
const EXACT: i128 = 1 << 53;

impl<'a> Cell<'a> {
    /// Takes the text of a cell.
    pub fn of(text: &'a str) -> Self {
        match text.trim() {
            "" => Self::Missing,
            text => Self::Text(Cow::Borrowed(text)),
        }
    }

    /// Takes a whole number; its digits where double precision does not hold it, so that long identifiers stay apart.
    pub fn whole(number: impl Into<i128>) -> Self {
        let number = number.into();
        match number.abs() <= EXACT {
            true => Self::Number(number as f64),
            false => Self::Text(Cow::Owned(number.to_string())),
        }
    }

    /// The cell as text, for tests; `None` if nothing stands there.
    #[cfg(test)]
    pub fn shown(&self) -> Option<String> {
        match self {
            Self::Missing => None,
            Self::Number(number) | Self::Time(number) => Some(number.to_string()),
            Self::Bool(answer) => Some(answer.to_string()),
            Self::Text(text) => Some(text.to_string()),
        }
    }

    /// Takes a number of a file that has numbers, where "not a number" stands for nothing.
    pub fn number(number: f64) -> Self {
        if number.is_nan() { Self::Missing } else { Self::Number(number) }
    }
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its number, from 0.
    pub index: usize,
    /// The line it starts on, in files of lines.
    pub line: Option<u64>,
    /// A cell for each column.
    pub cells: &'a [Cell<'a>],
}

impl Row<'_> {
    /// Where it is, in words.
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("line {line}"),
            None => format!("row {}", self.index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_keep_their_digits() {
        assert_eq!(Cell::whole(-3), Cell::Number(-3.0));
        assert_eq!(Cell::whole(1_i64 << 53), Cell::Number(9_007_199_254_740_992.0));
        assert_eq!(Cell::whole((1_i64 << 53) + 1), Cell::Text("9007199254740993".into()));
        assert_eq!(Cell::whole(u64::MAX), Cell::Text("18446744073709551615".into()));
    }

    #[test]
    fn text_has_no_spaces_around_it() {
        assert_eq!(Cell::of(" \u{a0} "), Cell::Missing);
        assert_eq!(Cell::of(" NA "), Cell::Text("NA".into()));
        assert_eq!(Cell::number(f64::NAN), Cell::Missing);
        assert_eq!(Cell::number(f64::INFINITY), Cell::Number(f64::INFINITY));
    }
}
