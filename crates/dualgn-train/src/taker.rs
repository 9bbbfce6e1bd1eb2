//! [`Taker`]: takes the steps of a method.

use burn::module::ParamGroup;
use burn::optim::{
    AdamConfig, AdamWConfig, GradientsParams, LBFGS, LBFGSConfig, LineSearchFn, ModuleOptimizer, MuonConfig, SgdConfig,
};
use burn::tensor::Bytes;
use dualgn::step::{StepReport, StepperState};
use dualgn::{ConvexLoss, Direction, Error, GaussNewton, ParamVector, Stepper};
use dualgn_io::Failure;

use super::method::{Method, Steps};
use super::quasi_newton::{Point, QuasiNewton, Rule};
use super::subject::{BatchOf, Subject};
use crate::record::StepRecord;

/// Everything that a method carries from step to step.
#[derive(Clone)]
pub enum TakerState {
    /// Nothing.
    None,
    /// The record of an optimizer.
    Optimizer(Vec<u8>),
    /// The state of a stepper.
    Stepper(StepperState),
}

/// What a step was, for methods that step along directions.
pub(crate) enum Taken {
    /// A step along a gradient.
    Gradient,
    /// A step by an optimizer along a direction.
    Direction(Box<Direction>),
    /// A step of a stepper.
    Guided(Box<StepReport>),
}

