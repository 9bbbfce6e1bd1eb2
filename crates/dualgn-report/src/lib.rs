//! Pages for a browser and tables for a terminal of what training recorded, with charts and pictures; a page needs no network.
//!
//! ```text
//! page/         the page and the table of a comparison    explained.rs   what `dualgn explain` finds out
//! pictures/     rasters, their files, maps of values
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod explained;
mod page;
pub mod pictures;

pub use explained::{Damped, Explained, OfTable};
pub use page::{explanation, explanation_in_words, page, terminal};
