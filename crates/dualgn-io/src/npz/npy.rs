//! [`array`]: one array, which is an NPY file or an entry of an archive.

use std::io::{Cursor, Read};

use npyz::{DType, NpyFile, NpyHeader, Order, TypeChar, TypeStr};

use super::{ARRAY, Array, NO_ARRAY, Values};

/// Bytes of a header at most; real ones have about a hundred.
const HEADER: usize = 1 << 14;
/// Brackets of a header at most: its reader goes one call deeper with each.
const BRACKETS: usize = 64;
/// Axes of an array at most.
const AXES: usize = 8;

/// One array of so many bytes, header included; `limit` bytes may be taken for it.
pub(super) fn array(mut reader: impl Read, size: u64, limit: u64) -> Result<Array, String> {
    let header = Header::read(&mut reader)?;
    let data = size.saturating_sub(header.length());
    header.check(data)?;
    let file = NpyFile::new(header.into_reader().chain(reader))
        .map_err(|error| format!("has a header that cannot be read ({error})"))?;
    let layout = Layout::new(file.header(), data)?;
    layout.check_memory(limit)?;
    let values = layout.values(file)?;
    Ok(Array { shape: layout.shape, values })
}

/// What stands before the entries, not understood yet.
struct Header {
    /// The first bytes, the version, and the length of the text.
    start: Vec<u8>,
    /// A dictionary of Python.
    text: Vec<u8>,
}

impl Header {
    fn read(reader: &mut impl Read) -> Result<Self, String> {
        let mut start = vec![0; 12];
        if reader.read_exact(&mut start[..10]).is_err() || start[..6] != *ARRAY {
            return Err(NO_ARRAY.into());
        }
        let length = match start[6] {
            1 => {
                start.truncate(10);
                usize::from(u16::from_le_bytes([start[8], start[9]]))
            }
            2 | 3 => {
                reader.read_exact(&mut start[10..]).map_err(damaged)?;
                u32::from_le_bytes([start[8], start[9], start[10], start[11]]) as usize
            }
            other => return Err(format!("is of the version {other} of the format, which is not known")),
        };
        if length > HEADER {
            return Err(format!("has a header of {length} bytes, more than any array needs"));
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text).map_err(damaged)?;
        if text.iter().filter(|&&byte| matches!(byte, b'(' | b'[' | b'{')).count() > BRACKETS {
            return Err("has a header with too many brackets".into());
        }
        Ok(Self { start, text })
    }

    /// Bytes of the header.
    fn length(&self) -> u64 {
        (self.start.len() + self.text.len()) as u64
    }

    /// Refuses a shape with more entries than there are bytes of data. The reader of headers multiplies the dimensions without a
    /// look at what comes out, and so do others: also those beside a 0.
    fn check(&self, data: u64) -> Result<(), String> {
        let dimensions = self.dimensions();
        let count = dimensions.iter().try_fold(1u64, |count, &dim| count.checked_mul(dim?));
        let size =
            dimensions.iter().try_fold(1usize, |size, &dim| size.checked_mul(usize::try_from(dim?).ok()?.max(1)));
        let is_small = size.is_some_and(|size| size <= isize::MAX as usize / 16);
        if !is_small || count.is_none_or(|count| count > data) {
            let header = String::from_utf8_lossy(&self.text);
            return Err(format!("says of itself {}, and has {data} bytes", header.trim()));
        }
        Ok(())
    }

    /// The whole numbers of the shape; `None` for one beyond 64 bits.
    fn dimensions(&self) -> Vec<Option<u64>> {
        let text = String::from_utf8_lossy(&self.text);
        let shape = text.split_once("shape").map_or("", |(_, rest)| rest);
        let shape = shape.split_once(')').map_or(shape, |(shape, _)| shape);
        let runs = shape.split(|character: char| !character.is_ascii_digit()).filter(|run| !run.is_empty());
        runs.map(|run| run.parse().ok()).collect()
    }

    /// The bytes of the header, to be read again.
    fn into_reader(self) -> Cursor<Vec<u8>> {
        Cursor::new([self.start, self.text].concat())
    }
}

/// How the entries stand in a file.
struct Layout {
    shape: Vec<usize>,
    /// How many there are.
    length: usize,
    kind: TypeStr,
    /// Bytes of one.
    width: usize,
    /// Whether the first axis runs fastest.
    is_fortran: bool,
}

impl Layout {
    /// What a header says, which must be what so many bytes of data can hold.
    fn new(header: &NpyHeader, data: u64) -> Result<Self, String> {
        let shape: Vec<usize> = header.shape().iter().map(|&dim| usize::try_from(dim).unwrap_or(usize::MAX)).collect();
        let DType::Plain(kind) = header.dtype() else {
            return Err("holds records; save one array for each of their fields".into());
        };
        let Some(width) = kind.num_bytes().filter(|_| kind.type_char() != TypeChar::Object) else {
            return Err("holds objects of Python; save numbers, such as after `.astype('float32')`".into());
        };
        let width = width.max(1);
        let length = shape.iter().try_fold(1usize, |length, &dim| length.checked_mul(dim));
        let fits = |length: &usize| length.checked_mul(width).is_some_and(|bytes| bytes as u64 <= data);
        let Some(length) = length.filter(fits).filter(|_| shape.len() <= AXES) else {
            return Err(format!("should have the shape {shape:?} with {width} bytes an entry, and has {data} bytes"));
        };
        let is_fortran = header.order() == Order::Fortran && shape.len() > 1;
        Ok(Self { shape, length, kind, width, is_fortran })
    }

