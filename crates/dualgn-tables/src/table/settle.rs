//! [`settle`]: decides how the cells of a table are written, from what all of its rows show.

use std::collections::HashMap;

use super::cell::Cell;
use super::dates::DateFormat;
use super::missing::MissingWords;
use super::notation::{Notation, Reader, Said};
use super::numerals::Numerals;
use super::observation::Observation;
use super::profile::{Profile, Profiles};
use super::sighting::PERCENT;
use super::signs::{DecimalSign, Thousands};
use super::source::Source;
use super::words::truth;

const SIGNS: [DecimalSign; 2] = [DecimalSign::Point, DecimalSign::Comma];

/// Decides for all columns.
pub(super) fn settle(source: &Source, observations: Vec<Observation>, target: Option<usize>) -> Profiles {
    let said = source.said();
    let names = source.header();
    let mut remarks = vec![];
    let signs = Signs::of(said, &observations, source.has_semicolons());
    remarks.extend(signs.remarks(said, names, &observations));
    let dates = dates(said, &observations);
    let numerals: Vec<Numerals> =
        observations.iter().zip(&signs.columns).map(|(seen, &sign)| signs.numerals(seen, sign)).collect();
    // A word for nothing among numbers or dates is one for the whole file.
    let is_plain = |seen: &Observation, sign: DecimalSign, dates: &Option<(DateFormat, bool)>| {
        dates.is_some() || seen.is_nearly_all(seen.by(sign).count)
    };
    let certain: Vec<&str> = observations
        .iter()
        .zip(&signs.columns)
        .zip(&dates)
        .filter(|((seen, sign), dates)| is_plain(seen, **sign, dates))
        .flat_map(|((seen, _), _)| seen.nothing.iter().map(|(word, ..)| word.as_str()))
        .collect();
    let values: Vec<Vec<String>> = observations
        .iter()
        .zip(&signs.columns)
        .zip(&dates)
        .enumerate()
        .map(|(column, ((seen, &sign), dates))| match said.missing.is_some() || is_plain(seen, sign, dates) {
            true => vec![],
            false => values(seen, &certain, target == Some(column)),
        })
        .collect();
    for (name, values) in names.iter().zip(&values).filter(|(_, values)| !values.is_empty()) {
        let quoted: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        remarks.push(format!(
            "{} of column `{name}` is a word like its others; `--missing-words {}` says that nothing stands there",
            quoted.join(", "),
            values.join(",")
        ));
    }
    let columns = observations.into_iter().enumerate().map(|(column, seen)| {
        let notation =
            Notation { numerals: numerals[column].clone(), values: values[column].clone(), has_answers: false };
        profile(&names[column], seen, signs.columns[column], notation, dates[column].clone())
    });
    Profiles { columns: columns.collect(), remarks }
}

/// The signs of numbers.
struct Signs {
    /// Of most columns.
    file: DecimalSign,
    /// Whether any cell, or the user, says so.
    is_shown: bool,
    /// Of each column.
    columns: Vec<DecimalSign>,
    /// Between thousands, by decimal sign.
    thousands: [Thousands; 2],
}

impl Signs {
    fn of(said: &Said, observations: &[Observation], has_semicolons: bool) -> Self {
        let numeric = |sign: DecimalSign| {
            observations
                .iter()
                .filter(move |seen| seen.is_nearly_all(seen.by(sign).count))
                .map(move |seen| seen.by(sign))
        };
        let [points, commas] = SIGNS.map(|sign| numeric(sign).map(|numbers| numbers.only).sum::<usize>());
        let may_be_commas = || numeric(DecimalSign::Point).any(|numbers| numbers.doubtful.is_some());
        let found = match (points, commas) {
            // Semicolons stand between cells where commas stand before decimals.
            (0, 0) if has_semicolons && may_be_commas() => DecimalSign::Comma,
            (points, commas) if commas > points => DecimalSign::Comma,
            _ => DecimalSign::Point,
        };
        let file = said.decimal().unwrap_or(found);
        let of_column = |seen: &Observation| {
            let [points, commas] = SIGNS.map(|sign| seen.by(sign).only);
            let has_text = seen.bare > 0 || !seen.units.is_empty();
            match said.decimal() {
                Some(decimal) => decimal,
                // Numbers of a file with types have no sign.
                None if !has_text && seen.typed > 0 => DecimalSign::Point,
                None if points > commas => DecimalSign::Point,
                None if commas > points => DecimalSign::Comma,
                None => file,
            }
        };
        let columns: Vec<DecimalSign> = observations.iter().map(of_column).collect();
        let thousands = SIGNS.map(|sign| {
            let is_grouped = observations.iter().zip(&columns).any(|(seen, &of_column)| {
                of_column == sign && seen.is_nearly_all(seen.by(sign).count) && seen.by(sign).grouped > 0
            });
            said.thousands().unwrap_or(if is_grouped { sign.usual_thousands() } else { Thousands::Certain })
        });
        Self { file, is_shown: points + commas > 0 || said.decimal().is_some(), columns, thousands }
    }

