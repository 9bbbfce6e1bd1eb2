//! [`Evaluation`]: a forward pass of a graph, optionally keeping the values that derivatives need.

use std::collections::HashMap;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, DType, Device, Int, Tensor};

use super::rules::{Kept, constant, discrete, random, rule};
use super::{Linearization, Pass, Saved};
use crate::error::LinearizeError;
use crate::tensor::Array;
use crate::trace::{Graph, Node, Op, Source};

/// A forward pass, ready to run.
pub(super) struct Evaluation<'a> {
    graph: &'a Arc<Graph>,
    values: Vec<Option<Array>>,
    pub device: Device,
    /// Random numbers, by the node that draws them; missing ones are drawn.
    drawn: HashMap<usize, Array>,
}

/// The values of a forward pass that derivatives need.
struct Record {
    kept: Vec<Kept>,
    site_inputs: HashMap<usize, Vec<Array>>,
}

impl<'a> Evaluation<'a> {
    /// Sets the values of inputs, module tensors and constants.
    pub(super) fn new(
        graph: &'a Arc<Graph>,
        tensors: &HashMap<ParamId, Array>,
        inputs: &[Array],
        drawn: HashMap<usize, Array>,
    ) -> Result<Self, LinearizeError> {
        let device = inputs[0].device();
        for (&input, array) in graph.inputs.iter().zip(inputs) {
            let (expected, found) = (graph.values[input].dtype, array.dtype());
            if expected.is_float() && found != expected {
                let name = |dtype| format!("{dtype:?}").to_lowercase();
                return Err(LinearizeError::InputType { inputs: name(found), network: name(expected) });
            }
            if array.device() != device {
                let (first, other) = (format!("{device:?}"), format!("{:?}", array.device()));
                return Err(LinearizeError::InputDevices { first, other });
            }
        }
        let mut values = vec![None; graph.values.len()];
        for (id, value) in graph.values.iter().enumerate() {
            values[id] = match &value.source {
                Source::Node(_) => None,
                Source::Input(position) => Some(as_recorded(inputs[*position].clone(), value.dtype)),
                Source::Constant(data) => Some(Array::from_data(data.clone(), &device)),
                Source::Module(index) => {
                    let known = &graph.tensors[*index];
                    let Some(array) = tensors.get(&known.id) else {
                        return Err(LinearizeError::MissingParameter { path: known.path.clone() });
                    };
                    if array.shape() != known.shape {
                        let (path, expected, found) = (known.path.clone(), known.shape.clone(), array.shape());
                        return Err(LinearizeError::ParameterShape { path, expected, found });
                    }
                    if array.device() != device {
                        let (path, parameter) = (known.path.clone(), format!("{:?}", array.device()));
                        return Err(LinearizeError::Device { path, parameter, inputs: format!("{device:?}") });
                    }
                    Some(array.clone())
                }
            };
        }
        Ok(Self { graph, values, device, drawn })
    }

    /// Runs the pass, keeping the values that derivatives need.
    pub(super) fn linearize(mut self, inputs: Vec<Array>) -> Linearization {
        let kept = vec![Kept::default(); self.graph.nodes.len()];
        let mut record = Record { kept, site_inputs: HashMap::new() };
        let outputs = self.run(Some(&mut record));
        let Record { kept, site_inputs } = record;
        let pass = Pass { kept, site_inputs, inputs, drawn: self.drawn };
        Linearization { graph: self.graph.clone(), outputs, saved: Saved::Pass(pass) }
    }

    /// Runs the pass and returns its outputs only, `[m, k]`.
    pub(super) fn outputs(self) -> Array {
        self.outputs_and_draws().0
    }

    /// Runs the pass and returns its outputs and the random numbers drawn.
    pub(super) fn outputs_and_draws(mut self) -> (Array, HashMap<usize, Array>) {
        let outputs = self.run(None);
        (outputs, self.drawn)
    }

    fn run(&mut self, mut record: Option<&mut Record>) -> Array {
        let graph = self.graph;
        let mut unread: Vec<usize> = graph.values.iter().map(|value| value.uses).collect();
        for (index, node) in graph.nodes.iter().enumerate() {
            let inputs: Vec<Array> =
                node.inputs.iter().map(|&input| self.values[input].clone().expect("made before it is read")).collect();
            for &input in &node.inputs {
                unread[input] -= 1;
                if unread[input] == 0 && input != graph.output {
                    self.values[input] = None;
                }
            }
            self.values[node.output] = Some(match &mut record {
                Some(record) if graph.values[node.output].active => record.node(graph, index, node, inputs),
                _ => as_recorded(self.value(index, node, inputs), graph.values[node.output].dtype),
            });
        }
        let outputs = self.values[graph.output].take().expect("the output is made");
        outputs.reshape(&[graph.examples, graph.outputs])
    }

    /// The output of a node of which no values are kept.
    fn value(&mut self, index: usize, node: &Node, inputs: Vec<Array>) -> Array {
        match &node.op {
            Op::Discrete(op) => discrete(op, &inputs),
            Op::Fill(fill) => constant(fill, &self.device),
            Op::Random(draw) => self.drawn.entry(index).or_insert_with(|| random(draw, &self.device)).clone(),
            op => rule(op).expect("all other operations have a rule").value(inputs),
        }
    }
}

impl Record {
    /// The output of an active node, which depends on a trainable parameter.
    fn node(&mut self, graph: &Graph, index: usize, node: &Node, inputs: Vec<Array>) -> Array {
        let rule = rule(&node.op).expect("active nodes have a rule");
        let shapes = inputs.iter().map(Array::shape).collect();
        if graph.mixing.is_none() && graph.is_site(node) && rule.needs_values() {
            self.site_inputs.insert(index, inputs.clone());
        }
        let (output, arrays) = rule.evaluate(inputs, &graph.active_inputs(node));
        self.kept[index] = Kept { shapes, output: output.shape(), arrays };
        output
    }
}

/// Converts integers to the type they were recorded with, which may differ from the device's default.
fn as_recorded(array: Array, dtype: DType) -> Array {
    let integer = |dtype: DType| !dtype.is_float() && !dtype.is_bool();
    if integer(array.dtype()) && integer(dtype) && array.dtype() != dtype { array.convert(dtype) } else { array }
}

/// All tensors of a module, without their autodiff wrappers.
pub(super) fn module_tensors<M: Module>(model: &M) -> HashMap<ParamId, Array> {
    struct Collect(HashMap<ParamId, Array>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.insert(param.id, Array::from_tensor(param.base().without_autodiff()));
        }
        fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
            self.0.insert(param.id, Array::from_tensor(param.base().without_autodiff()));
        }
        fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
            self.0.insert(param.id, Array::from_tensor(param.base().without_autodiff()));
        }
    }
    let mut collect = Collect(HashMap::new());
    model.visit(&mut collect);
    collect.0
}
