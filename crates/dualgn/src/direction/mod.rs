//! The oracle: traced network × convex loss × model × solver → a direction with its certificate.
//!
//! The subproblem at weights `w`, with damping `λ`, is
//!
//! ```text
//! min_d  P(d) = (1/m) Σ_i ψ_i(J_i d) + (λ/2) ‖d‖²
//! ```
//!
//! with a model `ψ_i` of the loss ([`LossModel`]), and is solved through its dual, whose unknowns are as many as the batch
//! has outputs. For the quadratic model `(I + LᵀKL/(λm)) β = -LᵀKg/(λm)`, `α = g + Lβ`, `d = -Jᵀα/(λm)`. (Roulet and
//! Blondel, "Dual Gauss-Newton Directions for Deep Learning", 2023; this symmetric form is derived in
//! `docs/mathematics.md`.)

mod acceleration;
mod along;
mod centre;
mod choice;
mod damping;
mod estimate;
mod form;
mod kernel;
mod machine;
mod measures;
mod model;
mod path;
mod primal;
mod prox_linear;
mod proximity;
mod quadratic;
mod result;
mod route;
mod subproblem;

use std::time::Instant;

use burn::module::Module;

pub(crate) use along::Along;
pub use damping::Damping;
pub use estimate::{Estimate, Speeds};
pub use model::LossModel;
pub use proximity::Proximity;
pub use result::{Direction, Timings};
pub use route::{Route, Solver};
pub use subproblem::Subproblem;

use crate::error::Error;
use crate::gram;
use crate::linearize::Linearize;
use crate::loss::ConvexLoss;
use crate::trace::{Inputs, Network};

/// The direction oracle: a convex loss, a model of it, a damping and a solver.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::prelude::*;
/// use dualgn::{GaussNewton, Network};
/// use dualgn::loss::Squared;
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
    model: LossModel,
    damping: Damping,
    solver: Solver,
    route: Option<Route>,
    memory: Option<usize>,
    micro_batch: Option<usize>,
    speeds: Speeds,
}

impl<L: ConvexLoss> GaussNewton<L> {
    /// Creates an oracle for a loss, with the quadratic model, damping 1 and [`Solver::Auto`].
    pub fn new(loss: L) -> Self {
        Self {
            loss,
            model: LossModel::Quadratic,
            damping: Damping::Fixed(1.0),
            solver: Solver::Auto,
            route: None,
            memory: None,
            micro_batch: None,
            speeds: Speeds::Measured,
        }
    }

    /// Creates an oracle like [`GaussNewton::new`], after checking that the loss can take the outputs of a network.
    ///
    /// ```
    /// use burn::nn::{Linear, LinearConfig};
    /// use burn::prelude::*;
    /// use dualgn::{GaussNewton, Network};
    /// use dualgn::loss::Logistic;
    ///
    /// let model = LinearConfig::new(3, 2).init(&Device::default());
    /// let network = Network::trace(&model, |m: &Linear, x: Tensor<2>| m.forward(x), [8, 3])?;
    /// let error = GaussNewton::for_network(Logistic, &network).unwrap_err();
    /// assert!(error.to_string().starts_with("the network has 2 outputs per example, but this loss needs one"));
    /// # Ok::<(), dualgn::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns `LossError::Outputs` if the loss cannot take as many outputs per example as the network has; the message
    /// suggests a loss that can. Losses with parameters may return `LossError::Parameter` for an invalid one.
    pub fn for_network<M: Module, I: Inputs>(loss: L, network: &Network<M, I>) -> Result<Self, Error> {
        loss.check_outputs(network.outputs_per_example())?;
        Ok(Self::new(loss))
    }

    /// Sets the model of the loss in the subproblem.
    #[must_use]
    pub fn model(mut self, model: LossModel) -> Self {
        self.model = model;
        self
    }

    /// Sets the damping `λ > 0`: a number or a rule. As `λ` grows, the direction tends to a gradient step of size
    /// `1/λ`.
    #[must_use]
    pub fn damping(mut self, damping: impl Into<Damping>) -> Self {
        self.damping = damping.into();
        self
    }

