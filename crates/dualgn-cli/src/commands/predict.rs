//! `dualgn predict`, `dualgn evaluate`, `dualgn export`.

use std::path::Path;

use dualgn_io::{Failure, files};
use dualgn_tables::model::{Passed, Posterior, Predictions, Predictor, scores_of};
use dualgn_tables::table::Source;
#[cfg(feature = "fields")]
use dualgn_tables::table::numbers;
use dualgn_tables::{Prepared, onnx};
use dualgn_train::run::refuse_own;
use dualgn_train::scores::Scores;

use super::configuration::Configuration;
#[cfg(feature = "fields")]
use super::field::Solved;
use super::fit::{table_of, told};
use crate::arguments::{Evaluate, Export, Predict};
use crate::device::DeviceName;
use crate::terminal;

/// Predicts the rows of a table.
pub(super) fn predict(arguments: &Predict) -> Result<(), Failure> {
    arguments.out.as_deref().map(refuse_own).transpose()?;
    let predictor = match Predictor::load(&arguments.model, &arguments.device.open()?) {
        Ok(predictor) => predictor,
        #[cfg(feature = "fields")]
        Err(failure) => {
            return at_points(&Solved::find(&arguments.model)?.ok_or(failure)?, arguments);
        }
        #[cfg(not(feature = "fields"))]
        Err(failure) => return Err(failure),
    };
    if !arguments.formula.is_empty() {
        return Err(Failure::input("`--formula` is for runs of equations; leave it out".into()));
    }
    let source = Source::open(&arguments.data, &arguments.reading.reading())?;
    let studies = if arguments.std { Some(prepared(&arguments.model)?.studies) } else { None };
    let posterior = studies.as_deref().map(|studies| Posterior::new(&predictor, studies)).transpose()?;
    let (mut predictions, mut deviations) = (vec![], posterior.as_ref().map(|_| vec![]));
    let passed = predictor.rows(&source, false, |inputs, _| {
        predictions.push(match (&posterior, &mut deviations) {
            (Some(posterior), Some(all)) => {
                let (predictions, deviations) = posterior.deviations(inputs)?;
                all.extend(deviations);
                predictions
            }
            _ => predictor.predictions(inputs)?,
        });
        Ok(())
    })?;
    told("", &passed.tally);
    let predictions = Predictions::join(predictions);
    let text = csv_of(&predictor, &predictions, deviations.as_deref())?;
    written(arguments.out.as_deref(), predictions.len(), "predictions", &text)
}

/// Writes rows into a file, or to standard output.
fn written(out: Option<&Path>, count: usize, what: &str, text: &[u8]) -> Result<(), Failure> {
    let Some(file) = out else { return terminal::print_data(text) };
    files::replace(file, text)?;
    terminal::say(format!("{count} {what}: {}", file.display()));
    Ok(())
}

/// Computes formulas of a solution at the points of a table.
#[cfg(feature = "fields")]
fn at_points(solved: &Solved, arguments: &Predict) -> Result<(), Failure> {
    if arguments.std {
        return Err(Failure::input("`--std` is for models of `fit`; leave it out".into()));
    }
    let solution = solved.solution(&arguments.device.open()?)?;
    let source = Source::open(&arguments.data, &arguments.reading.reading())?;
    let points = numbers(&source, solution.coordinates())?;
    let formulas = if arguments.formula.is_empty() { solution.usual() } else { arguments.formula.clone() };
    let (values, counts) = solution.values(&formulas, &points)?;
    match solution.outside(&points) {
        0 => {}
        1 => terminal::say("note: 1 point is outside of the domain, where nothing is known of the solution"),
        count => {
            terminal::say(format!(
                "note: {count} points are outside of the domain, where nothing is known of the solution"
            ));
        }
    }
    let names = formulas.iter().zip(&counts).flat_map(|(formula, &count)| match count {
        1 => vec![formula.clone()],
        _ => (1..=count).map(|component| format!("{formula} [{component}]")).collect(),
    });
    let names: Vec<String> = solution.coordinates().iter().cloned().chain(names).collect();
    let dims = solution.coordinates().len();
    let rows = points.chunks_exact(dims).zip(values.chunks_exact(names.len() - dims));
    let lines = rows.map(|(point, values)| point.iter().chain(values).map(|&value| number(value)).collect());
    written(arguments.out.as_deref(), points.len() / dims, "points", &csv(&names, lines)?)
}

