//! [`DateFormat`]: how dates are written, and what a network sees of them.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use serde::{Deserialize, Serialize};

/// A way to write dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DateFormat {
    /// `2024-03-31`, perhaps with `T10:30` or ` 10:30:00`.
    Iso,
    /// `31.03.2024`, perhaps with the time.
    DayMonthDots,
    /// `31/03/2024`, perhaps with the time.
    DayMonth,
    /// `03/31/2024`, perhaps with the time.
    MonthDay,
}

/// All of them; of two that both fit, the first counts.
pub const ALL: [DateFormat; 4] =
    [DateFormat::Iso, DateFormat::DayMonthDots, DateFormat::DayMonth, DateFormat::MonthDay];

const DAY: f64 = 86_400.0;

impl DateFormat {
    /// How it looks.
    pub fn example(self) -> &'static str {
        match self {
            Self::Iso => "2024-03-31",
            Self::DayMonthDots => "31.03.2024",
            Self::DayMonth => "31/03/2024",
            Self::MonthDay => "03/31/2024",
        }
    }

    fn parse(self, text: &str) -> Option<DateTime> {
        // Cheaper than to find out that a word is no date.
        if text.len() < 8 || !text.as_bytes()[0].is_ascii_digit() {
            return None;
        }
        let patterns: &[&str] = match self {
            Self::Iso => {
                // Eight digits alone are a number.
                let moment = text.trim_end_matches('Z');
                return if moment.as_bytes().get(4) == Some(&b'-') { moment.parse().ok() } else { None };
            }
            Self::DayMonthDots => &["%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S"],
            Self::DayMonth => &["%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"],
            Self::MonthDay => &["%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S"],
        };
        patterns.iter().find_map(|pattern| {
            let broken = strtime::parse(pattern, text).ok()?;
            let moment = broken.to_datetime().or_else(|_| broken.to_date().map(|date| date.at(0, 0, 0, 0))).ok();
            // A year of two digits could be of any century.
            moment.filter(|moment| moment.year() >= 1000)
        })
    }

    /// Seconds from 1 January 1970, whatever the zone.
    pub fn seconds(self, text: &str) -> Option<f64> {
        let moment = self.parse(text)?;
        let days = moment.date().duration_since(jiff::civil::date(1970, 1, 1)).as_secs();
        let time = moment.time();
        Some(days as f64 + f64::from(time.hour()) * 3600.0 + f64::from(time.minute()) * 60.0 + f64::from(time.second()))
    }
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

    #[test]
    fn dates_are_read_as_they_are_written() {
        // 2024-03-31 is 19,813 days after 1970-01-01.
        let day = 19_813.0 * DAY;
        assert_eq!(DateFormat::Iso.seconds("2024-03-31"), Some(day));
        assert_eq!(DateFormat::Iso.seconds("2024-03-31T10:30:15"), Some(day + 37_815.0));
        assert_eq!(DateFormat::Iso.seconds("2024-03-31 10:30"), Some(day + 37_800.0));
        assert_eq!(DateFormat::DayMonthDots.seconds("31.03.2024"), Some(day));
        assert_eq!(DateFormat::DayMonth.seconds("31/03/2024 10:30"), Some(day + 37_800.0));
        assert_eq!(DateFormat::MonthDay.seconds("03/31/2024"), Some(day));
        for text in ["2024-13-01", "20240331", "hello", "31/03/24", "99999999", "1.5"] {
            assert_eq!(ALL.iter().find_map(|format| format.seconds(text)), None, "{text}");
        }
    }

    #[test]
    fn a_cycle_closes() {
        let [sine, cosine] = Cycle::Week.place(7.0 * DAY);
        assert!(sine.abs() < 1e-6 && (cosine - 1.0).abs() < 1e-6);
        assert_eq!(Cycle::shown(30.0 * DAY, false), [Cycle::Week]);
        assert_eq!(Cycle::shown(800.0 * DAY, true), [Cycle::Year, Cycle::Week, Cycle::Day]);
    }
}
