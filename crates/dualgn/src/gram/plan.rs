//! The assignment of Gram rules to parameters.

use std::collections::{HashMap, HashSet};

use crate::trace::{Batch, Binary, Conv, Graph, Index, Layout, Node, Norm, Op, Taylor, Use, ValueId};

/// The structure of the per-example gradient of a parameter, by the way in which the parameter meets data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A dense layer applied once per example; `bias` if the bias added to its output is counted with it.
    Dense { bias: bool },
    /// A dense layer applied at several positions per example, or several times.
    DensePositions,
    /// The kernel of a convolution, which acts as a dense layer at the positions of its patches.
    Convolution,
    /// The kernel of a transposed convolution, whose patches are those of its output.
    TransposedConvolution,
    /// Rows of a table selected by tokens: a dense layer whose inputs are indicators.
    Embedding,
    /// A parameter that is broadcast over examples and positions: added, multiplied, or a parameter of a normalisation.
    Broadcast,
}

/// A parameter with a structured rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub kind: Kind,
    /// The nodes that use it, with the position among their inputs. There are several only if all are dense layers.
    pub sites: Vec<(usize, usize)>,
}

/// The rule for each parameter of a graph.
#[derive(PartialEq, Eq)]
pub(super) struct Plan {
    pub parts: Vec<Part>,
    /// Indices of parameters whose per-example gradients are materialised, by pulling them back from the inputs of the
    /// sites.
    pub loose: Vec<usize>,
    /// Sites that loose parameters reach, with the inputs at which they arrive.
    pub loose_sites: Vec<(usize, Vec<usize>)>,
    /// Additions of biases that are counted with their dense layers.
    merged: HashSet<usize>,
}

impl Plan {
    pub(super) fn new(graph: &Graph) -> Self {
        let readers = graph.readers();
        let (mut parts, mut loose) = (vec![], vec![]);
        for (index, &parameter) in graph.parameters.iter().enumerate() {
            match graph.uses(&readers, parameter).and_then(|uses| structured(graph, &uses)) {
                Some(part) => parts.push(part),
                None => loose.push(index),
            }
        }
        let merged = merge_biases(graph, &readers, &mut parts);
        let known: HashSet<(usize, usize)> = parts.iter().flat_map(|part: &Part| part.sites.iter().copied()).collect();
        Self { loose_sites: loose_sites(graph, &known, &merged), parts, loose, merged }
    }

    /// Plans for the products of the rows of two graphs. Parts and materialised parameters have the same order in both,
    /// and parameters of one graph only are left out. A parameter is structured if its gradients have the same
    /// structure in both graphs.
    pub(super) fn joint(graphs: [&Graph; 2]) -> [Self; 2] {
        let readers = graphs.map(Graph::readers);
        let uses = |side: usize, index: usize| graphs[side].uses(&readers[side], graphs[side].parameters[index]);
        let mut plans =
            graphs.map(|_| Self { parts: vec![], loose: vec![], loose_sites: vec![], merged: HashSet::new() });
        let mut known = [HashSet::new(), HashSet::new()];
        let ids = graphs.map(Graph::parameter_ids);
        for (left, id) in ids[0].iter().enumerate() {
            let Some(right) = ids[1].iter().position(|other| other == id) else { continue };
            let both = [uses(0, left), uses(1, right)];
            let [Some(left_uses), Some(right_uses)] = &both else {
                [left, right].into_iter().zip(&mut plans).for_each(|(index, plan)| plan.loose.push(index));
                continue;
            };
            match alike(graphs, [left_uses, right_uses]) {
                Some(parts) => {
                    for ((part, plan), known) in parts.into_iter().zip(&mut plans).zip(&mut known) {
                        known.extend(part.sites.iter().copied());
                        plan.parts.push(part);
                    }
                }
                None => [left, right].into_iter().zip(&mut plans).for_each(|(index, plan)| plan.loose.push(index)),
            }
        }
        for (side, plan) in plans.iter_mut().enumerate() {
            // A parameter that occurs on one side only contributes nothing.
            for (index, id) in ids[side].iter().enumerate() {
                if !ids[1 - side].contains(id)
                    && let Some(uses) = uses(side, index)
                {
                    known[side].extend(uses.iter().map(|found| (found.node, found.position)));
                }
            }
            plan.loose_sites = loose_sites(graphs[side], &known[side], &plan.merged);
        }
        plans
    }

