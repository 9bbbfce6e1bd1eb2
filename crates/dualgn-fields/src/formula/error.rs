//! [`FormulaError`]: what is wrong with a formula, and where.

use std::fmt;

use thiserror::Error;

use super::scope::Kind;
use super::syntax::Span;

/// Spaces before the line of a formula in a message.
const INDENT: &str = "    ";
/// Characters that are shown before and after the beginning of the place.
const SHOWN: [usize; 2] = [60, 80];

/// What is wrong with a formula.
#[derive(Clone, Debug, PartialEq, Error)]
pub(crate) enum Wrong {
    #[error("the formula is empty")]
    Empty,
    #[error("a formula of {length} bytes is too long; at most {limit} are read")]
    TooLong { length: usize, limit: usize },
    #[error("parentheses, signs and powers are nested too deeply, more than {limit} times")]
    TooDeep { limit: usize },
    #[error("the formula has too many operations once its derivatives are taken, more than {limit}")]
    TooLarge { limit: usize },
    #[error("`{0}` has no meaning in a formula")]
    Character(String),
    #[error("{0} is too large a number")]
    TooLargeNumber(String),
    #[error("expected {expected}, found {found}")]
    Expected { expected: &'static str, found: String },
    #[error("`=` can only stand once, between the two sides of an equation")]
    MisplacedEquals,
    #[error("there is no `{name}`; {names}")]
    UnknownName { name: String, names: String },
    #[error("`{suffix}` in `{name}` is no coordinate; the coordinates are {coordinates}")]
    UnknownSuffix { suffix: String, name: String, coordinates: String },
    #[error("there is no function `{0}`")]
    UnknownFunction(String),
    #[error("`{0}` is no function")]
    NoFunction(String),
    #[error("`{0}` is a function, and its arguments are missing")]
    NotCalled(String),
    #[error("`{function}` takes {wanted}, not {given}")]
    Arguments { function: String, wanted: String, given: usize },
    #[error("derivatives are along coordinates; the coordinates are {coordinates}")]
    NoCoordinate { coordinates: String },
    #[error("the variable of an integral is a name")]
    NoVariable,
    #[error("`{0}` has a meaning already, and the variable of an integral is a name of its own")]
    Variable(String),
    #[error("{found} where {wanted} is needed")]
    Mismatch { found: Sort, wanted: &'static str },
    #[error("a vector of {left} components and one of {right} do not fit")]
    Dimensions { left: usize, right: usize },
    #[error("{left} and {right} cannot be added or compared")]
    Mixed { left: Sort, right: Sort },
    #[error("the product of two vectors can mean several things")]
    VectorProduct,
    #[error(
        "`{function}` is of a vector with as many components as there are coordinates of space, {wanted}, not {found}"
    )]
    SpaceDimensions { function: &'static str, wanted: usize, found: usize },
    #[error("`curl` is for two or three coordinates of space; there are {0}")]
    Curl(usize),
    #[error("`{0}` is data at points and has no derivatives")]
    DerivativeOfData(String),
    #[error("the derivatives of `normal` are not known")]
    DerivativeOfNormal,
    #[error("a derivative of order {order} of `{unknown}`; derivatives are taken up to order {limit}")]
    Order { unknown: String, order: usize, limit: usize },
    #[error("this is not a finite number")]
    NotFinite,
    #[error("division by zero")]
    DivisionByZero,
    #[error("{}", .kind.refusal(.name))]
    NotHere { name: String, kind: Kind },
    #[error("definitions go round in a circle: {0}")]
    Cycle(String),
    #[error("`{0}` cannot be a name")]
    NoName(String),
    #[error("`{0}` has a meaning in every formula and cannot be given another")]
    Reserved(String),
    #[error("`{0}` has a meaning already")]
    Taken(String),
    #[error("a condition is an equation or one inequality with `<=` or `>=`")]
    NoCondition,
    #[error("shapes are put together by `+`, `-` and `*`: unions, differences and intersections")]
    NoCombination,
    #[error("an equation where {0} is needed")]
    Equation(&'static str),
}

/// What a part of a formula is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Number,
    Vector(usize),
    Truth,
}

impl fmt::Display for Sort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number => formatter.write_str("a number"),
            Self::Vector(1) => formatter.write_str("a vector of 1 component"),
            Self::Vector(components) => write!(formatter, "a vector of {components} components"),
            Self::Truth => formatter.write_str("a comparison"),
        }
    }
}

