//! [`Keep`]: the checkpoints of a run.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::record::{Record, StepRecord};
use crate::train::Checkpoint;

/// Writes checkpoints every now and then; and what a run goes on from, if it is resumed.
pub struct Keep {
    /// Where they are.
    pub folder: PathBuf,
    /// Between two of them, at least.
    pub every: Duration,
    /// The checkpoint that the run goes on from.
    pub from: Option<Checkpoint>,
    /// Evaluations and steps until there.
    pub earlier: (Vec<Record>, Vec<StepRecord>),
    last: Instant,
    /// The lowest test loss so far, and whether it is of the current weights.
    best: f64,
    is_best: bool,
}

impl Keep {
    /// Of a new run.
    pub fn new(folder: PathBuf, every: Duration) -> Self {
        Self {
            folder,
            every,
            from: None,
            earlier: Default::default(),
            last: Instant::now(),
            best: f64::INFINITY,
            is_best: false,
        }
    }

    /// Goes on from a checkpoint, with what was recorded until there.
    pub fn resuming(mut self, from: Checkpoint, records: Vec<Record>, steps: Vec<StepRecord>) -> Self {
        self.best = records.iter().map(|record| record.test_loss).fold(f64::INFINITY, f64::min);
        (self.from, self.earlier) = (Some(from), (records, steps));
        self
    }

    /// Notes an evaluation of the current weights.
    pub fn evaluated(&mut self, record: &Record) {
        if record.test_loss < self.best {
            (self.best, self.is_best) = (record.test_loss, true);
        }
    }

    /// Writes a checkpoint if it is time, and the best weights if these are.
    pub fn checkpoint(
        &mut self,
        is_end: bool,
        snapshot: &mut dyn FnMut() -> Result<Checkpoint, Failure>,
    ) -> Result<(), Failure> {
        let is_due = is_end || self.last.elapsed() >= self.every;
        let is_best = std::mem::take(&mut self.is_best);
        if !(is_due || is_best) {
            return Ok(());
        }
        let snapshot = snapshot()?;
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
