//! [`Activation`]: what stands between the layers of a preset.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::layer::LayerDescription;

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
