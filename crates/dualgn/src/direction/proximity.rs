//! [`Proximity`]: the proximity term of a subproblem.

use crate::linearize::ParamVector;

/// The proximity term `(λ/2) ‖d - c‖²_M`, which keeps a direction `d` near a centre `c` in the norm of a metric `M`.
///
/// Momentum is a centre, `c = μ d_prev` (SPRING: Goldshlager, Abrahamsen and Lin, arXiv 2401.10190). So is a penalty
/// `(η/2) ‖w‖²` on the weights: replace `λ` by `λ + η`, with the centre `c = -η w / (λ + η)`. With a centre other than
/// zero a direction need not descend; [`Direction::slope`](crate::Direction::slope) says whether it does.
#[derive(Clone, Copy, Debug)]
pub struct Proximity<'a> {
    pub(super) damping: f64,
    pub(super) centre: Option<&'a ParamVector>,
    pub(super) metric: Option<&'a ParamVector>,
}

impl<'a> Proximity<'a> {
    /// Creates the term `(λ/2) ‖d‖²`, with centre zero and the identity as metric.
    pub fn new(damping: f64) -> Self {
        Self { damping, centre: None, metric: None }
    }

    /// Sets the centre `c`.
    #[must_use]
    pub fn centred(mut self, centre: &'a ParamVector) -> Self {
        self.centre = Some(centre);
        self
    }

    /// Sets the metric, a diagonal `M` with positive entries, such as the square roots of Adam's second moments. With a
    /// metric the products with `J` and `Jᵀ` are computed separately and no Gram matrix is available: conjugate
    /// gradient solves the dual by products.
    #[must_use]
    pub fn in_metric(mut self, metric: &'a ParamVector) -> Self {
        self.metric = Some(metric);
        self
    }
}

impl From<f64> for Proximity<'_> {
    fn from(damping: f64) -> Self {
        Self::new(damping)
    }
}
