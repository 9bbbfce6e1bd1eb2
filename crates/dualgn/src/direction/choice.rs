//! Which way a direction goes: the estimates, and the choice among them.

use super::GaussNewton;
use super::estimate::{Estimate, Task};
use super::model::Model;
use super::route::{How, Method, Route, Solver};
use crate::error::DirectionError;
use crate::kernels::on_workers;
use crate::linearize::Linearization;
use crate::loss::ConvexLoss;

/// The prox-linear model solves about so many systems with one Gram matrix.
const PROX_LINEAR_SOLVES: f64 = 8.0;

impl<L: ConvexLoss> GaussNewton<L> {
    /// What each route that the solver allows is estimated to take for a direction at a linearised point; the fastest that is
    /// not refused is the one that [`GaussNewton::direction`] takes. Routes that the solver does not allow are not listed.
    ///
    /// The first call on a device measures its speed for some milliseconds. How many rows an example the fast model has is a
    /// matter of the loss; one is assumed.
    ///
    /// # Errors
    /// The solver does not allow the route that is set, or its tolerance is not a number.
    pub fn estimates(&self, linearization: &Linearization) -> Result<Vec<Estimate>, DirectionError> {
        let columns = match self.model {
            Model::FastGaussNewton => 1,
            _ => linearization.outputs_per_example(),
        };
        let task = self.task(linearization, columns);
        let all = self.candidates()?;
        let mut best: Vec<Estimate> = vec![];
        let estimates = on_workers(&linearization.device(), || -> Vec<Estimate> {
            all.into_iter().map(|how| task.estimate(how)).collect()
        });
        for estimate in estimates {
            match best.iter_mut().find(|known| known.route == estimate.route) {
                Some(known) if known.seconds <= estimate.seconds => {}
                Some(known) => *known = estimate,
                None => best.push(estimate),
            }
        }
        Ok(best)
    }

    /// The fastest way within the memory; if there is none, the error of the first.
    pub(super) fn choose(&self, linearization: &Linearization, columns: usize) -> Result<How, DirectionError> {
        let candidates = self.candidates()?;
        // Nothing to choose: whatever is wrong with it shows when it is done.
        if let ([only], false) = (candidates.as_slice(), self.is_prox_linear()) {
            return Ok(*only);
        }
        let task = self.task(linearization, columns);
        let estimates: Vec<(How, Estimate)> = candidates.into_iter().map(|how| (how, task.estimate(how))).collect();
        let possible = estimates.iter().filter(|(_, estimate)| estimate.refusal.is_none());
        match possible.min_by(|(_, a), (_, b)| a.seconds.total_cmp(&b.seconds)) {
            Some((how, _)) => Ok(*how),
            None => {
                Err(estimates.into_iter().find_map(|(_, estimate)| estimate.refusal).unwrap_or(DirectionError::Primal))
            }
        }
    }

    fn candidates(&self) -> Result<Vec<How>, DirectionError> {
        let mut all = self.solver.candidates(self.route)?;
        // With `K` assembled, the steps of the prox-linear model are solved exactly: each error costs another step.
        if self.is_prox_linear() && self.solver == Solver::Auto {
            all.retain(|how| how.route != Route::DualAssembled || how.method == Method::Direct);
        }
        Ok(all)
    }

    fn task<'a>(&self, linearization: &'a Linearization, columns: usize) -> Task<'a> {
        let solves = if self.is_prox_linear() { PROX_LINEAR_SOLVES } else { 1.0 };
        Task { linearization, columns, solves, memory: self.budget(), has_primal: !self.is_prox_linear() }
    }

    fn is_prox_linear(&self) -> bool {
        matches!(self.model, Model::ProxLinear { .. })
    }
}
