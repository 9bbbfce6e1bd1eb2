//! Tables of the user's: any rows of named cells, whatever file they come from, and what becomes of each column.
//!
//! ```text
//! cell.rs      a cell, a row             error.rs    what can be wrong, and where
//! source.rs    a file, by its format  <- text.rs (CSV, TSV), lines.rs (JSON lines), arrays.rs (NPY, NPZ), parquet.rs, images.rs (folders, idx)
//! text.rs      rows of text           <- stream.rs (unpacked, decoded), beginning.rs (separator, first rows), header.rs, names.rs
//! profile.rs   what is in a column       role.rs     what it is for, with the reason
//! encoder.rs   from cells to numbers  <- dates.rs, moments.rs
//! target.rs    from the target's cells to what a network learns
//! ```
//!
//! Files are read row by row, as often as needed; no more than a row of text is ever held.

mod arrays;
mod beginning;
mod cell;
mod dates;
mod division;
mod encoder;
mod error;
mod header;
mod images;
mod lines;
mod moments;
mod names;
mod parquet;
mod profile;
mod role;
mod source;
mod stream;
mod target;
mod text;

pub use cell::Cell;
pub use division::{Division, Order, Parts};
pub use encoder::{Encoder, EncodingKind, Missing, Unseen};
pub use error::TableError;
pub use profile::{Profile, profiles};
pub use role::{Decision, Role, roles};
pub use source::{HeaderChoice, Reading, Source};
pub use target::{Target, TargetKind, TargetMap};
