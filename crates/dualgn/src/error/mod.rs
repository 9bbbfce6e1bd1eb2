//! All errors of the crate, one enum per layer. Each message says what failed, where, and what to do.

mod fault;

use burn::backend::ExecutionError;
use thiserror::Error;

pub use fault::Fault;

/// Any error of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The network could not be traced.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Inputs or parameters do not fit the traced network.
    #[error(transparent)]
    Linearize(#[from] LinearizeError),
    /// Targets do not fit the loss.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// The direction could not be computed.
    #[error(transparent)]
    Direction(#[from] DirectionError),
    /// The device failed while a value was read back.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// A failure of the device, for example because it ran out of memory.
#[derive(Debug, Error)]
#[error("the device failed while a result was read: {0}")]
pub struct DeviceError(String);

impl From<ExecutionError> for DeviceError {
    fn from(error: ExecutionError) -> Self {
        Self(error.to_string())
    }
}

/// An error of recording a forward pass as a graph.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum TraceError {
    /// The forward pass uses an operation that has no derivative rule in this crate.
    #[error("cannot linearise `{operation}` {place}, input {shapes:?} (operation {index} of {count}): {reason}")]
    Unsupported {
        /// Burn's name of the operation.
        operation: String,
        /// Why it is not supported, and what to do instead.
        reason: &'static str,
        /// Where the operation is in the module: the path of its parameters or of the nearest ones.
        place: String,
        /// Shapes of the inputs of the operation.
        shapes: Vec<Vec<usize>>,
        /// Position among the recorded operations, starting from one.
        index: usize,
        /// Number of recorded operations.
        count: usize,
    },
    /// The forward pass reads tensor values (`into_data`, `into_scalar`, printing), so its operations depend on data.
    #[error(
        "the forward pass reads the value of a tensor while it is traced ({message}); \
         a traced forward pass must be tensor operations only, so branch on shapes instead"
    )]
    ReadsValues {
        /// Burn's message.
        message: String,
    },
    /// The forward pass uses a tensor that is not on the device of its input.
    #[error(
        "the forward pass combines tensors of different devices; make constants on the device of the input, \
         `&x.device()`, or keep them in the module ({message})"
    )]
    OtherDevice {
        /// Burn's message.
        message: String,
    },
    /// The forward pass panicked, usually because the input shape does not fit the model.
    #[error("the forward pass panicked while it was traced with inputs {shapes:?}: {message}")]
    Panicked {
        /// Shapes of the traced inputs.
        shapes: Vec<Vec<usize>>,
        /// The panic message.
        message: String,
    },
    /// The output is not a floating-point tensor.
    #[error("the output of the network is {dtype}, but only f32 and f64 outputs can be linearised")]
    OutputType {
        /// The type of the output.
        dtype: String,
    },
    /// The first axis of the output is not the batch.
    #[error("the output of the network has shape {output:?}; its first axis must be the batch of {examples} examples")]
    OutputShape {
        /// Number of examples in the batch.
        examples: usize,
        /// Shape of the output.
        output: Vec<usize>,
    },
    /// The model is not in training mode, which updating running statistics requires.
    #[error(
        "running statistics are updated in training mode only; put the model on an autodiff device with `model.train()`"
    )]
    NotTraining,
    /// The inputs have batches of different lengths.
    #[error(
        "the inputs {first:?} and {other:?} have different numbers of examples; the first axis of each is the batch"
    )]
    InputBatches {
        /// Shape of the first input.
        first: Vec<usize>,
        /// Shape of an input that differs.
        other: Vec<usize>,
    },
    /// The output depends on parameters only through piecewise constant operations, whose derivative is zero.
    #[error(
        "the output of the network depends on its parameters only through `{operation}` {place}, whose derivative is zero \
         wherever it exists; return a smooth output"
    )]
    NoDerivative {
        /// Burn's name of the operation.
        operation: String,
        /// Where the operation is in the module.
        place: String,
    },
    /// The output is the same for every input.
    #[error("the output of the network does not depend on its input; return a function of the input")]
    IgnoresInput,
    /// The output does not depend on any trainable parameter.
    #[error(
        "the output of the network does not depend on any trainable parameter; \
         unfreeze one, and use the parameter itself, not a copy made before tracing"
    )]
    NoParameters,
    /// Two fields of the module hold copies of one parameter, with the same identity but separate values.
    #[error(
        "`{first}` and `{second}` are copies of one parameter: they share its identity but not its values once one of them \
         is updated; to tie weights use one field twice, for separate weights initialise each"
    )]
    CopiedParameter {
        /// Path of one field.
        first: String,
        /// Path of the other.
        second: String,
    },
    /// The batch is empty or the input has no axes.
    #[error("the input shape {shape:?} is empty; the first axis is the batch, and no axis may have length zero")]
    EmptyInput {
        /// The empty shape.
        shape: Vec<usize>,
    },
    /// A trainable parameter is not f32 or f64, for example because it is quantized, or has another float type than the
    /// others.
    #[error("parameter `{path}` is {dtype}; only f32 and f64 parameters can be trained")]
    ParameterType {
        /// Path of the parameter in the module.
        path: String,
        /// The type of the parameter.
        dtype: String,
    },
    /// Burn's recorder refused the graph.
    #[error("the forward pass could not be recorded: {message}")]
    Capture {
        /// Burn's message.
        message: String,
    },
}

