//! [`LossModel`]: the model of the loss in the subproblem.

/// The model of the loss along the linearised network.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LossModel {
    /// The second-order model `⟨g, u⟩ + ½ ‖Lᵀ u‖²`, which yields the generalized Gauss-Newton direction. It needs a
    /// loss with curvature.
    #[default]
    Quadratic,
    /// The loss itself, `ℓ(f + u)`, which yields the prox-linear direction, for any convex loss (Roulet and Blondel,
    /// arXiv 2308.08886). It is solved by Newton's method for losses with curvature. For other losses it is solved by
    /// ascent on the dual: block coordinate ascent where the Gram matrix is assembled, and proximal gradient ascent
    /// where it is not.
    ProxLinear {
        /// Relative duality gap: the solver stops once the gap is at most this times the decrease `P(0) - D` that the
        /// dual promises.
        gap: f64,
        /// Largest number of Newton steps, passes over the batch, or proximal-gradient steps. Dual ascent that has not
        /// decreased the model by then continues up to ten times as many.
        iterations: usize,
    },
    /// The fast Gauss-Newton model: second-order in one number per example, the margin of its class, with `m` unknowns
    /// instead of `m k` and one backward pass per example instead of `k`. It needs softmax cross-entropy on class
    /// targets; for two classes it equals [`LossModel::Quadratic`]. (Korbit and Zanon, arXiv 2605.06081.)
    FastGaussNewton,
}

impl LossModel {
    /// [`LossModel::ProxLinear`] with a relative duality gap of 1e-3 and at most 100 iterations.
    pub const PROX_LINEAR: Self = Self::ProxLinear { gap: 1e-3, iterations: 100 };
}
