//! Materialised rows of the Jacobian: for every operation without a structured rule, and for parameters used more than
//! once, whose uses have cross terms.
//!
//! At each site the gradients with respect to its inputs are computed for a block of examples: by the structure of the
//! site if it has one, and otherwise example by example, by evaluating the operation on that example only and applying
//! its derivative rule. They are then pulled back through the operations between the parameters and the site (reshapes,
//! norms of weights, sums of uses) like through any other part of the network, with the rows of the block as stacked
//! vectors.

use super::Side;
use super::blocks::{Block, grid};
use super::broadcast;
use super::factors::{Factors, Vocabulary};
use super::layout::example;
use super::plan::{Kind, Plan, kind};
use super::sensitivities::Sensitivities;
use super::widened;
use crate::kernels::{outer, product};
use crate::linearize::rules::{Kept, rule};
use crate::linearize::{Flow, Linearization};
use crate::tensor::Array;
use crate::trace::{Batch, Index, Norm, Op, ValueId};

/// The contribution of all materialised parameters, `[m k, m' k']`; `right` is `None` if both sets of rows are the
/// same.
///
/// Two blocks of rows are kept at a time, each of at most `chunk / 2` numbers (but at least one example). If there is
/// more than one block, blocks are recomputed for each pair.
pub(super) fn contribution(left: Side, right: Option<Side>, chunk: usize) -> Array {
    let graph = left.linearization.graph();
    let width: usize =
        left.plan.loose.iter().map(|&index| graph.parameter(index).shape.iter().product::<usize>()).sum();
    let other = right.unwrap_or(left);
    let counts = [left.sensitivities.count, other.sensitivities.count];
    let size = chunk / (2 * counts[0].max(counts[1]) * width).max(1);
    let rows = |side: Side, block: Block| block_rows(side.linearization, side.plan, side.sensitivities, block);
    let mut kept: Option<(Block, Array)> = None;
    let result = grid(0, left.examples(), right.map(Side::examples), size, |i, j| {
        let own = match kept.take() {
            Some((block, own)) if block == i => own,
            _ => rows(left, i),
        };
        kept = Some((i, own.clone()));
        let product = match right {
            None if i == j => outer(own),
            _ => product(own, rows(other, j).transpose()),
        };
        product.reshape(&[i.end - i.start, counts[0], j.end - j.start, counts[1]])
    });
    result.reshape(&[left.examples() * counts[0], other.examples() * counts[1]])
}

/// The rows of some examples, `[block k, width]`, with the materialised parameters in order as columns.
pub(super) fn block_rows(
    linearization: &Linearization,
    plan: &Plan,
    sensitivities: &Sensitivities,
    block: Block,
) -> Array {
    let graph = linearization.graph();
    let rows = sensitivities.count * (block.end - block.start);
    let mut flow = Flow::new(graph.values.len());
    for (node, positions) in &plan.loose_sites {
        let Some(sensitivity) = sensitivities.by_node.get(node) else { continue };
        let batched = |position: &usize| gradients(linearization, *node, *position, sensitivity, block);
        let one_by_one: Vec<usize> = positions
            .iter()
            .copied()
            .filter(|position| match batched(position) {
                Some(gradients) => {
                    flow.add(graph.nodes[*node].inputs[*position], gradients);
                    false
                }
                None => true,
            })
            .collect();
        if !one_by_one.is_empty() {
            add_one_by_one(linearization, *node, &one_by_one, sensitivity, block, &mut flow);
        }
    }
    for (position, node) in graph.nodes.iter().enumerate().rev() {
        if graph.is_parameter_side(node.output) {
            linearization.pull_node(position, node, &mut flow, |value| graph.values[value].active);
        }
    }
    let column = |&parameter: &usize| {
        let value = graph.parameters[parameter];
        let size = graph.values[value].shape.iter().product();
        match flow.take(value) {
            Some(gradients) => gradients.reshape(&[rows, size]),
            None => Array::zeros(&[rows, size], graph.dtype, &linearization.device()),
        }
    };
    Array::cat(plan.loose.iter().map(column).collect(), 1)
}

