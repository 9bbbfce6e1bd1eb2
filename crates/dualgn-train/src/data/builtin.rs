//! The data sets inside the binary, so that a first run needs no download. Sources and licences: `data/LICENSES.md`.

use flate2::read::GzDecoder;

use super::error::DataError;
use super::partition::Partition;
use super::split::Split;
use super::table::TargetKind;
use super::{Dataset, table};

/// A table and its test rows, as they lie in the binary.
struct Embedded {
    name: &'static str,
    csv_gz: &'static [u8],
    test_rows: &'static str,
    kind: TargetKind,
}

const DIGITS: Embedded = Embedded {
    name: "digits",
    csv_gz: include_bytes!("../../data/digits.csv.gz"),
    test_rows: include_str!("../../data/digits_test.txt"),
    kind: TargetKind::Class { classes: 10 },
};

const DIABETES: Embedded = Embedded {
    name: "diabetes",
    csv_gz: include_bytes!("../../data/diabetes.csv.gz"),
    test_rows: include_str!("../../data/diabetes_test.txt"),
    kind: TargetKind::Value,
};

const BREAST_CANCER: Embedded = Embedded {
    name: "breast_cancer",
    csv_gz: include_bytes!("../../data/breast_cancer.csv.gz"),
    test_rows: include_str!("../../data/breast_cancer_test.txt"),
    kind: TargetKind::Class { classes: 2 },
};

const BIKESHARE: Embedded = Embedded {
    name: "bikeshare",
    csv_gz: include_bytes!("../../data/bikeshare.csv.gz"),
    test_rows: include_str!("../../data/bikeshare_test.txt"),
    kind: TargetKind::Value,
};

/// Handwritten digits of 8 by 8 pixels: 1438 training and 359 test examples, 64 features, 10 classes.
///
/// # Errors
/// Never in a sound binary; the embedded table is checked like any other.
pub fn digits() -> Result<Dataset, DataError> {
    DIGITS.load(10, "Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998")
}

/// Progression of diabetes after one year: 354 training and 88 test examples, 10 features, a positive number.
///
/// # Errors
/// Never in a sound binary; the embedded table is checked like any other.
pub fn diabetes() -> Result<Dataset, DataError> {
    DIABETES.load(1, "Efron, Hastie, Johnstone & Tibshirani, Least Angle Regression, 2004")
}

/// Tumours of the breast: 456 training and 113 test examples, 30 features, malignant (0) or benign (1).
///
/// # Errors
/// Never in a sound binary; the embedded table is checked like any other.
pub fn breast_cancer() -> Result<Dataset, DataError> {
    BREAST_CANCER.load(1, "Wolberg, Mangasarian, Street & Street, Breast Cancer Wisconsin (Diagnostic), UCI, 1995")
}

/// Hours of a bicycle hire: 6916 training and 1729 test examples, 12 features, the hires of the hour, a positive
/// number.
///
/// # Errors
/// Never in a sound binary; the embedded table is checked like any other.
pub fn bikeshare() -> Result<Dataset, DataError> {
    BIKESHARE.load(1, "Fanaee-T & Gama, Event labeling combining ensemble detectors and background knowledge, 2014")
}

impl Embedded {
    /// The data set for a model of so many outputs.
    fn load(&self, outputs: usize, citation: &'static str) -> Result<Dataset, DataError> {
        let (train, test) = self.read()?;
        Ok(Dataset { train, test, outputs, citation: citation.into() })
    }

    /// Training and test part, each feature standardised, targets as they stand.
    fn read(&self) -> Result<(Split, Split), DataError> {
        let all = table::read(self.name, GzDecoder::new(self.csv_gz), self.kind)?;
        let partition = Partition::parse(self.name, self.test_rows, all.len())?;
        partition.divide(&all)
    }
}

#[cfg(test)]
mod tests {
    use super::super::split::Targets;
    use super::*;

    /// Mean and deviation of column `column`, in f64.
    fn moments(values: &[f32], columns: usize, column: usize) -> (f64, f64) {
        let column = values.iter().skip(column).step_by(columns);
        let values: Vec<_> = column.map(|&value| f64::from(value)).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        (mean, variance.sqrt())
    }

