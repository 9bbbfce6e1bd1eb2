//! [`Numerals`]: how the numbers of a column are written: decimal sign, thousands sign, currency or percent sign.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

/// The sign between a whole number and its decimals.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum DecimalSign {
    /// A point, as in 1.5
    #[default]
    Point,
    /// A comma, as in 1,5
    Comma,
}

/// The sign between groups of three digits.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Thousands {
    /// Whatever can mean nothing else: spaces, apostrophes, and the other of point and comma, unless it stands alone as in `1,299`.
    #[default]
    #[strum(disabled)]
    Certain,
    /// A point, as in 1.299
    #[strum(serialize = "point", serialize = ".")]
    Point,
    /// A comma, as in 1,299
    #[strum(serialize = "comma", serialize = ",")]
    Comma,
    /// A space, as in 1 299
    #[strum(serialize = "space", serialize = " ")]
    Space,
    /// An apostrophe, as in 1'299
    #[strum(serialize = "apostrophe", serialize = "'")]
    Apostrophe,
    /// No separator
    None,
}

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

/// A number as it reads by one decimal sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Numeral {
    /// The number.
    pub value: f64,
    /// The sign between its groups of three digits, if it has any.
    pub group: Option<Group>,
}

/// What stands between groups of three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The sign.
    pub sign: Thousands,
    /// Whether the sign could be taken for a decimal sign: `1,299`.
    pub is_doubtful: bool,
}

/// A cell that is a number by at least one decimal sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sighting<'a> {
    /// What it is where decimals follow a point.
    pub point: Option<Numeral>,
    /// What it is where decimals follow a comma.
    pub comma: Option<Numeral>,
    /// The currency or percent sign; empty if there is none.
    pub unit: &'a str,
}

/// The sign that makes a number a hundredth.
pub(super) const PERCENT: &str = "%";
/// Currencies by their codes.
const CODES: [&str; 16] =
    ["AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "INR", "JPY", "NOK", "PLN", "SEK", "TRY", "USD"];
/// Decimal digits of which every number in double precision keeps all.
const EXACT: usize = 15;
/// Bytes of a number with signs between its groups, at most.
const LONGEST: usize = 128;

impl DecimalSign {
    /// The sign itself.
    pub fn sign(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    /// What stands between thousands where this stands before decimals.
    pub fn usual_thousands(self) -> Thousands {
        match self {
            Self::Point => Thousands::Comma,
            Self::Comma => Thousands::Point,
        }
    }
}

impl Thousands {
    fn of(sign: char) -> Option<Self> {
        match sign {
            '.' => Some(Self::Point),
            ',' => Some(Self::Comma),
            ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' => Some(Self::Space),
            '\'' | '\u{2019}' => Some(Self::Apostrophe),
            _ => None,
        }
    }

    /// Whether a number with this group may be read.
    fn allows(self, group: Group) -> bool {
        let is_certain = matches!(group.sign, Self::Space | Self::Apostrophe) || !group.is_doubtful;
        match self {
            Self::Certain => is_certain,
            Self::None => false,
            Self::Point | Self::Comma => group.sign == self || matches!(group.sign, Self::Space | Self::Apostrophe),
            Self::Space | Self::Apostrophe => group.sign == self,
        }
    }
}

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

/// What a text is by either decimal sign; `None` if it is a number by neither.
pub(super) fn sighted(text: &str) -> Option<Sighting<'_>> {
    // Most cells are plain: what could be thousands has three digits after one to three.
    if is_plain(text)
        && let Some(value) = finite(text)
    {
        let numeral = Some(Numeral { value, group: None });
        match text.split_once('.') {
            None => return Some(Sighting { point: numeral, comma: numeral, unit: "" }),
            Some((whole, fraction)) if whole.len() > 4 || fraction.len() != 3 => {
                return Some(Sighting { point: numeral, comma: None, unit: "" });
            }
            Some(_) => {}
        }
    }
    let written = Written::of(text)?;
    let [point, comma] = [DecimalSign::Point, DecimalSign::Comma].map(|sign| written.read(sign));
    (point.is_some() || comma.is_some()).then_some(Sighting { point, comma, unit: written.unit })
}

/// Whether all of a text is what Rust's own reader of numbers takes, words such as `inf` apart.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
        && text.as_bytes().first().is_some_and(|byte| !byte.is_ascii_alphabetic())
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The parts of a number in text.
#[derive(Clone, Copy, Debug)]
struct Written<'a> {
    is_negative: bool,
    /// Digits and the signs between them.
    body: &'a str,
    unit: &'a str,
}

