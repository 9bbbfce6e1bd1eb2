//! [`TrialRun`]: a short run by which a learning rate is judged.

use dualgn_io::Failure;

use crate::checkpoint::Ended;
use crate::method::Method;
use crate::record::{Status, Trial};
use crate::schedule::Budget;
use crate::session::Session;
use crate::subject::Subject;
use crate::trainer::{Moment, Trainer};

/// A trial of a learning rate takes this part of the budget.
const PART: f64 = 0.2;

/// A run with one learning rate for a part of a budget; an iterator as its [`Trainer`] is.
pub struct TrialRun<'a, S: Subject> {
    trainer: Trainer<'a, S>,
    rate: f64,
    /// At the last evaluation.
    train_loss: Option<f64>,
}

impl<'a, S: Subject> TrialRun<'a, S> {
    /// Begins the trial of a rate, where the budget is that of the run which it is for.
    ///
    /// # Errors
    /// The batches cannot be made.
    pub fn new(session: &'a Session<S>, method: Method, rate: f64, budget: Budget) -> Result<Self, Failure> {
        let budget = match budget {
            Budget::Steps(steps) => Budget::Steps(((steps as f64 * PART).ceil() as usize).max(1)),
            Budget::Seconds(seconds) => Budget::Seconds(seconds * PART),
        };
        Ok(Self { trainer: Trainer::new(session, method, rate, budget, None)?, rate, train_loss: None })
    }

    /// Asks before each step whether the trial is to stop there.
    pub fn stopping(self, stops: impl Fn() -> bool + 'a) -> Self {
        Self { trainer: self.trainer.stopping(stops), ..self }
    }

    /// Returns how the trial ended; `None` as long as it goes on.
    pub fn ended(&self) -> Option<&Ended> {
        self.trainer.ended()
    }

    /// Returns what the rate has come to so far.
    pub fn trial(&self) -> Trial {
        let has_diverged = self.ended().is_some_and(|ended| ended.status == Status::Diverged);
        let train_loss = self.train_loss.filter(|loss| loss.is_finite() && !has_diverged);
        Trial { learning_rate: self.rate, train_loss }
    }
}

impl<S: Subject> Iterator for TrialRun<'_, S> {
    type Item = Result<Moment, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let moment = self.trainer.next();
        if let Some(Ok(Moment { record: Some(record), .. })) = &moment {
            self.train_loss = Some(record.train_loss);
        }
        moment
    }
}
