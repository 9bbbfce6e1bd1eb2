//! [`Numerals`]: how the numbers of a column are written: decimal sign, thousands sign, currency or percent sign.

use serde::{Deserialize, Serialize};

use super::sighting::{Numeral, PERCENT, Written, finite, is_plain};
use super::signs::{DecimalSign, Thousands};

/// How the numbers of a column are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numerals {
    /// The sign before decimals.
    pub decimal: DecimalSign,
    /// The sign between thousands.
    pub thousands: Thousands,
    /// The currency or percent sign beside the numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// Decimal digits of which every number in double precision keeps all.
const EXACT: usize = 15;

impl Numerals {
    /// Reads a number; `None` if the text is none by this way of writing.
    pub fn number(&self, text: &str) -> Option<f64> {
        if self.unit.is_none() && is_plain(text) && (self.decimal == DecimalSign::Point || !text.contains('.')) {
            return finite(text);
        }
        let (written, numeral) = self.numeral(text)?;
        let has_unit = match &self.unit {
            // What is no percentage beside percentages could be a hundred times as much.
            Some(unit) if unit == PERCENT => written.unit == PERCENT,
            Some(unit) => written.unit.is_empty() || written.unit == unit,
            None => written.unit.is_empty(),
        };
        has_unit.then_some(numeral.value)
    }

    /// Reads a number whatever its currency.
    fn numeral<'a>(&self, text: &'a str) -> Option<(Written<'a>, Numeral)> {
        let written = Written::of(text)?;
        let numeral = written.read(self.decimal)?;
        numeral.group.is_none_or(|group| self.thousands.allows(group)).then_some((written, numeral))
    }

    /// Whether numbers without a unit may be taken for those of this column.
    pub fn takes_bare_numbers(&self) -> bool {
        self.unit.as_deref() != Some(PERCENT)
    }

    /// The one way to write the number that a text is: `1` for `1.0`, `+1` and `1e0`; `None` for codes such as `007` and `12E3`. Digits that double precision does not hold are kept,
    /// so that long identifiers stay apart.
    pub fn word(&self, text: &str) -> Option<String> {
        let number = self.number(text)?;
        // Codes: `007` is not `7`, and `12E3` is not 12000, which programs write with a point, a sign or a small letter.
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_code = |text: &str| {
            let whole = text.trim_start_matches(['+', '-']);
            let has_zeros = whole.starts_with('0') && whole[1..].starts_with(|c: char| c.is_ascii_digit());
            has_zeros || text.split_once('E').is_some_and(|(number, power)| is_digits(number) && is_digits(power))
        };
        if is_code(text) {
            return None;
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        if digits <= EXACT || text.contains(['e', 'E']) {
            return Some(canonical(number));
        }
        let written = Written::of(text)?;
        let clean = written.clean(self.decimal);
        let (whole, fraction) = clean.split_once('.').unwrap_or((&clean, ""));
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if fraction.is_empty() { "" } else { "." };
        let minus = if written.is_negative && number != 0.0 { "-" } else { "" };
        Some(format!("{minus}{whole}{point}{fraction}"))
    }
}