/// An error of evaluating a traced network, or of a product with its Jacobian.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LinearizeError {
    /// The model has no such parameter: it is not the model that was traced.
    #[error(
        "parameter `{path}` of the traced network is missing from this model; \
         trace the model you train, since cloning keeps parameter identities but building anew does not"
    )]
    MissingParameter {
        /// Path of the parameter when the network was traced.
        path: String,
    },
    /// A parameter has another shape than when the network was traced.
    #[error("parameter `{path}` has shape {found:?} but was traced with {expected:?}; trace the network again")]
    ParameterShape {
        /// Path of the parameter.
        path: String,
        /// Shape when the network was traced.
        expected: Vec<usize>,
        /// Shape in the model.
        found: Vec<usize>,
    },
    /// Inputs and parameters are on different devices.
    #[error("parameter `{path}` is on {parameter} but the inputs are on {inputs}; move one of them")]
    Device {
        /// Path of the parameter.
        path: String,
        /// Device of the parameter.
        parameter: String,
        /// Device of the inputs.
        inputs: String,
    },
    /// Inputs and parameters have different float types.
    #[error("the inputs are {inputs} but the network was traced with {network}; convert one of them")]
    InputType {
        /// Type of the inputs.
        inputs: String,
        /// Type in the traced network.
        network: String,
    },
    /// The inputs are on different devices.
    #[error("the inputs are on different devices, {first} and {other}; move one of them")]
    InputDevices {
        /// Device of the first input.
        first: String,
        /// Device of an input that differs.
        other: String,
    },
    /// A batch was to be processed in parts, but the network mixes its examples.
    #[error(
        "`{operation}` {place} mixes the examples of a batch, so that processing it in parts would change the result; linearise the \
         batch in one piece"
    )]
    MixesExamples {
        /// Burn's name of the operation.
        operation: String,
        /// Where the operation is in the module.
        place: String,
    },
    /// The number of inputs differs from that of the networks in [`Blocks`](crate::Blocks), or there are no networks.
    #[error(
        "there are {networks} networks and {inputs} inputs; give each network one input, in the order of the networks"
    )]
    Blocks {
        /// Number of networks.
        networks: usize,
        /// Number of inputs.
        inputs: usize,
    },
    /// A vector in parameter space belongs to another network.
    #[error("the vector belongs to another network, or to one with other trainable parameters")]
    OtherNetwork,
    /// A vector does not have the shape that the product needs.
    #[error("{what} has shape {found:?}, but {expected:?} is needed")]
    Shape {
        /// The argument with the wrong shape.
        what: &'static str,
        /// Shape that is needed.
        expected: Vec<usize>,
        /// Shape that was given.
        found: Vec<usize>,
    },
}

