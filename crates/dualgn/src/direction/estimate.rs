//! [`Estimate`]: the estimated cost of each route, before anything is computed.
//!
//! With `F` the operations of a forward pass and `t` its time (the fastest measured so far), `n = mr` the rows, `p` the
//! parameters, `q` the cost of a product with `K` in forward passes, `b` the cost of a backward pass without weight
//! gradients in forward passes, `o` the fixed overhead of one pass, and the measured speeds of the machine:
//!
//! | route | seconds |
//! |---|---|
//! | dual, matrix-free | `(iterations + 1) (o + q t)`, and vectors |
//! | dual, assembled | `o + r b t`, the operations of the Gram rules, a pass over `n²` numbers for each, `n³/3` multiplications in f64 or `n²` numbers read per iteration |
//! | primal, matrix-free | `(iterations + 3) (o + 2 t + 2 b t)`, and vectors of `p` numbers |
//! | primal, assembled | `o + r b t`, `n p + n p²/2` multiplications, `p³/3` in f64 |
//!
//! and two forward passes that all routes have in common. Memory counts matrices, their copies, and rows.

use super::machine::Machine;
use super::route::{Budget, Goal, How, Method, Route, Solver};
use crate::error::DirectionError;
use crate::gram;
use crate::linearize::Linearization;
use crate::trace::Graph;

/// The estimated cost of a direction on one route at a linearised point.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Estimate {
    /// The route.
    pub route: Route,
    /// The solver on this route. An oracle with both this route and this solver set has nothing left to choose, so its
    /// runs on one machine repeat bit for bit.
    pub solver: Solver,
    /// Time of a direction after the forward pass, in seconds.
    pub seconds: f64,
    /// Whether the direction is expected to be as accurate as the solver asks. It is not where conjugate gradient
    /// exhausted its iterations the last time.
    pub is_accurate: bool,
    /// Memory of the matrices and of the rows they are made of, in bytes, at least.
    pub bytes: usize,
    /// The reason why the route cannot be taken, or `None` if it can.
    pub refusal: Option<DirectionError>,
}

/// Iterations that conjugate gradient with a goal is expected to need before it has run once; afterwards it is expected
/// to need as many as the last time. The number is small, so that the method is tried where it may be best (it takes 5
/// to 25 on the networks of `benches/routes.rs`): only a trial tells.
const HOPED_ITERATIONS: usize = 5;

/// The sizes that the estimates depend on.
pub(super) struct Task<'a> {
    pub linearization: &'a Linearization,
    /// Rows per example.
    pub columns: usize,
    /// Number of systems solved with one matrix.
    pub solves: f64,
    /// Memory budget in bytes.
    pub memory: usize,
    /// Whether there is a primal problem of the same kind.
    pub has_primal: bool,
    /// Whether nominal instead of measured speeds are used.
    pub is_repeatable: bool,
}

