//! One method of a command: a search for its learning rate, then the run that is reported.

use dualgn_io::{Failure, memory};
use dualgn_train::events::Events;
use dualgn_train::picture::Raster;
use dualgn_train::record::{MethodRun, Metric, Record, Status, StepRecord, Trial};
use dualgn_train::{Budget, Checkpoint, Ended, Method, Observer, Outcome, Session, Subject};

use super::film::Film;
use super::keep::Keep;
use super::output::{Lines, Output};
use crate::interrupt::{self, Stopping};
use crate::progress::Progress;

/// A trial of a learning rate takes this part of the budget.
const TRIAL: f64 = 0.2;

/// What all runs of a command share.
#[derive(Clone, Copy)]
pub struct Running<'a> {
    /// When a run ends.
    pub budget: Budget,
    /// The identity of the run.
    pub run: &'a str,
    /// What the test metric is.
    pub metric: Metric,
    /// Where records go.
    pub output: &'a Output,
    /// Whether to show nothing meanwhile.
    pub quiet: bool,
}

/// A learning rate, and what it was chosen of.
pub struct Rate {
    /// The rate.
    pub rate: f64,
    /// The trials, best first; none if the rate was given, or there is one alone.
    pub trials: Vec<Trial>,
    /// How it came about, in words.
    pub words: String,
}

/// The rate that is given, or the method's best on a part of the budget each.
pub fn choose_rate<S: Subject>(
    session: &Session<S>,
    method: Method,
    given: Option<f64>,
    running: Running,
) -> Result<Rate, Failure> {
    if let Some(rate) = given.or((method.rates.len() == 1).then(|| method.rates[0])) {
        return Ok(Rate { rate, trials: vec![], words: format!("rate {rate}") });
    }
    let mut trials = try_rates(session, method, running)?;
    let rate = trials.first().map_or(method.rates[0], |trial| trial.learning_rate);
    let words = format!("rate {rate}, chosen of {}", trials.len());
    trials.retain(|trial| trial.train_loss.is_some() || trial.learning_rate != rate);
    Ok(Rate { rate, trials, words })
}

