//! [`Trainer`]: a run of one method, step by step.

use std::time::Instant;

use burn::module::Module;
use dualgn::error::Fault;
use dualgn_io::number::memory as memory_words;
use dualgn_io::{Failure, memory};
use dualgn_networks::{Tensors, weights, with_weights};

use super::checkpoint::{Best, Checkpoint, Ended};
use super::method::{Guide, Method, Steps};
use super::schedule::{Budget, Schedule};
use super::session::Session;
use super::subject::{Evaluation, Subject};
use super::taker::Taker;
use crate::picture::Raster;
use crate::record::{Record, Status, StepRecord};

/// Passes over the data that a run of patience goes on for at least, after its best.
const GRACE: usize = 20;

/// A run of one method, as an iterator: each item is the state after one step, the first that before any. It ends with the state that
/// says how the run ended, or with an error.
pub struct Trainer<'a, S: Subject> {
    session: &'a Session<S>,
    method: Method,
    taker: Taker<S::Loss>,
    batches: S::Batches,
    schedule: Schedule,
    model: S::Model,
    step: usize,
    /// Of training, without evaluations.
    seconds: f64,
    best: Option<Best>,
    /// The step of the last evaluation.
    evaluated: Option<usize>,
    /// Whether the last step found nothing better than staying.
    stays: bool,
    has_begun: bool,
    has_failed: bool,
    ended: Option<Ended>,
    stops: Box<dyn Fn() -> bool + 'a>,
}

/// The state of a run between two steps.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Steps taken.
    pub step: usize,
    /// The part of the budget that is spent.
    pub spent: f64,
    /// The step that led here, if it went along a direction.
    pub direction: Option<StepRecord>,
    /// The evaluation, where one is due.
    pub record: Option<Record>,
    /// How the run ended, if it has.
    pub ended: Option<Ended>,
}

impl Moment {
    /// Whether there is something to keep: weights without a finite loss are not, unless they say why the run could not go on.
    pub fn is_worth_keeping(&self) -> bool {
        let has_reason = self.ended.as_ref().is_some_and(|ended| ended.reason.is_some());
        has_reason || self.record.as_ref().is_none_or(|record| record.train_loss.is_finite())
    }
}

/// Checks that memory has room for the matrix of a quasi-Newton method, and for a copy in a checkpoint.
fn check_room(method: Method, parameters: usize) -> Result<(), Failure> {
    let bytes = 16 * (parameters as u64).saturating_pow(2);
    if !matches!(method.steps, Steps::QuasiNewton(_)) || bytes <= memory::budget() {
        return Ok(());
    }
    let (needed, allowed) = (memory_words(bytes), memory_words(memory::budget()));
    let message = format!(
        "{} keeps a matrix of {parameters} times {parameters} numbers, which takes {needed}, more than the {allowed} that may be used",
        method.name
    );
    Err(Failure::input(message).hint("take `--method lbfgs`, or a smaller network"))
}

impl<'a, S: Subject> Trainer<'a, S> {
    /// Begins a run at the initial model of a session, or goes on from a checkpoint.
    ///
    /// # Errors
    /// The checkpoint does not fit the network or the method, the batches cannot be made, or memory has no room for what the method
    /// carries.
    pub fn new(
        session: &'a Session<S>,
        method: Method,
        rate: f64,
        budget: Budget,
        from: Option<Checkpoint>,
    ) -> Result<Self, Failure> {
        check_room(method, session.model.num_params())?;
        let mut taker = Taker::new(method, rate, session.oracle(method));
        let mut model = session.model.clone();
        let (mut step, mut seconds, mut best, mut points, mut ended) = (0, 0.0, None, Tensors::new(), None);
        if let Some(from) = from {
            (step, seconds, best, ended) = (from.step, from.seconds, from.best, from.ended);
            model = with_weights(model, from.weights)?;
            // Nothing more is taken of a run that has ended, and the state of one that diverged is not finite.
            if ended.is_none() {
                taker = taker.restore(from.taker)?;
            }
            points = from.batches;
        }
        Ok(Self {
            session,
            method,
            taker,
            batches: session.subject.batches(session.batch(method), step, &points)?,
            schedule: Schedule::new(budget, step, seconds),
            model,
            step,
            seconds,
            best,
            evaluated: None,
            stays: false,
            has_begun: false,
            has_failed: false,
            ended,
            stops: Box::new(|| false),
        })
    }

    /// Asks before each step whether the run is to stop there.
    pub fn stopping(self, stops: impl Fn() -> bool + 'a) -> Self {
        Self { stops: Box::new(stops), ..self }
    }

