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
use burn::tensor::{Tensor, TensorData};

pub use dual::Route;
pub use result::{Direction, Timings};

use crate::error::{DeviceError, DirectionError, Error};
use crate::gram;
use crate::linearize::Linearization;
use crate::loss::ConvexLoss;
use crate::trace::{Inputs, Network};
use dual::{Dual, Subproblem};

/// How the dual system is solved.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Solver {
    /// [`Solver::Cholesky`] when examples do not mix, the memory suffices, and it needs no more floating-point operations
    /// than [`Solver::ConjugateGradient`] with 30 iterations; otherwise the latter, which stops earlier at a relative
    /// residual of 1e-3.
    ///
    /// The estimate, with `F` the operations of a forward pass and `n` the length of the rows that enter outer products
    /// (columns of a dense layer, all entries of other weights): direct `k F + (mk)² n + ⅔ (mk)³`, iterated `4 F` for each
    /// iteration and for the right-hand side.
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

/// Conjugate-gradient iterations of [`Solver::Auto`].
const DEFAULT_ITERATIONS: usize = 30;
/// Relative residual at which conjugate gradient stops early in [`Solver::Auto`].
const DEFAULT_TOLERANCE: f64 = 1e-3;

/// The damping `λ` of the subproblem.
///
/// A positive number is a fixed damping. Damping relative to the loss fits training that drives the loss to zero: the
/// curvature of the loss vanishes with it, and a fixed damping would in the end outweigh what is left of it and turn
/// every direction into a small gradient step. (Damping by a power of the residual is Fan and Yuan's choice for the
/// Levenberg-Marquardt method, "On the quadratic convergence of the Levenberg-Marquardt method without nonsingularity
/// assumption", Computing 74, 2005.)
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Damping {
    /// `λ` itself.
    Fixed(f64),
    /// `λ = max(factor · L, least)` with `L` the loss of the batch.
    RelativeToLoss {
        /// Damping for each unit of loss.
        factor: f64,
        /// Damping when the loss is zero.
        least: f64,
    },
}

impl From<f64> for Damping {
    fn from(damping: f64) -> Self {
        Self::Fixed(damping)
    }
}

impl Damping {
    /// The damping at a loss.
    fn at(self, loss: f64) -> Result<f64, DirectionError> {
        let positive = |value: f64| {
            if value.is_finite() && value > 0.0 { Ok(value) } else { Err(DirectionError::Damping(value)) }
        };
        match self {
            Self::Fixed(damping) => positive(damping),
            Self::RelativeToLoss { factor, least } => Ok((positive(factor)? * loss).max(positive(least)?)),
        }
    }
}

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
    damping: Damping,
    solver: Solver,
    memory: usize,
}

impl<L: ConvexLoss> GaussNewton<L> {
    /// An oracle for a loss, with damping 1 and [`Solver::Auto`].
    pub fn new(loss: L) -> Self {
        Self { loss, damping: Damping::Fixed(1.0), solver: Solver::Auto, memory: gram::DEFAULT_MEMORY }
    }

    /// Sets the damping `λ > 0`: a number, or a rule. Its inverse is the step size of the gradient that the direction tends
    /// to as `λ` grows.
    #[must_use]
    pub fn damping(mut self, damping: impl Into<Damping>) -> Self {
        self.damping = damping.into();
        self
    }

    /// Sets how the dual system is solved.
    #[must_use]
    pub fn solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }

    /// Sets the memory, in bytes, for the Gram matrix, its factor, and the rows it is assembled from; 2 GiB unless set. The
    /// sensitivities of the backward pass, `k` times the activations of a layer, come on top.
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
    /// * The result is finite and descends (`slope < 0`), however early the solver stopped; where the slope is zero to the
    ///   rounding of its inner product, as at a stationary point, it may have either sign. `model` is not changed.
    ///
    /// # Errors
    /// The damping is not positive; the batch does not fit the network or the loss; the loss is not finite; the Gram
    /// matrix was asked for and cannot be had (see [`DirectionError`]).
    pub fn direction<M: Module, I: Inputs>(
        &self,
        network: &Network<M, I>,
        model: &M,
        inputs: I,
        targets: impl Into<L::Target>,
    ) -> Result<Direction, Error> {
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
        let damping = self.damping.at(loss)?;
        let factor = self.loss.curvature(outputs, targets);
        let subproblem = Subproblem { gradient, factor, damping };
        let Dual { alpha, beta, kernel_alpha, iterations, route } = match self.choose(linearization) {
            Solver::ConjugateGradient { tolerance, .. } if !(tolerance.is_finite() && tolerance >= 0.0) => {
                return Err(DirectionError::Tolerance(tolerance).into());
            }
            Solver::ConjugateGradient { iterations, tolerance } => {
                subproblem.solve_matrix_free(linearization, iterations, tolerance)?
            }
            _ => subproblem.solve_assembled(linearization, self.memory)?,
        };
        let solve = start.elapsed();

        let start = Instant::now();
        let examples = linearization.examples() as f64;
        let pseudo_gradient = linearization.vjp(alpha.clone() / examples)?;
        let measures = subproblem.measure(&alpha, &beta, kernel_alpha)?;
        let timings = Timings { linearize, solve, pull_back: start.elapsed() };
        Direction::new(loss, damping, measures, iterations, route, timings, alpha, pseudo_gradient)
    }

    fn choose(&self, linearization: &Linearization) -> Solver {
        match self.solver {
            Solver::Auto => {
                let mixes = linearization.graph().mixing.is_some();
                let (_, needed) = gram::memory_needed(linearization);
                let iterated = gram::iteration_flops(linearization) * (DEFAULT_ITERATIONS + 1) as f64;
                if mixes || needed > self.memory || gram::direct_flops(linearization) > iterated {
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
