//! [`Preset`]: networks with a name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::layer::LayerDescription;

/// Blocks of a preset at most: more than any network has.
const BLOCKS: usize = 1000;

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

    /// The layers that it stands for; or what is wrong with it.
    pub(super) fn written_out(&self) -> Result<Vec<LayerDescription>, String> {
        match self {
            Self::ResnetTabular { blocks, .. } | Self::TransformerTiny { blocks, .. } if *blocks > BLOCKS => {
                Err(format!("`blocks` should be at most {BLOCKS}, found {blocks}"))
            }
            _ => Ok(self.layers()),
        }
    }

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
