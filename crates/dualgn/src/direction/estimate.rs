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

/// The speeds of the machine by which a solver and a route are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Speeds {
    /// Measured speeds. They choose better, but the choice may differ between runs where two candidates are close.
    #[default]
    Measured,
    /// Nominal speeds. A repeated program makes the same choices and, on the same machine, takes bit-identical steps,
    /// provided that the memory budget is fixed too ([`GaussNewton::memory`](crate::GaussNewton::memory)).
    Nominal,
}

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
    pub speeds: Speeds,
}

impl Task<'_> {
    pub(super) fn estimate(&self, how: How) -> Estimate {
        let cost = Cost::new(self, how);
        let bytes = cost.bytes();
        Estimate {
            route: how.route,
            solver: how.solver(),
            seconds: cost.seconds(),
            is_accurate: cost.effort.is_accurate,
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

/// The iterations that a method is expected to take.
struct Effort {
    iterations: f64,
    /// Products with the matrix that a preconditioner takes beforehand.
    sketch: f64,
    /// Whether the goal is expected to be reached.
    is_accurate: bool,
}

impl Effort {
    fn new(how: How, graph: &Graph) -> Self {
        let Budget { iterations, goal } = how.budget();
        let expected = match goal {
            Goal::Residual(0.0) => Some(iterations),
            _ => graph.history.iterations(HOPED_ITERATIONS),
        };
        let sketch = match how.method {
            Method::Nystrom(rank, _) => rank as f64,
            _ => 0.0,
        };
        Self {
            iterations: expected.map_or(iterations, |expected| iterations.min(expected)) as f64,
            sketch,
            is_accurate: how.method == Method::Direct || expected.is_some(),
        }
    }
}

/// The time of passes through the network. A pass costs its operations, each of which has a fixed overhead.
struct Passes {
    /// The overhead of one pass.
    overhead: f64,
    /// The time of a forward pass beyond the overhead.
    work: f64,
    /// Floating-point operations of a forward pass.
    forward_flops: f64,
}

impl Passes {
    /// The passes on a machine; `forward` is the measured time of a forward pass, if there is one.
    fn new(linearization: &Linearization, machine: &Machine, forward: Option<f64>) -> Self {
        let overhead = 2.0 * machine.overhead * linearization.over_pieces(|graph| graph.nodes.len() as f64);
        let forward_flops = linearization.over_pieces(Graph::forward_flops);
        let forward = forward.unwrap_or(forward_flops / machine.flops + overhead);
        let work = (forward - overhead).max(forward_flops / machine.flops);
        Self { overhead, work, forward_flops }
    }

    /// The time of a pass with so many operations.
    fn seconds(&self, flops: f64) -> f64 {
        self.overhead + self.work * flops / self.forward_flops
    }

    fn forward(&self) -> f64 {
        self.seconds(self.forward_flops)
    }
}

/// The cost of a direction by one method on one route.
struct Cost<'a> {
    task: &'a Task<'a>,
    how: How,
    machine: Machine,
    passes: Passes,
    effort: Effort,
    /// Rows of the Gram matrix, `n`.
    rows: f64,
    /// Parameters, `p`.
    parameters: f64,
    /// Bytes of a number.
    size: f64,
}

impl<'a> Cost<'a> {
    fn new(task: &'a Task<'a>, how: How) -> Self {
        let linearization = task.linearization;
        let (device, dtype) = (linearization.device(), linearization.output_type());
        let (machine, forward) = match task.speeds {
            Speeds::Nominal => (Machine::nominal(&device), None),
            Speeds::Measured => (Machine::of(&device, dtype), linearization.forward_seconds()),
        };
        let graph = linearization.graph();
        Self {
            task,
            how,
            machine,
            passes: Passes::new(linearization, &machine, forward),
            effort: Effort::new(how, graph),
            rows: (graph.examples * task.columns) as f64,
            parameters: graph.parameter_count() as f64,
            size: graph.dtype.size() as f64,
        }
    }

    /// Time of a direction, in seconds.
    fn seconds(&self) -> f64 {
        let seconds = match self.how.route {
            Route::DualMatrixFree => self.dual_matrix_free(),
            Route::DualAssembled => self.dual_assembled(),
            Route::PrimalMatrixFree => self.primal_matrix_free(),
            Route::PrimalAssembled => self.primal_assembled(),
        };
        seconds + 2.0 * self.passes.forward()
    }

    fn dual_matrix_free(&self) -> f64 {
        let Effort { iterations, sketch, .. } = self.effort;
        let product = self.passes.seconds(self.task.linearization.over_pieces(gram::product_flops));
        let again = 8.0 * self.rows * iterations / self.machine.bandwidth;
        self.task.solves * (iterations + sketch + 1.0) * (product + self.rerun() + self.vectors(self.rows) + again)
    }

    fn dual_assembled(&self) -> f64 {
        let (n, bandwidth) = (self.rows, self.machine.bandwidth);
        let rules = gram::cost_of_rules(self.task.linearization, self.task.columns);
        let touched = 4.0 * n * n * self.size * (1 + rules.contributions) as f64;
        let gram = rules.flops / self.machine.flops + touched / bandwidth;
        let Effort { iterations, sketch, .. } = self.effort;
        let solve = match self.how.method {
            Method::Direct => n.powi(3) / 1.5 / self.machine.host_flops + 48.0 * n * n / bandwidth,
            _ => (iterations + sketch + 1.0) * (2.0 * n * n * self.size / bandwidth + self.vectors(n)),
        };
        self.stacked() + gram + self.task.solves * solve
    }

    fn primal_matrix_free(&self) -> f64 {
        let (p, iterations) = (self.parameters, self.effort.iterations);
        let product = self.passes.seconds(self.task.linearization.over_pieces(Graph::product_flops));
        (iterations + 3.0) * (product + self.rerun() + self.vectors(p) + 8.0 * p * iterations / self.machine.bandwidth)
    }

    fn primal_assembled(&self) -> f64 {
        let (n, p) = (self.rows, self.parameters);
        let products = (2.0 * n * p + n * p * p) / self.machine.flops;
        let solve = p.powi(3) / 1.5 / self.machine.host_flops;
        self.stacked() + products + solve + 24.0 * p * p / self.machine.bandwidth
    }

    /// Time of the operations on vectors of one iteration.
    fn vectors(&self, length: f64) -> f64 {
        10.0 * self.machine.overhead + 10.0 * length * self.size / self.machine.bandwidth
    }

    /// Time of running the parts of a batch again, as each product does.
    fn rerun(&self) -> f64 {
        if self.task.linearization.is_made_again() { 2.0 * self.passes.forward() } else { 0.0 }
    }

    /// Time of the backward passes of all rows. The parts of a batch are run again for each pair of parts.
    fn stacked(&self) -> f64 {
        let (linearization, columns) = (self.task.linearization, self.task.columns);
        let graph = linearization.graph();
        let parts = linearization.pieces().len() as f64;
        let backward_flops = linearization.over_pieces(|piece| match piece.examples == graph.examples {
            true => columns as f64 * piece.backward_flops(),
            false => (columns * piece.outputs / graph.outputs.max(1)) as f64 * piece.backward_flops(),
        });
        (self.passes.seconds(backward_flops) + 0.5 * self.rerun()) * (parts + 1.0) / 2.0
    }

    /// Memory of the matrices and of the rows they are made of, in bytes.
    fn bytes(&self) -> usize {
        let Effort { iterations, sketch, .. } = self.effort;
        let (linearization, columns) = (self.task.linearization, self.task.columns);
        match self.how.route {
            Route::DualMatrixFree => (8.0 * self.rows * (iterations + 3.0 * sketch + 10.0)) as usize,
            Route::DualAssembled => gram::memory_needed(linearization, columns).1,
            Route::PrimalMatrixFree => (self.size * self.parameters * (iterations + 10.0)) as usize,
            Route::PrimalAssembled => gram::normal_memory_needed(linearization, columns),
        }
    }
}