    /// Returns how the run ended; `None` as long as it goes on, and after an error.
    pub fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// What is trained.
    pub(crate) fn session(&self) -> &'a Session<S> {
        self.session
    }

    /// The model as it is now.
    pub fn model(&self) -> &S::Model {
        &self.model
    }

    /// Gives the model back.
    pub fn into_model(self) -> S::Model {
        self.model
    }

    /// Draws the model as it is now, if its subject has pictures on the way.
    ///
    /// # Errors
    /// The device fails.
    pub fn frame(&self) -> Result<Option<Raster>, Failure> {
        self.session.subject.frame(&self.model)
    }

    /// Reads everything that the run needs to go on from here; whose run it is and what was recorded are left to the caller.
    ///
    /// # Errors
    /// The device fails.
    pub fn snapshot(&self) -> Result<Checkpoint, Failure> {
        Ok(Checkpoint {
            run: String::new(),
            step: self.step,
            seconds: self.seconds,
            weights: weights(&self.model)?,
            taker: self.taker.state()?,
            batches: self.session.subject.state(&self.batches),
            best: self.best,
            records: vec![],
            ended: None,
        })
    }

    /// Takes a step and looks at where it led.
    fn advance(&mut self) -> Result<Moment, Failure> {
        let mut direction = None;
        if std::mem::replace(&mut self.has_begun, true) {
            match self.take() {
                Ok(taken) => direction = taken,
                Err(Stuck::Diverged(reason)) => return self.diverged(reason),
                Err(Stuck::Failed(failure)) => return Err(failure),
            }
        }
        let stop = (self.stops)();
        let spent = self.schedule.spent(self.step, self.seconds);
        let is_whole = self.session.subject.is_whole(self.session.batch(self.method));
        let ends = spent >= 1.0 || stop || (self.stays && is_whole);
        let is_due = self.schedule.due(self.step, self.seconds);
        let record = if is_due || ends { Some(self.evaluate()?) } else { None };
        let reached = record.as_ref().and_then(|record| match (record.train_loss, self.session.target_loss) {
            (loss, _) if !loss.is_finite() => Some(Status::Diverged),
            (loss, Some(target)) if loss <= target => Some(Status::Reached),
            _ => None,
        });
        let status = reached.or(match () {
            () if stop => Some(Status::Interrupted),
            () if spent >= 1.0 => Some(Status::Finished),
            () if self.is_out_of_patience() => Some(Status::EarlyStopped),
            () if ends => Some(Status::Converged),
            () => None,
        });
        let ended = status.map(|status| Ended { status, reason: None });
        Ok(Moment { step: self.step, spent, direction, record, ended })
    }

    /// Takes a step.
    fn take(&mut self) -> Result<Option<StepRecord>, Stuck> {
        let session = self.session;
        let start = Instant::now();
        let part = self.part(self.schedule.spent(self.step, self.seconds));
        let batch = session.subject.next(&mut self.batches, &self.model).map_err(Stuck::Failed)?;
        let (next, taken) = self.taker.step(part, &session.subject, self.model.clone(), batch).map_err(|error| {
            match error.fault() {
                // The method cannot go on from here, and the others go on.
                Fault::Numerics => Stuck::Diverged(error.to_string()),
                _ => Stuck::Failed(error.into()),
            }
        })?;
        self.model = next;
        self.seconds += start.elapsed().as_secs_f64();
        self.step += 1;
        let direction = taken.record(self.step);
        self.stays = direction.as_ref().is_some_and(|direction| direction.rate == Some(0.0));
        Ok(direction)
    }

    /// The end of a run whose method cannot go on. The steps until here count.
    fn diverged(&mut self, reason: String) -> Result<Moment, Failure> {
        let record = if self.evaluated == Some(self.step) { None } else { Some(self.evaluate()?) };
        let ended = Some(Ended { status: Status::Diverged, reason: Some(reason) });
        let spent = self.schedule.spent(self.step, self.seconds);
        Ok(Moment { step: self.step, spent, direction: None, record, ended })
    }

    fn evaluate(&mut self) -> Result<Record, Failure> {
        let Self { session, method, step, seconds, .. } = *self;
        let Evaluation { train_loss, test_loss, test_metric } = session.subject.evaluate(&self.model)?;
        let epoch = (step * session.batch(method)) as f64 / session.subject.examples() as f64;
        self.evaluated = Some(step);
        if test_loss < self.best.map_or(f64::INFINITY, |best| best.loss) {
            self.best = Some(Best { step, loss: test_loss });
        }
        Ok(Record { step, epoch, seconds, train_loss, test_loss, test_metric })
    }

    /// Whether the test loss has not fallen for so long that a run of patience ends.
    fn is_out_of_patience(&self) -> bool {
        let Self { session, step, best, .. } = self;
        session.patience && best.is_some_and(|best| *step > 2 * best.step + GRACE * session.steps_per_epoch())
    }

    /// The part of the rate that is taken once so much of the budget is spent. Batches disagree, and what a whole step gains on one it
    /// loses on others: annealed methods take shorter ones towards the end.
    fn part(&self, spent: f64) -> f64 {
        let is_annealed = matches!(self.method.steps, Steps::Guided(Guide { annealed: true, .. }));
        let is_whole = self.session.subject.is_whole(self.session.batch(self.method));
        if is_annealed && !is_whole { (2.0 * (1.0 - spent)).min(1.0) } else { 1.0 }
    }
}

/// Why a step was not taken.
enum Stuck {
    /// The method has no step from here.
    Diverged(String),
    /// The machine or the data failed.
    Failed(Failure),
}

impl<S: Subject> Iterator for Trainer<'_, S> {
    type Item = Result<Moment, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed || self.ended.is_some() {
            return None;
        }
        let moment = self.advance();
        match &moment {
            Ok(moment) => self.ended.clone_from(&moment.ended),
            Err(_) => self.has_failed = true,
        }
        Some(moment)
    }
}
