//! Rows of the Jacobian, materialised: for every operation without a structured rule, and for parameters used more than
//! once, whose uses have cross terms.
//!
//! An example's row needs that example alone. So the operation at each site is evaluated anew on one example, its own
//! rule pulls the sensitivities back to the parameter's side, and what lies between there and the parameters (reshapes,
//! transposes, sums of uses) is pulled back like any other part of the network.

use super::layout::example;
use super::plan::Plan;
use crate::kernels::outer;
use crate::linearize::rules::{Kept, rule};
use crate::linearize::{Flow, Linearization};
use crate::tensor::Array;
use crate::trace::{Batch, Index, Norm, Op, ValueId};

/// The contribution `R Rᵀ`, `[mk, mk]`, of all materialised parameters; `sites` are nodes with their sensitivities.
///
/// Two blocks of rows are kept at a time, each of at most `chunk / 2` numbers (but at least one example); with more than
/// one block, blocks are computed again for each pair.
pub(super) fn gram(linearization: &Linearization, plan: &Plan, sites: &[(usize, Array)], chunk: usize) -> Array {
    let graph = linearization.graph();
    let width: usize = plan.loose.iter().map(|&index| graph.parameter(index).shape.iter().product::<usize>()).sum();
    let k = sites.first().map_or(graph.outputs, |(_, sensitivity)| sensitivity.shape()[0]);
    let block = (chunk / (2 * k * width.max(1))).clamp(1, graph.examples);
    let rows = |start: usize| {
        let end = (start + block).min(graph.examples);
        let rows = (start..end).map(|index| example_rows(linearization, plan, sites, k, index));
        Array::cat(rows.collect(), 0)
    };
    if block == graph.examples {
        return outer(rows(0));
    }
    let starts: Vec<usize> = (0..graph.examples).step_by(block).collect();
    let mut blocks: Vec<Vec<Option<Array>>> = vec![vec![None; starts.len()]; starts.len()];
    for i in 0..starts.len() {
        let left = rows(starts[i]);
        for j in 0..i {
            let product = left.clone().matmul(rows(starts[j]).transpose());
            blocks[j][i] = Some(product.clone().transpose());
            blocks[i][j] = Some(product);
        }
        blocks[i][i] = Some(outer(left));
    }
    let lines = blocks.into_iter().map(|line| Array::cat(line.into_iter().flatten().collect(), 1));
    Array::cat(lines.collect(), 0)
}

/// The `k` rows of one example, `[k, width]`: columns are the materialised parameters in their order.
fn example_rows(linearization: &Linearization, plan: &Plan, sites: &[(usize, Array)], k: usize, index: usize) -> Array {
    let graph = linearization.graph();
    let mut flow = Flow::new(graph.values.len());
    for (node, sensitivity) in sites {
        pull_site(linearization, *node, sensitivity, index, &mut flow);
    }
    for (position, node) in graph.nodes.iter().enumerate().rev() {
        if graph.is_parameter_side(node.output) {
            linearization.pull_node(position, node, &mut flow, |value| graph.values[value].active);
        }
    }
    let block = |&parameter: &usize| {
        let value = graph.parameters[parameter];
        let size = graph.values[value].shape.iter().product();
        match flow.take(value) {
            Some(rows) => rows.reshape(&[k, size]),
            None => Array::zeros(&[k, size], graph.dtype, &linearization.device()),
        }
    };
    Array::cat(plan.loose.iter().map(block).collect(), 1)
}

