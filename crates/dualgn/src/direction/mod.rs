//! The oracle: traced network × convex loss × model × solver → a direction with its certificate.
//!
//! The subproblem at weights `w`, with damping `λ`, is
//!
//! ```text
//! min_d  P(d) = (1/m) Σ_i ψ_i(J_i d) + (λ/2) ‖d‖²
//! ```
//!
//! with a model `ψ_i` of the loss ([`Model`]), and is solved through its dual, whose unknowns are as many as the batch has
//! outputs. For the quadratic model `(I + LᵀKL/(λm)) β = -LᵀKg/(λm)`, `α = g + Lβ`, `d = -Jᵀα/(λm)`. (Roulet and Blondel,
//! "Dual Gauss-Newton Directions for Deep Learning", 2023; this symmetric form is derived in `docs/mathematics.md`.)

mod choice;
mod damping;
mod estimate;
mod kernel;
mod machine;
mod measures;
mod model;
mod path;
mod primal;
mod prox_linear;
mod quadratic;
mod result;
mod route;

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::Tensor;

pub use damping::Damping;
pub use estimate::Estimate;
pub use model::Model;
pub use result::{Direction, Timings};
pub use route::{Route, Solver};

use crate::error::{DirectionError, Error};
use crate::gram;
use crate::kernels::on_workers;
use crate::linearize::{Linearization, ParamVector};
use crate::loss::{ConvexLoss, CurvatureFactor, Margin};
use crate::trace::{Inputs, Network};
use kernel::{Kernel, on_host, placed, spread};
use measures::Measures;
use primal::Primal;
use prox_linear::ProxLinear;
use quadratic::Quadratic;
use route::{DEFAULT_BUDGET, How, Method};

/// The direction oracle: a convex loss, a model of it, a damping, a solver.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::prelude::*;
/// use dualgn::{GaussNewton, Network, Squared};
///
/// let device = Device::default();
/// let model = LinearConfig::new(3, 1).init(&device);
/// let inputs = Tensor::<2>::random([8, 3], burn::tensor::Distribution::Default, &device);
/// let targets = inputs.clone().sum_dim(1);
///
/// let network = Network::trace(&model, |m: &Linear, x: Tensor<2>| m.forward(x), [8, 3])?;
/// let oracle = GaussNewton::new(Squared).damping(1e-3);
/// let direction = oracle.direction(&network, &model, inputs, targets)?;
/// assert!(direction.slope < 0.0);
/// # Ok::<(), dualgn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GaussNewton<L> {
    loss: L,
    model: Model,
    damping: Damping,
    solver: Solver,
    route: Option<Route>,
    memory: Option<usize>,
}

impl<L: ConvexLoss> GaussNewton<L> {
    /// An oracle for a loss, with the quadratic model, damping 1 and [`Solver::Auto`].
    pub fn new(loss: L) -> Self {
        Self {
            loss,
            model: Model::Quadratic,
            damping: Damping::Fixed(1.0),
            solver: Solver::Auto,
            route: None,
            memory: None,
        }
    }

    /// The same, once the number of outputs of a network is seen to fit the loss.
    ///
    /// ```
    /// use burn::nn::{Linear, LinearConfig};
    /// use burn::prelude::*;
    /// use dualgn::{GaussNewton, Logistic, Network};
    ///
    /// let model = LinearConfig::new(3, 2).init(&Device::default());
    /// let network = Network::trace(&model, |m: &Linear, x: Tensor<2>| m.forward(x), [8, 3])?;
    /// let error = GaussNewton::for_network(Logistic, &network).unwrap_err();
    /// assert!(error.to_string().starts_with("the network has 2 outputs per example, but this loss needs one"));
    /// # Ok::<(), dualgn::Error>(())
    /// ```
    ///
    /// # Errors
    /// It does not; the message names a loss that does.
    pub fn for_network<M: Module, I: Inputs>(loss: L, network: &Network<M, I>) -> Result<Self, Error> {
        loss.check_outputs(network.outputs_per_example())?;
        Ok(Self::new(loss))
    }