/// What is wrong, before it is known in which text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failed {
    /// Where.
    pub(super) span: Span,
    wrong: Box<Wrong>,
    hint: Option<String>,
}

impl Failed {
    /// At a place.
    pub(super) fn new(span: Span, wrong: Wrong) -> Self {
        Self { span, wrong: Box::new(wrong), hint: None }
    }

    /// Adds what to do.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what to do, if that is known.
    pub(super) fn perhaps(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// In a text.
    pub(super) fn of(self, text: &str) -> FormulaError {
        FormulaError { failed: self, text: text.to_owned(), place: String::new() }
    }
}

/// What is wrong with a formula, and where. It shows itself with the line of the formula and a mark under the place.
#[derive(Clone, Debug, PartialEq, Error)]
pub(crate) struct FormulaError {
    failed: Failed,
    text: String,
    place: String,
}

impl FormulaError {
    /// Says where the formula stands, such as `equations, line 7`.
    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// Returns what is wrong.
    #[cfg(test)]
    pub(crate) fn wrong(&self) -> &Wrong {
        &self.failed.wrong
    }

    /// Returns the place in the text of the formula.
    pub(crate) fn span(&self) -> Span {
        self.failed.span
    }

    /// Returns what to do about it, where that can be guessed.
    #[cfg(test)]
    pub(crate) fn hint(&self) -> Option<&str> {
        self.failed.hint.as_deref()
    }

    /// The line with the place, as much of it as can be shown, and the marks under it.
    fn lines(&self) -> [String; 2] {
        let Span { start, end } = self.failed.span;
        let from = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let to = self.text[start..].find('\n').map_or(self.text.len(), |newline| start + newline);
        let shown = |text: &str| -> Vec<char> { text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect() };
        let (before, rest) = (shown(&self.text[from..start]), shown(&self.text[start..to]));
        let marked = self.text[start..end.clamp(start, to)].chars().count().clamp(1, SHOWN[1]);
        let (head, skipped) = match before.len() > SHOWN[0] {
            true => ("…", before.len() - SHOWN[0]),
            false => ("", 0),
        };
        let tail = if rest.len() > SHOWN[1] { "…" } else { "" };
        let line: String = before[skipped..].iter().chain(rest.iter().take(SHOWN[1])).collect();
        let blank = " ".repeat(head.chars().count() + before.len() - skipped);
        [format!("{INDENT}{head}{line}{tail}").trim_end().to_owned(), format!("{INDENT}{blank}{}", "^".repeat(marked))]
    }
}

impl fmt::Display for FormulaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(formatter, "{}: ", self.place)?;
        }
        write!(formatter, "{}", self.failed.wrong)?;
        if let Some(hint) = &self.failed.hint {
            write!(formatter, " ({hint})")?;
        }
        if self.text.trim().is_empty() {
            return Ok(());
        }
        let [line, marks] = self.lines();
        write!(formatter, "\n{line}\n{marks}")
    }
}

/// Asks whether one of some names was meant, if one is near.
pub(super) fn near<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let lower = name.to_lowercase();
    let away = |known: &str| {
        let other = known.to_lowercase();
        // `laplacian` for `lap`.
        let is_start = known.len() > 2 && (lower.starts_with(&other) || other.starts_with(&lower));
        let distance = if is_start { 1 } else { strsim::damerau_levenshtein(&lower, &other) };
        // Of names of one letter, the next in the alphabet.
        let letters = lower.chars().zip(other.chars()).map(|(a, b)| u32::from(a).abs_diff(u32::from(b))).sum::<u32>();
        (distance, letters)
    };
    let ((distance, letters), near) =
        names.into_iter().map(|known| (away(known), known)).min_by_key(|(away, _)| *away)?;
    // Of a short name, one letter may be wrong, and of a long one a third.
    let length = name.chars().count();
    let is_near = if length == 1 { letters <= 1 } else { distance <= (length / 3).max(1) };
    is_near.then(|| format!("did you mean `{near}`?"))
}

/// Returns names in a row, no more than can be read.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let names: Vec<&str> = names.into_iter().collect();
    match names.len() {
        count if count > MOST => format!("{} and {} more", names[..MOST].join(", "), count - MOST),
        _ => names.join(", "),
    }
}
