//! [`DateFormat`]: how dates are written, and what a network sees of them.

use jiff::civil::{self, Date};
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A way to write dates. Each may have a time of day with fractions of seconds, `AM` or `PM`, and a zone such as `Z` or `+02:00`; zones are
/// converted to UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DateFormat {
    /// The year first: `2024-03-31`, `2024/03/31`.
    Iso,
    /// The day first: `31.03.2024`, `31/03/2024`, `31-03-2024`.
    #[serde(alias = "DayMonthDots", alias = "DayMonth")]
    DayFirst,
    /// The month first: `03/31/2024`, `03-31-2024`.
    #[serde(alias = "MonthDay")]
    MonthFirst,
    /// A pattern of `strftime`, such as `%d %b %Y`.
    Pattern(String),
}

const DAY: f64 = 86_400.0;

impl DateFormat {
    /// Reads the name of a way to write dates, or a pattern.
    ///
    /// # Errors
    /// Says what is wrong with the pattern.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "iso" => return Ok(Self::Iso),
            "day-first" => return Ok(Self::DayFirst),
            "month-first" => return Ok(Self::MonthFirst),
            _ if !name.contains('%') => {
                return Err("`day-first`, `month-first`, `iso` or a pattern such as `%d %b %Y` is needed".into());
            }
            _ => {}
        }
        // A moment that is written and read again shows whether the pattern says when it is.
        let pattern = Self::Pattern(name.to_owned());
        let moment = civil::date(2024, 3, 31).at(10, 30, 15, 0).to_zoned_datetime(TimeZone::UTC);
        let written = moment.map_err(|error| error.to_string());
        let written = written.and_then(|moment| strtime::format(name, &moment).map_err(|error| error.to_string()))?;
        match by_pattern(name, &written) {
            Some(_) => Ok(pattern),
            None => Err("the pattern does not say day, month and year, such as `%d %b %Y` does".into()),
        }
    }

    /// How it looks, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Iso => "dates such as 2024-03-31".into(),
            Self::DayFirst => "dates with the day first, such as 31.03.2024".into(),
            Self::MonthFirst => "dates with the month first, such as 03/31/2024".into(),
            Self::Pattern(pattern) => format!("dates written as `{pattern}`"),
        }
    }

    /// The name on the command line.
    pub fn name(&self) -> &str {
        match self {
            Self::Iso => "iso",
            Self::DayFirst => "day-first",
            Self::MonthFirst => "month-first",
            Self::Pattern(pattern) => pattern,
        }
    }

    /// Seconds from 1 January 1970 in UTC, or by the clock where no zone is said. A year that stands first can mean nothing else, whatever
    /// the format.
    pub fn seconds(&self, text: &str) -> Option<f64> {
        if let Self::Pattern(pattern) = self
            && let Some(seconds) = by_pattern(pattern, text)
        {
            return Some(seconds);
        }
        let moment = Moment::of(text)?;
        match self {
            _ if moment.has_year_first() => moment.seconds(Self::Iso),
            Self::DayFirst => moment.seconds(Self::DayFirst),
            Self::MonthFirst => moment.seconds(Self::MonthFirst),
            Self::Iso | Self::Pattern(_) => None,
        }
    }

    /// Which of the formats that are found out a text is written by: the year first, the day, the month.
    pub fn fitting(text: &str) -> [bool; 3] {
        let Some(moment) = Moment::of(text) else { return [false; 3] };
        match moment.has_year_first() {
            true => [moment.seconds(Self::Iso).is_some(); 3],
            false => [false, moment.seconds(Self::DayFirst).is_some(), moment.seconds(Self::MonthFirst).is_some()],
        }
    }
}

/// A date in three numbers, of which it is open which is the day; and the time of day in UTC.
#[derive(Clone, Copy, Debug)]
struct Moment {
    numbers: [i16; 3],
    digits: [usize; 3],
    /// Whole seconds, and what is left of one.
    time: [f64; 2],
}