/// An error of a loss: its parameters, the number of outputs, or the targets do not fit.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LossError {
    /// The shape of the targets does not fit that of the outputs.
    #[error("targets have shape {found:?}, but outputs of shape {outputs:?} need {expected}")]
    Shape {
        /// Shape of the outputs `[m, k]`.
        outputs: Vec<usize>,
        /// Shape of the targets.
        found: Vec<usize>,
        /// The shape that is needed, in words.
        expected: String,
    },
    /// A class index is negative, or not less than the number of outputs.
    #[error("target {index} is class {class}, but the network has {classes} outputs (classes 0 to {})", classes - 1)]
    ClassRange {
        /// Index of the example.
        index: usize,
        /// The class of the target.
        class: i64,
        /// Number of outputs.
        classes: usize,
    },
    /// A target is NaN or infinite.
    #[error("target {index} is {value}; targets must be finite numbers")]
    NotFinite {
        /// Position in the flattened targets.
        index: usize,
        /// Value of the target.
        value: f64,
    },
    /// A target is outside the range for which the loss is defined.
    #[error("target {index} is {value}, but this loss needs {expected}")]
    Range {
        /// Position in the flattened targets.
        index: usize,
        /// Value of the target, or of the sum or weight that `expected` describes.
        value: f64,
        /// The values that are allowed, in words.
        expected: &'static str,
    },
    /// A parameter of the loss itself is invalid.
    #[error("the {name} of the loss is {value}, but it must be {expected}")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Value of the parameter.
        value: f64,
        /// The values that are allowed, in words.
        expected: &'static str,
    },
    /// The loss cannot take this number of outputs per example.
    #[error("the network has {found} outputs per example, but this loss needs {expected}")]
    Outputs {
        /// Outputs per example of the network.
        found: usize,
        /// The numbers of outputs that the loss can take, in words.
        expected: &'static str,
    },
}