    /// How the numbers of a column are written.
    fn numerals(&self, seen: &Observation, decimal: DecimalSign) -> Numerals {
        let most = seen.units.iter().max_by_key(|(_, count)| *count);
        // A few percentages among other numbers are no unit of theirs.
        let unit = most.filter(|(unit, count)| unit != PERCENT || count * 2 > seen.bare);
        Numerals { decimal, thousands: self.thousands[decimal as usize], unit: unit.map(|(unit, _)| unit.clone()) }
    }

    fn remarks(&self, said: &Said, names: &[String], observations: &[Observation]) -> Vec<String> {
        let mut remarks = vec![];
        let numeric = || {
            let all = names.iter().zip(observations).zip(&self.columns);
            all.filter(|((_, seen), sign)| seen.is_nearly_all(seen.by(**sign).count))
                .map(|((name, seen), &sign)| (name, seen, sign))
        };
        let words = |sign: DecimalSign| {
            let decimals = match sign {
                DecimalSign::Point => "decimals after a point",
                DecimalSign::Comma => "decimals after a comma",
            };
            match self.thousands[sign as usize] {
                Thousands::Point => format!("{decimals}, points between thousands"),
                Thousands::Comma => format!("{decimals}, commas between thousands"),
                _ => decimals.to_owned(),
            }
        };
        // A point before decimals is what everybody expects.
        if words(self.file) != "decimals after a point"
            && numeric().any(|(_, seen, sign)| sign == self.file && seen.bare + seen.units.len() > 0)
        {
            remarks.push(words(self.file));
        }
        remarks.extend(
            numeric()
                .filter(|(.., sign)| self.is_shown && *sign != self.file)
                .map(|(name, _, sign)| format!("column `{name}` has {}", words(sign))),
        );
        if !self.is_shown && said.thousands.is_none() {
            let doubtful = numeric().find_map(|(name, seen, sign)| {
                let [own, other] = [sign, SIGNS[1 - sign as usize]].map(|sign| seen.by(sign).doubtful.as_deref());
                own.or(other).map(|text| (name, text, sign))
            });
            if let Some((name, text, sign)) = doubtful {
                let thousands = self.thousands[sign as usize];
                let read = Numerals { decimal: sign, thousands, unit: None }
                    .number(text.trim_matches(|c: char| !c.is_ascii_digit()));
                let other = match sign {
                    DecimalSign::Point => "comma",
                    DecimalSign::Comma => "point",
                };
                remarks.push(format!(
                    "nothing shows whether `{text}` in column `{name}` has decimals or thousands, and it is read as {}; `--decimal {other}` \
                     says otherwise",
                    read.unwrap_or_default()
                ));
            }
        }
        remarks
    }
}

/// For each column that holds dates their format, and whether their days could as well be months.
fn dates(said: &Said, observations: &[Observation]) -> Vec<Option<(DateFormat, bool)>> {
    let formats = [DateFormat::Iso, DateFormat::DayFirst, DateFormat::MonthFirst];
    let best = |seen: &Observation| seen.dates[..3].iter().copied().max().unwrap_or_default();
    let is_open = |seen: &Observation| seen.dates[1] == seen.dates[2] && seen.dates[0] < seen.dates[1];
    // What one column shows holds for others.
    let shown: [usize; 2] = [1, 2].map(|format: usize| {
        let shows = |seen: &&Observation| {
            seen.is_nearly_all(best(seen)) && !is_open(seen) && seen.dates[0] < seen.dates[format]
        };
        observations.iter().filter(shows).map(|seen| seen.dates[format].saturating_sub(seen.dates[3 - format])).sum()
    });
    observations
        .iter()
        .map(|seen| match &said.dates {
            Some(format) => seen.is_nearly_all(seen.dates[3]).then(|| (format.clone(), false)),
            None if !seen.is_nearly_all(best(seen)) => None,
            None if is_open(seen) && shown[1] > shown[0] => Some((DateFormat::MonthFirst, false)),
            None if is_open(seen) => Some((DateFormat::DayFirst, shown == [0, 0] && seen.has_open_dates)),
            None => {
                let fitting = formats.iter().zip(seen.dates).find(|(_, count)| *count == best(seen));
                fitting.map(|(format, _)| (format.clone(), false))
            }
        })
        .collect()
}

