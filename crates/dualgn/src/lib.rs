//! Dual Gauss-Newton directions for deep learning, for any [Burn](burn) model and any convex loss.
//!
//! Deep learning minimises a convex loss of a nonlinear network. A stochastic gradient linearises both. A Gauss-Newton
//! direction linearises the network alone and keeps the curvature of the loss, which makes steps far better: fewer of
//! them, and many more digits. Its subproblem has as many unknowns as the network has parameters; its **dual** has only
//! as many as the batch has outputs, and that is what is solved here. The result is a *pseudo-gradient* that any
//! optimizer of Burn takes in place of a gradient.
//!
//! (After Vincent Roulet and Mathieu Blondel, "Dual Gauss-Newton Directions for Deep Learning", arXiv 2308.08886.)
//!
//! # Quickstart
//!
//! ```
//! use burn::nn::{Linear, LinearConfig};
//! use burn::optim::AdamConfig;
//! use burn::prelude::*;
//! use burn::tensor::Distribution;
//! use dualgn::{GaussNewton, Network};
//! use dualgn::loss::SoftmaxCrossEntropy;
//!
//! #[derive(Module, Debug)]
//! struct Classifier {
//!     hidden: Linear,
//!     output: Linear,
//! }
//!
//! impl Classifier {
//!     fn forward(&self, x: Tensor<2>) -> Tensor<2> {
//!         self.output.forward(self.hidden.forward(x).tanh())
//!     }
//! }
//!
//! let device = Device::default();
//! let training = device.clone().autodiff();
//! let mut model = Classifier {
//!     hidden: LinearConfig::new(4, 16).init(&training),
//!     output: LinearConfig::new(16, 3).init(&training),
//! };
//! let inputs = Tensor::<2>::random([30, 4], Distribution::Default, &device);
//! let classes: Tensor<1, Int> = inputs.clone().slice([0..30, 0..3]).argmax(1).squeeze_dim(1);
//!
//! // Once: record the forward pass. Then, for each batch: a direction, and a step along it.
//! let network = Network::trace(&model, Classifier::forward, [30, 4])?;
//! let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(0.1);
//! let mut losses = vec![];
//! for _ in 0..20 {
//!     let direction = oracle.direction(&network, &model, inputs.clone(), classes.clone())?;
//!     losses.push(direction.loss);
//!     model = direction.apply(model, 1.0);
//! }
//! assert!(losses[19] < 0.3 * losses[0]);
//!
//! // Or let an optimizer take the step: it receives the pseudo-gradient where it expects a gradient.
//! let mut adam = AdamConfig::new().init();
//! let direction = oracle.direction(&network, &model, inputs, classes)?;
//! model = adam.step(1e-3, model, direction.into_gradients());
//! # Ok::<(), dualgn::Error>(())
//! ```
//!
//! # The pieces
//!
//! * [`Network`]: the forward pass of a module, recorded once per input shape, with one or several inputs ([`Inputs`]);
//!   [`Tracing`] sets further options. [`operations`] lists the supported operations. [`Network::linearize`] returns a
//!   [`Linearization`], which has the outputs, products with the Jacobian ([`Linearization::jvp`]) and its transpose
//!   ([`Linearization::vjp`], [`Linearization::vjps`]), and the Gram matrix ([`Linearization::gram`]). [`jet`] computes
//!   derivatives with respect to the inputs, for residuals of differential equations. [`Blocks`] combine several
//!   networks of one model in one direction, and [`Terms`] is their loss.
//! * [`ConvexLoss`]: for regression [`Squared`], [`Absolute`], [`Huber`], [`Quantile`], [`LogCosh`], [`Poisson`] and
//!   [`Gamma`]; for binary labels [`Logistic`], [`Hinge`], [`SquaredHinge`] and [`MultiLabel`]; for classes
//!   [`SoftmaxCrossEntropy`], [`MulticlassHinge`] and [`SmoothedMulticlassHinge`]; composed of other losses
//!   [`PerToken`], [`Weighted`] and [`Heads`]; or your own, which [`check_loss`] tests.
//! * [`GaussNewton`]: the oracle, which has a [`LossModel`] of the loss, a damping `λ` and a [`Solver`]. It can compute a
//!   direction on four [`Route`]s; [`GaussNewton::estimates`] estimates the cost of each ([`Estimate`]).
//!   [`GaussNewton::path`] computes directions for several dampings at once.
//! * [`Subproblem`]: directions for several dampings, centres and metrics ([`Proximity`]) from one forward pass.
//! * [`Stepper`]: steps for training loops, with adaptive damping, step-size searches, momentum and decay; its state
//!   can be saved.
//! * [`Direction`]: slope, predicted decrease, norm, duality gap, and the pseudo-gradient as
//!   [`GradientsParams`](burn::optim::GradientsParams) or as a step.
//! * [`ParamVector`]: a vector in parameter space, such as a gradient or a direction.
//!
//! # What to expect
//!
//! * **Conventions.** The loss of a batch is the mean over its examples of the sum over their outputs. The rows of the
//!   Jacobian are ordered example by example. Letters: `m` examples, `k` outputs per example, `p` parameters.
//! * **Damping.** As `λ` grows the pseudo-gradient tends to the gradient; as it falls the direction tends to the
//!   Gauss-Newton step. A direction `d` and the pseudo-gradient `ṽ` differ by the factor `-λ`, so plain SGD takes the
//!   step `w + d` at the rate `1/λ` ([`Direction::apply`] does that for you).
//! * **Certificates.** Every direction comes with a bound on its suboptimality ([`Direction::gap`]) and is a descent
//!   direction, however early its solver stopped. What cannot be computed is an error, never a silent zero.
//! * **Optimizers.** Plain steps preserve the curvature information of Gauss-Newton. Adam rescales every coordinate by
//!   its own history, which undoes part of it: use a larger damping with Adam (see `docs/decisions.md`).
//! * **Precision.** f32 or f64, as the parameters of the model have it. Small dampings need f64.
//! * **Allocator.** On the CPU, set `mimalloc` (or another caching allocator) as the global allocator: each step
//!   allocates megabytes, and a system allocator that returns them costs more than the arithmetic.
//! * **What it is not for.** Networks whose operations have no rule here (see [`TraceError::Unsupported`]); batches
//!   with so many outputs (`m k` beyond some thousands) that even conjugate gradient on them costs too many passes.
//!
//! # Layers
//!
//! ```text
//! model ── trace ──▶ graph ── linearize at w ──▶ jvp, vjp, outputs ── gram ──▶ K = J Jᵀ
//!                                                      │                         │
//!                                     loss ──▶ g, L ──▶ direction ◀── solve ◀────┘
//!                                                          │
//!                                                         step ──▶ new weights
//! ```
//!
//! Below them all, `kernels`: matrix products and elementwise functions on the CPU.
//!
//! [`Absolute`]: loss::Absolute
//! [`Estimate`]: inspect::Estimate
//! [`Gamma`]: loss::Gamma
//! [`Heads`]: loss::Heads
//! [`Hinge`]: loss::Hinge
//! [`Huber`]: loss::Huber
//! [`LogCosh`]: loss::LogCosh
//! [`Logistic`]: loss::Logistic
//! [`MultiLabel`]: loss::MultiLabel
//! [`MulticlassHinge`]: loss::MulticlassHinge
//! [`PerToken`]: loss::PerToken
//! [`Poisson`]: loss::Poisson
//! [`Proximity`]: step::Proximity
//! [`Quantile`]: loss::Quantile
//! [`SmoothedMulticlassHinge`]: loss::SmoothedMulticlassHinge
//! [`SoftmaxCrossEntropy`]: loss::SoftmaxCrossEntropy
//! [`Squared`]: loss::Squared
//! [`SquaredHinge`]: loss::SquaredHinge
//! [`Terms`]: loss::Terms
//! [`TraceError::Unsupported`]: error::TraceError::Unsupported
//! [`Weighted`]: loss::Weighted
//! [`check_loss`]: loss::check_loss
//! [`jet`]: jet::jet
//! [`operations`]: inspect::operations

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod direction;
pub mod error;
mod gram;
mod kernels;
mod linearize;
pub mod loss;
mod solve;
pub mod step;
mod tensor;
mod trace;

pub use direction::{Damping, Direction, GaussNewton, LossModel, Route, Solver, Subproblem};
pub use error::Error;
pub use linearize::{Blocks, Linearization, Linearize, ParamVector};
pub use loss::ConvexLoss;
pub use step::Stepper;
pub use trace::{Inputs, Network, Tracing};

/// Derivatives of a model's outputs with respect to its inputs, for use in a forward pass.
pub mod jet {
    pub use crate::trace::{Jet, jet, stop_gradient};
}

/// What a network consists of, what becomes of each of its operations, and what its directions cost.
pub mod inspect {
    pub use crate::direction::{Estimate, Speeds, Timings};
    pub use crate::gram::{Derivative, Examples, TracedOperation};
    pub use crate::trace::{Mixing, Operation, Support, operations};
}
