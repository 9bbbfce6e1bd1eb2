//! One method of a command: a search for its learning rate, then the run that is reported.

use dualgn_io::{Failure, memory};
use dualgn_train::events::Events;
use dualgn_train::record::{MethodRun, Metric, Record, Status, StepRecord, Trial};
use dualgn_train::{Budget, Ended, Method, Moment, Session, Subject, Trainer};

use super::film::Film;
use super::keep::Keep;
use super::output::{Lines, Output};
use crate::interrupt::{self, Stopping};
use crate::progress::Progress;

/// A trial of a learning rate takes this part of the budget.
const TRIAL: f64 = 0.2;

/// What all runs of a command share.
#[derive(Clone, Copy)]
pub(super) struct Running<'a> {
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
pub(super) struct Rate {
    /// The rate.
    pub rate: f64,
    /// The trials, best first; none if the rate was given, or there is one alone.
    pub trials: Vec<Trial>,
    /// How it came about, in words.
    pub words: String,
}

/// The rate that is given, or the method's best on a part of the budget each.
pub(super) fn choose_rate<S: Subject>(
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

/// What a run leaves.
pub(super) struct Outcome<M> {
    /// What was measured.
    pub run: MethodRun,
    /// The trained model.
    pub model: M,
    /// Why a diverged run could not go on, if a direction failed.
    pub reason: Option<String>,
}

/// Trains with a rate; everything is shown and written as it happens.
pub(super) fn recorded_run<S: Subject>(
    session: &Session<S>,
    method: Method,
    rate: Rate,
    running: Running,
    keep: Option<Keep>,
) -> Result<Outcome<S::Model>, Failure> {
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
        records: vec![],
        directions: vec![],
        progress: Progress::start(method.name, metric, quiet),
        metrics: output.lines(method.name, "metrics", run, &earlier.0)?,
        steps: method.model.map(|_| output.lines(method.name, "steps", run, &earlier.1)).transpose()?,
        events: Events::start(&output.folder().join(method.name), metric, again)?,
        keep,
        film: Film::start(&output.folder().join(method.name), again)?,
    };
    memory::reset_peak();
    let stopping = Stopping::begin();
    let before = from.as_ref().and_then(|from| from.ended.clone());
    let mut trainer = Trainer::new(session, method, rate, budget, from)?.stopping(interrupt::requested);
    let mut ended = before;
    while let Some(moment) = trainer.next() {
        let moment = moment?;
        recording.note(&moment, &trainer)?;
        ended = moment.ended.or(ended);
    }
    drop(stopping);
    let model = trainer.into_model();
    let Ended { status, reason } = ended.ok_or_else(|| Failure::run("the run ended without a result".into()))?;
    recording.film.finish(&output.folder().join(method.name).join("movie.png"))?;
    recording.progress.finish(&ending(status, reason.as_deref()));
    if let Some(reason) = &reason {
        settings = format!("{settings}; {reason}");
    }
    let (mut records, mut directions) = earlier;
    records.append(&mut recording.records);
    directions.append(&mut recording.directions);
    let run = MethodRun {
        run: run.to_owned(),
        method: method.name.into(),
        title: method.title.into(),
        settings,
        trials,
        status,
        records,
        directions,
        peak_memory: memory::peak(),
    };
    Ok(Outcome { run, model, reason })
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
        let mut progress = Progress::start(&label, running.metric, running.quiet);
        let stopping = Stopping::begin();
        let (mut last, mut ended) = (None, None);
        for moment in Trainer::new(session, method, rate, budget, None)?.stopping(interrupt::requested) {
            let moment = moment?;
            progress.step(moment.step, moment.spent, moment.direction.as_ref());
            last = moment.record.map(|record| record.train_loss).or(last);
            ended = moment.ended;
        }
        drop(stopping);
        let Ended { status, reason } = ended.ok_or_else(|| Failure::run("the trial ended without a result".into()))?;
        let train_loss = last.filter(|loss| loss.is_finite() && status != Status::Diverged);
        progress
            .finish(&train_loss.map_or_else(|| ending(status, reason.as_deref()), |loss| format!("loss {loss:.3e}")));
        trials.push(Trial { learning_rate: rate, train_loss });
    }
    let badness = |trial: &Trial| trial.train_loss.unwrap_or(f64::INFINITY);
    trials.sort_by(|a, b| badness(a).total_cmp(&badness(b)));
    Ok(trials)
}

/// How a run ended, in words.
pub(super) fn ending(status: Status, reason: Option<&str>) -> String {
    match (status, reason) {
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
    records: Vec<Record>,
    directions: Vec<StepRecord>,
}

impl Recording {
    /// Shows, writes and keeps a moment of the run.
    fn note<S: Subject>(&mut self, moment: &Moment, trainer: &Trainer<S>) -> Result<(), Failure> {
        let Moment { step, spent, direction, record, ended } = moment;
        self.progress.step(*step, *spent, direction.as_ref());
        if let Some(direction) = direction {
            self.events.stepped(direction)?;
            if let Some(steps) = &mut self.steps {
                steps.append(direction)?;
            }
            self.directions.push(direction.clone());
        }
        if let Some(record) = record {
            self.progress.evaluated(record);
            if let Some(keep) = &mut self.keep {
                keep.evaluated(record);
            }
            self.events.evaluated(record)?;
            self.metrics.append(record)?;
            if let Some(picture) = trainer.frame()? {
                self.film.add(*step, &picture)?;
            }
        }
        if moment.is_worth_keeping() {
            self.records.extend(record.clone());
            if let Some(keep) = &mut self.keep {
                keep.checkpoint(ended.as_ref(), &mut || trainer.snapshot())?;
            }
        }
        Ok(())
    }
}
