//! Records a Burn module's forward pass and builds the [`Graph`].

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::backend::ir::{OperationIr, TensorId};
use burn::backend::{Capture, DispatchTensor};
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::kind::Basic;
use burn::tensor::{Bool, DType, Device, FloatDType, Int, Tensor, TensorData};

use super::batch::Batch;
use super::graph::{Graph, ModuleTensor, Node, Source, Value, ValueId, place};
use super::lower;
use crate::error::TraceError;

thread_local! {
    /// Recording devices of this thread, one a float type. Burn never recycles their identifiers and has 65,536 of
    /// them, so they are kept; one a thread lets threads trace at the same time.
    static DEVICES: RefCell<HashMap<DType, Device>> = RefCell::new(HashMap::new());
}

fn recording_device(dtype: DType) -> Device {
    DEVICES.with_borrow_mut(|devices| devices.entry(dtype).or_insert_with(Device::capture).clone())
}

/// Records `forward` on an input of this shape.
pub(super) fn capture<M, const D: usize, K>(
    model: &M,
    forward: &dyn Fn(&M, Tensor<D, K>) -> DispatchTensor,
    shape: [usize; D],
) -> Result<Graph, TraceError>
where
    M: Module,
    K: Basic,
{
    if D == 0 || shape.contains(&0) {
        return Err(TraceError::EmptyInput { shape: shape.to_vec() });
    }
    let trainable = trainable(model);
    // The evaluation mode: dropout is off, normalisation uses its running statistics. It also gives running statistics
    // of their own to the copy, which would otherwise be moved to the recording device under the caller's model.
    let model = model.valid();
    let dtype = float_type(&model, &trainable)?;
    let device = recording_device(dtype);
    let zeros = TensorData::zeros::<f32, _>(shape);

    let mut tensors = ModuleTensors::default();
    let mut boundary = None;
    let recorded = catch_unwind(AssertUnwindSafe(|| {
        device.capture_scope(|scope| {
            // Constants made by the forward pass then have the parameters' type. A device accepts this once, before its
            // first tensor and inside a scope; later calls find it done.
            let _ = device.clone().configure(FloatDType::from(dtype));
            let model = model.to_device(&device);
            model.visit(&mut tensors);
            let input = Tensor::<D, K>::from_data(zeros, (&device, input_type::<K>(dtype)));
            let input_id = tensor_id(input.clone().into_dispatch());
            let output_id = tensor_id(forward(&model, input));
            boundary = input_id.zip(output_id);
            scope.complete(input_id, output_id)
        })
    }));
    let captured = match recorded {
        Ok(Ok(captured)) => captured,
        Ok(Err(error)) => return Err(TraceError::Capture { message: error.to_string() }),
        Err(panic) => return Err(classify_panic(&*panic, &shape)),
    };
    let Some((input, output)) = boundary else {
        return Err(TraceError::Capture { message: "the output is not a tensor of the traced computation".into() });
    };
    let builder = Builder {
        operations: &captured.graph.operations,
        data: captured.values,
        module: tensors.found,
        trainable: &trainable,
        values: vec![],
        by_id: HashMap::new(),
        tensors: vec![],
    };
    builder.build(input, output, shape[0], dtype)
}

