//! [`Predictions`]: what outputs say, in the words and the unit of the target.

use dualgn_train::problem::{LossName, PredictionRule, Task};

use super::card::Card;

/// The predictions of some rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// A number for each row, in the unit of the target.
    Numbers(Vec<f64>),
    /// A class for each row, and the probability of each class, row-major.
    Classes {
        /// Positions in the card's levels.
        classes: Vec<usize>,
        /// `[rows, levels]`; none where the loss promises no probabilities.
        probabilities: Option<Vec<f64>>,
    },
}

impl Predictions {
    /// Reads outputs, row-major.
    pub fn of(card: &Card, outputs: &[f32]) -> Self {
        let rule = card.loss.prediction_rule(card.task).unwrap_or(PredictionRule::Standardised);
        match card.task {
            Task::Positive | Task::Count | Task::Number => {
                Self::Numbers(outputs.iter().map(|&output| card.scale.restore(rule.number(output))).collect())
            }
            Task::Classes | Task::YesOrNo => {
                let width = card.target.outputs();
                let classes = outputs.chunks_exact(width).map(|row| rule.class(row) as usize).collect();
                let probabilities = match card.loss {
                    LossName::Logistic if width == 1 => {
                        let yes = |&output: &f32| 1.0 / (1.0 + (-f64::from(output)).exp());
                        Some(outputs.iter().flat_map(|output| [1.0 - yes(output), yes(output)]).collect())
                    }
                    LossName::Softmax | LossName::SmoothedSoftmax => {
                        Some(outputs.chunks_exact(width).flat_map(softmax).collect())
                    }
                    _ => None,
                };
                Self::Classes { classes, probabilities }
            }
        }
    }

    /// One after another; all are numbers, or all are classes.
    pub fn join(parts: Vec<Self>) -> Self {
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap_or(Self::Numbers(vec![]));
        for part in parts {
            match (&mut all, part) {
                (Self::Numbers(all), Self::Numbers(part)) => all.extend(part),
                (Self::Classes { classes: all, probabilities: whole }, Self::Classes { classes, probabilities }) => {
                    all.extend(classes);
                    whole.iter_mut().zip(probabilities).for_each(|(whole, part)| whole.extend(part));
                }
                _ => unreachable!("one model says either"),
            }
        }
        all
    }

    /// The mean of several networks' predictions: of their numbers, or of their probabilities; without those, the class that most say.
    pub fn mean(mut each: Vec<Self>) -> Self {
        if each.len() == 1 {
            return each.remove(0);
        }
        let count = each.len() as f64;
        let mean = |columns: Vec<&Vec<f64>>| -> Vec<f64> {
            (0..columns[0].len()).map(|entry| columns.iter().map(|column| column[entry]).sum::<f64>() / count).collect()
        };
        let numbers: Vec<&Vec<f64>> = each
            .iter()
            .filter_map(|predictions| if let Self::Numbers(numbers) = predictions { Some(numbers) } else { None })
            .collect();
        if !numbers.is_empty() {
            return Self::Numbers(mean(numbers));
        }
        let (mut said, mut shares) = (vec![], vec![]);
        for predictions in &each {
            if let Self::Classes { classes, probabilities } = predictions {
                said.push(classes);
                shares.extend(probabilities);
            }
        }
        if shares.is_empty() {
            let most = |row: usize| {
                let votes = |class: usize| said.iter().filter(|classes| classes[row] == class).count();
                said.iter()
                    .map(|classes| classes[row])
                    .max_by_key(|&class| (votes(class), std::cmp::Reverse(class)))
                    .unwrap_or(0)
            };
            return Self::Classes { classes: (0..said[0].len()).map(most).collect(), probabilities: None };
        }
        let probabilities = mean(shares);
        let levels = probabilities.len() / said[0].len().max(1);
        let largest =
            |row: &[f64]| row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(class, _)| class);
        Self::Classes {
            classes: probabilities.chunks_exact(levels.max(1)).map(largest).collect(),
            probabilities: Some(probabilities),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Classes { classes, .. } => classes.len(),
        }
    }

    /// Whether there are no predictions.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn softmax(row: &[f32]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = row.iter().map(|&output| f64::from(output - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}
