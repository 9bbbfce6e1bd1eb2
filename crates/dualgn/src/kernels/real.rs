//! [`Real`]: the requirements of kernels on a float type beyond arithmetic. All functions compile to a few vector
//! instructions.

#![expect(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "coefficients of fits and series, as computed"
)]

use std::ops::{Add, Div, Mul, Neg, Sub};

/// f32 or f64.
pub(super) trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Send
    + Sync
    + 'static
{
    /// Integers as wide as the type.
    type Integer: Copy;

    const ZERO: Self;
    const ONE: Self;
    const TWO: Self;
    const HALF: Self;

    /// `1 / ln 2`.
    const LOG2_E: Self;
    /// `ln 2` in two parts; products of the first with the exponents of the type are exact.
    const LN_2: [Self; 2];
    /// Below the first `eˣ` is zero, above the second infinite.
    const EXP_RANGE: [Self; 2];
    /// Half of it is where `tanh` is one to rounding.
    const TANH_RANGE: Self;
    /// `1/n!` for `n` from some highest one down to 2: the rest of the series is below a quarter of a rounding error
    /// for `|x| ≤ ½ ln 2`.
    const INVERSE_FACTORIALS: &'static [Self];

    /// `2 / π`.
    const FRAC_2_PI: Self;
    /// `π / 2` in three parts; products of the first two with numbers below 2²⁰ (f64), 2¹² (f32) are exact.
    const PI_2: [Self; 3];
    /// Beyond it the reduction by [`Real::PI_2`] loses digits.
    const SINE_RANGE: Self;
    /// `(-1)ⁿ / (2n + 1)!`, highest first, without the leading one: `sin x = x + x³ S(x²)`.
    const SINE: &'static [Self];
    /// `(-1)ⁿ / (2n)!`, highest first, without `1 - x²/2`: `cos x = 1 - x²/2 + x⁴ C(x²)`.
    const COSINE: &'static [Self];

    /// `erf(x) = x P(x²)` for `|x| ≤ 1`, a Chebyshev fit; highest first.
    const ERF_INSIDE: &'static [Self];
    /// `-ln(1 - erf(x)) = x² + Q((x - c) / h)` for `c - h ≤ x ≤ c + h`, a Chebyshev fit; beyond, `erf` is one to
    /// rounding.
    const ERF_OUTSIDE: &'static [Self];
    /// `c` and `h`.
    const ERF_INTERVAL: [Self; 2];
    /// `2/√π`, `1/√2`, `1/√(2π)`.
    const FRAC_2_SQRT_PI: Self;
    const FRAC_1_SQRT_2: Self;
    const FRAC_1_SQRT_2PI: Self;

    /// The nearest number of the type.
    fn from_f64(x: f64) -> Self;
    /// The nearest integer, as a float and as an integer; for magnitudes below 2²² (f32), 2⁵¹ (f64).
    fn nearest(self) -> (Self, Self::Integer);
    /// `self · 2ⁿ` for `|n|` up to twice the type's largest exponent.
    fn times_power_of_two(self, n: Self::Integer) -> Self;
    /// Whether bit `bit` of an integer is set, of `n + shift`.
    fn bit(n: Self::Integer, shift: i8, bit: u8) -> bool;
    /// The first value if the condition holds, otherwise the second, without a branch.
    fn pick(condition: bool, first: Self, second: Self) -> Self;
    fn magnitude(self) -> Self;
    fn with_sign_of(self, other: Self) -> Self;
    /// Sine and cosine by the standard library.
    fn exact_sine_cosine(self) -> (Self, Self);
}

macro_rules! real {
    ($real:ident, $integer:ident, mantissa: $mantissa:literal, bias: $bias:literal, $($constants:tt)*) => {
        impl Real for $real {
            type Integer = $integer;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const TWO: Self = 2.0;
            const HALF: Self = 0.5;
            const LOG2_E: Self = std::$real::consts::LOG2_E;
            const FRAC_2_PI: Self = std::$real::consts::FRAC_2_PI;
            const FRAC_2_SQRT_PI: Self = std::$real::consts::FRAC_2_SQRT_PI;
            const FRAC_1_SQRT_2: Self = std::$real::consts::FRAC_1_SQRT_2;
            const FRAC_1_SQRT_2PI: Self = std::$real::consts::FRAC_2_SQRT_PI * std::$real::consts::FRAC_1_SQRT_2 * 0.5;
            $($constants)*

            fn from_f64(x: f64) -> Self {
                x as $real
            }

            #[inline(always)]
            fn nearest(self) -> (Self, Self::Integer) {
                // After adding a number this large, a float has no digits behind the point.
                const SHIFT: $real = 1.5 * ((1u64 << $mantissa) as $real);
                let shifted = self + SHIFT;
                (shifted - SHIFT, (shifted.to_bits() as $integer).wrapping_sub(SHIFT.to_bits() as $integer))
            }

            #[inline(always)]
            fn times_power_of_two(self, n: Self::Integer) -> Self {
                // Scales in two steps, so that neither factor leaves the range of exponents.
                let half = n >> 1;
                let power = |n: $integer| $real::from_bits(((n.wrapping_add($bias)) << $mantissa) as _);
                self * power(half) * power(n.wrapping_sub(half))
            }

            #[inline(always)]
            fn bit(n: Self::Integer, shift: i8, bit: u8) -> bool {
                (n.wrapping_add($integer::from(shift)) >> bit) & 1 != 0
            }

            #[inline(always)]
            fn pick(condition: bool, first: Self, second: Self) -> Self {
                let mask = $integer::from(condition).wrapping_neg();
                let chosen = (first.to_bits() as $integer & mask) | (second.to_bits() as $integer & !mask);
                $real::from_bits(chosen as _)
            }

            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }

            #[inline(always)]
            fn with_sign_of(self, other: Self) -> Self {
                self.copysign(other)
            }

            fn exact_sine_cosine(self) -> (Self, Self) {
                self.sin_cos()
            }
        }
    };
}

