//! Networks that are described in words: a TOML file, a preset, or what a trained model was.
//!
//! ```text
//! description.rs   what can be said: layers, presets
//! build.rs         shapes followed from layer to layer     layer.rs   the layers, by Burn's modules
//! net.rs           the network: categories, layers, a dense one at the end
//! file.rs          the TOML file
//! torch.rs         weights by the names and in the layout that PyTorch has
//! ```

mod build;
mod description;
mod file;
mod layer;
mod net;
pub mod torch;

pub use build::NetworkError;
pub use description::{Activation, Description, Preset};
#[cfg(test)]
pub use file::parse as parse_network;
pub use file::{NetworkChoice, line_of, place};
pub use layer::{Kind, Layer};
pub use net::{Category, Net};