impl<'a> Written<'a> {
    /// Takes sign and unit off; `None` if what is left cannot be a number.
    fn of(text: &'a str) -> Option<Self> {
        let (mut body, mut sign, mut unit) = (text, None, "");
        // The sign stands before the currency or after it.
        for _ in 0..2 {
            if sign.is_none()
                && let Some(first @ ('-' | '+' | '\u{2212}')) = body.chars().next()
            {
                sign = Some(first);
                body = &body[first.len_utf8()..];
            }
            if unit.is_empty() {
                let length = unit_at_start(body);
                (unit, body) = body.split_at(length);
                body = body.trim_start();
            }
        }
        if unit.is_empty() {
            let length = unit_at_end(body);
            (body, unit) = body.split_at(body.len() - length);
            body = body.trim_end();
        }
        let starts = body.as_bytes().first().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
        starts.then_some(Self { is_negative: sign.is_some_and(|sign| sign != '+'), body, unit })
    }

    /// Reads the body by a decimal sign.
    fn read(&self, decimal: DecimalSign) -> Option<Numeral> {
        let (mantissa, exponent) = self.body.find(['e', 'E']).map_or((self.body, ""), |at| self.body.split_at(at));
        let (whole, fraction) = match mantissa.split_once(decimal.sign()) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        if !all_digits(fraction.unwrap_or_default()) {
            return None;
        }
        let group = if all_digits(whole) {
            None
        } else {
            let (sign, signs) = grouped(whole).filter(|_| exponent.is_empty())?;
            Some(Group { sign, is_doubtful: signs == 1 && fraction.is_none() })
        };
        let value = match (group, decimal) {
            (None, DecimalSign::Point) => finite(self.body)?,
            _ => self.parse(decimal)?,
        };
        Some(Numeral { value: if self.is_negative { -value } else { value }, group })
    }

    /// The number of the body with its decimal sign turned into a point and other signs left out.
    fn parse(&self, decimal: DecimalSign) -> Option<f64> {
        let mut clean = [0; LONGEST];
        let mut length = 0;
        for byte in self.body.bytes() {
            let byte = match byte {
                b'0'..=b'9' | b'e' | b'E' | b'+' | b'-' => byte,
                _ if byte as char == decimal.sign() => b'.',
                _ => continue,
            };
            *clean.get_mut(length)? = byte;
            length += 1;
        }
        finite(std::str::from_utf8(&clean[..length]).ok()?)
    }

    /// The digits of the body, with a point before decimals.
    fn clean(&self, decimal: DecimalSign) -> String {
        let sign = |c: char| if c == decimal.sign() { Some('.') } else { c.is_ascii_digit().then_some(c) };
        self.body.chars().filter_map(sign).collect()
    }
}

/// Bytes of the currency or percent sign that a text begins with.
fn unit_at_start(text: &str) -> usize {
    match text.chars().next() {
        Some(first) if is_unit(first) => first.len_utf8(),
        Some('A'..='Z') if text.get(..3).is_some_and(|code| CODES.contains(&code)) => 3,
        _ => 0,
    }
}

/// Bytes of the currency or percent sign that a text ends with.
fn unit_at_end(text: &str) -> usize {
    match text.chars().next_back() {
        Some(last) if is_unit(last) => last.len_utf8(),
        Some('A'..='Z') if text.len() > 3 && text.get(text.len() - 3..).is_some_and(|code| CODES.contains(&code)) => 3,
        _ => 0,
    }
}

fn is_unit(c: char) -> bool {
    matches!(c, '%' | '$' | '\u{a2}'..='\u{a5}' | '\u{e3f}' | '\u{20a0}'..='\u{20cf}')
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The sign between groups of three digits, or of two but for the last as in India, and how many there are.
fn grouped(whole: &str) -> Option<(Thousands, usize)> {
    let sign = whole.chars().find(|c| !c.is_ascii_digit())?;
    let kind = Thousands::of(sign)?;
    let mut lengths = [0usize; LONGEST];
    let mut count = 0;
    for group in whole.split(sign) {
        if !all_digits(group) {
            return None;
        }
        *lengths.get_mut(count)? = group.len();
        count += 1;
    }
    let (first, rest) = lengths[..count].split_first()?;
    let (last, middle) = rest.split_last()?;
    let is_sound = *last == 3
        && (1..=3).contains(first)
        && !whole.starts_with('0')
        && (middle.iter().all(|&length| length == 3)
            || (*first <= 2 && kind == Thousands::Comma && middle.iter().all(|&length| length == 2)));
    is_sound.then_some((kind, rest.len()))
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

    #[test]
    fn what_a_cell_shows_of_the_decimal_sign() {
        let both = |text: &str| {
            let sighting = sighted(text).unwrap();
            [sighting.point, sighting.comma].map(|numeral| numeral.map(|numeral| numeral.value))
        };
        assert_eq!(both("12"), [Some(12.0); 2]);
        assert_eq!(both("1.299"), [Some(1.299), Some(1299.0)]);
        assert_eq!(both("1,299"), [Some(1299.0), Some(1.299)]);
        assert_eq!(both("31.5"), [Some(31.5), None]);
        assert_eq!(both("0.299"), [Some(0.299), None]);
        assert_eq!(both("€ 1,5"), [None, Some(1.5)]);
        for text in ["", "many", "31.03.2024", "1,2,3", "-"] {
            assert_eq!(sighted(text), None, "{text}");
        }
    }
}
