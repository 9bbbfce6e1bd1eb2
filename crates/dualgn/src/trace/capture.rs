//! Records a Burn module's forward pass and builds the [`Graph`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::backend::DispatchTensor;
use burn::backend::ir::{OperationIr, TensorId, TensorIr};
use burn::module::{Flag, Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, DType, Int, Tensor, TensorData};

use super::batch::Batch;
use super::graph::{Graph, ModuleTensor, Node, Source, Value, ValueId, place};
use super::inputs::Inputs;
use super::lower::{Lowered, Operation, Step, Support, define, line, lower};
use super::op::{Norm, Op};
use super::record;
use crate::error::TraceError;

/// What tracing allows beyond the evaluation mode of a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Choices {
    /// Batch normalisation uses the statistics of the batch.
    pub batch_statistics: bool,
    /// The forward pass may draw random numbers.
    pub random: bool,
}

/// Records `forward` on inputs of these shapes.
pub(super) fn capture<M: Module, I: Inputs>(
    model: &M,
    forward: &dyn Fn(&M, I) -> DispatchTensor,
    shapes: &I::Shapes,
    choices: Choices,
) -> Result<Graph, TraceError> {
    let examples = batch_size(&I::list(shapes))?;
    let trainable = trainable(model);
    // The evaluation mode: dropout is off, normalisation uses its running statistics. It also gives running statistics
    // of their own to the copy, which would otherwise be moved to the recording device under the caller's model.
    let valid = model.valid();
    let dtype = float_type(&valid, &trainable)?;
    let device = record::device(dtype);

    let mut tensors = ModuleTensors::default();
    let mut boundary = None;
    let recorded = catch_unwind(AssertUnwindSafe(|| {
        device.capture_scope(|scope| {
            record::configure(&device, dtype);
            let model = valid.to_device(&device);
            model.visit(&mut tensors);
            boundary = run(&model, forward, I::blank(shapes, dtype, &device));
            scope.complete([], boundary.iter().map(|(_, output)| *output))
        })
    }));
    let captured = match recorded {
        Ok(Ok(captured)) => captured,
        Ok(Err(error)) => return Err(TraceError::Capture { message: error.to_string() }),
        Err(panic) => return Err(classify_panic(&*panic, &I::list(shapes))),
    };
    let Some((inputs, output)) = boundary else {
        return Err(TraceError::Capture { message: "the output is not a tensor of the traced computation".into() });
    };
    let frozen_statistics = if choices.batch_statistics { disabled_flags(model) } else { vec![] };
    let builder = Builder {
        operations: &captured.graph.operations,
        data: captured.values,
        module: tensors.found,
        trainable: &trainable,
        choices,
        frozen_statistics,
        dtype,
        nodes: vec![],
        values: vec![],
        by_id: HashMap::new(),
        tensors: vec![],
    };
    builder.build(&inputs, output, examples)
}

/// The identities of the inputs and of the output.
fn run<M, I: Inputs>(
    model: &M,
    forward: &dyn Fn(&M, I) -> DispatchTensor,
    inputs: I,
) -> Option<(Vec<TensorId>, TensorId)> {
    let ids: Option<Vec<TensorId>> = inputs.clone().tensors().into_iter().map(record::tensor_id).collect();
    Some((ids?, record::tensor_id(forward(model, inputs))?))
}

/// The number of examples `m`, which all inputs share.
fn batch_size(shapes: &[Vec<usize>]) -> Result<usize, TraceError> {
    let first = shapes[0].first().copied().unwrap_or(0);
    if let Some(shape) = shapes.iter().find(|shape| shape.is_empty() || shape.contains(&0)) {
        return Err(TraceError::EmptyInput { shape: shape.clone() });
    }
    match shapes.iter().find(|shape| shape[0] != first) {
        Some(shape) => Err(TraceError::InputBatches { first: shapes[0].clone(), other: shape.clone() }),
        None => Ok(first),
    }
}

/// Paths of the training flags that are off, as in frozen parts.
fn disabled_flags<M: Module>(model: &M) -> Vec<String> {
    #[derive(Default)]
    struct Disabled {
        path: Vec<String>,
        found: Vec<String>,
    }
    impl ModuleVisitor for Disabled {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_flag(&mut self, flag: &Param<Flag>) {
            if !flag.is_enabled() {
                self.found.push(self.path.join("."));
            }
        }
    }
    let mut disabled = Disabled::default();
    model.visit(&mut disabled);
    disabled.found
}

