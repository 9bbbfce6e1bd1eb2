//! [`SolverChoice`]: the solver and the route of a run's directions.

use dualgn::{ConvexLoss, GaussNewton, Route, Solver};
use serde::{Deserialize, Serialize};

/// A solver and its route, as a run's configuration has them. With both fixed, nothing is left that timings decide, and a run
/// that is resumed takes the same steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SolverChoice {
    /// The solver.
    pub solver: Solver,
    /// The route.
    pub route: Route,
}

impl SolverChoice {
    /// Returns an oracle with them.
    pub fn on<L: ConvexLoss>(self, oracle: GaussNewton<L>) -> GaussNewton<L> {
        oracle.solver(self.solver).route(self.route)
    }

    /// Says it in a few words.
    pub fn describe(self) -> String {
        let solver = match self.solver {
            Solver::Certified { iterations, .. }
            | Solver::ConjugateGradient { iterations, .. }
            | Solver::Preconditioned { iterations, .. }
            | Solver::Nystrom { iterations, .. } => {
                format!("up to {iterations} iterations")
            }
            _ => "factorised".to_owned(),
        };
        format!("{}, {solver}", self.route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_survive_their_file() {
        for solver in [
            Solver::Cholesky,
            Solver::Certified { iterations: 30, gap: 1e-4 },
            Solver::ConjugateGradient { iterations: 5, tolerance: 0.1 + 0.2 },
        ] {
            for route in Route::ALL {
                let choice = SolverChoice { solver, route };
                let text = serde_json::to_string(&choice).unwrap();
                assert_eq!(serde_json::from_str::<SolverChoice>(&text).unwrap(), choice);
                assert!(serde_json::from_str::<SolverChoice>(&text.replace('{', "{\"solver\":\"magic\",")).is_err());
            }
        }
    }
}
