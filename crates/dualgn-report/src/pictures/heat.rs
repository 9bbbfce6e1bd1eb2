//! [`HeatMap`]: a function of two coordinates in colours.

use std::fmt::Write;
use std::io::Error;

use dualgn_io::number::significant;
use dualgn_train::picture::Raster;

use super::raster::{address, data_address};
use super::stream::Position;

/// A coordinate.
#[derive(Clone, Debug)]
pub struct Axis<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where the picture begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

/// How values become colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// From the least to the greatest value.
    Sequential,
    /// From the negative to the positive of the greatest size, with zero in the middle.
    Diverging,
}

/// Values on a grid, row by row from the top of the picture (the greatest second coordinate), at one moment or at several.
pub struct HeatMap<'a> {
    /// The values, one moment after the other; what is not finite stays empty.
    pub values: &'a [f64],
    /// How many moments there are; of several the picture is a movie.
    pub moments: usize,
    /// Values in a row.
    pub width: usize,
    /// Across.
    pub x: Axis<'a>,
    /// Upwards; none for a function of one coordinate.
    pub y: Option<Axis<'a>>,
    /// Their colours.
    pub colours: Colours,
    /// Whether lengths along both coordinates are the same in the picture, as far as it stays legible.
    pub is_to_scale: bool,
    /// Paths in the unit square, each with an arrow in its middle.
    pub paths: &'a [Vec<Position>],
}

/// Moments a second of a movie.
const PER_SECOND: u16 = 8;
/// Heights of a picture for each unit of width, at least and at most.
const LEGIBLE: [f64; 2] = [0.25, 1.5];
/// Size of an arrow's head.
const HEAD: f64 = 3.5;

/// Size of the coloured part in the picture.
const SIDE: f64 = 300.0;

impl HeatMap<'_> {
    /// The values at the ends of the colours.
    fn range(&self) -> [f64; 2] {
        let finite = || self.values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        match self.colours {
            _ if low > high => [0.0, 1.0],
            Colours::Sequential => [low, high],
            Colours::Diverging => {
                let size = low.abs().max(high.abs());
                [-size, size]
            }
        }
    }

    fn colour(&self, part: f64) -> [u8; 4] {
        let gradient = match self.colours {
            Colours::Sequential => colorous::VIRIDIS,
            Colours::Diverging => colorous::RED_BLUE,
        };
        // The second goes from red to blue: positive is red.
        let part = if self.colours == Colours::Diverging { 1.0 - part } else { part };
        let colorous::Color { r, g, b } = gradient.eval_continuous(part.clamp(0.0, 1.0));
        [r, g, b, 255]
    }

    /// The coloured part alone, at the first moment.
    pub fn raster(&self) -> Raster {
        self.raster_at(0)
    }

    fn raster_at(&self, moment: usize) -> Raster {
        let [low, high] = self.range();
        let size = self.values.len() / self.moments.max(1);
        let values = &self.values[moment * size..(moment + 1) * size];
        Raster::new(self.width, size / self.width, |x, y| match values[y * self.width + x] {
            value if value.is_finite() => self.colour((value - low) / (high - low).max(f64::MIN_POSITIVE)),
            _ => [0; 4],
        })
    }

    /// The height of the coloured part.
    fn height(&self) -> f64 {
        match &self.y {
            None => 60.0,
            Some(_) if !self.is_to_scale => SIDE,
            Some(y) => {
                let part = (y.high - y.low) / (self.x.high - self.x.low);
                SIDE * part.clamp(LEGIBLE[0], LEGIBLE[1])
            }
        }
    }

    /// With axes and a bar of the colours, as SVG.
    pub fn svg(&self, title: &str) -> Result<String, Error> {
        let height = self.height();
        let (left, top, bar) = (46.0, 26.0, SIDE + 62.0);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" font-family=\"sans-serif\" \
             font-size=\"12\" fill=\"currentColor\">",
            bar + 84.0,
            top + height + 40.0,
            escaped(title)
        );
        // Writing to a string cannot fail.
        let mut text = |x: f64, y: f64, anchor: &str, words: &str| {
            let _ = write!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>", escaped(words));
        };
        text(left, 16.0, "start", title);
        text(left, top + height + 16.0, "middle", &significant(self.x.low));
        text(left + SIDE, top + height + 16.0, "middle", &significant(self.x.high));
        text(left + SIDE / 2.0, top + height + 30.0, "middle", self.x.name);
        if let Some(y) = &self.y {
            text(left - 6.0, top + height, "end", &significant(y.low));
            text(left - 6.0, top + 10.0, "end", &significant(y.high));
            text(left - 14.0, top + height / 2.0, "end", y.name);
        }
        let [low, high] = self.range();
        text(bar + 20.0, top + 10.0, "start", &significant(high));
        text(bar + 20.0, top + height, "start", &significant(low));
        let picture = |svg: &mut String, address: String, x: f64, width: f64| {
            let _ = write!(
                svg,
                "<image x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" href=\"{address}\"/>",
            );
        };
        let frames: Vec<Raster> = (0..self.moments.max(1)).map(|moment| self.raster_at(moment)).collect();
        picture(&mut svg, address(&frames, PER_SECOND)?, left, SIDE);
        let colours = Raster::new(1, 128, |_, y| self.colour(1.0 - y as f64 / 127.0));
        picture(&mut svg, data_address(&colours)?, bar, 14.0);
        let place = |at: &Position| [left + SIDE * at[0], top + height * (1.0 - at[1])];
        self.paths.iter().for_each(|path| draw(&mut svg, &path.iter().map(place).collect::<Vec<_>>()));
        svg.push_str("</svg>");
        Ok(svg)
    }
}