impl Moment {
    fn of(text: &str) -> Option<Self> {
        // Cheaper than to find out that a word is no date.
        if text.len() < 8 || !text.as_bytes()[0].is_ascii_digit() {
            return None;
        }
        let mut rest = text.as_bytes();
        let (mut numbers, mut digits) = ([0; 3], [0; 3]);
        let mut between = None;
        for part in 0..3 {
            (numbers[part], digits[part], rest) = whole(rest)?;
            if part < 2 {
                let (&sign, after) = rest.split_first()?;
                if !matches!(sign, b'-' | b'/' | b'.') || between.is_some_and(|between| between != sign) {
                    return None;
                }
                between = Some(sign);
                rest = after;
            }
        }
        let time = match rest.split_first() {
            None => [0.0; 2],
            Some((b'T' | b't' | b' ', after)) => time(std::str::from_utf8(after).ok()?.trim_start())?,
            Some(_) => return None,
        };
        let short = |part: usize| digits[part] <= 2;
        let is_sound = match digits {
            [4, ..] => short(1) && short(2),
            // A year of two digits could be of any century.
            [.., 4] => short(0) && short(1),
            _ => false,
        };
        is_sound.then_some(Self { numbers, digits, time })
    }

    fn has_year_first(&self) -> bool {
        self.digits[0] == 4
    }

    /// Seconds from 1970, by one of the three formats.
    fn seconds(&self, format: DateFormat) -> Option<f64> {
        let [a, b, c] = self.numbers;
        let (year, month, day) = match format {
            DateFormat::DayFirst => (c, b, a),
            DateFormat::MonthFirst => (c, a, b),
            DateFormat::Iso | DateFormat::Pattern(_) => (a, b, c),
        };
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        (year >= 1000).then(|| days(date) + self.time[0] + self.time[1])
    }
}

/// Seconds from 1970 to the beginning of a day.
fn days(date: Date) -> f64 {
    date.duration_since(civil::date(1970, 1, 1)).as_secs() as f64
}

/// A whole number of one to four digits, how many they are, and what follows.
fn whole(bytes: &[u8]) -> Option<(i16, usize, &[u8])> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=4).contains(&digits) {
        return None;
    }
    let number = bytes[..digits].iter().fold(0, |number, byte| 10 * number + i16::from(byte - b'0'));
    Some((number, digits, &bytes[digits..]))
}

/// Whole seconds since midnight in UTC and the fraction of one: `10:30`, `10:30:15.25`, `2:30 PM`, `10:30:00+02:00`, `10:30Z`.
fn time(text: &str) -> Option<[f64; 2]> {
    let (hour, _, rest) = whole(text.as_bytes())?;
    let (minute, digits, mut rest) = whole(rest.strip_prefix(b":")?)?;
    if digits != 2 {
        return None;
    }
    let (mut second, mut fraction) = (0, 0.0);
    if let Some(after) = rest.strip_prefix(b":") {
        let digits;
        (second, digits, rest) = whole(after)?;
        if digits != 2 {
            return None;
        }
        if let [b'.' | b',', after @ ..] = rest {
            let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let decimals = std::str::from_utf8(&after[..digits]).ok()?;
            fraction = format!("0.{decimals}").parse().ok()?;
            rest = &after[digits..];
        }
    }
    let mut rest = std::str::from_utf8(rest).ok()?.trim_start();
    let half = rest.get(..2).filter(|half| half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm"));
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(half) => {
            rest = rest[2..].trim_start();
            hour % 12 + if half.eq_ignore_ascii_case("pm") { 12 } else { 0 }
        }
    };
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let clock = f64::from(hour) * 3600.0 + f64::from(minute) * 60.0 + f64::from(second);
    Some([clock - offset(rest)?, fraction])
}

