//! Data sets: small tables inside the binary, and tables and image sets (idx) from a folder of the user's.
//!
//! ```text
//! builtin.rs   the tables              <- table.rs (CSV), partition.rs (which rows test)
//! concrete.rs  a table from a folder
//! mnist.rs     the four MNIST files    <- idx.rs (the format)
//! standardise.rs   mean 0 and deviation 1, learnt from the training part
//! split.rs         examples, and picking a batch of them <- input_rows.rs (in memory or on disk)
//! batches.rs       which examples make the next batch
//! error.rs         everything that can go wrong
//! ```
//!
//! Nothing here knows of tensors or devices.

mod batches;
mod builtin;
pub mod concrete;
mod error;
pub mod idx;
mod input_rows;
pub mod mnist;
mod partition;
mod split;
mod standardise;
mod table;

pub use batches::Batches;
pub use builtin::{bikeshare, breast_cancer, diabetes, digits};
pub use error::DataError;
pub use input_rows::{InputRows, InputsWriter, OnDisk};
pub use split::{CHUNK, Split, Targets};
pub use standardise::Scale;

/// A data set in two parts, its inputs standardised by the training part, its targets as they
/// stand.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// What a model is fitted to.
    pub train: Split,
    /// What it is judged by; disjoint from `train`.
    pub test: Split,
    /// Outputs a model needs: the number of classes, or 1 for a real target and for yes or no.
    pub outputs: usize,
    /// Whom to cite.
    pub citation: String,
}
