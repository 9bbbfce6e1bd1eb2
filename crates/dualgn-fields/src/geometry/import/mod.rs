//! Surfaces from files.

mod obj;
mod ply;
mod stl;

use std::io::Read;
use std::path::Path;

use dualgn_io::{Failure, fallible, input, memory};

use super::error::GeometryError;
use super::export::Format;
use super::repair::{Given, repaired};

/// Bytes that a surface takes in memory for each byte of its file: a triangle has 20 to 50 bytes there, and some 300 with its edges,
/// normals and vertices while it is repaired.
const UNFOLDED: u64 = 16;
/// What some programs of Windows begin a file of text with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Bytes of a triangle then. Files of polygons with very many corners have less than two a triangle.
const TRIANGLE: u64 = 300;

/// Reads a surface from a PLY, OBJ or STL file, repairs it, and brings it into the unit frame; polygons are cut into triangles.
///
/// # Errors
/// Returns `GeometryError` if the file cannot be read or is too large, or if what it holds is no closed surface; the message names the
/// file and the place that is wrong.
pub fn read_mesh(path: &Path) -> Result<Given, GeometryError> {
    let unknown = || GeometryError::Format { path: path.into() };
    let format = Format::of(path).ok_or_else(unknown)?;
    if format == Format::Glb {
        return Err(unknown());
    }
    let most = memory::limit(None);
    let bytes = read_limited(path)?;
    let soup = match format {
        Format::Ply => ply::read(&bytes),
        Format::Stl => stl::read(&bytes),
        _ => obj::read(&String::from_utf8_lossy(&bytes)),
    };
    drop(bytes);
    let soup = soup.map_err(|error| GeometryError::Contents { path: path.into(), error })?;
    if soup.triangles.len() as u64 > most / TRIANGLE {
        return Err(GeometryError::TooLarge { path: path.into(), most });
    }
    repaired(&path.display().to_string(), soup)
}

/// Reads a file once, whatever it is, if it ends before there is too much of it for the memory.
pub(super) fn read_limited(path: &Path) -> Result<Vec<u8>, GeometryError> {
    let most = memory::limit(None);
    let allowed = most / UNFOLDED;
    let reader = input::open(path).map_err(|failure| GeometryError::File(Box::new(failure)))?;
    let mut bytes = vec![];
    let failed = |error: std::io::Error| GeometryError::File(Box::new(Failure::file("read", path, &error)));
    fallible(|| reader.take(allowed + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > allowed {
        return Err(GeometryError::TooLarge { path: path.into(), most });
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
