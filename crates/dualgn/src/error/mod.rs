//! Everything that can go wrong, one enum a layer. Each message says what failed, where, and what to do.

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

/// The device failed, for example because it ran out of memory.
#[derive(Debug, Error)]
#[error("the device failed while a result was read: {0}")]
pub struct DeviceError(String);

impl From<ExecutionError> for DeviceError {
    fn from(error: ExecutionError) -> Self {
        Self(error.to_string())
    }
}

/// Why a forward pass could not be turned into a graph.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum TraceError {
    /// The forward pass uses an operation that has no derivative rule here.
    #[error("cannot linearise `{operation}` {place}, input {shapes:?} (operation {index} of {count}): {reason}")]
    Unsupported {
        /// Burn's name of the operation.
        operation: String,
        /// Why not, and what to do instead.
        reason: &'static str,
        /// Where in the module it stands: the path of its parameters or of its neighbours.
        place: String,
        /// Shapes of its inputs.
        shapes: Vec<Vec<usize>>,
        /// Position among the recorded operations, from one.
        index: usize,
        /// How many operations were recorded.
        count: usize,
    },
    /// The forward pass reads tensor values (`into_data`, `into_scalar`, printing), so its operations depend on data.
    #[error(
        "the forward pass reads the value of a tensor while it is traced ({message}); \
         a traced forward pass must be tensor operations only, so branch on shapes instead"
    )]
    ReadsValues {
        /// What Burn said.
        message: String,
    },
    /// The forward pass uses a tensor that is not on the device of its input.
    #[error(
        "the forward pass combines tensors of different devices; make constants on the device of the input, \
         `&x.device()`, or keep them in the module ({message})"
    )]
    OtherDevice {
        /// What Burn said.
        message: String,
    },
    /// The forward pass panicked, usually since the input shape does not fit the model.
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
        /// Type found.
        dtype: String,
    },
    /// The first axis of the output is not the batch.
    #[error("the output of the network has shape {output:?}; its first axis must be the batch of {examples} examples")]
    OutputShape {
        /// Length of the batch.
        examples: usize,
        /// Shape of the output.
        output: Vec<usize>,
    },
    /// Running statistics move in training mode only.
    #[error("running statistics move in training mode only: the model must be on an autodiff device, `model.train()`")]
    NotTraining,
    /// The inputs have batches of different lengths.
    #[error(
        "the inputs {first:?} and {other:?} have different numbers of examples; the first axis of each is the batch"
    )]
    InputBatches {
        /// Shape of the first input.
        first: Vec<usize>,
        /// Shape of one that differs.
        other: Vec<usize>,
    },
    /// The output depends on parameters only through operations that are constant between their jumps.
    #[error(
        "the output of the network depends on its parameters only through `{operation}` {place}, whose derivative is zero \
         wherever it exists; return a smooth output"
    )]
    NoDerivative {
        /// Burn's name of the operation.
        operation: String,
        /// Where in the module it stands.
        place: String,
    },
    /// The output is the same for every input.
    #[error("the output of the network does not depend on its input; return what the forward pass makes of it")]
    IgnoresInput,
    /// The output does not depend on any trainable parameter.
    #[error(
        "the output of the network does not depend on any trainable parameter; \
         unfreeze one, and use the parameter itself and not a copy made before tracing"
    )]
    NoParameters,
    /// Two fields of the module hold copies of one parameter, which have its identity but values of their own.
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
        /// Shape found.
        shape: Vec<usize>,
    },
    /// A parameter is quantized or of a type that has no derivative here.
    #[error("parameter `{path}` is {dtype}; only f32 and f64 parameters can be trained")]
    ParameterType {
        /// Path of the parameter in the module.
        path: String,
        /// Type found.
        dtype: String,
    },
    /// Burn's recorder refused the graph.
    #[error("the forward pass could not be recorded: {message}")]
    Capture {
        /// What Burn said.
        message: String,
    },
}

