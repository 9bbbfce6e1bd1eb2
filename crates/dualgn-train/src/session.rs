//! One run of one method: steps, evaluations, records.

use std::time::Instant;

use dualgn::{Damping, Direction, Fault, GaussNewton, Route, Solver, StepReport};
use dualgn_io::Failure;
use dualgn_networks::{Tensors, weights, with_weights};

use super::checkpoint::{Best, Checkpoint, Ended};
use super::method::{Guide, Method, Steps, Way};
use super::model::ProxLinear;
use super::schedule::{Budget, Schedule};
use super::subject::{BatchOf, Evaluation, Subject};
use super::taker::{Taken, Taker};
use super::way::SolverChoice;
use crate::picture::Raster;
use crate::record::{Record, Status, StepRecord};

/// Passes over the data that a run of patience goes on for at least, after its best.
const GRACE: usize = 20;

/// What a run leaves.
pub struct Outcome<M> {
    /// The trained model.
    pub model: M,
    /// How it ended.
    pub status: Status,
    /// Why a diverged run could not go on, if a direction failed.
    pub reason: Option<String>,
    /// Its evaluations.
    pub records: Vec<Record>,
    /// Its steps along directions; none for first-order methods.
    pub directions: Vec<StepRecord>,
}

/// Who chose the damping, for each unit of loss.
#[derive(Clone, Copy, Debug)]
pub enum DampingChoice {
    /// The user: it holds for all methods.
    User(f64),
    /// The problem's default, which methods multiply by a factor of their own.
    Problem(f64),
}

/// Who sees a run as it happens.
pub trait Observer {
    /// The model was evaluated.
    fn evaluated(&mut self, record: &Record) -> Result<(), Failure>;

    /// Step number `step` was taken, which brings the part of the budget that is spent to `spent`; methods that step
    /// along directions have a record of it.
    fn stepped(&mut self, step: usize, spent: f64, direction: Option<&StepRecord>) -> Result<(), Failure>;

    /// The same moment, and a picture of the model then, if there is one.
    fn pictured(
        &mut self,
        step: usize,
        picture: &mut dyn FnMut() -> Result<Option<Raster>, Failure>,
    ) -> Result<(), Failure> {
        let _ = (step, picture);
        Ok(())
    }

    /// Whether the run is to stop here; it is asked before every step.
    fn stops(&self) -> bool {
        false
    }

    /// A moment at which the run could be kept; where it ends or is interrupted it should be. `snapshot` takes the time that reading it
    /// from the device takes.
    fn checkpoint(
        &mut self,
        ended: Option<&Ended>,
        snapshot: &mut dyn FnMut() -> Result<Checkpoint, Failure>,
    ) -> Result<(), Failure> {
        let _ = (ended, snapshot);
        Ok(())
    }
}

/// Everything the runs of one problem share. All methods start from the same weights and see the same batches.
pub struct Session<S: Subject> {
    /// What is trained.
    pub subject: S,
    /// The initial model, on an autodiff device.
    pub model: S::Model,
    /// Loss and solver of the directions.
    pub oracle: GaussNewton<S::Loss>,
    /// How exact prox-linear directions are.
    pub prox_linear: ProxLinear,
    /// Damping for each unit of loss: the user's for every method, or the problem's.
    pub damping: DampingChoice,
    /// Damping when the loss is zero: below it, the float type has no digits left for the system.
    pub least_damping: f64,
    /// Examples in a batch.
    pub batch: usize,
    /// The solver and the route of all directions; `None` for whatever is best at each.
    pub choice: Option<SolverChoice>,
    /// A training loss at which a run may end.
    pub target_loss: Option<f64>,
    /// Whether a run ends once the test loss has not fallen for long: for as many steps as it took to fall, and some more.
    pub patience: bool,
}

impl<S: Subject> Session<S> {
    /// Damping of a method's directions for each unit of loss.
    pub fn damping(&self, method: Method) -> f64 {
        match self.damping {
            DampingChoice::User(factor) => factor,
            DampingChoice::Problem(factor) => factor * method.damping_factor,
        }
    }

    /// Examples in a batch of a method.
    pub fn batch(&self, method: Method) -> usize {
        if method.full_batch { self.subject.examples() } else { self.batch.min(self.subject.examples()) }
    }

