//! [`SecondMoments`]: a metric from second moments of gradients.

use super::state::Kept;
use crate::direction::Subproblem;
use crate::error::Error;
use crate::linearize::ParamVector;
use crate::loss::ConvexLoss;

/// The metric of the proximity term: the square roots of the second moments of gradients, as in Adam, `M = √(v / (1 -
/// βᵗ)) + ε`, divided by their mean. With this metric directions are solved by products with the Jacobian.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SecondMoments {
    /// The decay rate `β`, at least 0 and below 1.
    pub decay: f64,
    /// The offset `ε`, positive.
    pub epsilon: f64,
}

impl SecondMoments {
    /// Creates the metric with the decay rate `β` and the offset `ε`.
    pub const fn new(decay: f64, epsilon: f64) -> Self {
        Self { decay, epsilon }
    }
}

impl Default for SecondMoments {
    fn default() -> Self {
        Self { decay: 0.999, epsilon: 1e-8 }
    }
}

/// Updates the second moments with the gradient, and returns the metric.
pub(super) fn update_metric<L: ConvexLoss>(
    earlier: &mut Option<Kept>,
    metric: SecondMoments,
    subproblem: &Subproblem<L>,
) -> Result<ParamVector, Error> {
    let SecondMoments { decay, epsilon } = metric;
    let gradient = subproblem.gradient();
    let squares = gradient.clone().times(&gradient).scale(1.0 - decay);
    let (moments, steps) = match earlier {
        Some(kept) => {
            let (moments, steps) = kept.at(subproblem.linearization())?;
            (squares.add_scaled(&moments, decay), steps + 1)
        }
        None => (squares, 1),
    };
    *earlier = Some(Kept::Vector(moments.clone(), steps));
    let roots = moments.scale(1.0 / (1.0 - decay.powf(steps as f64))).root();
    let mean = roots.sum()? / roots.len() as f64;
    Ok(roots.plus(epsilon).scale(1.0 / (mean + epsilon)))
}
