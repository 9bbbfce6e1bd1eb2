//! [`Subproblem`]: the subproblem of one batch at one point.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::Tensor;

use super::centre::Centre;
use super::form::{Expansion, Form, Model};
use super::kernel::{on_host, placed, spread};
use super::measures::{Measures, read};
use super::primal::{self, Primal};
use super::prox_linear::{self, ProxLinear};
use super::proximity::Proximity;
use super::route::{DEFAULT_BUDGET, How, Method, Route};
use super::{Direction, GaussNewton, Timings};
use crate::error::{DirectionError, Error};
use crate::kernels::on_workers;
use crate::linearize::{Linearization, ParamVector};
use crate::loss::ConvexLoss;
use crate::tensor::Array;

/// The subproblem of an oracle for one batch at one point, created by
/// [`GaussNewton::subproblem`](GaussNewton::subproblem). It computes directions for several proximity terms from one
/// forward pass and, where it is assembled, one Gram matrix.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::prelude::*;
/// use dualgn::{GaussNewton, Network};
/// use dualgn::loss::Squared;
/// use dualgn::step::Proximity;
///
/// let device = Device::default();
/// let model = LinearConfig::new(3, 1).init(&device);
/// let inputs = Tensor::<2>::random([8, 3], burn::tensor::Distribution::Default, &device);
/// let targets = inputs.clone().sum_dim(1);
/// let network = Network::trace(&model, |m: &Linear, x: Tensor<2>| m.forward(x), [8, 3])?;
///
/// let oracle = GaussNewton::new(Squared);
/// let subproblem = oracle.subproblem(&network, &model, inputs, targets)?;
/// let long = subproblem.direction(1e-3)?;
/// let short = subproblem.direction(1.0)?;
/// assert!(short.norm < long.norm);
///
/// // Momentum: near a part of an earlier direction.
/// let centre = long.vector().scale(0.9);
/// let near = subproblem.direction(Proximity::new(1.0).centred(&centre))?;
/// assert!(near.norm > short.norm);
/// # Ok::<(), dualgn::Error>(())
/// ```
#[derive(Debug)]
pub struct Subproblem<'a, L: ConvexLoss> {
    pub(super) oracle: &'a GaussNewton<L>,
    pub(super) linearization: Linearization,
    pub(super) targets: L::Target,
    loss: f64,
    /// `g`, `[m, k]`, on the network's device.
    pub(super) gradient: Tensor<2>,
    pub(super) form: OnceLock<Form>,
    /// The time of the forward pass, and of everything since that several directions share.
    timings: Timings,
}

/// The dual variables that a later direction may start from.
#[derive(Clone, Debug)]
pub(super) enum Start {
    /// `β` of a second-order model.
    Beta(Tensor<2>),
    /// `α` of the prox-linear model, before it was rescaled.
    Alpha(Tensor<2>),
}

/// The solution of a subproblem, for any model.
pub(super) struct Solved {
    /// `α`, in the combined outputs of the form.
    pub alpha: Tensor<2>,
    /// `d - c`, if it is known without `α`.
    pub vector: Option<ParamVector>,
    pub start: Option<Start>,
    pub measures: Measures,
    pub iterations: usize,
    pub route: Route,
    pub warm: bool,
}

impl<'a, L: ConvexLoss> Subproblem<'a, L> {
    /// Creates the subproblem of a network linearised at `model`; `linearize` is the time that the linearisation took.
    pub(super) fn new<M: Module>(
        oracle: &'a GaussNewton<L>,
        model: &M,
        linearization: Linearization,
        targets: L::Target,
        linearize: Duration,
    ) -> Result<Self, Error> {
        let start = Instant::now();
        let checked = on_workers(&linearization.device(), || oracle.checked_loss(&linearization, &targets))?;
        let (loss, gradient) = match checked {
            Ok(checked) => checked,
            Err(what) => {
                let cause = linearization.not_finite(model)?;
                return Err(cause.unwrap_or(DirectionError::NotFinite { what }).into());
            }
        };
        let timings = Timings { linearize, solve: start.elapsed(), ..Timings::default() };
        Ok(Self { oracle, linearization, targets, loss, gradient, form: OnceLock::new(), timings })
    }