    /// Steps in one pass over the training examples.
    pub fn steps_per_epoch(&self) -> usize {
        (self.subject.examples() / self.batch.min(self.subject.examples()).max(1)).max(1)
    }

    /// The batch of a method's first step.
    pub fn first_batch(&self, method: Method) -> Result<BatchOf<S>, Failure> {
        let mut batches = self.subject.batches(self.batch(method), 0, &Tensors::new())?;
        self.subject.next(&mut batches, &self.model)
    }

    /// The oracle of a method's directions; `None` for methods without.
    pub fn oracle(&self, method: Method) -> Option<GaussNewton<S::Loss>> {
        let model = method.model?;
        let damping = Damping::RelativeToLoss { factor: self.damping(method), least: self.least_damping };
        let oracle = self.oracle.clone().model(model.model(self.prox_linear)).damping(damping);
        let oracle = match method.steps {
            Steps::Guided(Guide { way: Way::Exact, .. }) => oracle.solver(Solver::Cholesky),
            Steps::Guided(Guide { way: Way::PrimalIterations, .. }) => oracle.route(Route::PrimalMatrixFree),
            Steps::Guided(Guide { way: Way::Nystrom(rank), .. }) => {
                oracle.solver(Solver::Nystrom { rank, iterations: 100, tolerance: 1e-6 })
            }
            _ => oracle,
        };
        Some(match &self.choice {
            Some(choice) => choice.on(oracle.clone()).unwrap_or(oracle),
            None => oracle,
        })
    }

    /// Trains from the initial model, or from a checkpoint.
    pub fn run(
        &self,
        method: Method,
        rate: f64,
        budget: Budget,
        observer: &mut impl Observer,
        from: Option<Checkpoint>,
    ) -> Result<Outcome<S::Model>, Failure> {
        let mut points = Tensors::new();
        let mut taker = Taker::new(method, rate, self.oracle(method));
        let mut model = self.model.clone();
        let (mut step, mut seconds) = (0, 0.0);
        let mut best: Option<Best> = None;
        if let Some(from) = from {
            (step, seconds, best) = (from.step, from.seconds, from.best);
            model = with_weights(model, from.weights)?;
            if let Some(Ended { status, reason }) = from.ended {
                return Ok(Outcome { model, status, reason, records: vec![], directions: vec![] });
            }
            taker = taker.restore(from.taker)?;
            points = from.batches;
        }
        let mut batches = self.subject.batches(self.batch(method), step, &points)?;
        let (mut records, mut directions) = (vec![], vec![]);
        let mut schedule = Schedule::new(budget, step, seconds);
        // Whether the last step found nothing better than staying.
        let mut stays = false;
        let Ended { status, reason } = loop {
            let spent = schedule.spent(step, seconds);
            let stop = observer.stops();
            let ends = spent >= 1.0 || stop || (stays && self.subject.is_whole(self.batch(method)));
            let mut status = None;
            if schedule.due(step, seconds) || ends {
                let record = self.record(&model, method, step, seconds)?;
                observer.evaluated(&record)?;
                observer.pictured(step, &mut || self.subject.frame(&model))?;
                if record.test_loss < best.map_or(f64::INFINITY, |best| best.loss) {
                    best = Some(Best { step, loss: record.test_loss });
                }
                status = match record.train_loss {
                    // Weights without a loss are not kept.
                    loss if !loss.is_finite() => break Ended { status: Status::Diverged, reason: None },
                    loss if self.target_loss.is_some_and(|target| loss <= target) => Some(Status::Reached),
                    _ => None,
                };
                records.push(record);
            }
            let status = status.or(match () {
                () if stop => Some(Status::Interrupted),
                () if spent >= 1.0 => Some(Status::Finished),
                () if self.is_out_of_patience(step, best) => Some(Status::EarlyStopped),
                () if ends => Some(Status::Converged),
                () => None,
            });
            let ended = status.map(|status| Ended { status, reason: None });
            observer
                .checkpoint(ended.as_ref(), &mut || self.snapshot((step, seconds), &model, &taker, &batches, best))?;
            if let Some(ended) = ended {
                break ended;
            }
            let start = Instant::now();
            let batch = self.subject.next(&mut batches, &model)?;
            let taken = match taker.step(self.part(method, spent), &self.subject, model.clone(), batch) {
                Ok((next, taken)) => {
                    model = next;
                    taken
                }
                // The method cannot go on from here, and the others go on.
                Err(error) if error.fault() == Fault::Numerics => {
                    // The steps until here count.
                    if records.last().is_none_or(|last: &Record| last.step < step) {
                        let record = self.record(&model, method, step, seconds)?;
                        observer.evaluated(&record)?;
                        records.push(record);
                    }
                    let ended = Ended { status: Status::Diverged, reason: Some(error.to_string()) };
                    let mut snapshot = || self.snapshot((step, seconds), &model, &taker, &batches, best);
                    observer.checkpoint(Some(&ended), &mut snapshot)?;
                    break ended;
                }
                Err(error) => return Err(error.into()),
            };
            seconds += start.elapsed().as_secs_f64();
            step += 1;
            let direction = StepRecord::new(step, &taken);
            stays = direction.as_ref().is_some_and(|direction| direction.rate == Some(0.0));
            observer.stepped(step, schedule.spent(step, seconds), direction.as_ref())?;
            directions.extend(direction);
        };
        Ok(Outcome { model, status, reason, records, directions })
    }