    /// Sets what stands for the loss in the subproblem.
    #[must_use]
    pub fn model(mut self, model: Model) -> Self {
        self.model = model;
        self
    }

    /// Sets the damping `λ > 0`: a number, or a rule. Its inverse is the step size of the gradient that the direction tends
    /// to as `λ` grows.
    #[must_use]
    pub fn damping(mut self, damping: impl Into<Damping>) -> Self {
        self.damping = damping.into();
        self
    }

    /// Sets how the system is solved.
    #[must_use]
    pub fn solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }

    /// Sets the route, which is otherwise chosen by [`GaussNewton::estimates`].
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.route = Some(route);
        self
    }

    /// Sets the memory, in bytes, for matrices, their factors, and what they are assembled from. Unless set, it is half of
    /// what is free when a direction is computed, or 2 GiB where the system does not tell.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// The loss.
    pub fn loss(&self) -> &L {
        &self.loss
    }

    /// Computes the Gauss-Newton direction of `model` on one batch.
    ///
    /// Letters: `m` examples, `k` outputs, `p` parameters. The loss is the mean over the batch, and so is the slope.
    ///
    /// * `inputs`: the shape `network` was traced for, or another batch size. `targets`: as [`ConvexLoss::Target`] says.
    /// * Cost: one forward pass, then by the route (see [`Direction::route`]): `k` backward passes and a `[mk, mk]`
    ///   factorisation, or one jvp and one vjp per iteration and one more; and one vjp.
    /// * The result is finite and descends (`slope < 0`), however early the solver stopped; where the slope is zero to the
    ///   rounding of its inner product, as at a stationary point, it may have either sign. `model` is not changed.
    ///
    /// # Errors
    /// The damping is not positive; the batch does not fit the network or the loss, or the loss the model; the loss is not
    /// finite; the Gram matrix was asked for and cannot be had (see [`DirectionError`]).
    pub fn direction<M: Module, I: Inputs>(
        &self,
        network: &Network<M, I>,
        model: &M,
        inputs: I,
        targets: impl Into<L::Target>,
    ) -> Result<Direction, Error> {
        let start = Instant::now();
        let (linearization, targets) = (network.linearize(model, inputs)?, targets.into());
        let linearize = start.elapsed();
        on_workers(&linearization.device(), || self.solve(&linearization, &targets, linearize, None))
    }

    /// The same, with an iterative solver started from the dual variables of an earlier direction, best one of the same
    /// batch. The quadratic model's conjugate gradient and the prox-linear solvers gain from it; a factorisation does not.
    ///
    /// A start costs one product, and a bad one nothing else: a result that does not descend, or a start that is worse than
    /// none, gives way to a cold start ([`Direction::warm_start`] says which it was). A start of another shape is not used.
    ///
    /// # Errors
    /// Those of [`GaussNewton::direction`].
    pub fn direction_from<M: Module, I: Inputs>(
        &self,
        earlier: &Direction,
        network: &Network<M, I>,
        model: &M,
        inputs: I,
        targets: impl Into<L::Target>,
    ) -> Result<Direction, Error> {
        let start = Instant::now();
        let (linearization, targets) = (network.linearize(model, inputs)?, targets.into());
        let linearize = start.elapsed();
        on_workers(&linearization.device(), || self.solve(&linearization, &targets, linearize, Some(earlier)))
    }

    /// The direction of a network that is linearised already; `linearize` is the time that took, for the record.
    fn solve(
        &self,
        linearization: &Linearization,
        targets: &L::Target,
        linearize: Duration,
        earlier: Option<&Direction>,
    ) -> Result<Direction, Error> {
        let start = Instant::now();
        let (loss, gradient) = self.checked_loss(linearization, targets)?;
        let batch = Batch { linearization, targets, gradient, damping: self.damping.at(loss)?, earlier };
        let mut solved = match self.model {
            Model::Quadratic => self.quadratic(&batch)?,
            Model::FastGaussNewton => self.fast(&batch)?,
            Model::ProxLinear { gap, iterations } => self.prox_linear(&batch, gap, iterations)?,
        };
        let solve = start.elapsed();

        let start = Instant::now();
        let examples = linearization.examples() as f64;
        let dual = spread(linearization, solved.map.as_ref(), solved.alpha.clone());
        let pseudo_gradient = match solved.vector.take() {
            Some(vector) => vector.scale(-batch.damping),
            None => linearization.vjp(dual.clone() / examples)?,
        };
        if solved.map.is_some() {
            solved.alpha = dual;
        }
        let timings = Timings { linearize, solve, pull_back: start.elapsed() };
        Direction::new(loss, batch.damping, solved, timings, pseudo_gradient)
    }

    /// The second-order model in all outputs, or in their contrasts.
    fn quadratic(&self, batch: &Batch<L>) -> Result<Solved, Error> {
        let (how, outputs) = self.place(batch, self.columns(batch.linearization))?;
        let factor = self.loss.curvature(outputs.clone(), batch.targets).ok_or(DirectionError::NoCurvature)?;
        let gradient = match how.route {
            Route::DualAssembled => self.loss.gradient(outputs, batch.targets),
            _ => batch.gradient.clone(),
        };
        let all = Quadratic { gradient, factor, damping: batch.damping };
        let (model, map) =
            if how.route.is_assembled() { self.contrasts(batch.linearization, all) } else { (all, None) };
        self.second_order(batch, how, model, map)
    }

    /// The same model in the contrasts to the last output, with the map from them, where the loss depends on those alone: fewer
    /// rows to assemble, fewer unknowns.
    fn contrasts(&self, linearization: &Linearization, model: Quadratic) -> (Quadratic, Option<CurvatureFactor>) {
        let [m, k] = model.gradient.dims();
        let columns = self.columns(linearization);
        match model.factor.without_last() {
            Some(factor) if columns < k => {
                let map = CurvatureFactor::contrasts([m, k], &linearization.device(), linearization.output_type());
                (Quadratic { gradient: model.gradient.narrow(1, 0, columns), factor, ..model }, Some(map))
            }
            _ => (model, None),
        }
    }

    /// The second-order model in one number an example.
    fn fast(&self, batch: &Batch<L>) -> Result<Solved, Error> {
        let margin = |outputs| self.loss.margin(outputs, batch.targets).ok_or(DirectionError::NoMargin);
        let Margin { map, mut gradient, mut curvature } = margin(batch.linearization.outputs())?;
        let (how, outputs) = self.place(batch, gradient.dims()[1])?;
        if how.route == Route::DualAssembled {
            Margin { gradient, curvature, .. } = margin(outputs)?;
        }
        self.second_order(batch, how, Quadratic { gradient, factor: curvature, damping: batch.damping }, Some(map))
    }

    fn second_order(
        &self,
        batch: &Batch<L>,
        how: How,
        model: Quadratic,
        map: Option<CurvatureFactor>,
    ) -> Result<Solved, Error> {
        if !how.route.is_dual() {
            let problem = Primal {
                linearization: batch.linearization,
                map: map.as_ref(),
                gradient: &model.gradient,
                factor: &model.factor,
                damping: batch.damping,
            };
            let primal::Solution { direction, alpha, measures, iterations } = problem.solve(how, self.budget())?;
            let vector = Some(direction);
            return Ok(Solved { alpha, vector, start: None, map, measures, iterations, route: how.route, warm: false });
        }
        let kernel = self.kernel(batch, how, map.as_ref(), model.gradient.dims()[1])?;
        let kernel_gradient = kernel.product(model.gradient.clone())?;
        let columns = model.factor.columns(model.gradient.dims()[1]);
        let start = batch.earlier.and_then(|earlier| earlier.beta([model.gradient.dims()[0], columns]));
        let start = start.filter(|_| matches!(how.method, Method::Iterative(_)));
        let start = start.map(|beta| placed(beta, &model.gradient.device(), model.gradient.dtype()));
        let mut warm = start.is_some();
        let mut dual = model.solve(&kernel, kernel_gradient.clone(), how, start)?;
        let mut measures = model.measure(&dual)?;
        // Iterates from elsewhere than zero may ascend.
        if warm && measures.slope >= 0.0 {
            warm = false;
            dual = model.solve(&kernel, kernel_gradient, how, None)?;
            measures = model.measure(&dual)?;
        }
        if how.method == Method::Iterative(DEFAULT_BUDGET) && !warm {
            let iterations = dual.is_enough.then_some(dual.iterations);
            batch.linearization.graph().history.note_iterations(iterations);
        }
        let start = Some(Start::Beta(dual.beta));
        drop(kernel);
        let (alpha, iterations) = (dual.alpha, dual.iterations);
        Ok(Solved { alpha, vector: None, start, map, measures, iterations, route: how.route, warm })
    }

    /// The loss itself.
    fn prox_linear(&self, batch: &Batch<L>, tolerance: f64, iterations: usize) -> Result<Solved, Error> {
        if !(tolerance.is_finite() && tolerance >= 0.0) {
            return Err(DirectionError::Tolerance(tolerance).into());
        }
        let (how, outputs) = self.place(batch, batch.linearization.outputs_per_example())?;
        let kernel = self.kernel(batch, how, None, outputs.dims()[1])?;
        let start = batch.earlier.and_then(|earlier| earlier.alpha(outputs.dims()));
        let problem = ProxLinear {
            loss: &self.loss,
            targets: batch.targets,
            outputs: on_host(outputs),
            damping: batch.damping,
            tolerance,
            iterations,
            inner: how,
        };
        let prox_linear::Solution { alpha, unscaled, measures, iterations, warm } = problem.solve(&kernel, start)?;
        let start = Some(Start::Alpha(unscaled));
        Ok(Solved { alpha, vector: None, start, map: None, measures, iterations, route: how.route, warm })
    }

    /// The way that is taken for `columns` numbers an example; and the outputs, on the host in double precision where everything
    /// else will be there, too.
    fn place(&self, batch: &Batch<L>, columns: usize) -> Result<(How, Tensor<2>), Error> {
        let how = self.choose(batch.linearization, columns)?;
        let outputs = batch.linearization.outputs();
        let outputs = if how.route == Route::DualAssembled { on_host(outputs) } else { outputs };
        Ok((how, outputs))
    }

    fn kernel<'a>(
        &self,
        batch: &Batch<'a, L>,
        how: How,
        map: Option<&'a CurvatureFactor>,
        columns: usize,
    ) -> Result<Kernel<'a>, Error> {
        if how.route == Route::DualAssembled {
            return Kernel::assemble(batch.linearization, map, columns, self.budget());
        }
        Ok(Kernel::products(batch.linearization, map))
    }

    /// Bytes that may be used.
    fn budget(&self) -> usize {
        self.memory.unwrap_or_else(gram::default_memory)
    }
}

/// What a direction is computed of.
struct Batch<'a, L: ConvexLoss> {
    linearization: &'a Linearization,
    targets: &'a L::Target,
    /// `g`, `[m, k]`, on the network's device.
    gradient: Tensor<2>,
    damping: f64,
    earlier: Option<&'a Direction>,
}

/// What a later direction may start from.
#[derive(Clone, Debug)]
enum Start {
    /// `β` of a second-order model.
    Beta(Tensor<2>),
    /// `α` of the prox-linear model, before it was rescaled.
    Alpha(Tensor<2>),
}

/// The solution of a subproblem, by any model.
struct Solved {
    /// `α`, or its coefficients if there is a map.
    alpha: Tensor<2>,
    /// `d`, if it is known without `α`.
    vector: Option<ParamVector>,
    start: Option<Start>,
    map: Option<CurvatureFactor>,
    measures: Measures,
    iterations: usize,
    route: Route,
    warm: bool,
}
