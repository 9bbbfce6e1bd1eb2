//! What the networks of a table learn, and what is usual for that.

use std::path::Path;

use dualgn_io::input::is_standard_input;
use dualgn_io::number::grouped;
use dualgn_networks::{Activation, Description};
use dualgn_train::data::{DataError, Dataset, Split};
use dualgn_train::problem::{LossName, Study};

use crate::table::{Division, Encoder, Source, Target, TargetKind};

/// Makes a study of each network of a table: its training rows, and as its test those that say when to stop.
///
/// # Errors
/// The file that rows went to cannot be read.
pub(crate) fn studies(
    file: &Path,
    (source, encoder, target): (&Source, &Encoder, &Target),
    division: &Division,
    learning: &Split,
    rows: usize,
) -> Result<Vec<Study>, DataError> {
    let defaults = Defaults::of(target, division.train(0).len());
    let file_name = if is_standard_input(file) { Path::new("stdin") } else { file };
    let name = file_name.file_stem().unwrap_or_default().to_string_lossy();
    let name = name.trim_end_matches(".csv").trim_end_matches(".tsv");
    let part = |rows: &[usize]| {
        // Rows are in order, and so are those of the split.
        let places: Vec<usize> = rows.iter().filter_map(|row| division.learning.binary_search(row).ok()).collect();
        learning.pick(&places)
    };
    let study = |member: usize| -> Result<Study, DataError> {
        Ok(Study {
            words: format!(
                "{} rows of {} with {} columns, from which `{}` is predicted",
                grouped(rows),
                file.display(),
                encoder.columns.len(),
                target.map.name
            ),
            name: name.to_owned(),
            target: target.map.name.clone(),
            task: target.task,
            dataset: Dataset {
                train: part(&division.train(member))?,
                test: part(&division.validation[member])?,
                outputs: target.map.outputs(),
                citation: file.display().to_string(),
            },
            network: match source.image() {
                Some([_, rows, columns]) if rows.min(columns) >= 8 => Description::cnn(),
                _ => Description::mlp(&[128, 128], Activation::Relu),
            },
            categories: encoder.categories(),
            loss: defaults.loss,
            batch: defaults.batch,
            epochs: defaults.epochs,
            damping: defaults.damping,
            patience: true,
            targets: Some(learning.targets.clone()),
        })
    };
    (0..division.validation.len()).map(study).collect()
}
/// What a run takes, by the size of the data.
struct Defaults {
    loss: LossName,
    batch: Option<usize>,
    epochs: f64,
    damping: f64,
}

impl Defaults {
    fn of(target: &Target, rows: usize) -> Self {
        let loss = match target.kind {
            TargetKind::Number => LossName::Squared,
            TargetKind::Count => LossName::Poisson,
            TargetKind::YesOrNo => LossName::Logistic,
            TargetKind::Classes => LossName::Softmax,
        };
        // A step on all rows has no noise; its system has a row for each output of each of them.
        const WHOLE: usize = 4096;
        match rows * target.map.outputs() <= WHOLE {
            true => Self { loss, batch: None, epochs: 200.0, damping: 0.1 },
            false => Self {
                loss,
                batch: Some((WHOLE / target.map.outputs() / 4).clamp(64, 512)),
                epochs: 40.0,
                damping: 0.1,
            },
        }
    }
}
