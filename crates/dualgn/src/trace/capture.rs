//! Records a Burn module's forward pass.

use std::collections::HashMap;

use burn::backend::DispatchTensor;
use burn::backend::ir::TensorId;
use burn::module::{Flag, Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, DType, Int, Tensor};

use super::build::{Choices, Recorded, build};
use super::graph::Graph;
use super::inputs::Inputs;
use super::jet;
use super::record::{self, Failure, Types};
use super::stop;
use crate::error::TraceError;

/// The data that a graph depends on besides the forward pass: if any of them changes, another graph is needed.
#[derive(Clone, PartialEq)]
pub(super) struct Key<S> {
    pub shapes: S,
    trainable: Vec<ParamId>,
    /// Paths of the training flags that are off, as in frozen parts; empty unless the options depend on them.
    disabled: Vec<String>,
}

impl<S> Key<S> {
    pub(super) fn new<M: Module>(model: &M, shapes: S, choices: Choices) -> Self {
        // Only batch statistics depend on the flags.
        let disabled = if choices.batch_statistics { disabled_flags(model) } else { vec![] };
        Self { shapes, trainable: trainable(model), disabled }
    }
}

/// Records `forward` on inputs of the key's shapes.
pub(super) fn capture<M: Module, I: Inputs>(
    model: &M,
    forward: &dyn Fn(&M, I) -> DispatchTensor,
    key: &Key<I::Shapes>,
    choices: Choices,
) -> Result<Graph, TraceError> {
    let shapes = I::list(&key.shapes);
    let examples = batch_size(&shapes)?;
    // The evaluation mode: dropout is off, normalisation uses its running statistics. It also gives running statistics
    // of their own to the copy, which would otherwise be moved to the recording device under the caller's model.
    let valid = model.valid();
    let settings = model.devices().first().cloned().unwrap_or_default().without_autodiff().settings();
    let types = Types {
        float: float_type(&valid, &key.trainable)?,
        int: settings.int_dtype.into(),
        bool: settings.bool_dtype.into(),
    };
    let mut tensors = ModuleTensors::default();
    let mut boundary = None;
    stop::take();
    jet::take();
    let recording = record::record(types, |device| {
        let model = valid.to_device(device);
        model.visit(&mut tensors);
        boundary = run(&model, forward, I::blank(&key.shapes, device));
        boundary.iter().map(|(_, output)| *output).collect()
    });
    let recording = recording.map_err(|failure| match failure {
        Failure::Refused(message) => TraceError::Capture { message },
        Failure::Panicked(message) => classify_panic(message, shapes),
    })?;
    let Some((inputs, output)) = boundary else {
        return Err(TraceError::Capture { message: "the output is not a tensor of the traced computation".into() });
    };
    let recorded = Recorded {
        operations: &recording.operations,
        data: recording.data,
        module: tensors.found,
        trainable: &key.trainable,
        choices,
        disabled: &key.disabled,
        stopped: stop::take(),
        marks: jet::take(),
        types,
    };
    build(recorded, &inputs, output, examples)
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
fn trainable<M: Module>(model: &M) -> Vec<ParamId> {
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
    struct Floats<'a> {
        trainable: &'a [ParamId],
        path: Vec<String>,
        found: Option<(String, DType)>,
        bad: Option<(String, DType)>,
    }
    impl ModuleVisitor for Floats<'_> {
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
    let mut floats = Floats { trainable, path: vec![], found: None, bad: None };
    model.visit(&mut floats);
    match (floats.found, floats.bad) {
        (_, Some((path, dtype))) => Err(TraceError::ParameterType { path, dtype: format!("{dtype:?}") }),
        (Some((_, dtype)), None) => Ok(dtype),
        (None, None) => Err(TraceError::NoParameters),
    }
}

fn classify_panic(message: String, shapes: Vec<Vec<usize>>) -> TraceError {
    // Burn's recorder has data for constants only; reading anything else fails with these words.
    if message.contains("has no concrete value") || message.contains("no initialized value") {
        TraceError::ReadsValues { message }
    } else if message.contains("on the wrong backend") || message.contains("not on the same device") {
        TraceError::OtherDevice { message }
    } else {
        TraceError::Panicked { shapes, message }
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
