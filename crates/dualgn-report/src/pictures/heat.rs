//! [`HeatMap`]: a function of two coordinates in colours.

use std::fmt::Write;
use std::io::Error;

use dualgn_io::number::significant;
use dualgn_train::picture::Raster;

use super::raster::data_address;

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

/// Values on a grid, row by row from the top of the picture (the greatest second coordinate).
pub struct HeatMap<'a> {
    /// The values; what is not finite stays empty.
    pub values: &'a [f64],
    /// Values in a row.
    pub width: usize,
    /// Across.
    pub x: Axis<'a>,
    /// Upwards; none for a function of one coordinate.
    pub y: Option<Axis<'a>>,
    /// Their colours.
    pub colours: Colours,
}

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

    /// The coloured part alone.
    pub fn raster(&self) -> Raster {
        let [low, high] = self.range();
        Raster::new(self.width, self.values.len() / self.width, |x, y| match self.values[y * self.width + x] {
            value if value.is_finite() => self.colour((value - low) / (high - low).max(f64::MIN_POSITIVE)),
            _ => [0; 4],
        })
    }

    /// With axes and a bar of the colours, as SVG.
    pub fn svg(&self, title: &str) -> Result<String, Error> {
        let height = if self.y.is_some() { SIDE } else { 60.0 };
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
        let picture = |svg: &mut String, raster: &Raster, x: f64, width: f64| -> Result<(), Error> {
            let _ = write!(
                svg,
                "<image x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" href=\"{}\"/>",
                data_address(raster)?
            );
            Ok(())
        };
        picture(&mut svg, &self.raster(), left, SIDE)?;
        picture(&mut svg, &Raster::new(1, 128, |_, y| self.colour(1.0 - y as f64 / 127.0)), bar, 14.0)?;
        svg.push_str("</svg>");
        Ok(svg)
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
        HeatMap { values, width: 2, x: axis("x"), y: Some(axis("t")), colours }
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