    /// Replaces a numerical error by the number that caused it, if there is one: with an infinite input the loss may be
    /// finite, since `tanh` is, while the derivatives are not.
    pub(super) fn explained<M: Module>(
        &self,
        model: &M,
        direction: Result<Direction, Error>,
    ) -> Result<Direction, Error> {
        match direction {
            Err(Error::Direction(DirectionError::Factorisation { .. } | DirectionError::NotFinite { .. })) => {
                let cause = self.linearization.not_finite(model)?;
                cause.map_or(direction, |cause| Err(cause.into()))
            }
            found => found,
        }
    }

    /// Returns the loss of the batch, a mean over its examples.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Returns the loss of the batch at the weights of another model of the same kind, with the same random numbers,
    /// for example the loss after a step. It may be infinite or NaN.
    ///
    /// # Errors
    /// Returns a [`LinearizeError`](crate::error::LinearizeError) if the model is not of the network's kind, and
    /// `Error::Device` if the device fails.
    pub fn loss_at<M: Module>(&self, model: &M) -> Result<f64, Error> {
        self.loss_of(self.linearization.outputs_at(model)?)
    }

    /// The mean loss at given outputs of the batch.
    pub(super) fn loss_of(&self, outputs: Tensor<2>) -> Result<f64, Error> {
        Ok(read([self.oracle.loss.value(outputs, &self.targets).mean()])?[0])
    }

    /// Returns the network linearised at this point.
    pub fn linearization(&self) -> &Linearization {
        &self.linearization
    }

    /// Computes the gradient `∇L` of the loss of the batch. Cost: one backward pass.
    pub fn gradient(&self) -> ParamVector {
        let cotangent = self.gradient.clone() / self.linearization.examples() as f64;
        self.linearization.vjp(cotangent).expect("the gradient has the shape of the outputs")
    }

    /// Computes the centre `(∇L - γ) / λ`, which replaces the gradient of this batch by another gradient `γ`:
    /// directions around it minimise the sum of `⟨γ, d⟩`, the curvature term of this batch, and `(λ/2) ‖d‖²`. This way
    /// a large batch can provide the gradient and a small one the curvature. Slope and decrease of such a direction are
    /// still those of this batch.
    ///
    /// ```
    /// # use burn::nn::{Linear, LinearConfig};
    /// # use burn::prelude::*;
    /// # use dualgn::{GaussNewton, Network};
    /// # use dualgn::loss::Squared;
    /// # use dualgn::step::Proximity;
    /// # let model = LinearConfig::new(3, 1).init(&Device::default());
    /// # let inputs = Tensor::<2>::random([64, 3], burn::tensor::Distribution::Default, &Device::default());
    /// # let targets = inputs.clone().sum_dim(1);
    /// # let network = Network::trace(&model, |m: &Linear, x: Tensor<2>| m.forward(x), [8, 3])?;
    /// let oracle = GaussNewton::new(Squared).micro_batch(16);
    /// let gradient = oracle.subproblem(&network, &model, inputs.clone(), targets.clone())?.gradient();
    ///
    /// let subproblem = oracle.subproblem(&network, &model, inputs.narrow(0, 0, 8), targets.narrow(0, 0, 8))?;
    /// let centre = subproblem.centre_of(&gradient, 0.1);
    /// let direction = subproblem.direction(Proximity::new(0.1).centred(&centre))?;
    /// assert!(direction.vector().dot(&gradient)? < 0.0);
    /// # Ok::<(), dualgn::Error>(())
    /// ```
    pub fn centre_of(&self, gradient: &ParamVector, damping: f64) -> ParamVector {
        self.gradient().add_scaled(gradient, -1.0).scale(1.0 / damping)
    }

    /// Returns the damping of the oracle at the loss of this batch.
    ///
    /// # Errors
    /// Returns `DirectionError::Damping` if the damping is not positive and finite.
    pub fn damping(&self) -> Result<f64, DirectionError> {
        self.oracle.damping.at(self.loss)
    }

