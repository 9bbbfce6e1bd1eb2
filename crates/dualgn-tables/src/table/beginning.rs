//! [`Beginning`]: the first rows of a text file, and what is around its table: comments, a line `sep=;`, separators at the ends of lines.

use std::collections::HashMap;

use super::missing::MissingWords;
use super::sighting::sighted;

/// The beginning of a text file.
#[derive(Debug, Default)]
pub(super) struct Beginning {
    /// The first rows, without empty cells after the last separator.
    pub rows: Vec<Vec<String>>,
    /// What stands between cells.
    pub separator: u8,
    /// What stands before the table.
    pub preamble: Preamble,
    /// Whether lines end in a separator, with nothing after it.
    pub trailing: bool,
}

/// What stands before the table.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Preamble {
    /// Bytes of it in UTF-8.
    pub bytes: usize,
    /// Lines of it.
    pub lines: u64,
    /// How many of the lines are comments: they begin with `#`.
    pub comments: usize,
    /// The last of them, if the table follows it.
    pub last: Option<String>,
    /// The separator that a first line such as `sep=;` names, as Excel writes and reads it.
    pub separator: Option<u8>,
}

/// Rows of a beginning at most.
const ROWS: usize = 200;

impl Beginning {
    /// Looks at a sample of a file, all of it if `is_whole`; the separator is that of the user, of the file, or the one that fits.
    pub(super) fn of(sample: &[u8], is_whole: bool, separator: Option<u8>) -> Self {
        let preamble = Preamble::of(sample, is_whole, separator);
        let sample = &sample[preamble.bytes..];
        let separator = separator.or(preamble.separator).unwrap_or_else(|| fitting(sample, is_whole));
        let mut rows = rows(sample, separator, is_whole);
        let trailing = trim_ends(&mut rows);
        Self { rows, separator, preamble, trailing }
    }
}

impl Preamble {
    fn of(sample: &[u8], is_whole: bool, separator: Option<u8>) -> Self {
        let mark = if sample.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        let mut preamble = Self { bytes: mark, ..Self::default() };
        while preamble.bytes < sample.len() {
            let rest = &sample[preamble.bytes..];
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            if end.is_none() && !is_whole {
                return preamble;
            }
            let line = String::from_utf8_lossy(&rest[..end.unwrap_or(rest.len())]);
            let is_first = preamble.comments == 0 && preamble.separator.is_none();
            match named_separator(&line).filter(|_| is_first) {
                Some(named) => preamble.separator = Some(named),
                None if line.starts_with('#') && separator != Some(b'#') => {
                    preamble.comments += 1;
                    preamble.last = Some(line.into_owned());
                }
                // A line of spaces; one of tabs is a row of empty cells.
                None if line.chars().all(|c| c == ' ') => preamble.last = None,
                None => return preamble,
            }
            let end = end.unwrap_or(rest.len());
            let is_pair = rest[end..].starts_with(b"\r\n");
            preamble.bytes = (preamble.bytes + end + 1 + usize::from(is_pair)).min(sample.len());
            preamble.lines += 1;
        }
        // A file of such lines alone is a table of them.
        if is_whole && preamble.comments > 0 { Self { bytes: mark, ..Self::default() } } else { preamble }
    }
}

/// The separator that a line such as `sep=;` names; spreadsheets may quote it, or write it into each column.
fn named_separator(line: &str) -> Option<u8> {
    let line = line.trim_matches('"');
    let (start, rest) = line.as_bytes().split_at_checked(4)?;
    if !start.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    let first = *rest.first()?;
    let is_separator = first.is_ascii() && !first.is_ascii_alphanumeric() && first != b'"';
    (is_separator && rest.iter().all(|&byte| byte == first)).then_some(first)
}

/// The first rows of a sample by a separator; the last one may be cut off.
pub(super) fn rows(sample: &[u8], separator: u8, is_whole: bool) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(sample);
    let mut rows: Vec<Vec<String>> = reader
        .records()
        .take(ROWS + 1)
        .map_while(Result::ok)
        .map(|row| row.iter().map(str::to_owned).collect())
        .collect();
    if !is_whole || rows.len() > ROWS {
        rows.pop();
    }
    rows
}

/// The separator by which most rows have as many cells as the first, and more than one.
fn fitting(sample: &[u8], is_whole: bool) -> u8 {
    let agreement = |separator: u8| {
        let mut rows = rows(sample, separator, is_whole);
        trim_ends(&mut rows);
        let width = rows.first().map_or(0, Vec::len);
        let alike = |width: usize| rows.iter().skip(1).filter(|row| row.len() == width).count();
        // All but the first with one cell more is a table with row names, if nothing fits better.
        let share = |alike: usize| 1000 * (alike + 1) / rows.len().max(1);
        let named = if rows.len() > 1 && alike(width + 1) == rows.len() - 1 { 999 } else { 0 };
        if width < 2 { (0, 0) } else { (share(alike(width)).max(named), width) }
    };
    // Of equals the last is the largest for `max_by_key`.
    b"| ;\t,"
        .iter()
        .map(|&separator| (agreement(separator), separator))
        .max_by_key(|(agreement, _)| *agreement)
        .filter(|(agreement, _)| agreement.0 > 0)
        .map_or(b',', |(_, separator)| separator)
}

