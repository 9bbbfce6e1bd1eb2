//! [`SecondMoments`]: a metric from second moments of gradients.

use super::state::{Kept, State};
use crate::direction::Subproblem;
use crate::error::Error;
use crate::linearize::ParamVector;
use crate::loss::ConvexLoss;

/// The metric of the proximity term: the square roots of the second moments of gradients, as in Adam, `M = √(v / (1 -
/// βᵗ)) + ε`, divided by their mean. With this metric directions are solved by products with the Jacobian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondMoments {
    /// The decay rate `β`, at least 0 and below 1.
    pub decay: f64,
    /// The offset `ε`, positive.
    pub epsilon: f64,
}

impl Default for SecondMoments {
    fn default() -> Self {
        Self { decay: 0.999, epsilon: 1e-8 }
    }
}

/// Updates the second moments with the gradient, and returns the metric.
pub(super) fn update_metric<L: ConvexLoss>(
    state: &mut State,
    metric: SecondMoments,
    subproblem: &Subproblem<L>,
) -> Result<ParamVector, Error> {
    let SecondMoments { decay, epsilon } = metric;
    let gradient = subproblem.gradient();
    let squares = gradient.clone().times(&gradient).scale(1.0 - decay);
    let moments = match state.vector("second moments", subproblem.linearization())? {
        Some(earlier) => squares.add_scaled(&earlier, decay),
        None => squares,
    };
    let count = state.number("moments").unwrap_or(0.0) + 1.0;
    state.numbers.insert("moments", count);
    state.vectors.insert("second moments", Kept::Vector(moments.clone()));
    let roots = moments.scale(1.0 / (1.0 - decay.powf(count))).root();
    let mean = roots.sum()? / roots.len() as f64;
    Ok(roots.plus(epsilon).scale(1.0 / (mean + epsilon)))
}
