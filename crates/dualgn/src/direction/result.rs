//! [`Direction`]: what the oracle returns.

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

/// Wall-clock time of the phases of one direction. On a device that works asynchronously, a phase may include the end
/// of the one before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// The forward pass.
    pub linearize: Duration,
    /// Loss, Gram matrix, dual system.
    pub solve: Duration,
    /// From the dual variables to the pseudo-gradient.
    pub pull_back: Duration,
}

/// A Gauss-Newton direction `d` and what is known of it. Losses and slopes are means over the batch.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "a direction does nothing until it is applied or given to an optimizer"]
pub struct Direction {
    /// The loss at the current weights.
    pub loss: f64,
    /// `⟨∇L, d⟩`: negative, or zero to rounding; of either sign if the proximity term has a centre.
    pub slope: f64,
    /// How much the model of the loss, without the damping term, decreases along `d`.
    pub predicted_decrease: f64,
    /// `‖d‖`, in the metric of the proximity term.
    pub norm: f64,
    /// The damping `λ`.
    pub damping: f64,
    /// `P(0)`: zero for second-order models, which leave the loss itself out; the loss for the prox-linear model. With a centre
    /// `(λ/2) ‖c‖²` more.
    pub initial_value: f64,
    /// `P(d)`, the model with the proximity term.
    pub primal_value: f64,
    /// The dual value that certifies the direction, never above `P` of any.
    pub dual_value: f64,
    /// The duality gap `P(d) - D ≥ 0`: how far `P(d)` is from the minimum at most.
    pub gap: f64,
    /// The step along `d` that minimises the model: 1 for an exact direction, less for one that was cut short.
    pub model_step: f64,
    /// Iterations of the solver: of conjugate gradient (none on the assembled route); for the prox-linear model Newton
    /// steps, passes over the batch, or proximal-gradient steps.
    pub iterations: usize,
    /// Whether the solver was started from an earlier direction.
    pub warm_start: bool,
    /// How it was computed.
    pub route: Route,
    /// Time by phase.
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
        // K α is finite only if the rows of J that make ṽ are, so ṽ itself, as long as all parameters, need not be read.
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

    /// The gap relative to the decrease that the dual value promises, `gap / (P(0) - D)`; zero at a stationary point. Below
    /// one the direction decreases the model.
    pub fn relative_gap(&self) -> f64 {
        let promised = self.initial_value - self.dual_value;
        if promised == 0.0 { 0.0 } else { self.gap / promised.abs() }
    }

    /// `β` of a second-order model, if it has a given shape.
    pub(super) fn beta(&self, shape: [usize; 2]) -> Option<Tensor<2>> {
        let Some(Start::Beta(beta)) = &self.start else { return None };
        (beta.dims() == shape).then(|| beta.clone())
    }

    /// `α` of the prox-linear model, if it has a given shape.
    pub(super) fn alpha(&self, shape: [usize; 2]) -> Option<Tensor<2>> {
        let Some(Start::Alpha(alpha)) = &self.start else { return None };
        (alpha.dims() == shape).then(|| alpha.clone())
    }

    /// The dual variables `α`, `[m, k]`.
    pub fn dual(&self) -> Tensor<2> {
        self.dual.clone()
    }

    /// The pseudo-gradient `ṽ = Jᵀα/m = -λ d`, which is the gradient when `α = g`.
    pub fn pseudo_gradient(&self) -> &ParamVector {
        &self.pseudo_gradient
    }

    /// The direction `d = -ṽ/λ`.
    pub fn vector(&self) -> ParamVector {
        self.pseudo_gradient.clone().scale(-1.0 / self.damping)
    }

    /// The pseudo-gradient in the form that every Burn optimizer takes in place of the gradient.
    ///
    /// Burn's optimizers update models on an autodiff device and panic on others; [`Direction::apply`] takes both.
    pub fn into_gradients(self) -> GradientsParams {
        self.pseudo_gradient.into_gradients()
    }

    /// The model at `w + rate · t · d`, where `t` is [`Direction::model_step`].
    ///
    /// A rate of 1 is the plain Gauss-Newton step. After few conjugate-gradient iterations `d` is too long when the damping
    /// is small, and `t` is the exact minimiser of the model along it; for an exact solution `t` is 1.
    pub fn apply<M: Module>(self, model: M, rate: f64) -> M {
        self.pseudo_gradient.added_to(model, -rate * self.model_step / self.damping)
    }
}
