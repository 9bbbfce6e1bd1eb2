//! Expansion of a graph: the nodes between the points of a jet and its value are repeated with the wanted derivatives.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use burn::tensor::{DType, Slice, TensorData};

use super::carry::carry;
use super::channels::Channels;
use super::mark::Request;
use crate::trace::{Batch, Binary, Fill, Layout, Node, Op, Operation, Source, Unary, Value, ValueId};

/// A jet, by the values of a graph.
pub(crate) struct Marked {
    /// The points; `None` if the output does not depend on them.
    pub points: Option<ValueId>,
    pub value: ValueId,
    pub directions: Vec<Vec<f64>>,
    /// The requested derivatives, by the value that stands for them.
    pub requests: HashMap<ValueId, Request>,
}

/// A node through which no derivative by points passes, and the reason.
pub(crate) struct Refused {
    pub node: usize,
    pub reason: &'static str,
}

/// A jet that is being propagated through the graph.
struct Travelling<'a> {
    marked: &'a Marked,
    channels: Arc<Channels>,
    /// The values that its value depends on.
    leads: HashSet<ValueId>,
    /// The jets of the values that depend on the points.
    stacks: HashMap<ValueId, ValueId>,
}

/// The expanded graph under construction.
pub(super) struct Expansion {
    nodes: Vec<Node>,
    values: Vec<Value>,
    recorded: &'static Operation,
}

/// Returns the nodes and values with all requests fulfilled, and the output among them. Values that are not outputs of
/// nodes keep their place; nodes that the output does not need are removed.
pub(crate) fn expand(
    nodes: Vec<Node>,
    values: Vec<Value>,
    output: ValueId,
    jets: &[Marked],
) -> Result<(Vec<Node>, Vec<Value>, ValueId), Refused> {
    let Some(first) = nodes.first() else { return Ok((nodes, values, output)) };
    let mut expansion = Expansion { nodes: vec![], values, recorded: first.recorded };
    let mut travelling: Vec<Travelling> = jets.iter().map(|marked| Travelling::new(marked, &nodes)).collect();
    // The values that replace the requests.
    let mut fulfilled: HashMap<ValueId, ValueId> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        expansion.recorded = node.recorded;
        let inputs: Vec<ValueId> =
            node.inputs.iter().map(|input| fulfilled.get(input).copied().unwrap_or(*input)).collect();
        let node = Node { inputs, ..node.clone() };
        let is_request = travelling.iter().any(|jet| jet.marked.requests.contains_key(&node.output));
        for jet in &travelling {
            if is_request && jet.leads.contains(&node.output) && jet.stacks.contains_key(&node.inputs[0]) {
                let reason = "it stands for a derivative inside the function of another jet; ask one jet for the higher derivative";
                return Err(Refused { node: index, reason });
            }
            if let Some(request) = jet.marked.requests.get(&node.output) {
                let reason = "the function of a jet does not depend on its points";
                let stack = *jet.stacks.get(&jet.marked.value).ok_or(Refused { node: index, reason })?;
                fulfilled.insert(node.output, expansion.fulfil(stack, &jet.channels, request));
            }
        }
        expansion.copy(&node);
        for jet in &mut travelling {
            if Some(node.output) == jet.marked.points {
                expansion.begin(jet, node.output);
            } else if jet.leads.contains(&node.output) && node.op.differentiable() {
                let stacks: Vec<Option<ValueId>> =
                    node.inputs.iter().map(|input| jet.stacks.get(input).copied()).collect();
                if stacks.iter().any(Option::is_some) {
                    let stack = carry(&mut expansion, &node, &stacks, &jet.channels)
                        .map_err(|reason| Refused { node: index, reason })?;
                    jet.stacks.insert(node.output, stack);
                }
            }
        }
    }
    let output = fulfilled.get(&output).copied().unwrap_or(output);
    Ok(expansion.without_waste(output))
}

