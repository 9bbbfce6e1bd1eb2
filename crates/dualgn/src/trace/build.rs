//! From recorded operations to a [`Graph`].

use std::collections::{BTreeMap, HashMap, HashSet};

use burn::backend::ir::{OperationIr, TensorId, TensorIr};
use burn::module::ParamId;
use burn::tensor::{DType, TensorData};

use super::batch::Batch;
use super::graph::{Graph, History, ModuleTensor, Node, Source, Value, ValueId, place};
use super::jet::{Marked, Marks, Refused, Request, expand};
use super::lower::{Lowered, Operation, Step, Support, define, lower};
use super::op::{Discrete, Norm, Op};
use super::record::Types;
use crate::error::TraceError;

/// Options of tracing beyond the evaluation mode of a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Choices {
    /// Batch normalisation uses the statistics of the batch.
    pub batch_statistics: bool,
    /// The forward pass may draw random numbers.
    pub random: bool,
}

/// A recorded forward pass.
pub(super) struct Recorded<'a> {
    pub operations: &'a [OperationIr],
    /// Values of the tensors that were made from data, parameters included.
    pub data: BTreeMap<TensorId, TensorData>,
    /// Identities and paths of the module's tensors.
    pub module: HashMap<TensorId, (ParamId, String)>,
    pub trainable: &'a [ParamId],
    pub choices: Choices,
    /// Paths of the training flags that keep batch normalisation at its running statistics.
    pub disabled: &'a [String],
    /// Tensors at which derivatives stop by request.
    pub stopped: HashSet<TensorId>,
    /// Functions whose derivatives by their points are requested, and the tensors that stand for these.
    pub marks: Marks,
    pub types: Types,
}

/// Builds the graph of the operations that the output needs.
pub(super) fn build(
    recorded: Recorded<'_>,
    inputs: &[TensorId],
    output: TensorId,
    examples: usize,
) -> Result<Graph, TraceError> {
    let requests = vec![HashMap::new(); recorded.marks.jets.len()];
    let (nodes, values, tensors) = (vec![], vec![], vec![]);
    let builder = Builder { recorded, nodes, values, by_id: HashMap::new(), tensors, requests };
    builder.build(inputs, output, examples)
}

struct Builder<'a> {
    recorded: Recorded<'a>,
    nodes: Vec<Node>,
    values: Vec<Value>,
    by_id: HashMap<TensorId, ValueId>,
    tensors: Vec<ModuleTensor>,
    /// For each jet, the values that stand for its derivatives.
    requests: Vec<HashMap<ValueId, Request>>,
}

/// An operation that is being lowered: Burn's record of it, and its position among the recorded operations.
#[derive(Clone, Copy)]
struct Origin {
    recorded: &'static Operation,
    position: usize,
}

impl<'a> Builder<'a> {
    fn build(mut self, inputs: &[TensorId], output: TensorId, examples: usize) -> Result<Graph, TraceError> {
        let operations = self.recorded.operations;
        let made = |id: &TensorId| operations.iter().flat_map(OperationIr::outputs).find(|tensor| tensor.id == *id);
        let mut values = vec![];
        for (position, id) in inputs.iter().enumerate() {
            let tensor = made(id).expect("inputs are made on the recording device");
            let value = self.define(*id, tensor.shape.to_vec(), tensor.dtype, Source::Input(position));
            self.values[value].batch = Batch::Split { axis: 0, outer: 1, inner: 1 };
            values.push(value);
        }
        self.lower(operations, [output], None)?;
        let output = self.read(output)?.ok_or(TraceError::NoParameters)?;
        self.finish(values, output, examples)
    }

    /// Creates nodes for the operations that the wanted tensors depend on.
    fn lower(
        &mut self,
        operations: &[OperationIr],
        wanted: impl IntoIterator<Item = TensorId>,
        part_of: Option<Origin>,
    ) -> Result<(), TraceError> {
        let wanted = needed(operations, wanted);
        for (position, operation) in operations.iter().enumerate() {
            let unknown = |tensor: &TensorIr| wanted.contains(&tensor.id) && !self.by_id.contains_key(&tensor.id);
            if matches!(operation, OperationIr::Init(_)) || !operation.outputs().any(unknown) {
                continue;
            }
            let (recorded, lowered) = lower(operation);
            let origin = part_of.unwrap_or(Origin { recorded, position });
            match lowered {
                Lowered::Step(step) => self.push(*step, origin)?,
                Lowered::Parts => self.expand(operation, &wanted, origin)?,
                Lowered::Refused => return Err(self.unsupported(origin)),
            }
        }
        Ok(())
    }

