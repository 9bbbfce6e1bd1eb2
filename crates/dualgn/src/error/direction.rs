//! [`DirectionError`]: why a direction cannot be computed.

use thiserror::Error;

/// An error of computing a direction.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DirectionError {
    /// The damping is not a positive finite number.
    #[error("damping must be positive and finite, got {0}")]
    Damping(f64),
    /// An entry of the inputs is NaN or infinite.
    #[error(
        "entry {entry} of example {example} of input {input} is {value} (all counted from 0); the inputs of a network must be finite \
         numbers"
    )]
    InputNotFinite {
        /// Index of the input of the network; the inputs of several networks are numbered consecutively.
        input: usize,
        /// Index of the example, its position along the first axis.
        example: usize,
        /// Position in the flattened example.
        entry: usize,
        /// Value of the entry.
        value: f64,
    },
    /// A parameter is NaN or infinite.
    #[error("entry {entry} of the parameter `{path}` is {value}; start again from the last good weights")]
    ParameterNotFinite {
        /// Path of the parameter in the module.
        path: String,
        /// Position in the flattened parameter.
        entry: usize,
        /// Value of the entry.
        value: f64,
    },
    /// An output of the network is NaN or infinite although its inputs and parameters are finite.
    #[error(
        "output {output} of example {example} is {value}, though inputs and parameters are finite; the largest parameter is {largest:e}, \
         in `{path}`"
    )]
    OutputNotFinite {
        /// Index of the example.
        example: usize,
        /// Index of the output within the example.
        output: usize,
        /// Value of the output.
        value: f64,
        /// Path of the parameter with the largest entry.
        path: String,
        /// Absolute value of that entry.
        largest: f64,
    },
    /// The loss, its gradient or the direction is not finite although inputs, parameters and outputs are.
    #[error(
        "{what} is not finite at the current weights; lower the step or raise the damping, then start from the last good weights"
    )]
    NotFinite {
        /// Name of the quantity.
        what: &'static str,
    },
    /// The tolerance of a solver, a relative residual or duality gap, is negative or not finite.
    #[error("the tolerance of a solver must be finite and nonnegative, got {0}")]
    Tolerance(f64),
    /// The quadratic model was requested for a loss without curvature, for which it would be the plain gradient.
    #[error(
        "the loss has no curvature, so its quadratic model would be the plain gradient; use the prox-linear model, \
         `LossModel::PROX_LINEAR`, or a smoothed loss (squared or smoothed hinge, Huber)"
    )]
    NoCurvature,
    /// Fast Gauss-Newton was requested for a loss, or for targets, without a margin.
    #[error(
        "fast Gauss-Newton needs softmax cross-entropy with one class per example as target; use the quadratic model for \
         other losses and for soft or smoothed labels"
    )]
    NoMargin,
    /// The prox-linear model was requested for a loss that has neither curvature nor dual updates.
    #[error(
        "the loss has neither curvature nor dual updates, and the prox-linear model needs one of them: implement \
         `ConvexLoss::dual_update`"
    )]
    NoDualUpdate,
    /// The prox-linear solver exhausted its budget before the model decreased.
    #[error("the prox-linear model does not decrease after {iterations} iterations; raise their number or the damping")]
    NoDecrease {
        /// Number of iterations.
        iterations: usize,
    },
    /// The solver needs an assembled matrix, but the network mixes the examples of a batch.
    #[error(
        "the Gram matrix cannot be assembled: `{operation}` {place} mixes the examples of a batch; \
         use the conjugate-gradient solver, or the module's evaluation mode"
    )]
    MixesExamples {
        /// Burn's name of the operation.
        operation: String,
        /// Where the operation is in the module.
        place: String,
    },
    /// An assembled matrix would exceed the memory budget.
    #[error(
        "the {matrix} matrix of {rows} rows needs about {needed_mib} MiB, more than the budget of {budget_mib} MiB; use \
         conjugate gradient by products or, for classes, fast Gauss-Newton with one row per example, or raise the budget{}",
        .fitting.map_or(String::new(), |examples| format!(", or take a batch of at most about {examples} examples"))
    )]
    Memory {
        /// Kind of the matrix, `"Gram"` or `"normal"`.
        matrix: &'static str,
        /// Number of rows: `mr` with `r ≤ k` rows per example for the Gram matrix, `p` for the normal matrix.
        rows: usize,
        /// Estimated memory in MiB.
        needed_mib: usize,
        /// Memory budget in MiB.
        budget_mib: usize,
        /// Largest number of examples whose matrix fits the budget, if any.
        fitting: Option<usize>,
    },
    /// The solver does not support the route that is set.
    #[error("the solver does not support the route \"{route}\"; leave the route or the solver unset")]
    Route {
        /// Name of the route.
        route: &'static str,
    },
    /// A metric was combined with a solver or a route that assembles a matrix.
    #[error("a metric needs products with the Jacobian; leave solver and route unset, or use conjugate gradient")]
    Metric,
    /// The prox-linear model was combined with a primal route, or with an eigendecomposition.
    #[error("the prox-linear model is solved in the dual; use a dual route, or a second-order model")]
    Primal,
    /// The Cholesky factorisation failed: the Gram matrix is not finite or far from positive semidefinite.
    #[error("the Cholesky factorisation failed at pivot {pivot}; raise the damping or use f64")]
    Factorisation {
        /// Index of the failing pivot.
        pivot: usize,
    },
    /// The eigenvalues of the dual system could not be computed: the Gram matrix is not finite.
    #[error("the eigenvalues of the dual system cannot be computed: the Gram matrix is not finite")]
    Eigenvalues,
    /// The solution is not a descent direction although the gradient is not zero.
    #[error("the direction does not descend (slope {slope:e}); raise the damping or use f64")]
    Ascent {
        /// The slope `⟨∇L, d⟩`.
        slope: f64,
    },
}
