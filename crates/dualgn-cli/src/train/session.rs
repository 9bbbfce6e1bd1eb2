//! One run of one method: steps, evaluations, records.

use std::time::Instant;

use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};
use dualgn::{ConvexLoss, Damping, Direction, DirectionError, Error, GaussNewton, Network};

use super::evaluate::evaluate;
use super::method::{Method, ProxLinear};
use super::optimizer::Stepper;
use super::schedule::{Budget, Schedule};
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
}

impl<L: ConvexLoss + Clone> Session<'_, L> {
    /// Damping of a method's directions for each unit of loss.
    pub fn damping(&self, method: Method) -> f64 {
        match self.damping {
            DampingChoice::User(factor) => factor,
            DampingChoice::Problem(factor) => factor * method.damping_factor(),
        }
    }

    /// Steps in one pass over the training examples.
    pub fn steps_per_epoch(&self) -> Result<usize, Failure> {
        Ok(Batches::new(self.train.len(), self.batch, self.seed)?.per_epoch())
    }

    /// Trains from the initial model.
    pub fn run(
        &self,
        method: Method,
        rate: f64,
        budget: Budget,
        observer: &mut impl Observer,
    ) -> Result<Outcome, Failure> {
        let mut batches = Batches::new(self.train.len(), self.batch, self.seed)?;
        let oracle = method.model.map(|model| {
            let damping = Damping::RelativeToLoss { factor: self.damping(method), least: LEAST_DAMPING };
            self.oracle.clone().model(model.model(self.prox_linear)).damping(damping)
        });
        let mut stepper = Stepper::new(method, rate);
        let mut model = self.model.clone();
        let (mut records, mut directions) = (vec![], vec![]);
        let mut seconds = 0.0;
        let mut schedule = Schedule::new(budget);
        let mut step = 0;
        let mut reason = None;
        let status = loop {
            let spent = schedule.spent(step, seconds);
            let stop = interrupt::requested();
            if schedule.due(step, seconds) || spent >= 1.0 || stop {
                let record = self.record(&model, step, seconds)?;
                observer.evaluated(&record)?;
                let finite = record.train_loss.is_finite();
                records.push(record);
                if !finite {
                    break Status::Diverged;
                }
            }
            if stop {
                break Status::Interrupted;
            }
            if spent >= 1.0 {
                break Status::Finished;
            }
            let start = Instant::now();
            let indices = batches.next_batch().to_vec();
            let direction = match self.step(oracle.as_ref(), model.clone(), &mut stepper, &indices) {
                Ok((next, direction)) => {
                    model = next;
                    direction
                }
                // The method cannot go on from here, and the others go on.
                Err(error) if diverged(&error) => {
                    reason = Some(error.to_string());
                    // The steps until here count.
                    if records.last().is_none_or(|last: &Record| last.step < step) {
                        let record = self.record(&model, step, seconds)?;
                        observer.evaluated(&record)?;
                        records.push(record);
                    }
                    break Status::Diverged;
                }
                Err(error) => return Err(error.into()),
            };
            seconds += start.elapsed().as_secs_f64();
            step += 1;
            let direction = direction.map(|direction| StepRecord { step, ..direction });
            observer.stepped(step, schedule.spent(step, seconds), direction.as_ref())?;
            directions.extend(direction);
        };
        Ok(Outcome { model, status, reason, records, directions })
    }

    /// One step on a batch: along a direction of the oracle, or of the gradient.
    fn step(
        &self,
        oracle: Option<&GaussNewton<L>>,
        model: Mlp,
        stepper: &mut Stepper,
        indices: &[usize],
    ) -> Result<(Mlp, Option<StepRecord>), Error> {
        let rows: Vec<i64> = indices.iter().map(|&index| index as i64).collect();
        let rows: Tensor<1, Int> = Tensor::from_data(TensorData::from(rows.as_slice()), &self.device);
        let inputs = self.train.inputs.clone().select(0, rows);
        let targets = self.objective.targets(&self.train.targets.gather(indices), &self.device);
        if let Some(oracle) = oracle {
            let direction = oracle.direction(&self.network, &model, inputs, targets)?;
            let record = certificate(&direction);
            return Ok((stepper.follow(model, direction), Some(record)));
        }
        let outputs = model.forward(Tensor::from_inner(inputs));
        let loss = self.objective.loss.value(outputs, &targets).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        Ok((stepper.step(model, gradients), None))
    }

    fn record(&self, model: &Mlp, step: usize, seconds: f64) -> Result<Record, Failure> {
        let (train_loss, _) = evaluate(&self.objective, model, self.train)?;
        let (test_loss, test_metric) = evaluate(&self.objective, model, self.test)?;
        let epoch = (step * self.batch.min(self.train.len())) as f64 / self.train.len() as f64;
        Ok(Record { step, epoch, seconds, train_loss, test_loss, test_metric })
    }
}

/// What is known of a direction; the step is not counted yet.
fn certificate(direction: &Direction) -> StepRecord {
    StepRecord {
        step: 0,
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
    }
}

/// Whether an error says that there is no direction from these weights, rather than that something is wrong.
fn diverged(error: &Error) -> bool {
    use DirectionError::{Ascent, Factorisation, NoDecrease, NotFinite};
    matches!(error, Error::Direction(NotFinite { .. } | Factorisation { .. } | Ascent { .. } | NoDecrease { .. }))
}
