//! [`Portrait`], [`Picture`] and [`Raster`]: what a run shows of its model, as plain data.

/// A picture of a result, for a page.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its title.
    pub title: String,
    /// What it shows, in a sentence.
    pub caption: String,
    /// It itself, as HTML or SVG.
    pub markup: String,
}

/// What a run shows of its result.
#[derive(Clone, Debug, Default)]
pub struct Portrait {
    /// The pictures, the most telling first.
    pub pictures: Vec<Picture>,
    /// What the user should know of the files that were written, each a clause.
    pub notes: Vec<String>,
}

/// Pixels of red, green, blue and opacity, row by row from the top.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Four bytes a pixel.
    pub pixels: Vec<u8>,
}

impl Raster {
    /// Makes one from the colour of each pixel, by column and row.
    pub fn new(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 4]) -> Self {
        let pixels = (0..width * height).flat_map(|index| pixel(index % width, index / width)).collect();
        Self { width, height, pixels }
    }
}
