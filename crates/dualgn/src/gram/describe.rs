//! What a traced network consists of, in words: for people who want to know why a route was taken.

use super::plan::Plan;
use crate::trace::{Batch, Graph, Inputs, Network, Operation};

/// One operation of a traced network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TracedOperation {
    /// What Burn recorded. An operation with parts ([`crate::Support::Parts`]) gives one line for each.
    pub recorded: Operation,
    /// The family of the rule that evaluates it, and differentiates it if it is `differentiated`.
    pub rule: &'static str,
    /// Where it stands: the paths of its parameters or of the nearest ones.
    pub place: String,
    /// Shape of its output.
    pub shape: Vec<usize>,
    /// How its output holds the examples of the batch.
    pub examples: Examples,
    /// Whether its output has a derivative by some trainable parameter.
    pub differentiated: bool,
    /// Whether a derivative by some trainable parameter ends here, since the operation is constant between its jumps.
    pub ends_derivative: bool,
    /// If trainable parameters meet data here: how this site contributes to the Gram matrix.
    pub gram: Option<&'static str>,
}

/// How a value holds the examples of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Examples {
    /// It is the same for all of them.
    Shared,
    /// Each part of it depends on one example alone.
    Apart,
    /// A part may depend on several examples.
    Mixed,
}

impl<M, I: Inputs> Network<M, I> {
    /// The operations of the network in the order of execution, for the shapes it was first traced with.
    pub fn operations(&self) -> Vec<TracedOperation> {
        let graph = self.first_graph();
        let plan = graph.mixing.is_none().then(|| Plan::new(graph));
        (0..graph.nodes.len()).map(|node| describe(graph, plan.as_ref(), node)).collect()
    }
}

fn describe(graph: &Graph, plan: Option<&Plan>, index: usize) -> TracedOperation {
    let node = &graph.nodes[index];
    let output = &graph.values[node.output];
    TracedOperation {
        recorded: *node.recorded,
        rule: node.op.family(),
        place: graph.place(index),
        shape: output.shape.clone(),
        examples: match output.batch {
            Batch::Shared => Examples::Shared,
            Batch::Split { .. } => Examples::Apart,
            Batch::Mixed => Examples::Mixed,
        },
        differentiated: output.active,
        ends_derivative: graph.ends_derivative(node),
        gram: plan.and_then(|plan| plan.describe(index)),
    }
}
