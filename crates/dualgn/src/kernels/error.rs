//! The error function: a polynomial inside, one minus an exponential of a polynomial outside.

use super::exponential::exp;
use super::real::{Real, clamped, polynomial};

/// `erf x`: within 4 units.
#[inline(always)]
pub(super) fn erf<T: Real>(x: T) -> T {
    let size = x.magnitude();
    let inside = x * polynomial(T::ERF_INSIDE, x * x);
    let [centre, half_width] = T::ERF_INTERVAL;
    let size_inside = clamped(size, T::ONE, centre + half_width);
    let exponent = size_inside * size_inside + polynomial(T::ERF_OUTSIDE, (size_inside - centre) / half_width);
    let outside = (T::ONE - exp(-exponent)).with_sign_of(x);
    // With an `if` expression the compiler would branch, and could not vectorise.
    T::pick(size > T::ONE, outside, inside)
}
