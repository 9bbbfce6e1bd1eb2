//! Standardising: subtract the mean and divide by the standard deviation, both learnt from training examples only.

use serde::{Deserialize, Serialize};

use crate::magnitude;

/// How the numbers of one column are scaled: of a feature, of all pixels together, or of a regression target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Subtracted first.
    pub shift: f64,
    /// Divided by then; positive.
    pub unit: f64,
}

impl Scale {
    /// Leaves a value as it is.
    pub const IDENTITY: Self = Self { shift: 0.0, unit: 1.0 };

    /// Standardises: subtracts the mean of some values and divides by their standard deviation.
    ///
    /// # Panics
    /// `values` is empty.
    pub fn standard(values: &[f64]) -> Self {
        scales(values, 1)[0]
    }

    /// Divides by the mean of some positive values.
    ///
    /// # Panics
    /// `values` is empty.
    pub fn relative(values: &[f64]) -> Self {
        Self { shift: 0.0, unit: Self::standard(values).shift }
    }

    /// A value, scaled.
    pub fn apply(&self, value: f64) -> f64 {
        (value - self.shift) / self.unit
    }

    /// The value that a scaled one was.
    pub fn restore(&self, scaled: f64) -> f64 {
        scaled * self.unit + self.shift
    }

    /// A root mean squared error of scaled values, in the unit of the original ones.
    pub fn restore_error(&self, rmse: f64) -> f64 {
        // The shift cancels in a difference.
        rmse * self.unit
    }
}

/// The scales of all columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standardiser {
    scales: Vec<Scale>,
}

impl Standardiser {
    /// Learns the scale of each column of `values`, row-major `[m, columns]`.
    ///
    /// With one column this is a single scale for all values, as wanted for the pixels of images. The deviation is that
    /// of the population (divided by `m`). A constant column gets the deviation 1, so it becomes 0 and not NaN.
    ///
    /// # Panics
    /// `values` is empty or not a whole number of rows.
    pub(super) fn fit(values: &[f32], columns: usize) -> Self {
        Self { scales: scales(values, columns) }
    }

    /// Standardises `values`, row-major with the columns of [`fit`](Self::fit), in place.
    pub(super) fn apply(&self, values: &mut [f32]) {
        for row in values.chunks_exact_mut(self.scales.len()) {
            for (value, scale) in row.iter_mut().zip(&self.scales) {
                *value = scale.apply(f64::from(*value)) as f32;
            }
        }
    }
}

/// The mean and the deviation of each column of `values`, row-major `[m, columns]`; the deviation of a constant column is 1.
fn scales<T: Copy + Into<f64>>(values: &[T], columns: usize) -> Vec<Scale> {
    assert!(!values.is_empty() && values.len().is_multiple_of(columns));
    (0..columns).map(|column| scale(|| values[column..].iter().step_by(columns).map(|&value| value.into()))).collect()
}

fn scale<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> Scale {
    let count = values().count() as f64;
    // Squares of numbers such as 1e300 and 1e-300 would be infinite and zero.
    let factor = magnitude::unit(values());
    let scaled = || values().map(|value| value * factor);
    // In f64: a sum of millions of pixels is far beyond the 24 bits of f32.
    let mean = scaled().sum::<f64>() / count;
    let first = values().next().unwrap_or_default();
    if values().all(|value| value == first) {
        return Scale { shift: first, unit: 1.0 };
    }
    // A second pass: the mean of squares less the squared mean would cancel for a large mean.
    let squares: f64 = scaled().map(|value| (value - mean).powi(2)).sum();
    Scale { shift: mean / factor, unit: (squares / count).sqrt() / factor }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_get_mean_0_and_deviation_1() {
        // Columns (1, 3) and (10, 40): means 2 and 25, deviations 1 and 15.
        let mut values = [1.0, 10.0, 3.0, 40.0];
        let standardiser = Standardiser::fit(&values, 2);
        standardiser.apply(&mut values);
        assert_eq!(values, [-1.0, -1.0, 1.0, 1.0]);
        assert_eq!(standardiser.scales[1], Scale { shift: 25.0, unit: 15.0 });
    }

    #[test]
    fn one_column_is_one_scale_for_all() {
        let mut values = [0.0, 0.0, 4.0, 4.0];
        Standardiser::fit(&values, 1).apply(&mut values);
        assert_eq!(values, [-1.0, -1.0, 1.0, 1.0]);
    }

    #[test]
    fn a_constant_column_becomes_0_and_other_rows_only_lose_its_mean() {
        // 0.1 is not exact in binary: the mean must still be the value itself.
        let mut train = vec![0.1_f32; 1001];
        let standardiser = Standardiser::fit(&train, 1);
        standardiser.apply(&mut train);
        assert!(train.iter().all(|&value| value == 0.0));

        let mut test = [1.1_f32];
        standardiser.apply(&mut test);
        assert!((test[0] - 1.0).abs() < 1e-6, "{test:?}");
    }

    #[test]
    fn a_small_deviation_beside_a_large_mean_is_kept() {
        let mut values = [1e6, 1e6 + 0.25, 1e6 + 0.5];
        Standardiser::fit(&values, 1).apply(&mut values);
        let expected = 1.5_f32.sqrt();
        assert_eq!(values, [-expected, 0.0, expected]);
    }

    #[test]
    fn errors_return_to_the_original_unit() {
        let scale = Scale { shift: 150.0, unit: 77.0 };
        assert_eq!(scale.restore_error(0.5), 38.5);
        assert_eq!(Scale::IDENTITY.restore_error(0.5), 0.5);
    }

    #[test]
    fn relative_values_have_the_mean_1_and_keep_their_ratios() {
        let scale = Scale::relative(&[1.0, 2.0, 6.0]);
        assert_eq!(scale, Scale { shift: 0.0, unit: 3.0 });
        assert_eq!(scale.apply(6.0), 2.0);
        assert_eq!(scale.restore_error(0.5), 1.5);
    }

    /// Both are exact but for the rounding of each operation: about 200 of them, 2e-16 each.
    #[test]
    fn an_offset_and_an_extreme_unit_lose_nothing() {
        let waves: Vec<f64> = (0..200).map(|index| f64::from(index % 17) - 8.0).collect();
        let Scale { shift, unit } = Scale::standard(&waves);
        for factor in [1e-300, 1e-160, 1.0, 1e160, 1e300] {
            let values: Vec<f64> = waves.iter().map(|wave| wave * factor).collect();
            let scale = Scale::standard(&values);
            assert!((scale.shift / factor - shift).abs() < 1e-13, "{factor} {scale:?}");
            assert!((scale.unit / factor / unit - 1.0).abs() < 1e-13, "{factor} {scale:?}");
        }
        // Whole numbers: their distances from each other are exact, the mean is rounded to 2e-7.
        let values: Vec<f64> = waves.iter().map(|wave| wave + 1.7e9).collect();
        let scale = Scale::standard(&values);
        assert!((scale.unit - unit).abs() < 1e-12, "{scale:?}");
        assert!((scale.apply(1.7e9 + 3.0) - (3.0 - shift) / unit).abs() < 1e-6);
        assert!((scale.restore(scale.apply(1.7e9 + 3.0)) - (1.7e9 + 3.0)).abs() < 1e-6);
    }
}
