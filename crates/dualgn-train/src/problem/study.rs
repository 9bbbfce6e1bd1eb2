//! [`Study`]: what is learnt, and what a run takes unless told otherwise.

use dualgn_io::Failure;
use dualgn_networks::{Category, Description};

use super::{LossName, PredictionRule, Task};
use crate::data::{Dataset, Scale, Targets};

/// Data with targets, and a network for them.
#[derive(Clone, Debug)]
pub struct Study {
    /// A short name, as of a problem or a file.
    pub name: String,
    /// The data in a few words, such as `442 patients with 10 measurements each`.
    pub words: String,
    /// The target's name.
    pub target: String,
    /// What the targets are.
    pub task: Task,
    /// The examples.
    pub dataset: Dataset,
    /// The network.
    pub network: Description,
    /// The categories among the numbers of an example.
    pub categories: Vec<Category>,
    /// The loss.
    pub loss: LossName,
    /// Examples in a batch; `None` for all of them.
    pub batch: Option<usize>,
    /// Passes over the training examples.
    pub epochs: f64,
    /// Damping of the directions for each unit of the batch's loss.
    pub damping: f64,
    /// Whether a run ends once the test loss has not fallen for long.
    pub patience: bool,
    /// The targets by which outputs are scaled, if those are not the training examples' alone.
    pub targets: Option<Targets>,
}

impl Study {
    /// How targets are scaled for outputs that are read in a way.
    pub fn scale(&self, rule: PredictionRule) -> Scale {
        rule.scale(self.targets.as_ref().unwrap_or(&self.dataset.train.targets))
    }

    /// Checks that single precision, in which networks compute, holds all targets once they are scaled.
    ///
    /// # Errors
    /// A target is too large or, where its logarithm is learnt, too small beside the others.
    pub fn check(&self, rule: PredictionRule, scale: Scale) -> Result<(), Failure> {
        for targets in [&self.dataset.train.targets, &self.dataset.test.targets] {
            let Targets::Values(values) = targets else { continue };
            let is_lost = |value: f64| {
                let scaled = scale.apply(value) as f32;
                !scaled.is_finite() || (rule == PredictionRule::Logarithm && value > 0.0 && !scaled.is_normal())
            };
            if let Some(lost) = values.iter().find(|&&value| is_lost(value)) {
                let Scale { shift, unit } = scale;
                let middle = if rule == PredictionRule::Logarithm { unit } else { shift };
                return Err(Failure::input(format!(
                    "{}, column `{}`: {lost:e} is too far from the other targets, whose mean is {middle:e}, for single precision",
                    self.dataset.citation, self.target
                ))
                .hint("leave such rows out, or learn the logarithm of the column"));
            }
        }
        Ok(())
    }
}
