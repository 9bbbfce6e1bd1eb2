//! [`Keep`]: the checkpoints of a run.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dualgn_io::Failure;

use crate::checkpoint::Checkpoint;
use crate::record::{Record, Status};
use crate::subject::Subject;
use crate::trainer::Trainer;

/// Writes checkpoints every now and then, and at the end.
pub(crate) struct Keep {
    /// Where they are.
    folder: PathBuf,
    /// Between two of them, at least; `None` if there are none.
    every: Option<Duration>,
    last: Instant,
    /// The lowest test loss so far, and whether it is of the current weights.
    best: f64,
    is_best: bool,
}

impl Keep {
    /// Of a run that perhaps goes on from a checkpoint; writes nothing yet.
    pub(crate) fn new(folder: PathBuf, from: Option<&Checkpoint>) -> Self {
        let best = from.and_then(|from| from.best).map_or(f64::INFINITY, |best| best.loss);
        Self { folder, every: None, last: Instant::now(), best, is_best: false }
    }

    /// With so many seconds between checkpoints at least.
    pub(crate) fn every(self, seconds: f64) -> Self {
        // At most longer than any run.
        Self { every: Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)), ..self }
    }

    /// Notes an evaluation of the current weights.
    pub(crate) fn evaluated(&mut self, record: &Record) {
        if record.test_loss < self.best {
            (self.best, self.is_best) = (record.test_loss, true);
        }
    }

    /// Writes a checkpoint of a run and its evaluations so far if it is time, and the best weights if these are.
    pub(crate) fn checkpoint<S: Subject>(
        &mut self,
        trainer: &Trainer<S>,
        run: &str,
        records: &[Record],
    ) -> Result<(), Failure> {
        let Some(every) = self.every else { return Ok(()) };
        let ended = trainer.ended();
        let is_due = ended.is_some() || self.last.elapsed() >= every;
        let is_best = std::mem::take(&mut self.is_best);
        if !(is_due || is_best) {
            return Ok(());
        }
        let snapshot = Checkpoint {
            run: run.to_owned(),
            records: records.to_vec(),
            // One that is interrupted goes on.
            ended: ended.filter(|ended| ended.status != Status::Interrupted).cloned(),
            ..trainer.snapshot()?
        };
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