/// Trains with a rate; everything is shown and written as it happens.
pub fn recorded_run<S: Subject>(
    session: &Session<S>,
    method: Method,
    rate: Rate,
    running: Running,
    keep: Option<Keep>,
) -> Result<(MethodRun, Outcome<S::Model>), Failure> {
    let Running { budget, run, metric, output, quiet } = running;
    let Rate { rate, trials, words: mut settings } = rate;
    if method.model.is_some() {
        settings = format!("{settings}; damping {} × loss", session.damping(method));
        if let Some(choice) = &session.choice {
            settings = format!("{settings}; {}", choice.describe());
        }
    }
    let (from, earlier) = match &keep {
        Some(keep) => (keep.from.clone(), keep.earlier.clone()),
        None => (None, Default::default()),
    };
    // The state of a checkpoint is evaluated and pictured again, unless the run had ended there.
    let again = from.as_ref().map(|from| from.step + usize::from(from.ended.is_some()));
    let mut recording = Recording {
        progress: Progress::start(method.name, metric, quiet),
        metrics: output.lines(method.name, "metrics", run, &earlier.0)?,
        steps: method.model.map(|_| output.lines(method.name, "steps", run, &earlier.1)).transpose()?,
        events: Events::start(&output.folder().join(method.name), metric, again)?,
        keep,
        film: Film::start(&output.folder().join(method.name), again)?,
    };
    memory::reset_peak();
    let _stopping = Stopping::begin();
    let mut outcome = session.run(method, rate, budget, &mut recording, from)?;
    recording.film.finish(&output.folder().join(method.name).join("movie.png"))?;
    recording.progress.finish(&ending(&outcome));
    if let Some(reason) = &outcome.reason {
        settings = format!("{settings}; {reason}");
    }
    let (records, directions) = earlier;
    outcome.records.splice(0..0, records);
    outcome.directions.splice(0..0, directions);
    let run = MethodRun {
        run: run.to_owned(),
        method: method.name.into(),
        title: method.title.into(),
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
fn try_rates<S: Subject>(session: &Session<S>, method: Method, running: Running) -> Result<Vec<Trial>, Failure> {
    let budget = match running.budget {
        Budget::Steps(steps) => Budget::Steps(((steps as f64 * TRIAL).ceil() as usize).max(1)),
        Budget::Seconds(seconds) => Budget::Seconds(seconds * TRIAL),
    };
    let mut trials = vec![];
    for &rate in method.rates {
        if interrupt::requested() {
            break;
        }
        let label = format!("{}, rate {rate}", method.name);
        let mut trying = Trying(Progress::start(&label, running.metric, running.quiet));
        let stopping = Stopping::begin();
        let outcome = session.run(method, rate, budget, &mut trying, None)?;
        drop(stopping);
        let last = outcome.records.last().filter(|_| outcome.status != Status::Diverged);
        let train_loss = last.map(|record| record.train_loss).filter(|loss| loss.is_finite());
        trying.0.finish(&train_loss.map_or_else(|| ending(&outcome), |loss| format!("loss {loss:.3e}")));
        trials.push(Trial { learning_rate: rate, train_loss });
    }
    let badness = |trial: &Trial| trial.train_loss.unwrap_or(f64::INFINITY);
    trials.sort_by(|a, b| badness(a).total_cmp(&badness(b)));
    Ok(trials)
}

/// How a run ended, in words.
pub fn ending<M>(outcome: &Outcome<M>) -> String {
    match (outcome.status, &outcome.reason) {
        (Status::Finished, _) => "finished".into(),
        (Status::Reached, _) => "reached the target loss".into(),
        (Status::Converged, _) => "converged: no step decreases the loss any more,".into(),
        (Status::EarlyStopped, _) => "the loss of the validation rows falls no more".into(),
        (Status::Interrupted, _) => "interrupted".into(),
        (Status::Diverged, None) => "diverged: the loss is not finite,".into(),
        (Status::Diverged, Some(reason)) => format!("diverged ({reason})"),
    }
}

/// The run that is reported.
struct Recording {
    progress: Progress,
    metrics: Lines,
    /// Of methods that step along directions.
    steps: Option<Lines>,
    events: Events,
    keep: Option<Keep>,
    film: Film,
}

impl Observer for Recording {
    fn stops(&self) -> bool {
        interrupt::requested()
    }

    fn pictured(
        &mut self,
        step: usize,
        picture: &mut dyn FnMut() -> Result<Option<Raster>, Failure>,
    ) -> Result<(), Failure> {
        picture()?.map_or(Ok(()), |picture| self.film.add(step, &picture))
    }

    fn evaluated(&mut self, record: &Record) -> Result<(), Failure> {
        self.progress.evaluated(record);
        if let Some(keep) = &mut self.keep {
            keep.evaluated(record);
        }
        self.events.evaluated(record)?;
        self.metrics.append(record)
    }

    fn stepped(&mut self, step: usize, spent: f64, direction: Option<&StepRecord>) -> Result<(), Failure> {
        self.progress.step(step, spent, direction);
        if let Some(direction) = direction {
            self.events.stepped(direction)?;
        }
        match (&mut self.steps, direction) {
            (Some(steps), Some(direction)) => steps.append(direction),
            _ => Ok(()),
        }
    }

    fn checkpoint(
        &mut self,
        ended: Option<&Ended>,
        snapshot: &mut dyn FnMut() -> Result<Checkpoint, Failure>,
    ) -> Result<(), Failure> {
        self.keep.as_mut().map_or(Ok(()), |keep| keep.checkpoint(ended, snapshot))
    }
}

/// A trial: only its end is shown.
struct Trying(Progress);

impl Observer for Trying {
    fn stops(&self) -> bool {
        interrupt::requested()
    }

    fn evaluated(&mut self, _: &Record) -> Result<(), Failure> {
        Ok(())
    }

    fn stepped(&mut self, step: usize, spent: f64, direction: Option<&StepRecord>) -> Result<(), Failure> {
        self.0.step(step, spent, direction);
        Ok(())
    }
}