    /// Computes the direction for a proximity term; a number stands for the damping `λ`.
    ///
    /// # Errors
    /// * Returns the errors of [`GaussNewton::direction`].
    /// * Returns `LinearizeError::OtherNetwork` if the centre is a vector of another network.
    /// * Returns `DirectionError::Metric` if there is a metric and the solver or the route needs an assembled matrix.
    ///
    /// # Panics
    /// Panics if the metric is a vector of another network and there is no centre.
    pub fn direction<'p>(&self, proximity: impl Into<Proximity<'p>>) -> Result<Direction, Error> {
        self.solve(proximity.into(), None, None)
    }

    /// Computes the direction, starting the solver from the dual variables of an earlier direction, as
    /// [`GaussNewton::direction_from`] does.
    ///
    /// # Errors
    /// Returns the errors of [`Subproblem::direction`].
    pub fn direction_from<'p>(
        &self,
        earlier: &Direction,
        proximity: impl Into<Proximity<'p>>,
    ) -> Result<Direction, Error> {
        self.solve(proximity.into(), Some(earlier), None)
    }

    /// The direction of a term without centre and metric, from the eigenvalues of the dual system, for cases where its
    /// factorisation fails.
    pub(crate) fn direction_by_eigenvalues(&self, proximity: Proximity) -> Result<Direction, Error> {
        if proximity.centre.is_some() || proximity.metric.is_some() {
            return Err(DirectionError::Eigenvalues.into());
        }
        let mut directions = self.path(&[proximity.damping])?;
        directions.pop().ok_or(DirectionError::Eigenvalues.into())
    }

    /// The direction by products with the Jacobian, regardless of the oracle's solver.
    pub(crate) fn direction_by_products(&self, proximity: Proximity) -> Result<Direction, Error> {
        let how = How { route: Route::DualMatrixFree, method: Method::Iterative(DEFAULT_BUDGET) };
        self.solve(proximity, None, Some(how))
    }

    /// Solves with the given route and method, or with those of the oracle if `how` is `None`.
    fn solve(&self, proximity: Proximity, earlier: Option<&Direction>, how: Option<How>) -> Result<Direction, Error> {
        let damping = proximity.damping;
        if !(damping.is_finite() && damping > 0.0) {
            return Err(DirectionError::Damping(damping).into());
        }
        on_workers(&self.linearization.device(), || {
            let start = Instant::now();
            let how = match (how, proximity.metric) {
                (None, Some(_)) => Some(self.oracle.by_products()?),
                (how, _) => how,
            };
            let other;
            let form = match how {
                None => self.form()?,
                Some(how) => {
                    other = self.make_form(Some(how))?;
                    &other
                }
            };
            let centre = proximity.centre.map(|centre| Centre::new(&self.linearization, centre, proximity.metric));
            let centre = centre.transpose()?;
            let inverse = proximity.metric.map(ParamVector::reciprocal);
            let (centre, inverse) = (centre.as_ref(), inverse.as_ref());
            let solved = match &form.model {
                Model::SecondOrder(expansion) => {
                    self.second_order(form, expansion, damping, centre, inverse, earlier)?
                }
                &Model::ProxLinear { gap, iterations } => {
                    self.prox_linear(form, (gap, iterations), damping, centre, inverse, earlier)?
                }
            };
            self.finish(form, proximity, inverse, solved, start.elapsed())
        })
    }

    /// Turns a solution into a direction.
    pub(super) fn finish(
        &self,
        form: &Form,
        proximity: Proximity,
        inverse: Option<&ParamVector>,
        mut solved: Solved,
        solve: Duration,
    ) -> Result<Direction, Error> {
        let start = Instant::now();
        let m = self.linearization.examples() as f64;
        let dual = spread(&self.linearization, form.map.as_ref(), solved.alpha.clone());
        let mut pseudo_gradient = match solved.vector.take() {
            Some(vector) => vector.scale(-proximity.damping),
            None => match &form.sensitivities {
                Some(sensitivities) => {
                    let weights = placed(solved.alpha.clone() / m, &self.linearization.device(), dual.dtype());
                    sensitivities.pull(&self.linearization, Array::from_tensor(weights))
                }
                None => self.linearization.vjp(dual.clone() / m)?,
            },
        };
        if let Some(inverse) = inverse {
            pseudo_gradient = pseudo_gradient.times(inverse);
        }
        if let Some(centre) = proximity.centre {
            pseudo_gradient = pseudo_gradient.add_scaled(centre, -proximity.damping);
        }
        if form.map.is_some() {
            solved.alpha = dual;
        }
        let Timings { linearize, solve: before, .. } = self.timings;
        let timings = Timings { linearize, solve: before + solve, pull_back: start.elapsed() };
        Direction::new(self.loss, proximity, solved, timings, pseudo_gradient)
    }

    pub(super) fn second_order(
        &self,
        form: &Form,
        expansion: &Expansion,
        damping: f64,
        centre: Option<&Centre>,
        inverse: Option<&ParamVector>,
        earlier: Option<&Direction>,
    ) -> Result<Solved, Error> {
        let (how, map) = (form.how, form.map.as_ref());
        let model = expansion.quadratic(map, damping, centre);
        if !how.route.is_dual() {
            let normal = form.normal.as_deref();
            let problem = Primal { linearization: &self.linearization, map, model: &model, normal };
            let primal::Solution { direction, alpha, measures, iterations } = problem.solve(how)?;
            let (vector, route) = (Some(direction), how.route);
            return Ok(Solved { alpha, vector, start: None, measures, iterations, route, warm: false });
        }
        let kernel = self.kernel(form, inverse);
        let gradient = &model.gradient;
        let kernel_gradient = kernel.product(gradient.clone())?;
        let columns = model.factor.columns(gradient.dims()[1]);
        let start = earlier.and_then(|earlier| earlier.beta([gradient.dims()[0], columns]));
        let start = start.filter(|_| matches!(how.method, Method::Iterative(_) | Method::Nystrom(..)));
        let start = start.map(|beta| placed(beta, &gradient.device(), gradient.dtype()));
        let mut warm = start.is_some();
        let mut dual = model.solve(&kernel, kernel_gradient.clone(), how, start)?;
        let mut measures = model.measure(&dual)?;
        // Iterates that do not start from zero may ascend.
        if warm && centre.is_none() && measures.slope >= 0.0 {
            warm = false;
            dual = model.solve(&kernel, kernel_gradient, how, None)?;
            measures = model.measure(&dual)?;
        }
        if how.method == Method::Iterative(DEFAULT_BUDGET) && !warm {
            let iterations = dual.is_enough.then_some(dual.iterations);
            self.linearization.graph().history.note_iterations(iterations);
        }
        let start = Some(Start::Beta(dual.beta));
        let (alpha, iterations) = (dual.alpha, dual.iterations);
        Ok(Solved { alpha, vector: None, start, measures, iterations, route: how.route, warm })
    }

    /// Solves the subproblem of the loss itself, up to a relative duality gap or for a number of iterations.
    fn prox_linear(
        &self,
        form: &Form,
        (tolerance, iterations): (f64, usize),
        damping: f64,
        centre: Option<&Centre>,
        inverse: Option<&ParamVector>,
        earlier: Option<&Direction>,
    ) -> Result<Solved, Error> {
        if !(tolerance.is_finite() && tolerance >= 0.0) {
            return Err(DirectionError::Tolerance(tolerance).into());
        }
        let kernel = self.kernel(form, inverse);
        let mut outputs = on_host(self.linearization.outputs());
        let start = earlier.and_then(|earlier| earlier.alpha(outputs.dims()));
        if let Some(centre) = centre {
            outputs = outputs + on_host(centre.change.clone());
        }
        let problem = ProxLinear {
            loss: &self.oracle.loss,
            targets: &self.targets,
            outputs,
            damping,
            tolerance,
            iterations,
            inner: form.how,
        };
        let prox_linear::Solution { alpha, unscaled, mut measures, iterations, warm, change } =
            problem.solve(&kernel, start)?;
        if let Some(centre) = centre {
            let gradient = on_host(self.gradient.clone());
            measures = centre.prox_linear(measures, &gradient, &alpha, &change, self.loss, damping)?;
        }
        let (start, route) = (Some(Start::Alpha(unscaled)), form.how.route);
        Ok(Solved { alpha, vector: None, start, measures, iterations, route, warm })
    }
}