/// Which words for nothing are words like the others of a column. No class of a target should be lost, nor a country among countries.
fn values(seen: &Observation, certain: &[&str], is_target: bool) -> Vec<String> {
    let Some(levels) = seen.levels.as_ref().filter(|levels| !levels.is_empty()) else { return vec![] };
    let all = |fits: &dyn Fn(&str) -> bool| levels.keys().all(|level| fits(level));
    let says_yes_or_no = all(&|level| truth(level).is_some());
    let is_code = |level: &str| level.len() <= 3 && level.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_name = |level: &str| {
        level.starts_with(char::is_uppercase) && level.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '-')
    };
    let is_value = |word: &str| {
        // Where cells are empty, nothing has its sign already.
        let fits = seen.empty > 0
            || is_target
            || match word {
                "NA" => all(&is_code),
                "None" => all(&is_name),
                _ => false,
            };
        MissingWords::is_doubtful(word) && !certain.contains(&word) && !says_yes_or_no && fits
    };
    seen.nothing.iter().map(|(word, ..)| word).filter(|word| is_value(word)).cloned().collect()
}

/// What an observation comes to.
fn profile(
    name: &str,
    seen: Observation,
    sign: DecimalSign,
    mut notation: Notation,
    dates: Option<(DateFormat, bool)>,
) -> Profile {
    let numbers = seen.by(sign).clone();
    let unreadable: usize = match notation.numerals.unit.as_deref() {
        Some(PERCENT) => seen.bare + seen.typed + others(&seen, PERCENT),
        Some(unit) => others(&seen, unit),
        None => seen.units.iter().map(|(_, count)| count).sum(),
    };
    let mut count = numbers.count.saturating_sub(unreadable);
    notation.has_answers = count > 0 && numbers.whole && numbers.least >= 0.0 && numbers.largest <= 1.0;
    if notation.has_answers {
        count += seen.answers.iter().sum::<usize>();
    }
    let is_value = |word: &String| notation.values.contains(word);
    let nothing = || seen.nothing.iter().filter(|(word, ..)| !is_value(word));
    // Words of numbers of files with types have a point already.
    let usual = Notation::default();
    let reader = Reader::new(if seen.typed > 0 { &usual } else { &notation }, None, Default::default());
    let levels = seen.levels.as_ref().map(|levels| {
        let mut words: HashMap<String, usize> = HashMap::with_capacity(levels.len());
        let all = levels.iter().map(|(level, count)| (level.as_str(), *count));
        let values =
            seen.nothing.iter().filter(|(word, ..)| is_value(word)).map(|(word, count, _)| (word.as_str(), *count));
        for (level, count) in all.chain(values) {
            *words.entry(reader.word(&Cell::Text(level.into())).into_owned()).or_default() += count;
        }
        words
    });
    Profile {
        name: name.to_owned(),
        rows: seen.rows,
        missing: seen.empty + nothing().map(|(_, count, _)| count).sum::<usize>(),
        first_missing: seen.first_empty.clone().or_else(|| nothing().next().map(|(.., place)| place.clone())),
        numbers: count,
        whole: numbers.whole,
        counts_up: numbers.counts_up,
        least: numbers.least,
        largest: numbers.largest,
        sum: numbers.sum,
        levels,
        spelled: seen.spelled.clone(),
        has_open_dates: dates.as_ref().is_some_and(|(_, is_open)| *is_open),
        dates: dates.map(|(format, _)| format),
        word: numbers.word,
        notation,
    }
}

/// Cells with another unit.
fn others(seen: &Observation, own: &str) -> usize {
    seen.units.iter().filter(|(unit, _)| unit != own).map(|(_, count)| count).sum()
}