/// Pulls one example's sensitivities at a site back to the inputs on the parameters' side.
fn pull_site(linearization: &Linearization, node: usize, sensitivity: &Array, index: usize, flow: &mut Flow) {
    let graph = linearization.graph();
    let m = graph.examples;
    let site = &graph.nodes[node];
    let output = &graph.values[site.output];
    let stacked = stacked_batch(&output.batch);
    let inputs = linearization.site_inputs(node);
    // A shared input may still be as long as the output along the examples' axis, as learned positions are when they
    // are expanded over the batch: then example `i` meets its part `i` only.
    let batch = |position: usize| -> Batch {
        let value = &graph.values[site.inputs[position]];
        match (&value.batch, &output.batch, &site.op) {
            (Batch::Shared, Batch::Split { axis, .. }, op)
                if reads_along(op, position, *axis, output.shape.len())
                    && value.shape[*axis] == output.shape[*axis]
                    && output.shape[*axis] != 1 =>
            {
                output.batch.clone()
            }
            // Scale, shift and statistics of each entry of axis 1, along which the examples stand.
            (Batch::Shared, &Batch::Split { axis: 1, outer, inner }, Op::Norm(Norm::Batch { .. }))
                if value.shape.as_slice() == [output.shape[1]] && output.shape[1] != 1 =>
            {
                Batch::Split { axis: 0, outer, inner }
            }
            (own, ..) => own.clone(),
        }
    };
    let parts: Vec<Array> =
        inputs.iter().enumerate().map(|(position, input)| example(input, &batch(position), m, index)).collect();
    let wanted: Vec<bool> = site.inputs.iter().map(|&input| graph.is_parameter_side(input)).collect();
    let rule = rule(&site.op).expect("active nodes have a rule");
    let shapes = parts.iter().map(Array::shape).collect();
    let (value, arrays) = rule.evaluate(parts, &graph.active_inputs(site));
    let kept = Kept { shapes, output: value.shape(), arrays };
    let cotangents = rule.vjp(&kept, example(sensitivity, &stacked, m, index), &wanted);
    for (position, cotangent) in cotangents.into_iter().enumerate().filter(|(position, _)| wanted[*position]) {
        let value: ValueId = site.inputs[position];
        if let Some(cotangent) = cotangent {
            let whole = match (&graph.values[value].batch, batch(position)) {
                (Batch::Shared, split @ Batch::Split { .. }) => {
                    spread(cotangent, &graph.values[value].shape, &split, m, index)
                }
                _ => cotangent,
            };
            flow.add(value, whole);
        }
    }
}

/// Whether, along an axis of the output, each entry reads the entry of an input at the same place, if that is as long.
fn reads_along(op: &Op, input: usize, axis: usize, rank: usize) -> bool {
    match op {
        Op::Binary(_) | Op::Mask(_) | Op::Layout(_) => true,
        // Of a product, the last two axes are not those of the output.
        Op::Matmul(_) => axis + 2 < rank,
        Op::Index(Index::Gather { axis: dim } | Index::GatherInto { axis: dim, .. }) => axis != *dim,
        Op::Index(Index::SelectInto { axis: dim, .. }) => axis != *dim && input != 1,
        _ => false,
    }
}

/// The batch of a stack `[c, ..]` of values with the given batch.
fn stacked_batch(batch: &Batch) -> Batch {
    match *batch {
        Batch::Split { axis, outer, inner } => Batch::Split { axis: axis + 1, outer, inner },
        ref other => other.clone(),
    }
}

/// Puts one example's part of a stack into zeros of the whole.
fn spread(part: Array, shape: &[usize], batch: &Batch, examples: usize, index: usize) -> Array {
    let Batch::Split { axis, outer, inner } = *batch else { return part };
    let count = part.shape()[0];
    let before: usize = shape[..axis].iter().product::<usize>() * outer;
    let after: usize = shape[axis + 1..].iter().product::<usize>() * inner;
    let part = part.reshape(&[count * before, 1, after]);
    let zeros = |length: usize| Array::zeros(&[count * before, length, after], part.dtype(), &part.device());
    let mut pieces = vec![];
    if index > 0 {
        pieces.push(zeros(index));
    }
    pieces.push(part.clone());
    if index + 1 < examples {
        pieces.push(zeros(examples - index - 1));
    }
    Array::cat(pieces, 1).reshape(&[&[count], shape].concat())
}
