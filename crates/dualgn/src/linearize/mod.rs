//! A traced network at given weights and inputs: its outputs, and products with its Jacobian and the transposed
//! Jacobian.
//!
//! Letters: `m` examples, `k` outputs per example, `p` parameters, `c` stacked vectors. The Jacobian `J` has `mk` rows,
//! example by example.

mod blocks;
mod evaluation;
mod finite;
mod flow;
mod parts;
mod pieces;
pub(crate) mod rules;
mod vector;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use burn::module::{Module, ParamId};
use burn::tensor::{DType, Device, Tensor};

pub use blocks::Blocks;
pub(crate) use flow::Flow;
pub(crate) use pieces::Place;
pub use vector::ParamVector;

use crate::error::{Error, LinearizeError};
use crate::kernels::on_workers;
use crate::tensor::Array;
use crate::trace::{Graph, Inputs, Network, ValueId};
use blocks::Stack;
use evaluation::{Evaluation, module_tensors};
use parts::Parts;
use rules::Kept;

/// A network linearised at one point: its outputs, and the values that products with its Jacobian need.
///
/// [`Network::linearize`] creates it with one forward pass. It holds the values that the derivative rules keep, so its
/// memory is that of an ordinary backward pass. [`Network::linearize_in_parts`] creates one that holds inputs and
/// outputs only, and recomputes the other values when they are needed.
pub struct Linearization {
    graph: Arc<Graph>,
    /// `[m, k]`.
    outputs: Array,
    saved: Saved,
}

/// The values that products with the Jacobian need.
enum Saved {
    /// All values of one forward pass.
    Pass(Pass),
    /// The inputs of passes that are recomputed.
    Parts(Parts),
    /// The linearizations of several networks.
    Blocks(Stack),
}

/// The values that are kept of a forward pass.
struct Pass {
    /// For each active node, the values that its rule keeps.
    kept: Vec<Kept>,
    /// For nodes where parameters meet data, the values of all inputs, if the rule needs values.
    site_inputs: HashMap<usize, Vec<Array>>,
    /// The inputs of the batch.
    inputs: Vec<Array>,
    /// Random numbers, by the node that drew them.
    drawn: HashMap<usize, Array>,
}

impl fmt::Debug for Linearization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Linearization")
            .field("examples", &self.examples())
            .field("outputs", &self.outputs_per_example())
            .field("parameters", &self.parameter_count())
            .finish_non_exhaustive()
    }
}

/// A network, or several, that can be linearised at the weights of a model: [`Network`] and [`Blocks`].
pub trait Linearize<M> {
    /// The inputs of the network.
    type Inputs;

    /// Computes the outputs at the weights of `model`, and the values that products with the Jacobian need. If
    /// `micro_batch` is set, this many examples go through the network at once, as in [`Network::linearize_in_parts`].
    ///
    /// # Errors
    /// Returns the errors of [`Network::linearize`], and those of [`Network::linearize_in_parts`] if `micro_batch` is
    /// set.
    fn linearization(
        &self,
        model: &M,
        inputs: Self::Inputs,
        micro_batch: Option<usize>,
    ) -> Result<Linearization, Error>;
}

impl<M: Module, I: Inputs> Linearize<M> for Network<M, I> {
    type Inputs = I;

    fn linearization(&self, model: &M, inputs: I, micro_batch: Option<usize>) -> Result<Linearization, Error> {
        match micro_batch {
            None => self.linearize(model, inputs),
            Some(examples) => self.linearize_in_parts(model, inputs, examples),
        }
    }
}

impl<M, L: Linearize<M>> Linearize<M> for Arc<L> {
    type Inputs = L::Inputs;

    fn linearization(&self, model: &M, inputs: L::Inputs, micro_batch: Option<usize>) -> Result<Linearization, Error> {
        (**self).linearization(model, inputs, micro_batch)
    }
}

