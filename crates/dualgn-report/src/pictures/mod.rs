//! Pictures apart from the charts of a page: the files of rasters, and maps of values.

mod heat;
mod raster;

pub use heat::{Axis, Colours, HeatMap};
pub use raster::{data_address, from_png, movie, png};
