//! Networks that are described in words: a TOML file, a preset, or what a trained model was.
//!
//! ```text
//! description.rs   what can be said: layers, presets
//! build.rs         shapes followed from layer to layer     layer.rs   the layers, by Burn's modules
//! net.rs           the network: categories, layers, a dense one at the end       room.rs   what memory leaves for it
//! file.rs          the TOML file
//! torch.rs         weights by the names and in the layout that PyTorch has
//! weights.rs       files of weights                        names.rs   which of a file's tensors they are
//! ```

mod build;
mod description;
mod file;
mod layer;
mod names;
mod net;
mod room;
pub mod torch;
mod weights;

pub use build::NetworkError;
pub use description::{Activation, Description, Preset};
#[cfg(any(test, feature = "fuzzing"))]
pub use file::parse as parse_network;
pub use file::{NetworkChoice, line_of, place};
pub use layer::{Kind, Layer};
pub use net::{Category, Net};
pub use room::{bytes_of, mib};
pub use weights::read_weights;