    /// Training columns have mean 0 and deviation 1, or are 0 throughout; returns how many are.
    fn check_standardised(values: &[f32], columns: usize) -> usize {
        let mut constant = 0;
        for column in 0..columns {
            let (mean, deviation) = moments(values, columns, column);
            // Each value is rounded to f32: 6e-8 of its size, which stays below 40 here.
            assert!(mean.abs() < 1e-6, "column {column}: mean {mean}");
            if deviation == 0.0 {
                constant += 1;
            } else {
                assert!((deviation - 1.0).abs() < 1e-6, "column {column}: {deviation}");
            }
        }
        constant
    }

    /// The two parts make up the whole table, each row once, and the file lists no row twice.
    fn check_partition(embedded: &Embedded, rows: usize) {
        let partition = Partition::parse(embedded.name, embedded.test_rows, rows).unwrap();
        let mut all = [partition.train, partition.test].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..rows));
    }

    #[test]
    fn digits_have_the_published_size() {
        let digits = digits().unwrap();
        assert_eq!((digits.train.len(), digits.test.len()), (1438, 359));
        assert_eq!(digits.train.values().len(), 1438 * 64);
        assert_eq!(digits.test.values().len(), 359 * 64);
        assert_eq!(digits.train.shape, [64]);
        assert_eq!(digits.test.shape, [64]);
        check_partition(&DIGITS, 1797);
    }

    #[test]
    fn digits_hold_every_class_in_both_parts() {
        let digits = digits().unwrap();
        for part in [digits.train, digits.test] {
            let Targets::Classes(labels) = part.targets else {
                panic!("digits are classes");
            };
            for class in 0..10 {
                assert!(labels.contains(&class), "class {class}");
            }
        }
    }

    #[test]
    fn digits_are_standardised_by_the_training_part() {
        let digits = digits().unwrap();
        // The corners of the first and last column of pixels are never inked.
        let constant = check_standardised(&digits.train.values(), 64);
        assert!((1..=8).contains(&constant), "{constant}");
        assert!(digits.test.values().iter().all(|value| value.is_finite()));
        // The test part has moments of its own: had both parts been used, the training moments would not fit above.
        assert!(moments(&digits.test.values(), 64, 20).0.abs() > 1e-6);
    }

    #[test]
    fn diabetes_has_the_published_size() {
        let diabetes = diabetes().unwrap();
        assert_eq!((diabetes.train.len(), diabetes.test.len()), (354, 88));
        assert_eq!(diabetes.train.shape, [10]);
        assert_eq!(diabetes.test.values().len(), 88 * 10);
        check_partition(&DIABETES, 442);
    }

    #[test]
    fn diabetes_is_standardised_and_its_target_is_not() {
        let diabetes = diabetes().unwrap();
        assert_eq!(check_standardised(&diabetes.train.values(), 10), 0);
        let (Targets::Values(train), Targets::Values(test)) = (diabetes.train.targets, diabetes.test.targets) else {
            panic!("diabetes has a real target");
        };
        // The published range; the first row of the table, 151, is for training.
        assert_eq!(train[0], 151.0);
        assert!(train.iter().chain(&test).all(|value| (25.0..=346.0).contains(value)));
    }

    #[test]
    fn breast_cancer_has_the_published_size_and_answers() {
        let data = breast_cancer().unwrap();
        assert_eq!((data.train.len(), data.test.len(), data.outputs), (456, 113, 1));
        assert_eq!(data.train.shape, [30]);
        check_partition(&BREAST_CANCER, 569);
        assert_eq!(check_standardised(&data.train.values(), 30), 0);
        let (Targets::Classes(train), Targets::Classes(test)) = (data.train.targets, data.test.targets) else {
            panic!("breast cancer has yes-or-no targets");
        };
        // Published: 357 of the 569 tumours are benign.
        assert_eq!(train.iter().chain(&test).sum::<i64>(), 357);
    }

    #[test]
    fn bikeshare_has_the_published_size_and_counts() {
        let data = bikeshare().unwrap();
        assert_eq!((data.train.len(), data.test.len(), data.outputs), (6916, 1729, 1));
        assert_eq!(data.train.shape, [12]);
        check_partition(&BIKESHARE, 8645);
        assert_eq!(check_standardised(&data.train.values(), 12), 0);
        let (Targets::Values(train), Targets::Values(test)) = (data.train.targets, data.test.targets) else {
            panic!("bikeshare has counts");
        };
        assert!(train.iter().chain(&test).all(|value| value.fract() == 0.0 && (1.0..=651.0).contains(value)));
    }
}
