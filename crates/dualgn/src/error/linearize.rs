//! [`LinearizeError`]: what does not fit a traced network.

use thiserror::Error;

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
