//! [`TraceError`]: what can be wrong with a forward pass that is recorded.

use thiserror::Error;

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
