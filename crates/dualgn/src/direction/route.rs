//! [`Solver`] and [`Route`]: how a subproblem is solved, and where.

use crate::error::DirectionError;

/// The unknowns that are solved for, and whether the matrix of their system is assembled.
///
/// All four solve the same convex problem and agree to the tolerance of their solvers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// The `mk` dual unknowns, by products with `K = J Jᵀ`.
    DualMatrixFree,
    /// The `mk` dual unknowns, with `K` assembled.
    DualAssembled,
    /// The `p` entries of the direction, by products with `J` and `Jᵀ`. Not for the prox-linear model.
    PrimalMatrixFree,
    /// The `p` entries of the direction, with `JᵀHJ/m + λI` assembled: for networks with few parameters. Not for the
    /// prox-linear model.
    PrimalAssembled,
}

impl Route {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::DualMatrixFree, Self::DualAssembled, Self::PrimalMatrixFree, Self::PrimalAssembled];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::DualMatrixFree => "dual, matrix-free",
            Self::DualAssembled => "dual, assembled",
            Self::PrimalMatrixFree => "primal, matrix-free",
            Self::PrimalAssembled => "primal, assembled",
        }
    }

    /// Whether a matrix is assembled.
    pub fn is_assembled(self) -> bool {
        matches!(self, Self::DualAssembled | Self::PrimalAssembled)
    }

    /// Whether the unknowns are dual variables.
    pub fn is_dual(self) -> bool {
        matches!(self, Self::DualMatrixFree | Self::DualAssembled)
    }
}

/// How the system is solved.
///
/// It is described for second-order models. For the prox-linear model it chooses between the assembled matrix and products
/// with `K`; conjugate gradient then solves the Newton steps of losses with curvature.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Solver {
    /// Whatever is estimated to be fastest, within the memory: the direct solver on either assembled matrix, or
    /// conjugate gradient by products or on `K`, until its certificate is within 1e-4 of the decrease that the model
    /// promises, in up to 30 iterations. Where those do not suffice, the direct solver is taken from then on if it takes at
    /// most four times as long.
    /// The estimates are [`GaussNewton::estimates`](crate::GaussNewton::estimates).
    #[default]
    Auto,
    /// A matrix is assembled and the system solved exactly, in f64 on the host. Of the dual and the primal matrix the one
    /// that is estimated to be faster, unless the route is set.
    Cholesky,
    /// Conjugate gradient from zero, so that any number of iterations gives a descent direction and none gives the
    /// gradient. By products with `K`, or with `K` assembled where that is estimated to be faster: the iterates are the
    /// same.
    ConjugateGradient {
        /// At most so many iterations.
        iterations: usize,
        /// Stop earlier once the residual is at most this times the right-hand side.
        tolerance: f64,
    },
    /// Conjugate gradient from zero until its certificate is good enough, on the route that is estimated to be fastest: what
    /// [`Solver::Auto`] does where it iterates.
    Certified {
        /// At most so many iterations.
        iterations: usize,
        /// Stop earlier once the duality gap is at most this times the decrease that the dual promises.
        gap: f64,
    },
    /// Conjugate gradient on the assembled `K`, preconditioned by the blocks of the diagonal (of about 128 rows): for batches
    /// with so many outputs that a factorisation takes too long. Every iterate descends.
    Preconditioned {
        /// At most so many iterations.
        iterations: usize,
        /// Stop earlier once the residual, in the norm of the preconditioner, is at most this times the right-hand side.
        tolerance: f64,
    },
    /// Conjugate gradient preconditioned by a randomised approximation of the dual system (Frangella, Tropp and Udell,
    /// "Randomized Nyström Preconditioning", 2023), from `rank` stacked products: for small dampings, with which a few large
    /// eigenvalues take most of the iterations. By products with `K` or with `K` assembled; not on primal routes. Every iterate
    /// descends.
    Nystrom {
        /// Eigenvalues that are taken out.
        rank: usize,
        /// At most so many iterations.
        iterations: usize,
        /// Stop earlier once the residual, in the norm of the preconditioner, is at most this times the right-hand side.
        tolerance: f64,
    },
}

/// Iterations, and when to stop earlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Budget {
    pub iterations: usize,
    pub goal: Goal,
}

/// What an iterate is good enough for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    /// A residual of at most so many times the right-hand side.
    Residual(f64),
    /// A gap of at most so many times the decrease, by the bound of the residual. A residual that is small beside the
    /// right-hand side may leave a large gap where the system is ill-conditioned (decision 26).
    Gap(f64),
}

/// Conjugate-gradient iterations of [`Solver::Auto`].
pub(super) const DEFAULT_BUDGET: Budget = Budget { iterations: 30, goal: Goal::Gap(1e-4) };

/// What is done with a system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Method {
    Direct,
    Iterative(Budget),
    Preconditioned(Budget),
    /// With a rank.
    Nystrom(usize, Budget),
}

/// A route and a method on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct How {
    pub route: Route,
    pub method: Method,
}

impl How {
    /// The solver that does nothing else.
    pub fn solver(self) -> Solver {
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

    /// The budget of the iterations, if there are any.
    pub fn budget(self) -> Budget {
        match self.method {
            Method::Direct => Budget { iterations: 0, goal: Goal::Residual(0.0) },
            Method::Iterative(budget) | Method::Preconditioned(budget) | Method::Nystrom(_, budget) => budget,
        }
    }
}

impl Solver {
    /// What may be done on each route, or on the given one.
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
                // Its iterates are others, so that it is taken on request only.
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
