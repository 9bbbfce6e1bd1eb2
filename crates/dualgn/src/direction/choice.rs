//! The choice of the route and the solver of a direction, by their estimates.

use std::cmp::Ordering;

use super::GaussNewton;
use super::estimate::{Estimate, Task};
use super::model::LossModel;
use super::route::{How, Method, Route, Solver};
use crate::error::DirectionError;
use crate::kernels::on_workers;
use crate::linearize::Linearization;
use crate::loss::ConvexLoss;

/// The factor by which the estimated time of a direction is multiplied if it is expected to miss its accuracy.
const SHORT: f64 = 4.0;
/// The approximate number of systems that the prox-linear model solves with one Gram matrix.
const PROX_LINEAR_SOLVES: f64 = 8.0;

impl<L: ConvexLoss> GaussNewton<L> {
    /// Estimates the cost of a direction at a linearised point on each route that the solver allows, best first;
    /// [`GaussNewton::direction`] takes the first.
    ///
    /// Routes are ranked by their time. The time of a route that is expected to miss its accuracy counts four times,
    /// and routes that cannot be taken come last. Routes that the solver does not allow are not listed.
    ///
    /// The first call on a device measures its speed, which takes some milliseconds, unless nominal speeds are set
    /// ([`GaussNewton::speeds`]). The fast Gauss-Newton model is assumed to have one row per example.
    ///
    /// # Errors
    /// Returns `DirectionError::Route` if the solver does not allow the route that is set, and
    /// `DirectionError::Tolerance` if its tolerance is negative or not finite.
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

    /// Rows per example of an assembled matrix.
    pub(super) fn columns(&self, linearization: &Linearization) -> usize {
        let k = linearization.outputs_per_example();
        match self.model {
            LossModel::FastGaussNewton => 1,
            LossModel::Quadratic if k > 1 && self.loss.is_shift_invariant() => k - 1,
            _ => k,
        }
    }

    /// The best candidate; if all are refused, the error of the first.
    pub(super) fn choose(&self, linearization: &Linearization, columns: usize) -> Result<How, DirectionError> {
        let candidates = self.candidates()?;
        // Nothing to choose: an error shows when the direction is computed.
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
        // With `K` assembled, the steps of the prox-linear model are solved exactly: each inexact step would cost
        // another step.
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
            speeds: self.speeds,
        }
    }

    fn is_prox_linear(&self) -> bool {
        matches!(self.model, LossModel::ProxLinear { .. })
    }
}
