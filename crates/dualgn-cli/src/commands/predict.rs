//! `dualgn predict` and `dualgn evaluate`.

use std::io::Write;

use super::fit::table_of;
use crate::arguments::{Evaluate, Predict};
use crate::failure::Failure;
use crate::files;
use crate::model::{Answers, Predictor, Rows, Scores};
use crate::table::Source;

/// Predicts the rows of a table.
pub fn predict(arguments: &Predict) -> Result<(), Failure> {
    let predictor = Predictor::load(&arguments.model, &arguments.device.open()?)?;
    let source = Source::open(&arguments.data, &arguments.reading.reading())?;
    let Rows { inputs, .. } = predictor.rows(&source, false)?;
    let answers = predictor.answers(&inputs)?;
    let text = csv(&predictor, &answers)?;
    match &arguments.out {
        Some(file) => {
            files::replace(file, &text)?;
            eprintln!("{} predictions: {}", answers.len(), file.display());
            Ok(())
        }
        None => match std::io::stdout().write_all(&text) {
            // A reader that has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| Failure::Run(format!("cannot write the predictions: {error}"))),
        },
    }
}

/// One line a row: the prediction, and the probability of each class.
fn csv(predictor: &Predictor, answers: &Answers) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Run(format!("cannot write the predictions: {error}"));
    let levels = &predictor.card.target.levels;
    let mut writer = csv::Writer::from_writer(vec![]);
    let mut head = vec![format!("{} (predicted)", predictor.card.target.name)];
    if let Answers::Classes { probabilities: Some(_), .. } = answers {
        head.extend(levels.iter().map(|level| format!("probability of {level}")));
    }
    writer.write_record(&head).map_err(|error| failed(&error))?;
    for row in 0..answers.len() {
        let mut line = vec![];
        match answers {
            Answers::Numbers(numbers) => line.push(number(numbers[row])),
            Answers::Classes { classes, probabilities } => {
                line.push(levels[classes[row]].clone());
                if let Some(probabilities) = probabilities {
                    line.extend(probabilities[row * levels.len()..][..levels.len()].iter().map(|&p| number(p)));
                }
            }
        }
        writer.write_record(&line).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}

/// As many digits as single precision has.
fn number(number: f64) -> String {
    (number as f32).to_string()
}

/// Tests a model on a table with the answers.
pub fn evaluate(arguments: &Evaluate) -> Result<(), Failure> {
    let predictor = Predictor::load(&arguments.model, &arguments.device.open()?)?;
    let source = Source::open(&arguments.data, &arguments.reading.reading())?;
    let Rows { inputs, answers: targets } = predictor.rows(&source, true)?;
    let width = predictor.card.encoder.width();
    let known: Vec<usize> = (0..targets.len()).filter(|&row| targets[row].is_some()).collect();
    if known.is_empty() {
        return Err(Failure::Input(format!(
            "{}, column `{}`: all cells are empty, and a test needs answers",
            arguments.data.display(),
            predictor.card.target.name
        )));
    }
    if known.len() < targets.len() {
        eprintln!("{} rows without a target are left out", targets.len() - known.len());
    }
    let inputs: Vec<f32> = known.iter().flat_map(|row| inputs[row * width..][..width].iter().copied()).collect();
    let targets: Vec<f32> = known.iter().filter_map(|&row| targets[row]).collect();
    let answers = predictor.answers(&inputs)?;
    let scores = Scores::of(&predictor.card, &answers, &targets);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&scores).map_err(|error| Failure::Run(error.to_string()))?);
    } else {
        println!("{}", table_of(&scores));
    }
    Ok(())
}