impl<'a> Travelling<'a> {
    fn new(marked: &'a Marked, nodes: &[Node]) -> Self {
        let mut leads = HashSet::from([marked.value]);
        for node in nodes.iter().rev() {
            if leads.contains(&node.output) && Some(node.output) != marked.points {
                leads.extend(&node.inputs);
            }
        }
        let wanted = marked.requests.values().flat_map(|request| &request.channels);
        Self { marked, channels: Arc::new(Channels::new(wanted)), leads, stacks: HashMap::new() }
    }
}

impl Expansion {
    pub(super) fn shape(&self, value: ValueId) -> &[usize] {
        &self.values[value].shape
    }

    pub(super) fn dtype(&self, value: ValueId) -> DType {
        self.values[value].dtype
    }

    /// Copies a node of the original graph.
    fn copy(&mut self, node: &Node) {
        self.values[node.output].source = Source::Node(self.nodes.len());
        self.nodes.push(node.clone());
    }

    fn define(&mut self, shape: &[usize], dtype: DType, source: Source) -> ValueId {
        let value = Value { shape: shape.to_vec(), dtype, source, active: false, batch: Batch::Shared, uses: 0 };
        self.values.push(value);
        self.values.len() - 1
    }

    /// Appends a node and returns its output.
    pub(super) fn push(&mut self, op: Op, inputs: &[ValueId], shape: &[usize], dtype: DType) -> ValueId {
        let output = self.define(shape, dtype, Source::Node(self.nodes.len()));
        self.nodes.push(Node { recorded: self.recorded, op, inputs: inputs.to_vec(), output });
        output
    }

    /// Appends a node whose output has the float type of its first input.
    pub(super) fn push_like(&mut self, op: Op, inputs: &[ValueId], shape: &[usize]) -> ValueId {
        self.push(op, inputs, shape, self.dtype(inputs[0]))
    }

    pub(super) fn reshape(&mut self, value: ValueId, shape: &[usize]) -> ValueId {
        if self.shape(value) == shape {
            return value;
        }
        self.push_like(Op::Layout(Layout::Reshape(shape.to_vec())), &[value], shape)
    }

    pub(super) fn expand(&mut self, value: ValueId, shape: &[usize]) -> ValueId {
        if self.shape(value) == shape {
            return value;
        }
        self.push_like(Op::Layout(Layout::Expand(shape.to_vec())), &[value], shape)
    }

    /// Inserts a first axis of length one.
    pub(super) fn lift(&mut self, value: ValueId) -> ValueId {
        let shape = [&[1], self.shape(value)].concat();
        self.reshape(value, &shape)
    }

    /// A number as an array whose axes have length one.
    pub(super) fn number(&mut self, value: f64, rank: usize, dtype: DType) -> ValueId {
        let shape = vec![1; rank];
        self.push(Op::Fill(Fill { value, shape: shape.clone(), dtype }), &[], &shape, dtype)
    }

    pub(super) fn constant(&mut self, values: &[f64], shape: &[usize], dtype: DType) -> ValueId {
        let data = TensorData::new(values.to_vec(), shape.to_vec()).convert_dtype(dtype);
        self.define(shape, dtype, Source::Constant(data))
    }

    /// Channels `start..end` of a jet.
    pub(super) fn part(&mut self, stack: ValueId, start: usize, end: usize) -> ValueId {
        let shape = self.shape(stack).to_vec();
        if end - start == shape[0] {
            return stack;
        }
        let mut slices = vec![Slice::full(); shape.len()];
        slices[0] = Slice::from(start..end);
        self.push_like(Op::Layout(Layout::Slice(slices)), &[stack], &[&[end - start], &shape[1..]].concat())
    }

    pub(super) fn cat(&mut self, parts: &[ValueId], axis: usize) -> ValueId {
        if let [only] = parts {
            return *only;
        }
        let mut shape = self.shape(parts[0]).to_vec();
        shape[axis] = parts.iter().map(|&part| self.shape(part)[axis]).sum();
        self.push_like(Op::Layout(Layout::Cat { axis }), parts, &shape)
    }