    /// The plan that materialises the per-example gradients of all parameters, in their order.
    pub(super) fn materialised(graph: &Graph) -> Self {
        let sites = graph.nodes.iter().enumerate().filter(|(_, node)| graph.is_site(node));
        let arrives = |(index, node): (usize, &Node)| {
            let positions = (0..node.inputs.len()).filter(|&position| graph.is_parameter_side(node.inputs[position]));
            (index, positions.collect())
        };
        let loose_sites = sites.map(arrives).collect();
        Self { parts: vec![], loose: (0..graph.parameters.len()).collect(), loose_sites, merged: HashSet::new() }
    }

    /// The nodes whose sensitivities the rules need.
    pub(super) fn sites(&self) -> HashSet<usize> {
        let structured = self.parts.iter().flat_map(|part| part.sites.iter().map(|(node, _)| *node));
        structured.chain(self.loose_sites.iter().map(|(node, _)| *node)).collect()
    }

    /// Describes in words how a site contributes.
    pub(super) fn describe(&self, node: usize) -> Option<&'static str> {
        if self.merged.contains(&node) {
            return Some("counted with the product before it");
        }
        if self.loose_sites.iter().any(|(site, _)| *site == node) {
            return Some("rows by its rule");
        }
        let here = self.parts.iter().filter(|part| part.sites.iter().any(|(site, _)| *site == node));
        here.map(|part| part.kind).min_by_key(|kind| *kind == Kind::Broadcast).map(Kind::describe)
    }
}

impl Kind {
    fn describe(self) -> &'static str {
        match self {
            Kind::Dense { bias: true } => "dense, with its bias",
            Kind::Dense { bias: false } => "dense",
            Kind::DensePositions => "dense at positions",
            Kind::Convolution | Kind::TransposedConvolution => "dense at patches",
            Kind::Embedding => "dense on indicators",
            Kind::Broadcast => "broadcast",
        }
    }
}

/// Sites that parameters without a structured rule reach, with the inputs at which they arrive.
fn loose_sites(graph: &Graph, known: &HashSet<(usize, usize)>, merged: &HashSet<usize>) -> Vec<(usize, Vec<usize>)> {
    let sites = graph.nodes.iter().enumerate().filter(|(index, node)| graph.is_site(node) && !merged.contains(index));
    let at = |(index, node): (usize, &Node)| {
        let arrives =
            |position: &usize| graph.is_parameter_side(node.inputs[*position]) && !known.contains(&(index, *position));
        let positions: Vec<usize> = (0..node.inputs.len()).filter(arrives).collect();
        (!positions.is_empty()).then_some((index, positions))
    };
    sites.filter_map(at).collect()
}

/// The parts of one parameter in two graphs whose gradients have the same structure: entries in the same order, and the
/// same factors.
fn alike(graphs: [&Graph; 2], uses: [&[Use]; 2]) -> Option<[Part; 2]> {
    let [left, right] = [structured(graphs[0], uses[0])?, structured(graphs[1], uses[1])?];
    let moved =
        |uses: &[Use]| uses.iter().any(|found| found.path.iter().any(|step| matches!(step, Layout::Permute(_))));
    let is_dense = |part: &Part| matches!(part.kind, Kind::Dense { .. } | Kind::DensePositions);
    let matrix = |side: usize| {
        let shape = &graphs[side].values[uses[side][0].value].shape;
        shape[shape.len().saturating_sub(2)..].to_vec()
    };
    let same_path = uses[0].iter().chain(uses[1]).all(|found| found.path == uses[0][0].path);
    match (left.kind, right.kind) {
        // Matrices with axes of length one in front are the same.
        _ if is_dense(&left) && is_dense(&right) => {
            let same = same_path || (!moved(uses[0]) && !moved(uses[1]) && matrix(0) == matrix(1));
            let part = |part: Part| Part { kind: Kind::DensePositions, ..part };
            same.then(|| [part(left), part(right)])
        }
        (Kind::Broadcast, Kind::Broadcast) => {
            (same_path || (!moved(uses[0]) && !moved(uses[1]))).then_some([left, right])
        }
        (a, b) if a == b && same_path => Some([left, right]),
        _ => None,
    }
}

/// The part of a parameter whose uses all have one structured rule.
fn structured(graph: &Graph, uses: &[Use]) -> Option<Part> {
    let kinds: Option<Vec<Kind>> =
        uses.iter().map(|found| kind(graph, found.node, found.position, found.value)).collect();
    let sites = uses.iter().map(|found| (found.node, found.position)).collect();
    match kinds?.as_slice() {
        [kind] => Some(Part { kind: *kind, sites }),
        // A weight used several times, as in a recurrent layer: all uses are positions of one product, as long as they
        // see the same matrix.
        [Kind::Dense { .. } | Kind::DensePositions, rest @ ..]
            if rest.iter().all(|kind| matches!(kind, Kind::Dense { .. } | Kind::DensePositions))
                && uses.iter().all(|found| found.path == uses[0].path) =>
        {
            Some(Part { kind: Kind::DensePositions, sites })
        }
        _ => None,
    }
}

