//! [`Stepper`]: a combination of a direction, a damping rule, a search and a momentum.

use burn::module::Module;

use super::adaptation::{Adaptation, LevenbergMarquardt};
use super::attempt::{Attempt, Penalty, Point, ratio};
use super::metric::{SecondMoments, update_metric};
use super::momentum::{Decay, Momentum};
use super::report::StepReport;
use super::search::{Found, Search};
use super::state::{Kept, State, StepperState};
use crate::direction::GaussNewton;
use crate::error::{DeviceError, DirectionError, Error, Fault};
use crate::linearize::Linearize;
use crate::linearize::ParamVector;
use crate::loss::ConvexLoss;

/// Largest number of dampings tried from one point.
const ATTEMPTS: usize = 40;
/// Largest relative gap of a direction at which its damping may fall.
const CERTIFIED: f64 = 0.5;

/// A stepper that takes steps along Gauss-Newton directions, for training loops written by hand.
///
/// By default each step goes along a direction at the damping of the oracle, with the rate as step size.
/// [`Stepper::guarded`] evaluates each step on its batch, backtracks, and adapts the damping, so that it needs no
/// tuning at first.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::prelude::*;
/// use dualgn::{GaussNewton, Network, Stepper};
/// use dualgn::loss::Squared;
/// use dualgn::step::Momentum;
///
/// let device = Device::default();
/// let mut model = LinearConfig::new(3, 1).init(&device);
/// let inputs = Tensor::<2>::random([8, 3], burn::tensor::Distribution::Default, &device);
/// let targets = inputs.clone().sum_dim(1);
/// let network = Network::trace(&model, |m: &Linear, x: Tensor<2>| m.forward(x), [8, 3])?;
///
/// let mut stepper = Stepper::guarded(GaussNewton::new(Squared)).momentum(Momentum::Centre(0.5));
/// for _ in 0..30 {
///     let (next, report) = stepper.step(1.0, &network, &model, inputs.clone(), targets.clone())?;
///     assert!(report.loss_after.unwrap() <= report.loss);
///     model = next;
/// }
/// # Ok::<(), dualgn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Stepper<L> {
    oracle: GaussNewton<L>,
    adaptation: Adaptation,
    search: Search,
    pub(super) momentum: Momentum,
    pub(super) decay: Decay,
    metric: Option<SecondMoments>,
    limit: Option<f64>,
    state: State,
}

impl<L: ConvexLoss> Stepper<L> {
    /// Creates a stepper that steps by the rate along the directions of the oracle.
    pub fn new(oracle: GaussNewton<L>) -> Self {
        Self {
            oracle,
            adaptation: Adaptation::Oracle,
            search: Search::Rate,
            momentum: Momentum::None,
            decay: Decay::None,
            metric: None,
            limit: None,
            state: State::default(),
        }
    }

    /// Creates a stepper that evaluates each step on its batch, backtracks from the rate, and adapts the damping.
    pub fn guarded(oracle: GaussNewton<L>) -> Self {
        Self {
            adaptation: Adaptation::LevenbergMarquardt(LevenbergMarquardt::STOCHASTIC),
            search: Search::Armijo(super::Armijo::HALVING),
            ..Self::new(oracle)
        }
    }

    /// Sets the rule that adapts the damping.
    #[must_use]
    pub fn adaptation(mut self, adaptation: Adaptation) -> Self {
        self.adaptation = adaptation;
        self
    }

    /// Sets the search for the step size.
    #[must_use]
    pub fn search(mut self, search: Search) -> Self {
        self.search = search;
        self
    }

    /// Sets the momentum.
    #[must_use]
    pub fn momentum(mut self, momentum: Momentum) -> Self {
        self.momentum = momentum;
        self
    }

    /// Sets the weight decay.
    #[must_use]
    pub fn decay(mut self, decay: Decay) -> Self {
        self.decay = decay;
        self
    }

