//! Pictures: rasters and what is drawn on them, apart from the charts of the report.

mod heat;
mod raster;
mod render;
mod viewer;

pub use heat::{Axis, Colours, HeatMap};
pub use raster::{Raster, movie};
pub use render::{View, render};
pub use viewer::viewer;

/// A picture with its words, as it stands in a page.
#[derive(Clone, Debug)]
pub struct Picture {
    /// A title.
    pub title: String,
    /// What is to be seen.
    pub caption: String,
    /// HTML or SVG.
    pub markup: String,
}
