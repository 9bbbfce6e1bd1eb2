//! [`Cell`]: one entry of a table.

use std::borrow::Cow;

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing, or a word for nothing.
    Missing,
    /// A number of a file that has numbers.
    Number(f64),
    /// Text, without the spaces around it.
    Text(Cow<'a, str>),
}

/// What text files write for nothing.
const NOTHING: [&str; 10] = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?"];

impl<'a> Cell<'a> {
    /// Of text.
    pub fn of(text: &'a str) -> Self {
        let text = text.trim();
        if NOTHING.contains(&text) { Self::Missing } else { Self::Text(Cow::Borrowed(text)) }
    }

    /// The number that stands there, if one does. `comma` says that decimals follow a comma.
    pub fn number(&self, comma: bool) -> Option<f64> {
        let number: f64 = match self {
            Self::Missing => return None,
            Self::Number(number) => *number,
            // Words such as `inf` are none.
            Self::Text(text) if text.bytes().any(|byte| byte.is_ascii_digit()) => {
                if comma && text.contains(',') {
                    text.replace(',', ".").parse().ok()?
                } else {
                    text.parse().ok()?
                }
            }
            Self::Text(_) => return None,
        };
        number.is_finite().then_some(number)
    }

    /// The cell as it reads; `None` if it is missing.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Missing => None,
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Text(text) => Some(Cow::Borrowed(text)),
        }
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
    fn numbers_are_what_reads_as_one() {
        let number = |text| Cell::of(text).number(false);
        assert_eq!(number(" -1.5e3 "), Some(-1500.0));
        assert_eq!(number("007"), Some(7.0));
        for text in ["", "inf", "1,5", "12 kg", "0x10", "1e999", "NaN"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(Cell::of("1,5").number(true), Some(1.5));
        assert_eq!(Cell::Number(f64::NAN).number(false), None);
    }
}