    /// The jet of the points themselves: the derivative along a direction is the direction, and higher derivatives are
    /// zero.
    fn begin(&mut self, jet: &mut Travelling, points: ValueId) {
        let (shape, dtype) = (self.shape(points).to_vec(), self.dtype(points));
        let (m, axes) = (shape[0], shape[1]);
        let mut seeds = vec![];
        for index in 1..jet.channels.len() {
            match jet.channels.single(index).map(Vec::as_slice) {
                Some(&[direction]) => seeds.extend(&jet.marked.directions[direction]),
                _ => seeds.extend(std::iter::repeat_n(0.0, axes)),
            }
        }
        let value = self.lift(points);
        let count = jet.channels.len() - 1;
        let stack = if count == 0 {
            value
        } else {
            let seeds = self.constant(&seeds, &[count, 1, axes], dtype);
            let seeds = self.expand(seeds, &[count, m, axes]);
            self.cat(&[value, seeds], 0)
        };
        jet.stacks.insert(points, stack);
    }

    /// The derivatives of a request, from the jet of a function.
    fn fulfil(&mut self, stack: ValueId, channels: &Channels, request: &Request) -> ValueId {
        let each: Vec<Vec<(f64, usize)>> = request.channels.iter().map(|channel| channels.of(channel)).collect();
        let indices: Option<Vec<usize>> =
            each.iter().map(|sum| matches!(sum.as_slice(), [(1.0, _)]).then(|| sum[0].1)).collect();
        let run = indices.filter(|indices| indices.windows(2).all(|pair| pair[1] == pair[0] + 1));
        let parts = match run {
            Some(run) => self.part(stack, run[0], run[0] + run.len()),
            None => {
                let sums: Vec<ValueId> = each.iter().map(|sum| self.sum(stack, sum)).collect();
                self.cat(&sums, 0)
            }
        };
        // [derivatives, m, k] to [m, k, derivatives].
        let count = self.shape(parts)[0];
        let parts = match count {
            1 => parts,
            _ => {
                let [m, k] = [self.shape(parts)[1], self.shape(parts)[2]];
                self.push_like(Op::Layout(Layout::Permute(vec![1, 2, 0])), &[parts], &[m, k, count])
            }
        };
        self.reshape(parts, &request.shape)
    }

    /// A weighted sum of channels, `[1, ..]`.
    fn sum(&mut self, stack: ValueId, terms: &[(f64, usize)]) -> ValueId {
        let mut sum = None;
        for &(weight, index) in terms {
            let mut term = self.part(stack, index, index + 1);
            let shape = self.shape(term).to_vec();
            if weight != 1.0 {
                term = self.push_like(Op::Unary(Unary::MulScalar(weight)), &[term], &shape);
            }
            sum = Some(match sum {
                None => term,
                Some(sum) => self.push_like(Op::Binary(Binary::Add), &[sum, term], &shape),
            });
        }
        sum.expect("a channel has terms")
    }

    /// Removes the nodes that the output does not need.
    fn without_waste(self, output: ValueId) -> (Vec<Node>, Vec<Value>, ValueId) {
        let Self { nodes, values, .. } = self;
        let mut needed = HashSet::from([output]);
        for node in nodes.iter().rev() {
            if needed.contains(&node.output) {
                needed.extend(&node.inputs);
            }
        }
        let (mut kept, mut moved) = (vec![], vec![0; values.len()]);
        for (id, mut value) in values.into_iter().enumerate() {
            if needed.contains(&id) || !matches!(value.source, Source::Node(_) | Source::Constant(_)) {
                moved[id] = kept.len();
                value.uses = 0;
                kept.push(value);
            }
        }
        let mut remaining = vec![];
        for node in nodes.into_iter().filter(|node| needed.contains(&node.output)) {
            let inputs = node.inputs.iter().map(|&input| moved[input]).collect();
            let output = moved[node.output];
            kept[output].source = Source::Node(remaining.len());
            remaining.push(Node { inputs, output, ..node });
        }
        (remaining, kept, moved[output])
    }
}