impl<M: Module, I: Inputs> Network<M, I> {
    /// Evaluates the network at the weights of `model`, keeping the values that derivatives need.
    ///
    /// `inputs` have the shapes that the network was traced with, or others, for which it is then traced. Cost: one
    /// forward pass.
    ///
    /// # Errors
    /// * Returns a [`TraceError`](crate::error::TraceError) if the network cannot be traced for the shapes of the inputs.
    /// * Returns `LinearizeError::MissingParameter`, `ParameterShape` or `Device` if a parameter of the traced network
    ///   is missing from the model, has another shape, or is not on the device of the inputs.
    /// * Returns `LinearizeError::InputType` or `InputDevices` if an input has another float type than when traced, or
    ///   the inputs are on different devices.
    pub fn linearize(&self, model: &M, inputs: I) -> Result<Linearization, Error> {
        let graph = self.graph(model, inputs.shapes())?;
        let inputs: Vec<Array> = inputs.tensors().into_iter().map(Array::new).collect();
        let evaluation = Evaluation::new(&graph, &module_tensors(model), &inputs, HashMap::new())?;
        let device = evaluation.device.clone();
        Ok(on_workers(&device, || {
            let start = Instant::now();
            let linearization = evaluation.linearize(inputs);
            graph.history.note_forward(start.elapsed());
            linearization
        }))
    }
}

impl Linearization {
    /// Returns the outputs `f`, `[m, k]`; trailing axes of the network's output are flattened.
    pub fn outputs(&self) -> Tensor<2> {
        self.outputs.clone().into_tensor()
    }

    /// Computes the outputs `[m, k]` of the same batch at the weights of another model of the same kind, with the same
    /// random numbers, for example after a step. Cost: one forward pass, of which nothing is kept.
    ///
    /// # Errors
    /// Returns `LinearizeError::MissingParameter`, `ParameterShape` or `Device` if a parameter of the traced network is
    /// missing from the model, has another shape, or is on another device.
    pub fn outputs_at<M: Module>(&self, model: &M) -> Result<Tensor<2>, LinearizeError> {
        Ok(self.outputs_with(&module_tensors(model))?.into_tensor())
    }

    fn outputs_with(&self, tensors: &HashMap<ParamId, Array>) -> Result<Array, LinearizeError> {
        match &self.saved {
            Saved::Pass(pass) => {
                let evaluation = Evaluation::new(&self.graph, tensors, &pass.inputs, pass.drawn.clone())?;
                Ok(on_workers(&self.device(), || evaluation.outputs()))
            }
            Saved::Parts(parts) => on_workers(&self.device(), || parts.outputs(tensors)),
            Saved::Blocks(stack) => stack.outputs(|block| block.outputs_with(tensors)),
        }
    }

    /// Returns the number of examples `m`.
    pub fn examples(&self) -> usize {
        self.graph.examples
    }

    /// Returns the number of outputs per example `k`.
    pub fn outputs_per_example(&self) -> usize {
        self.graph.outputs
    }

    /// Returns the number of parameters `p`.
    pub fn parameter_count(&self) -> usize {
        self.graph.parameter_count()
    }

    /// Computes the Jacobian-vector product `J v`, `[m, k]`. Cost: about two forward passes.
    ///
    /// # Errors
    /// Returns `LinearizeError::OtherNetwork` if the vector belongs to another network.
    pub fn jvp(&self, vector: &ParamVector) -> Result<Tensor<2>, LinearizeError> {
        if !vector.is_of(&self.graph) {
            return Err(LinearizeError::OtherNetwork);
        }
        let tangents = vector.blocks().iter().map(|block| block.clone().lift()).collect();
        let product = on_workers(&self.device(), || self.push(tangents));
        Ok(product.reshape(&[self.graph.examples, self.graph.outputs]).into_tensor())
    }

