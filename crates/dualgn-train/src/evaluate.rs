//! Loss and metric of a model on a whole part of the data.

use burn::module::Module;
use dualgn::ConvexLoss;
use dualgn_io::Failure;
use dualgn_networks::{Net, entries};

use crate::data::CHUNK;
use crate::problem::{Objective, Part};

/// Mean loss, and the metric.
pub(crate) fn evaluate(objective: &Objective, model: &Net, part: &Part) -> Result<(f64, f64), Failure> {
    let model = model.valid();
    let examples = part.len();
    let (mut loss, mut score) = (0.0, 0.0);
    for start in (0..examples).step_by(CHUNK) {
        let end = (start + CHUNK).min(examples);
        let (inputs, targets) = part.range(start..end)?;
        let outputs = model.forward(inputs);
        let losses = objective.loss.value(outputs.clone(), &objective.loss.targets(&targets, part.device()));
        // In double precision on the host: a mean over tens of thousands of f32 losses would lose digits.
        loss += entries::<f64, 1>(losses)?.iter().sum::<f64>();
        score += objective.score(&entries::<f32, 2>(outputs)?, &targets);
    }
    Ok((loss / examples as f64, objective.metric(score, examples)))
}
