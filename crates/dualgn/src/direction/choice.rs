//! Which way a direction goes: the estimates, and the choice among them.

use std::cmp::Ordering;

use super::GaussNewton;
use super::estimate::{Estimate, Task};
use super::model::Model;
use super::route::{How, Method, Route, Solver};
use crate::error::DirectionError;
use crate::kernels::on_workers;
use crate::linearize::Linearization;
use crate::loss::ConvexLoss;

/// A direction that falls short of its accuracy counts as if it took so many times as long.
const SHORT: f64 = 4.0;
/// The prox-linear model solves about so many systems with one Gram matrix.
const PROX_LINEAR_SOLVES: f64 = 8.0;

impl<L: ConvexLoss> GaussNewton<L> {
    /// What each route that the solver allows is estimated to take for a direction at a linearised point, best first: the first
    /// is the one that [`GaussNewton::direction`] takes. Faster is better; one that is expected to fall short of its accuracy
    /// counts as four times as slow; at last come those that are refused. Routes that the solver does not allow are not listed.
    ///
    /// The first call on a device measures its speed for some milliseconds. How many rows an example the fast model has is a
    /// matter of the loss; one is assumed.
    ///
    /// # Errors
    /// The solver does not allow the route that is set, or its tolerance is not a number.
    pub fn estimates(&self, linearization: &Linearization) -> Result<Vec<Estimate>, DirectionError> {
        let columns = self.columns(linearization);
        let candidates = self.candidates()?;
        let ranked = on_workers(&linearization.device(), || self.ranked(candidates, linearization, columns));
        let mut best: Vec<Estimate> = vec![];
        for (_, estimate) in ranked {
            if best.iter().all(|better| better.route != estimate.route) {
                best.push(estimate);
            }
        }
        Ok(best)
    }

    /// Rows an example of an assembled matrix.
    pub(super) fn columns(&self, linearization: &Linearization) -> usize {
        let k = linearization.outputs_per_example();
        match self.model {
            Model::FastGaussNewton => 1,
            Model::Quadratic if k > 1 && self.loss.is_shift_invariant() => k - 1,
            _ => k,
        }
    }

    /// The best way; if all are refused, the error of the one that would be.
    pub(super) fn choose(&self, linearization: &Linearization, columns: usize) -> Result<How, DirectionError> {
        let candidates = self.candidates()?;
        // Nothing to choose: whatever is wrong with it shows when it is done.
        if let ([only], false) = (candidates.as_slice(), self.is_prox_linear()) {
            return Ok(*only);
        }
        let ranked = self.ranked(candidates, linearization, columns);
        let (how, estimate) = ranked.into_iter().next().expect("a solver has a route");
        estimate.refusal.map_or(Ok(how), Err)
    }

    /// The candidates with their estimates, best first.
    fn ranked(&self, candidates: Vec<How>, linearization: &Linearization, columns: usize) -> Vec<(How, Estimate)> {
        let task = self.task(linearization, columns);
        let mut all: Vec<_> = candidates.into_iter().map(|how| (how, task.estimate(how))).collect();
        all.sort_by(|(_, a), (_, b)| {
            let weight = |estimate: &Estimate| estimate.seconds * if estimate.is_accurate { 1.0 } else { SHORT };
            // Of the refused ones the solver's first comes first: its refusal is the error.
            let by_time = if a.refusal.is_none() { weight(a).total_cmp(&weight(b)) } else { Ordering::Equal };
            a.refusal.is_some().cmp(&b.refusal.is_some()).then(by_time)
        });
        all
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
        Task {
            linearization,
            columns,
            solves,
            memory: self.memory_budget(),
            has_primal: !self.is_prox_linear(),
            is_repeatable: self.is_repeatable,
        }
    }

    fn is_prox_linear(&self) -> bool {
        matches!(self.model, Model::ProxLinear { .. })
    }
}