/// Seconds by which a zone is ahead of UTC: nothing, `Z`, `UTC`, `+02`, `+0200`, `+02:00`, each perhaps with its name in brackets. Clocks are ahead by 14 hours at most.
fn offset(text: &str) -> Option<f64> {
    let text = match text.split_once('[') {
        // A name alone does not say how far its clocks were ahead on that day.
        Some(("", name)) => return matches!(name, "UTC]" | "Etc/UTC]" | "GMT]").then_some(0.0),
        Some((offset, _)) => offset,
        None => text,
    };
    if text.is_empty() || matches!(text, "Z" | "z" | "UTC" | "GMT") {
        return Some(0.0);
    }
    let (sign, text) = match text.as_bytes()[0] {
        b'+' => (1.0, &text[1..]),
        b'-' => (-1.0, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match text.split_once(':') {
        Some(both) => both,
        None if text.len() == 4 && text.is_ascii() => text.split_at(2),
        None => (text, "0"),
    };
    let number = |text: &str, most: u32| text.parse::<u32>().ok().filter(|&number| text.len() <= 2 && number <= most);
    Some(sign * (f64::from(number(hours, 14)?) * 3600.0 + f64::from(number(minutes, 59)?) * 60.0))
}

/// Seconds by a pattern of `strftime`.
fn by_pattern(pattern: &str, text: &str) -> Option<f64> {
    let broken = strtime::parse(pattern, text).ok()?;
    if let Ok(moment) = broken.to_timestamp() {
        return Some(moment.as_second() as f64 + f64::from(moment.subsec_nanosecond()) / 1e9);
    }
    let date = broken.to_date().ok()?;
    let time = broken.to_time().unwrap_or(civil::Time::midnight());
    let clock = time.duration_since(civil::Time::midnight());
    Some(days(date) + clock.as_secs() as f64 + f64::from(clock.subsec_nanos()) / 1e9)
}

/// A moment in text, as files have it: `2024-03-31`, or `2024-03-31 10:30:15` if it is not midnight.
pub(super) fn written(seconds: f64) -> String {
    let whole = seconds.floor();
    let moment = SignedDuration::try_from_secs_f64(whole).ok().and_then(|since| {
        let since = Timestamp::UNIX_EPOCH.checked_add(since).ok()?;
        Some(Offset::UTC.to_datetime(since))
    });
    let Some(moment) = moment else { return seconds.to_string() };
    if seconds.rem_euclid(DAY) == 0.0 {
        return moment.date().to_string();
    }
    let fraction = format!("{:.6}", seconds - whole);
    let fraction = fraction.trim_start_matches('0').trim_end_matches('0').trim_end_matches('.');
    format!("{} {}{fraction}", moment.date(), moment.time())
}

/// Something that comes again in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cycle {
    /// Of 365.2425 days.
    Year,
    /// Of seven days.
    Week,
    /// Of 24 hours.
    Day,
}

impl Cycle {
    /// Those that dates with a span of so many seconds show, with or without times of day.
    pub fn shown(span: f64, has_times: bool) -> Vec<Self> {
        let all = [(Self::Year, 0.5), (Self::Week, 1.0), (Self::Day, 1.0)];
        let shown = all.into_iter().filter(|(cycle, least)| span >= least * cycle.seconds());
        shown.map(|(cycle, _)| cycle).filter(|cycle| *cycle != Self::Day || has_times).collect()
    }

    fn seconds(self) -> f64 {
        match self {
            Self::Year => 365.2425 * DAY,
            Self::Week => 7.0 * DAY,
            Self::Day => DAY,
        }
    }

    /// Where a moment is in it, on a circle.
    pub fn place(self, seconds: f64) -> [f32; 2] {
        let (sine, cosine) = (std::f64::consts::TAU * (seconds / self.seconds()).fract()).sin_cos();
        [sine as f32, cosine as f32]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-03-31 is 19,813 days after 1970-01-01.
    const MARCH: f64 = 19_813.0 * DAY;

    #[test]
    fn dates_are_read_as_they_are_written() {
        let half_past_ten = MARCH + 37_800.0;
        for (text, seconds) in [
            ("2024-03-31", MARCH),
            ("2024/3/31", MARCH),
            ("2024-03-31T10:30:15", half_past_ten + 15.0),
            ("2024-03-31 10:30", half_past_ten),
            ("2024-03-31T10:30:15.250Z", half_past_ten + 15.25),
            ("2024-03-31T12:30:00+02:00", half_past_ten),
            ("2024-03-31T12:30:00+0200", half_past_ten),
            ("2024-03-31 12:30:00+02:00[Europe/Berlin]", half_past_ten),
            ("2024-03-31 05:00:00 -05:30", half_past_ten),
            ("2024-03-31T00:30:00+02", MARCH - 5400.0),
            ("2024-03-31 10:30:00 UTC", half_past_ten),
        ] {
            for format in [DateFormat::Iso, DateFormat::DayFirst, DateFormat::MonthFirst] {
                assert_eq!(format.seconds(text), Some(seconds), "{text}");
            }
        }
        for text in ["31.03.2024", "31/3/2024", "31-03-2024"] {
            assert_eq!(DateFormat::DayFirst.seconds(text), Some(MARCH));
            assert_eq!(DateFormat::Iso.seconds(text), None);
        }
        assert_eq!(DateFormat::DayFirst.seconds("31.03.2024 10:30"), Some(half_past_ten));
        assert_eq!(DateFormat::MonthFirst.seconds("03/31/2024"), Some(MARCH));
        assert_eq!(DateFormat::MonthFirst.seconds("3/31/2024 2:30 PM"), Some(MARCH + 14.5 * 3600.0));
        assert_eq!(DateFormat::MonthFirst.seconds("3/31/2024 12:30 am"), Some(MARCH + 1800.0));
        for text in [
            "2024-13-01",
            "20240331",
            "hello",
            "31/03/24",
            "99999999",
            "1.5",
            "2024-03/31",
            "31.03.2024x",
            "2024-03-31T",
            "2024-03-31 25:00",
            "2024-03-31 10:30 Berlin",
            "13:45:00.5",
            "1.299.000,5",
            "0000-01-01",
        ] {
            assert_eq!(DateFormat::fitting(text), [false; 3], "{text}");
        }
    }

    #[test]
    fn a_day_after_the_twelfth_says_which_number_it_is() {
        assert_eq!(DateFormat::fitting("31/12/2024"), [false, true, false]);
        assert_eq!(DateFormat::fitting("12/31/2024"), [false, false, true]);
        assert_eq!(DateFormat::fitting("11/12/2024"), [false, true, true]);
        assert_eq!(DateFormat::fitting("2024-12-31"), [true; 3]);
    }

    #[test]
    fn patterns_are_those_of_strftime() {
        for (pattern, text) in [
            ("%d %b %Y", "31 Mar 2024"),
            ("%B %d, %Y", "March 31, 2024"),
            ("%d/%m/%y", "31/03/24"),
            ("%Y%m%d", "20240331"),
        ] {
            assert_eq!(DateFormat::named(pattern).unwrap().seconds(text), Some(MARCH), "{pattern}");
        }
        let zoned = DateFormat::named("%d.%m.%Y %H:%M %z").unwrap();
        assert_eq!(zoned.seconds("31.03.2024 12:30 +0200"), Some(MARCH + 37_800.0));
        assert_eq!(DateFormat::named("day-first"), Ok(DateFormat::DayFirst));
        for name in ["%H:%M", "day", "%Q", ""] {
            assert!(DateFormat::named(name).is_err(), "{name}");
        }
    }

    #[test]
    fn moments_are_written_as_they_are_read() {
        assert_eq!(written(MARCH), "2024-03-31");
        for seconds in [MARCH + 37_815.0, MARCH + 0.25, -0.5] {
            assert_eq!(DateFormat::Iso.seconds(&written(seconds)), Some(seconds), "{}", written(seconds));
        }
        assert_eq!(written(1e300), 1e300.to_string());
    }

    #[test]
    fn a_cycle_closes() {
        let [sine, cosine] = Cycle::Week.place(7.0 * DAY);
        assert!(sine.abs() < 1e-6 && (cosine - 1.0).abs() < 1e-6);
        assert_eq!(Cycle::shown(30.0 * DAY, false), [Cycle::Week]);
        assert_eq!(Cycle::shown(800.0 * DAY, true), [Cycle::Year, Cycle::Week, Cycle::Day]);
    }
}
