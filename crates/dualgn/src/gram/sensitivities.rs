//! [`Sensitivities`]: the cotangents that one backward pass of stacked cotangents leaves at the sites, and the
//! remaining steps from there.

use std::collections::{HashMap, HashSet};

use super::layout::{by_example, from_examples};
use super::widened;
use crate::kernels::combine;
use crate::linearize::{Flow, Linearization, ParamVector};
use crate::tensor::Array;
use crate::trace::{Graph, ValueId};

/// `∂f_{i,c} / ∂z` for some rows `c` of each example, at each requested site `z`.
#[derive(Debug)]
pub(crate) struct Sensitivities {
    /// Number of rows per example.
    pub count: usize,
    /// `[count, ..]`, shaped like the output of the site.
    pub by_node: HashMap<usize, Array>,
}

impl Sensitivities {
    /// Computes the sensitivities of cotangents of the output, `[count, ..]`.
    pub(crate) fn new(linearization: &Linearization, sites: &HashSet<usize>, cotangents: Array) -> Self {
        let graph = linearization.graph();
        let count = cotangents.shape()[0];
        let mut by_node = HashMap::new();
        let mut flow = Flow::new(graph.values.len());
        flow.add(graph.output, cotangents);
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            if sites.contains(&index)
                && let Some(sensitivity) = flow.get(node.output)
            {
                by_node.insert(index, sensitivity.clone());
            }
            let wanted = |value: ValueId| graph.values[value].active && !graph.is_parameter_side(value);
            linearization.pull_node(index, node, &mut flow, wanted);
        }
        Self { count, by_node }
    }

    /// Computes `Σ_ic x[i, c] ∇f_{i,c}` for weights `[m, count]` of the rows: the last steps of a backward pass, from
    /// the sites on. Needs the sensitivities at all sites.
    pub(crate) fn pull(&self, linearization: &Linearization, weights: Array) -> ParamVector {
        let graph = linearization.graph();
        let weights = weights.cast(graph.dtype).transpose();
        let mut flow = Flow::new(graph.values.len());
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            if let Some(sensitivity) = self.by_node.get(&index) {
                let value = &graph.values[node.output];
                let sensitivity = widened(sensitivity.clone(), linearization);
                let weights = weights.clone().cast(sensitivity.dtype());
                let sum = combine(by_example(sensitivity, &value.batch, graph.examples), weights).cast(value.dtype);
                flow.add(node.output, from_examples(sum, &value.shape, &value.batch, graph.examples).lift());
            }
            linearization.pull_node(index, node, &mut flow, |value| {
                graph.values[value].active && graph.is_parameter_side(value)
            });
        }
        linearization.gathered(flow)
    }

    /// Memory of one row per example, in bytes: at the sites, and at the two largest layers.
    pub(crate) fn bytes(graph: &Graph, sites: &HashSet<usize>) -> usize {
        let size = |node: usize| {
            let value = &graph.values[graph.nodes[node].output];
            value.shape.iter().product::<usize>() * value.dtype.size()
        };
        let largest = (0..graph.nodes.len()).map(size).max().unwrap_or(0);
        sites.iter().map(|&node| size(node)).sum::<usize>() + 2 * largest
    }
}