    /// Computes the vector-Jacobian product `Jᵀ u` of one cotangent `u`, `[m, k]`. Cost: about two forward passes.
    ///
    /// # Errors
    /// Returns `LinearizeError::Shape` if the cotangent does not have the shape `[m, k]`.
    pub fn vjp(&self, cotangent: Tensor<2>) -> Result<ParamVector, LinearizeError> {
        let [m, k] = cotangent.dims();
        let cotangent = Array::from_tensor(cotangent.without_autodiff()).cast(self.output_type());
        let blocks = self.pull(cotangent.reshape(&[1, m, k]))?;
        let values = self.graph.parameters.iter().map(|&value| &self.graph.values[value].shape);
        let blocks = blocks.into_iter().zip(values).map(|(block, shape)| block.reshape(shape)).collect();
        Ok(ParamVector::new(self.graph.clone(), blocks))
    }

    /// Computes the vector-Jacobian products `Jᵀ u` of `c` stacked cotangents `[c, m, k]`, which share the saved
    /// values.
    ///
    /// # Errors
    /// Returns `LinearizeError::Shape` if the cotangents do not have the shape `[c, m, k]`.
    pub fn vjps(&self, cotangents: Tensor<3>) -> Result<Vec<ParamVector>, LinearizeError> {
        let [count, ..] = cotangents.dims();
        let blocks = self.pull(Array::from_tensor(cotangents.without_autodiff()).cast(self.output_type()))?;
        let one = |index: usize| {
            let block = |block: &Array| {
                let shape = block.shape();
                block.clone().narrow(0, index, index + 1).reshape(&shape[1..])
            };
            ParamVector::new(self.graph.clone(), blocks.iter().map(block).collect())
        };
        Ok((0..count).map(one).collect())
    }

    /// The float type of the outputs, which may differ from that of the parameters.
    pub(crate) fn output_type(&self) -> DType {
        self.graph.values[self.graph.output].dtype
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    fn pass(&self) -> &Pass {
        let Saved::Pass(pass) = &self.saved else { unreachable!("rules are for single pieces") };
        pass
    }

    /// The values that the rule of an active node kept.
    pub(crate) fn kept(&self, node: usize) -> &Kept {
        &self.pass().kept[node]
    }

    /// The inputs of a node where parameters meet data. If its rule needs no values, the inputs have shapes only.
    pub(crate) fn site_inputs(&self, node: usize) -> Vec<Array> {
        let shapes = self.kept(node).shapes.iter();
        let blank = || shapes.map(|shape| Array::blank(shape, self.graph.dtype, &self.device())).collect();
        self.pass().site_inputs.get(&node).cloned().unwrap_or_else(blank)
    }

    /// The time of the fastest forward pass of this graph so far, in seconds; `None` if the device works
    /// asynchronously.
    pub(crate) fn forward_seconds(&self) -> Option<f64> {
        let known = |graph: &Graph| graph.history.forward_seconds();
        (self.device() == Device::flex()).then(|| match &self.saved {
            Saved::Blocks(stack) => stack.blocks().iter().map(|block| known(&block.linearization.graph)).sum(),
            _ => known(&self.graph),
        })
    }

    /// Returns the weights `w` of a model of the same kind.
    ///
    /// # Errors
    /// Returns `LinearizeError::MissingParameter` if a parameter of the traced network is missing from the model.
    pub fn weights<M: Module>(&self, model: &M) -> Result<ParamVector, LinearizeError> {
        let tensors = module_tensors(model);
        let block = |index: usize| {
            let known = self.graph.parameter(index);
            let missing = || LinearizeError::MissingParameter { path: known.path.clone() };
            tensors.get(&known.id).cloned().ok_or_else(missing)
        };
        let blocks = (0..self.graph.parameters.len()).map(block).collect::<Result<_, _>>()?;
        Ok(ParamVector::new(self.graph.clone(), blocks))
    }

    /// The zero vector in parameter space.
    pub(crate) fn zeros(&self) -> ParamVector {
        let graph = &self.graph;
        let block = |&value: &ValueId| Array::zeros(&graph.values[value].shape, graph.dtype, &self.device());
        ParamVector::new(graph.clone(), graph.parameters.iter().map(block).collect())
    }

    pub(crate) fn device(&self) -> Device {
        self.outputs.device()
    }
}