    /// Sets the metric of the proximity term.
    #[must_use]
    pub fn metric(mut self, metric: SecondMoments) -> Self {
        self.metric = Some(metric);
        self
    }

    /// Sets the largest norm of the vector of a step; longer vectors are scaled down to it before the search.
    #[must_use]
    pub fn limit(mut self, norm: f64) -> Self {
        self.limit = Some(norm);
        self
    }

    /// Returns the oracle.
    pub fn oracle(&self) -> &GaussNewton<L> {
        &self.oracle
    }

    /// Returns the state that the stepper carries from step to step.
    ///
    /// # Errors
    /// Returns `DeviceError` if the device fails.
    pub fn state(&self) -> Result<StepperState, DeviceError> {
        self.state.save()
    }

    /// Restores the state of a stepper with the same settings for the same network.
    pub fn restore(&mut self, state: StepperState) {
        self.state = State::restore(state);
    }

    /// Takes one step on one batch, and returns the new model and a report. The rate is the factor of the step or, with
    /// a search, the step size at which the search starts; 1 is the Gauss-Newton step.
    ///
    /// If no step is better than staying, the model is returned unchanged and the step of the report is zero. After an
    /// error, the state of the stepper is unchanged.
    ///
    /// # Errors
    /// * Returns the errors of [`GaussNewton::direction`].
    /// * Returns `DirectionError::NotFinite` if the damping adapts by the ratio of decreases and no step that was tried
    ///   has a finite loss.
    /// * Returns `LinearizeError::Shape` if a restored state belongs to another network, and
    ///   `DirectionError::NoCurvature` if [`Momentum::Model`] is used with a model that is not second-order.
    pub fn step<M: Module, N: Linearize<M>>(
        &mut self,
        rate: f64,
        network: &N,
        model: &M,
        inputs: N::Inputs,
        targets: impl Into<L::Target>,
    ) -> Result<(M, StepReport), Error> {
        // Works on a copy of the state, so that the oracle may be borrowed meanwhile.
        let mut state = self.state.clone();
        let result = self.step_from(&mut state, rate, network, model, inputs, targets.into())?;
        self.state = state;
        Ok(result)
    }

    fn step_from<M: Module, N: Linearize<M>>(
        &self,
        state: &mut State,
        rate: f64,
        network: &N,
        model: &M,
        inputs: N::Inputs,
        targets: L::Target,
    ) -> Result<(M, StepReport), Error> {
        let subproblem = self.oracle.subproblem(network, model, inputs, targets)?;
        let at = subproblem.linearization();
        let point = Point {
            weights: at.weights(model)?,
            momentum: state.vector("momentum", at)?,
            metric: self.metric.map(|metric| update_metric(state, metric, &subproblem)).transpose()?,
            averaged: state.number("averaged").unwrap_or(0.0),
            last: state.number("last step"),
            model,
            subproblem: &subproblem,
        };
        let Adaptation::LevenbergMarquardt(rule) = self.adaptation else {
            let mut damping = subproblem.damping()?;
            if let Adaptation::Schedule(schedule) = self.adaptation {
                let steps = state.number("steps").unwrap_or(0.0);
                damping = schedule.after(steps, damping);
                state.numbers.insert("steps", steps + 1.0);
            }
            let attempt = self.attempt(&point, rate, damping, false)?;
            return self.finish(state, &point, attempt, 0, None);
        };
        let mut damping = match state.number("damping") {
            Some(damping) if rule.floor => rule.clamp(damping.max(subproblem.damping()?)),
            Some(damping) => damping,
            None => rule.clamp(subproblem.damping()?),
        };
        let mut refused = 0;
        let mut is_finite = false;
        let attempt = loop {
            let last_one = refused == ATTEMPTS || damping >= rule.most;
            match self.attempt(&point, rate, damping, true) {
                Ok(attempt) => {
                    damping = attempt.damping;
                    is_finite |= attempt.found.loss.is_some_and(f64::is_finite);
                    if attempt.ratio().is_some_and(|ratio| ratio >= rule.accept) {
                        break attempt;
                    }
                    if last_one {
                        if !is_finite {
                            let what = "the loss after every step that was tried";
                            return Err(DirectionError::NotFinite { what }.into());
                        }
                        break attempt.refused();
                    }
                }
                // Near the limits of a float type more damping may still give a direction.
                Err(error) if last_one || error.fault() != Fault::Numerics => return Err(error),
                Err(_) => {}
            }
            refused += 1;
            damping = rule.clamp(damping * rule.refuse);
        };
        self.finish(state, &point, attempt, refused, Some(rule))
    }

