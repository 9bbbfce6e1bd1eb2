//! [`Graph`]: a network's forward pass as data, with the queries of the later stages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use burn::module::ParamId;
use burn::tensor::{DType, TensorData};

use super::batch::{self, Batch};
use super::lower::Operation;
use super::op::{Conv, Layout, Op};

/// Position of a value in [`Graph::values`].
pub(crate) type ValueId = usize;

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// An input of the network, by its position.
    Input(usize),
    /// A tensor of the module: position in [`Graph::tensors`].
    Module(usize),
    /// A constant made by the forward pass itself.
    Constant(TensorData),
    /// An output of a node.
    Node(usize),
}

/// A tensor that flows through the network.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub shape: Vec<usize>,
    pub dtype: DType,
    pub source: Source,
    /// Whether the value depends on a trainable parameter, and therefore has a derivative.
    pub active: bool,
    /// The structure of the batch in the value.
    pub batch: Batch,
    /// Number of reads by nodes.
    pub uses: usize,
}

/// One operation at one place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The operation that Burn recorded; several nodes share it where one operation was replaced by several.
    pub recorded: &'static Operation,
    pub op: Op,
    pub inputs: Vec<ValueId>,
    pub output: ValueId,
}

/// A tensor of the module: a parameter, trainable or frozen, or a buffer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModuleTensor {
    pub id: ParamId,
    /// Path in the module, such as `encoder.weight`.
    pub path: String,
    pub shape: Vec<usize>,
    pub trainable: bool,
}

/// A traced forward pass. Nodes are in the order of execution; every value is defined before it is read.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub nodes: Vec<Node>,
    pub values: Vec<Value>,
    /// The tensors of the module that the output depends on.
    pub tensors: Vec<ModuleTensor>,
    /// The trainable ones among `tensors`, by their values: the blocks of the parameter vector `w`.
    pub parameters: Vec<ValueId>,
    /// The inputs, in the order in which the forward pass takes them.
    pub inputs: Vec<ValueId>,
    pub output: ValueId,
    /// Number of examples `m`.
    pub examples: usize,
    /// Outputs per example `k`: the flattened trailing axes.
    pub outputs: usize,
    pub dtype: DType,
    /// The first node at which examples mix, if any.
    pub mixing: Option<usize>,
    /// Times and iterations of earlier uses of the graph.
    pub history: History,
}

/// Measurements remembered for estimates, shared by the clones of a graph.
#[derive(Clone, Debug)]
pub(crate) struct History(Arc<(AtomicU64, AtomicUsize)>);

impl Default for History {
    fn default() -> Self {
        Self(Arc::new((AtomicU64::new(u64::MAX), AtomicUsize::new(0))))
    }
}