    fn push(&mut self, step: Step, origin: Origin) -> Result<(), TraceError> {
        if matches!(step.op, Op::Random(_)) && !self.recorded.choices.random {
            return Err(self.unsupported(origin));
        }
        let stops = self.recorded.stopped.contains(&step.output.id);
        let op = if stops { Op::Discrete(Discrete::Stop) } else { step.op };
        let (op, tensors) = self.with_batch_statistics(op, step.inputs);
        let mut inputs = vec![];
        for id in tensors {
            // An unknown tensor is a further output of an operation whose rule covers the first output only.
            inputs.push(self.read(id)?.ok_or_else(|| self.unsupported(origin))?);
        }
        let made = step.output;
        let output = self.define(made.id, made.shape.to_vec(), made.dtype, Source::Node(self.nodes.len()));
        self.nodes.push(Node { recorded: origin.recorded, op, inputs, output });
        if let Some((jet, request)) = self.recorded.marks.requests.remove(&made.id) {
            self.requests[jet].insert(output, request);
        }
        Ok(())
    }

    /// Replaces an operation by its definition.
    fn expand(
        &mut self,
        operation: &OperationIr,
        wanted: &HashSet<TensorId>,
        origin: Origin,
    ) -> Result<(), TraceError> {
        let definition = define(operation, self.recorded.types).ok_or_else(|| self.unsupported(origin))?;
        for (stand_in, input) in definition.inputs {
            let value = self.read(input)?.ok_or_else(|| self.unsupported(origin))?;
            self.by_id.insert(stand_in, value);
        }
        self.recorded.data.extend(definition.data);
        let outputs: Vec<_> = definition.outputs.into_iter().filter(|(_, output)| wanted.contains(output)).collect();
        self.lower(&definition.operations, outputs.iter().map(|(made, _)| *made), Some(origin))?;
        for (made, output) in outputs {
            let value = self.read(made)?.ok_or_else(|| self.unsupported(origin))?;
            self.by_id.insert(output, value);
        }
        Ok(())
    }

    /// Replaces a batch norm by its running statistics by one by the statistics of the batch, if that option is set,
    /// unless it is frozen.
    fn with_batch_statistics(&self, op: Op, mut inputs: Vec<TensorId>) -> (Op, Vec<TensorId>) {
        let Op::Norm(Norm::Batch { epsilon }) = op else { return (op, inputs) };
        let Some((_, path)) = inputs.get(3).and_then(|mean| self.recorded.module.get(mean)) else {
            return (op, inputs);
        };
        let flag = path.rsplit_once('.').map_or("training".into(), |(layer, _)| format!("{layer}.training"));
        if !self.recorded.choices.batch_statistics || self.recorded.disabled.contains(&flag) {
            return (op, inputs);
        }
        inputs.truncate(3);
        (Op::Norm(Norm::BatchStatistics { epsilon }), inputs)
    }

    fn unsupported(&self, origin: Origin) -> TraceError {
        let Origin { recorded, position } = origin;
        let reason = match recorded.support {
            Support::Refused(reason) => reason,
            _ => "this form of it has no derivative rule; express it by other tensor operations",
        };
        TraceError::Unsupported {
            operation: recorded.name.into(),
            reason,
            place: self.place(position),
            shapes: self.recorded.operations[position].inputs().map(|tensor| tensor.shape.to_vec()).collect(),
            index: position + 1,
            count: self.recorded.operations.len(),
        }
    }

    /// Replaces the values that stand for derivatives by these; the output is then another value.
    fn fill_in_derivatives(&mut self, output: ValueId) -> Result<ValueId, TraceError> {
        let marks = self.recorded.marks.jets.iter().zip(std::mem::take(&mut self.requests));
        let jets: Vec<Marked> = marks
            .filter(|(_, requests)| !requests.is_empty())
            .filter_map(|(mark, requests)| {
                let (points, value) = (self.by_id.get(&mark.points).copied(), *self.by_id.get(&mark.value)?);
                Some(Marked { points, value, directions: mark.directions.clone(), requests })
            })
            .collect();
        if jets.is_empty() {
            return Ok(output);
        }
        let expanded = expand(self.nodes.clone(), self.values.clone(), output, &jets);
        let (nodes, values, output) = expanded.map_err(|Refused { node, reason }| {
            let path = |value: ValueId| match &self.values[value].source {
                Source::Module(index) => Some(self.tensors[*index].path.as_str()),
                _ => None,
            };
            TraceError::Unsupported {
                operation: self.nodes[node].recorded.name.into(),
                reason,
                place: place(&self.nodes, node, path),
                shapes: self.nodes[node].inputs.iter().map(|&input| self.values[input].shape.clone()).collect(),
                index: node + 1,
                count: self.nodes.len(),
            }
        })?;
        (self.nodes, self.values) = (nodes, values);
        Ok(output)
    }