/// The structure of the gradient with respect to `value`, which `node` reads as input `position`.
pub(super) fn kind(graph: &Graph, node: usize, position: usize, value: ValueId) -> Option<Kind> {
    let node = &graph.nodes[node];
    let output = &graph.values[node.output];
    let Batch::Split { axis, .. } = output.batch else { return None };
    let shape = &graph.values[value].shape;
    let data = &graph.values[node.inputs[usize::from(position == 0 && node.inputs.len() > 1)]];
    let is_data = |value: ValueId| matches!(graph.values[value].batch, Batch::Split { .. });
    match &node.op {
        Op::Matmul(_) if position == 1 => {
            let rank = shape.len();
            let input = &graph.values[node.inputs[0]];
            let one_matrix = shape[..rank - 2].iter().all(|&length| length == 1);
            if !one_matrix || !is_data(node.inputs[0]) || axis + 1 == rank {
                return None;
            }
            let positions = input.shape[..rank - 1].iter().product::<usize>() / graph.examples;
            Some(if positions == 1 { Kind::Dense { bias: false } } else { Kind::DensePositions })
        }
        Op::Conv(conv) if position == 1 && axis == 0 && is_data(node.inputs[0]) => {
            Some(if is_transposed(conv) { Kind::TransposedConvolution } else { Kind::Convolution })
        }
        Op::Conv(_) if position == 2 && axis == 0 => Some(Kind::Broadcast),
        Op::Index(Index::Embedding)
            if position == 0 && matches!(data.batch, Batch::Split { axis: 0, outer: 1, .. }) =>
        {
            Some(Kind::Embedding)
        }
        // One axis holds the examples, and along it the parameter has length one.
        Op::Binary(op)
            if !matches!(op, Binary::Rem) && shape[axis] == 1 && (output.shape[axis] != 1 || graph.examples == 1) =>
        {
            Some(Kind::Broadcast)
        }
        Op::Taylor(Taylor::Shift)
            if position == 1 && shape[axis] == 1 && (output.shape[axis] != 1 || graph.examples == 1) =>
        {
            Some(Kind::Broadcast)
        }
        Op::Norm(Norm::Layer { .. }) if matches!(position, 1 | 2) && axis + 1 != output.shape.len() => {
            Some(Kind::Broadcast)
        }
        Op::Norm(Norm::Batch { .. }) if matches!(position, 1 | 2) && axis != 1 => Some(Kind::Broadcast),
        _ => None,
    }
}

pub(super) fn is_transposed(conv: &Conv) -> bool {
    matches!(conv, Conv::TransposedOne(_) | Conv::TransposedTwo(_) | Conv::TransposedThree(_))
}

/// Merges biases into dense layers: a bias added to the output of a dense layer has the sensitivities of the layer, so
/// one product counts both.
fn merge_biases(graph: &Graph, readers: &[Vec<(usize, usize)>], parts: &mut Vec<Part>) -> HashSet<usize> {
    let at: HashMap<usize, usize> = parts
        .iter()
        .enumerate()
        .filter(|(_, part)| part.sites.len() == 1)
        .map(|(i, part)| (part.sites[0].0, i))
        .collect();
    let size = |value: ValueId| graph.values[value].shape.iter().product::<usize>();
    let mut merged = HashSet::new();
    let mut gone = vec![];
    for dense in 0..parts.len() {
        if parts[dense].kind != (Kind::Dense { bias: false }) {
            continue;
        }
        let mut value = graph.nodes[parts[dense].sites[0].0].output;
        // A dense layer of one position has one row for each example.
        let columns = size(value) / graph.examples;
        let shift = loop {
            let &[(reader, _)] = readers[value].as_slice() else { break None };
            match (&graph.nodes[reader].op, at.get(&reader)) {
                (Op::Layout(Layout::Reshape(_)), _) => value = graph.nodes[reader].output,
                (Op::Binary(Binary::Add), Some(&part)) if parts[part].kind == Kind::Broadcast => {
                    break Some((reader, part));
                }
                _ => break None,
            }
        };
        if let Some((reader, part)) = shift {
            let (node, position) = parts[part].sites[0];
            let bias = graph.nodes[node].inputs[position];
            if size(bias) == columns && size(graph.nodes[reader].output) == graph.examples * columns {
                parts[dense].kind = Kind::Dense { bias: true };
                merged.insert(reader);
                gone.push(part);
            }
        }
    }
    let mut index = 0;
    parts.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
    merged
}
