//! What stands for the loss in the subproblem: [`Model`].

/// The model of the loss along the linearised network.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Model {
    /// Second-order: `⟨g, u⟩ + ½ ‖Lᵀ u‖²`, the generalized Gauss-Newton direction. It needs a loss with curvature.
    #[default]
    Quadratic,
    /// The loss itself, `ℓ(f + u)`: the prox-linear direction, for any convex loss (Roulet and Blondel, arXiv 2308.08886).
    /// Losses with curvature are solved by Newton's method, the others by ascent on their dual, block by block where the
    /// Gram matrix is assembled and by proximal gradient where it is not.
    ProxLinear {
        /// Stop once the duality gap is at most this times the decrease `P(0) - D` that the dual promises.
        gap: f64,
        /// Stop after so many Newton steps, passes over the batch, or proximal-gradient steps; dual ascent that has not
        /// decreased the model by then goes on to ten times as many.
        iterations: usize,
    },
    /// Fast Gauss-Newton: second-order in one number an example, the margin of its class, with `m` unknowns instead of `m k`
    /// and one backward pass an example instead of `k`. For softmax cross-entropy on classes; for two classes it is
    /// [`Model::Quadratic`]. (Korbit and Zanon, arXiv 2605.06081.)
    FastGaussNewton,
}

impl Model {
    /// [`Model::ProxLinear`] to a relative duality gap of 1e-3, within 100 iterations.
    pub const PROX_LINEAR: Self = Self::ProxLinear { gap: 1e-3, iterations: 100 };
}
