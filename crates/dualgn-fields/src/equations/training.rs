//! What a run of a file takes.

use dualgn_io::Failure;
use toml::Spanned;

use super::file;
use super::names::Names;
use super::source::{Source, plain};
use super::value::Number;
use crate::problem::Training;

/// Steps at most.
const STEPS: i64 = 1_000_000_000;

/// Returns what a file says, and what is usual for the rest.
pub(super) fn training(given: &file::Training, names: &Names, source: &Source<'_>) -> Result<Training, Failure> {
    let mut training = Training { adaptive: given.adaptive, ..Training::default() };
    let positive = |number: &Spanned<Number>, what: &str| -> Result<f64, Failure> {
        let value = names.number(source, number)?;
        match value > 0.0 {
            true => Ok(value),
            false => {
                let what = format!("`{what}` is {}", plain(value));
                Err(source.wrong(number.span(), what).hint("it is a positive number"))
            }
        }
    };
    if let Some(steps) = &given.steps {
        training.steps = count(steps, 1, "steps", source)?;
    }
    if let Some(seconds) = &given.seconds {
        training.seconds = Some(positive(seconds, "seconds")?);
    }
    if let Some(damping) = &given.damping {
        training.damping = positive(damping, "damping")?;
    }
    if let Some(sampling) = given.sampling {
        training.sampling = sampling;
    }
    if let Some(resample) = &given.resample {
        training.resample = count(resample, 0, "resample", source)?;
    }
    if given.adaptive && training.resample == 0 {
        let span = given.resample.as_ref().map_or(0..0, Spanned::span);
        let what = "`adaptive` needs `resample`, the number of steps after which points are drawn anew";
        return Err(source.wrong(span, what).hint("write `resample = 100` beside it"));
    }
    Ok(training)
}

/// A number of steps.
fn count(given: &Spanned<i64>, least: i64, name: &str, source: &Source<'_>) -> Result<usize, Failure> {
    let count = *given.get_ref();
    match (least..=STEPS).contains(&count) {
        true => Ok(count as usize),
        false => {
            let what = format!("`{name}` is {count}");
            Err(source.wrong(given.span(), what).hint(format!("take {least} at least, such as 200")))
        }
    }
}