impl Taken {
    /// What is recorded of step number `step`, if it went along a direction.
    pub(crate) fn record(&self, step: usize) -> Option<StepRecord> {
        let (direction, report): (&Direction, Option<&StepReport>) = match self {
            Taken::Gradient => return None,
            Taken::Direction(direction) => (direction, None),
            Taken::Guided(report) => (&report.direction, Some(report)),
        };
        Some(StepRecord {
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

/// Takes the steps of a method at a rate.
pub(crate) struct Taker<L> {
    method: Method,
    rate: f64,
    kind: Kind<L>,
}

enum Kind<L> {
    /// An optimizer of Burn; on gradients without an oracle.
    Optimizer {
        optimizer: Box<ModuleOptimizer>,
        oracle: Option<Box<GaussNewton<L>>>,
    },
    /// The direction itself.
    Plain(Box<GaussNewton<L>>),
    Lbfgs(Box<LBFGS>),
    QuasiNewton {
        method: Box<QuasiNewton>,
        /// A gradient: what steps are made from.
        last: Option<ParamVector>,
    },
    Guided(Box<Stepper<L>>),
}

impl<L: ConvexLoss> Taker<L> {
    /// From a state in which nothing has happened. The oracle is that of the method's directions, if it has any.
    pub(crate) fn new(method: Method, rate: f64, oracle: Option<GaussNewton<L>>) -> Self {
        let kind = match (method.steps, oracle) {
            (Steps::Guided(guide), Some(oracle)) => {
                let mut stepper = Stepper::new(oracle).adaptation(guide.adaptation).search(guide.search);
                if let Some(longest) = guide.acceleration {
                    stepper = stepper.accelerated(longest);
                }
                Kind::Guided(Box::new(stepper.momentum(guide.momentum)))
            }
            (Steps::Plain, Some(oracle)) => Kind::Plain(Box::new(oracle)),
            (Steps::Lbfgs, _) => {
                let config = LBFGSConfig::new().with_max_iter(5).with_history_size(20);
                Kind::Lbfgs(Box::new(config.with_line_search_fn(LineSearchFn::StrongWolfe).init()))
            }
            (Steps::QuasiNewton(rule), _) => quasi_newton(rule, vec![]),
            (steps, oracle) => Kind::Optimizer { optimizer: Box::new(optimizer(steps)), oracle: oracle.map(Box::new) },
        };
        Self { method, rate, kind }
    }

    /// One step on a batch, at a part of the rate.
    pub(crate) fn step<S: Subject<Loss = L>>(
        &mut self,
        part: f64,
        subject: &S,
        model: S::Model,
        batch: BatchOf<S>,
    ) -> Result<(S::Model, Taken), Error> {
        let (network, rate) = (subject.network(), part * self.rate);
        match &mut self.kind {
            Kind::Guided(stepper) => {
                let (next, report) = stepper.step(rate, network, &model, batch.inputs, batch.targets)?;
                Ok((next, Taken::Guided(Box::new(report))))
            }
            Kind::Plain(oracle) => {
                let direction = oracle.direction(network, &model, batch.inputs, batch.targets)?;
                Ok((direction.clone().apply(model, rate), Taken::Direction(Box::new(direction))))
            }
            Kind::Optimizer { optimizer, oracle: Some(oracle) } => {
                let direction = oracle.direction(network, &model, batch.inputs, batch.targets)?;
                let next = optimizer.step(rate, model, direction.clone().into_gradients());
                Ok((next, Taken::Direction(Box::new(direction))))
            }
            Kind::Optimizer { optimizer, oracle: None } => {
                let (_, gradients) = subject.gradient(&model, &batch)?;
                Ok((optimizer.step(rate, model, gradients), Taken::Gradient))
            }
            Kind::QuasiNewton { method, last } => {
                // Of other points, the loss there is another.
                let known = method.known.take().filter(|_| subject.is_whole(subject.examples()));
                let (start, vector) = match (known, last.take()) {
                    (Some(known), Some(vector)) => (known, vector),
                    _ => {
                        let (loss, gradient) = subject.traced_gradient(&model, &batch)?;
                        ((loss, gradient.to_vec()?), gradient)
                    }
                };
                let moved = |step: &[f64]| -> Result<S::Model, Error> {
                    Ok(vector.with_entries(step)?.added_to(model.clone(), 1.0))
                };
                let step = method.step(start, |step| -> Result<Point, Error> {
                    let (loss, gradient) = subject.traced_gradient(&moved(step)?, &batch)?;
                    Ok((loss, gradient.to_vec()?))
                })?;
                let next = moved(&step)?;
                *last = Some(vector);
                Ok((next, Taken::Gradient))
            }
            Kind::Lbfgs(lbfgs) => {
                // Its search has no way to fail: an error is kept until it is over, and no number is better than one.
                let mut failed = None;
                let (next, _) = lbfgs.step(rate, model, |model: S::Model| {
                    subject.gradient(&model, &batch).unwrap_or_else(|error| {
                        failed = Some(error);
                        (f64::NAN, GradientsParams::new())
                    })
                });
                if let Some(error) = failed {
                    return Err(error);
                }
                Ok((next, Taken::Gradient))
            }
        }
    }

    /// What it carries from step to step.
    pub(crate) fn state(&self) -> Result<TakerState, Failure> {
        let failed =
            |error: &dyn std::fmt::Display| Failure::run(format!("cannot read the optimizer's state: {error}"));
        match &self.kind {
            Kind::Plain(_) => Ok(TakerState::None),
            Kind::Guided(stepper) => Ok(TakerState::Stepper(stepper.state().map_err(|error| failed(&error))?)),
            Kind::Optimizer { optimizer, .. } => {
                Ok(TakerState::Optimizer(optimizer.into_bytes().map_err(|error| failed(&error))?.to_vec()))
            }
            Kind::QuasiNewton { method, .. } => {
                Ok(TakerState::Optimizer(method.inverse().iter().flat_map(|entry| entry.to_le_bytes()).collect()))
            }
            Kind::Lbfgs(lbfgs) => {
                Ok(TakerState::Optimizer(lbfgs.into_bytes().map_err(|error| failed(&error))?.to_vec()))
            }
        }
    }

    /// Goes on from a state of the same method.
    pub(crate) fn restore(self, state: TakerState) -> Result<Self, Failure> {
        let failed =
            |error: &dyn std::fmt::Display| Failure::input(format!("the optimizer's state does not fit: {error}"));
        let Self { method, rate, kind } = self;
        let kind = match (kind, state) {
            (Kind::Guided(mut stepper), TakerState::Stepper(state)) => {
                stepper.restore(state).map_err(|error| failed(&error))?;
                Kind::Guided(stepper)
            }
            (Kind::Optimizer { optimizer, oracle }, TakerState::Optimizer(bytes)) => {
                let optimizer = optimizer.from_bytes(Bytes::from_bytes_vec(bytes)).map_err(|error| failed(&error))?;
                Kind::Optimizer { optimizer: Box::new(optimizer), oracle }
            }
            (Kind::Lbfgs(lbfgs), TakerState::Optimizer(bytes)) => {
                Kind::Lbfgs(Box::new(lbfgs.from_bytes(Bytes::from_bytes_vec(bytes)).map_err(|error| failed(&error))?))
            }
            (Kind::QuasiNewton { .. }, TakerState::Optimizer(bytes)) => {
                let Steps::QuasiNewton(rule) = method.steps else { return Err(failed(&"it is of another method")) };
                let entries =
                    bytes.chunks_exact(8).map(|entry| f64::from_le_bytes(entry.try_into().unwrap_or_default()));
                quasi_newton(rule, entries.collect())
            }
            (kind @ Kind::Plain(_), TakerState::None) => kind,
            _ => return Err(failed(&format!("it is not of {}", method.name))),
        };
        Ok(Self { method, rate, kind })
    }
}

fn quasi_newton<L>(rule: Rule, inverse: Vec<f64>) -> Kind<L> {
    Kind::QuasiNewton { method: Box::new(QuasiNewton::new(rule, inverse)), last: None }
}

fn optimizer(steps: Steps) -> ModuleOptimizer {
    match steps {
        Steps::Adam => AdamConfig::new().init(),
        Steps::AdamW => AdamWConfig::new().with_weight_decay(0.01).init(),
        // Muon is for matrices alone.
        Steps::Muon => {
            let others = AdamWConfig::new().with_weight_decay(0.01).init();
            others.with_group(ParamGroup::from_predicate("weight"), MuonConfig::new().build(), None)
        }
        Steps::Plain | Steps::Lbfgs | Steps::QuasiNewton(_) | Steps::Guided(_) => SgdConfig::new().init(),
    }
}
