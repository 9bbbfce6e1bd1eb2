//! The cost of the rules of a plan, for estimates.

use super::factors::Sizes;
use super::plan::{Kind, Part, Plan};
use crate::trace::{Graph, ValueId};

/// The cost of the rules of all parameters, without the backward passes.
pub(crate) struct Cost {
    /// Approximate number of floating-point operations.
    pub flops: f64,
    /// Number of contributions that are added to the matrix.
    pub contributions: usize,
}

/// The cost of the Gram matrix with `outputs` rows per example.
pub(super) fn cost(plan: &Plan, graph: &Graph, outputs: usize) -> Cost {
    let rows = (graph.examples * outputs) as f64;
    let size = |value: ValueId| graph.values[value].shape.iter().product::<usize>() as f64;
    let part = |part: &Part| match part.kind {
        Kind::Dense { .. } => {
            rows * rows * *graph.values[graph.nodes[part.sites[0].0].output].shape.last().unwrap_or(&1) as f64
        }
        Kind::Broadcast => {
            let (node, position) = part.sites[0];
            rows * rows * size(graph.nodes[node].inputs[position])
        }
        _ => Sizes::of(graph, part).flops(outputs),
    };
    let loose: f64 = plan.loose.iter().map(|&index| size(graph.parameters[index])).sum();
    let loose = rows * (rows + 2.0 * graph.examples as f64) * loose;
    Cost {
        flops: plan.parts.iter().map(part).sum::<f64>() + loose,
        contributions: plan.parts.len() + usize::from(!plan.loose.is_empty()),
    }
}
