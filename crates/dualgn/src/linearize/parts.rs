//! [`Parts`]: a batch that goes through the network in micro-batches, so that it may have more examples than fit into
//! memory.
//!
//! No values of a pass are kept: each product with the Jacobian, and each block of the Gram matrix, runs its parts
//! again with the random numbers of the first pass. Sums over the parts equal sums over the batch up to rounding.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::module::{Module, ParamId};

use super::evaluation::{Evaluation, module_tensors};
use super::{Linearization, Saved};
use crate::error::{Error, LinearizeError};
use crate::kernels::on_workers;
use crate::tensor::Array;
use crate::trace::{Graph, Inputs, Network, Op};

/// A batch in parts, together with the weights.
pub(super) struct Parts {
    parts: Vec<Part>,
    tensors: HashMap<ParamId, Array>,
}

/// The examples from `start` on; the graph says how many.
struct Part {
    start: usize,
    graph: Arc<Graph>,
    inputs: Vec<Array>,
    drawn: HashMap<usize, Array>,
}

impl<M: Module, I: Inputs> Network<M, I> {
    /// Linearises the network like [`Network::linearize`], for batches that are too large to process at once:
    /// `examples` examples at a time go through the network, and the values that derivatives need are recomputed for
    /// each product. The results are the same up to rounding; each product costs one more forward pass.
    ///
    /// # Errors
    /// Returns the errors of [`Network::linearize`], and `LinearizeError::MixesExamples` if the network mixes the
    /// examples of a batch, so that parts would change its results.
    ///
    /// ```
    /// use burn::nn::{Linear, LinearConfig};
    /// use burn::prelude::*;
    /// use dualgn::Network;
    ///
    /// let model = LinearConfig::new(3, 1).init(&Device::default());
    /// let inputs = Tensor::<2>::random([8, 3], burn::tensor::Distribution::Default, &Device::default());
    /// let network = Network::trace(&model, |m: &Linear, x: Tensor<2>| m.forward(x), [8, 3])?;
    /// let parts = network.linearize_in_parts(&model, inputs, 3)?;
    /// assert_eq!(parts.outputs().dims(), [8, 1]);
    /// # Ok::<(), dualgn::Error>(())
    /// ```
    pub fn linearize_in_parts(&self, model: &M, inputs: I, examples: usize) -> Result<Linearization, Error> {
        let graph = self.graph(model, inputs.shapes())?;
        let (m, examples) = (graph.examples, examples.max(1));
        if m <= examples {
            return self.linearize(model, inputs);
        }
        if let Some(node) = graph.mixing {
            let operation = graph.nodes[node].recorded.name.into();
            return Err(LinearizeError::MixesExamples { operation, place: graph.place(node) }.into());
        }
        let tensors = module_tensors(model);
        let (mut parts, mut outputs): (Vec<Part>, Vec<Array>) = (vec![], vec![]);
        let mut spent = Duration::ZERO;
        for start in (0..m).step_by(examples) {
            let inputs = inputs.clone().narrow(start, (start + examples).min(m));
            let part = self.graph(model, inputs.shapes())?;
            let inputs: Vec<Array> = inputs.tensors().into_iter().map(Array::new).collect();
            let drawn = parts.first().map_or_else(HashMap::new, |first| first.shared_draws(&graph));
            let evaluation = Evaluation::new(&part, &tensors, &inputs, drawn)?;
            let device = evaluation.device.clone();
            let begin = Instant::now();
            let (made, drawn) = on_workers(&device, || evaluation.outputs_and_draws());
            spent += begin.elapsed();
            outputs.push(made);
            parts.push(Part { start, graph: part, inputs, drawn });
        }
        let outputs = Array::cat(outputs, 0);
        graph.history.note_forward(spent);
        Ok(Linearization { graph, outputs, saved: Saved::Parts(Parts { parts, tensors }) })
    }
}

impl Part {
    /// The random numbers that have the same shape for the whole batch: they do not belong to examples, and all parts
    /// share them.
    fn shared_draws(&self, whole: &Graph) -> HashMap<usize, Array> {
        let is_shared = |node: usize| match &whole.nodes[node].op {
            Op::Random(draw) => self.drawn[&node].shape() == draw.shape,
            _ => false,
        };
        self.drawn.iter().filter(|(node, _)| is_shared(**node)).map(|(node, array)| (*node, array.clone())).collect()
    }

    fn evaluation(&self, tensors: &HashMap<ParamId, Array>) -> Result<Evaluation<'_>, LinearizeError> {
        Evaluation::new(&self.graph, tensors, &self.inputs, self.drawn.clone())
    }

    fn linearize(&self, tensors: &HashMap<ParamId, Array>) -> Linearization {
        let evaluation = self.evaluation(tensors).expect("it went through before");
        evaluation.linearize(self.inputs.clone())
    }
}

impl Parts {
    /// The range of examples of each part, and its graph.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (Range<usize>, &Graph)> {
        self.parts.iter().map(|part| (part.start..part.start + part.graph.examples, &*part.graph))
    }

    /// The index of the first example of each part, and its inputs.
    pub(super) fn inputs(&self) -> impl Iterator<Item = (usize, &[Array])> {
        self.parts.iter().map(|part| (part.start, part.inputs.as_slice()))
    }

    /// Linearises the part with the given number.
    pub(super) fn linearize(&self, number: usize) -> Linearization {
        self.parts[number].linearize(&self.tensors)
    }

    /// The outputs at other weights, `[m, k]`.
    pub(super) fn outputs(&self, tensors: &HashMap<ParamId, Array>) -> Result<Array, LinearizeError> {
        let each = self.parts.iter().map(|part| Ok(part.evaluation(tensors)?.outputs()));
        Ok(Array::cat(each.collect::<Result<_, _>>()?, 0))
    }

    /// Pushes the tangents `[c, ..]` of the parameters forward to the output, `[c, ..]`.
    pub(super) fn push(&self, tangents: Vec<Array>) -> Array {
        let each = self.parts.iter().map(|part| part.linearize(&self.tensors).push(tangents.clone()));
        Array::cat(each.collect(), 1)
    }

    /// Pulls cotangents of the output, `[c, m, ..]`, back to the parameters, `[c, ..]` each.
    pub(super) fn pull(&self, cotangents: Array) -> Vec<Array> {
        let each = self.parts.iter().map(|part| {
            let own = cotangents.clone().narrow(1, part.start, part.start + part.graph.examples);
            part.linearize(&self.tensors).pull_checked(own)
        });
        let sum = |left: Vec<Array>, right: Vec<Array>| left.into_iter().zip(right).map(|(a, b)| a.add(b)).collect();
        each.reduce(sum).expect("there are parts")
    }
}
