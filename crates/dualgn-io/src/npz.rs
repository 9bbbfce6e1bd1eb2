//! Arrays in NPY and NPZ files, as NumPy writes and reads them.
//!
//! An archive may be anybody's: what it says of itself is checked against its size and a limit before memory is taken for it.
//! Errors say why a file holds no arrays, as the end of a sentence that names it.

mod header;
mod kind;
mod literal;
mod npy;

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor, Read, Write};
use std::path::Path;

use crate::Failure;
use crate::input::Input;
use npy::array;

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

/// How the files of an archive end that hold arrays.
const ENDING: &str = ".npy";
/// The first bytes of an archive of arrays.
const ARCHIVE: &[u8] = b"PK\x03\x04";
/// The first bytes of an array.
const ARRAY: &[u8; 6] = b"\x93NUMPY";
/// What is said of a file that begins otherwise.
const NO_ARRAY: &str = "does not begin as NPY files do; write it with `numpy.save` or `numpy.savez`";

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
///
/// # Errors
/// Returns the end of a sentence that names the file: it cannot be read, or holds no arrays.
pub fn read(path: &Path, limit: u64) -> Result<BTreeMap<String, Array>, String> {
    let is_known = |beginning: &[u8]| match beginning.starts_with(ARCHIVE) || beginning.starts_with(ARRAY) {
        true => Ok(()),
        false => Err(Failure::input(format!("{} {NO_ARRAY}", path.display()))),
    };
    let input = Input::open(path, is_known).map_err(|failure| format!("cannot be read: {}", failure.message()))?;
    read_input(&input, limit)
}

/// The same of a file that is open.
pub fn read_input(input: &Input, limit: u64) -> Result<BTreeMap<String, Array>, String> {
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
pub fn archive(reader: impl Read + std::io::Seek, limit: u64) -> Result<BTreeMap<String, Array>, String> {
    let mut archive = zip::ZipArchive::new(reader).map_err(|error| format!("is a damaged archive ({error})"))?;
    let mut arrays = BTreeMap::new();
    let mut left = limit;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| format!("is a damaged archive ({error})"))?;
        let name = entry.name().map_err(|error| format!("is a damaged archive ({error})"))?;
        let Some(name) = array_name(&name).map(str::to_owned) else { continue };
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

/// An archive of arrays, not packed, as `numpy.savez` writes it.
pub fn to_bytes<'a>(arrays: impl IntoIterator<Item = (&'a str, &'a Array)>) -> std::io::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(vec![]));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        // The same bytes for the same arrays.
        .last_modified_time(zip::DateTime::default())
        .large_file(true);
    for (name, array) in arrays {
        archive.start_file(format!("{name}{ENDING}"), options)?;
        archive.write_all(&npy::to_bytes(array)?)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// The name of the array in a file of an archive; `None` of other files. A name ends at a zero, for NumPy too.
fn array_name(file: &str) -> Option<&str> {
    file.split('\0').next().and_then(|name| name.strip_suffix(ENDING))
}

fn damaged(error: std::io::Error) -> String {
    format!("is damaged ({error})")
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
    fn places_are_those_of_numpy() {
        let array = Array::float64(&[4, 3, 2], vec![0.0; 24]);
        assert_eq!([0, 5, 23].map(|index| array.place(index)), ["[0, 0, 0]", "[0, 2, 1]", "[3, 2, 1]"]);
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
