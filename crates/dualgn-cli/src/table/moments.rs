//! [`Moments`]: mean, deviation and skewness of numbers that come one by one.

/// Mean and central moments of numbers as they come (Pébay, 2008), which keeps the digits of numbers far from zero.
#[derive(Clone, Copy, Default)]
pub struct Moments {
    count: f64,
    /// The mean.
    pub mean: f64,
    squares: f64,
    cubes: f64,
}

impl Moments {
    /// One number more.
    pub fn see(&mut self, number: f64) {
        self.count += 1.0;
        let (n, distance) = (self.count, number - self.mean);
        let part = distance / n;
        let square = distance * part * (n - 1.0);
        self.mean += part;
        self.cubes += square * part * (n - 2.0) - 3.0 * part * self.squares;
        self.squares += square;
    }

    /// The standard deviation; 1 where there is none, so that it can be divided by.
    pub fn deviation(&self) -> f64 {
        let deviation = (self.squares / self.count.max(1.0)).sqrt();
        if deviation > 0.0 { deviation } else { 1.0 }
    }

    /// The third central moment in deviations.
    pub fn skewness(&self) -> f64 {
        self.cubes / self.count.max(1.0) / self.deviation().powi(3)
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
        assert_eq!(moments.mean, mean);
        assert!((moments.deviation() - central(2).sqrt()).abs() < 1e-9);
        assert!((moments.skewness() - central(3) / central(2).powf(1.5)).abs() < 1e-9);
    }
}
