//! [`Objective`]: what training asks of a problem's loss, with the loss's type known.

use burn::tensor::{Device, Int, Tensor, TensorData};
use dualgn::ConvexLoss;

use super::reading::Reading;
use crate::data::{Scale, Targets};

/// A loss with its targets and its metric.
pub struct Objective<L: ConvexLoss> {
    /// The loss.
    pub loss: L,
    /// How it takes targets.
    pub encode: Encode<L::Target>,
    /// Outputs of the network.
    pub outputs: usize,
    /// How the outputs are read.
    pub reading: Reading,
    /// How numbers were scaled.
    pub scale: Scale,
}

/// From tensors to the targets of a loss.
pub enum Encode<T> {
    /// The loss takes the class of each example, `[m]`.
    Classes(fn(Tensor<1, Int>) -> T),
    /// The loss takes a number for each output, `[m, k]`: a real target, or 1 for the right class and 0 for the others.
    Numbers(fn(Tensor<2>) -> T),
}

impl<L: ConvexLoss> Objective<L> {
    /// The targets of some examples on the device.
    pub fn targets(&self, targets: &Targets, device: &Device) -> L::Target {
        match (&self.encode, targets) {
            (Encode::Classes(encode), Targets::Classes(classes)) => {
                encode(Tensor::from_data(TensorData::from(classes.as_slice()), device))
            }
            (Encode::Classes(_), Targets::Values(_)) => unreachable!("the table of losses asks for classes here"),
            (Encode::Numbers(encode), targets) => encode(numbers(targets, self.outputs, device)),
        }
    }

    /// What the outputs of some examples, `[m, k]` row-major, add to the metric.
    pub fn score(&self, outputs: &[f32], targets: &Targets) -> f64 {
        self.reading.score(outputs, targets)
    }

    /// The metric of a whole part, from the sum of its scores.
    pub fn metric(&self, sum: f64, examples: usize) -> f64 {
        self.reading.metric(sum, examples, self.scale)
    }
}

/// One number for each output: the target itself; 0 or 1 for no or yes; 1 for the right class and 0 for each other.
fn numbers(targets: &Targets, outputs: usize, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = match targets {
        // Scaled in double precision: what is lost here is a part of the deviation, not of the target.
        Targets::Values(values) => values.iter().map(|&value| value as f32).collect(),
        Targets::Classes(answers) if outputs == 1 => answers.iter().map(|&answer| answer as f32).collect(),
        Targets::Classes(classes) => {
            let mut values = vec![0.0; classes.len() * outputs];
            for (row, &class) in values.chunks_exact_mut(outputs).zip(classes) {
                row[class as usize] = 1.0;
            }
            values
        }
    };
    Tensor::from_data(TensorData::new(values, [targets.len(), outputs]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_become_one_number_an_output() {
        let read = |targets, outputs| {
            let tensor = numbers(&targets, outputs, &Device::flex());
            (tensor.dims(), tensor.into_data().iter::<f32>().collect::<Vec<_>>())
        };
        let one_hot = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
        assert_eq!(read(Targets::Classes(vec![2, 0]), 3), ([2, 3], one_hot.to_vec()));
        assert_eq!(read(Targets::Classes(vec![1, 0]), 1), ([2, 1], vec![1.0, 0.0]));
        assert_eq!(read(Targets::Values(vec![2.5]), 1), ([1, 1], vec![2.5]));
    }
}