    /// Refuses an array that takes more memory to read than the limit.
    fn check_memory(&self, limit: u64) -> Result<(), String> {
        // The entries as they stand there, as they are kept, and in another order.
        let copies = 1 + u64::from(self.is_fortran);
        let needed = self.length as u64 * (self.width as u64 + 8 * copies);
        let is_float = self.kind.type_char() == TypeChar::Float;
        if (!is_float || self.is_fortran) && needed > limit {
            return Err(format!("takes {needed} bytes to read, and {limit} are left for it"));
        }
        Ok(())
    }

    /// Reads the entries.
    fn values(&self, file: NpyFile<impl Read>) -> Result<Values, String> {
        Ok(match (self.kind.type_char(), self.width) {
            (TypeChar::Float, 8) => Values::Float64(self.ordered(entries(file)?)),
            (TypeChar::Float, 4) => Values::Float32(self.ordered(entries(file)?)),
            (TypeChar::Int, 8) => Values::Whole(self.ordered(entries(file)?)),
            (TypeChar::Int, 4) => self.whole::<i32>(file)?,
            (TypeChar::Int, 2) => self.whole::<i16>(file)?,
            (TypeChar::Int, 1) => self.whole::<i8>(file)?,
            (TypeChar::Uint, 4) => self.whole::<u32>(file)?,
            (TypeChar::Uint, 2) => self.whole::<u16>(file)?,
            (TypeChar::Uint, 1) => self.whole::<u8>(file)?,
            (TypeChar::Bool, 1) => self.whole::<bool>(file)?,
            _ => {
                return Err(format!(
                    "has entries of the type {}; floats of 4 or 8 bytes, whole numbers and booleans are read, such as after \
                     `.astype('float32')`",
                    self.kind
                ));
            }
        })
    }

    fn whole<T: npyz::Deserialize + Into<i64>>(&self, file: NpyFile<impl Read>) -> Result<Values, String> {
        let values: Vec<T> = entries(file)?;
        Ok(Values::Whole(self.ordered(values.into_iter().map(Into::into).collect())))
    }

    /// The entries with the last axis running fastest.
    fn ordered<T: Copy>(&self, values: Vec<T>) -> Vec<T> {
        if self.is_fortran { from_fortran(&values, &self.shape) } else { values }
    }
}

fn damaged(error: std::io::Error) -> String {
    format!("is damaged ({error})")
}

fn entries<T: npyz::Deserialize>(file: NpyFile<impl Read>) -> Result<Vec<T>, String> {
    file.into_vec().map_err(damaged)
}

/// Entries with the last axis running fastest, of such with the first one.
fn from_fortran<T: Copy>(values: &[T], shape: &[usize]) -> Vec<T> {
    let mut index = vec![0; shape.len()];
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    (0..values.len())
        .map(|_| {
            let value = values[index.iter().zip(&strides).map(|(i, stride)| i * stride).sum::<usize>()];
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                if index[axis] < shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
            value
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1 << 20;

    #[test]
    fn the_first_axis_may_run_fastest() {
        // [[1, 2, 3], [4, 5, 6]] by columns.
        assert_eq!(from_fortran(&[1, 4, 2, 5, 3, 6], &[2, 3]), [1, 2, 3, 4, 5, 6]);
    }

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), data].concat()
    }

    #[test]
    fn a_file_that_lies_is_refused_before_memory_is_taken() {
        let problem = |bytes: Vec<u8>| array(Cursor::new(bytes.clone()), bytes.len() as u64, LIMIT).unwrap_err();
        let of = |shape: &str| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
        for shape in
            ["(1000000000000,)", "(18446744073709551615, 18446744073709551615)", "(0, 18446744073709551615)", "(2,)"]
        {
            let told = problem(npy(&of(shape), &[0; 8]));
            assert!(told.contains("should have the shape") || told.contains("says of itself"), "{told}");
        }
        assert!(problem(npy(&"(".repeat(1000), &[])).contains("brackets"));
        let huge = [b"\x93NUMPY\x02\x00".as_slice(), &u32::MAX.to_le_bytes()].concat();
        assert!(problem(huge).contains("header of 4294967295 bytes"));
        assert!(problem(b"no array at all".to_vec()).contains("numpy.save"));
        let objects = problem(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", &[0; 8]));
        assert!(objects.contains("astype") || objects.contains("header"), "{objects}");
    }
}
