//! The idx format of the MNIST files, plain or gzipped.
//!
//! ```text
//! 00 00 08 d     two zeros, the code of an unsigned byte, the number d of dimensions
//! d × u32        the dimensions, big-endian: count for labels; count, rows, columns for images
//! bytes          as many as the product of the dimensions, the last dimension running fastest
//! ```

use std::io;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use dualgn_io::{input, memory};
use flate2::read::MultiGzDecoder;

use super::error::DataError;

/// First bytes of a gzip file. An idx file starts with zeros, so the two cannot be confused.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The content of a file of images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Number of images, positive.
    pub count: usize,
    /// Rows and columns of each, positive.
    pub size: [usize; 2],
    /// Brightness, `[count, rows, columns]`.
    pub pixels: Vec<u8>,
}

/// Reads a file of images.
///
/// # Errors
/// The file cannot be read or unpacked; it is no idx file with three dimensions; it is shorter or longer than it
/// states; a dimension is 0.
pub fn read_images(file: &Path) -> Result<Images, DataError> {
    let ([count, rows, columns], pixels) = read(file)?;
    Ok(Images { count, size: [rows, columns], pixels })
}

/// Reads a file of labels.
///
/// # Errors
/// The file cannot be read or unpacked; it is no idx file with one dimension; it is shorter or longer than it
/// states; it is empty; a label is not below `classes`.
pub fn read_labels(file: &Path, classes: u8) -> Result<Vec<u8>, DataError> {
    let ([_], labels) = read(file)?;
    match labels.iter().position(|&label| label >= classes) {
        None => Ok(labels),
        Some(index) => Err(DataError::Label { file: file.into(), index, found: labels[index], classes }),
    }
}

/// Dimensions, all positive, and bytes of a file with `RANK` dimensions.
fn read<const RANK: usize>(file: &Path) -> Result<([usize; RANK], Vec<u8>), DataError> {
    let cannot_read = |reason| DataError::Read { file: file.into(), reason };
    let check_length = |expected, found| {
        if found < expected {
            let file = file.into();
            return Err(DataError::Truncated { file, expected, found });
        }
        Ok(())
    };

    let opened = input::open(file).map_err(|failure| DataError::File(Box::new(failure)))?;
    let mut reader = unpacked(opened).map_err(cannot_read)?;
    let header_length = 4 + 4 * RANK;
    let header = read_at_most(&mut reader, header_length).map_err(cannot_read)?;
    let magic = [0, 0, 8, RANK as u8];
    if let Some(&found) = header.first_chunk()
        && found != magic
    {
        return Err(DataError::Magic { file: file.into(), expected: magic, found });
    }
    check_length(header_length, header.len())?;

    let (stated, _) = header[4..].as_chunks();
    let dimensions = std::array::from_fn(|axis| u32::from_be_bytes(stated[axis]));
    let length = data_length(file, &dimensions, header_length)?;

    let room = usize::try_from(memory::budget()).unwrap_or(usize::MAX);
    let data = read_at_most(&mut reader, length.min(room)).map_err(cannot_read)?;
    if data.len() == room && length > room {
        return Err(DataError::TooLarge { file: file.into(), dimensions: dimensions.to_vec() });
    }
    let expected = header_length + length;
    check_length(expected, header_length + data.len())?;
    // Also lets the decompressor see the end, where the checksum is.
    let more = io::copy(&mut reader.take(1), &mut io::sink()).map_err(cannot_read)?;
    if more > 0 {
        return Err(DataError::Trailing { file: file.into(), expected });
    }
    Ok((dimensions.map(|dimension| dimension as usize), data))
}

/// The product of `dimensions`, if it is positive and, with the header, a size that memory can address.
fn data_length(file: &Path, dimensions: &[u32], header_length: usize) -> Result<usize, DataError> {
    if dimensions.contains(&0) {
        return Err(DataError::EmptyFile { file: file.into(), dimensions: dimensions.to_vec() });
    }
    dimensions
        .iter()
        .try_fold(1_usize, |product, &next| product.checked_mul(next as usize))
        .filter(|&length| length < isize::MAX as usize - header_length)
        .ok_or_else(|| DataError::TooLarge { file: file.into(), dimensions: dimensions.to_vec() })
}

/// The bytes of `file`, through decompression when it starts as a gzip file does, whatever its name.
fn unpacked(file: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut reader = BufReader::new(file);
    if reader.fill_buf()?.starts_with(&GZIP_MAGIC) {
        return Ok(Box::new(MultiGzDecoder::new(reader)));
    }
    Ok(Box::new(reader))
}

