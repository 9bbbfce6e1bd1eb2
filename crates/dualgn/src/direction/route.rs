//! [`Solver`] and [`Route`]: the method that solves a subproblem, and the system it solves.

use crate::error::DirectionError;

/// The unknowns of the linear system, and whether its matrix is assembled.
///
/// All four routes solve the same convex problem and agree up to the tolerance of their solvers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Route {
    /// Solves for the `mk` dual variables by products with `K = J Jᵀ`.
    DualMatrixFree,
    /// Solves for the `mk` dual variables with `K` assembled.
    DualAssembled,
    /// Solves for the `p` entries of the direction by products with `J` and `Jᵀ`. Not available for the prox-linear
    /// model.
    PrimalMatrixFree,
    /// Solves for the `p` entries of the direction with `JᵀHJ/m + λI` assembled; suits networks with few parameters.
    /// Not available for the prox-linear model.
    PrimalAssembled,
}

impl std::fmt::Display for Route {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

impl Route {
    /// All routes.
    pub const ALL: [Self; 4] =
        [Self::DualMatrixFree, Self::DualAssembled, Self::PrimalMatrixFree, Self::PrimalAssembled];

    /// Returns the name of the route in words, such as "dual, matrix-free".
    pub fn name(self) -> &'static str {
        match self {
            Self::DualMatrixFree => "dual, matrix-free",
            Self::DualAssembled => "dual, assembled",
            Self::PrimalMatrixFree => "primal, matrix-free",
            Self::PrimalAssembled => "primal, assembled",
        }
    }

    /// Checks whether a matrix is assembled on this route.
    pub fn is_assembled(self) -> bool {
        matches!(self, Self::DualAssembled | Self::PrimalAssembled)
    }

    /// Checks whether the unknowns are dual variables.
    pub fn is_dual(self) -> bool {
        matches!(self, Self::DualMatrixFree | Self::DualAssembled)
    }
}

/// The method that solves the system.
///
/// The descriptions are for second-order models. For the prox-linear model the solver chooses between the assembled
/// matrix and products with `K`; conjugate gradient then solves the Newton steps of losses with curvature.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Solver {
    /// The fastest solver by the estimates ([`GaussNewton::estimates`](crate::GaussNewton::estimates)), within the
    /// memory budget: the direct solver on either assembled matrix, or conjugate gradient, by products or on the
    /// assembled `K`, until its duality gap is at most 1e-4 of the decrease that the model promises, with at most 30
    /// iterations. If these iterations do not suffice, later calls use the direct solver, provided that it takes at
    /// most four times as long.
    #[default]
    Auto,
    /// Assembles a matrix and solves the system exactly, in f64 on the host. Unless the route is set, it assembles the
    /// dual or the primal matrix, whichever is estimated to be faster.
    Cholesky,
    /// Conjugate gradient from zero, so that any number of iterations gives a descent direction, and zero iterations
    /// give the gradient. It multiplies by products with `K`, or with the assembled `K` where that is estimated to be
    /// faster: the iterates are the same.
    ConjugateGradient {
        /// Largest number of iterations.
        iterations: usize,
        /// Relative residual: the solver stops once the norm of the residual is at most this times that of the
        /// right-hand side.
        tolerance: f64,
    },
    /// Conjugate gradient from zero until its duality gap is small enough, on the route that is estimated to be
    /// fastest, as [`Solver::Auto`] uses it.
    Certified {
        /// Largest number of iterations.
        iterations: usize,
        /// Relative duality gap: the solver stops once the gap is at most this times the decrease that the dual
        /// promises.
        gap: f64,
    },
    /// Conjugate gradient on the assembled `K`, preconditioned by its diagonal blocks (of about 128 rows), for batches
    /// with so many outputs that a factorisation takes too long. Every iterate is a descent direction.
    Preconditioned {
        /// Largest number of iterations.
        iterations: usize,
        /// Relative residual, in the norm of the preconditioner: the solver stops once the norm of the residual is at
        /// most this times that of the right-hand side.
        tolerance: f64,
    },
    /// Conjugate gradient preconditioned by a randomised approximation of the dual system (Frangella, Tropp and Udell,
    /// "Randomized Nyström Preconditioning", 2023), which takes `rank` stacked products. It suits small dampings, with
    /// which a few large eigenvalues cause most of the iterations. It works by products with `K` or with `K` assembled,
    /// and not on primal routes. Every iterate is a descent direction.
    Nystrom {
        /// Rank of the preconditioner, that is, the number of large eigenvalues it removes.
        rank: usize,
        /// Largest number of iterations.
        iterations: usize,
        /// Relative residual, in the norm of the preconditioner: the solver stops once the norm of the residual is at
        /// most this times that of the right-hand side.
        tolerance: f64,
    },
}

