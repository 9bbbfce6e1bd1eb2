//! [`Objective`]: a loss with the way in which outputs are read and scored.

use super::named::NamedLoss;
use super::prediction_rule::PredictionRule;
use crate::data::{Scale, Targets};

/// What training minimises, and what it is judged by.
#[derive(Clone)]
pub struct Objective {
    /// The loss.
    pub loss: NamedLoss,
    /// How the outputs are turned into predictions.
    pub rule: PredictionRule,
    /// How numbers were scaled.
    pub scale: Scale,
}

impl Objective {
    /// Returns what the outputs of some examples, `[m, k]` row-major, add to the metric.
    pub fn score(&self, outputs: &[f32], targets: &Targets) -> f64 {
        self.rule.score(outputs, targets)
    }

    /// Returns the metric of a whole part, from the sum of its scores.
    pub fn metric(&self, sum: f64, examples: usize) -> f64 {
        self.rule.metric(sum, examples, self.scale)
    }
}
