//! From a Burn module to a [`Graph`]: the forward pass is recorded once per input shape and reused at any weights.

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
    Average, Binary, Bits, Cast, Comparison, Conv, Cumulate, Discrete, Fill, Index, Layout, Logic, Mask, Matmul, Norm,
    Op, Pool, Position, Random, Reduce, Rounding, Softmax, Taylor, Unary,
};
pub use stop::stop_gradient;
pub(crate) use uses::Use;

use crate::error::TraceError;

/// Number of input shapes that a network remembers. A training loop uses two or three: the batch, its last part, the
/// test set.
const REMEMBERED_SHAPES: usize = 8;

type Forward<M, I> = dyn Fn(&M, I) -> DispatchTensor + Send + Sync;

/// An operation that mixes the examples of a batch, and where it is in the module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mixing {
    /// The operation's name in Burn.
    pub operation: String,
    /// Its place, such as "at `layers.0`".
    pub place: String,
}

impl std::fmt::Display for Mixing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`{}` {}", self.operation, self.place)
    }
}

/// The traced forward pass of a Burn module.
///
/// The module `M` itself is not stored: the weights are read from the model given with each call. `I` is the type of
/// the input: a tensor or a tuple of tensors, of floats, integers or booleans, the first axis of each being the batch
/// ([`Inputs`]). The output may have any rank: the outputs of an example are its flattened trailing axes. Cloning is
/// cheap and shares the traces.
///
/// The module is traced in evaluation mode ([`Module::valid`]): dropout does nothing, and batch normalisation uses its
/// running statistics. [`Tracing`] has other options. Parameters that do not require gradients are constants. Burn's
/// `detach` is not recorded, so use [`stop_gradient`] instead.
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

/// Options for tracing a network; [`Network::trace`] uses the defaults.
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
    /// Creates the default options: evaluation mode, and no random numbers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes batch normalisation use the mean and variance of the batch, as in training, and differentiates through
    /// them.
    ///
    /// The examples of a batch are then coupled: the Gram matrix cannot be assembled, and directions are computed by
    /// conjugate gradient. Layers whose training flag is off ([`Module::freeze`]) keep their running statistics.
    /// Linearising does not change the running statistics; [`Network::update_statistics`] updates them, once for each
    /// accepted step.
    pub fn batch_statistics(mut self) -> Self {
        self.choices.batch_statistics = true;
        self
    }

    /// Allows the forward pass to draw random numbers, as a dropout written in tensor operations does. Each
    /// [`Network::linearize`] and each direction draws them anew and then keeps them fixed, so that every product with
    /// the Jacobian uses the same numbers.
    ///
    /// (Burn's own `Dropout` layer draws on autodiff devices only, so it does nothing in a traced network. To train
    /// with dropout, pass a mask as a second input or draw one in the forward pass.)
    pub fn random(mut self) -> Self {
        self.choices.random = true;
        self
    }

    /// Traces `forward` with these options, as [`Network::trace`] does with the defaults.
    ///
    /// # Errors
    /// Returns the errors of [`Network::trace`].
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
    /// `forward` runs once, on a device that records operations instead of executing them. Other input shapes are
    /// traced when they first occur; the last eight shapes are remembered.
    ///
    /// # Errors
    /// * Returns `TraceError::Unsupported` if the forward pass uses an operation without a derivative rule; the error
    ///   names the operation and its place in the module.
    /// * Returns `TraceError::ReadsValues` if the forward pass reads the values of tensors, and `OtherDevice` if it
    ///   uses a tensor on another device than its input.
    /// * Returns `TraceError::Panicked` if the forward pass panics, usually because a shape does not fit, and `Capture`
    ///   if Burn cannot record it.
    /// * Returns `TraceError::OutputType` if the output is not f32 or f64, and `OutputShape` if its first axis is not
    ///   the batch.
    /// * Returns `TraceError::EmptyInput` if an input has no axes or an axis of length zero, and `InputBatches` if the
    ///   inputs have different numbers of examples.
    /// * Returns `TraceError::NoDerivative`, `IgnoresInput` or `NoParameters` if the output does not depend on the
    ///   parameters through a differentiable operation, on the input, or on a trainable parameter.
    /// * Returns `TraceError::CopiedParameter` if two fields of the module are copies of one parameter, and
    ///   `ParameterType` if a trainable parameter is not f32 or f64, or the trainable parameters have different float
    ///   types.
    pub fn trace<F, const E: usize>(model: &M, forward: F, shapes: I::Shapes) -> Result<Self, TraceError>
    where
        F: Fn(&M, I) -> Tensor<E> + Send + Sync + 'static,
    {
        Tracing::new().network(model, forward, shapes)
    }

    /// The graph for inputs of these shapes; traced now if it is not known yet.
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

    /// Updates the running statistics of the model's batch normalisations with those of this batch, by one forward pass
    /// in training mode. Call it once for each accepted step, with the batch of that step. A network traced with
    /// [`Tracing::batch_statistics`] does not update them otherwise.
    ///
    /// # Errors
    /// Returns `TraceError::NotTraining` if the model is not on an autodiff device ([`Module::train`]), which is how
    /// Burn distinguishes training from evaluation, and the errors of [`Network::trace`] if the inputs cannot be
    /// traced.
    pub fn update_statistics(&self, model: &M, inputs: I) -> Result<(), TraceError> {
        if !model.devices().iter().all(Device::is_autodiff) {
            return Err(TraceError::NotTraining);
        }
        // If the shapes do not fit, this is an error, whereas the forward pass below would panic.
        self.graph(model, inputs.shapes())?;
        let _ = (self.forward)(model, inputs.with_autodiff());
        Ok(())
    }
}

impl<M, I: Inputs> Network<M, I> {
    /// Returns the number of trainable numbers `p` that the output depends on.
    pub fn parameter_count(&self) -> usize {
        self.first.parameter_count()
    }

    /// Returns the number of outputs per example `k`, the product of the output's trailing axes.
    pub fn outputs_per_example(&self) -> usize {
        self.first.outputs
    }

    /// Returns the operation that mixes the examples of a batch, and its place in the module, or `None` if the examples
    /// are independent. For a network that mixes examples the Gram matrix cannot be assembled, so conjugate gradient is
    /// used. The answer is for the shapes that the network was first traced with: a batch of one example never mixes.
    pub fn mixes_examples(&self) -> Option<Mixing> {
        let mixing = |node: usize| Mixing {
            operation: self.first.nodes[node].recorded.name.into(),
            place: self.first.place(node),
        };
        self.first.mixing.map(mixing)
    }

    /// The graph of the shapes that the network was first traced with.
    pub(crate) fn first_graph(&self) -> &Graph {
        &self.first
    }
}
