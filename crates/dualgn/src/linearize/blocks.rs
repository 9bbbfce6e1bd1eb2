//! [`Blocks`]: several networks of one model, with their rows stacked.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use burn::module::{Module, ParamId};

use super::{Flow, Linearization, Linearize, Saved};
use crate::error::{Error, LinearizeError};
use crate::tensor::Array;
use crate::trace::{Batch, Graph, History, Inputs, ModuleTensor, Network, Source, Value};

/// Several traced networks of one model, combined into one: for example the residuals of a differential equation inside
/// a domain, on its boundary and at the initial time, or the terms of a shape. Each network has a batch of its own, of
/// any length, and one direction serves all: the rows of `J` are those of the networks one after another, and the Gram
/// matrix contains all products between them.
///
/// The combined network has `M = Σ m_b k_b` rows with one output each: the outputs of the networks one after another,
/// each example by example. [`Terms`](crate::loss::Terms) is the loss for them. A parameter that only some networks depend
/// on, such as an unknown coefficient of an equation, is a parameter of the combined network.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::prelude::*;
/// use dualgn::{Blocks, GaussNewton, Network};
/// use dualgn::jet::jet;
/// use dualgn::loss::{Squared, Terms};
///
/// let device = Device::default();
/// let model = LinearConfig::new(1, 1).init(&device);
///
/// // u' = 2 inside, u(0) = 1.
/// let slope = |m: &Linear, x: Tensor<2>| jet(x, |x| m.forward(x)).derivative([0]) - 2.0;
/// let inside = Network::trace(&model, slope, [20, 1])?;
/// let start = Network::trace(&model, |m: &Linear, x: Tensor<2>| m.forward(x) - 1.0, [1, 1])?;
/// let problem = Blocks::new([inside, start]);
/// let points = vec![
///     Tensor::<2>::random([20, 1], burn::tensor::Distribution::Default, &device),
///     Tensor::<2>::zeros([1, 1], &device),
/// ];
///
/// let loss = Terms::new().term(Squared, 1.0).term(Squared, 10.0);
/// let oracle = GaussNewton::new(loss).damping(1e-6);
/// let direction = oracle.direction(&problem, &model, points.clone(), Terms::zeros(&points, 1))?;
/// let model = direction.apply(model, 1.0);
/// assert!((model.weight.val().into_scalar::<f32>() - 2.0).abs() < 1e-3);
/// # Ok::<(), dualgn::Error>(())
/// ```
#[derive(Debug)]
pub struct Blocks<M, I: Inputs> {
    networks: Vec<Network<M, I>>,
    history: History,
}

impl<M, I: Inputs> Clone for Blocks<M, I> {
    fn clone(&self) -> Self {
        Self { networks: self.networks.clone(), history: self.history.clone() }
    }
}

impl<M: Module, I: Inputs> Blocks<M, I> {
    /// Creates the combination of several networks of one model, in the order of their rows.
    pub fn new(networks: impl IntoIterator<Item = Network<M, I>>) -> Self {
        Self { networks: networks.into_iter().collect(), history: History::default() }
    }

    /// Returns the networks.
    pub fn networks(&self) -> &[Network<M, I>] {
        &self.networks
    }
}

impl<M: Module, I: Inputs> Linearize<M> for Blocks<M, I> {
    type Inputs = Vec<I>;

    /// # Errors
    /// Returns `LinearizeError::Blocks` if the number of inputs differs from that of the networks, or if there are
    /// none, and otherwise the errors of the networks.
    fn linearization(&self, model: &M, inputs: Vec<I>, micro_batch: Option<usize>) -> Result<Linearization, Error> {
        let (networks, found) = (self.networks.len(), inputs.len());
        if networks == 0 || networks != found {
            return Err(LinearizeError::Blocks { networks, inputs: found }.into());
        }
        let each = self.networks.iter().zip(inputs);
        let blocks = each.map(|(network, inputs)| network.linearization(model, inputs, micro_batch));
        Ok(stacked(blocks.collect::<Result<_, Error>>()?, self.history.clone()))
    }
}

