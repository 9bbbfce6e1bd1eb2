//! [`array`]: one array, which is an NPY file or an entry of an archive.

use std::io::{self, Read};

use super::header::{self, Header};
use super::kind::Kind;
use super::{Array, Values, damaged};

/// Axes of an array at most.
const AXES: usize = 8;
/// Bytes of entries that are read at once: a multiple of the bytes of each.
const PIECE: usize = 1 << 14;

/// One array of so many bytes, header included; `limit` bytes may be taken for it.
pub(super) fn array(mut reader: impl Read, size: u64, limit: u64) -> Result<Array, String> {
    let header = Header::read(&mut reader)?;
    let data = size.saturating_sub(header.length());
    header.check(data)?;
    let layout = Layout::new(header, data)?;
    layout.check_memory(limit)?;
    let values = layout.values(reader)?;
    Ok(Array { shape: layout.shape, values })
}

/// Returns the bytes of an NPY file.
///
/// # Errors
/// Returns an error if an array has not as many entries as its shape says.
pub(super) fn to_bytes(array: &Array) -> io::Result<Vec<u8>> {
    match &array.values {
        Values::Float32(values) => joined("<f4", &array.shape, values.iter().map(|value| value.to_le_bytes())),
        Values::Float64(values) => joined("<f8", &array.shape, values.iter().map(|value| value.to_le_bytes())),
        Values::Whole(values) => joined("<i8", &array.shape, values.iter().map(|value| value.to_le_bytes())),
    }
}