fn input_type<K: Basic>(dtype: DType) -> DType {
    // The type of the kind itself: floats take the network's, indices Burn's default.
    if K::name() == "Float" { dtype } else { DType::I64 }
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

fn tensor_id(tensor: DispatchTensor) -> Option<TensorId> {
    use burn::backend::{BackendTensor, DispatchKindConversion};
    match <DispatchTensor as DispatchKindConversion<Capture>>::try_into_backend(tensor).ok()? {
        BackendTensor::Float(tensor) => Some(tensor.id()),
        BackendTensor::Int(tensor) => Some(tensor.id()),
        BackendTensor::Bool(tensor) => Some(tensor.id()),
        _ => None,
    }
}

fn classify_panic(panic: &(dyn std::any::Any + Send), shape: &[usize]) -> TraceError {
    let message = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_else(|| "no message".into());
    // Burn's recorder has data for constants only; reading anything else fails with these words.
    if message.contains("has no concrete value") || message.contains("no initialized value") {
        TraceError::ReadsValues { message }
    } else if message.contains("on the wrong backend") || message.contains("not on the same device") {
        TraceError::OtherDevice { message }
    } else {
        TraceError::Panicked { shape: shape.to_vec(), message }
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
        if let Some(tensor) = tensor_id(tensor) {
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
    values: Vec<Value>,
    by_id: HashMap<TensorId, ValueId>,
    tensors: Vec<ModuleTensor>,
}

impl<'a> Builder<'a> {
    fn build(mut self, input: TensorId, output: TensorId, examples: usize, dtype: DType) -> Result<Graph, TraceError> {
        let operations = self.operations;
        let needed = needed(operations, output);
        let data = &self.data[&input];
        let input = self.define(input, data.shape().to_vec(), data.dtype(), Source::Input);
        self.values[input].batch = Batch::Split { axis: 0, outer: 1, inner: 1 };

        let mut nodes: Vec<Node> = vec![];
        for (position, operation) in operations.iter().enumerate().filter(|&(position, _)| needed[position]) {
            let unsupported = |builder: &Self, nodes: &[Node]| TraceError::Unsupported {
                operation: lower::name(operation),
                place: builder.place(position, nodes),
                shapes: operation.inputs().map(|tensor| tensor.shape.to_vec()).collect(),
                index: position + 1,
                count: operations.len(),
            };
            let Some(lowered) = lower::lower(operation) else { return Err(unsupported(&self, &nodes)) };
            let mut inputs = vec![];
            for id in lowered.inputs {
                // An unknown tensor is a further output of an operation of which only the first has a rule.
                inputs.push(self.read(id)?.ok_or_else(|| unsupported(&self, &nodes))?);
            }
            let made = lowered.output;
            let output = self.define(made.id, made.shape.to_vec(), made.dtype, Source::Node(nodes.len()));
            nodes.push(Node { op: lowered.op, inputs, output });
        }
        let output = self.read(output)?.ok_or(TraceError::NoParameters)?;
        self.finish(nodes, input, output, examples, dtype)
    }

    fn finish(
        self,
        nodes: Vec<Node>,
        input: ValueId,
        output: ValueId,
        examples: usize,
        dtype: DType,
    ) -> Result<Graph, TraceError> {
        let Value { shape, dtype: output_type, .. } = &self.values[output];
        if !matches!(output_type, DType::F32 | DType::F64) {
            return Err(TraceError::OutputType { dtype: format!("{output_type:?}") });
        }
        let elements: usize = shape.iter().product();
        if shape.first() != Some(&examples) || elements == 0 {
            return Err(TraceError::OutputShape { input: self.values[input].shape.clone(), output: shape.clone() });
        }
        let parameters = (0..self.values.len()).filter(|&value| self.values[value].active).collect();
        let mut graph = Graph {
            nodes,
            values: self.values,
            tensors: self.tensors,
            parameters,
            input,
            output,
            examples,
            outputs: elements / examples,
            dtype,
            mixing: None,
        };
        graph.analyse();
        if !graph.values[graph.output].active {
            return Err(TraceError::NoParameters);
        }
        match graph.values[graph.output].batch {
            Batch::Shared => return Err(TraceError::IgnoresInput),
            Batch::Split { axis: 0, outer: 1, .. } | Batch::Mixed => {}
            // As long as the batch by chance, while the examples are on another axis.
            Batch::Split { .. } => {
                let (input, output) =
                    (graph.values[graph.input].shape.clone(), graph.values[graph.output].shape.clone());
                return Err(TraceError::OutputShape { input, output });
            }
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

    fn place(&self, position: usize, nodes: &[Node]) -> String {
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

/// Marks the operations that the output depends on.
fn needed(operations: &[OperationIr], output: TensorId) -> Vec<bool> {
    let mut wanted = std::collections::HashSet::from([output]);
    let mut needed = vec![false; operations.len()];
    for (position, operation) in operations.iter().enumerate().rev() {
        if operation.outputs().any(|tensor| wanted.contains(&tensor.id)) {
            needed[position] = !matches!(operation, OperationIr::Init(_));
            wanted.extend(operation.inputs().map(|tensor| tensor.id));
        }
    }
    needed
}