    fn finish(mut self, mut inputs: Vec<ValueId>, output: ValueId, examples: usize) -> Result<Graph, TraceError> {
        let output = self.fill_in_derivatives(output)?;
        for (id, value) in self.values.iter().enumerate() {
            if let Source::Input(position) = value.source {
                inputs[position] = id;
            }
        }
        let Value { shape, dtype: output_type, .. } = &self.values[output];
        let (shape, output_type) = (shape.clone(), *output_type);
        if !matches!(output_type, DType::F32 | DType::F64) {
            return Err(TraceError::OutputType { dtype: format!("{output_type:?}") });
        }
        let elements: usize = shape.iter().product();
        let mismatch = || TraceError::OutputShape { examples, output: shape.clone() };
        if shape.first() != Some(&examples) || elements == 0 {
            return Err(mismatch());
        }
        let parameters = (0..self.values.len()).filter(|&value| self.values[value].active).collect();
        let mut graph = Graph {
            nodes: self.nodes,
            values: self.values,
            tensors: self.tensors,
            parameters,
            inputs,
            output,
            examples,
            outputs: elements / examples,
            dtype: self.recorded.types.float,
            mixing: None,
            history: History::default(),
        };
        graph.analyse();
        if !graph.values[graph.output].active {
            return Err(match graph.nodes.iter().position(|node| graph.ends_derivative(node)) {
                Some(node) => TraceError::NoDerivative {
                    operation: graph.nodes[node].recorded.name.into(),
                    place: graph.place(node),
                },
                None => TraceError::NoParameters,
            });
        }
        match graph.values[graph.output].batch {
            Batch::Shared => return Err(TraceError::IgnoresInput),
            Batch::Split { axis: 0, outer: 1, .. } | Batch::Mixed => {}
            // The axis has the length of the batch by chance, while the examples are on another axis.
            Batch::Split { .. } => return Err(mismatch()),
        }
        #[cfg(debug_assertions)]
        graph.verify();
        Ok(graph)
    }

    fn define(&mut self, id: TensorId, shape: Vec<usize>, dtype: DType, source: Source) -> ValueId {
        let value = Value { shape, dtype, source, active: false, batch: Batch::Shared, uses: 0 };
        self.values.push(value);
        self.by_id.insert(id, self.values.len() - 1);
        self.values.len() - 1
    }

    /// The value of a tensor: one already known, a tensor of the module, or a constant of the forward pass.
    fn read(&mut self, id: TensorId) -> Result<Option<ValueId>, TraceError> {
        if let Some(&value) = self.by_id.get(&id) {
            return Ok(Some(value));
        }
        let Some(data) = self.recorded.data.remove(&id) else { return Ok(None) };
        let (shape, dtype) = (data.shape().to_vec(), data.dtype());
        let Some((param, path)) = self.recorded.module.get(&id).cloned() else {
            return Ok(Some(self.define(id, shape, dtype, Source::Constant(data))));
        };
        // A clone of a field keeps the parameter's identity, by which values and gradients are found later.
        if let Some(other) = self.tensors.iter().find(|tensor| tensor.id == param) {
            return Err(TraceError::CopiedParameter { first: other.path.clone(), second: path });
        }
        let trainable = self.recorded.trainable.contains(&param);
        let index = self.tensors.len();
        self.tensors.push(ModuleTensor { id: param, path, shape: shape.clone(), trainable });
        let value = self.define(id, shape, dtype, Source::Module(index));
        self.values[value].active = trainable;
        Ok(Some(value))
    }

    fn place(&self, position: usize) -> String {
        let nodes = &self.nodes;
        let path = |id: &TensorId| self.recorded.module.get(id).map(|(_, path)| path.as_str());
        if let Some(own) = self.recorded.operations[position].inputs().find_map(|tensor| path(&tensor.id)) {
            return format!("at `{own}`");
        }
        let after = self.recorded.operations[position + 1..]
            .iter()
            .flat_map(OperationIr::inputs)
            .find_map(|tensor| path(&tensor.id));
        let before = place(nodes, nodes.len(), |value| match &self.values[value].source {
            Source::Module(index) => Some(self.tensors[*index].path.as_str()),
            _ => None,
        });
        match after {
            Some(after) if before.starts_with("after") => {
                format!("between {} and `{after}`", &before["after ".len()..])
            }
            Some(after) => format!("before `{after}`"),
            None => before,
        }
    }
}

/// All tensors that the wanted ones depend on, themselves included.
fn needed(operations: &[OperationIr], wanted: impl IntoIterator<Item = TensorId>) -> HashSet<TensorId> {
    let mut wanted: HashSet<TensorId> = wanted.into_iter().collect();
    for operation in operations.iter().rev() {
        if operation.outputs().any(|tensor| wanted.contains(&tensor.id)) {
            wanted.extend(operation.inputs().map(|tensor| tensor.id));
        }
    }
    wanted
}