/// A header and the bytes of each entry.
fn joined<const N: usize>(
    kind: &str,
    shape: &[usize],
    entries: impl ExactSizeIterator<Item = [u8; N]>,
) -> io::Result<Vec<u8>> {
    let (count, length) = (entries.len(), shape.iter().product::<usize>());
    if count != length {
        let problem = format!("an array of {length} entries has {count}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    let mut bytes = header::to_bytes(kind, shape)?;
    bytes.reserve_exact(count * N);
    bytes.extend(entries.flatten());
    Ok(bytes)
}

/// How the entries stand in a file.
struct Layout {
    shape: Vec<usize>,
    /// How many there are.
    length: usize,
    kind: Kind,
    /// Bytes of one.
    width: usize,
    /// Whether the first axis runs fastest.
    is_fortran: bool,
}

impl Layout {
    /// What a header says, which must be what so many bytes of data can hold.
    fn new(header: Header, data: u64) -> Result<Self, String> {
        let shape = header.shape;
        let Some(kind) = header.kind else {
            return Err("holds records; save one array for each of their fields".into());
        };
        if kind.letter == 'O' {
            return Err("holds objects of Python; save numbers, such as after `.astype('float32')`".into());
        }
        let width = kind.width.max(1);
        let length = shape.iter().try_fold(1usize, |length, &dim| length.checked_mul(dim));
        let fits = |length: &usize| length.checked_mul(width).is_some_and(|bytes| bytes as u64 <= data);
        let Some(length) = length.filter(fits).filter(|_| shape.len() <= AXES) else {
            return Err(format!("should have the shape {shape:?} with {width} bytes an entry, and has {data} bytes"));
        };
        let is_fortran = header.is_fortran && shape.len() > 1;
        Ok(Self { shape, length, kind, width, is_fortran })
    }

    /// Refuses an array that takes more memory to read than the limit.
    fn check_memory(&self, limit: u64) -> Result<(), String> {
        // The entries as they are kept, the room in which they grow, and in another order.
        let copies = 1 + u64::from(self.is_fortran);
        let needed = self.length as u64 * (self.width as u64 + 8 * copies);
        if (self.kind.letter != 'f' || self.is_fortran) && needed > limit {
            return Err(format!("takes {needed} bytes to read, and {limit} are left for it"));
        }
        Ok(())
    }

    /// Reads the entries.
    fn values(&self, reader: impl Read) -> Result<Values, String> {
        Ok(match (self.kind.letter, self.width) {
            ('f', 8) => Values::Float64(self.entries(reader, f64::from_le_bytes)?),
            ('f', 4) => Values::Float32(self.entries(reader, f32::from_le_bytes)?),
            ('i', 8) => self.whole(reader, i64::from_le_bytes)?,
            ('i', 4) => self.whole(reader, i32::from_le_bytes)?,
            ('i', 2) => self.whole(reader, i16::from_le_bytes)?,
            ('i', 1) => self.whole(reader, i8::from_le_bytes)?,
            ('u', 4) => self.whole(reader, u32::from_le_bytes)?,
            ('u', 2) => self.whole(reader, u16::from_le_bytes)?,
            ('u', 1) => self.whole(reader, u8::from_le_bytes)?,
            ('b', 1) => self.truths(reader)?,
            _ => {
                return Err(format!(
                    "has entries of the type {}; floats of 4 or 8 bytes, whole numbers and booleans are read, such as after \
                     `.astype('float32')`",
                    self.kind
                ));
            }
        })
    }

    fn whole<const N: usize, T: Into<i64>>(
        &self,
        reader: impl Read,
        number: impl Fn([u8; N]) -> T,
    ) -> Result<Values, String> {
        Ok(Values::Whole(self.entries(reader, |bytes| number(bytes).into())?))
    }

    fn truths(&self, reader: impl Read) -> Result<Values, String> {
        let values = self.entries(reader, |[byte]| i64::from(byte))?;
        match values.iter().find(|value| **value > 1) {
            Some(other) => Err(format!("is damaged (invalid value for bool: {other})")),
            None => Ok(Values::Whole(values)),
        }
    }

    /// Reads entries of `N` bytes each, the lowest of which `entry` is given first. The last axis of the result runs fastest.
    fn entries<const N: usize, T: Copy>(
        &self,
        mut reader: impl Read,
        entry: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, String> {
        let mut values = vec![];
        let mut piece = vec![0; PIECE.min(self.length * N)];
        while values.len() < self.length {
            // Memory is taken for what has come: a file may end before it says.
            let count = (piece.len() / N).min(self.length - values.len());
            reader.read_exact(&mut piece[..count * N]).map_err(damaged)?;
            let (entries, _) = piece[..count * N].as_chunks::<N>();
            values.extend(entries.iter().map(|&(mut bytes)| {
                if self.kind.is_big_endian {
                    bytes.reverse();
                }
                entry(bytes)
            }));
        }
        Ok(if self.is_fortran { from_fortran(&values, &self.shape) } else { values })
    }
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
    use std::io::Cursor;

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

    /// Of `numpy.save` 2.4: 1 and -2 or 2 of each type, then `[[1, 2, 3], [4, 5, 6]]` by columns.
    #[test]
    fn entries_of_numpy_are_read() {
        let whole = |numbers: &[i64]| Values::Whole(numbers.to_vec());
        let single = |numbers: &[f32]| Values::Float32(numbers.to_vec());
        let double = |numbers: &[f64]| Values::Float64(numbers.to_vec());
        for (kind, data, expected) in [
            ("|b1", b"\x01\x00".as_slice(), whole(&[1, 0])),
            ("|i1", b"\x01\xfe", whole(&[1, -2])),
            ("|u1", b"\x01\xfe", whole(&[1, 254])),
            ("<i2", b"\x01\x00\xfe\xff", whole(&[1, -2])),
            (">i2", b"\x00\x01\xff\xfe", whole(&[1, -2])),
            (">u2", b"\x00\x01\xff\xfe", whole(&[1, 65534])),
            ("<i4", b"\x01\x00\x00\x00\xfe\xff\xff\xff", whole(&[1, -2])),
            (">i4", b"\x00\x00\x00\x01\xff\xff\xff\xfe", whole(&[1, -2])),
            ("<u4", b"\x01\x00\x00\x00\xfe\xff\xff\xff", whole(&[1, 4294967294])),
            ("<i8", b"\x01\0\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff", whole(&[1, -2])),
            (">i8", b"\0\0\0\0\0\0\0\x01\xff\xff\xff\xff\xff\xff\xff\xfe", whole(&[1, -2])),
            ("<f4", b"\0\0\x80\x3f\0\0\0\xc0", single(&[1.0, -2.0])),
            (">f4", b"\x3f\x80\0\0\xc0\0\0\0", single(&[1.0, -2.0])),
            ("<f8", b"\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\xc0", double(&[1.0, -2.0])),
            (">f8", b"\x3f\xf0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", double(&[1.0, -2.0])),
        ] {
            let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (2,), }}\n");
            let bytes = npy(&header, data);
            let found = array(bytes.as_slice(), bytes.len() as u64, LIMIT).unwrap();
            assert_eq!(found, Array { shape: vec![2], values: expected }, "{kind}");
            let short = array(&bytes[..bytes.len() - 1], bytes.len() as u64, LIMIT).unwrap_err();
            assert_eq!(short, "is damaged (failed to fill whole buffer)", "{kind}");
        }
        let columns = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", &[1, 4, 2, 5, 3, 6]);
        let found = array(columns.as_slice(), columns.len() as u64, LIMIT).unwrap();
        assert_eq!(found, Array { shape: vec![2, 3], values: whole(&[1, 2, 3, 4, 5, 6]) });
    }

    #[test]
    fn arrays_of_several_pieces_come_back() {
        for length in [PIECE / 8 - 1, PIECE / 8, PIECE / 8 + 1, PIECE] {
            let array_of = Array::float64(&[length], (0..length).map(|index| index as f64).collect());
            let bytes = to_bytes(&array_of).unwrap();
            assert_eq!(array(bytes.as_slice(), bytes.len() as u64, LIMIT), Ok(array_of), "{length}");
        }
    }

    /// `numpy.save(numpy.float64(0.1))`.
    #[test]
    fn bytes_are_those_of_numpy() {
        let text = format!("{:117}\n", "{'descr': '<f8', 'fortran_order': False, 'shape': (), }");
        let expected = npy(&text, b"\x9a\x99\x99\x99\x99\x99\xb9\x3f");
        assert_eq!(to_bytes(&Array::float64(&[], vec![0.1])).unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_an_array_is_refused() {
        let of = |kind: &str, data: &[u8]| {
            let header = format!("{{'descr': {kind}, 'fortran_order': False, 'shape': (1,), }}\n");
            let bytes = npy(&header, data);
            array(bytes.as_slice(), bytes.len() as u64, LIMIT).unwrap_err()
        };
        for (kind, problem) in [
            ("'|O'", "holds objects of Python; save numbers"),
            ("[('a', '<f4')]", "holds records; save one array"),
            ("'<f2'", "has entries of the type <f2; floats of 4 or 8 bytes"),
            ("'<u8'", "has entries of the type <u8;"),
            ("'<c8'", "has entries of the type <c8;"),
            ("'<M8[ns]'", "has entries of the type <M8[ns];"),
            ("'|S3'", "has entries of the type |S3;"),
            ("'<U2'", "has entries of the type <U2;"),
            ("'<U3'", "should have the shape [1] with 12 bytes an entry, and has 8 bytes"),
        ] {
            let told = of(kind, &[0; 8]);
            assert!(told.starts_with(problem), "{kind}: {told}");
        }
        assert_eq!(of("'|b1'", &[7]), "is damaged (invalid value for bool: 7)");
        let wrong = Array { shape: vec![2], values: Values::Whole(vec![1]) };
        assert_eq!(to_bytes(&wrong).unwrap_err().to_string(), "an array of 2 entries has 1");
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
