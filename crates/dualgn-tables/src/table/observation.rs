//! [`Observation`]: what one pass over a table counts in a column, by each way in which its cells could be meant.

use std::collections::HashMap;

use super::cell::{Cell, Row};
use super::dates::DateFormat;
use super::missing::MissingWords;
use super::notation::Reader;
use super::sighting::{Numeral, sighted};
use super::signs::{DecimalSign, Thousands};
use super::words::key;

/// Different cells that are remembered at most; a column with more is no category.
const LEVELS: usize = 2000;
/// Bytes of a cell that is remembered, at most; a column with longer ones is no category.
const WORD: usize = 1000;
/// Characters of a cell that messages show.
const SHOWN: usize = 40;

/// What is in a column.
#[derive(Clone, Debug)]
pub(super) struct Observation {
    /// Rows.
    pub rows: usize,
    /// Cells where nothing stands.
    pub empty: usize,
    /// Where the first is.
    pub first_empty: Option<String>,
    /// Words that stand for nothing elsewhere: how often each occurs, and where first.
    pub nothing: Vec<(String, usize, String)>,
    /// The numbers, where decimals follow a point and where they follow a comma.
    pub numbers: [Numbers; 2],
    /// Numbers of files with types.
    pub typed: usize,
    /// Currency and percent signs, and how often each occurs.
    pub units: Vec<(String, usize)>,
    /// Cells with a number without such a sign.
    pub bare: usize,
    /// Cells that are false, and true.
    pub answers: [usize; 2],
    /// How a text file writes false and true.
    pub spelled: [Option<String>; 2],
    /// Dates with the year first, with the day first or those, with the month first or those; and dates as said.
    pub dates: [usize; 4],
    /// Whether a date in text has a slash or a dash, by which its first number could as well be the month.
    pub has_open_dates: bool,
    /// How often each different cell occurs, as it is written, unless there are too many.
    pub levels: Option<HashMap<String, usize>>,
    /// Reads cells of files with types.
    typed_reader: Reader,
}

/// The numbers of a column by one decimal sign.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    /// Cells with a number.
    pub count: usize,
    /// Those that are none by the other sign.
    pub only: usize,
    /// Those that have points or commas between groups of three digits.
    pub grouped: usize,
    /// One of those that could be decimals as well.
    pub doubtful: Option<String>,
    /// Whether all are whole.
    pub whole: bool,
    /// Whether each is one more than that before it.
    pub counts_up: bool,
    /// The least.
    pub least: f64,
    /// The largest.
    pub largest: f64,
    /// Their sum.
    pub sum: f64,
    /// A cell that is no number, and where it is.
    pub word: Option<(String, String)>,
    last: f64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            count: 0,
            only: 0,
            grouped: 0,
            doubtful: None,
            whole: true,
            counts_up: true,
            least: f64::INFINITY,
            largest: f64::NEG_INFINITY,
            sum: 0.0,
            word: None,
            last: f64::NAN,
        }
    }
}

impl Numbers {
    fn see(&mut self, number: f64) {
        self.count += 1;
        self.whole &= number.fract() == 0.0;
        self.counts_up &= self.last.is_nan() || number == self.last + 1.0;
        self.last = number;
        self.least = self.least.min(number);
        self.largest = self.largest.max(number);
        self.sum += number;
    }

    fn see_word(&mut self, text: &str, row: &Row) {
        self.counts_up = false;
        if self.word.is_none() {
            self.word = Some((text.chars().take(SHOWN).collect(), row.place()));
        }
    }

    fn see_numeral(&mut self, text: &str, numeral: Numeral) {
        self.see(numeral.value);
        if let Some(group) = numeral.group
            && matches!(group.sign, Thousands::Point | Thousands::Comma)
        {
            self.grouped += 1;
            if group.is_doubtful && self.doubtful.is_none() {
                self.doubtful = Some(text.to_owned());
            }
        }
    }
}

