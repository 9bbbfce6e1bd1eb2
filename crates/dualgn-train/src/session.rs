//! [`Session`]: what is trained, and how directions are computed, for the runs of any method.

use dualgn::inspect::Estimate;
use dualgn::{Damping, GaussNewton, Route, Solver};
use dualgn_io::Failure;
use dualgn_networks::Tensors;

use super::method::{Guide, Method, Steps, Way};
use super::model::ProxLinear;
use super::schedule::Budget;
use super::subject::{Batch, BatchOf, Subject};
use super::way::SolverChoice;

/// An exact direction is worth so many times the time of an iterative one.
const EXACTNESS: f64 = 4.0;
/// Directions before the choice: only they tell how many iterations there are.
const WARM_UP: usize = 2;

/// Who chose the damping, for each unit of loss.
#[derive(Clone, Copy, Debug)]
pub enum DampingChoice {
    /// The user: it holds for all methods.
    User(f64),
    /// The problem's default, which methods multiply by a factor of their own.
    Problem(f64),
}

/// Everything the runs of one problem share. All methods start from the same weights and see the same batches.
pub struct Session<S: Subject> {
    /// What is trained.
    pub subject: S,
    /// The initial model, on an autodiff device.
    pub model: S::Model,
    /// Loss and solver of the directions.
    pub oracle: GaussNewton<S::Loss>,
    /// How exact prox-linear directions are.
    pub prox_linear: ProxLinear,
    /// Damping for each unit of loss: the user's for every method, or the problem's.
    pub damping: DampingChoice,
    /// Damping when the loss is zero: below it, the float type has no digits left for the system.
    pub least_damping: f64,
    /// Examples in a batch.
    pub batch: usize,
    /// When a run ends.
    pub budget: Budget,
    /// The solver of directions whose method has none of its own, and which is left to choose.
    pub usual_solver: Solver,
    /// The solver and the route of all directions; `None` for whatever is best at each.
    pub choice: Option<SolverChoice>,
    /// A training loss at which a run may end.
    pub target_loss: Option<f64>,
    /// Whether a run ends once the test loss has not fallen for long: for as many steps as it took to fall, and some more.
    pub patience: bool,
    /// What the user should know of the files that were read, each a sentence.
    pub remarks: Vec<String>,
}

impl<S: Subject> Session<S> {
    /// Damping of a method's directions for each unit of loss.
    pub fn damping(&self, method: Method) -> f64 {
        match self.damping {
            DampingChoice::User(factor) => factor,
            DampingChoice::Problem(factor) => factor * method.damping_factor,
        }
    }

    /// Examples in a batch of a method.
    pub fn batch(&self, method: Method) -> usize {
        if method.full_batch { self.subject.examples() } else { self.batch.min(self.subject.examples()) }
    }

    /// Steps in one pass over the training examples.
    pub fn steps_per_epoch(&self) -> usize {
        (self.subject.examples() / self.batch.min(self.subject.examples()).max(1)).max(1)
    }

    /// The batch of a method's first step.
    pub fn first_batch(&self, method: Method) -> Result<BatchOf<S>, Failure> {
        let mut batches = self.subject.batches(self.batch(method), 0, &Tensors::new())?;
        self.subject.next(&mut batches, &self.model)
    }

    /// The oracle of a method's directions; `None` for methods without.
    pub fn oracle(&self, method: Method) -> Option<GaussNewton<S::Loss>> {
        let model = method.model?;
        let damping = Damping::RelativeToLoss { factor: self.damping(method), least: self.least_damping };
        let oracle = self.oracle.clone().model(model.model(self.prox_linear)).damping(damping);
        let oracle = match method.steps {
            Steps::Guided(Guide { way: Way::Exact, .. }) => oracle.solver(Solver::Cholesky),
            Steps::Guided(Guide { way: Way::PrimalIterations, .. }) => oracle.route(Route::PrimalMatrixFree),
            Steps::Guided(Guide { way: Way::Nystrom(rank), .. }) => {
                oracle.solver(Solver::Nystrom { rank, iterations: 100, tolerance: 1e-6 })
            }
            _ => oracle.solver(self.usual_solver),
        };
        Some(match self.choice {
            Some(choice) => choice.on(oracle),
            None => oracle,
        })
    }

    /// The solver and the route of a method's directions; `None` for methods without directions. Given back as `choice`, all
    /// directions of a run take them. The same command comes to the same choice: it goes by nominal speeds.
    pub fn choose(&self, method: Method) -> Result<Option<SolverChoice>, Failure> {
        let Some(oracle) = self.oracle(method) else { return Ok(None) };
        let Batch { inputs, targets } = self.first_batch(method)?;
        let network = self.subject.network();
        let subproblem = oracle.subproblem(network, &self.model, inputs.clone(), targets.clone())?;
        for _ in 0..WARM_UP {
            // One that fails here fails again in the run, which says so.
            let _ = oracle.direction(network, &self.model, inputs.clone(), targets.clone());
        }
        let best = |oracle: &GaussNewton<S::Loss>| -> Result<Option<Estimate>, Failure> {
            let estimates = oracle.estimates(subproblem.linearization()).map_err(dualgn::Error::from)?;
            Ok(estimates.into_iter().next().filter(|best| best.refusal.is_none()))
        };
        let Some(mut chosen) = best(&oracle)? else { return Ok(None) };
        // What the solver does at the start it does to the end, and systems become harder on the way.
        if let (Solver::Certified { .. }, Ok(Some(exact))) =
            (chosen.solver, best(&oracle.clone().solver(Solver::Cholesky)))
            && exact.seconds <= EXACTNESS * chosen.seconds
        {
            chosen = exact;
        }
        Ok(Some(SolverChoice { solver: chosen.solver, route: chosen.route }))
    }
}