/// The next bytes, `limit` or as many as there are; a gzip stream that is cut off ends there.
///
/// Memory grows with the bytes that arrive: a header may state any size, so none is reserved on its word.
fn read_at_most(reader: &mut impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match reader.take(limit as u64).read_to_end(&mut bytes) {
        Err(reason) if reason.kind() != io::ErrorKind::UnexpectedEof => Err(reason),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of tests need not survive a kill")]
mod tests {
    use std::io::Write;
    use std::path::PathBuf;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn idx(dimensions: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
        for dimension in dimensions {
            bytes.extend(dimension.to_be_bytes());
        }
        bytes.extend(data);
        bytes
    }

    /// Writes `bytes` to the file `x` of a new folder, which lives as long as the first value returned.
    fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    /// The error of reading `bytes` as images, the same whether plain or packed; the path is left out.
    fn images_error(bytes: &[u8]) -> String {
        let [plain, packed] = [bytes.to_vec(), gzip(bytes)].map(|bytes| {
            let (_folder, path) = file(&bytes);
            let message = read_images(&path).unwrap_err().to_string();
            message.replace(&path.display().to_string(), "x")
        });
        assert_eq!(plain, packed);
        plain
    }

    #[test]
    fn images_return_as_they_were_written_plain_or_packed() {
        let data: Vec<u8> = (0..12).collect();
        let bytes = idx(&[2, 2, 3], &data);
        for bytes in [bytes.clone(), gzip(&bytes)] {
            let (_folder, path) = file(&bytes);
            let images = read_images(&path).unwrap();
            assert_eq!((images.count, images.size), (2, [2, 3]));
            assert_eq!(images.pixels, data);
        }
    }

    #[test]
    fn labels_return_as_they_were_written_plain_or_packed() {
        let bytes = idx(&[4], &[0, 9, 5, 1]);
        for bytes in [bytes.clone(), gzip(&bytes)] {
            let (_folder, path) = file(&bytes);
            assert_eq!(read_labels(&path, 10).unwrap(), [0, 9, 5, 1]);
        }
    }

    #[test]
    fn a_gzip_file_may_consist_of_several_members() {
        let bytes = idx(&[4], &[0, 9, 5, 1]);
        let (_folder, path) = file(&[gzip(&bytes[..6]), gzip(&bytes[6..])].concat());
        assert_eq!(read_labels(&path, 10).unwrap(), [0, 9, 5, 1]);
    }

    #[test]
    fn the_magic_must_be_that_of_the_kind() {
        assert_eq!(
            images_error(&idx(&[4], &[0, 1, 2, 3])),
            "`x` should start with the bytes [00, 00, 08, 03], found [00, 00, 08, 01]"
        );
        // Signed integers of four bytes (0c) in three dimensions.
        let mut integers = idx(&[1, 1, 1], &[0; 4]);
        integers[2] = 0x0c;
        assert_eq!(images_error(&integers), "`x` should start with the bytes [00, 00, 08, 03], found [00, 00, 0c, 03]");

        let (_folder, path) = file(&idx(&[1, 1, 1], &[0]));
        let error = read_labels(&path, 10).unwrap_err();
        assert!(matches!(error, DataError::Magic { .. }), "{error}");
    }

    #[test]
    fn a_file_cut_off_anywhere_is_truncated() {
        let bytes = idx(&[1, 2, 3], &[7; 6]);
        for length in 0..bytes.len() {
            // Before its end a header cannot tell how much data follows.
            let expected = if length < 16 { 16 } else { 22 };
            assert_eq!(
                images_error(&bytes[..length]),
                format!("`x` should hold {expected} bytes (unpacked), found only {length}")
            );
        }
    }

    #[test]
    fn a_gzip_stream_cut_off_anywhere_is_an_error() {
        let noise: Vec<u8> = (0..600_u32).map(|i| ((i * i * 4051) >> 7) as u8).collect();
        let packed = gzip(&idx(&[6, 10, 10], &noise));
        for length in 2..packed.len() {
            let (_folder, path) = file(&packed[..length]);
            let error = read_images(&path).unwrap_err();
            // The last eight bytes are the checksum and the length: with those cut, all data is there but unchecked.
            let expected = if length < packed.len() - 8 {
                matches!(error, DataError::Truncated { .. })
            } else {
                matches!(error, DataError::Read { .. })
            };
            assert!(expected, "{length} of {}: {error}", packed.len());
        }
    }

    #[test]
    fn a_damaged_gzip_stream_is_an_error() {
        let packed = gzip(&idx(&[2], &[1, 2]));
        let damage = |at: usize, byte| {
            let mut packed = packed.clone();
            packed[at] = byte;
            packed
        };
        // The first block, after the ten bytes of the header, of a kind that does not exist; then a wrong checksum.
        let checksum = packed.len() - 8;
        for damaged in [damage(10, 7), damage(checksum, !packed[checksum])] {
            let (_folder, path) = file(&damaged);
            let error = read_labels(&path, 10).unwrap_err();
            assert!(matches!(error, DataError::Read { .. }), "{error}");
        }
    }

    #[test]
    fn bytes_after_the_data_are_an_error() {
        assert_eq!(images_error(&idx(&[1, 2, 2], &[0; 5])), "`x` should end after 20 bytes (unpacked), found more");
    }

    #[test]
    fn dimensions_beyond_memory_are_an_error() {
        assert_eq!(
            images_error(&idx(&[u32::MAX; 3], &[0; 8])),
            "`x` states the dimensions [4294967295, 4294967295, 4294967295], more than memory can hold"
        );
    }

    /// Eight exbibytes less a bit are within what a pointer can address, so only the bytes that exist can refute them.
    #[test]
    fn a_large_statement_reserves_no_memory() {
        let message = images_error(&idx(&[1 << 31, 1 << 31, 1], &[0; 8]));
        assert!(message.ends_with("found only 24"), "{message}");
    }

    #[test]
    fn a_dimension_of_zero_is_an_error() {
        assert_eq!(images_error(&idx(&[3, 0, 28], &[])), "`x` is empty: it states the dimensions [3, 0, 28]");
    }

    #[test]
    fn a_label_must_be_a_class() {
        let (_folder, path) = file(&idx(&[3], &[9, 10, 255]));
        let message = read_labels(&path, 10).unwrap_err().to_string();
        assert!(message.ends_with("should hold labels from 0 to 9, found 10 at position 1"), "{message}");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = read_images(&folder.path().join("absent")).unwrap_err().to_string();
        assert!(message.starts_with("cannot read "), "{message}");
        assert!(message.contains("absent: "), "{message}");
    }
}