/// The parameters that training updates. Only an autodiff tensor tells whether it requires a gradient; for a model on a
/// plain device [`Module::train`] restores that from the parameters' own settings.
pub(super) fn trainable<M: Module>(model: &M) -> Vec<ParamId> {
    #[derive(Default)]
    struct Trainable {
        ids: Vec<ParamId>,
        autodiff: bool,
    }
    impl ModuleVisitor for Trainable {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.autodiff |= param.base().is_autodiff();
            if param.is_require_grad() {
                self.ids.push(param.id);
            }
        }
    }
    let mut visitor = Trainable::default();
    model.visit(&mut visitor);
    if !visitor.autodiff {
        visitor = Trainable::default();
        model.valid().train().visit(&mut visitor);
    }
    visitor.ids
}

/// The float type of the trainable parameters.
fn float_type<M: Module>(model: &M, trainable: &[ParamId]) -> Result<DType, TraceError> {
    struct Types<'a> {
        trainable: &'a [ParamId],
        path: Vec<String>,
        found: Option<(String, DType)>,
        bad: Option<(String, DType)>,
    }
    impl ModuleVisitor for Types<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.trainable.contains(&param.id) {
                let entry = (self.path.join("."), param.base().dtype());
                let supported = matches!(entry.1, DType::F32 | DType::F64);
                let agrees = self.found.as_ref().is_none_or(|(_, dtype)| *dtype == entry.1);
                if !supported || !agrees {
                    self.bad.get_or_insert(entry.clone());
                }
                self.found.get_or_insert(entry);
            }
        }
    }
    let mut types = Types { trainable, path: vec![], found: None, bad: None };
    model.visit(&mut types);
    match (types.found, types.bad) {
        (_, Some((path, dtype))) => Err(TraceError::ParameterType { path, dtype: format!("{dtype:?}") }),
        (Some((_, dtype)), None) => Ok(dtype),
        (None, None) => Err(TraceError::NoParameters),
    }
}

fn classify_panic(panic: &(dyn std::any::Any + Send), shapes: &[Vec<usize>]) -> TraceError {
    let message = record::words(panic);
    // Burn's recorder has data for constants only; reading anything else fails with these words.
    if message.contains("has no concrete value") || message.contains("no initialized value") {
        TraceError::ReadsValues { message }
    } else if message.contains("on the wrong backend") || message.contains("not on the same device") {
        TraceError::OtherDevice { message }
    } else {
        TraceError::Panicked { shapes: shapes.to_vec(), message }
    }
}

/// Every tensor of the module while it is on the recording device.
#[derive(Default)]
struct ModuleTensors {
    path: Vec<String>,
    found: HashMap<TensorId, (ParamId, String)>,
}

impl ModuleTensors {
    fn add(&mut self, id: ParamId, tensor: DispatchTensor) {
        if let Some(tensor) = record::tensor_id(tensor) {
            self.found.insert(tensor, (id, self.path.join(".")));
        }
    }
}

impl ModuleVisitor for ModuleTensors {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.add(param.id, param.base().into_dispatch());
    }
    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.add(param.id, param.base().into_dispatch());
    }
    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.add(param.id, param.base().into_dispatch());
    }
}

/// Turns recorded operations into a graph of those that the output needs.
struct Builder<'a> {
    operations: &'a [OperationIr],
    data: BTreeMap<TensorId, TensorData>,
    module: HashMap<TensorId, (ParamId, String)>,
    trainable: &'a [ParamId],
    choices: Choices,
    /// Paths of the training flags that keep batch normalisation at its running statistics.
    frozen_statistics: Vec<String>,
    dtype: DType,
    nodes: Vec<Node>,
    values: Vec<Value>,
    by_id: HashMap<TensorId, ValueId>,
    tensors: Vec<ModuleTensor>,
}

/// An operation on its way into the graph: what Burn recorded, and where among the recorded operations.
#[derive(Clone, Copy)]
struct Origin {
    recorded: &'static Operation,
    position: usize,
}

