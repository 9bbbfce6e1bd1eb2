//! From a Burn module to a [`Graph`]: the forward pass is recorded once per input shape and then reused at any weights.

mod batch;
mod build;
mod capture;
mod graph;
mod inputs;
mod jet;
mod lower;
mod op;
mod record;
mod stop;
mod uses;
#[cfg(test)]
mod vocabulary_tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::DispatchTensor;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

pub(crate) use batch::Batch;
use build::Choices;
use capture::{Key, capture};
pub(crate) use graph::{Graph, History, ModuleTensor, Node, Source, Value, ValueId};
pub use inputs::Inputs;
pub(crate) use jet::{Channels, Pair};
pub use jet::{Jet, jet};
pub use lower::{Operation, Support, operations};
pub(crate) use op::{
    Binary, Bits, Cast, Comparison, Conv, Cumulate, Discrete, Fill, Index, Layout, Logic, Mask, Matmul, Norm, Op, Pool,
    Position, Random, Reduce, Rounding, Softmax, Taylor, Unary,
};
pub use stop::stop_gradient;
pub(crate) use uses::Use;

use crate::error::TraceError;

/// How many input shapes a network remembers. A training loop uses two or three: the batch, its last part, the test set.
const REMEMBERED_SHAPES: usize = 8;

type Forward<M, I> = dyn Fn(&M, I) -> DispatchTensor + Send + Sync;

/// A Burn module's forward pass, traced.
///
/// The module `M` itself is not kept: weights are read anew from the model given with each call. `I` is what the forward
/// pass takes: a tensor or a tuple of tensors, of floats, integers or booleans, the first axis of each being the batch
/// ([`Inputs`]). Its output may have any rank: an example's outputs are its flattened trailing axes. Cloning is cheap and
/// shares the traces.
///
/// The trace is of the module's evaluation mode ([`Module::valid`]): dropout does nothing, batch normalisation uses its
/// running statistics. [`Tracing`] offers other choices. Parameters that do not require gradients are constants. Burn's
/// `detach` leaves no trace; [`stop_gradient`] does.
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
///
/// // Two inputs.
/// let network = Network::trace(
///     &model,
///     |m: &Linear, (a, b): (Tensor<2>, Tensor<2>)| m.forward(a) * m.forward(b),
///     ([5, 3], [5, 3]),
/// )?;
/// assert_eq!(network.outputs_per_example(), 2);
/// # Ok::<(), dualgn::Error>(())
/// ```
pub struct Network<M, I: Inputs> {
    forward: Arc<Forward<M, I>>,
    traces: Arc<Mutex<VecDeque<Trace<I::Shapes>>>>,
    first: Arc<Graph>,
    choices: Choices,
}

#[derive(Clone)]
struct Trace<S> {
    key: Key<S>,
    graph: Arc<Graph>,
}

/// Choices for tracing a network; [`Network::trace`] takes the defaults.
///
/// ```
/// use burn::nn::{BatchNorm, BatchNormConfig};
/// use burn::prelude::*;
/// use dualgn::Tracing;
///
/// let model = BatchNormConfig::new(3).init(&Device::default());
/// let network = Tracing::new().batch_statistics().network(&model, BatchNorm::forward::<2>, [5, 3])?;
/// assert!(network.mixes_examples().is_some());
/// # Ok::<(), dualgn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tracing {
    choices: Choices,
}

impl Tracing {
    /// The defaults: the module's evaluation mode, and no random numbers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Batch normalisation uses the mean and variance of the batch, as in training, and is differentiated through them.
    ///
    /// The examples of a batch then mix: the Gram matrix does not exist, and directions come from conjugate gradient.
    /// Layers whose training flag is off ([`Module::freeze`]) keep their running statistics. Linearising leaves the running
    /// statistics alone; [`Network::update_statistics`] moves them, once for each step that is accepted.
    pub fn batch_statistics(mut self) -> Self {
        self.choices.batch_statistics = true;
        self
    }

    /// The forward pass may draw random numbers, as a dropout written in tensor operations does. They are drawn anew by
    /// each [`Network::linearize`] and each direction, and are fixed during it: every product with the Jacobian sees the
    /// same ones.
    ///
    /// (Burn's own `Dropout` layer draws on autodiff devices only, so it does nothing in a traced network. To train with
    /// dropout, pass a mask as a second input or draw one in the forward pass.)
    pub fn random(mut self) -> Self {
        self.choices.random = true;
        self
    }

