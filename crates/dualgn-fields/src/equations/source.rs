//! [`Source`]: the text of a file with its name, and failures that say where in it something is wrong; [`plain`], numbers in them, and [`line`],
//! texts.

use std::fmt::Display;
use std::ops::Range;

use dualgn_io::Failure;
use toml::Spanned;

use crate::formula::FormulaError;

/// Letters of a title at most.
pub(super) const LONGEST: usize = 500;

/// The text of a file, and what it is called.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) name: &'a str,
}

impl Source<'_> {
    /// Reports that something is wrong at a place.
    pub(super) fn wrong(&self, span: Range<usize>, what: impl Display) -> Failure {
        Failure::input(format!("{}: {what}", self.place(span.start, 0)))
    }

    /// Reports what is wrong with a formula, whose value stands at a place.
    pub(super) fn formula(&self, span: Range<usize>, text: &str, error: FormulaError) -> Failure {
        let written = self.text.get(span.clone()).unwrap_or_default();
        // The first end of a line is no part of such a string.
        let begins = ["\"\"\"\n", "'''\n", "\"\"\"\r\n", "'''\r\n"];
        let skipped = usize::from(begins.iter().any(|begin| written.starts_with(begin)));
        let before = text.get(..error.span().start).unwrap_or_default();
        let place = self.place(span.start, skipped + before.matches('\n').count());
        Failure::input(error.at(place).to_string())
    }

    /// Reports what is wrong with a name, which stands at a place.
    pub(super) fn name(&self, span: Range<usize>, error: FormulaError) -> Failure {
        Failure::input(error.at(self.place(span.start, 0)).to_string())
    }

    /// Reports that the text is no TOML, or that a part of it is none of this kind of file.
    pub(super) fn toml(&self, error: &toml::de::Error) -> Failure {
        let message = error.message();
        match error.span() {
            Some(span) => self.wrong(span, message),
            None => Failure::input(format!("{}: {message}", self.name)),
        }
    }

    /// The line of a place and some lines more.
    fn place(&self, at: usize, more: usize) -> String {
        let before = self.text.bytes().take(at);
        format!("{}, line {}", self.name, before.filter(|byte| *byte == b'\n').count() + 1 + more)
    }
}

/// Returns a number as people write it, with all its digits.
pub(super) fn plain(number: f64) -> String {
    // `Debug` has exponents for very large and very small numbers.
    let digits = format!("{number:?}");
    digits.strip_suffix(".0").unwrap_or(&digits).to_owned()
}

/// A text that messages and pages can show in a line.
pub(super) fn line<'t>(text: &'t Spanned<String>, source: &Source<'_>) -> Result<&'t str, Failure> {
    let line = text.get_ref().trim();
    let is_short = line.chars().count() <= LONGEST;
    match is_short && !line.is_empty() && !line.chars().any(char::is_control) {
        true => Ok(line),
        false => {
            let what = "a title or a source that is no line of text";
            Err(source.wrong(text.span(), what).hint(format!("write one line of 1 to {LONGEST} letters")))
        }
    }
}
