//! Parameters that are broadcast over examples: biases, scales, and the parameters of normalisations. The gradient is
//! the sensitivity, times the factor of the parameter, summed over the axes along which the parameter is broadcast.

use super::layout::summed;
use super::widened;
use crate::linearize::Linearization;
use crate::tensor::Array;
use crate::trace::{Batch, Norm, Op};

/// Per-example gradients `[k, m, n]` with respect to input `position` of a node.
pub(super) fn rows(linearization: &Linearization, node: usize, position: usize, sensitivity: Array) -> Array {
    let graph = linearization.graph();
    let (kept, site) = (linearization.kept(node), &graph.nodes[node]);
    let (output, shape) = (&graph.values[site.output], &graph.values[site.inputs[position]].shape);
    let rank = output.shape.len();
    match &site.op {
        Op::Binary(op) => {
            let gradient = widened(op.multiply(kept, position, sensitivity), linearization);
            summed(gradient, &output.batch, graph.examples, |axis| shape[axis] != 1)
        }
        Op::Taylor(shift) => {
            let gradient = widened(shift.of_summand(&sensitivity), linearization);
            // A single example has all channels, of which one remains.
            let batch = match output.batch {
                Batch::Split { axis: 0, .. } => Batch::Split { axis: 0, outer: 1, inner: 1 },
                ref batch => batch.clone(),
            };
            summed(gradient, &batch, graph.examples, |axis| shape[axis] != 1)
        }
        Op::Norm(norm) => {
            let gradient = if position == 1 { sensitivity.mul(kept.array(0).clone()) } else { sensitivity };
            let own = if matches!(norm, Norm::Layer { .. }) { rank - 1 } else { 1 };
            summed(widened(gradient, linearization), &output.batch, graph.examples, |axis| axis == own)
        }
        // The bias of a convolution, one for each channel.
        _ => summed(widened(sensitivity, linearization), &output.batch, graph.examples, |axis| axis == 1),
    }
}