    /// Traces `forward`, as [`Network::trace`] does.
    ///
    /// # Errors
    /// As [`Network::trace`].
    pub fn network<M: Module, I: Inputs, F, const E: usize>(
        self,
        model: &M,
        forward: F,
        shapes: I::Shapes,
    ) -> Result<Network<M, I>, TraceError>
    where
        F: Fn(&M, I) -> Tensor<E> + Send + Sync + 'static,
    {
        let forward: Arc<Forward<M, I>> = Arc::new(move |model: &M, inputs| forward(model, inputs).into_dispatch());
        let key = Key::new(model, shapes, self.choices);
        let first = Arc::new(capture(model, &*forward, &key, self.choices)?);
        let traces = Arc::new(Mutex::new(VecDeque::from([Trace { key, graph: first.clone() }])));
        Ok(Network { forward, traces, first, choices: self.choices })
    }
}

impl<M, I: Inputs> Clone for Network<M, I> {
    fn clone(&self) -> Self {
        let (forward, traces, first) = (self.forward.clone(), self.traces.clone(), self.first.clone());
        Self { forward, traces, first, choices: self.choices }
    }
}

impl<M, I: Inputs> fmt::Debug for Network<M, I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Network")
            .field("parameters", &self.parameter_count())
            .field("outputs", &self.first.outputs)
            .field("operations", &self.first.nodes.len())
            .finish_non_exhaustive()
    }
}

impl<M: Module, I: Inputs> Network<M, I> {
    /// Traces `forward` on inputs of the given shapes, whose first axis is the batch.
    ///
    /// `forward` runs once, on a device that records operations instead of executing them. Batches of another shape are
    /// traced when they first occur; the last eight shapes are remembered.
    ///
    /// # Errors
    /// The forward pass uses an operation without a derivative rule, reads values of tensors, panics (usually on a shape
    /// that does not fit), gives an output that is not a float tensor or whose first axis is not the batch, or depends
    /// on no trainable parameter. Each error names the operation and its place in the module.
    pub fn trace<F, const E: usize>(model: &M, forward: F, shapes: I::Shapes) -> Result<Self, TraceError>
    where
        F: Fn(&M, I) -> Tensor<E> + Send + Sync + 'static,
    {
        Tracing::new().network(model, forward, shapes)
    }

    /// The graph for inputs of these shapes, traced now if it is not known yet.
    pub(crate) fn graph(&self, model: &M, shapes: I::Shapes) -> Result<Arc<Graph>, TraceError> {
        let key = Key::new(model, shapes, self.choices);
        let known = |traces: &mut VecDeque<Trace<I::Shapes>>| {
            let position = traces.iter().position(|known| known.key == key)?;
            // The most recently used trace stands last.
            let trace = traces.remove(position)?;
            traces.push_back(trace.clone());
            Some(trace.graph)
        };
        // A panic while the lock is held cannot leave the queue half changed, so a poisoned lock is as good as any.
        let traces = || self.traces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(graph) = known(&mut traces()) {
            return Ok(graph);
        }
        // Without the lock, since a forward pass may do anything, and use this network.
        let graph = Arc::new(capture(model, &*self.forward, &key, self.choices)?);
        let mut traces = traces();
        if let Some(graph) = known(&mut traces) {
            return Ok(graph);
        }
        if traces.len() == REMEMBERED_SHAPES {
            traces.pop_front();
        }
        traces.push_back(Trace { key, graph: graph.clone() });
        Ok(graph)
    }

    /// Moves the running statistics of the model's batch normalisations towards those of this batch, by one forward pass
    /// in training mode. Call it once for each step that is accepted, with the batch of that step; a network traced with
    /// [`Tracing::batch_statistics`] leaves them alone otherwise.
    ///
    /// # Errors
    /// The inputs cannot be traced. The model is not on an autodiff device ([`Module::train`]), which is how Burn tells
    /// training from evaluation.
    pub fn update_statistics(&self, model: &M, inputs: I) -> Result<(), TraceError> {
        if !model.devices().iter().all(Device::is_autodiff) {
            return Err(TraceError::NotTraining);
        }
        // Whatever is wrong with the shapes is an error there, and not a panic here.
        self.graph(model, inputs.shapes())?;
        let _ = (self.forward)(model, inputs.with_autodiff());
        Ok(())
    }
}

impl<M, I: Inputs> Network<M, I> {
    /// Number of trainable numbers `p` that the output depends on.
    pub fn parameter_count(&self) -> usize {
        self.first.parameter_count()
    }

    /// Outputs per example `k`: the product of the output's trailing axes.
    pub fn outputs_per_example(&self) -> usize {
        self.first.outputs
    }

    /// The operation that mixes the examples of a batch, and its place, if there is one. The Gram matrix cannot be
    /// assembled for such a network, and conjugate gradient is used. (For the shapes the network was first traced with: a
    /// single example has nobody to mix with.)
    pub fn mixes_examples(&self) -> Option<String> {
        self.first.mixing.map(|node| format!("`{}` {}", self.first.nodes[node].recorded.name, self.first.place(node)))
    }

    /// The graph of the shapes that the network was first traced with.
    pub(crate) fn first_graph(&self) -> &Graph {
        &self.first
    }
}
