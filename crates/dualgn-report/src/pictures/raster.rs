//! Files of rasters.

use std::io::{Cursor, Error};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dualgn_train::picture::Raster;

/// Returns the PNG file of a raster.
///
/// # Errors
/// Fails if the raster has no pixels.
pub fn png(raster: &Raster) -> Result<Vec<u8>, Error> {
    movie(std::slice::from_ref(raster), 1)
}

/// Reads a PNG file that [`png()`] made.
///
/// # Errors
/// Fails if the file is damaged or holds other colours.
pub fn from_png(bytes: &[u8]) -> Result<Raster, Error> {
    let mut reader = ::png::Decoder::new(Cursor::new(bytes)).read_info().map_err(Error::other)?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let info = reader.next_frame(&mut pixels).map_err(Error::other)?;
    let (width, height) = (info.width as usize, info.height as usize);
    match (info.color_type, pixels.len() == 4 * width * height) {
        (::png::ColorType::Rgba, true) => Ok(Raster { width, height, pixels }),
        _ => Err(Error::other("not a picture of red, green, blue and opacity")),
    }
}

/// Returns an address that holds the PNG file of a raster itself.
///
/// # Errors
/// As [`png()`].
pub fn data_address(raster: &Raster) -> Result<String, Error> {
    address(std::slice::from_ref(raster), 1)
}

/// The same of a movie.
pub(super) fn address(frames: &[Raster], per_second: u16) -> Result<String, Error> {
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(movie(frames, per_second)?)))
}

/// An animated PNG of pictures of one size, with so many a second; of one alone a plain PNG.
pub fn movie(frames: &[Raster], per_second: u16) -> Result<Vec<u8>, Error> {
    let Some(first) = frames.first() else { return Err(Error::other("no pictures")) };
    let mut bytes = vec![];
    let mut encoder = ::png::Encoder::new(&mut bytes, first.width as u32, first.height as u32);
    encoder.set_color(::png::ColorType::Rgba);
    encoder.set_depth(::png::BitDepth::Eight);
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
        assert_eq!(from_png(&png(&raster).unwrap()).unwrap(), raster);
        assert!(data_address(&raster).unwrap().starts_with("data:image/png;base64,iVBOR"));
    }

    #[test]
    fn a_movie_has_all_frames() {
        let frames: Vec<Raster> = (0..4).map(|frame| Raster::new(8, 8, |x, _| [frame * 60, x as u8, 0, 255])).collect();
        let bytes = movie(&frames, 10).unwrap();
        let mut reader = ::png::Decoder::new(Cursor::new(&bytes)).read_info().unwrap();
        assert_eq!(reader.info().animation_control().unwrap().num_frames, 4);
        for frame in &frames {
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut pixels).unwrap();
            assert_eq!(pixels, frame.pixels);
        }
        assert!(movie(&[], 1).is_err());
    }
}