/// Why a traced network could not be evaluated or multiplied with.
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
    /// A parameter changed its shape.
    #[error("parameter `{path}` has shape {found:?} but was traced with {expected:?}; trace the network again")]
    ParameterShape {
        /// Path of the parameter.
        path: String,
        /// Shape when traced.
        expected: Vec<usize>,
        /// Shape now.
        found: Vec<usize>,
    },
    /// Inputs and parameters are on different devices.
    #[error("parameter `{path}` is on {parameter} but the inputs are on {inputs}; move one of them")]
    Device {
        /// Path of the parameter.
        path: String,
        /// Its device.
        parameter: String,
        /// The device of the inputs.
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
        /// Device of one that differs.
        other: String,
    },
    /// A batch was to go through the network in parts, but its examples are not independent.
    #[error(
        "the examples of a batch mix in `{operation}` {place}: in parts it would compute something else; linearize the batch in \
         one piece"
    )]
    MixesExamples {
        /// The operation's name in Burn.
        operation: String,
        /// Where it is in the module.
        place: String,
    },
    /// Blocks take one input for each of their networks.
    #[error("{networks} blocks were given inputs for {inputs}; each network takes its own, in their order")]
    Blocks {
        /// Networks.
        networks: usize,
        /// Inputs.
        inputs: usize,
    },
    /// A vector of parameter space belongs to another network.
    #[error("the tangent is a vector of another network, or of one with other trainable parameters")]
    OtherNetwork,
    /// A vector has another shape than the product needs.
    #[error("{what} has shape {found:?}, but {expected:?} is needed")]
    Shape {
        /// Which argument.
        what: &'static str,
        /// Shape needed.
        expected: Vec<usize>,
        /// Shape found.
        found: Vec<usize>,
    },
}

/// Why targets do not fit a loss.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LossError {
    /// The targets have another shape than the outputs ask for.
    #[error("targets have shape {found:?}, but outputs of shape {outputs:?} need {expected}")]
    Shape {
        /// Shape of the outputs `[m, k]`.
        outputs: Vec<usize>,
        /// Shape of the targets.
        found: Vec<usize>,
        /// What is needed, in words.
        expected: String,
    },
    /// A class index is negative or not below the number of outputs.
    #[error("target {index} is class {class}, but the network has {classes} outputs (classes 0 to {})", classes - 1)]
    ClassRange {
        /// Which example.
        index: usize,
        /// The class found.
        class: i64,
        /// Number of outputs.
        classes: usize,
    },
    /// A target is NaN or infinite.
    #[error("target {index} is {value}; targets must be finite numbers")]
    NotFinite {
        /// Position in the flattened targets.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// A target lies outside the range the loss is defined for.
    #[error("target {index} is {value}, but this loss needs {expected}")]
    Range {
        /// Position in the flattened targets.
        index: usize,
        /// The value found.
        value: f64,
        /// What is needed, in words.
        expected: &'static str,
    },
    /// A parameter of the loss itself makes no sense.
    #[error("the {name} of the loss is {value}, but it must be {expected}")]
    Parameter {
        /// Which parameter.
        name: &'static str,
        /// The value found.
        value: f64,
        /// What is needed, in words.
        expected: &'static str,
    },
    /// The number of outputs does not fit the loss.
    #[error("the network has {found} outputs per example, but this loss needs {expected}")]
    Outputs {
        /// Outputs found.
        found: usize,
        /// What is needed, in words.
        expected: &'static str,
    },
}

