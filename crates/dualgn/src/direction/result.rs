//! [`Direction`]: what the oracle returns.

use std::time::Duration;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::dual::{Measures, Route};
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
    /// `⟨∇L, d⟩`: negative, or zero to rounding.
    pub slope: f64,
    /// How much the quadratic model of the loss, without the damping term, decreases along `d`.
    pub predicted_decrease: f64,
    /// `‖d‖`.
    pub norm: f64,
    /// The damping `λ`.
    pub damping: f64,
    /// `P(d)`, the model with the damping term; `P(0) = 0`.
    pub primal_value: f64,
    /// `D(α)`, never above `P` of any direction.
    pub dual_value: f64,
    /// The duality gap `P(d) - D(α) ≥ 0`: how far `P(d)` is from the minimum at most.
    pub gap: f64,
    /// The step along `d` that minimises the model: 1 for an exact direction, less for one that was cut short.
    pub model_step: f64,
    /// Conjugate-gradient iterations; zero on the assembled route.
    pub iterations: usize,
    /// How it was computed.
    pub route: Route,
    /// Time by phase.
    pub timings: Timings,
    dual: Tensor<2>,
    pseudo_gradient: ParamVector,
}

impl Direction {
    #[expect(clippy::too_many_arguments, reason = "called once, with every field of the result")]
    pub(super) fn new(
        loss: f64,
        damping: f64,
        measures: Measures,
        iterations: usize,
        route: Route,
        timings: Timings,
        dual: Tensor<2>,
        pseudo_gradient: ParamVector,
    ) -> Result<Self, Error> {
        let Measures { slope, curvature, norm_squared, dual_value, gap, slope_rounding } = measures;
        // K α is finite only if the rows of J that make ṽ are, so ṽ itself, as long as all parameters, need not be read.
        if ![slope, curvature, norm_squared, gap].iter().all(|value| value.is_finite()) {
            return Err(DirectionError::NotFinite { what: "the direction" }.into());
        }
        if slope > slope_rounding {
            return Err(DirectionError::Ascent { slope }.into());
        }
        // αᵀKα ≥ 0, but rounding may take it below.
        let norm = norm_squared.max(0.0).sqrt();
        let second_order = 2.0 * curvature + damping * norm_squared;
        Ok(Self {
            loss,
            slope,
            predicted_decrease: -(slope + curvature),
            norm,
            damping,
            primal_value: slope + curvature + 0.5 * damping * norm_squared,
            dual_value,
            gap,
            model_step: if second_order > 0.0 { -slope / second_order } else { 0.0 },
            iterations,
            route,
            timings,
            dual,
            pseudo_gradient,
        })
    }

    /// The gap relative to the damped decrease that the dual value promises, `gap / |D|`; zero at a stationary point.
    pub fn relative_gap(&self) -> f64 {
        if self.dual_value == 0.0 { 0.0 } else { self.gap / self.dual_value.abs() }
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

    /// The model at `w + step · d`.
    ///
    /// A step of 1 is the plain Gauss-Newton step. After few conjugate-gradient iterations `d` is too long when the
    /// damping is small; [`Direction::model_step`] is then the better step.
    pub fn apply<M: Module>(self, model: M, step: f64) -> M {
        self.pseudo_gradient.added_to(model, -step / self.damping)
    }
}
