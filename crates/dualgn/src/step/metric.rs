//! [`SecondMoments`]: a metric from the sizes of gradients.

use super::state::{Kept, State};
use crate::direction::Subproblem;
use crate::error::Error;
use crate::linearize::ParamVector;
use crate::loss::ConvexLoss;

/// The metric of the proximity term: roots of the second moments of gradients, as Adam keeps them, `M = √(v / (1 - βᵗ)) + ε`, over
/// their mean. Directions are then solved by products.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondMoments {
    /// `β`, from 0 to below 1.
    pub decay: f64,
    /// `ε`, positive.
    pub epsilon: f64,
}

impl Default for SecondMoments {
    fn default() -> Self {
        Self { decay: 0.999, epsilon: 1e-8 }
    }
}

/// The second moments with this gradient among them, and the metric they make.
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
