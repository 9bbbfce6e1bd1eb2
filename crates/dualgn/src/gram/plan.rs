//! Which rule applies at which site.

use std::collections::HashMap;

use crate::trace::{Batch, Binary, Graph, Layout, Op, ValueId};

/// How a site contributes to the Gram matrix.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Site {
    /// A dense layer, applied once to each example; `bias` if the bias added to its output is counted here too.
    Dense { bias: bool },
    /// A dense layer applied at several positions of each example.
    DensePositions,
    /// The addition of `value`, which is the same for all examples.
    Shift { value: ValueId },
    /// An addition that is counted with its dense layer.
    Merged,
    /// No structure is used: the per-example gradients are materialised.
    Loose,
}

/// The rule for each site of a graph.
pub(super) struct Plan {
    sites: HashMap<usize, Site>,
    /// Parameters (by position) whose per-example gradients are materialised.
    pub loose: Vec<usize>,
}

impl Plan {
    pub fn new(graph: &Graph) -> Self {
        let readers = readers(graph);
        let mut sites = HashMap::new();
        let mut loose = vec![];
        for (index, &parameter) in graph.parameters.iter().enumerate() {
            match structured(graph, &readers, parameter) {
                Some((node, site)) if !sites.contains_key(&node) => {
                    sites.insert(node, site);
                }
                _ => loose.push(index),
            }
        }
        merge_biases(graph, &readers, &mut sites);
        for (node, _) in graph.nodes.iter().enumerate().filter(|(_, node)| graph.is_site(node)) {
            sites.entry(node).or_insert(Site::Loose);
        }
        Self { sites, loose }
    }

    /// Floating-point operations of the Gram matrix of `k` rows an example, roughly: `k` backward passes without weight gradients, and an outer
    /// product of `mk` rows for each parameter, half of it by symmetry.
    pub fn flops(&self, graph: &Graph, outputs: usize) -> f64 {
        let rows = (graph.examples * outputs) as f64;
        let size = |value: ValueId| graph.values[value].shape.iter().product::<usize>() as f64;
        let widths: f64 = self
            .sites
            .iter()
            .map(|(&node, site)| match site {
                Site::Dense { .. } => *graph.values[graph.nodes[node].output].shape.last().unwrap_or(&1) as f64,
                Site::DensePositions => size(graph.nodes[node].inputs[1]),
                Site::Shift { value } => size(*value),
                Site::Merged | Site::Loose => 0.0,
            })
            .sum();
        let loose: f64 = self.loose.iter().map(|&index| size(graph.parameters[index])).sum();
        outputs as f64 * graph.forward_flops() + rows * rows * (widths + loose)
    }

    pub fn site(&self, node: usize) -> Option<&Site> {
        self.sites.get(&node)
    }
}

/// For each value, the nodes that read it and at which input.
fn readers(graph: &Graph) -> Vec<Vec<(usize, usize)>> {
    let mut readers = vec![vec![]; graph.values.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        for (position, &input) in node.inputs.iter().enumerate() {
            readers[input].push((index, position));
        }
    }
    readers
}

/// The one site of a parameter that is used once, if that site has a structured rule. On the way there the parameter may
/// be reshaped or permuted, which changes no inner product.
fn structured(graph: &Graph, readers: &[Vec<(usize, usize)>], parameter: ValueId) -> Option<(usize, Site)> {
    let mut value = parameter;
    loop {
        let &[(index, position)] = readers[value].as_slice() else { return None };
        let node = &graph.nodes[index];
        if !graph.is_site(node) {
            match node.op {
                Op::Layout(Layout::Reshape(_) | Layout::Permute(_)) => value = node.output,
                _ => return None,
            }
            continue;
        }
        let output = &graph.values[node.output];
        let Batch::Split { axis, .. } = output.batch else { return None };
        let shape = &graph.values[value].shape;
        let site = match &node.op {
            Op::Matmul(_) if position == 1 => {
                let rank = shape.len();
                let input = &graph.values[node.inputs[0]];
                let one_matrix = shape[..rank - 2].iter().all(|&length| length == 1);
                if !one_matrix || !matches!(input.batch, Batch::Split { .. }) || axis + 1 == rank {
                    return None;
                }
                let positions = input.shape[..rank - 1].iter().product::<usize>() / graph.examples;
                if positions == 1 { Site::Dense { bias: false } } else { Site::DensePositions }
            }
            // Sums over the leading axes keep a shift's gradient a plain sum; other broadcasts are left to the rows.
            Op::Binary(Binary::Add | Binary::Sub) if shape[..=axis].iter().all(|&length| length == 1) => {
                if output.shape[axis] == 1 && graph.examples > 1 {
                    return None;
                }
                Site::Shift { value }
            }
            _ => return None,
        };
        return Some((index, site));
    }
}

/// A bias added to the output of a dense layer has the layer's own sensitivities: count both with one product.
fn merge_biases(graph: &Graph, readers: &[Vec<(usize, usize)>], sites: &mut HashMap<usize, Site>) {
    let dense: Vec<usize> =
        sites.iter().filter(|(_, site)| **site == Site::Dense { bias: false }).map(|(&node, _)| node).collect();
    for node in dense {
        let mut value = graph.nodes[node].output;
        let columns = *graph.values[value].shape.last().expect("a product has columns");
        let shift = loop {
            let &[(reader, _)] = readers[value].as_slice() else { break None };
            match (&graph.nodes[reader].op, sites.get(&reader)) {
                (Op::Layout(Layout::Reshape(_)), _) => value = graph.nodes[reader].output,
                (Op::Binary(Binary::Add), Some(Site::Shift { value })) => break Some((reader, *value)),
                _ => break None,
            }
        };
        if let Some((reader, bias)) = shift
            && graph.values[bias].shape.iter().product::<usize>() == columns
            && graph.values[graph.nodes[reader].output].shape.iter().product::<usize>() == graph.examples * columns
        {
            sites.insert(node, Site::Dense { bias: true });
            sites.insert(reader, Site::Merged);
        }
    }
}
