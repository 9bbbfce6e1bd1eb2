//! [`Header`]: what stands before the entries of an array: their type and order, and the shape.
//!
//! That is the version of the format, the length of what follows, and a dictionary in the syntax of Python.

use std::io::{self, Read};

use super::kind::Kind;
use super::literal::{self, Literal};
use super::{ARRAY, NO_ARRAY, damaged};

/// Bytes of a header at most; real ones have about a hundred.
const LENGTH: usize = 1 << 14;
/// Brackets of a header at most: its reader goes one call deeper with each.
const BRACKETS: usize = 64;
/// What follows a header begins at a multiple of so many bytes.
const ALIGNMENT: usize = 64;

/// A header.
#[derive(Debug)]
pub(super) struct Header {
    /// Bytes of all of it.
    length: u64,
    /// The dictionary.
    text: String,
    /// `None` of records.
    pub(super) kind: Option<Kind>,
    /// Whether the first axis runs fastest.
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<usize>,
}

impl Header {
    /// Reads a header and nothing that follows it.
    pub(super) fn read(reader: &mut impl Read) -> Result<Self, String> {
        let mut start = vec![0; 12];
        if reader.read_exact(&mut start[..10]).is_err() || start[..6] != *ARRAY {
            return Err(NO_ARRAY.into());
        }
        let length = match (start[6], start[7]) {
            (1, 0) => {
                start.truncate(10);
                usize::from(u16::from_le_bytes([start[8], start[9]]))
            }
            (2 | 3, 0) => {
                reader.read_exact(&mut start[10..]).map_err(damaged)?;
                u32::from_le_bytes([start[8], start[9], start[10], start[11]]) as usize
            }
            (1..=3, minor) => {
                return Err(format!("is of the version {}.{minor} of the format, which is not known", start[6]));
            }
            (other, _) => return Err(format!("is of the version {other} of the format, which is not known")),
        };
        if length > LENGTH {
            return Err(format!("has a header of {length} bytes, more than any array needs"));
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text).map_err(damaged)?;
        if text.iter().filter(|&&byte| matches!(byte, b'(' | b'[' | b'{')).count() > BRACKETS {
            return Err("has a header with too many brackets".into());
        }
        // Names of records may be in Latin-1; nothing that is needed of a header is beyond ASCII.
        let text = String::from_utf8_lossy(&text).into_owned();
        Self::new((start.len() + length) as u64, text)
            .map_err(|problem| format!("has a header that cannot be read ({problem})"))
    }

    /// The header of a dictionary, which has the three keys that NumPy demands and no other.
    fn new(length: u64, text: String) -> Result<Self, String> {
        let (mut kind, mut is_fortran, mut shape) = (None, None, None);
        for (key, value) in literal::dictionary(&text)? {
            let is_twice = match key {
                "descr" => kind.replace(kind_of(&value)?).is_some(),
                "fortran_order" => {
                    let Literal::Truth(value) = value else {
                        return Err("`fortran_order` is neither True nor False".into());
                    };
                    is_fortran.replace(value).is_some()
                }
                "shape" => shape.replace(shape_of(&value)?).is_some(),
                _ => return Err(format!("the key `{key}` is not known")),
            };
            if is_twice {
                return Err(format!("the key `{key}` is there twice"));
            }
        }
        let missing = |key: &str| format!("the key `{key}` is missing");
        let kind = kind.ok_or_else(|| missing("descr"))?;
        let is_fortran = is_fortran.ok_or_else(|| missing("fortran_order"))?;
        let shape = shape.ok_or_else(|| missing("shape"))?;
        Ok(Self { length, text, kind, is_fortran, shape })
    }

    /// Bytes of the header.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Refuses a shape with more entries than there are bytes of data, and one whose dimensions, multiplied in any order, are
    /// beyond what memory can hold: also those beside a 0.
    pub(super) fn check(&self, data: u64) -> Result<(), String> {
        let count = self.shape.iter().try_fold(1usize, |count, &dim| count.checked_mul(dim));
        let size = self.shape.iter().try_fold(1usize, |size, &dim| size.checked_mul(dim.max(1)));
        let is_small = size.is_some_and(|size| size <= isize::MAX as usize / 16);
        if !is_small || count.is_none_or(|count| count as u64 > data) {
            return Err(format!("says of itself {}, and has {data} bytes", self.text.trim()));
        }
        Ok(())
    }
}

/// The type that `descr` names; `None` of records.
fn kind_of(descr: &Literal<'_>) -> Result<Option<Kind>, String> {
    match descr {
        Literal::Text(text) => match Kind::new(text) {
            Some(kind) => Ok(Some(kind)),
            None => Err(format!("`descr` is `{text}`, which is no type that is known")),
        },
        Literal::List(_) => Ok(None),
        _ => Err("`descr` is neither a text nor a list".into()),
    }
}

fn shape_of(shape: &Literal<'_>) -> Result<Vec<usize>, String> {
    let problem = "`shape` is no tuple of whole numbers";
    let (Literal::Tuple(dimensions) | Literal::List(dimensions)) = shape else { return Err(problem.into()) };
    let whole = |dimension: &Literal<'_>| match dimension {
        Literal::Whole(number) => Ok(*number),
        _ => Err(problem.to_owned()),
    };
    dimensions.iter().map(whole).collect()
}

/// Returns the bytes of a header of the version 1.0, of entries whose last axis runs fastest.
///
/// # Errors
/// Returns an error if the shape has thousands of axes, too many for that version.
pub(super) fn to_bytes(kind: &str, shape: &[usize]) -> io::Result<Vec<u8>> {
    // A comma behind each: NumPy leaves the last one out where there are several, and reads both.
    let shape: String = shape.iter().map(|dim| format!("{dim}, ")).collect();
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    let start = ARRAY.len() + 4;
    let spaces = (start + text.len() + 1).next_multiple_of(ALIGNMENT) - (start + text.len() + 1);
    text.extend(std::iter::repeat_n(' ', spaces));
    text.push('\n');
    let length = u16::try_from(text.len()).map_err(|_| io::Error::other("an array has too many axes"))?;
    Ok([ARRAY.as_slice(), &[1, 0], &length.to_le_bytes(), text.as_bytes()].concat())
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
