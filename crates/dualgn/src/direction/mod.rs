//! The oracle: traced network × convex loss × solver → a Gauss-Newton direction with its certificate.
//!
//! The subproblem at weights `w`, with damping `λ`, is
//!
//! ```text
//! min_d  P(d) = (1/m) Σ_i [ ⟨g_i, J_i d⟩ + ½ ‖L_iᵀ J_i d‖² ] + (λ/2) ‖d‖²
//! ```
//!
//! and is solved through its dual: `(I + LᵀKL/(λm)) β = -LᵀKg/(λm)`, `α = g + Lβ`, `d = -Jᵀα/(λm)`. The unknowns `β`
//! are as many as the batch has outputs. (Roulet and Blondel, "Dual Gauss-Newton Directions for Deep Learning", 2023,
//! for the quadratic model; this symmetric form is derived in `docs/mathematics.md`.)

mod dual;
mod result;

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::kind::Autodiff;
use burn::tensor::{Tensor, TensorData};

pub use result::{Direction, Route, Timings};

use crate::error::{DeviceError, DirectionError, Error};
use crate::gram;
use crate::linearize::Linearization;
use crate::loss::ConvexLoss;
use crate::trace::Network;
use dual::{Dual, Subproblem};

/// How the dual system is solved.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Solver {
    /// [`Solver::Cholesky`] when examples do not mix, `mk` is at most 2,560 and the memory suffices; otherwise
    /// [`Solver::ConjugateGradient`] with 10 iterations.
    #[default]
    Auto,
    /// The Gram matrix is assembled and the system solved exactly, in f64 on the host.
    Cholesky,
    /// Matrix-free: one jvp and one vjp an iteration, from zero, so that any number of iterations gives a descent
    /// direction and none gives the gradient.
    ConjugateGradient {
        /// At most so many iterations.
        iterations: usize,
        /// Stop earlier once the residual is at most this times the right-hand side.
        tolerance: f64,
    },
}

/// Above so many dual unknowns the cubic cost of a factorisation loses against a few products.
const LARGEST_DIRECT: usize = 2560;
/// Conjugate-gradient iterations of [`Solver::Auto`].
const DEFAULT_ITERATIONS: usize = 10;
/// Relative residual at which conjugate gradient stops early in [`Solver::Auto`].
const DEFAULT_TOLERANCE: f64 = 1e-3;

/// The direction oracle: a convex loss, a damping, a solver.
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
    damping: f64,
    solver: Solver,
    memory: usize,
}

impl<L: ConvexLoss> GaussNewton<L> {
    /// An oracle for a loss, with damping 1 and [`Solver::Auto`].
    pub fn new(loss: L) -> Self {
        Self { loss, damping: 1.0, solver: Solver::Auto, memory: gram::DEFAULT_MEMORY }
    }

    /// Sets the damping `λ > 0`, the inverse of the step size of the gradient that the direction tends to as `λ` grows.
    #[must_use]
    pub fn damping(mut self, damping: f64) -> Self {
        self.damping = damping;
        self
    }

    /// Sets how the dual system is solved.
    #[must_use]
    pub fn solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }

    /// Sets the memory, in bytes, that the Gram matrix and its parts may take; 2 GiB unless set.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
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
    /// * The result is finite and descends (`slope < 0`), however early the solver stopped; at a stationary point it is
    ///   zero. `model` is not changed.
    ///
    /// # Errors
    /// The damping is not positive; the batch does not fit the network or the loss; the loss is not finite; the Gram
    /// matrix was asked for and cannot be had (see [`DirectionError`]).
    pub fn direction<M, const D: usize, K>(
        &self,
        network: &Network<M, D, K>,
        model: &M,
        inputs: Tensor<D, K>,
        targets: impl Into<L::Target>,
    ) -> Result<Direction, Error>
    where
        M: Module,
        K: Autodiff,
    {
        let start = Instant::now();
        let linearization = network.linearize(model, inputs)?;
        self.solve(&linearization, &targets.into(), start.elapsed())
    }

    /// The direction of a network that is linearised already; `linearize` is the time that took, for the record.
    fn solve(
        &self,
        linearization: &Linearization,
        targets: &L::Target,
        linearize: Duration,
    ) -> Result<Direction, Error> {
        if !(self.damping.is_finite() && self.damping > 0.0) {
            return Err(DirectionError::Damping(self.damping).into());
        }
        let start = Instant::now();
        let outputs = linearization.outputs();
        self.loss.validate(outputs.dims(), targets)?;
        let losses = self.loss.value(outputs.clone(), targets);
        let gradient = self.loss.gradient(outputs.clone(), targets);
        let [loss, gradient_sum] = read([losses.mean(), gradient.clone().abs().sum()])?;
        for (what, value) in [("the loss", loss), ("the gradient of the loss", gradient_sum)] {
            if !value.is_finite() {
                return Err(DirectionError::NotFinite { what }.into());
            }
        }
        let factor = self.loss.curvature(outputs, targets);
        let subproblem = Subproblem { gradient, factor, damping: self.damping };
        let Dual { alpha, beta, kernel_alpha, iterations, route } = match self.choose(linearization) {
            Solver::ConjugateGradient { iterations, tolerance } => {
                subproblem.solve_matrix_free(linearization, iterations, tolerance)?
            }
            _ => subproblem.solve_assembled(linearization, self.memory)?,
        };
        let solve = start.elapsed();

        let start = Instant::now();
        let examples = linearization.examples() as f64;
        let pseudo_gradient = linearization.vjp(alpha.clone() / examples)?;
        let norm = pseudo_gradient.norm()? / self.damping;
        let measures = subproblem.measure(&alpha, &beta, kernel_alpha)?;
        let timings = Timings { linearize, solve, pull_back: start.elapsed() };
        Direction::new(loss, self.damping, norm, measures, iterations, route, timings, alpha, pseudo_gradient)
    }

    fn choose(&self, linearization: &Linearization) -> Solver {
        match self.solver {
            Solver::Auto => {
                let (rows, needed) = gram::memory_needed(linearization);
                let mixes = linearization.graph().mixing.is_some();
                if mixes || rows > LARGEST_DIRECT || needed > self.memory {
                    Solver::ConjugateGradient { iterations: DEFAULT_ITERATIONS, tolerance: DEFAULT_TOLERANCE }
                } else {
                    Solver::Cholesky
                }
            }
            chosen => chosen,
        }
    }
}

/// Reads several numbers back from the device at once.
fn read<const N: usize>(numbers: [Tensor<1>; N]) -> Result<[f64; N], DeviceError> {
    let data: TensorData = Tensor::cat(numbers.into(), 0).try_into_data()?;
    let mut values = data.iter::<f64>();
    Ok(std::array::from_fn(|_| values.next().unwrap_or(f64::NAN)))
}
