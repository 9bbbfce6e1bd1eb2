//! Arrays in NPY and NPZ files, as NumPy writes and reads them.
//!
//! An archive may be anybody's: what it says of itself is checked against its size and a limit before memory is taken for it.

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor, Read, Write};
use std::path::Path;

use npyz::{DType, NpyFile, Order, TypeChar, WriterBuilder};

use crate::Failure;
use crate::input::Input;

/// An array, the last axis running fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its entries.
    pub values: Values,
}

/// The entries of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Of `float32`, or `float16`.
    Float32(Vec<f32>),
    /// Of `float64`.
    Float64(Vec<f64>),
    /// Of whole numbers or booleans.
    Whole(Vec<i64>),
}

/// Why a file holds no arrays, as the end of a sentence that names it.
pub type Problem = String;

/// The first bytes of an archive of arrays.
const ARCHIVE: &[u8] = b"PK\x03\x04";
/// The first bytes of an array.
const ARRAY: &[u8; 6] = b"\x93NUMPY";
/// What is said of a file that begins otherwise.
const NO_ARRAY: &str = "does not begin as NPY files do; write it with `numpy.save` or `numpy.savez`";
/// Bytes of a header at most; real ones have about a hundred.
const HEADER: usize = 1 << 14;
/// Brackets of a header at most: its reader goes one call deeper with each.
const BRACKETS: usize = 64;

impl Array {
    /// Of double precision.
    pub fn float64(shape: &[usize], values: Vec<f64>) -> Self {
        Self { shape: shape.to_vec(), values: Values::Float64(values) }
    }

    /// An entry as a number.
    pub fn number(&self, index: usize) -> f64 {
        match &self.values {
            Values::Float32(values) => f64::from(values[index]),
            Values::Float64(values) => values[index],
            Values::Whole(values) => values[index] as f64,
        }
    }

    /// All entries in double precision.
    pub fn numbers(&self) -> Vec<f64> {
        (0..self.len()).map(|index| self.number(index)).collect()
    }

    /// The place of an entry, as NumPy writes it: `[7, 2]`.
    pub fn place(&self, mut index: usize) -> String {
        let mut place = vec![0; self.shape.len()];
        for (at, &dim) in place.iter_mut().zip(&self.shape).rev() {
            (*at, index) = (index % dim.max(1), index / dim.max(1));
        }
        format!("{place:?}")
    }

    /// Bytes that the entries take.
    fn bytes(&self) -> u64 {
        let width = if matches!(self.values, Values::Float32(_)) { 4 } else { 8 };
        self.len() as u64 * width
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The arrays of a file: those of an archive by their names, or a single one as `array`. `limit` bytes may be taken for all.
pub fn read(path: &Path, limit: u64) -> Result<BTreeMap<String, Array>, Problem> {
    let is_known = |beginning: &[u8]| match beginning.starts_with(ARCHIVE) || beginning.starts_with(ARRAY) {
        true => Ok(()),
        false => Err(Failure::input(format!("{} {NO_ARRAY}", path.display()))),
    };
    let input = Input::open(path, is_known).map_err(|failure| format!("cannot be read: {}", failure.message()))?;
    read_input(&input, limit)
}

/// The same of a file that is open.
pub fn read_input(input: &Input, limit: u64) -> Result<BTreeMap<String, Array>, Problem> {
    let bytes = |error: std::io::Error| format!("cannot be read ({error})");
    let file = input.reader().map_err(bytes)?;
    let length = file.metadata().map_err(bytes)?.len();
    let mut reader = std::io::BufReader::new(file);
    if reader.fill_buf().map_err(bytes)?.starts_with(ARCHIVE) {
        return archive(reader, limit);
    }
    if length > limit {
        return Err(format!("has {length} bytes, and {limit} are left for it"));
    }
    Ok(BTreeMap::from([("array".to_owned(), array(reader, length, limit)?)]))
}

/// The arrays of an archive.
pub fn archive(reader: impl Read + std::io::Seek, limit: u64) -> Result<BTreeMap<String, Array>, Problem> {
    let mut archive = zip::ZipArchive::new(reader).map_err(|error| format!("is a damaged archive ({error})"))?;
    let mut arrays = BTreeMap::new();
    let mut left = limit;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| format!("is a damaged archive ({error})"))?;
        let name = entry.name().map_err(|error| format!("is a damaged archive ({error})"))?;
        let Some(name) = npyz::npz::array_name_from_file_name(&name).map(str::to_owned) else { continue };
        let size = entry.size();
        if size > left {
            return Err(format!("holds an array `{name}` of {size} bytes, and {left} are left for it"));
        }
        // What is packed may be more than it says.
        let array =
            array(entry.take(size), size, left).map_err(|problem| format!("holds an array `{name}` that {problem}"))?;
        left = left.saturating_sub(array.bytes());
        arrays.insert(name, array);
    }
    Ok(arrays)
}

