//! Powers of two that bring numbers near 1, so that their squares and cubes neither overflow nor vanish. Multiplying by one rounds nothing.

/// The largest exponent used, and less than the least: `2^±1000` and their inverses are ordinary numbers.
const MOST: i32 = 1000;

/// Returns `e` with `2^e ≤ |number| < 2^(e + 1)`, but no further from 0 than 1000; for 0, -1000.
pub fn exponent(number: f64) -> i32 {
    // Numbers below 2^-1022 and 0 have the exponent bits 0.
    let bits = (number.to_bits() >> 52) & 0x7ff;
    (bits as i32 - 1023).clamp(-MOST, MOST)
}

/// Returns `2^exponent`, or 0 below `2^-1022`.
///
/// # Panics
/// In debug builds, if the exponent is above 1023.
pub fn power(exponent: i32) -> f64 {
    debug_assert!(exponent <= 1023);
    if exponent < -1022 { 0.0 } else { f64::from_bits(((exponent + 1023) as u64) << 52) }
}

/// Returns the power of two by which the largest of some numbers is between 1 and 2.
pub fn unit(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let largest = numbers.into_iter().map(f64::abs).filter(|number| number.is_finite()).fold(0.0, f64::max);
    power(-exponent(largest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_the_definition() {
        for (number, expected) in [(1.0, 0), (-1.9, 0), (2.0, 1), (0.75, -1), (1e300, 996), (1e-300, -997)] {
            assert_eq!(exponent(number), expected, "{number}");
            let scaled = number.abs() * power(-expected);
            assert!((1.0..2.0).contains(&scaled), "{number}: {scaled}");
        }
        assert_eq!([exponent(0.0), exponent(5e-324), exponent(f64::MAX)], [-1000, -1000, 1000]);
        assert_eq!([power(0), power(-3), power(10), power(-2000)], [1.0, 0.125, 1024.0, 0.0]);
    }
}