/// Draws a path with an arrow in its middle.
fn draw(svg: &mut String, path: &[Position]) {
    let corners: Vec<String> = path.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
    // White below black is seen on all colours.
    for (colour, width) in [("#fff", 2.2), ("#000", 0.9)] {
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
            corners.join(" ")
        );
    }
    let middle = path.len() / 2;
    let ([x, y], [fromx, fromy]) = (path[middle], path[middle.saturating_sub(1)]);
    let length = (x - fromx).hypot(y - fromy);
    if length > 0.0 {
        let [ax, ay] = [HEAD * (x - fromx) / length, HEAD * (y - fromy) / length];
        let [tip, left, right] =
            [[x + ax, y + ay], [x - ax - 0.7 * ay, y - ay + 0.7 * ax], [x - ax + 0.7 * ay, y - ay - 0.7 * ax]]
                .map(|[x, y]| format!("{x:.1},{y:.1}"));
        let _ = write!(
            svg,
            "<polygon points=\"{tip} {left} {right}\" fill=\"#000\" stroke=\"#fff\" stroke-width=\"0.5\"/>"
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f64], colours: Colours) -> HeatMap<'_> {
        let axis = |name| Axis { name, low: 0.0, high: 1.0 };
        let (moments, is_to_scale, paths) = (1, false, &[]);
        HeatMap { values, moments, width: 2, x: axis("x"), y: Some(axis("t")), colours, is_to_scale, paths }
    }

    /// A map of two units by one is half as high as it is wide, one with paths has a line and an arrow for each, and of several moments
    /// the picture is a movie with the same colours for the same value.
    #[test]
    fn scales_paths_and_moments_are_shown() {
        let values = [0.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 0.0];
        let paths = [vec![[0.1, 0.1], [0.5, 0.5], [0.9, 0.5]]];
        let wide = Axis { name: "x", low: 0.0, high: 2.0 };
        let map =
            HeatMap { x: wide, is_to_scale: true, paths: &paths, moments: 2, ..map(&values, Colours::Sequential) };
        let svg = map.svg("it").unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let image = document.descendants().find(|node| node.has_tag_name("image")).unwrap();
        assert_eq!((image.attribute("width"), image.attribute("height")), (Some("300"), Some("150")));
        assert_eq!(document.descendants().filter(|node| node.has_tag_name("polygon")).count(), 1);
        assert!(svg.contains("76.0,161.0 196.0,101.0 316.0,101.0"), "{svg}");
        assert_eq!(map.raster_at(0).pixels[..4], map.raster_at(1).pixels[12..]);
        assert_eq!(map.raster().pixels.len(), 16);
    }

    #[test]
    fn zero_is_pale_where_colours_diverge_and_gaps_are_empty() {
        let raster = map(&[-1.0, 0.0, 3.0, f64::NAN], Colours::Diverging).raster();
        let pixel = |index: usize| &raster.pixels[4 * index..4 * index + 4];
        assert!(pixel(1)[..3].iter().all(|&part| part > 235), "{:?}", pixel(1));
        assert!(pixel(2)[0] > pixel(2)[2] && pixel(0)[2] > pixel(0)[0], "positive is red, negative blue");
        assert_eq!(pixel(3), [0; 4]);
        let raster = map(&[0.0, 1.0, 2.0, 3.0], Colours::Sequential).raster();
        assert_eq!(raster.pixels[..3], [68, 1, 84]);
    }

    #[test]
    fn the_picture_is_well_formed_and_says_its_range() {
        let svg = map(&[0.0, 1.0, 2.0, 2.5], Colours::Sequential).svg("u < \"v\"").unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        assert_eq!(document.descendants().filter(|node| node.has_tag_name("image")).count(), 2);
        assert!(svg.contains(">2.500<") && svg.contains(">t<"), "{svg}");
        map(&[f64::NAN, f64::NAN], Colours::Diverging).svg("nothing").unwrap();
    }
}