    /// Whether the test loss has not fallen for so long that a run of patience ends.
    fn is_out_of_patience(&self, step: usize, best: Option<Best>) -> bool {
        self.patience && best.is_some_and(|best| step > 2 * best.step + GRACE * self.steps_per_epoch())
    }

    /// Everything that the run needs to go on, but what its observer knows.
    fn snapshot(
        &self,
        (step, seconds): (usize, f64),
        model: &S::Model,
        taker: &Taker<S::Loss>,
        batches: &S::Batches,
        best: Option<Best>,
    ) -> Result<Checkpoint, Failure> {
        let (weights, taker, batches) = (weights(model)?, taker.state()?, self.subject.state(batches));
        Ok(Checkpoint {
            run: String::new(),
            step,
            seconds,
            weights,
            taker,
            batches,
            best,
            records: vec![],
            ended: None,
        })
    }

    /// The part of the rate that is taken once so much of the budget is spent. Batches disagree, and what a whole step gains on one it
    /// loses on others: annealed methods take shorter ones towards the end.
    fn part(&self, method: Method, spent: f64) -> f64 {
        let is_annealed = matches!(method.steps, Steps::Guided(Guide { annealed: true, .. }));
        let is_whole = self.subject.is_whole(self.batch(method));
        if is_annealed && !is_whole { (2.0 * (1.0 - spent)).min(1.0) } else { 1.0 }
    }

    fn record(&self, model: &S::Model, method: Method, step: usize, seconds: f64) -> Result<Record, Failure> {
        let Evaluation { train_loss, test_loss, test_metric } = self.subject.evaluate(model)?;
        let epoch = (step * self.batch(method)) as f64 / self.subject.examples() as f64;
        Ok(Record { step, epoch, seconds, train_loss, test_loss, test_metric })
    }
}

impl StepRecord {
    /// Of a step along a direction.
    fn new(step: usize, taken: &Taken) -> Option<Self> {
        let (direction, report): (&Direction, Option<&StepReport>) = match taken {
            Taken::Gradient => return None,
            Taken::Direction(direction) => (direction, None),
            Taken::Guided(report) => (&report.direction, Some(report)),
        };
        Some(Self {
            step,
            loss: direction.loss,
            slope: direction.slope,
            norm: direction.norm,
            damping: direction.damping,
            primal: direction.primal_value,
            dual: direction.dual_value,
            gap: direction.gap,
            relative_gap: direction.relative_gap(),
            iterations: direction.iterations,
            milliseconds: direction.timings.solve.as_secs_f64() * 1e3,
            forward_milliseconds: direction.timings.linearize.as_secs_f64() * 1e3,
            back_milliseconds: direction.timings.pull_back.as_secs_f64() * 1e3,
            rate: report.map(|report| report.step),
            ratio: report.and_then(|report| report.ratio),
            trials: report.map(|report| report.trials),
            refused: report.map(|report| report.refused),
            fallback: report.and_then(|report| report.fallback).map(|fallback| fallback.name().into()),
        })
    }
}
