//! [`Keep`]: the checkpoints of a run.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dualgn_io::Failure;
use dualgn_train::record::{Record, Status, StepRecord};
use dualgn_train::{Checkpoint, Ended};

/// Writes checkpoints every now and then; and what a run goes on from, if it is resumed.
pub(super) struct Keep {
    /// Where they are.
    folder: PathBuf,
    /// Between two of them, at least.
    every: Duration,
    /// The identity of the run.
    run: String,
    /// The checkpoint that the run goes on from.
    pub from: Option<Checkpoint>,
    /// Evaluations and steps until there.
    pub earlier: (Vec<Record>, Vec<StepRecord>),
    last: Instant,
    /// All evaluations.
    records: Vec<Record>,
    /// The lowest test loss so far, and whether it is of the current weights.
    best: f64,
    is_best: bool,
}

impl Keep {
    /// Of a new run, with so many seconds between checkpoints at least.
    pub(super) fn new(folder: PathBuf, seconds: f64, run: String) -> Self {
        Self {
            folder,
            // Longer than any run.
            every: Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX),
            run,
            from: None,
            earlier: Default::default(),
            last: Instant::now(),
            records: vec![],
            best: f64::INFINITY,
            is_best: false,
        }
    }

    /// Goes on from a checkpoint, with the steps that were recorded until there.
    pub(super) fn resuming(mut self, from: Checkpoint, steps: Vec<StepRecord>) -> Self {
        self.best = from.best.map_or(f64::INFINITY, |best| best.loss);
        let records = from.records_before_going_on();
        self.records.clone_from(&records);
        (self.from, self.earlier) = (Some(from), (records, steps));
        self
    }

    /// Notes an evaluation of the current weights.
    pub(super) fn evaluated(&mut self, record: &Record) {
        self.records.push(record.clone());
        if record.test_loss < self.best {
            (self.best, self.is_best) = (record.test_loss, true);
        }
    }

    /// Writes a checkpoint if it is time, and the best weights if these are.
    pub(super) fn checkpoint(
        &mut self,
        ended: Option<&Ended>,
        snapshot: &mut dyn FnMut() -> Result<Checkpoint, Failure>,
    ) -> Result<(), Failure> {
        let is_due = ended.is_some() || self.last.elapsed() >= self.every;
        let is_best = std::mem::take(&mut self.is_best);
        if !(is_due || is_best) {
            return Ok(());
        }
        let mut snapshot = snapshot()?;
        snapshot.run.clone_from(&self.run);
        snapshot.records.clone_from(&self.records);
        // One that is interrupted goes on.
        snapshot.ended = ended.filter(|ended| ended.status != Status::Interrupted).cloned();
        if is_best {
            snapshot.save_best(&self.folder)?;
        }
        if is_due {
            snapshot.save(&self.folder)?;
            self.last = Instant::now();
        }
        Ok(())
    }
}