    /// Sets the solver of the subproblem.
    #[must_use]
    pub fn solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }

    /// Sets the route. By default the oracle takes the first of [`GaussNewton::estimates`].
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.route = Some(route);
        self
    }

    /// Sets the memory budget, in bytes, for matrices, their factors, and the data they are assembled from. The default
    /// is half of the memory that is free when a direction is computed, or 2 GiB where the system does not report it.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Sets the number of examples that go through the network at once, for batches whose passes do not fit into
    /// memory: see [`Network::linearize_in_parts`]. Directions are the same up to rounding. By default the whole batch
    /// goes through at once.
    #[must_use]
    pub fn micro_batch(mut self, examples: usize) -> Self {
        self.micro_batch = Some(examples);
        self
    }

    /// Sets the speeds by which solver and route are chosen, [`Speeds::Measured`] by default.
    #[must_use]
    pub fn speeds(mut self, speeds: Speeds) -> Self {
        self.speeds = speeds;
        self
    }

    /// Returns the loss.
    pub fn loss(&self) -> &L {
        &self.loss
    }

    /// Computes the Gauss-Newton direction of `model` on one batch.
    ///
    /// Letters: `m` examples, `k` outputs per example, `p` parameters. The loss and the slope are means over the batch.
    ///
    /// * `inputs` have the shape that `network` was traced with, or another batch size; `targets` are described by
    ///   [`ConvexLoss::Target`].
    /// * Cost: one forward pass, then, depending on the route (see [`Direction::route`]), either `k` backward passes
    ///   and a `[mk, mk]` factorisation, or one Jacobian-vector product (jvp) and one vector-Jacobian product (vjp) per
    ///   iteration and one more of each; finally one vjp.
    /// * The result is finite and a descent direction (`slope < 0`), however early the solver stopped. Where the slope
    ///   is zero up to the rounding of its inner product, as at a stationary point, it may have either sign. `model` is
    ///   not changed.
    ///
    /// # Errors
    /// * Returns `DirectionError::Damping` if the damping is not positive and finite, and `DirectionError::Tolerance`
    ///   if the tolerance of the solver or of the model is negative or not finite.
    /// * Returns a [`LinearizeError`](crate::error::LinearizeError) if the batch or the model does not fit the network, and a
    ///   [`LossError`](crate::error::LossError) if the targets do not fit the loss.
    /// * Returns `DirectionError::NoCurvature`, `NoMargin` or `NoDualUpdate` if the loss lacks what the model of it
    ///   needs.
    /// * Returns `DirectionError::Route` or `Primal` if the solver or the model does not allow the route that is set.
    /// * Returns `DirectionError::MixesExamples` or `Memory` if the solver needs an assembled matrix, and the network
    ///   mixes examples or the matrix exceeds the memory budget.
    /// * Returns `DirectionError::InputNotFinite`, `ParameterNotFinite` or `OutputNotFinite`, which name the first
    ///   offending number, or else `NotFinite`, if the loss, its gradient or the direction is not finite.
    /// * Returns `DirectionError::Factorisation`, `NoDecrease` or `Ascent` if the solver fails numerically, and
    ///   `Error::Device` if the device fails.
    pub fn direction<M: Module, N: Linearize<M>>(
        &self,
        network: &N,
        model: &M,
        inputs: N::Inputs,
        targets: impl Into<L::Target>,
    ) -> Result<Direction, Error> {
        let subproblem = self.subproblem(network, model, inputs, targets)?;
        subproblem.explained(model, subproblem.direction(subproblem.damping()?))
    }

    /// Computes the direction like [`GaussNewton::direction`], but starts an iterative solver from the dual variables
    /// of an earlier direction, preferably one of the same batch. This speeds up conjugate gradient for the quadratic
    /// model and the solvers of the prox-linear model; a factorisation and [`Solver::Preconditioned`] do not use the
    /// start.
    ///
    /// A start costs one product with the Gram matrix, and a bad start costs nothing else: if the result does not
    /// descend, or the start is worse than none, the solver starts cold instead ([`Direction::warm_start`] says which
    /// start was used). A start of another shape is ignored.
    ///
    /// # Errors
    /// Returns the errors of [`GaussNewton::direction`].
    pub fn direction_from<M: Module, N: Linearize<M>>(
        &self,
        earlier: &Direction,
        network: &N,
        model: &M,
        inputs: N::Inputs,
        targets: impl Into<L::Target>,
    ) -> Result<Direction, Error> {
        let subproblem = self.subproblem(network, model, inputs, targets)?;
        subproblem.explained(model, subproblem.direction_from(earlier, subproblem.damping()?))
    }

    /// Creates the subproblem of `model` on one batch, which computes directions for several dampings, centres and
    /// metrics. Cost: one forward pass.
    ///
    /// # Errors
    /// * Returns a [`LinearizeError`](crate::error::LinearizeError) if the batch or the model does not fit the network, and a
    ///   [`LossError`](crate::error::LossError) if the targets do not fit the loss.
    /// * Returns `DirectionError::InputNotFinite`, `ParameterNotFinite` or `OutputNotFinite`, which name the first
    ///   offending number, or else `NotFinite`, if the loss or its gradient is not finite.
    /// * Returns `Error::Device` if the device fails.
    pub fn subproblem<M: Module, N: Linearize<M>>(
        &self,
        network: &N,
        model: &M,
        inputs: N::Inputs,
        targets: impl Into<L::Target>,
    ) -> Result<Subproblem<'_, L>, Error> {
        let start = Instant::now();
        let linearization = network.linearization(model, inputs, self.micro_batch)?;
        Subproblem::new(self, model, linearization, targets.into(), start.elapsed())
    }

    /// Returns the memory, in bytes, that a direction may use now: the budget that was set, or the default.
    pub fn memory_budget(&self) -> usize {
        self.memory.unwrap_or_else(gram::default_memory)
    }
}
