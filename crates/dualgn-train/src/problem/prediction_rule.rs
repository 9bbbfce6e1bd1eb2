//! [`PredictionRule`]: what the outputs of a trained network mean, and how good they are.

use dualgn_io::number::significant;

use crate::data::{Scale, Targets};

/// How the outputs of an example are turned into a prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PredictionRule {
    /// The class of the largest output.
    Largest,
    /// Yes where the only output is above this.
    Above(f64),
    /// The only output is the target less its training mean, in training deviations.
    Standardised,
    /// The only output is the logarithm of the target divided by its training mean. The loss sees the same quotient, so
    /// that outputs near zero, which networks start from, are right on average.
    Logarithm,
}

impl PredictionRule {
    /// How the targets are scaled for the loss, learnt from those of the training examples.
    pub fn scale(self, training: &Targets) -> Scale {
        match (self, training) {
            (Self::Standardised, Targets::Values(values)) => Scale::standard(values),
            (Self::Logarithm, Targets::Values(values)) => Scale::relative(values),
            _ => Scale::IDENTITY,
        }
    }

    /// What a reader of a report must know of the targets; empty where nothing was done to them.
    pub fn remark(self, scale: Scale) -> String {
        match self {
            Self::Largest | Self::Above(_) => String::new(),
            Self::Standardised => " Targets are standardised.".into(),
            Self::Logarithm => {
                format!(
                    " Targets are divided by their training mean of {}, and outputs are logarithms.",
                    significant(scale.unit)
                )
            }
        }
    }

    /// What the outputs of some examples, `[m, k]` row-major, add to the metric: the number of right answers, or the sum
    /// of squared errors.
    pub fn score(self, outputs: &[f32], targets: &Targets) -> f64 {
        match targets {
            Targets::Classes(classes) => {
                let width = (outputs.len() / classes.len().max(1)).max(1);
                let answers = outputs.chunks_exact(width).map(|row| self.class(row));
                answers.zip(classes).filter(|(answer, class)| answer == *class).count() as f64
            }
            Targets::Values(values) => {
                outputs.iter().zip(values).map(|(&output, &value)| (self.number(output) - value).powi(2)).sum()
            }
        }
    }

    /// The metric of a whole part, from the sum of its scores: the share of right answers, or the root mean squared
    /// error in the unit of the target.
    pub fn metric(self, sum: f64, examples: usize, scale: Scale) -> f64 {
        let mean = sum / examples as f64;
        match self {
            Self::Largest | Self::Above(_) => mean,
            Self::Standardised | Self::Logarithm => scale.restore_error(mean.sqrt()),
        }
    }

    /// The class that the outputs of an example stand for.
    pub fn class(self, row: &[f32]) -> i64 {
        match self {
            Self::Above(threshold) => i64::from(f64::from(row[0]) > threshold),
            _ => row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(index, _)| index as i64),
        }
    }

    /// The scaled target that an output stands for.
    pub fn number(self, output: f32) -> f64 {
        match self {
            Self::Logarithm => f64::from(output).exp(),
            _ => f64::from(output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_counts_the_largest_output() {
        let targets = Targets::Classes(vec![0, 2, 1]);
        let outputs = [3.0, 1.0, 2.0, 0.0, -1.0, 5.0, 9.0, 8.0, 7.0];
        let sum = PredictionRule::Largest.score(&outputs, &targets);
        assert_eq!(PredictionRule::Largest.metric(sum, 3, Scale::IDENTITY), 2.0 / 3.0);
    }

    #[test]
    fn yes_is_an_output_above_the_threshold() {
        let targets = Targets::Classes(vec![0, 1, 1, 0]);
        let outputs = [-0.1, 0.1, 0.6, 0.4];
        assert_eq!(PredictionRule::Above(0.0).score(&outputs, &targets), 3.0);
        assert_eq!(PredictionRule::Above(0.5).score(&outputs, &targets), 3.0);
        assert_eq!(PredictionRule::Above(0.05).score(&outputs, &targets), 3.0);
        assert_eq!(PredictionRule::Above(-1.0).score(&outputs, &targets), 2.0);
    }

    #[test]
    fn errors_are_in_the_unit_of_the_target() {
        let raw = Targets::Values(vec![100.0, 200.0]);
        // Mean 150, deviation 50: an error of one deviation in each.
        let (rule, scale) = (PredictionRule::Standardised, PredictionRule::Standardised.scale(&raw));
        let sum = rule.score(&[0.0, 0.0], &Targets::Values(vec![-1.0, 1.0]));
        assert!((rule.metric(sum, 2, scale) - 50.0).abs() < 1e-12);

        // Outputs of zero predict the mean, and ln 2 predicts twice as much.
        let (rule, scale) = (PredictionRule::Logarithm, PredictionRule::Logarithm.scale(&raw));
        let scaled = Targets::Values(vec![scale.apply(100.0), scale.apply(200.0)]);
        let mean = rule.metric(rule.score(&[0.0, 0.0], &scaled), 2, scale);
        assert!((mean - 50.0).abs() < 1e-4, "{mean}");
        let twice = rule.metric(rule.score(&[2f32.ln(), 2f32.ln()], &scaled), 2, scale);
        assert!((twice - ((200f64.powi(2) + 100f64.powi(2)) / 2.0).sqrt()).abs() < 1e-3, "{twice}");
    }
}
