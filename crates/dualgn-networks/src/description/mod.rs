//! [`Description`]: a network in words, as a TOML file has it and a trained model keeps it.

mod activation;
mod layer;
mod preset;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use activation::Activation;
pub(crate) use layer::LayerDescription;
pub use preset::Preset;

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
            Some(preset) => preset.written_out(),
            None => Ok(self.layers.clone()),
        }
    }
}