/// The blocks of a linearization.
pub(super) struct Stack {
    blocks: Vec<Block>,
}

/// One block of rows.
pub(super) struct Block {
    pub linearization: Linearization,
    /// Its rows in the combined network.
    pub rows: Range<usize>,
    /// For each of its parameters, the index among all parameters; these are the first values of the combined graph.
    places: Vec<usize>,
}

fn stacked(linearizations: Vec<Linearization>, history: History) -> Linearization {
    let dtype = linearizations[0].graph.dtype;
    let (mut tensors, mut known): (Vec<ModuleTensor>, HashMap<ParamId, usize>) = (vec![], HashMap::new());
    let (mut blocks, mut outputs, mut start) = (vec![], vec![], 0);
    for linearization in linearizations {
        let graph = &linearization.graph;
        let place = |index: usize| {
            let tensor = graph.parameter(index);
            *known.entry(tensor.id).or_insert_with(|| {
                tensors.push(tensor.clone());
                tensors.len() - 1
            })
        };
        let places = (0..graph.parameters.len()).map(place).collect();
        let rows = start..start + graph.examples * graph.outputs;
        outputs.push(linearization.outputs.clone().reshape(&[rows.len(), 1]));
        start = rows.end;
        blocks.push(Block { linearization, rows, places });
    }
    let output_type = blocks[0].linearization.output_type();
    let outputs = Array::cat(outputs.into_iter().map(|output| output.cast(output_type)).collect(), 0);
    let value = |shape: &[usize], dtype, source, active, batch| Value {
        shape: shape.to_vec(),
        dtype,
        source,
        active,
        batch,
        uses: 0,
    };
    let mut values: Vec<Value> = (0..tensors.len())
        .map(|index| value(&tensors[index].shape, dtype, Source::Module(index), true, Batch::Shared))
        .collect();
    // The output of no node: nothing is evaluated on this graph, it only describes the combined network.
    let rows = Batch::Split { axis: 0, outer: 1, inner: 1 };
    values.push(value(&[start, 1], output_type, Source::Node(0), true, rows));
    let graph = Graph {
        nodes: vec![],
        parameters: (0..tensors.len()).collect(),
        tensors,
        inputs: vec![],
        output: values.len() - 1,
        values,
        examples: start,
        outputs: 1,
        dtype,
        mixing: None,
        history,
    };
    Linearization { graph: Arc::new(graph), outputs, saved: Saved::Blocks(Stack { blocks }) }
}

impl Stack {
    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The outputs at other weights, `[M, 1]`.
    pub(super) fn outputs(
        &self,
        of: impl Fn(&Linearization) -> Result<Array, LinearizeError>,
    ) -> Result<Array, LinearizeError> {
        let one = |block: &Block| Ok(of(&block.linearization)?.reshape(&[block.rows.len(), 1]));
        Ok(Array::cat(self.blocks.iter().map(one).collect::<Result<_, _>>()?, 0))
    }

    /// Pushes the tangents `[c, ..]` of all parameters forward to the rows, `[c, M, 1]`.
    pub(super) fn push(&self, tangents: &[Array]) -> Array {
        let count = tangents[0].shape()[0];
        let one = |block: &Block| {
            let own = block.places.iter().map(|&place| tangents[place].clone()).collect();
            block.linearization.push(own).reshape(&[count, block.rows.len(), 1])
        };
        Array::cat(self.blocks.iter().map(one).collect(), 1)
    }

    /// Pulls cotangents of the rows, `[c, M, 1]`, back to all parameters.
    pub(super) fn pull(&self, cotangents: &Array, flow: &mut Flow) {
        let count = cotangents.shape()[0];
        for block in &self.blocks {
            let graph = &block.linearization.graph;
            let own = cotangents.clone().narrow(1, block.rows.start, block.rows.end);
            let shape = [&[count], graph.values[graph.output].shape.as_slice()].concat();
            let pulled = block.linearization.pull_checked(own.reshape(&shape));
            block.places.iter().zip(pulled).for_each(|(&place, part)| flow.add(place, part));
        }
    }
}
