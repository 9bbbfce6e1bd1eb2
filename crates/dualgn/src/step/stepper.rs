//! [`Stepper`]: a combination of a direction, a damping rule, a search and a momentum.

use burn::module::Module;

use super::adaptation::{Adaptation, Floor, LevenbergMarquardt};
use super::attempt::{Attempt, Point};
use super::metric::{SecondMoments, update_metric};
use super::momentum::{Decay, Momentum};
use super::report::StepReport;
use super::search::Search;
use super::state::{State, StepperState};
use crate::direction::GaussNewton;
use crate::error::{DeviceError, DirectionError, Error, Fault, StateError};
use crate::linearize::Linearize;
use crate::loss::ConvexLoss;

/// Largest number of dampings tried from one point.
const ATTEMPTS: usize = 40;

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
    pub(super) search: Search,
    pub(super) momentum: Momentum,
    pub(super) decay: Decay,
    metric: Option<SecondMoments>,
    /// The longest acceleration that is taken, in steps; `None` takes none.
    pub(super) acceleration: Option<f64>,
    pub(super) limit: Option<f64>,
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
            acceleration: None,
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

    /// Adds geodesic acceleration: each step follows a path that bends as the network does, to second order, if the acceleration is at most
    /// this part of the step, such as 0.75. (Transtrum and Sethna, arXiv 1201.5885.) It costs a second solution of the system for each
    /// direction, and needs a second-order model. In a metric of second moments nothing is added.
    #[must_use]
    pub fn accelerated(mut self, longest: f64) -> Self {
        self.acceleration = Some(longest);
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

    /// Restores the state of a stepper with the same settings for the same network. After an error, the state of the
    /// stepper is unchanged.
    ///
    /// # Errors
    /// Returns `StateError` if the state has another version, a number that is not finite, or a vector that these
    /// settings do not use. Whether its vectors fit the network is known at the next step.
    pub fn restore(&mut self, state: StepperState) -> Result<(), StateError> {
        state.check(self)?;
        self.state = State::restore(state);
        Ok(())
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
        let metric = self.metric.map(|metric| update_metric(&mut state.second_moments, metric, &subproblem));
        let point = Point {
            weights: at.weights(model)?,
            momentum: state.momentum.as_ref().map(|kept| kept.at(at)).transpose()?,
            metric: metric.transpose()?,
            last: state.last_step,
            model,
            subproblem: &subproblem,
        };
        match self.adaptation {
            Adaptation::LevenbergMarquardt(rule) => {
                let (attempt, refused) = self.adapted(state, &point, rate, rule)?;
                Ok(self.finish(state, &point, attempt, refused, Some(rule)))
            }
            adaptation => {
                let mut damping = subproblem.damping()?;
                if let Adaptation::Schedule(schedule) = adaptation {
                    damping = schedule.after(state.steps, damping);
                    state.steps += 1;
                }
                let attempt = self.attempt(&point, rate, damping, false)?;
                Ok(self.finish(state, &point, attempt, 0, None))
            }
        }
    }

    /// Tries dampings until a step is accepted; returns it with the number of dampings rejected before.
    fn adapted<M: Module>(
        &self,
        state: &State,
        point: &Point<M, L>,
        rate: f64,
        rule: LevenbergMarquardt,
    ) -> Result<(Attempt, usize), Error> {
        let mut damping = match state.damping {
            Some(damping) if rule.floor == Floor::Oracle => rule.clamp(damping.max(point.subproblem.damping()?)),
            Some(damping) => damping,
            None => rule.clamp(point.subproblem.damping()?),
        };
        let mut refused = 0;
        let mut is_finite = false;
        loop {
            let last_one = refused == ATTEMPTS || damping >= rule.most;
            match self.attempt(point, rate, damping, true) {
                Ok(attempt) => {
                    damping = attempt.damping;
                    is_finite |= attempt.found.loss.is_some_and(f64::is_finite);
                    if attempt.ratio().is_some_and(|ratio| ratio >= rule.accept) {
                        return Ok((attempt, refused));
                    }
                    if last_one && is_finite {
                        return Ok((attempt.refused(), refused));
                    }
                    if last_one {
                        let what = "the loss after every step that was tried";
                        return Err(DirectionError::NotFinite { what }.into());
                    }
                }
                // Near the limits of a float type more damping may still give a direction.
                Err(error) if last_one || error.fault() != Fault::Numerics => return Err(error),
                Err(_) => {}
            }
            refused += 1;
            damping = rule.clamp(damping * rule.refuse);
        }
    }
}

impl<L> Stepper<L> {
    /// Whether it carries a momentum from step to step.
    pub(super) fn has_momentum(&self) -> bool {
        self.momentum != Momentum::None
    }

    /// Whether it carries second moments from step to step.
    pub(super) fn has_metric(&self) -> bool {
        self.metric.is_some()
    }
}
