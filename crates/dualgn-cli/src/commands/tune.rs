//! One method of a command: a search for its learning rate, then the run that is reported.

use dualgn::ConvexLoss;

use super::output::{Lines, Output};
use crate::failure::Failure;
use crate::interrupt;
use crate::memory;
use crate::progress::Progress;
use crate::record::{MethodRun, Metric, Record, Status, StepRecord, Trial};
use crate::train::{Budget, Method, Observer, Outcome, Session};

/// A trial of a learning rate takes this part of the budget.
const TRIAL: f64 = 0.2;

/// Tries the method's learning rates on a part of the budget each, then trains with the best. A rate that is given is
/// taken as it is.
pub fn tuned_run<L: ConvexLoss + Clone>(
    session: &Session<L>,
    method: Method,
    rate: Option<f64>,
    budget: Budget,
    metric: Metric,
    output: &Output,
) -> Result<(MethodRun, Outcome), Failure> {
    let mut trials = match rate {
        Some(_) => vec![],
        None => try_rates(session, method, budget, metric)?,
    };
    let chosen = rate.unwrap_or_else(|| trials.first().map_or(method.rates()[0], |trial| trial.learning_rate));
    let mut settings = match (rate, trials.len()) {
        (Some(rate), _) => format!("rate {rate}"),
        (None, count) => format!("rate {chosen}, chosen of {count}"),
    };
    if method.model.is_some() {
        settings = format!("{settings}; damping {} × loss", session.damping(method));
    }
    let mut recording = Recording {
        progress: Progress::start(method.name(), metric),
        metrics: output.lines(method.name(), "metrics")?,
        steps: method.model.map(|_| output.lines(method.name(), "steps")).transpose()?,
    };
    memory::reset_peak();
    let outcome = session.run(method, chosen, budget, &mut recording)?;
    recording.progress.finish(&ending(&outcome));
    if let Some(reason) = &outcome.reason {
        settings = format!("{settings}; {reason}");
    }
    trials.retain(|trial| trial.train_loss.is_some() || trial.learning_rate != chosen);
    let run = MethodRun {
        method: method.name().into(),
        title: method.title(),
        settings,
        trials,
        status: outcome.status,
        records: outcome.records.clone(),
        directions: outcome.directions.clone(),
        peak_memory: memory::peak(),
    };
    Ok((run, outcome))
}

/// Short runs with each rate; the lowest training loss at their end wins. Best first, diverged last.
fn try_rates<L: ConvexLoss + Clone>(
    session: &Session<L>,
    method: Method,
    budget: Budget,
    metric: Metric,
) -> Result<Vec<Trial>, Failure> {
    let budget = match budget {
        Budget::Steps(steps) => Budget::Steps(((steps as f64 * TRIAL).ceil() as usize).max(1)),
        Budget::Seconds(seconds) => Budget::Seconds(seconds * TRIAL),
    };
    let mut trials = vec![];
    for rate in method.rates() {
        if interrupt::requested() {
            break;
        }
        let mut trying = Trying(Progress::start(&format!("{}, rate {rate}", method.name()), metric));
        let outcome = session.run(method, rate, budget, &mut trying)?;
        let last = outcome.records.last().filter(|_| outcome.status != Status::Diverged);
        let train_loss = last.map(|record| record.train_loss).filter(|loss| loss.is_finite());
        trying.0.finish(&train_loss.map_or_else(|| ending(&outcome), |loss| format!("loss {loss:.3e}")));
        trials.push(Trial { learning_rate: rate, train_loss });
    }
    let badness = |trial: &Trial| trial.train_loss.unwrap_or(f64::INFINITY);
    trials.sort_by(|a, b| badness(a).total_cmp(&badness(b)));
    Ok(trials)
}

/// How a run ended, in a word or with its reason.
fn ending(outcome: &Outcome) -> String {
    match (outcome.status, &outcome.reason) {
        (Status::Finished, _) => "finished".into(),
        (Status::Interrupted, _) => "interrupted".into(),
        (Status::Diverged, None) => "diverged".into(),
        (Status::Diverged, Some(reason)) => format!("diverged ({reason})"),
    }
}

/// The run that is reported: everything is shown and written as it happens.
struct Recording {
    progress: Progress,
    metrics: Lines,
    /// Of methods that step along directions.
    steps: Option<Lines>,
}

impl Observer for Recording {
    fn evaluated(&mut self, record: &Record) -> Result<(), Failure> {
        self.progress.evaluated(record);
        self.metrics.append(record)
    }

    fn stepped(&mut self, step: usize, spent: f64, direction: Option<&StepRecord>) -> Result<(), Failure> {
        self.progress.step(step, spent);
        match (&mut self.steps, direction) {
            (Some(steps), Some(direction)) => steps.append(direction),
            _ => Ok(()),
        }
    }
}

/// A trial: only its end is shown.
struct Trying(Progress);

impl Observer for Trying {
    fn evaluated(&mut self, _: &Record) -> Result<(), Failure> {
        Ok(())
    }

    fn stepped(&mut self, step: usize, spent: f64, _: Option<&StepRecord>) -> Result<(), Failure> {
        self.0.step(step, spent);
        Ok(())
    }
}
