//! [`Description`]: a network in words, as a TOML file has it and a trained model keeps it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

/// A network: a list of layers, or a preset that stands for one.
///
/// ```toml
/// input = [1, 28, 28]          # channels, rows, columns
///
/// [[layers]]
/// type = "conv"
/// channels = 8
/// kernel = 3
///
/// [[layers]]
/// type = "relu"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Description {
    /// The shape of an example: `[features]`, `[length]` of a sequence of tokens, `[length, width]`, or `[channels, rows, columns]`;
    /// without it, whatever the data have
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Vec<usize>>,
    /// Numbers that an example leads to; without it, whatever the targets need. A last dense layer makes them of the layers below
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<usize>,
    /// A preset instead of layers
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// The layers below the last one, from the inputs on
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerDescription>,
}

/// Networks with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", deny_unknown_fields, rename_all = "kebab-case")]
pub enum Preset {
    /// Dense layers
    Mlp {
        /// Their widths
        #[serde(default = "Preset::usual_widths")]
        hidden: Vec<usize>,
        /// What stands between them
        #[serde(default)]
        activation: Activation,
    },
    /// Residual blocks of normalised dense layers, for tables (Gorishniy et al., 2021)
    ResnetTabular {
        /// Width of the blocks
        #[serde(default = "Preset::usual_width")]
        width: usize,
        /// How many
        #[serde(default = "Preset::usual_blocks")]
        blocks: usize,
    },
    /// Two convolutions of 8 and 16 channels with pooling, for images
    Cnn {
        /// What stands between them
        #[serde(default)]
        activation: Activation,
    },
    /// Two convolutions with pooling and dense layers of 120 and 84, for images (LeCun et al., 1998)
    Lenet {
        /// What stands between them
        #[serde(default)]
        activation: Activation,
    },
    /// Sines of dense layers, for functions of space (Sitzmann et al., 2020)
    Siren {
        /// Widths of the layers
        #[serde(default = "Preset::usual_widths")]
        hidden: Vec<usize>,
        /// Factor of the first layer
        #[serde(default = "Preset::usual_frequency")]
        frequency: f64,
    },
    /// Attention blocks on tokens
    TransformerTiny {
        /// How many different tokens there are
        vocabulary: usize,
        /// Width of a token
        #[serde(default = "Preset::usual_token")]
        width: usize,
        /// Heads of attention
        #[serde(default = "Preset::usual_heads")]
        heads: usize,
        /// Blocks of attention and two dense layers
        #[serde(default = "Preset::usual_blocks")]
        blocks: usize,
    },
}

impl Preset {
    fn usual_widths() -> Vec<usize> {
        vec![64, 64]
    }
    fn usual_width() -> usize {
        64
    }
    fn usual_blocks() -> usize {
        2
    }
    fn usual_frequency() -> f64 {
        10.0
    }
    fn usual_token() -> usize {
        32
    }
    fn usual_heads() -> usize {
        4
    }
}

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

/// What stands between the layers of a preset.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    JsonSchema,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(x, 0)`
    #[default]
    Relu,
    /// The hyperbolic tangent
    Tanh,
    /// `x Φ(x)`
    Gelu,
    /// `x / (1 + e⁻ˣ)`
    Silu,
}

impl Activation {
    /// The layer.
    pub fn layer(self) -> LayerDescription {
        match self {
            Self::Relu => LayerDescription::Relu,
            Self::Tanh => LayerDescription::Tanh,
            Self::Gelu => LayerDescription::Gelu,
            Self::Silu => LayerDescription::Silu,
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        self.layer().name()
    }
}

/// Blocks of a preset at most: more than any network has.
const BLOCKS: usize = 1000;

impl Description {
    /// Dense layers of some widths.
    pub fn mlp(hidden: &[usize], activation: Activation) -> Self {
        Self { preset: Some(Preset::Mlp { hidden: hidden.to_vec(), activation }), ..Self::default() }
    }

    /// The convolutional preset.
    pub fn cnn() -> Self {
        Self { preset: Some(Preset::Cnn { activation: Activation::Relu }), ..Self::default() }
    }

