//! [`LayerDescription`]: a layer in words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", deny_unknown_fields, rename_all = "kebab-case")]
pub enum LayerDescription {
    /// `x W + b`, on every token of a sequence
    Dense {
        /// Outputs
        units: usize,
        /// Whether there is a `b`
        #[serde(default = "yes")]
        bias: bool,
    },
    /// A convolution, of images or along a sequence
    Conv {
        /// Outputs
        channels: usize,
        /// Pixels of a side of the window
        kernel: usize,
        /// Pixels from one window to the next
        #[serde(default = "one")]
        stride: usize,
        /// Zeros around the image; without it, as many as keep its size at a stride of 1
        #[serde(default, skip_serializing_if = "Option::is_none")]
        padding: Option<usize>,
    },
    /// The largest value of each window
    MaxPool {
        /// Pixels of a side of the window
        size: usize,
        /// Pixels from one window to the next; without it, the size
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<usize>,
    },
    /// The mean of each window
    AveragePool {
        /// Pixels of a side of the window
        size: usize,
        /// Pixels from one window to the next; without it, the size
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<usize>,
    },
    /// The mean of all pixels or tokens
    GlobalAverage,
    /// All numbers of an example in one row
    Flatten,
    /// Layer normalisation of the last axis
    LayerNorm,
    /// Root-mean-square normalisation of the last axis
    RmsNorm,
    /// Group normalisation of the channels
    GroupNorm {
        /// Groups
        groups: usize,
    },
    /// Batch normalisation by its running statistics, which stay as they are: 0 and 1, or those of weights that are read
    BatchNorm,
    /// `max(x, 0)`
    Relu,
    /// The hyperbolic tangent
    Tanh,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `x Φ(x)`
    Gelu,
    /// `x / (1 + e⁻ˣ)`
    Silu,
    /// `ln(1 + eˣ)`
    Softplus,
    /// `sin(frequency x)`
    Sine {
        /// The factor
        #[serde(default = "unit")]
        frequency: f64,
    },
    /// Layers whose result is added to what goes in
    Residual {
        /// The layers
        layers: Vec<LayerDescription>,
    },
    /// A vector for each token
    Embedding {
        /// How many different tokens there are
        vocabulary: usize,
        /// Length of a vector
        width: usize,
        /// Whether a vector for each position is added
        #[serde(default)]
        positions: bool,
    },
    /// Multi-head attention of a sequence to itself
    Attention {
        /// Heads
        heads: usize,
        /// Whether tokens see only those before them
        #[serde(default)]
        causal: bool,
    },
    /// A long short-term memory along a sequence
    Lstm {
        /// Outputs
        units: usize,
        /// Whether only the last token's outputs go on
        #[serde(default = "yes")]
        last: bool,
    },
    /// A gated recurrent unit along a sequence
    Gru {
        /// Outputs
        units: usize,
        /// Whether only the last token's outputs go on
        #[serde(default = "yes")]
        last: bool,
    },
}

fn yes() -> bool {
    true
}
fn one() -> usize {
    1
}
fn unit() -> f64 {
    1.0
}

impl LayerDescription {
    /// The value of `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Conv { .. } => "conv",
            Self::MaxPool { .. } => "max-pool",
            Self::AveragePool { .. } => "average-pool",
            Self::GlobalAverage => "global-average",
            Self::Flatten => "flatten",
            Self::LayerNorm => "layer-norm",
            Self::RmsNorm => "rms-norm",
            Self::GroupNorm { .. } => "group-norm",
            Self::BatchNorm => "batch-norm",
            Self::Relu => "relu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
            Self::Softplus => "softplus",
            Self::Sine { .. } => "sine",
            Self::Residual { .. } => "residual",
            Self::Embedding { .. } => "embedding",
            Self::Attention { .. } => "attention",
            Self::Lstm { .. } => "lstm",
            Self::Gru { .. } => "gru",
        }
    }
}
