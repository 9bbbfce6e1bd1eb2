//! One run of one method: steps, evaluations, records.

use std::time::Instant;

use burn::tensor::{Device, Int, Tensor, TensorData};
use dualgn::{ConvexLoss, Damping, Direction, DirectionError, Error, GaussNewton, Network, Route, Solver, StepReport};

use super::checkpoint::{Checkpoint, weights, with_weights};
use super::evaluate::evaluate;
use super::method::{Guide, Method, Steps, Way};
use super::model::ProxLinear;
use super::schedule::{Budget, Schedule};
use super::taker::{BatchOf, Taken, Taker};
use super::way::SolverChoice;
use crate::data::Batches;
use crate::failure::Failure;
use crate::interrupt;
use crate::problem::{Mlp, Objective, Part};
use crate::record::{Record, Status, StepRecord};

/// What a run leaves.
pub struct Outcome {
    /// The trained model.
    pub model: Mlp,
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

    /// A moment at which the run could be kept; at its end it should be. `snapshot` takes the time that reading it from the device
    /// takes.
    fn checkpoint(
        &mut self,
        is_end: bool,
        snapshot: &mut dyn FnMut() -> Result<Checkpoint, Failure>,
    ) -> Result<(), Failure> {
        let _ = (is_end, snapshot);
        Ok(())
    }
}

/// Damping when the loss is zero: below it, f32 has no digits left for the system.
const LEAST_DAMPING: f64 = 1e-6;

/// Everything the runs of one problem share. All methods start from the same weights and see the same batches.
pub struct Session<'a, L: ConvexLoss> {
    /// Loss and metric.
    pub objective: Objective<L>,
    /// The initial model, on an autodiff device.
    pub model: Mlp,
    /// The model, traced.
    pub network: Network<Mlp, Tensor<2>>,
    /// Loss and solver of the directions.
    pub oracle: GaussNewton<L>,
    /// How exact prox-linear directions are.
    pub prox_linear: ProxLinear,
    /// Damping for each unit of loss: the user's for every method, or the problem's.
    pub damping: DampingChoice,
    /// Training examples.
    pub train: &'a Part,
    /// Test examples.
    pub test: &'a Part,
    /// Examples in a batch.
    pub batch: usize,
    /// Seed of the order of batches.
    pub seed: u64,
    /// Where tensors live.
    pub device: Device,
    /// The solver and the route of all directions; `None` for whatever is best at each.
    pub choice: Option<SolverChoice>,
    /// A training loss at which a run may end.
    pub target_loss: Option<f64>,
}