impl Task<'_> {
    pub(super) fn estimate(&self, how: How) -> Estimate {
        let Self { linearization, columns, .. } = *self;
        let (device, dtype) = (linearization.device(), linearization.output_type());
        let (machine, forward) = match self.is_repeatable {
            true => (Machine::nominal(&device), None),
            false => (Machine::of(&device, dtype), linearization.forward_seconds()),
        };
        let graph = linearization.graph();
        let size = graph.dtype.size() as f64;
        let (n, p) = ((graph.examples * columns) as f64, graph.parameter_count() as f64);
        // A pass costs its operations, each of which has a fixed overhead.
        let overhead = 2.0 * machine.overhead * linearization.over_pieces(|graph| graph.nodes.len() as f64);
        let forward_flops = linearization.over_pieces(Graph::forward_flops);
        let forward = forward.unwrap_or(forward_flops / machine.flops + overhead);
        let work = (forward - overhead).max(forward_flops / machine.flops);
        let passes = |flops: f64| overhead + work * flops / forward_flops;
        let Budget { iterations, goal } = how.budget();
        let expected = match goal {
            Goal::Residual(0.0) => Some(iterations),
            _ => graph.history.iterations(HOPED_ITERATIONS),
        };
        let is_accurate = how.method == Method::Direct || expected.is_some();
        let iterations = expected.map_or(iterations, |expected| iterations.min(expected)) as f64;
        let sketch = match how.method {
            Method::Nystrom(rank, _) => rank as f64,
            _ => 0.0,
        };
        let vectors = |length: f64| 10.0 * machine.overhead + 10.0 * length * size / machine.bandwidth;
        // The parts of a batch are run again for each product, and for each pair of parts.
        let parts = linearization.pieces().len() as f64;
        let rerun = if linearization.is_made_again() { 2.0 * passes(forward_flops) } else { 0.0 };
        let backward_flops = linearization.over_pieces(|piece| match piece.examples == graph.examples {
            true => columns as f64 * piece.backward_flops(),
            false => (columns * piece.outputs / graph.outputs.max(1)) as f64 * piece.backward_flops(),
        });
        let stacked = (passes(backward_flops) + 0.5 * rerun) * (parts + 1.0) / 2.0;
        let seconds = match how.route {
            Route::DualMatrixFree => {
                let again = 8.0 * n * iterations / machine.bandwidth;
                self.solves
                    * (iterations + sketch + 1.0)
                    * (passes(linearization.over_pieces(gram::product_flops)) + rerun + vectors(n) + again)
            }
            Route::DualAssembled => {
                let rules = gram::cost_of_rules(linearization, columns);
                let touched = 4.0 * n * n * size * (1 + rules.contributions) as f64;
                let gram = rules.flops / machine.flops + touched / machine.bandwidth;
                let solve = match how.method {
                    Method::Direct => n.powi(3) / 1.5 / machine.host_flops + 48.0 * n * n / machine.bandwidth,
                    _ => (iterations + sketch + 1.0) * (2.0 * n * n * size / machine.bandwidth + vectors(n)),
                };
                stacked + gram + self.solves * solve
            }
            Route::PrimalMatrixFree => {
                (iterations + 3.0)
                    * (passes(linearization.over_pieces(Graph::product_flops))
                        + rerun
                        + vectors(p)
                        + 8.0 * p * iterations / machine.bandwidth)
            }
            Route::PrimalAssembled => {
                let products = (2.0 * n * p + n * p * p) / machine.flops;
                stacked + products + p.powi(3) / 1.5 / machine.host_flops + 24.0 * p * p / machine.bandwidth
            }
        };
        let bytes = match how.route {
            Route::DualMatrixFree => (8.0 * n * (iterations + 3.0 * sketch + 10.0)) as usize,
            Route::DualAssembled => gram::memory_needed(linearization, columns).1,
            Route::PrimalMatrixFree => (size * p * (iterations + 10.0)) as usize,
            Route::PrimalAssembled => gram::normal_memory_needed(linearization, columns),
        };
        Estimate {
            route: how.route,
            solver: how.solver(),
            seconds: seconds + 2.0 * passes(forward_flops),
            is_accurate,
            bytes,
            refusal: self.refusal(how, bytes),
        }
    }

    fn refusal(&self, how: How, bytes: usize) -> Option<DirectionError> {
        if !how.route.is_dual() && !self.has_primal {
            return Some(DirectionError::Primal);
        }
        if !how.route.is_assembled() {
            return None;
        }
        if let Some(mixes) = gram::mixing(self.linearization) {
            return Some(mixes);
        }
        let (matrix, rows) = match how.route {
            Route::DualAssembled => ("Gram", self.linearization.examples() * self.columns),
            _ => ("normal", self.linearization.parameter_count()),
        };
        (bytes > self.memory).then(|| gram::too_large(matrix, rows, self.linearization.examples(), bytes, self.memory))
    }
}
