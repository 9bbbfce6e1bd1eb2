//! [`Moments`]: mean, deviation and skewness of numbers that come one by one.

use dualgn_train::magnitude;

/// Mean and central moments of numbers as they come (Pébay, 2008), which keeps the digits of numbers far from zero. They are those of the
/// numbers divided by a power of two, the largest so far, so that cubes of 1e300 and of 1e-300 are numbers too.
#[derive(Clone, Copy, Default)]
pub(super) struct Moments {
    count: f64,
    exponent: i32,
    mean: f64,
    squares: f64,
    cubes: f64,
}

impl Moments {
    /// One number more.
    pub(super) fn see(&mut self, number: f64) {
        let exponent = magnitude::exponent(number);
        if self.count == 0.0 || exponent > self.exponent {
            // Nothing was seen, or what was is divided by the larger power.
            let factor = if self.count == 0.0 { 1.0 } else { magnitude::power(self.exponent - exponent) };
            self.mean *= factor;
            self.squares *= factor * factor;
            self.cubes *= factor * factor * factor;
            self.exponent = exponent;
        }
        self.count += 1.0;
        let (n, distance) = (self.count, number * magnitude::power(-self.exponent) - self.mean);
        let part = distance / n;
        let square = distance * part * (n - 1.0);
        self.mean += part;
        self.cubes += square * part * (n - 2.0) - 3.0 * part * self.squares;
        self.squares += square;
    }

    /// The mean.
    pub(super) fn mean(&self) -> f64 {
        self.mean * magnitude::power(self.exponent)
    }

    /// The standard deviation; 1 where there is none, so that it can be divided by.
    pub(super) fn deviation(&self) -> f64 {
        let deviation = self.scaled_deviation() * magnitude::power(self.exponent);
        if deviation > 0.0 { deviation } else { 1.0 }
    }

    /// The third central moment in deviations; 0 where there is no deviation.
    pub(super) fn skewness(&self) -> f64 {
        let deviation = self.scaled_deviation();
        if deviation > 0.0 { self.cubes / self.count / deviation.powi(3) } else { 0.0 }
    }

    fn scaled_deviation(&self) -> f64 {
        (self.squares / self.count.max(1.0)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_definition() {
        let numbers = [1e6 + 1.0, 1e6 + 2.0, 1e6 + 4.0, 1e6 + 8.0, 1e6 + 16.0];
        let mut moments = Moments::default();
        numbers.iter().for_each(|&number| moments.see(number));
        let mean = numbers.iter().sum::<f64>() / 5.0;
        let central = |power| numbers.iter().map(|number| (number - mean).powi(power)).sum::<f64>() / 5.0;
        assert_eq!(moments.mean(), mean);
        assert!((moments.deviation() - central(2).sqrt()).abs() < 1e-9);
        assert!((moments.skewness() - central(3) / central(2).powf(1.5)).abs() < 1e-9);
    }

    /// The moments are homogeneous: of numbers times a factor, the mean and the deviation are times the factor, the skewness is the same.
    /// Each of some 20 operations rounds by 1e-16.
    #[test]
    fn extreme_numbers_have_moments() {
        let of = |factor: f64| {
            let mut moments = Moments::default();
            [0.0, 3.0, -1.0, 4.0, 1.0, 5.0, 90.0, 2.0].iter().for_each(|number| moments.see(number * factor));
            [moments.mean() / factor, moments.deviation() / factor, moments.skewness()]
        };
        let expected = of(1.0);
        for factor in [1e-300, 1e-120, 1e120, 1e300] {
            for (found, expected) in of(factor).into_iter().zip(expected) {
                assert!((found / expected - 1.0).abs() < 1e-14, "{factor}: {found} {expected}");
            }
        }
    }
}
