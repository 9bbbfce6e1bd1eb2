//! A readable description of a traced network, for example to explain the choice of a route.

use super::plan::Plan;
use crate::trace::{Batch, Graph, Inputs, Network, Operation};

/// One operation of a traced network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TracedOperation {
    /// The operation that Burn recorded. An operation that is expressed by others
    /// ([`Support::Parts`](crate::inspect::Support::Parts)) has one entry for each of them.
    pub recorded: Operation,
    /// The family of the rule that evaluates it and, if a derivative passes, differentiates it.
    pub rule: &'static str,
    /// Place in the module: the paths of its parameters or of the nearest ones.
    pub place: String,
    /// Shape of the output.
    pub shape: Vec<usize>,
    /// Structure of the batch in the output.
    pub examples: Examples,
    /// The derivative of the output with respect to the trainable parameters.
    pub derivative: Derivative,
    /// The way in which this site contributes to the Gram matrix, if trainable parameters meet data here.
    pub gram: Option<&'static str>,
}

/// The derivative of a value with respect to the trainable parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivative {
    /// There is one.
    Passes,
    /// It is zero, because the operation is piecewise constant: a derivative of an input ends here.
    Ends,
    /// There is none, because no input has one.
    Absent,
}

/// The structure of the batch in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Examples {
    /// The value is the same for all examples.
    Shared,
    /// Each entry depends on one example only.
    Apart,
    /// An entry may depend on several examples.
    Mixed,
}

impl<M, I: Inputs> Network<M, I> {
    /// Lists the operations of the network in the order of execution, for the shapes it was first traced with.
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
        derivative: match (output.active, graph.ends_derivative(node)) {
            (true, _) => Derivative::Passes,
            (false, true) => Derivative::Ends,
            (false, false) => Derivative::Absent,
        },
        gram: plan.and_then(|plan| plan.describe(index)),
    }
}
