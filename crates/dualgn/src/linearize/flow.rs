//! [`Flow`]: tangents and cotangents on their way through a linearised network, node by node.

use super::rules::rule;
use super::{Linearization, ParamVector, Saved};
use crate::error::LinearizeError;
use crate::kernels::on_workers;
use crate::tensor::Array;
use crate::trace::{Node, ValueId};

/// Tangents or cotangents on their way through the network, by value. Contributions to the same value are summed.
pub(crate) struct Flow(Vec<Option<Array>>);

impl Flow {
    pub(crate) fn new(values: usize) -> Self {
        Self(vec![None; values])
    }

    pub(crate) fn add(&mut self, value: ValueId, vector: Array) {
        let slot = &mut self.0[value];
        *slot = Some(match slot.take() {
            Some(sum) => sum.add(vector),
            None => vector,
        });
    }

    pub(crate) fn take(&mut self, value: ValueId) -> Option<Array> {
        self.0[value].take()
    }

    pub(crate) fn get(&self, value: ValueId) -> Option<&Array> {
        self.0[value].as_ref()
    }
}

impl Linearization {
    /// Pushes the tangents `[c, ..]` of the parameters forward to the output, `[c, ..]`.
    pub(crate) fn push(&self, tangents: Vec<Array>) -> Array {
        match &self.saved {
            Saved::Pass(_) => {}
            Saved::Parts(parts) => return parts.push(tangents),
            Saved::Blocks(stack) => return stack.push(&tangents),
        }
        let mut flow = Flow::new(self.graph.values.len());
        for (&parameter, tangent) in self.graph.parameters.iter().zip(tangents) {
            flow.add(parameter, tangent);
        }
        self.push_flow(flow, |_| None)
    }

    /// Pushes the given tangents forward to the output; `more(node)` is added to the tangent of a node's output.
    pub(crate) fn push_flow(&self, mut flow: Flow, mut more: impl FnMut(usize) -> Option<Array>) -> Array {
        let graph = &*self.graph;
        let mut unread: Vec<usize> = graph.values.iter().map(|value| value.uses).collect();
        for (index, node) in graph.nodes.iter().enumerate() {
            if graph.values[node.output].active {
                let tangents: Vec<Option<Array>> = node.inputs.iter().map(|&input| flow.0[input].clone()).collect();
                if tangents.iter().any(Option::is_some) {
                    let rule = rule(&node.op).expect("active nodes have a rule");
                    flow.add(node.output, rule.jvp(self.kept(index), &tangents));
                }
                if let Some(tangent) = more(index) {
                    flow.add(node.output, tangent);
                }
            }
            for &input in &node.inputs {
                unread[input] -= 1;
                if unread[input] == 0 && input != graph.output {
                    flow.0[input] = None;
                }
            }
        }
        flow.take(graph.output).expect("the output is active")
    }

    /// Pulls cotangents `[c, m, k]` of the output back to the parameters, `[c, ..]` each.
    pub(super) fn pull(&self, cotangents: Array) -> Result<Vec<Array>, LinearizeError> {
        let cotangents = self.check_cotangents(cotangents)?;
        Ok(on_workers(&self.device(), || self.pull_checked(cotangents)))
    }

    /// Pulls cotangents that are shaped like the network's output back to the parameters.
    pub(crate) fn pull_checked(&self, cotangents: Array) -> Vec<Array> {
        let graph = &*self.graph;
        let count = cotangents.shape()[0];
        let mut flow = Flow::new(graph.values.len());
        match &self.saved {
            Saved::Pass(_) => {}
            Saved::Parts(parts) => return parts.pull(cotangents),
            Saved::Blocks(stack) => {
                stack.pull(&cotangents, &mut flow);
                return self.at_parameters(flow, count);
            }
        }
        flow.add(graph.output, cotangents);
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            self.pull_node(index, node, &mut flow, |value| graph.values[value].active);
        }
        self.at_parameters(flow, count)
    }

    /// The cotangents that have arrived at the parameters, `[c, ..]` each.
    fn at_parameters(&self, mut flow: Flow, count: usize) -> Vec<Array> {
        let block = |&parameter: &ValueId| {
            let zeros = || {
                let shape = [&[count], self.graph.values[parameter].shape.as_slice()].concat();
                Array::zeros(&shape, self.graph.dtype, &self.device())
            };
            flow.take(parameter).unwrap_or_else(zeros)
        };
        self.graph.parameters.iter().map(block).collect()
    }

    /// The vector that has arrived at the parameters from a single cotangent.
    pub(crate) fn gathered(&self, flow: Flow) -> ParamVector {
        let shapes = self.graph.parameters.iter().map(|&value| &self.graph.values[value].shape);
        let blocks = self.at_parameters(flow, 1).into_iter().zip(shapes).map(|(block, shape)| block.reshape(shape));
        ParamVector::new(self.graph.clone(), blocks.collect())
    }

    fn check_cotangents(&self, cotangents: Array) -> Result<Array, LinearizeError> {
        let graph = &*self.graph;
        let found = cotangents.shape();
        let expected = vec![found[0], graph.examples, graph.outputs];
        if found != expected {
            return Err(LinearizeError::Shape { what: "the cotangent", expected, found });
        }
        Ok(cotangents.reshape(&[&[found[0]], graph.values[graph.output].shape.as_slice()].concat()))
    }

    /// Pulls the cotangent of one node's output back to those of its inputs for which `wanted` holds.
    pub(crate) fn pull_node(&self, index: usize, node: &Node, flow: &mut Flow, wanted: impl Fn(ValueId) -> bool) {
        if !self.graph.values[node.output].active {
            return;
        }
        let wanted: Vec<bool> = node.inputs.iter().map(|&input| wanted(input)).collect();
        let Some(cotangent) = flow.take(node.output) else { return };
        if !wanted.contains(&true) {
            return;
        }
        let rule = rule(&node.op).expect("active nodes have a rule");
        let cotangents = rule.vjp(self.kept(index), cotangent, &wanted);
        for (&input, cotangent) in node.inputs.iter().zip(cotangents) {
            if let Some(cotangent) = cotangent {
                flow.add(input, cotangent);
            }
        }
    }
}