real! { f32, i32, mantissa: 23, bias: 127,
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const EXP_RANGE: [f32; 2] = [-104.0, 89.0];
    const TANH_RANGE: f32 = 20.0;
    const INVERSE_FACTORIALS: &'static [f32] =
        &[1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5];
    const PI_2: [f32; 3] = [1.570_312_5, 4.837_512_97e-4, 7.549_790_126e-8];
    const SINE_RANGE: f32 = 4096.0;
    const SINE: &'static [f32] = &[1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0];
    const COSINE: &'static [f32] = &[-1.0 / 3_628_800.0, 1.0 / 40320.0, -1.0 / 720.0, 1.0 / 24.0];
    const ERF_INSIDE: &'static [f32] = &[
        7.875_875e-5, -8.016_864_3e-4, 5.189_087_4e-3, -2.685_421_2e-2, 0.112_835_95, -0.376_126_27, 1.128_379_2,
    ];
    const ERF_OUTSIDE: &'static [f32] = &[
        2.915_037_7e-6, -4.140_557_8e-5, 2.208_476_3e-4, -8.814_932e-4, 3.195_386_6e-3, -1.096_117_2e-2,
        3.664_613e-2, -0.126_239_3, 0.529_021_1, 1.556_815_3,
    ];
    const ERF_INTERVAL: [f32; 2] = [2.5, 1.5];
}

real! { f64, i64, mantissa: 52, bias: 1023,
    const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    const EXP_RANGE: [f64; 2] = [-746.0, 710.0];
    const TANH_RANGE: f64 = 44.0;
    const INVERSE_FACTORIALS: &'static [f64] = &[
        1.0 / 6_227_020_800.0, 1.0 / 479_001_600.0, 1.0 / 39_916_800.0, 1.0 / 3_628_800.0, 1.0 / 362_880.0,
        1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5,
    ];
    const PI_2: [f64; 3] = [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];
    const SINE_RANGE: f64 = 1e6;
    const SINE: &'static [f64] = &[
        1.0 / 355_687_428_096_000.0, -1.0 / 1_307_674_368_000.0, 1.0 / 6_227_020_800.0, -1.0 / 39_916_800.0,
        1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0,
    ];
    const COSINE: &'static [f64] = &[
        1.0 / 20_922_789_888_000.0, -1.0 / 87_178_291_200.0, 1.0 / 479_001_600.0, -1.0 / 3_628_800.0,
        1.0 / 40320.0, -1.0 / 720.0, 1.0 / 24.0,
    ];
    const ERF_INSIDE: &'static [f64] = &[
        -7.795_898_827_002_142e-10, 1.372_006_454_677_768_6e-8, -1.620_848_380_187_170_6e-7, 1.644_742_470_331_736_2e-6,
        -1.492_473_690_741_966e-5, 1.205_529_490_483_970_8e-4, -8.548_325_975_389_692e-4, 5.223_977_607_116_423e-3,
        -2.686_617_064_323_777e-2, 0.112_837_916_709_450_06, -0.376_126_389_031_835_4, 1.128_379_167_095_512_6,
    ];
    const ERF_OUTSIDE: &'static [f64] = &[
        -2.247_276_352_107_438_7e-9, 7.240_824_974_515_327e-9, -4.521_416_204_583_651e-9, -4.710_840_527_099_266e-9,
        2.158_014_273_630_359e-9, -1.884_883_008_903_383_7e-8, 1.299_968_125_973_338_8e-7, -3.918_923_288_527_924e-7,
        9.165_507_592_535_276e-7, -1.912_697_986_077_340_3e-6, 3.420_424_665_966_694_5e-6, -4.568_397_621_907_63e-6,
        1.478_073_711_831_184_2e-6, 1.847_528_986_000_810_7e-5, -9.090_101_551_597_175e-5, 3.078_194_015_907_244_6e-4,
        -8.935_765_716_880_319e-4, 2.373_997_300_679_499e-3, -5.953_704_477_141_584e-3, 1.438_454_832_888_842_2e-2,
        -3.412_841_107_971_968e-2, 8.165_090_971_785_72e-2, -0.207_793_407_861_061_57, 0.665_248_970_912_976_7,
        1.862_437_402_148_173_8,
    ];
    const ERF_INTERVAL: [f64; 2] = [3.5, 2.5];
}

/// A polynomial with the given coefficients, highest first.
#[inline(always)]
pub(super) fn polynomial<T: Real>(coefficients: &'static [T], x: T) -> T {
    let mut value = coefficients[0];
    for coefficient in &coefficients[1..] {
        value = value * x + *coefficient;
    }
    value
}

/// Clamps `x` to a range; NaN stays NaN.
#[inline(always)]
pub(super) fn clamped<T: Real>(x: T, low: T, high: T) -> T {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}