/// A limit of iterations, and a goal at which to stop earlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Budget {
    pub iterations: usize,
    pub goal: Goal,
}

/// The goal at which an iterate is accurate enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    /// The largest residual, relative to the right-hand side.
    Residual(f64),
    /// The largest duality gap, relative to the decrease, by its bound from the residual. A residual that is small
    /// compared with the right-hand side may leave a large gap where the system is ill-conditioned (decision 26).
    Gap(f64),
}

/// Conjugate-gradient iterations of [`Solver::Auto`].
pub(super) const DEFAULT_BUDGET: Budget = Budget { iterations: 30, goal: Goal::Gap(1e-4) };

/// The method that solves a system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Method {
    Direct,
    Iterative(Budget),
    Preconditioned(Budget),
    /// Nyström preconditioning with the given rank.
    Nystrom(usize, Budget),
}

/// A route and a method on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct How {
    pub route: Route,
    pub method: Method,
}

impl How {
    /// The solver that allows this route and method only.
    pub(super) fn solver(self) -> Solver {
        match self.method {
            Method::Direct => Solver::Cholesky,
            Method::Iterative(Budget { iterations, goal: Goal::Gap(gap) }) => Solver::Certified { iterations, gap },
            Method::Iterative(Budget { iterations, goal: Goal::Residual(tolerance) }) => {
                Solver::ConjugateGradient { iterations, tolerance }
            }
            Method::Preconditioned(Budget { iterations, goal: Goal::Residual(tolerance) | Goal::Gap(tolerance) }) => {
                Solver::Preconditioned { iterations, tolerance }
            }
            Method::Nystrom(rank, Budget { iterations, goal: Goal::Residual(tolerance) | Goal::Gap(tolerance) }) => {
                Solver::Nystrom { rank, iterations, tolerance }
            }
        }
    }

    /// The budget of the iterations; none for the direct method.
    pub(super) fn budget(self) -> Budget {
        match self.method {
            Method::Direct => Budget { iterations: 0, goal: Goal::Residual(0.0) },
            Method::Iterative(budget) | Method::Preconditioned(budget) | Method::Nystrom(_, budget) => budget,
        }
    }
}

impl Solver {
    /// The routes and methods that the solver allows, or those of them on the given route.
    pub(super) fn candidates(self, route: Option<Route>) -> Result<Vec<How>, DirectionError> {
        let how = |route, method| How { route, method };
        let all = match self {
            Self::Auto => vec![
                how(Route::DualMatrixFree, Method::Iterative(DEFAULT_BUDGET)),
                how(Route::DualAssembled, Method::Direct),
                how(Route::DualAssembled, Method::Iterative(DEFAULT_BUDGET)),
                how(Route::PrimalMatrixFree, Method::Iterative(DEFAULT_BUDGET)),
                how(Route::PrimalAssembled, Method::Direct),
            ],
            Self::Cholesky => {
                vec![how(Route::DualAssembled, Method::Direct), how(Route::PrimalAssembled, Method::Direct)]
            }
            Self::ConjugateGradient { iterations, tolerance } => {
                let method = Method::Iterative(Budget { iterations, goal: Goal::Residual(tolerance) });
                let mut all = vec![how(Route::DualMatrixFree, method), how(Route::DualAssembled, method)];
                // On this route the iterates differ, so it is taken on request only.
                all.extend((route == Some(Route::PrimalMatrixFree)).then_some(how(Route::PrimalMatrixFree, method)));
                all
            }
            Self::Certified { iterations, gap } => {
                let method = Method::Iterative(Budget { iterations, goal: Goal::Gap(gap) });
                [Route::DualMatrixFree, Route::DualAssembled, Route::PrimalMatrixFree]
                    .map(|route| how(route, method))
                    .into()
            }
            Self::Preconditioned { iterations, tolerance } => {
                let method = Method::Preconditioned(Budget { iterations, goal: Goal::Residual(tolerance) });
                vec![how(Route::DualAssembled, method)]
            }
            Self::Nystrom { rank, iterations, tolerance } => {
                let method = Method::Nystrom(rank, Budget { iterations, goal: Goal::Residual(tolerance) });
                [Route::DualMatrixFree, Route::DualAssembled].map(|route| how(route, method)).into()
            }
        };
        if let Self::ConjugateGradient { tolerance, .. }
        | Self::Preconditioned { tolerance, .. }
        | Self::Nystrom { tolerance, .. }
        | Self::Certified { gap: tolerance, .. } = self
            && !(tolerance.is_finite() && tolerance >= 0.0)
        {
            return Err(DirectionError::Tolerance(tolerance));
        }
        let Some(route) = route else { return Ok(all) };
        let all: Vec<How> = all.into_iter().filter(|candidate| candidate.route == route).collect();
        if all.is_empty() {
            return Err(DirectionError::Route { route: route.name() });
        }
        Ok(all)
    }
}
