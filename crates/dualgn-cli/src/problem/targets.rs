//! What training asks of a problem's loss: targets as tensors, and the test metric.

use burn::tensor::{Device, Int, Tensor, TensorData};
use dualgn::{ClassTargets, ConvexLoss, SoftmaxCrossEntropy, Squared};

use crate::data::{Scale, Targets};

/// A loss with its targets and its metric.
pub trait Objective: Clone {
    /// The loss.
    type Loss: ConvexLoss + Clone;

    /// The loss itself.
    fn loss(&self) -> Self::Loss;

    /// The targets of some examples on the device.
    fn targets(&self, targets: &Targets, device: &Device) -> <Self::Loss as ConvexLoss>::Target;

    /// What an example's outputs, `[m, k]` row-major, add to the metric, summed over the examples.
    fn score(&self, outputs: &[f32], targets: &Targets) -> f64;

    /// The metric of a whole part, from the sum of its scores.
    fn metric(&self, sum: f64, examples: usize) -> f64;
}

/// Classification: softmax cross-entropy, accuracy.
#[derive(Clone, Copy, Debug)]
pub struct ClassProblem;

impl Objective for ClassProblem {
    type Loss = SoftmaxCrossEntropy;

    fn loss(&self) -> SoftmaxCrossEntropy {
        SoftmaxCrossEntropy
    }

    fn targets(&self, targets: &Targets, device: &Device) -> ClassTargets {
        let Targets::Classes(classes) = targets else { unreachable!("a classification has classes") };
        let classes: Tensor<1, Int> = Tensor::from_data(TensorData::from(classes.as_slice()), device);
        classes.into()
    }

    /// The number of examples whose largest output is the right one.
    fn score(&self, outputs: &[f32], targets: &Targets) -> f64 {
        let Targets::Classes(classes) = targets else { unreachable!("a classification has classes") };
        let width = outputs.len() / classes.len();
        let right = outputs.chunks_exact(width).zip(classes).filter(|(row, class)| {
            let largest = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            largest.is_some_and(|(index, _)| index as i64 == **class)
        });
        right.count() as f64
    }

    fn metric(&self, sum: f64, examples: usize) -> f64 {
        sum / examples as f64
    }
}

/// Regression of one real target: squared error, root mean squared error in the target's unit.
#[derive(Clone, Copy, Debug)]
pub struct RealProblem {
    /// How the targets were scaled.
    pub scale: Scale,
}

impl Objective for RealProblem {
    type Loss = Squared;

    fn loss(&self) -> Squared {
        Squared
    }

    fn targets(&self, targets: &Targets, device: &Device) -> Tensor<2> {
        let Targets::Values(values) = targets else { unreachable!("a regression has real targets") };
        Tensor::from_data(TensorData::new(values.clone(), [values.len(), 1]), device)
    }

    /// The sum of squared errors.
    fn score(&self, outputs: &[f32], targets: &Targets) -> f64 {
        let Targets::Values(values) = targets else { unreachable!("a regression has real targets") };
        outputs.iter().zip(values).map(|(output, value)| f64::from(output - value).powi(2)).sum()
    }

    fn metric(&self, sum: f64, examples: usize) -> f64 {
        self.scale.restore_error((sum / examples as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_counts_the_largest_output() {
        let targets = Targets::Classes(vec![0, 2, 1]);
        let outputs = [3.0, 1.0, 2.0, 0.0, -1.0, 5.0, 9.0, 8.0, 7.0];
        let sum = ClassProblem.score(&outputs, &targets);
        assert_eq!(ClassProblem.metric(sum, 3), 2.0 / 3.0);
    }

    #[test]
    fn errors_are_in_the_unit_of_the_target() {
        let problem = RealProblem { scale: Scale { mean: 150.0, deviation: 77.0 } };
        let sum = problem.score(&[1.0, -1.0], &Targets::Values(vec![0.0, 0.0]));
        assert!((problem.metric(sum, 2) - 77.0).abs() < 1e-12);
    }
}