/// One array of so many bytes, header included; `limit` bytes may be taken for it.
fn array(mut reader: impl Read, size: u64, limit: u64) -> Result<Array, Problem> {
    let damaged = |error: std::io::Error| format!("is damaged ({error})");
    let mut start = vec![0; 12];
    if reader.read_exact(&mut start[..10]).is_err() || start[..6] != *ARRAY {
        return Err(NO_ARRAY.into());
    }
    let header = match start[6] {
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
    if header > HEADER {
        return Err(format!("has a header of {header} bytes, more than any array needs"));
    }
    let mut text = vec![0; header];
    reader.read_exact(&mut text).map_err(damaged)?;
    if text.iter().filter(|&&byte| matches!(byte, b'(' | b'[' | b'{')).count() > BRACKETS {
        return Err("has a header with too many brackets".into());
    }
    let data = size.saturating_sub((start.len() + header) as u64);
    // Its reader multiplies the dimensions without a look at what comes out, and so do others: also those beside a 0.
    let dimensions = dimensions(&text);
    let count = dimensions.iter().try_fold(1u64, |count, &dim| count.checked_mul(dim?));
    let size = dimensions.iter().try_fold(1usize, |size, &dim| size.checked_mul(usize::try_from(dim?).ok()?.max(1)));
    let is_small = size.is_some_and(|size| size <= isize::MAX as usize / 16);
    if !is_small || count.is_none_or(|count| count > data) {
        let header = String::from_utf8_lossy(&text);
        return Err(format!("says of itself {}, and has {data} bytes", header.trim()));
    }
    let head = Cursor::new([start, text].concat());
    let file =
        NpyFile::new(head.chain(reader)).map_err(|error| format!("has a header that cannot be read ({error})"))?;
    let shape: Vec<usize> = file.shape().iter().map(|&dim| usize::try_from(dim).unwrap_or(usize::MAX)).collect();
    let DType::Plain(kind) = file.dtype() else {
        return Err("holds records; save one array for each of their fields".into());
    };
    let type_char = kind.type_char();
    let Some(width) = kind.num_bytes().filter(|_| type_char != TypeChar::Object) else {
        return Err("holds objects of Python; save numbers, such as after `.astype('float32')`".into());
    };
    let width = width.max(1);
    let length = shape.iter().try_fold(1usize, |length, &dim| length.checked_mul(dim));
    let length = length.filter(|length| length.checked_mul(width).is_some_and(|bytes| bytes as u64 <= data));
    if length.is_none() || shape.len() > 8 {
        return Err(format!("should have the shape {shape:?} with {width} bytes an entry, and has {data} bytes"));
    }
    let is_fortran = file.order() == Order::Fortran && shape.len() > 1;
    // The entries as they stand there, as they are kept, and in another order.
    let copies = 1 + u64::from(is_fortran);
    let needed = length.unwrap_or_default() as u64 * (width as u64 + 8 * copies);
    let is_float = type_char == TypeChar::Float;
    if (!is_float || is_fortran) && needed > limit {
        return Err(format!("takes {needed} bytes to read, and {limit} are left for it"));
    }
    let values = match (type_char, width) {
        (TypeChar::Float, 8) => Values::Float64(ordered(entries(file)?, &shape, is_fortran)),
        (TypeChar::Float, 4) => Values::Float32(ordered(entries(file)?, &shape, is_fortran)),
        (TypeChar::Int, 8) => Values::Whole(ordered(entries(file)?, &shape, is_fortran)),
        (TypeChar::Int, 4) => whole::<i32>(file, &shape, is_fortran)?,
        (TypeChar::Int, 2) => whole::<i16>(file, &shape, is_fortran)?,
        (TypeChar::Int, 1) => whole::<i8>(file, &shape, is_fortran)?,
        (TypeChar::Uint, 4) => whole::<u32>(file, &shape, is_fortran)?,
        (TypeChar::Uint, 2) => whole::<u16>(file, &shape, is_fortran)?,
        (TypeChar::Uint, 1) => whole::<u8>(file, &shape, is_fortran)?,
        (TypeChar::Bool, 1) => {
            let values: Vec<bool> = entries(file)?;
            Values::Whole(ordered(values.into_iter().map(i64::from).collect(), &shape, is_fortran))
        }
        _ => {
            return Err(format!(
                "has entries of the type {kind}; floats of 4 or 8 bytes, whole numbers and booleans are read, such as after \
                 `.astype('float32')`"
            ));
        }
    };
    Ok(Array { shape, values })
}

/// The whole numbers of the shape in a header; `None` for one beyond 64 bits.
fn dimensions(header: &[u8]) -> Vec<Option<u64>> {
    let text = String::from_utf8_lossy(header);
    let shape = text.split_once("shape").map_or("", |(_, rest)| rest);
    let shape = shape.split_once(')').map_or(shape, |(shape, _)| shape);
    let runs = shape.split(|character: char| !character.is_ascii_digit()).filter(|run| !run.is_empty());
    runs.map(|run| run.parse().ok()).collect()
}

fn entries<T: npyz::Deserialize>(file: NpyFile<impl Read>) -> Result<Vec<T>, Problem> {
    file.into_vec().map_err(|error| format!("is damaged ({error})"))
}

fn whole<T: npyz::Deserialize + Into<i64>>(
    file: NpyFile<impl Read>,
    shape: &[usize],
    is_fortran: bool,
) -> Result<Values, Problem> {
    let values: Vec<T> = entries(file)?;
    Ok(Values::Whole(ordered(values.into_iter().map(Into::into).collect(), shape, is_fortran)))
}

/// Entries with the last axis running fastest, of such with the first one.
fn ordered<T: Copy>(values: Vec<T>, shape: &[usize], is_fortran: bool) -> Vec<T> {
    if !is_fortran {
        return values;
    }
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

/// An archive of arrays, not packed, as `numpy.savez` writes it.
pub fn to_bytes<'a>(arrays: impl IntoIterator<Item = (&'a str, &'a Array)>) -> std::io::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(vec![]));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        // The same bytes for the same arrays.
        .last_modified_time(zip::DateTime::default())
        .large_file(true);
    for (name, array) in arrays {
        archive.start_file(npyz::npz::file_name_from_array_name(name), options)?;
        let shape: Vec<u64> = array.shape.iter().map(|&dim| dim as u64).collect();
        match &array.values {
            Values::Float32(values) => write(&mut archive, &shape, values)?,
            Values::Float64(values) => write(&mut archive, &shape, values)?,
            Values::Whole(values) => write(&mut archive, &shape, values)?,
        }
    }
    Ok(archive.finish()?.into_inner())
}

fn write<T: npyz::AutoSerialize + Copy>(archive: &mut impl Write, shape: &[u64], values: &[T]) -> std::io::Result<()> {
    let mut bytes = vec![];
    let options = npyz::WriteOptions::new().default_dtype().shape(shape);
    let mut writer = options.writer(&mut bytes).begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()?;
    archive.write_all(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1 << 20;

    fn round_trip(array: &Array) -> Array {
        let bytes = to_bytes([("x", array)]).unwrap();
        archive(Cursor::new(bytes), LIMIT).unwrap().remove("x").unwrap()
    }

    #[test]
    fn arrays_come_back() {
        for array in [
            Array { shape: vec![2, 3], values: Values::Float32((0..6).map(|i| i as f32).collect()) },
            Array::float64(&[], vec![0.1]),
            Array { shape: vec![3], values: Values::Whole(vec![-1, 0, i64::MAX]) },
            Array::float64(&[0, 5], vec![]),
        ] {
            assert_eq!(round_trip(&array), array);
        }
    }

    #[test]
    fn the_first_axis_may_run_fastest() {
        // [[1, 2, 3], [4, 5, 6]] by columns.
        assert_eq!(ordered(vec![1, 4, 2, 5, 3, 6], &[2, 3], true), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn places_are_those_of_numpy() {
        let array = Array::float64(&[4, 3, 2], vec![0.0; 24]);
        assert_eq!([0, 5, 23].map(|index| array.place(index)), ["[0, 0, 0]", "[0, 2, 1]", "[3, 2, 1]"]);
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

    #[cfg(target_os = "linux")]
    #[test]
    fn what_never_ends_is_known_by_its_beginning() {
        let problem = read(Path::new("/dev/zero"), LIMIT).unwrap_err();
        assert!(problem.contains("numpy.save"), "{problem}");
    }

    #[test]
    fn an_archive_that_unpacks_to_more_than_the_limit_is_refused() {
        let bytes = to_bytes([("x", &Array::float64(&[1000], vec![0.0; 1000]))]).unwrap();
        let problem = archive(Cursor::new(bytes), 4000).unwrap_err();
        assert!(problem.contains("`x` of 8128 bytes, and 4000 are left"), "{problem}");
    }
}
