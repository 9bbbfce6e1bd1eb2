//! Numbers as people read them in the table and the report.

/// Four significant digits, in scientific notation where plain digits would be long.
pub fn significant(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    // The exponent is read off the rounded number, so that 9.9999 counts as 10.
    let scientific = format!("{value:.3e}");
    let exponent = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()).unwrap_or(0);
    match exponent {
        -4..=2 => format!("{value:.*}", exponent.abs_diff(3) as usize),
        3..=5 => format!("{value:.0}"),
        _ => scientific,
    }
}

/// As few digits as tell the number apart: `0.003`, `1`, `3e-6`.
pub fn shortest(value: f64) -> String {
    // Products such as 3 × 0.1 carry rounding that nobody typed.
    let value = format!("{value:.5e}").parse().unwrap_or(value);
    if value != 0.0 && !(1e-4..1e6).contains(&value.abs()) { format!("{value:e}") } else { value.to_string() }
}

/// One significant digit: `0.0004`, `3e-6`.
pub fn one_digit(value: f64) -> String {
    shortest(format!("{value:.0e}").parse().unwrap_or(value))
}

/// A count with its thousands apart: `12,000`.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in binary units, three or four digits: `312 MiB`, `1.21 GiB`.
pub fn memory(bytes: u64) -> String {
    const MIB: f64 = (1u64 << 20) as f64;
    let mib = bytes as f64 / MIB;
    if mib < 10.0 {
        format!("{mib:.1} MiB")
    } else if mib < 1000.0 {
        format!("{mib:.0} MiB")
    } else {
        format!("{:.2} GiB", mib / 1024.0)
    }
}

/// Seconds for a sentence, with about three digits: `9.3 s`.
pub fn seconds(value: f64) -> String {
    let decimals = match value {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 {
        return format!("{text} s");
    }
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// How many times larger, with the digits that matter: `1.7`, `29`.
pub fn factor(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.1}") } else { format!("{ratio:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1.000"),
            (-0.012345, "-0.01235"),
            (0.99996, "1.000"),
            (97.2222, "97.22"),
            (99.999, "100.0"),
            (1234.4, "1234"),
            (9999.6, "10000"),
            (0.000123456, "0.0001235"),
            (1.5e-7, "1.500e-7"),
            (2e6, "2.000e6"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(significant(value), text);
        }
    }

    #[test]
    fn counts_memory_rates_factors() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([3 << 20, 312 << 20, 1300 << 20].map(memory), ["3.0 MiB", "312 MiB", "1.27 GiB"]);
        assert_eq!([0.003, 1.0, 3e-6, 3.0 * 0.1].map(shortest), ["0.003", "1", "3e-6", "0.3"]);
        assert_eq!([0.0, 3.51e-4, 2.9e-6, 0.17].map(one_digit), ["0", "0.0004", "3e-6", "0.2"]);
        assert_eq!([0.0, 0.0421, 9.3, 40.0, 1500.2].map(seconds), ["0 s", "0.0421 s", "9.3 s", "40 s", "1500 s"]);
        assert_eq!([1.66, 9.96, 29.4].map(factor), ["1.7", "10", "29"]);
    }
}