impl<L: ConvexLoss + Clone> Session<'_, L> {
    /// Damping of a method's directions for each unit of loss.
    pub fn damping(&self, method: Method) -> f64 {
        match self.damping {
            DampingChoice::User(factor) => factor,
            DampingChoice::Problem(factor) => factor * method.damping_factor,
        }
    }

    /// Examples in a batch of a method.
    pub fn batch(&self, method: Method) -> usize {
        if method.full_batch { self.train.len() } else { self.batch.min(self.train.len()) }
    }

    /// Steps in one pass over the training examples.
    pub fn steps_per_epoch(&self) -> Result<usize, Failure> {
        Ok(Batches::new(self.train.len(), self.batch, self.seed)?.per_epoch())
    }

    /// The batch of a method's first step.
    pub fn first_batch(&self, method: Method) -> Result<BatchOf<L>, Failure> {
        let indices = Batches::new(self.train.len(), self.batch(method), self.seed)?.next_batch().to_vec();
        Ok(self.gather(&indices))
    }

    /// The oracle of a method's directions; `None` for methods without.
    pub fn oracle(&self, method: Method) -> Option<GaussNewton<L>> {
        let model = method.model?;
        let damping = Damping::RelativeToLoss { factor: self.damping(method), least: LEAST_DAMPING };
        let oracle = self.oracle.clone().model(model.model(self.prox_linear)).damping(damping);
        let oracle = match method.steps {
            Steps::Guided(Guide { way: Way::Exact, .. }) => oracle.solver(Solver::Cholesky),
            Steps::Guided(Guide { way: Way::PrimalIterations, .. }) => oracle.route(Route::PrimalMatrixFree),
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
    ) -> Result<Outcome, Failure> {
        let mut batches = Batches::new(self.train.len(), self.batch(method), self.seed)?;
        let mut taker = Taker::new(method, rate, self.oracle(method));
        let mut model = self.model.clone();
        let (mut step, mut seconds) = (0, 0.0);
        let mut resumes = from.is_some();
        if let Some(Checkpoint { step: taken, seconds: spent, weights, taker: state }) = from {
            (step, seconds) = (taken, spent);
            model = with_weights(model, weights)?;
            taker = taker.restore(state)?;
            batches.skip(taken);
        }
        let (mut records, mut directions) = (vec![], vec![]);
        let mut schedule = Schedule::new(budget, step, seconds);
        let mut reason = None;
        // Whether the last step found nothing better than staying.
        let mut stays = false;
        let status = loop {
            let spent = schedule.spent(step, seconds);
            let stop = interrupt::requested();
            let ends = spent >= 1.0 || stop || (stays && self.batch(method) == self.train.len());
            let is_first = std::mem::take(&mut resumes);
            if schedule.due(step, seconds) || ends || is_first {
                let record = self.record(&model, method, step, seconds)?;
                observer.evaluated(&record)?;
                let loss = record.train_loss;
                records.push(record);
                if !loss.is_finite() {
                    break Status::Diverged;
                }
                if self.target_loss.is_some_and(|target| loss <= target) {
                    break Status::Reached;
                }
            }
            let mut snapshot = || Ok(Checkpoint { step, seconds, weights: weights(&model)?, taker: taker.state()? });
            observer.checkpoint(ends, &mut snapshot)?;
            if stop {
                break Status::Interrupted;
            }
            if spent >= 1.0 {
                break Status::Finished;
            }
            if ends {
                break Status::Converged;
            }
            let start = Instant::now();
            let batch = self.gather(batches.next_batch());
            let taken =
                match taker.step(self.part(method, spent), &self.objective.loss, &self.network, model.clone(), batch) {
                    Ok((next, taken)) => {
                        model = next;
                        taken
                    }
                    // The method cannot go on from here, and the others go on.
                    Err(error) if diverged(&error) => {
                        reason = Some(error.to_string());
                        // The steps until here count.
                        if records.last().is_none_or(|last: &Record| last.step < step) {
                            let record = self.record(&model, method, step, seconds)?;
                            observer.evaluated(&record)?;
                            records.push(record);
                        }
                        break Status::Diverged;
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

    /// The part of the rate that is taken once so much of the budget is spent. Batches disagree, and what a whole step gains on one it
    /// loses on others: annealed methods take shorter ones towards the end.
    fn part(&self, method: Method, spent: f64) -> f64 {
        let is_annealed = matches!(method.steps, Steps::Guided(Guide { annealed: true, .. }));
        if is_annealed && self.batch(method) < self.train.len() { (2.0 * (1.0 - spent)).min(1.0) } else { 1.0 }
    }

    /// Some training examples on the device.
    fn gather(&self, indices: &[usize]) -> BatchOf<L> {
        let rows: Vec<i64> = indices.iter().map(|&index| index as i64).collect();
        let rows: Tensor<1, Int> = Tensor::from_data(TensorData::from(rows.as_slice()), &self.device);
        let inputs = self.train.inputs.clone().select(0, rows);
        let targets = self.objective.targets(&self.train.targets.gather(indices), &self.device);
        BatchOf { inputs, targets }
    }

    fn record(&self, model: &Mlp, method: Method, step: usize, seconds: f64) -> Result<Record, Failure> {
        let (train_loss, _) = evaluate(&self.objective, model, self.train)?;
        let (test_loss, test_metric) = evaluate(&self.objective, model, self.test)?;
        let epoch = (step * self.batch(method)) as f64 / self.train.len() as f64;
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

/// Whether an error says that there is no direction from these weights, rather than that something is wrong.
fn diverged(error: &Error) -> bool {
    use DirectionError::{Ascent, Factorisation, NoDecrease, NotFinite};
    matches!(error, Error::Direction(NotFinite { .. } | Factorisation { .. } | Ascent { .. } | NoDecrease { .. }))
}
