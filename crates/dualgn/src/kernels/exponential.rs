//! The exponential function and functions derived from it.
//!
//! `x = n ln 2 + r` with `|r| ≤ ½ ln 2`; then `eˣ = 2ⁿ eʳ`, and `eʳ` by its series (Tang, "Table-driven implementation
//! of the exponential function", 1989, without the table).

use super::real::{Real, clamped, polynomial};

/// `eʳ - 1` and `n`.
#[inline(always)]
fn reduced<T: Real>(x: T) -> (T, T::Integer) {
    let (multiple, n) = (x * T::LOG2_E).nearest();
    let r = x - multiple * T::LN_2[0] - multiple * T::LN_2[1];
    (r + r * r * polynomial(T::INVERSE_FACTORIALS, r), n)
}

/// `eˣ`: within 2 units in the last place.
#[inline(always)]
pub(super) fn exp<T: Real>(x: T) -> T {
    let (less_one, n) = reduced(clamped(x, T::EXP_RANGE[0], T::EXP_RANGE[1]));
    (less_one + T::ONE).times_power_of_two(n)
}

/// `tanh x = (e²ˣ - 1) / (e²ˣ + 1)`, with the numerator computed as such: within 4 units, for tiny arguments, too.
#[inline(always)]
pub(super) fn tanh<T: Real>(x: T) -> T {
    let (less_one, n) = reduced(clamped(x.magnitude() * T::TWO, T::ZERO, T::TANH_RANGE));
    let power = T::ONE.times_power_of_two(n);
    let numerator = power * less_one + (power - T::ONE);
    (numerator / (numerator + T::TWO)).with_sign_of(x)
}

/// `1 / (1 + e⁻ˣ)`: within 4 units.
#[inline(always)]
pub(super) fn sigmoid<T: Real>(x: T) -> T {
    let small = exp(-x.magnitude());
    let of_magnitude = T::ONE / (T::ONE + small);
    if x < T::ZERO { small * of_magnitude } else { of_magnitude }
}
