//! [`Direction`]: the result of the oracle.

use std::time::Duration;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::measures::Measures;
use super::proximity::Proximity;
use super::route::Route;
use super::subproblem::{Solved, Start};
use crate::error::{DirectionError, Error};
use crate::linearize::ParamVector;

/// Wall-clock times of the phases of one direction. On a device that works asynchronously, a phase may include the end
/// of the previous one.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Timings {
    /// Time of the forward pass.
    pub linearize: Duration,
    /// Time of evaluating the loss, assembling the Gram matrix, and solving the dual system.
    pub solve: Duration,
    /// Time of computing the pseudo-gradient from the dual variables.
    pub pull_back: Duration,
}

/// A Gauss-Newton direction `d` with its measures and certificate. Losses and slopes are means over the batch.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "a direction does nothing until it is applied or given to an optimizer"]
pub struct Direction {
    /// The loss at the current weights.
    pub loss: f64,
    /// The slope `⟨∇L, d⟩`: negative, or zero up to rounding; of either sign if the proximity term has a centre.
    pub slope: f64,
    /// The decrease of the model of the loss, without the proximity term, along `d`.
    pub predicted_decrease: f64,
    /// The norm `‖d‖`, in the metric of the proximity term.
    pub norm: f64,
    /// The damping `λ`.
    pub damping: f64,
    /// The value `P(0)` of the model at zero: zero for second-order models, which omit the value of the loss; the loss
    /// for the prox-linear model. With a centre it is larger by `(λ/2) ‖c‖²`.
    pub initial_value: f64,
    /// The value `P(d)` of the model with the proximity term.
    pub primal_value: f64,
    /// The dual value `D` that certifies the direction: a lower bound on the minimum of `P`.
    pub dual_value: f64,
    /// The duality gap `P(d) - D ≥ 0`, an upper bound on the distance of `P(d)` from the minimum.
    pub gap: f64,
    /// The step along `d` that minimises the model: 1 for an exact direction, less than 1 if the solver stopped early.
    pub model_step: f64,
    /// Iterations of the solver: conjugate-gradient iterations (zero if the solver factorised a matrix); for the
    /// prox-linear model Newton steps, passes over the batch, or proximal-gradient steps.
    pub iterations: usize,
    /// Whether the solver was started from the dual variables of an earlier direction.
    pub warm_start: bool,
    /// The route on which the direction was computed.
    pub route: Route,
    /// The time of each phase.
    pub timings: Timings,
    dual: Tensor<2>,
    start: Option<Start>,
    pseudo_gradient: ParamVector,
}

impl Direction {
    pub(super) fn new(
        loss: f64,
        proximity: Proximity,
        solved: Solved,
        timings: Timings,
        pseudo_gradient: ParamVector,
    ) -> Result<Self, Error> {
        let Solved { alpha, start, measures, iterations, route, warm, .. } = solved;
        let damping = proximity.damping;
        let Measures { slope, norm_squared, predicted_decrease, primal_value, gap, .. } = measures;
        // K α is finite only if the rows of J that make ṽ are, so ṽ itself, as long as all parameters, need not be
        // read.
        if ![slope, norm_squared, predicted_decrease, primal_value, gap].iter().all(|value| value.is_finite()) {
            return Err(DirectionError::NotFinite { what: "the direction" }.into());
        }
        if slope > measures.slope_rounding {
            return Err(DirectionError::Ascent { slope }.into());
        }
        Ok(Self {
            loss,
            slope,
            predicted_decrease,
            // αᵀKα ≥ 0, but rounding may take it below.
            norm: norm_squared.max(0.0).sqrt(),
            damping,
            initial_value: measures.initial_value,
            primal_value,
            dual_value: measures.dual_value,
            gap,
            model_step: measures.model_step,
            iterations,
            warm_start: warm,
            route,
            timings,
            dual: alpha,
            start,
            pseudo_gradient,
        })
    }

    /// Returns the duality gap relative to the decrease that the dual value promises, `gap / (P(0) - D)`, or zero at a
    /// stationary point. If it is below one, the direction decreases the model.
    pub fn relative_gap(&self) -> f64 {
        let promised = self.initial_value - self.dual_value;
        if promised == 0.0 { 0.0 } else { self.gap / promised.abs() }
    }

    /// `β` of a second-order model, if it has the given shape.
    pub(super) fn beta(&self, shape: [usize; 2]) -> Option<Tensor<2>> {
        let Some(Start::Beta(beta)) = &self.start else { return None };
        (beta.dims() == shape).then(|| beta.clone())
    }

    /// `α` of the prox-linear model, if it has the given shape.
    pub(super) fn alpha(&self, shape: [usize; 2]) -> Option<Tensor<2>> {
        let Some(Start::Alpha(alpha)) = &self.start else { return None };
        (alpha.dims() == shape).then(|| alpha.clone())
    }

    /// Returns the dual variables `α`, `[m, k]`.
    pub fn dual(&self) -> Tensor<2> {
        self.dual.clone()
    }

    /// Returns the pseudo-gradient `ṽ = Jᵀα/m = -λ d`, which equals the gradient when `α = g`.
    pub fn pseudo_gradient(&self) -> &ParamVector {
        &self.pseudo_gradient
    }

    /// Returns the direction `d = -ṽ/λ`.
    pub fn vector(&self) -> ParamVector {
        self.pseudo_gradient.clone().scale(-1.0 / self.damping)
    }

    /// Converts the direction to its pseudo-gradient in the form that every Burn optimizer takes in place of the
    /// gradient.
    ///
    /// Burn's optimizers update models on an autodiff device and panic on others; [`Direction::apply`] works for both.
    pub fn into_gradients(self) -> GradientsParams {
        self.pseudo_gradient.into_gradients()
    }

    /// Returns the model at `w + rate · t · d`, where `t` is [`Direction::model_step`].
    ///
    /// A rate of 1 is the plain Gauss-Newton step. When conjugate gradient stops after few iterations and the damping
    /// is small, `d` is too long, and `t` is the exact minimiser of the model along it; for an exact solution `t` is 1.
    pub fn apply<M: Module>(self, model: M, rate: f64) -> M {
        self.pseudo_gradient.added_to(model, -rate * self.model_step / self.damping)
    }
}