/// The per-example gradients with respect to an input that depends on parameters only, `[block k, ..]`, if they have a
/// structure that allows computing them for all examples at once.
fn gradients(
    linearization: &Linearization,
    node: usize,
    position: usize,
    sensitivity: &Array,
    block: Block,
) -> Option<Array> {
    let graph = linearization.graph();
    let value = graph.nodes[node].inputs[position];
    let kind = kind(graph, node, position, value)?;
    let factors = || {
        let sensitivity = widened(sensitivity.clone(), linearization);
        let factors = Factors::at(linearization, kind, node, sensitivity, &Vocabulary::default());
        let features = Block { start: 0, end: factors.features() };
        // [g, block, k, a, b]
        factors.gradients(block, features)
    };
    let gradients = match kind {
        // Their indicators are for the tokens that occur, not for the whole table.
        Kind::Embedding => return None,
        Kind::Broadcast => {
            let rows = broadcast::rows(linearization, node, position, sensitivity.clone());
            rows.narrow(1, block.start, block.end).permute(&[1, 0, 2])
        }
        Kind::Convolution => factors().permute(&[1, 2, 0, 4, 3]),
        _ => factors().permute(&[1, 2, 0, 3, 4]),
    };
    let rows = sensitivity.shape()[0] * (block.end - block.start);
    let gradients = gradients.cast(graph.values[value].dtype);
    Some(gradients.reshape(&[&[rows], graph.values[value].shape.as_slice()].concat()))
}

/// Computes the gradients example by example and adds them.
fn add_one_by_one(
    linearization: &Linearization,
    node: usize,
    positions: &[usize],
    sensitivity: &Array,
    block: Block,
    flow: &mut Flow,
) {
    let graph = linearization.graph();
    let k = sensitivity.shape()[0];
    let examples: Vec<Vec<Option<Array>>> =
        (block.start..block.end).map(|index| pull_site(linearization, node, positions, sensitivity, index)).collect();
    for (at, &position) in positions.iter().enumerate() {
        let value = graph.nodes[node].inputs[position];
        let shape = [&[k], graph.values[value].shape.as_slice()].concat();
        let zeros = || Array::zeros(&shape, graph.values[value].dtype, &linearization.device());
        let each = examples.iter().map(|gradients| match &gradients[at] {
            Some(gradient) => gradient.clone().reshape(&shape),
            None => zeros(),
        });
        flow.add(value, Array::cat(each.collect(), 0));
    }
}

/// Pulls the sensitivities of one example at a site back to some inputs that depend on parameters only.
fn pull_site(
    linearization: &Linearization,
    node: usize,
    positions: &[usize],
    sensitivity: &Array,
    index: usize,
) -> Vec<Option<Array>> {
    let graph = linearization.graph();
    let m = graph.examples;
    let site = &graph.nodes[node];
    let output = &graph.values[site.output];
    let stacked = stacked_batch(&output.batch);
    let inputs = linearization.site_inputs(node);
    // A shared input may still be as long as the output along the axis of the examples, as learned positions are when
    // they are expanded over the batch: then example `i` uses its part `i` only.
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
            // Scale, shift and statistics belong to the entries of axis 1, along which the examples lie.
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
    let wanted: Vec<bool> = (0..site.inputs.len()).map(|position| positions.contains(&position)).collect();
    let rule = rule(&site.op).expect("active nodes have a rule");
    let shapes = parts.iter().map(Array::shape).collect();
    let (value, arrays) = rule.evaluate(parts, &graph.active_inputs(site));
    let kept = Kept { shapes, output: value.shape(), arrays };
    let mut cotangents = rule.vjp(&kept, example(sensitivity, &stacked, m, index), &wanted);
    let whole = |&position: &usize| {
        let value: ValueId = site.inputs[position];
        let cotangent = cotangents[position].take()?;
        Some(match (&graph.values[value].batch, batch(position)) {
            (Batch::Shared, split @ Batch::Split { .. }) => {
                spread(cotangent, &graph.values[value].shape, &split, m, index)
            }
            _ => cotangent,
        })
    };
    positions.iter().map(whole).collect()
}

/// Whether each output entry along an axis reads the input entry at the same position, if the input is as long.
fn reads_along(op: &Op, input: usize, axis: usize, rank: usize) -> bool {
    match op {
        Op::Binary(_) | Op::Mask(_) | Op::Layout(_) | Op::Taylor(_) => true,
        // For a product, the last two axes do not correspond to those of the output.
        Op::Matmul(_) => axis + 2 < rank,
        Op::Index(Index::Gather { axis: dim } | Index::GatherInto { axis: dim, .. }) => axis != *dim,
        Op::Index(Index::SelectInto { axis: dim, .. }) => axis != *dim && input != 1,
        _ => false,
    }
}

/// The batch structure of a stack `[c, ..]` of values with the given batch structure.
fn stacked_batch(batch: &Batch) -> Batch {
    match *batch {
        Batch::Split { axis, outer, inner } => Batch::Split { axis: axis + 1, outer, inner },
        ref other => other.clone(),
    }
}

/// Places the part of one example into an array of zeros for all examples.
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