    /// Computes a direction at a damping, and a step size along it. With `evaluate` the loss after the step is always
    /// computed.
    fn attempt<M: Module>(
        &self,
        point: &Point<M, L>,
        rate: f64,
        damping: f64,
        evaluate: bool,
    ) -> Result<Attempt, Error> {
        let mut attempt = self.propose(point, damping, point.momentum.as_ref())?;
        // A search needs a descent direction. Momentum may make the vector ascend; the direction alone does not.
        if attempt.slope >= 0.0
            && point.momentum.is_some()
            && matches!(self.search, Search::Armijo(_) | Search::Grid(_))
        {
            attempt = self.propose(point, damping, None)?;
        }
        let rate = self.limit.map_or(rate, |limit| rate.min(limit / attempt.norm));
        let before = (attempt.loss, attempt.slope);
        let loss_at = |step: f64| -> Result<f64, Error> {
            let moved = attempt.vector.added_to(point.model.clone(), step);
            Ok(point.subproblem.loss_at(&moved)? + attempt.penalty.at(step))
        };
        let mut found = self.search.find(rate, before, point.last, attempt.model_step, loss_at)?;
        if evaluate && found.loss.is_none() {
            found = Found { loss: Some(loss_at(found.step)?), trials: 1, ..found };
        }
        if let (Some(after), true) = (found.loss, found.step != 0.0) {
            let predicted = point.subproblem.predicted(&attempt.along, found.step)?;
            let penalty = attempt.penalty.at(found.step) - attempt.penalty.at(0.0);
            attempt.decreases = Some([attempt.loss - after, predicted - penalty]);
        }
        attempt.found = found;
        Ok(attempt)
    }

    /// Computes the vector of a step.
    fn propose<M: Module>(
        &self,
        point: &Point<M, L>,
        damping: f64,
        momentum: Option<&ParamVector>,
    ) -> Result<Attempt, Error> {
        let (direction, fallback) = self.direction(point, damping, momentum)?;
        let d = direction.vector();
        let subproblem = point.subproblem;
        // `p`, and the vector that momentum keeps if it is not the step.
        let averaged = momentum.map_or(0.0, |_| point.averaged) + 1.0;
        let (vector, kept) = match (self.momentum, momentum) {
            (Momentum::None | Momentum::Model, None) => (d, None),
            (Momentum::None, Some(_)) => (d, None),
            (Momentum::Centre(_), _) => (d.clone(), Some(d)),
            (Momentum::HeavyBall(mu), earlier) => {
                let v = added(d, earlier, mu);
                (v.clone(), Some(v))
            }
            (Momentum::Nesterov(mu), earlier) => {
                let v = added(d.clone(), earlier, mu);
                (d.add_scaled(&v, mu), Some(v))
            }
            (Momentum::Mean(mu), earlier) => {
                let v = added(d.scale(1.0 - mu), earlier, mu);
                (v.clone().scale(1.0 / (1.0 - mu.powf(averaged))), Some(v))
            }
            (Momentum::Model, Some(step)) => {
                let eta = self.decay.penalty();
                let penalty = match eta {
                    0.0 => [0.0; 2],
                    _ => [eta * point.weights.dot(&d)?, eta * point.weights.dot(step)?],
                };
                let [a, b] = subproblem.minimiser([&d, step], penalty, direction.damping)?;
                (d.scale(a).add_scaled(step, b), None)
            }
        };
        let is_direction = match self.momentum {
            Momentum::None | Momentum::Centre(_) => true,
            Momentum::Nesterov(_) => false,
            _ => momentum.is_none(),
        };
        let along = subproblem.along(&vector, is_direction.then_some(&direction))?;
        let (penalty, norm) = (Penalty::new(self.decay, &point.weights, &vector)?, vector.norm()?);
        let slope = along.slope + penalty.slope();
        let model_step = match along.curvature {
            _ if is_direction => direction.model_step,
            Some(curvature) => -slope / (2.0 * curvature + direction.damping * norm * norm),
            None => 1.0,
        };
        Ok(Attempt {
            loss: subproblem.loss() + penalty.at(0.0),
            damping: direction.damping - self.decay.penalty(),
            found: Found { step: 0.0, loss: None, trials: 0 },
            decreases: None,
            direction,
            fallback,
            vector,
            kept,
            averaged,
            norm,
            along,
            penalty,
            slope,
            model_step,
        })
    }