/// Why no direction could be computed.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DirectionError {
    /// The damping is not a positive finite number.
    #[error("damping must be positive and finite, got {0}")]
    Damping(f64),
    /// A number of the batch is NaN or infinite.
    #[error(
        "entry {entry} of example {example} of input {input} is {value} (all counted from 0); the inputs of a network must be finite \
         numbers"
    )]
    InputNotFinite {
        /// Which of the network's inputs; those of several networks are counted on.
        input: usize,
        /// The example, its position along the first axis.
        example: usize,
        /// Position in the flattened example.
        entry: usize,
        /// The value found.
        value: f64,
    },
    /// A parameter is NaN or infinite.
    #[error("entry {entry} of the parameter `{path}` is {value}; start again from the last good weights")]
    ParameterNotFinite {
        /// Path of the parameter in the module.
        path: String,
        /// Position in the flattened parameter.
        entry: usize,
        /// The value found.
        value: f64,
    },
    /// The network overflows: inputs and parameters are finite, and an output is not.
    #[error(
        "output {output} of example {example} is {value}, though inputs and parameters are finite; the largest parameter is {largest:e}, \
         in `{path}`"
    )]
    OutputNotFinite {
        /// The example.
        example: usize,
        /// The output within it.
        output: usize,
        /// The value found.
        value: f64,
        /// Path of the parameter with the largest entry.
        path: String,
        /// Size of that entry.
        largest: f64,
    },
    /// A quantity that follows from the outputs is not finite, though they are: the loss, its gradient, the direction.
    #[error(
        "{what} is not finite at the current weights; lower the step or raise the damping, then start from the last good weights"
    )]
    NotFinite {
        /// Which quantity.
        what: &'static str,
    },
    /// The relative residual or gap at which a solver stops is negative or not finite.
    #[error("the tolerance of a solver must be finite and not negative, got {0}")]
    Tolerance(f64),
    /// The second-order model of a piecewise linear loss is the loss's gradient.
    #[error(
        "the loss has no curvature, so its quadratic model would be the plain gradient; use the prox-linear model, \
         `Model::PROX_LINEAR`, or a smoothed loss (squared or smoothed hinge, Huber)"
    )]
    NoCurvature,
    /// Fast Gauss-Newton was asked of a loss without a margin.
    #[error(
        "fast Gauss-Newton needs softmax cross-entropy with one class an example as target; use the quadratic model for \
         other losses and for soft or smoothed labels"
    )]
    NoMargin,
    /// A loss without curvature does not say how its dual variables are updated.
    #[error(
        "the loss has neither curvature nor dual updates, and the prox-linear model needs one of them: implement \
         `ConvexLoss::dual_update`"
    )]
    NoDualUpdate,
    /// The budget of the prox-linear solver ended before any decrease.
    #[error("the prox-linear model does not decrease after {iterations} iterations; raise their number or the damping")]
    NoDecrease {
        /// Iterations made.
        iterations: usize,
    },
    /// The Gram matrix needs independent examples, and the network mixes them.
    #[error(
        "the Gram matrix cannot be assembled: `{operation}` {place} mixes the examples of a batch; \
         use the conjugate-gradient solver, or the module's evaluation mode"
    )]
    MixesExamples {
        /// Name of the operation.
        operation: String,
        /// Where it stands.
        place: String,
    },
    /// A matrix exceeds the memory budget.
    #[error(
        "the {matrix} matrix of {rows} rows needs about {needed_mib} MiB, more than the budget of {budget_mib} MiB; without \
         it go conjugate gradient by products and, for classes, the fast model with one row an example; or raise the budget{}",
        .fitting.map_or(String::new(), |examples| format!(", or take a batch of at most about {examples} examples"))
    )]
    Memory {
        /// Gram, or normal.
        matrix: &'static str,
        /// Rows: `mk`, or `p`.
        rows: usize,
        /// Estimate in MiB.
        needed_mib: usize,
        /// Budget in MiB.
        budget_mib: usize,
        /// Examples whose matrix fits, if any.
        fitting: Option<usize>,
    },
    /// The solver has no such route.
    #[error("the solver does not go on the route \"{route}\"; leave the route or the solver to be chosen")]
    Route {
        /// The route in words.
        route: &'static str,
    },
    /// A metric with a solver that assembles a matrix.
    #[error(
        "a metric needs products with the Jacobian; leave solver and route to be chosen, or take conjugate gradient"
    )]
    Metric,
    /// A primal route for the prox-linear model.
    #[error("the prox-linear model is solved in the dual; take a dual route, or a second-order model")]
    Primal,
    /// The factorisation broke down: the Gram matrix is not finite or far from positive semidefinite.
    #[error("the Cholesky factorisation failed at pivot {pivot}; raise the damping or use f64")]
    Factorisation {
        /// Index of the bad pivot.
        pivot: usize,
    },
    /// The eigenvalues could not be found: the Gram matrix is not finite.
    #[error("the eigenvalues of the dual system cannot be computed: the Gram matrix is not finite")]
    Eigenvalues,
    /// The solution is not a descent direction although the gradient is not zero.
    #[error("the direction does not descend (slope {slope:e}); raise the damping or use f64")]
    Ascent {
        /// `⟨∇L, d⟩`.
        slope: f64,
    },
}
