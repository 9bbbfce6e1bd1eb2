//! [`Recorder`]: what a run measures, written as it happens.

use std::path::Path;

use dualgn_io::{Failure, memory};

use super::keep::Keep;
use super::lines::{Lines, steps};
use super::rate::Rate;
use crate::checkpoint::{Checkpoint, folder as checkpoints};
use crate::events::Events;
use crate::method::Method;
use crate::record::{MethodRun, Metric, Record, Status, StepRecord};
use crate::session::Session;
use crate::subject::Subject;
use crate::trainer::{Moment, Trainer};

/// Writes the evaluations and the steps of a run, events for TensorBoard and checkpoints into its folder, and keeps what is reported.
pub struct Recorder {
    run: String,
    method: Method,
    metrics: Lines,
    /// Of methods that step along directions.
    steps: Option<Lines>,
    events: Events,
    keep: Keep,
    records: Vec<Record>,
    directions: Vec<StepRecord>,
    remark: Option<String>,
}

impl Recorder {
    /// Starts the files of a method in the folder of a run, whose identity they carry; of a run that goes on, with what was recorded
    /// until its checkpoint.
    ///
    /// # Errors
    /// The folder cannot be written to, or holds the steps of another run.
    pub fn start(
        folder: &Path,
        run: &str,
        method: Method,
        metric: Metric,
        from: Option<&Checkpoint>,
    ) -> Result<Self, Failure> {
        let own = folder.join(method.name);
        let records = from.map_or_else(Vec::new, Checkpoint::records_before_going_on);
        let directions = from.map_or_else(|| Ok(vec![]), |from| steps(&own, run, from.step))?;
        let recorder = Self {
            run: run.to_owned(),
            method,
            metrics: Lines::start(&own, "metrics", run, &records)?,
            steps: method.model.map(|_| Lines::start(&own, "steps", run, &directions)).transpose()?,
            events: Events::start(&own, metric, from.map(Checkpoint::goes_on_at))?,
            keep: Keep::new(checkpoints(folder), from),
            remark: from.and_then(|from| lost(&own, method, directions.len(), from.step)),
            records,
            directions,
        };
        memory::reset_peak();
        Ok(recorder)
    }

    /// Writes checkpoints too, with so many seconds between them at least; 0 writes one after every step.
    pub fn keeping(self, seconds: f64) -> Self {
        Self { keep: self.keep.every(seconds), ..self }
    }

    /// Returns what the user should know of the files that were there, as a clause.
    pub fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
    }

    /// Writes and keeps a moment of a run, which the trainer is at.
    ///
    /// # Errors
    /// A file cannot be written, or the device fails.
    pub fn note<S: Subject>(&mut self, moment: &Moment, trainer: &Trainer<S>) -> Result<(), Failure> {
        if let Some(direction) = &moment.direction {
            self.events.stepped(direction)?;
            if let Some(steps) = &mut self.steps {
                steps.append(direction)?;
            }
            self.directions.push(direction.clone());
        }
        if let Some(record) = &moment.record {
            self.keep.evaluated(record);
            self.events.evaluated(record)?;
            self.metrics.append(record)?;
        }
        if moment.is_worth_keeping() {
            self.records.extend(moment.record.clone());
            self.keep.checkpoint(trainer, &self.run, &self.records)?;
        }
        Ok(())
    }

    /// Returns what was measured of a run with a rate. One that has not ended counts as interrupted.
    pub fn finish<S: Subject>(self, trainer: &Trainer<S>, rate: Rate) -> MethodRun {
        let Self { run, method, records, directions, .. } = self;
        let (status, reason) = match trainer.ended() {
            Some(ended) => (ended.status, ended.reason.as_deref()),
            None => (Status::Interrupted, None),
        };
        let Rate { trials, words, .. } = rate;
        MethodRun {
            run,
            method: method.name.into(),
            title: method.title.into(),
            settings: settings(trainer.session(), method, words, reason),
            trials,
            status,
            records,
            directions,
            peak_memory: memory::peak(),
        }
    }
}

/// What is to be said of steps that a run recorded before a checkpoint and that are lost; it costs nothing but their place on its page.
fn lost(own: &Path, method: Method, found: usize, taken: usize) -> Option<String> {
    let file = own.join("steps.jsonl");
    let is_lost = method.model.is_some() && found < taken;
    is_lost
        .then(|| format!("{} has only {found} of {taken} steps; the others are missing from the page", file.display()))
}

/// The settings of a run, from the words about its rate on; and why it ended, if it could not go on.
fn settings<S: Subject>(session: &Session<S>, method: Method, rate: String, reason: Option<&str>) -> String {
    let mut settings = rate;
    if method.model.is_some() {
        settings = format!("{settings}; damping {} × loss", session.damping(method));
        if let Some(choice) = &session.choice {
            settings = format!("{settings}; {}", choice.describe());
        }
    }
    match reason {
        Some(reason) => format!("{settings}; {reason}"),
        None => settings,
    }
}
