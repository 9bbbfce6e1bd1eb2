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
pub use estimate::Estimate;
pub use model::Model;
pub use proximity::Proximity;
pub use result::{Direction, Timings};
pub use route::{Route, Solver};
pub use subproblem::Subproblem;

use crate::error::Error;
use crate::gram;
use crate::linearize::Linearize;
use crate::loss::ConvexLoss;
use crate::trace::{Inputs, Network};

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
    micro_batch: Option<usize>,
    is_repeatable: bool,
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
            micro_batch: None,
            is_repeatable: false,
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

    /// Sets how many examples go through the network at once, for batches whose passes do not fit the memory: see
    /// [`Network::linearize_in_parts`]. Directions are the same to rounding. Unless set, the batch goes in one piece.
    #[must_use]
    pub fn micro_batch(mut self, examples: usize) -> Self {
        self.micro_batch = Some(examples);
        self
    }

    /// Lets nothing depend on timings: where a way is chosen, estimates go by the speeds of a nominal machine instead of measured
    /// ones, so that a program that is run again takes the same ways and, on the same machine, the same steps bit for bit. For that
    /// the memory is to be set too. Unless set, the choice is better, and may be another where two ways are close.
    #[must_use]
    pub fn repeatable(mut self, is_repeatable: bool) -> Self {
        self.is_repeatable = is_repeatable;
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
    /// finite, or the direction, and the error says which number of the inputs, the parameters or the outputs is to blame; the Gram matrix was asked for and cannot be had (see [`DirectionError`](crate::DirectionError)).
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

    /// The same, with an iterative solver started from the dual variables of an earlier direction, best one of the same
    /// batch. The quadratic model's conjugate gradient and the prox-linear solvers gain from it; a factorisation does not.
    ///
    /// A start costs one product, and a bad one nothing else: a result that does not descend, or a start that is worse than
    /// none, gives way to a cold start ([`Direction::warm_start`] says which it was). A start of another shape is not used.
    ///
    /// # Errors
    /// Those of [`GaussNewton::direction`].
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

    /// The subproblem of `model` on one batch, of which directions for several dampings, centres and metrics can be had. Cost: one
    /// forward pass.
    ///
    /// # Errors
    /// The batch does not fit the network or the loss; the loss is not finite, and the error says which number of the inputs, the
    /// parameters or the outputs is to blame.
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

    /// The memory, in bytes, that a direction may use now: what was set, or the default.
    pub fn memory_budget(&self) -> usize {
        self.memory.unwrap_or_else(gram::default_memory)
    }
}
