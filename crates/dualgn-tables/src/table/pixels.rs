//! [`Pixels`]: the pixels of an image in the formats PNG and JPEG.

use std::io::Cursor;

use dualgn_io::guarded::guarded;
use png::{ColorType, Limits, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// An image in bytes.
pub(super) struct Pixels {
    /// Channel by channel, each row by row.
    pub bytes: Vec<u8>,
    /// Channels, rows and columns; one channel for grey, three for red, green and blue.
    pub shape: [usize; 3],
}

/// Pixels of a side at most: each is a number that a network sees.
const SIDE: usize = 1024;
/// Bytes that decoding an image may take.
pub(super) const LARGEST: u64 = 1 << 28;

impl Pixels {
    /// Decodes an image; opacity is left out, and 16 bits become 8.
    ///
    /// # Errors
    /// Returns what is wrong with it, as a sentence without its subject.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let decoded = guarded(|| match bytes {
            [0x89, b'P', b'N', b'G', ..] => png(bytes),
            [0xff, 0xd8, ..] => jpeg(bytes),
            _ => Err(unsound("neither PNG nor JPEG")),
        });
        decoded.unwrap_or_else(|| Err(unsound("its decoder gave up")))
    }

    /// From pixels that lie beside one another in so many channels, of which those for opacity are left out.
    fn new(interleaved: &[u8], stride: usize, [columns, rows]: [usize; 2]) -> Self {
        let channels = if stride < 3 { 1 } else { 3 };
        let plane = |channel: usize| interleaved.iter().skip(channel).step_by(stride).copied();
        Self { bytes: (0..channels).flat_map(plane).collect(), shape: [channels, rows, columns] }
    }
}

fn png(bytes: &[u8]) -> Result<Pixels, String> {
    let wrong = |error: png::DecodingError| unsound(&error.to_string());
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: LARGEST as usize });
    // Palettes become colours, and few bits eight.
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(wrong)?;
    let size = fits([reader.info().width as usize, reader.info().height as usize])?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or_else(|| unsound("its size is no number"))?];
    let info = reader.next_frame(&mut pixels).map_err(wrong)?;
    let stride = match info.color_type {
        ColorType::Grayscale | ColorType::Indexed => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
    };
    Ok(Pixels::new(&pixels[..info.buffer_size()], stride, size))
}

fn jpeg(bytes: &[u8]) -> Result<Pixels, String> {
    let wrong = |error: zune_jpeg::errors::DecodeErrors| unsound(&error.to_string());
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), DecoderOptions::new_safe());
    decoder.decode_headers().map_err(wrong)?;
    let (columns, rows) = decoder.dimensions().ok_or_else(|| unsound("it has no size"))?;
    let size = fits([columns, rows])?;
    let (space, stride) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(space));
    Ok(Pixels::new(&decoder.decode().map_err(wrong)?, stride, size))
}

fn unsound(reason: &str) -> String {
    format!("is no sound image ({reason})")
}

/// Refuses images that are too large before their pixels are made.
fn fits([columns, rows]: [usize; 2]) -> Result<[usize; 2], String> {
    if columns.max(rows) <= SIDE {
        return Ok([columns, rows]);
    }
    Err(format!("has {rows} by {columns} pixels, more than the {SIDE} of a side that a network here takes; shrink it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG of two rows and three columns.
    fn written(color: ColorType, depth: png::BitDepth, palette: Option<&[u8]>, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![];
        let mut encoder = png::Encoder::new(&mut bytes, 3, 2);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if let Some(palette) = palette {
            encoder.set_palette(palette);
        }
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> (Vec<u8>, [usize; 3]) {
        let pixels = Pixels::decode(bytes).unwrap();
        (pixels.bytes, pixels.shape)
    }

    #[test]
    fn png_of_every_kind_are_planes_of_bytes() {
        use png::BitDepth::{Eight, Four, Sixteen};
        let grey = [0, 50, 100, 150, 200, 255];
        assert_eq!(read(&written(ColorType::Grayscale, Eight, None, &grey)), (grey.to_vec(), [1, 2, 3]));
        let with_opacity: Vec<u8> = grey.iter().flat_map(|&value| [value, 7]).collect();
        assert_eq!(read(&written(ColorType::GrayscaleAlpha, Eight, None, &with_opacity)), (grey.to_vec(), [1, 2, 3]));
        let wide: Vec<u8> = grey.iter().flat_map(|&value| [value, value]).collect();
        assert_eq!(read(&written(ColorType::Grayscale, Sixteen, None, &wide)), (grey.to_vec(), [1, 2, 3]));
        // Four bits: 0, 1, 2 and 13, 14, 15, each seventeenfold.
        let few = written(ColorType::Grayscale, Four, None, &[0x01, 0x20, 0xde, 0xf0]);
        assert_eq!(read(&few), (vec![0, 17, 34, 221, 238, 255], [1, 2, 3]));

        let planes: Vec<u8> = (0..18).collect();
        let colours: Vec<u8> = (0..6).flat_map(|pixel| [pixel, 6 + pixel, 12 + pixel]).collect();
        assert_eq!(read(&written(ColorType::Rgb, Eight, None, &colours)), (planes.clone(), [3, 2, 3]));
        let with_opacity: Vec<u8> = colours.chunks(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 9]).collect();
        assert_eq!(read(&written(ColorType::Rgba, Eight, None, &with_opacity)), (planes.clone(), [3, 2, 3]));
        let indexed = written(ColorType::Indexed, Eight, Some(&colours), &[0, 1, 2, 3, 4, 5]);
        assert_eq!(read(&indexed), (planes, [3, 2, 3]));
    }

    /// The pixels that Pillow 12 was given, which JPEG keeps but for rounding.
    #[test]
    fn jpeg_are_planes_of_bytes() {
        let at = |index: usize| (index % 5, index / 5);
        let check = |bytes: &[u8], channels: &[&dyn Fn(usize, usize) -> usize]| {
            let Pixels { bytes, shape } = Pixels::decode(bytes).unwrap();
            assert_eq!(shape, [channels.len(), 3, 5]);
            for (index, &found) in bytes.iter().enumerate() {
                let (x, y) = at(index % 15);
                assert!(channels[index / 15](x, y).abs_diff(found.into()) <= 2, "pixel {x}, {y}: {found}");
            }
        };
        check(include_bytes!("../../tests/data/grey.jpg"), &[&|x, y| 40 * x + 30 * y]);
        let colours: [&dyn Fn(usize, usize) -> usize; 3] = [&|x, _| 50 * x, &|_, y| 80 * y, &|x, _| 200 - 20 * x];
        check(include_bytes!("../../tests/data/colours.jpg"), &colours);
    }

    #[test]
    fn damaged_and_large_images_are_refused() {
        let mut good = written(ColorType::Grayscale, png::BitDepth::Eight, None, &[1; 6]);
        let refusal = |bytes: &[u8]| Pixels::decode(bytes).err().unwrap();
        assert!(refusal(b"GIF89a").contains("neither PNG nor JPEG"));
        assert!(refusal(&good[..20]).starts_with("is no sound image"));
        assert!(refusal(&[0xff, 0xd8, 0xff, 0xe0, 0, 4]).starts_with("is no sound image"));
        // The width, and the checksum of the header that belongs to it.
        good[16..20].copy_from_slice(&2000u32.to_be_bytes());
        let sum = crc32fast::hash(&good[12..29]);
        good[29..33].copy_from_slice(&sum.to_be_bytes());
        assert!(refusal(&good).contains("2 by 2000 pixels, more than the 1024 of a side"));
    }
}
