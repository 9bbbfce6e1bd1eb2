//! [`Raster`]: pixels, and their files.

use std::io::{Cursor, Error};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Pixels, row by row from the top: red, green, blue, opacity.
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
    /// Of a function of column and row.
    pub fn new(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 4]) -> Self {
        let pixels = (0..width * height).flat_map(|index| pixel(index % width, index / width)).collect();
        Self { width, height, pixels }
    }

    /// A PNG file.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        movie(std::slice::from_ref(self), 1)
    }

    /// From a PNG file of that kind.
    pub fn from_png(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().map_err(Error::other)?;
        let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
        let info = reader.next_frame(&mut pixels).map_err(Error::other)?;
        let (width, height) = (info.width as usize, info.height as usize);
        match (info.color_type, pixels.len() == 4 * width * height) {
            (png::ColorType::Rgba, true) => Ok(Self { width, height, pixels }),
            _ => Err(Error::other("not a picture of red, green, blue and opacity")),
        }
    }

    /// The same as an address that holds the file itself.
    pub fn data_address(&self) -> Result<String, Error> {
        Ok(format!("data:image/png;base64,{}", STANDARD.encode(self.png()?)))
    }
}

/// An animated PNG of pictures of one size, with so many a second; of one alone a plain PNG.
pub fn movie(frames: &[Raster], per_second: u16) -> Result<Vec<u8>, Error> {
    let Some(first) = frames.first() else { return Err(Error::other("no pictures")) };
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, first.width as u32, first.height as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    if frames.len() > 1 {
        encoder.set_animated(frames.len() as u32, 0).map_err(Error::other)?;
        encoder.set_frame_delay(1, per_second).map_err(Error::other)?;
    }
    let mut writer = encoder.write_header().map_err(Error::other)?;
    for frame in frames {
        writer.write_image_data(&frame.pixels).map_err(Error::other)?;
    }
    writer.finish().map_err(Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_comes_back() {
        let raster = Raster::new(5, 3, |x, y| [x as u8 * 50, y as u8 * 80, 7, 255]);
        assert_eq!(Raster::from_png(&raster.png().unwrap()).unwrap(), raster);
        assert!(raster.data_address().unwrap().starts_with("data:image/png;base64,iVBOR"));
    }

    #[test]
    fn a_movie_has_all_frames() {
        let frames: Vec<Raster> = (0..4).map(|frame| Raster::new(8, 8, |x, _| [frame * 60, x as u8, 0, 255])).collect();
        let bytes = movie(&frames, 10).unwrap();
        let mut reader = png::Decoder::new(Cursor::new(&bytes)).read_info().unwrap();
        assert_eq!(reader.info().animation_control().unwrap().num_frames, 4);
        for frame in &frames {
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut pixels).unwrap();
            assert_eq!(pixels, frame.pixels);
        }
        assert!(movie(&[], 1).is_err());
    }
}
