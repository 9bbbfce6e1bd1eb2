//! From a Burn module to a [`Graph`]: the forward pass is recorded once per input shape and then reused at any weights.

mod batch;
mod capture;
mod graph;
mod lower;
mod op;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::DispatchTensor;
use burn::module::{Module, ParamId};
use burn::tensor::kind::{Autodiff, Basic};
use burn::tensor::{Float, Tensor};

pub(crate) use batch::Batch;
pub(crate) use graph::{Graph, Node, Source, ValueId};
pub(crate) use op::{
    Binary, Comparison, Conv, Discrete, Extreme, Fill, Index, Layout, Mask, Matmul, Norm, Op, Pool, Reduce, Softmax,
    Unary,
};

use crate::error::TraceError;

/// How many input shapes a network remembers. A training loop uses two or three: the batch, its last part, the test set.
const REMEMBERED_SHAPES: usize = 8;

type Forward<M, const D: usize, K> = dyn Fn(&M, Tensor<D, K>) -> DispatchTensor + Send + Sync;

/// A Burn module's forward pass, traced.
///
/// The module `M` itself is not kept: weights are read anew from the model given with each call. `D` is the rank of the
/// input, whose first axis is the batch, and `K` its kind ([`Float`] unless the input is token indices). Cloning is
/// cheap and shares the traces.
///
/// The trace is of the module's evaluation mode ([`Module::valid`]): dropout does nothing, batch normalisation uses its
/// running statistics. Parameters that do not require gradients are constants.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::prelude::*;
/// use dualgn::Network;
///
/// let device = Device::default();
/// let model = LinearConfig::new(3, 2).init(&device);
/// let network = Network::trace(&model, |m: &Linear, x: Tensor<2>| m.forward(x), [5, 3])?;
/// assert_eq!(network.parameter_count(), 3 * 2 + 2);
/// # Ok::<(), dualgn::Error>(())
/// ```
pub struct Network<M, const D: usize, K: Basic = Float> {
    forward: Arc<Forward<M, D, K>>,
    traces: Arc<Mutex<VecDeque<Trace<D>>>>,
    first: Arc<Graph>,
}

/// A graph is of an input shape and of a set of trainable parameters, which freezing and unfreezing change.
#[derive(Clone)]
struct Trace<const D: usize> {
    shape: [usize; D],
    trainable: Vec<ParamId>,
    graph: Arc<Graph>,
}

impl<M, const D: usize, K: Basic> Clone for Network<M, D, K> {
    fn clone(&self) -> Self {
        Self { forward: self.forward.clone(), traces: self.traces.clone(), first: self.first.clone() }
    }
}

impl<M, const D: usize, K: Basic> fmt::Debug for Network<M, D, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Network")
            .field("parameters", &self.parameter_count())
            .field("outputs", &self.first.outputs)
            .field("operations", &self.first.nodes.len())
            .finish_non_exhaustive()
    }
}

impl<M: Module, const D: usize, K: Autodiff> Network<M, D, K> {
    /// Traces `forward` on an input of the given shape, whose first axis is the batch.
    ///
    /// `forward` runs once, on a device that records operations instead of executing them. Batches of another shape are
    /// traced when they first occur; the last eight shapes are remembered.
    ///
    /// # Errors
    /// The forward pass uses an operation without a derivative rule, reads values of tensors, panics (usually on a shape
    /// that does not fit), gives an output that is not a float tensor or whose first axis is not the batch, or depends
    /// on no trainable parameter. Each error names the operation and its place in the module.
    pub fn trace<F, const E: usize>(model: &M, forward: F, shape: [usize; D]) -> Result<Self, TraceError>
    where
        F: Fn(&M, Tensor<D, K>) -> Tensor<E> + Send + Sync + 'static,
    {
        let forward: Arc<Forward<M, D, K>> = Arc::new(move |model: &M, input| forward(model, input).into_dispatch());
        let first = Arc::new(capture::capture(model, &*forward, shape)?);
        let trace = Trace { shape, trainable: capture::trainable(model), graph: first.clone() };
        let traces = Arc::new(Mutex::new(VecDeque::from([trace])));
        Ok(Self { forward, traces, first })
    }

    /// The graph for inputs of this shape, traced now if it is not known yet.
    pub(crate) fn graph(&self, model: &M, shape: [usize; D]) -> Result<Arc<Graph>, TraceError> {
        let trainable = capture::trainable(model);
        let known = |traces: &mut VecDeque<Trace<D>>| {
            let position = traces.iter().position(|known| known.shape == shape && known.trainable == trainable)?;
            // The most recently used trace stands last.
            let trace = traces.remove(position)?;
            traces.push_back(trace.clone());
            Some(trace.graph)
        };
        // A panic while the lock is held cannot leave the queue half changed, so a poisoned lock is as good as any.
        let mut traces = self.traces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(graph) = known(&mut traces) {
            return Ok(graph);
        }
        let graph = Arc::new(capture::capture(model, &*self.forward, shape)?);
        if traces.len() == REMEMBERED_SHAPES {
            traces.pop_front();
        }
        traces.push_back(Trace { shape, trainable, graph: graph.clone() });
        Ok(graph)
    }
}

impl<M, const D: usize, K: Basic> Network<M, D, K> {
    /// Number of trainable numbers `p` that the output depends on.
    pub fn parameter_count(&self) -> usize {
        self.first.parameter_count()
    }

    /// Outputs per example `k`: the product of the output's trailing axes.
    pub fn outputs_per_example(&self) -> usize {
        self.first.outputs
    }

    /// The operation that mixes the examples of a batch, and its place, if there is one. The Gram matrix cannot be
    /// assembled for such a network, and conjugate gradient is used.
    pub fn mixes_examples(&self) -> Option<String> {
        self.first.mixing.map(|node| format!("`{}` {}", self.first.nodes[node].op.name(), self.first.place(node)))
    }
}
