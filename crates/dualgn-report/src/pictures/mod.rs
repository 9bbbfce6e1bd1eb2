//! Pictures apart from the charts of a page: the files of rasters, and maps of values with paths over them.

mod heat;
mod raster;
mod stream;

pub use heat::{Axis, Colours, HeatMap};
pub use raster::{data_address, from_png, movie, png};
pub use stream::{Position, streamlines};