/// Removes the empty cells after the last separator, if all rows end in one or could; whether they do.
fn trim_ends(rows: &mut [Vec<String>]) -> bool {
    let ends_empty = |row: &[String]| row.last().is_some_and(|cell| cell.trim().is_empty());
    let Some(first) = rows.first() else { return false };
    let width = first.len() - usize::from(ends_empty(first));
    let fits = |row: &Vec<String>| row.len() == width || (row.len() == width + 1 && ends_empty(row));
    let is_trailing = width > 0 && rows.iter().all(fits) && rows.iter().any(|row| row.len() > width);
    if is_trailing {
        rows.iter_mut().for_each(|row| row.truncate(width));
    }
    is_trailing
}

/// What the first row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstRow {
    /// Names of columns.
    Names,
    /// Names of columns that are numbers, such as years.
    Numbers,
    /// Data.
    Data,
    /// Data, by all that is known; but the numbers could be names.
    Doubtful,
}

/// Decides what the first row is. Names are no numbers, and differ from what is below; numbers are names if they count up, and those below
/// do not.
pub(super) fn first_row(rows: &[Vec<String>]) -> FirstRow {
    let Some((first, rest)) = rows.split_first() else { return FirstRow::Data };
    if first.iter().any(|cell| is_number(cell)) {
        return counting(first, rest);
    }
    // A table of words: names do not come again below; those that are there twice in no column.
    let mut counts: HashMap<&str, usize> = HashMap::new();
    first.iter().for_each(|name| *counts.entry(name).or_default() += 1);
    let comes_again = |(column, name): (usize, &String)| {
        let is_twice = !name.trim().is_empty() && counts[name.as_str()] > 1;
        rest.iter().any(|row| if is_twice { row.contains(name) } else { row.get(column) == Some(name) })
    };
    match names_numbers(rows) || !first.iter().enumerate().any(comes_again) {
        true => FirstRow::Names,
        false => FirstRow::Data,
    }
}

/// Whether the first row has a word above a column of numbers.
pub(super) fn names_numbers(rows: &[Vec<String>]) -> bool {
    let Some((first, rest)) = rows.split_first() else { return false };
    let missing = MissingWords::default();
    let is_above_numbers = |(column, name): (usize, &String)| {
        let is_there = |cell: &str| !cell.trim().is_empty() && !missing.has(cell.trim());
        let below = || rest.iter().filter_map(|row| row.get(column)).filter(|cell| is_there(cell));
        is_there(name) && !is_number(name) && below().next().is_some() && below().all(|cell| is_number(cell))
    };
    first.iter().enumerate().any(is_above_numbers)
}

/// Numbers that count up from column to column, such as 2019, 2020, 2021: names if no row below does so, and numbers below are decimals or
/// there are many names.
fn counting(first: &[String], rest: &[Vec<String>]) -> FirstRow {
    const MANY: usize = 5;
    let columns: Vec<usize> = (0..first.len()).filter(|&column| is_number(&first[column])).collect();
    let counts_up = |row: &[String]| {
        let numbers: Option<Vec<f64>> = columns.iter().map(|&column| number(row.get(column)?)).collect();
        numbers.is_some_and(|numbers| {
            let step = numbers.get(1).map_or(1.0, |second| second - numbers[0]);
            numbers.iter().all(|number| number.fract() == 0.0 && *number >= 0.0)
                && step > 0.0
                && numbers.windows(2).all(|pair| pair[1] - pair[0] == step)
        })
    };
    if !counts_up(first) || rest.is_empty() {
        return FirstRow::Data;
    }
    let decimals = |column: usize| {
        let numbers = || rest.iter().filter_map(|row| number(row.get(column)?));
        2 * numbers().filter(|number| number.fract() != 0.0).count() > numbers().count()
    };
    let has_decimals = 2 * columns.iter().filter(|&&column| decimals(column)).count() > columns.len();
    let words = (0..first.len()).filter(|column| !columns.contains(column) && !first[*column].trim().is_empty());
    let mut known = words.clone().filter(|&column| rest.iter().any(|row| row.get(column) == first.get(column)));
    let enough = if words.clone().next().is_some() { 2 } else { 3 };
    let differs = known.next().is_none() && !rest.iter().any(|row| counts_up(row));
    match differs && columns.len() >= enough && (has_decimals || columns.len() >= MANY) {
        true => FirstRow::Numbers,
        false => FirstRow::Doubtful,
    }
}

fn is_number(text: &str) -> bool {
    number(text).is_some()
}

/// The number that a text is by either decimal sign, the point before the comma.
fn number(text: &str) -> Option<f64> {
    let sighting = sighted(text.trim())?;
    sighting.point.or(sighting.comma).map(|numeral| numeral.value)
}

#[cfg(test)]
#[path = "beginning_tests.rs"]
mod tests;