/// Writes rows with their names.
fn csv(names: &[String], mut lines: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::run(format!("cannot write the predictions: {error}"));
    let mut writer = csv::Writer::from_writer(vec![]);
    writer.write_record(names).map_err(|error| failed(&error))?;
    lines.try_for_each(|line| writer.write_record(&line)).map_err(|error| failed(&error))?;
    writer.into_inner().map_err(|error| failed(&error))
}

/// The table that a model was trained on, which its deviations are made of.
fn prepared(model: &Path) -> Result<Prepared, Failure> {
    let folder = if model.is_dir() { model } else { model.parent().unwrap_or(Path::new(".")) };
    let configuration = Configuration::load(folder).map_err(|error| {
        Failure::input(format!(
            "`--std` needs the folder of the run, by which it finds the rows that the model was trained on ({error})"
        ))
    })?;
    configuration.prepared(folder)
}

/// One line a row: the prediction, the probability of each class, and how sure it is.
fn csv_of(predictor: &Predictor, predictions: &Predictions, deviations: Option<&[f64]>) -> Result<Vec<u8>, Failure> {
    let levels = &predictor.card.target.levels;
    let mut head = vec![format!("{} (predicted)", predictor.card.target.name)];
    if let Predictions::Classes { probabilities: Some(_), .. } = predictions {
        head.extend(levels.iter().map(|level| format!("probability of {level}")));
    }
    if deviations.is_some() {
        head.push("standard deviation".into());
    }
    let line = |row: usize| {
        let mut line = vec![];
        match predictions {
            Predictions::Numbers(numbers) => line.push(number(numbers[row])),
            Predictions::Classes { classes, probabilities } => {
                line.push(levels[classes[row]].clone());
                if let Some(probabilities) = probabilities {
                    line.extend(probabilities[row * levels.len()..][..levels.len()].iter().map(|&p| probability(p)));
                }
            }
        }
        line.extend(deviations.map(|deviations| number(deviations[row])));
        line
    };
    csv(&head, (0..predictions.len()).map(line))
}

/// As many digits as tell a number from all others in double precision: beside a large offset those of single precision say nothing.
fn number(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-5..1e16).contains(&size) { number.to_string() } else { format!("{number:e}") }
}

/// As many digits as single precision has, in which a network computes probabilities.
fn probability(probability: f64) -> String {
    (probability as f32).to_string()
}

/// Tests a model on a table with the answers.
pub(super) fn evaluate(arguments: &Evaluate) -> Result<(), Failure> {
    let predictor = Predictor::load(&arguments.model, &arguments.device.open()?)?;
    let source = Source::open(&arguments.data, &arguments.reading.reading())?;
    let (mut predictions, mut targets) = (vec![], vec![]);
    let Passed { left_out, tally } = predictor.rows(&source, true, |inputs, answered| {
        predictions.push(predictor.predictions(inputs)?);
        targets.extend_from_slice(answered);
        Ok(())
    })?;
    if targets.is_empty() {
        return Err(Failure::input(format!(
            "{}, column `{}`: all cells are empty, and a test needs answers",
            arguments.data.display(),
            predictor.card.target.name
        )));
    }
    if left_out > 0 {
        terminal::say(format!("{left_out} rows without a target are left out"));
    }
    told("", &tally);
    let scores =
        Scores { cells: tally.counted(), ..scores_of(&predictor.card, &Predictions::join(predictions), &targets) };
    if arguments.json {
        terminal::print(serde_json::to_string_pretty(&scores).map_err(|error| Failure::run(error.to_string()))?)
    } else {
        terminal::print(table_of(&scores))
    }
}

/// Writes a model for other runtimes.
pub(super) fn export(arguments: &Export) -> Result<(), Failure> {
    let predictor = Predictor::load(&arguments.model, &DeviceName::default().open()?)?;
    refuse_own(&arguments.out)?;
    files::replace(&arguments.out, &onnx::export(&predictor)?)?;
    if let Some(remark) = onnx::remark(&predictor.card) {
        terminal::say(format!("note: {remark}"));
    }
    let columns = onnx::column_names(&predictor.card);
    terminal::print(format!(
        "{}: input `columns`, a row for each example of {}",
        arguments.out.display(),
        columns.join(", ")
    ))
}
