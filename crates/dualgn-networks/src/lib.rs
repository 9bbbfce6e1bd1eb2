//! Networks that are described in words: a TOML file, a preset, or what a trained model was; their weights as PyTorch lays them out.
//!
//! ```text
//! description/     what can be said: layers, presets
//! build.rs         shapes followed from layer to layer     layer.rs   the layers, by Burn's modules
//! net.rs           the network: categories, layers, a dense one at the end       room.rs   what memory leaves for it
//! file.rs          the TOML file
//! tensors.rs       weights by name, and files of them      seal.rs    what such a file says of itself
//! torch.rs         weights by the names and in the layout that PyTorch has
//! weights.rs       files of weights of other programs      names.rs   which of a file's tensors they are
//! ```
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use burn::tensor::Device;
//! use dualgn_networks::{Net, parse_network, torch};
//!
//! let words = "layers = [{ type = \"conv\", channels = 4, kernel = 3 }, { type = \"relu\" }, { type = \"global-average\" }]";
//! let description = parse_network(words)?;
//! let net = Net::new(&description, &[1, 8, 8], &[], 10, &Device::flex())?;
//! let needed = torch::needs(&net);
//! let names: Vec<&str> = needed.iter().map(|tensor| tensor.name.as_str()).collect();
//! assert_eq!(names, ["0.weight", "0.bias", "3.weight", "3.bias"]);
//! assert_eq!(needed[0].shape, [4, 1, 3, 3]);
//! # Ok(())
//! # }
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod build;
mod description;
mod file;
mod layer;
mod names;
mod net;
mod room;
mod seal;
mod tensors;
pub mod torch;
mod weights;

pub use build::NetworkError;
pub use description::{Activation, Description, Preset};
pub use file::{NetworkChoice, line_of, parse as parse_network, place};
pub use layer::{Layer, LayerKind};
pub use net::{Category, Net};
pub use room::{bytes_of, mib};
pub use seal::Seal;
pub use tensors::{
    Tensors, entries, from_safetensors, sealed, shapes, to_safetensors, weights, with_weights, write_weights,
};
pub use weights::{Weights, read_weights};