    /// Takes the step, and updates the state for the next one.
    fn finish<M: Module>(
        &self,
        state: &mut State,
        point: &Point<M, L>,
        attempt: Attempt,
        refused: usize,
        rule: Option<LevenbergMarquardt>,
    ) -> Result<(M, StepReport), Error> {
        let Attempt { direction, found, vector, kept, .. } = attempt;
        let step = found.step;
        let is_taken = step != 0.0;
        let mut change = vector.clone().scale(step);
        if let (Decay::Decoupled(eta), true) = (self.decay, is_taken) {
            change = change.add_scaled(&point.weights, -eta * step);
        }
        let model = point.model.clone();
        let next = if is_taken { change.added_to(model, 1.0) } else { model };
        let next_damping = rule.map(|rule| match attempt.decreases {
            Some([actual, predicted]) if is_taken => {
                let smoothed = |name: &'static str, new: f64| {
                    state.number(name).map_or(new, |old| rule.smoothing * old + (1.0 - rule.smoothing) * new)
                };
                let (actual, predicted) =
                    (smoothed("actual decrease", actual), smoothed("predicted decrease", predicted));
                state.numbers.insert("actual decrease", actual);
                state.numbers.insert("predicted decrease", predicted);
                let next = rule.after(attempt.damping, actual / predicted);
                // The error of an inexact solution grows as the damping falls.
                if direction.relative_gap() <= CERTIFIED { next } else { next.max(attempt.damping) }
            }
            _ => attempt.damping,
        });
        if let Some(damping) = next_damping {
            state.numbers.insert("damping", damping);
        }
        if is_taken {
            state.numbers.insert("last step", step);
        }
        match (self.momentum, is_taken) {
            (Momentum::None, _) => {}
            // Momentum of a rejected step is forgotten.
            (_, false) => {
                state.vectors.remove("momentum");
                state.numbers.remove("averaged");
            }
            (_, true) => {
                let kept = kept.unwrap_or_else(|| vector.scale(step));
                state.vectors.insert("momentum", Kept::Vector(kept));
                state.numbers.insert("averaged", attempt.averaged);
            }
        }
        let ratio = attempt.decreases.map(ratio);
        let report = StepReport {
            loss: attempt.loss,
            loss_after: found.loss,
            slope: attempt.slope,
            step,
            length: step * attempt.norm,
            ratio,
            trials: found.trials,
            refused,
            next_damping,
            fallback: attempt.fallback,
            change,
            direction,
        };
        Ok((next, report))
    }
}

/// `d + μ v`.
fn added(d: ParamVector, earlier: Option<&ParamVector>, mu: f64) -> ParamVector {
    match earlier {
        Some(v) => d.add_scaled(v, mu),
        None => d,
    }
}
