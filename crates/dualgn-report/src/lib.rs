//! Pages for a browser and tables for a terminal of what training recorded, with charts and pictures; a page needs no network.
//!
//! ```text
//! page/         the page and the table of a comparison    store.rs   the results of a run in its folder
//! pictures/     rasters, their files, maps of values      film.rs    pictures of a run on its way, and their movie
//! ```
//!
//! ```
//! use dualgn_report::pictures::{Axis, Colours, HeatMap};
//!
//! let values: Vec<f64> = (0..64 * 64).map(|i| (i % 64) as f64 * (i / 64) as f64).collect();
//! let map = HeatMap {
//!     values: &values,
//!     moments: 1,
//!     width: 64,
//!     x: Axis { name: "x", low: 0.0, high: 1.0 },
//!     y: Some(Axis { name: "t", low: 0.0, high: 1.0 }),
//!     colours: Colours::Sequential,
//!     is_to_scale: false,
//!     paths: &[],
//! };
//! let picture = map.svg("a product").unwrap();
//! assert!(picture.starts_with("<svg") && picture.contains("a product"));
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod film;
mod page;
pub mod pictures;
mod store;

pub use film::Film;
pub use page::{explanation, explanation_in_words, page, terminal};
pub use store::store;
