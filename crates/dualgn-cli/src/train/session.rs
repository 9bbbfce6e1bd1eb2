//! One run of one method: steps, evaluations, records.

use std::time::Instant;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};
use dualgn::{ConvexLoss, Damping, DirectionError, Error, GaussNewton, Network};

use super::evaluate::evaluate;
use super::method::MethodName;
use super::optimizer::Stepper;
use crate::data::Batches;
use crate::failure::Failure;
use crate::interrupt;
use crate::problem::{Mlp, Objective, Part};
use crate::record::{DirectionRecord, Record, Status};

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    /// After so many steps.
    Steps(usize),
    /// After so many seconds of training.
    Seconds(f64),
}

/// What a run leaves.
pub struct Outcome {
    /// The trained model.
    pub model: Mlp,
    /// How it ended.
    pub status: Status,
    /// Its evaluations.
    pub records: Vec<Record>,
}

/// Who chose the damping, for each unit of loss.
#[derive(Clone, Copy, Debug)]
pub enum DampingChoice {
    /// The user: it holds for all methods.
    User(f64),
    /// The problem's default, which methods multiply by a factor of their own.
    Problem(f64),
}

/// Damping when the loss is zero: below it, f32 has no digits left for the system.
const LEAST_DAMPING: f64 = 1e-6;

/// Everything the runs of one problem share. All methods start from the same weights and see the same batches.
pub struct Session<'a, O: Objective> {
    /// Loss and metric.
    pub objective: O,
    /// The initial model, on an autodiff device.
    pub model: Mlp,
    /// The model, traced.
    pub network: Network<Mlp, Tensor<2>>,
    /// Loss and solver of the directions.
    pub oracle: GaussNewton<O::Loss>,
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

impl<O: Objective> Session<'_, O> {
    /// Damping of a method's directions for each unit of loss.
    pub fn damping(&self, method: MethodName) -> f64 {
        match self.damping {
            DampingChoice::User(factor) => factor,
            DampingChoice::Problem(factor) => factor * method.damping_factor(),
        }
    }

    /// Steps in one pass over the training examples.
    pub fn steps_per_epoch(&self) -> Result<usize, Failure> {
        Ok(Batches::new(self.train.len(), self.batch, self.seed)?.per_epoch())
    }

    /// Trains from the initial model. `each` sees every evaluation as it happens; `tick` every step, with the fraction of
    /// the budget that is spent.
    pub fn run(
        &self,
        method: MethodName,
        rate: f64,
        budget: Budget,
        mut each: impl FnMut(&Record) -> Result<(), Failure>,
        mut tick: impl FnMut(usize, f64),
    ) -> Result<Outcome, Failure> {
        let mut batches = Batches::new(self.train.len(), self.batch, self.seed)?;
        let damping = Damping::RelativeToLoss { factor: self.damping(method), least: LEAST_DAMPING };
        let oracle = self.oracle.clone().damping(damping);
        let mut stepper = Stepper::new(method, rate);
        let mut model = self.model.clone();
        let mut records = vec![];
        let mut seconds = 0.0;
        let mut schedule = Schedule::new(budget);
        let mut step = 0;
        let mut last_direction = None;
        let status = loop {
            let spent = schedule.spent(step, seconds);
            let stop = interrupt::requested();
            if schedule.due(step, seconds) || spent >= 1.0 || stop {
                let record = self.record(&model, step, seconds, last_direction.take())?;
                each(&record)?;
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
            match self.step(method, &oracle, model.clone(), &mut stepper, &indices) {
                Ok((next, direction)) => (model, last_direction) = (next, direction),
                // The batch or its direction was not finite: the method has diverged, and the others go on.
                Err(Error::Direction(DirectionError::NotFinite { .. } | DirectionError::Factorisation { .. })) => {
                    break Status::Diverged;
                }
                Err(error) => return Err(error.into()),
            }
            seconds += start.elapsed().as_secs_f64();
            step += 1;
            tick(step, schedule.spent(step, seconds));
        };
        Ok(Outcome { model, status, records })
    }

    /// One step on a batch.
    fn step(
        &self,
        method: MethodName,
        oracle: &GaussNewton<O::Loss>,
        model: Mlp,
        stepper: &mut Stepper,
        indices: &[usize],
    ) -> Result<(Mlp, Option<DirectionRecord>), Error> {
        let rows: Vec<i64> = indices.iter().map(|&index| index as i64).collect();
        let rows: Tensor<1, Int> = Tensor::from_data(TensorData::from(rows.as_slice()), &self.device);
        let inputs = self.train.inputs.clone().select(0, rows);
        let targets = self.objective.targets(&self.train.targets.gather(indices), &self.device);
        if method.is_gauss_newton() {
            let direction = oracle.direction(&self.network, &model, inputs, targets)?;
            let record = DirectionRecord {
                slope: direction.slope,
                norm: direction.norm,
                relative_gap: direction.relative_gap(),
                iterations: direction.iterations,
            };
            return Ok((stepper.follow(model, direction), Some(record)));
        }
        let outputs = model.forward(Tensor::from_inner(inputs));
        let loss = oracle.loss().value(outputs, &targets).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        Ok((stepper.step(model, gradients), None))
    }

    fn record(
        &self,
        model: &Mlp,
        step: usize,
        seconds: f64,
        direction: Option<DirectionRecord>,
    ) -> Result<Record, Failure> {
        let (train_loss, _) = evaluate(&self.objective, model, self.train)?;
        let (test_loss, test_metric) = evaluate(&self.objective, model, self.test)?;
        let epoch = (step * self.batch.min(self.train.len())) as f64 / self.train.len() as f64;
        Ok(Record { step, epoch, seconds, train_loss, test_loss, test_metric, direction })
    }

    /// Number of trainable parameters.
    pub fn parameters(&self) -> usize {
        self.model.num_params()
    }
}

/// When evaluations are due: after each of the first ten steps, where fast methods do most of their work, and then a
/// fixed number of times over the budget.
struct Schedule {
    budget: Budget,
    /// Parts of the budget that were spent at the last evaluation.
    evaluated: f64,
}

/// Evaluations over the budget, after the first steps.
const EVALUATIONS: f64 = 60.0;

impl Schedule {
    fn new(budget: Budget) -> Self {
        Self { budget, evaluated: 0.0 }
    }

    /// The fraction of the budget that is spent.
    fn spent(&self, step: usize, seconds: f64) -> f64 {
        match self.budget {
            Budget::Steps(steps) => step as f64 / steps.max(1) as f64,
            Budget::Seconds(limit) => seconds / limit,
        }
    }

    fn due(&mut self, step: usize, seconds: f64) -> bool {
        // The small number keeps a step that completes a part from being rounded below it.
        let part = (self.spent(step, seconds) * EVALUATIONS + 1e-9).floor();
        let due = step <= 10 || part > self.evaluated;
        self.evaluated = part;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluations_are_dense_at_first_and_even_later() {
        let mut schedule = Schedule::new(Budget::Steps(1200));
        let due: Vec<usize> = (0..=1200).filter(|&step| schedule.due(step, 0.0)).collect();
        assert_eq!(due[..11], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(due[11..14], [20, 40, 60]);
        assert_eq!(due.last(), Some(&1200));
        assert_eq!(due.len(), 11 + 60);
    }
}