/// An error of computing a direction.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DirectionError {
    /// The damping is not a positive finite number.
    #[error("damping must be positive and finite, got {0}")]
    Damping(f64),
    /// An entry of the inputs is NaN or infinite.
    #[error(
        "entry {entry} of example {example} of input {input} is {value} (all counted from 0); the inputs of a network must be finite \
         numbers"
    )]
    InputNotFinite {
        /// Index of the input of the network; the inputs of several networks are numbered consecutively.
        input: usize,
        /// Index of the example, its position along the first axis.
        example: usize,
        /// Position in the flattened example.
        entry: usize,
        /// Value of the entry.
        value: f64,
    },
    /// A parameter is NaN or infinite.
    #[error("entry {entry} of the parameter `{path}` is {value}; start again from the last good weights")]
    ParameterNotFinite {
        /// Path of the parameter in the module.
        path: String,
        /// Position in the flattened parameter.
        entry: usize,
        /// Value of the entry.
        value: f64,
    },
    /// An output of the network is NaN or infinite although its inputs and parameters are finite.
    #[error(
        "output {output} of example {example} is {value}, though inputs and parameters are finite; the largest parameter is {largest:e}, \
         in `{path}`"
    )]
    OutputNotFinite {
        /// Index of the example.
        example: usize,
        /// Index of the output within the example.
        output: usize,
        /// Value of the output.
        value: f64,
        /// Path of the parameter with the largest entry.
        path: String,
        /// Absolute value of that entry.
        largest: f64,
    },
    /// The loss, its gradient or the direction is not finite although inputs, parameters and outputs are.
    #[error(
        "{what} is not finite at the current weights; lower the step or raise the damping, then start from the last good weights"
    )]
    NotFinite {
        /// Name of the quantity.
        what: &'static str,
    },
    /// The tolerance of a solver, a relative residual or duality gap, is negative or not finite.
    #[error("the tolerance of a solver must be finite and nonnegative, got {0}")]
    Tolerance(f64),
    /// The quadratic model was requested for a loss without curvature, for which it would be the plain gradient.
    #[error(
        "the loss has no curvature, so its quadratic model would be the plain gradient; use the prox-linear model, \
         `LossModel::PROX_LINEAR`, or a smoothed loss (squared or smoothed hinge, Huber)"
    )]
    NoCurvature,
    /// Fast Gauss-Newton was requested for a loss, or for targets, without a margin.
    #[error(
        "fast Gauss-Newton needs softmax cross-entropy with one class per example as target; use the quadratic model for \
         other losses and for soft or smoothed labels"
    )]
    NoMargin,
    /// The prox-linear model was requested for a loss that has neither curvature nor dual updates.
    #[error(
        "the loss has neither curvature nor dual updates, and the prox-linear model needs one of them: implement \
         `ConvexLoss::dual_update`"
    )]
    NoDualUpdate,
    /// The prox-linear solver exhausted its budget before the model decreased.
    #[error("the prox-linear model does not decrease after {iterations} iterations; raise their number or the damping")]
    NoDecrease {
        /// Number of iterations.
        iterations: usize,
    },
    /// The solver needs an assembled matrix, but the network mixes the examples of a batch.
    #[error(
        "the Gram matrix cannot be assembled: `{operation}` {place} mixes the examples of a batch; \
         use the conjugate-gradient solver, or the module's evaluation mode"
    )]
    MixesExamples {
        /// Burn's name of the operation.
        operation: String,
        /// Where the operation is in the module.
        place: String,
    },
    /// An assembled matrix would exceed the memory budget.
    #[error(
        "the {matrix} matrix of {rows} rows needs about {needed_mib} MiB, more than the budget of {budget_mib} MiB; use \
         conjugate gradient by products or, for classes, fast Gauss-Newton with one row per example, or raise the budget{}",
        .fitting.map_or(String::new(), |examples| format!(", or take a batch of at most about {examples} examples"))
    )]
    Memory {
        /// Kind of the matrix, `"Gram"` or `"normal"`.
        matrix: &'static str,
        /// Number of rows: `mr` with `r ≤ k` rows per example for the Gram matrix, `p` for the normal matrix.
        rows: usize,
        /// Estimated memory in MiB.
        needed_mib: usize,
        /// Memory budget in MiB.
        budget_mib: usize,
        /// Largest number of examples whose matrix fits the budget, if any.
        fitting: Option<usize>,
    },
    /// The solver does not support the route that is set.
    #[error("the solver does not support the route \"{route}\"; leave the route or the solver unset")]
    Route {
        /// Name of the route.
        route: &'static str,
    },
    /// A metric was combined with a solver or a route that assembles a matrix.
    #[error("a metric needs products with the Jacobian; leave solver and route unset, or use conjugate gradient")]
    Metric,
    /// The prox-linear model was combined with a primal route, or with an eigendecomposition.
    #[error("the prox-linear model is solved in the dual; use a dual route, or a second-order model")]
    Primal,
    /// The Cholesky factorisation failed: the Gram matrix is not finite or far from positive semidefinite.
    #[error("the Cholesky factorisation failed at pivot {pivot}; raise the damping or use f64")]
    Factorisation {
        /// Index of the failing pivot.
        pivot: usize,
    },
    /// The eigenvalues of the dual system could not be computed: the Gram matrix is not finite.
    #[error("the eigenvalues of the dual system cannot be computed: the Gram matrix is not finite")]
    Eigenvalues,
    /// The solution is not a descent direction although the gradient is not zero.
    #[error("the direction does not descend (slope {slope:e}); raise the damping or use f64")]
    Ascent {
        /// The slope `⟨∇L, d⟩`.
        slope: f64,
    },
}