impl Observation {
    /// Begins with no rows.
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            empty: 0,
            first_empty: None,
            nothing: vec![],
            numbers: Default::default(),
            typed: 0,
            units: vec![],
            bare: 0,
            answers: [0; 2],
            spelled: [None, None],
            dates: [0; 4],
            has_open_dates: false,
            levels: Some(HashMap::new()),
            typed_reader: Reader::default(),
        }
    }

    /// Cells that hold something, by the words for nothing alone.
    pub(super) fn there(&self) -> usize {
        self.rows - self.empty - self.nothing.iter().map(|(_, count, _)| count).sum::<usize>()
    }

    /// Whether so many cells are nearly all that hold something.
    pub(super) fn is_nearly_all(&self, count: usize) -> bool {
        count > 0 && count * 20 >= self.there() * 19
    }

    /// The numbers by a decimal sign.
    pub(super) fn by(&self, decimal: DecimalSign) -> &Numbers {
        &self.numbers[decimal as usize]
    }

    /// Sees a cell.
    pub(super) fn see(&mut self, row: &Row, column: usize, missing: &MissingWords, dates: Option<&DateFormat>) {
        self.rows += 1;
        let cell = &row.cells[column];
        match cell {
            Cell::Missing => {
                self.empty += 1;
                self.first_empty.get_or_insert_with(|| row.place());
                return;
            }
            Cell::Text(text) if missing.has(text) => return self.see_nothing(text, row),
            Cell::Number(number) if missing.has_number(*number) => return self.see_nothing(&number.to_string(), row),
            Cell::Text(text) => {
                if !self.see_text(text, row, missing, dates) {
                    return self.see_nothing(text, row);
                }
            }
            Cell::Number(number) if number.is_finite() => {
                self.typed += 1;
                self.numbers.iter_mut().for_each(|numbers| numbers.see(*number));
            }
            Cell::Bool(answer) => self.see_answer(*answer, row, None),
            Cell::Time(_) | Cell::Number(_) => {
                let text = self.typed_reader.word(cell);
                self.numbers.iter_mut().for_each(|numbers| numbers.see_word(&text, row));
                if matches!(cell, Cell::Time(_)) {
                    self.dates.iter_mut().for_each(|count| *count += 1);
                }
            }
        }
        if self.levels.is_some() {
            match cell {
                Cell::Text(text) => self.see_level(text),
                cell => {
                    let word = self.typed_reader.word(cell).into_owned();
                    self.see_level(&word);
                }
            }
        }
    }

    /// Sees a text; `false` if it is a number that stands for nothing.
    fn see_text(&mut self, text: &str, row: &Row, missing: &MissingWords, dates: Option<&DateFormat>) -> bool {
        let sighting = sighted(text);
        if let Some(sighting) = &sighting {
            let [point, comma] = [sighting.point, sighting.comma];
            if point.or(comma).is_some_and(|numeral| missing.has_number(numeral.value)) {
                return false;
            }
            for (numbers, numeral, other) in
                self.numbers.iter_mut().zip([(point, comma), (comma, point)]).map(|(n, (a, b))| (n, a, b))
            {
                match numeral {
                    Some(numeral) => numbers.see_numeral(text, numeral),
                    None => numbers.see_word(text, row),
                }
                numbers.only += usize::from(other.is_none());
            }
            match self.units.iter_mut().find(|(unit, _)| unit == sighting.unit) {
                _ if sighting.unit.is_empty() => self.bare += 1,
                Some((_, count)) => *count += 1,
                None => self.units.push((sighting.unit.to_owned(), 1)),
            }
        } else if let answer @ ("true" | "false") = key(text).as_ref() {
            self.see_answer(answer == "true", row, Some(text));
        } else {
            self.numbers.iter_mut().for_each(|numbers| numbers.see_word(text, row));
            let fitting = DateFormat::fitting(text);
            for (count, fits) in self.dates.iter_mut().zip(fitting) {
                *count += usize::from(fits);
            }
            self.has_open_dates |= fitting == [false, true, true] && !text.contains('.');
        }
        if let Some(dates) = dates {
            self.dates[3] += usize::from(dates.seconds(text).is_some());
        }
        true
    }

    fn see_answer(&mut self, answer: bool, row: &Row, text: Option<&str>) {
        self.answers[usize::from(answer)] += 1;
        if let Some(text) = text {
            self.spelled[usize::from(answer)].get_or_insert_with(|| text.to_owned());
        }
        let word = text.unwrap_or(if answer { "true" } else { "false" });
        self.numbers.iter_mut().for_each(|numbers| numbers.see_word(word, row));
    }

    fn see_nothing(&mut self, text: &str, row: &Row) {
        match self.nothing.iter().position(|(word, ..)| word == text) {
            Some(place) => self.nothing[place].1 += 1,
            // Numbers may be written in many ways.
            None if self.nothing.len() < LEVELS => self.nothing.push((text.to_owned(), 1, row.place())),
            None => self.empty += 1,
        }
    }

    fn see_level(&mut self, text: &str) {
        let Some(levels) = &mut self.levels else { return };
        if let Some(count) = levels.get_mut(text) {
            *count += 1;
        } else if levels.len() < LEVELS && text.len() <= WORD {
            levels.insert(text.to_owned(), 1);
        } else {
            self.levels = None;
        }
    }
}
