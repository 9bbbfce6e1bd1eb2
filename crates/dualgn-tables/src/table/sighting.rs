//! [`Sighting`]: what a cell is as a number, by either decimal sign; and [`Written`], the parts of a number in text.

use super::signs::{DecimalSign, Group, Thousands};

/// A number as it reads by one decimal sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Numeral {
    /// The number.
    pub value: f64,
    /// The sign between its groups of three digits, if it has any.
    pub group: Option<Group>,
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
/// Bytes of a number with signs between its groups, at most.
const LONGEST: usize = 128;

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
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
        && text.as_bytes().first().is_some_and(|byte| !byte.is_ascii_alphabetic())
}

/// Reads a number as Rust writes it, other than infinity and NaN.
pub(super) fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The parts of a number in text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) is_negative: bool,
    /// Digits and the signs between them.
    body: &'a str,
    /// The currency or percent sign; empty if there is none.
    pub(super) unit: &'a str,
}

impl<'a> Written<'a> {
    /// Takes sign and unit off; `None` if what is left cannot be a number.
    pub(super) fn of(text: &'a str) -> Option<Self> {
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
    pub(super) fn read(&self, decimal: DecimalSign) -> Option<Numeral> {
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
    pub(super) fn clean(&self, decimal: DecimalSign) -> String {
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
