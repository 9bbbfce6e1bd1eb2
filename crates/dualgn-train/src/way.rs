//! [`SolverChoice`]: the solver and the route of a run's directions, and how they are chosen.

use dualgn::{ConvexLoss, GaussNewton, Route, Solver};
use serde::{Deserialize, Serialize};

/// A solver and its route, as a run's configuration has them. With both fixed, nothing is left that timings decide, and a run
/// that is resumed takes the same steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SolverChoice {
    /// `cholesky`, `certified`, `cg`.
    solver: String,
    /// In words.
    route: String,
    /// Iterations at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    iterations: Option<usize>,
    /// Where the iterations stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerance: Option<f64>,
}

impl SolverChoice {
    /// Of a solver and a route.
    pub fn new(solver: Solver, route: Route) -> Option<Self> {
        let (name, iterations, tolerance) = match solver {
            Solver::Cholesky => ("cholesky", None, None),
            Solver::Certified { iterations, gap } => ("certified", Some(iterations), Some(gap)),
            Solver::ConjugateGradient { iterations, tolerance } => ("cg", Some(iterations), Some(tolerance)),
            _ => return None,
        };
        Some(Self { solver: name.into(), route: route.name().into(), iterations, tolerance })
    }

    /// An oracle with them; `None` if they are of another version.
    pub fn on<L: ConvexLoss>(&self, oracle: GaussNewton<L>) -> Option<GaussNewton<L>> {
        let route = Route::ALL.into_iter().find(|route| route.name() == self.route)?;
        let solver = match (self.solver.as_str(), self.iterations, self.tolerance) {
            ("cholesky", ..) => Solver::Cholesky,
            ("certified", Some(iterations), Some(gap)) => Solver::Certified { iterations, gap },
            ("cg", Some(iterations), Some(tolerance)) => Solver::ConjugateGradient { iterations, tolerance },
            _ => return None,
        };
        Some(oracle.solver(solver).route(route))
    }

    /// In a few words.
    pub fn describe(&self) -> String {
        let solver = match self.solver.as_str() {
            "cholesky" => "factorised".to_owned(),
            _ => format!("up to {} iterations", self.iterations.unwrap_or_default()),
        };
        format!("{}, {solver}", self.route)
    }
}

#[cfg(test)]
mod tests {
    use dualgn::loss::Squared;

    use super::*;

    #[test]
    fn choices_survive_their_file() {
        for solver in [
            Solver::Cholesky,
            Solver::Certified { iterations: 30, gap: 1e-4 },
            Solver::ConjugateGradient { iterations: 5, tolerance: 0.0 },
        ] {
            for route in Route::ALL {
                let choice = SolverChoice::new(solver, route).unwrap();
                let text = serde_json::to_string(&choice).unwrap();
                let read: SolverChoice = serde_json::from_str(&text).unwrap();
                assert_eq!(read, choice);
                assert!(read.on(GaussNewton::new(Squared)).is_some());
            }
        }
        let other =
            SolverChoice { solver: "magic".into(), ..SolverChoice::new(Solver::Cholesky, Route::ALL[0]).unwrap() };
        assert!(other.on(GaussNewton::new(Squared)).is_none());
    }
}