/// The one way to write a number.
pub(super) fn canonical(number: f64) -> String {
    // Zero has a sign.
    if number == 0.0 { "0".into() } else { number.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(decimal: DecimalSign, thousands: Thousands, unit: &str) -> Numerals {
        Numerals { decimal, thousands, unit: (!unit.is_empty()).then(|| unit.to_owned()) }
    }

    #[test]
    fn plain_numbers_are_read_exactly() {
        let plain = Numerals::default();
        for (text, number) in
            [("-1.5e3", -1500.0), ("007", 7.0), ("+5", 5.0), (".5", 0.5), ("5.", 5.0), ("1E-3", 0.001)]
        {
            assert_eq!(plain.number(text), Some(number), "{text}");
        }
        assert_eq!(plain.number("\u{2212}5"), Some(-5.0));
        for text in
            ["inf", "1,5", "12 kg", "0x10", "1e999", "NaN", "(5)", "5-", "--5", "e5", "-", "1.2.3", "1 2", "9,0"]
        {
            assert_eq!(plain.number(text), None, "{text}");
        }
    }

    /// Both customs, quoted or not; what could be either is read only where the thousands sign is known.
    #[test]
    fn groups_of_three_are_thousands_where_they_can_be_nothing_else() {
        let point = by(DecimalSign::Point, Thousands::Certain, "");
        let comma = by(DecimalSign::Comma, Thousands::Certain, "");
        for (text, by_point, by_comma) in [
            ("1,299.50", Some(1299.5), None),
            ("1.299,50", None, Some(1299.5)),
            ("1,299,000", Some(1_299_000.0), None),
            ("1.299.000", None, Some(1_299_000.0)),
            ("1 299", Some(1299.0), Some(1299.0)),
            ("1\u{202f}299,5", None, Some(1299.5)),
            ("1\u{a0}299.5", Some(1299.5), None),
            ("1'299.50", Some(1299.5), None),
            ("1\u{2019}299\u{2019}000", Some(1_299_000.0), Some(1_299_000.0)),
            ("12,34,567.00", Some(1_234_567.0), None),
            ("1,299", None, Some(1.299)),
            ("1.299", Some(1.299), None),
            ("0,299", None, Some(0.299)),
            ("1,29", None, Some(1.29)),
            ("1 29", None, None),
            ("012 345", None, None),
            ("1.299 000", None, None),
            ("1,299e3", None, Some(1299.0)),
        ] {
            assert_eq!(point.number(text), by_point, "{text} by the point");
            assert_eq!(comma.number(text), by_comma, "{text} by the comma");
        }
        assert_eq!(by(DecimalSign::Point, Thousands::Comma, "").number("1,299"), Some(1299.0));
        assert_eq!(by(DecimalSign::Comma, Thousands::Point, "").number("-1.299"), Some(-1299.0));
        assert_eq!(by(DecimalSign::Point, Thousands::None, "").number("1,299.50"), None);
        assert_eq!(by(DecimalSign::Point, Thousands::Space, "").number("1,299.50"), None);
    }

    #[test]
    fn a_column_has_one_unit() {
        let euros = by(DecimalSign::Comma, Thousands::Point, "€");
        for text in ["€ 1.299,00", "1.299,00 €", "€1299", "1299", "1.299,00\u{a0}€"] {
            assert_eq!(euros.number(text), Some(1299.0), "{text}");
        }
        assert_eq!(euros.number("-€ 5"), Some(-5.0));
        assert_eq!(euros.number("€ -5"), Some(-5.0));
        assert_eq!(euros.number("$ 5"), None);
        assert_eq!(by(DecimalSign::Point, Thousands::Certain, "CHF").number("CHF 1'299.00"), Some(1299.0));
        let percent = by(DecimalSign::Point, Thousands::Certain, PERCENT);
        assert_eq!(percent.number("12 %"), Some(12.0));
        assert_eq!(percent.number("12.5%"), Some(12.5));
        // It could be 0.12 of all or 0.12 of a hundred.
        assert_eq!(percent.number("0.12"), None);
        assert_eq!(Numerals::default().number("12 %"), None);
    }

    #[test]
    fn a_number_is_one_word_and_long_ones_stay_apart() {
        let plain = Numerals::default();
        for text in ["1", "1.0", "+1", "1e0", "1.00", "1.0E+00"] {
            assert_eq!(plain.word(text).as_deref(), Some("1"), "{text}");
        }
        assert_eq!(plain.word("-0").as_deref(), Some("0"));
        // 2^53 and the number after it are one number in double precision.
        assert_eq!(plain.word("9007199254740992").as_deref(), Some("9007199254740992"));
        assert_eq!(plain.word("9007199254740993").as_deref(), Some("9007199254740993"));
        assert_eq!(plain.word("12345678901234567890.50").as_deref(), Some("12345678901234567890.5"));
        for code in ["01", "007", "-07", "0012345678901234567890.50", "12E3"] {
            assert_eq!(plain.word(code), None, "{code}");
        }
        assert_eq!(by(DecimalSign::Comma, Thousands::Point, "").word("-1.000,50").as_deref(), Some("-1000.5"));
        assert_eq!(plain.word("0.30000000000000004").as_deref(), Some("0.30000000000000004"));
    }
}
