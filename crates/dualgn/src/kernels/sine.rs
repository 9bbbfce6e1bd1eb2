//! Sine and cosine: reduction to `|r| ≤ π/4` by multiples of `π/2` in three parts (Cody and Waite, 1980), then the
//! series.

use super::real::{Real, polynomial};

/// `(sin x, cos x)` for `|x|` up to [`Real::SINE_RANGE`]: each within 2 units, or an absolute 1e-11 (f32), 1e-17 (f64)
/// near zeros.
#[inline(always)]
pub(super) fn sine_cosine<T: Real>(x: T) -> (T, T) {
    let (multiple, n) = (x * T::FRAC_2_PI).nearest();
    let r = x - multiple * T::PI_2[0] - multiple * T::PI_2[1] - multiple * T::PI_2[2];
    let square = r * r;
    let sine = r + r * square * polynomial(T::SINE, square);
    let cosine = T::ONE - T::HALF * square + square * square * polynomial(T::COSINE, square);
    let odd = T::bit(n, 0, 0);
    let (s, c) = if odd { (cosine, sine) } else { (sine, cosine) };
    (if T::bit(n, 0, 1) { -s } else { s }, if T::bit(n, 1, 1) { -c } else { c })
}