    /// In a few words, such as `layers 10-32-32-1` of dense ones, or the types of the layers.
    pub fn words(&self, inputs: usize, outputs: usize) -> String {
        match &self.preset {
            Some(Preset::Mlp { hidden, .. }) => {
                let widths: Vec<String> =
                    [&[inputs], hidden.as_slice(), &[outputs]].concat().iter().map(ToString::to_string).collect();
                format!("layers {}", widths.join("-"))
            }
            Some(preset) => preset.name().into(),
            None => {
                let names: Vec<&str> = self.layers.iter().map(LayerDescription::name).chain(["dense"]).collect();
                names.join(", ")
            }
        }
    }

    /// The layers, a preset's written out; or what is wrong with a preset.
    pub fn written_out(&self) -> Result<Vec<LayerDescription>, String> {
        match &self.preset {
            Some(Preset::ResnetTabular { blocks, .. } | Preset::TransformerTiny { blocks, .. }) if *blocks > BLOCKS => {
                Err(format!("`blocks` should be at most {BLOCKS}, found {blocks}"))
            }
            Some(preset) => Ok(preset.layers()),
            None => Ok(self.layers.clone()),
        }
    }
}

impl Preset {
    /// The name of a preset.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mlp { .. } => "mlp",
            Self::ResnetTabular { .. } => "resnet-tabular",
            Self::Cnn { .. } => "cnn",
            Self::Lenet { .. } => "lenet",
            Self::Siren { .. } => "siren",
            Self::TransformerTiny { .. } => "transformer-tiny",
        }
    }

    /// Whether it is for images.
    pub fn is_for_images(&self) -> bool {
        matches!(self, Self::Cnn { .. } | Self::Lenet { .. })
    }

    /// What it stands for.
    fn layers(&self) -> Vec<LayerDescription> {
        use LayerDescription as Layer;
        let dense = |units| Layer::Dense { units, bias: true };
        match *self {
            Self::Mlp { ref hidden, activation } => {
                hidden.iter().flat_map(|&units| [dense(units), activation.layer()]).collect()
            }
            Self::ResnetTabular { width, blocks } => {
                let block = Layer::Residual { layers: vec![Layer::LayerNorm, dense(width), Layer::Relu, dense(width)] };
                let blocks = std::iter::repeat_n(block, blocks);
                [dense(width)].into_iter().chain(blocks).chain([Layer::LayerNorm, Layer::Relu]).collect()
            }
            Self::Cnn { activation } => {
                let block = |channels| {
                    let conv = Layer::Conv { channels, kernel: 3, stride: 1, padding: None };
                    [conv, activation.layer(), Layer::MaxPool { size: 2, stride: None }]
                };
                [block(8), block(16)].into_iter().flatten().collect()
            }
            Self::Lenet { activation } => {
                let conv = |channels, padding| Layer::Conv { channels, kernel: 5, stride: 1, padding: Some(padding) };
                let pool = || Layer::MaxPool { size: 2, stride: None };
                let between = || activation.layer();
                let images = [conv(6, 2), between(), pool(), conv(16, 0), between(), pool(), Layer::Flatten];
                images.into_iter().chain([dense(120), between(), dense(84), between()]).collect()
            }
            Self::Siren { ref hidden, frequency } => {
                let sine = |index| Layer::Sine { frequency: if index == 0 { frequency } else { 1.0 } };
                hidden.iter().enumerate().flat_map(|(index, &units)| [dense(units), sine(index)]).collect()
            }
            Self::TransformerTiny { vocabulary, width, heads, blocks } => {
                let block = [
                    Layer::Residual { layers: vec![Layer::LayerNorm, Layer::Attention { heads, causal: false }] },
                    Layer::Residual { layers: vec![Layer::LayerNorm, dense(4 * width), Layer::Gelu, dense(width)] },
                ];
                let blocks = std::iter::repeat_n(block, blocks).flatten();
                let tokens = Layer::Embedding { vocabulary, width, positions: true };
                [tokens].into_iter().chain(blocks).chain([Layer::LayerNorm, Layer::GlobalAverage]).collect()
            }
        }
    }
}
