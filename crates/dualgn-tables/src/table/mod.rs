//! Tables of the user's: any rows of named cells, whatever file they come from, and what becomes of each column.
//!
//! ```text
//! cell.rs      a cell, a row             error.rs    what can be wrong, and where
//! source.rs    a file, by its format  <- text.rs (CSV, TSV), lines.rs (JSON lines), arrays.rs (NPY, NPZ), parquet/, images.rs (folders, idx; pixels.rs)
//! text.rs      rows of text           <- stream.rs (unpacked, decoded), quotes.rs, beginning.rs (separator, first rows), header.rs, names.rs
//! notation.rs  how cells are written  <- numerals.rs (numbers of a column), dates.rs, words.rs, missing.rs (words for nothing)
//! numerals.rs  reading numbers        <- sighting.rs (recognising one, by its parts), signs.rs (decimal and thousands signs)
//! profile.rs   what is in a column    <- observation.rs (what one pass counts), settle.rs (how the cells are written, decided by that)
//! role.rs      what a column is for, with the reason
//! encoder.rs   from cells to numbers  <- learning.rs (from training rows), moments.rs, tally.rs (cells that were missing or not known)
//! numbers.rs   columns of numbers as they are
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
mod learning;
mod lines;
mod missing;
mod moments;
mod names;
mod notation;
mod numbers;
mod numerals;
mod observation;
mod parquet;
mod pixels;
mod profile;
mod quotes;
mod role;
mod settle;
mod sighting;
mod signs;
mod source;
mod stream;
mod tally;
mod target;
mod text;
mod words;

pub use cell::Cell;
pub use dates::DateFormat;
pub use division::{Division, Order, Parts};
pub use encoder::{Encoder, EncodingKind, Missing, Unseen};
pub use error::TableError;
pub use notation::Said;
pub use numbers::{all_numbers, numbers};
pub use profile::{Profile, Profiles, profiles};
pub use role::{Decision, Role, roles};
pub use signs::{DecimalSign, Thousands};
pub use source::{HeaderChoice, ReadOptions, Source};
pub use tally::Tally;
pub use target::{Target, TargetKind, TargetMap};
