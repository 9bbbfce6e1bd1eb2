//! One method of a command: a search for its learning rate, then the run that is reported; both are shown as they go on.

use std::path::Path;

use dualgn_io::Failure;
use dualgn_report::Film;
use dualgn_train::record::{MethodRun, Metric, Status};
use dualgn_train::run::{Rate, Recorder, TrialRun};
use dualgn_train::{Budget, Checkpoint, Ended, Method, Session, Subject, Trainer};

use crate::interrupt::{self, Stopping};
use crate::progress::Progress;
use crate::terminal;

/// What all recorded runs of a command share.
#[derive(Clone, Copy)]
pub(super) struct Running<'a> {
    /// When a run ends.
    pub budget: Budget,
    /// The identity of the run.
    pub run: &'a str,
    /// What the test metric is.
    pub metric: Metric,
    /// Where records go.
    pub folder: &'a Path,
    /// Seconds between checkpoints; `None` for no checkpoints.
    pub checkpoint: Option<f64>,
    /// Whether to show nothing meanwhile.
    pub quiet: bool,
}

/// The rate that is given, or the method's best on a part of the budget each.
pub(super) fn choose_rate<S: Subject>(
    session: &Session<S>,
    method: Method,
    given: Option<f64>,
    metric: Metric,
    quiet: bool,
) -> Result<Rate, Failure> {
    if let Some(rate) = Rate::without_trials(method, given) {
        return Ok(rate);
    }
    let mut trials = vec![];
    for &rate in method.rates {
        if interrupt::requested() {
            break;
        }
        let mut progress = Progress::start(&format!("{}, rate {rate}", method.name), metric, quiet);
        let stopping = Stopping::begin();
        let mut run = TrialRun::new(session, method, rate, session.budget)?.stopping(interrupt::requested);
        for moment in &mut run {
            progress.step(&moment?);
        }
        drop(stopping);
        let trial = run.trial();
        let loss = trial.train_loss.map(|loss| format!("loss {loss:.3e}"));
        progress.finish(&loss.or(run.ended().map(clause)).unwrap_or_default());
        trials.push(trial);
    }
    Ok(Rate::best(method, trials))
}

/// What a run leaves.
pub(super) struct Outcome<M> {
    /// What was measured.
    pub run: MethodRun,
    /// The trained model.
    pub model: M,
    /// How it ended.
    pub ended: Ended,
}

/// Trains with a rate, perhaps from a checkpoint on; everything is shown and written as it happens.
pub(super) fn recorded_run<S: Subject>(
    session: &Session<S>,
    method: Method,
    rate: Rate,
    running: Running,
    from: Option<Checkpoint>,
) -> Result<Outcome<S::Model>, Failure> {
    let Running { budget, run, metric, folder, checkpoint, quiet } = running;
    let mut recorder = Recorder::start(folder, run, method, metric, from.as_ref())?;
    if let Some(seconds) = checkpoint {
        recorder = recorder.keeping(seconds);
    }
    if let Some(remark) = recorder.remark() {
        terminal::say(format!("note: {remark}"));
    }
    let own = folder.join(method.name);
    let film = Film::start(&own, from.as_ref().map(Checkpoint::goes_on_at))?;
    let mut progress = Progress::start(method.name, metric, quiet);
    let stopping = Stopping::begin();
    let mut trainer = Trainer::new(session, method, rate.rate, budget, from)?.stopping(interrupt::requested);
    while let Some(moment) = trainer.next() {
        let moment = moment?;
        progress.step(&moment);
        if let Some(record) = &moment.record {
            progress.evaluated(record);
            // Before the checkpoint, after which a run that has ended makes no picture of its last step.
            if let Some(picture) = trainer.frame()? {
                film.add(moment.step, &picture)?;
            }
        }
        recorder.note(&moment, &trainer)?;
    }
    drop(stopping);
    film.finish(&own.join("movie.png"))?;
    let ended = trainer.ended().cloned().ok_or_else(|| Failure::run("the run ended without a result".into()))?;
    progress.finish(&clause(&ended));
    let run = recorder.finish(&trainer, rate);
    Ok(Outcome { run, model: trainer.into_model(), ended })
}

/// How a run ended, as a part of a sentence that goes on.
fn clause(ended: &Ended) -> String {
    match (ended.status, &ended.reason) {
        (Status::Converged, _) | (Status::Diverged, None) => format!("{ended},"),
        _ => ended.to_string(),
    }
}