impl<'a> Builder<'a> {
    fn build(mut self, inputs: &[TensorId], output: TensorId, examples: usize) -> Result<Graph, TraceError> {
        let operations = self.operations;
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

    /// Makes nodes of those operations that the wanted tensors depend on.
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
            let origin = part_of.unwrap_or(Origin { recorded: line(operation), position });
            match lower(operation) {
                Lowered::Step(step) => self.push(*step, origin)?,
                Lowered::Parts => self.expand(operation, &wanted, origin)?,
                Lowered::Refused => return Err(self.unsupported(origin)),
            }
        }
        Ok(())
    }

    fn push(&mut self, step: Step, origin: Origin) -> Result<(), TraceError> {
        if matches!(step.op, Op::Random(_)) && !self.choices.random {
            return Err(self.unsupported(origin));
        }
        let (op, tensors) = self.with_batch_statistics(step.op, step.inputs);
        let mut inputs = vec![];
        for id in tensors {
            // An unknown tensor is a further output of an operation of which only the first has a rule.
            inputs.push(self.read(id)?.ok_or_else(|| self.unsupported(origin))?);
        }
        let made = step.output;
        let output = self.define(made.id, made.shape.to_vec(), made.dtype, Source::Node(self.nodes.len()));
        self.nodes.push(Node { recorded: origin.recorded, op, inputs, output });
        Ok(())
    }

    /// Lowers the definition of an operation in its place.
    fn expand(
        &mut self,
        operation: &OperationIr,
        wanted: &HashSet<TensorId>,
        origin: Origin,
    ) -> Result<(), TraceError> {
        let definition = define(operation, self.dtype).map_err(|message| TraceError::Capture { message })?;
        if definition.outputs.is_empty() {
            return Err(self.unsupported(origin));
        }
        for (stand_in, input) in definition.inputs {
            let value = self.read(input)?.ok_or_else(|| self.unsupported(origin))?;
            self.by_id.insert(stand_in, value);
        }
        self.data.extend(definition.data);
        let outputs: Vec<_> = definition.outputs.into_iter().filter(|(_, output)| wanted.contains(output)).collect();
        self.lower(&definition.operations, outputs.iter().map(|(made, _)| *made), Some(origin))?;
        for (made, output) in outputs {
            let value = self.read(made)?.ok_or_else(|| self.unsupported(origin))?;
            self.by_id.insert(output, value);
        }
        Ok(())
    }

    /// A batch norm by its running statistics becomes, by choice, one by the statistics of the batch, unless it is frozen.
    fn with_batch_statistics(&self, op: Op, mut inputs: Vec<TensorId>) -> (Op, Vec<TensorId>) {
        let Op::Norm(Norm::Batch { epsilon }) = op else { return (op, inputs) };
        let Some((_, path)) = inputs.get(3).and_then(|mean| self.module.get(mean)) else { return (op, inputs) };
        let flag = path.rsplit_once('.').map_or("training".into(), |(layer, _)| format!("{layer}.training"));
        if !self.choices.batch_statistics || self.frozen_statistics.contains(&flag) {
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
            shapes: self.operations[position].inputs().map(|tensor| tensor.shape.to_vec()).collect(),
            index: position + 1,
            count: self.operations.len(),
        }
    }

    fn finish(self, inputs: Vec<ValueId>, output: ValueId, examples: usize) -> Result<Graph, TraceError> {
        let Value { shape, dtype: output_type, .. } = &self.values[output];
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
            values: self.values.clone(),
            tensors: self.tensors,
            parameters,
            inputs,
            output,
            examples,
            outputs: elements / examples,
            dtype: self.dtype,
            mixing: None,
        };
        graph.analyse();
        if !graph.values[graph.output].active {
            return Err(match graph.derivative_ends() {
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
            // As long as the batch by chance, while the examples are on another axis.
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
        let Some(data) = self.data.remove(&id) else { return Ok(None) };
        let (shape, dtype) = (data.shape().to_vec(), data.dtype());
        let Some((param, path)) = self.module.get(&id).cloned() else {
            return Ok(Some(self.define(id, shape, dtype, Source::Constant(data))));
        };
        // A clone of a field keeps the parameter's identity, by which values and gradients are found later.
        if let Some(other) = self.tensors.iter().find(|tensor| tensor.id == param) {
            return Err(TraceError::CopiedParameter { first: other.path.clone(), second: path });
        }
        let trainable = self.trainable.contains(&param);
        let index = self.tensors.len();
        self.tensors.push(ModuleTensor { id: param, path, shape: shape.clone(), trainable });
        let value = self.define(id, shape, dtype, Source::Module(index));
        self.values[value].active = trainable;
        Ok(Some(value))
    }

    fn place(&self, position: usize) -> String {
        let nodes = &self.nodes;
        let path = |id: &TensorId| self.module.get(id).map(|(_, path)| path.as_str());
        if let Some(own) = self.operations[position].inputs().find_map(|tensor| path(&tensor.id)) {
            return format!("at `{own}`");
        }
        let after =
            self.operations[position + 1..].iter().flat_map(OperationIr::inputs).find_map(|tensor| path(&tensor.id));
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