impl History {
    /// Records the time of a forward pass.
    pub(crate) fn note_forward(&self, time: Duration) {
        self.0.0.fetch_min(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The time of the fastest forward pass, in seconds.
    pub(crate) fn forward_seconds(&self) -> f64 {
        self.0.0.load(Ordering::Relaxed) as f64 * 1e-9
    }

    /// Records the number of iterations after which conjugate gradient reached its goal; `None` if it did not.
    pub(crate) fn note_iterations(&self, iterations: Option<usize>) {
        self.0.1.store(iterations.map_or(usize::MAX, |count| count.max(1)), Ordering::Relaxed);
    }

    /// The number of iterations of the last conjugate gradient, or `None` if it did not reach its goal; `otherwise` if
    /// it has not run.
    pub(crate) fn iterations(&self, otherwise: usize) -> Option<usize> {
        match self.0.1.load(Ordering::Relaxed) {
            0 => Some(otherwise),
            usize::MAX => None,
            iterations => Some(iterations),
        }
    }
}

impl Graph {
    /// The module tensor behind a parameter of the vector `w`.
    pub(crate) fn parameter(&self, index: usize) -> &ModuleTensor {
        self.module_tensor(self.parameters[index])
    }

    /// The module tensor of a value that comes from the module.
    pub(crate) fn module_tensor(&self, value: ValueId) -> &ModuleTensor {
        match &self.values[value].source {
            Source::Module(index) => &self.tensors[*index],
            _ => unreachable!("only values of the module are asked for their tensor"),
        }
    }

    /// The identities of the parameters in the vector `w`, in its order.
    pub(crate) fn parameter_ids(&self) -> Vec<ParamId> {
        (0..self.parameters.len()).map(|index| self.parameter(index).id).collect()
    }

    /// Number of trainable numbers `p`.
    pub(crate) fn parameter_count(&self) -> usize {
        self.parameters.iter().map(|&value| self.values[value].shape.iter().product::<usize>()).sum()
    }

    /// Whether a value is computed from parameters only: it is the same for all examples and has a derivative.
    pub(crate) fn is_parameter_side(&self, value: ValueId) -> bool {
        self.values[value].active && self.values[value].batch == Batch::Shared
    }

    /// Whether parameters meet data at a node: its output belongs to examples, and one of its inputs to parameters
    /// only.
    pub(crate) fn is_site(&self, node: &Node) -> bool {
        self.values[node.output].active
            && self.values[node.output].batch != Batch::Shared
            && node.inputs.iter().any(|&input| self.is_parameter_side(input))
    }

    /// The approximate number of floating-point operations of one forward pass: products count their multiplications
    /// and additions, and any other operation counts one per element.
    pub(crate) fn forward_flops(&self) -> f64 {
        self.nodes.iter().map(|node| self.flops(node)).sum()
    }

    /// The floating-point operations of one backward pass without the gradients with respect to parameters.
    pub(crate) fn backward_flops(&self) -> f64 {
        let passes =
            |node: &&Node| node.inputs.iter().any(|&input| self.values[input].active && !self.is_parameter_side(input));
        self.nodes.iter().filter(passes).map(|node| self.flops(node)).sum()
    }

    /// The floating-point operations of one product with `J` and one with `Jᵀ`.
    pub(crate) fn product_flops(&self) -> f64 {
        2.0 * (self.forward_flops() + self.backward_flops())
    }

    fn flops(&self, node: &Node) -> f64 {
        let elements = |value: ValueId| self.values[value].shape.iter().product::<usize>() as f64;
        match &node.op {
            Op::Matmul(_) => {
                2.0 * elements(node.output) * *self.values[node.inputs[0]].shape.last().unwrap_or(&1) as f64
            }
            // Each output sums over the kernel of its channel; transposed, each input is spread over it.
            Op::Conv(conv) => {
                let weight = &self.values[node.inputs[1]].shape;
                let transposed =
                    matches!(conv, Conv::TransposedOne(_) | Conv::TransposedTwo(_) | Conv::TransposedThree(_));
                let places = elements(if transposed { node.inputs[0] } else { node.output });
                2.0 * places * weight[1..].iter().product::<usize>() as f64
            }
            _ => elements(node.output),
        }
    }

    /// Describes the place of a node in words: its own parameters, or the nearest ones before and after it.
    pub(crate) fn place(&self, node: usize) -> String {
        place(&self.nodes, node, |value| self.tensor_path(value))
    }

    /// The path of the module tensor of a value, looking through reshapes; `None` if it comes from elsewhere.
    fn tensor_path(&self, value: ValueId) -> Option<&str> {
        match &self.values[value].source {
            Source::Module(index) => Some(&self.tensors[*index].path),
            Source::Node(node) => match &self.nodes[*node].op {
                Op::Layout(Layout::Reshape(_) | Layout::Permute(_)) => self.tensor_path(self.nodes[*node].inputs[0]),
                _ => None,
            },
            _ => None,
        }
    }

    /// For each input of a node, whether it has a derivative.
    pub(crate) fn active_inputs(&self, node: &Node) -> Vec<bool> {
        node.inputs.iter().map(|&input| self.values[input].active).collect()
    }

    /// Whether a derivative ends at a node, because the operation is piecewise constant.
    pub(crate) fn ends_derivative(&self, node: &Node) -> bool {
        !self.values[node.output].active && node.inputs.iter().any(|&input| self.values[input].active)
    }

    /// Fills `active`, `batch`, `uses` and `mixing` from the nodes.
    pub(crate) fn analyse(&mut self) {
        let examples = self.examples;
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let active = node.op.differentiable() && node.inputs.iter().any(|&value| self.values[value].active);
            let inputs: Vec<(&Batch, &[usize])> = node
                .inputs
                .iter()
                .map(|&value| (&self.values[value].batch, self.values[value].shape.as_slice()))
                .collect();
            let batch = batch::propagate(&node.op, &inputs, &self.values[node.output].shape, examples);
            for &value in &node.inputs.clone() {
                self.values[value].uses += 1;
            }
            let mixes = batch == Batch::Mixed
                && !self.nodes[index].inputs.iter().any(|&v| self.values[v].batch == Batch::Mixed);
            if mixes && self.mixing.is_none() {
                self.mixing = Some(index);
            }
            let output = self.nodes[index].output;
            self.values[output].active = active;
            self.values[output].batch = batch;
        }
    }

    /// Checks the invariants that later stages rely on; debug builds call it after each trace.
    ///
    /// # Panics
    /// Panics if an invariant is violated, which is a defect of this crate.
    #[cfg(debug_assertions)]
    pub(crate) fn verify(&self) {
        let mut defined = vec![false; self.values.len()];
        for (id, value) in self.values.iter().enumerate() {
            match value.source {
                Source::Node(node) => {
                    assert_eq!(self.nodes[node].output, id, "value {id} names a node that makes another")
                }
                _ => defined[id] = true,
            }
        }
        for (index, node) in self.nodes.iter().enumerate() {
            for &input in &node.inputs {
                assert!(defined[input], "node {index} ({}) reads value {input} before it is made", node.recorded.name);
            }
            assert!(!defined[node.output], "value {} is made twice, again by node {index}", node.output);
            defined[node.output] = true;
            self.verify_shapes(index, node);
        }
        assert!(defined[self.output], "the output is never made");
        for &parameter in &self.parameters {
            assert!(self.values[parameter].active && self.module_tensor(parameter).trainable);
        }
    }

    #[cfg(debug_assertions)]
    fn verify_shapes(&self, index: usize, node: &Node) {
        let shape = |value: ValueId| self.values[value].shape.as_slice();
        let output = shape(node.output);
        let name = node.recorded.name;
        match &node.op {
            Op::Unary(_) | Op::Softmax(_) | Op::Norm(_) | Op::Cast(_) | Op::Cumulate(_) => {
                assert_eq!(shape(node.inputs[0]), output, "node {index} ({name}) changes the shape");
            }
            Op::Binary(_) | Op::Mask(_) => {
                for &input in &node.inputs {
                    let fits = shape(input).len() == output.len()
                        && shape(input).iter().zip(output).all(|(&a, &b)| a == b || a == 1);
                    assert!(fits, "node {index} ({name}) cannot broadcast {:?} to {output:?}", shape(input));
                }
            }
            Op::Layout(Layout::Reshape(target)) => {
                assert_eq!(target.as_slice(), output);
                let elements = |shape: &[usize]| shape.iter().product::<usize>();
                assert_eq!(elements(shape(node.inputs[0])), elements(output), "node {index} ({name}) loses elements");
            }
            Op::Matmul(_) => {
                let (a, b) = (shape(node.inputs[0]), shape(node.inputs[1]));
                assert_eq!(a[a.len() - 1], b[b.len() - 2], "node {index} ({name}) has inner sizes that differ");
            }
            _ => {}
        }
    }
}

/// Describes a place among operations in words, given the parameter path of a value.
pub(crate) fn place<'a>(nodes: &[Node], node: usize, path: impl Fn(ValueId) -> Option<&'a str>) -> String {
    let parameters = |index: usize| {
        let paths: Vec<&str> = nodes[index].inputs.iter().filter_map(|&value| path(value)).collect();
        (!paths.is_empty()).then(|| paths.join("`, `"))
    };
    if let Some(own) = nodes.get(node).and_then(|_| parameters(node)) {
        return format!("at `{own}`");
    }
    let before = (0..node.min(nodes.len())).rev().find_map(parameters);
    let after = (node + 1..nodes.len()).find_map(parameters);
    match (before, after) {
        (Some(before), Some(after)) => format!("between `{before}` and `{after}`"),
        (Some(before), None) => format!("after `{before}`"),
        (None, Some(after)) => format!("before `{after}`"),
        (None, None) => "in a part without parameters".into(),
    }
}
