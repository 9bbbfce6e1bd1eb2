//! What is wrong with a mesh.

use std::path::PathBuf;

use thiserror::Error;

/// A mesh that cannot be used.
#[derive(Debug, Error)]
pub enum GeometryError {
    /// The file could not be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// The ending of the file's name.
    #[error("{}: surfaces are read from files that end in .ply, .obj or .stl, or .xyz for points with normals", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// No triangles.
    #[error("{what} has no triangles; a surface of triangles is needed")]
    Empty {
        /// Whose.
        what: String,
    },
    /// A coordinate is not a number.
    #[error("{what}: vertex {vertex} has the coordinates {found:?}, which are not all finite; mend the file")]
    NotFinite {
        /// Whose.
        what: String,
        /// Counted from 1.
        vertex: usize,
        /// They.
        found: [f64; 3],
    },
    /// A triangle of vertices that are not there.
    #[error("{what}: triangle {face} refers to vertex {vertex}, but there are {vertices}")]
    Index {
        /// Whose.
        what: String,
        /// Counted from 1.
        face: usize,
        /// Counted from 1.
        vertex: usize,
        /// How many there are.
        vertices: usize,
    },
    /// A normal without direction.
    #[error(
        "{what}: the normal of vertex {vertex} has length {length}; normals should have length 1 (leave them out and they are \
         computed)"
    )]
    Normal {
        /// Whose.
        what: String,
        /// Counted from 1.
        vertex: usize,
        /// Its length.
        length: f64,
    },
    /// Edges of one triangle only, or of more than two.
    #[error(
        "{what} is not closed: {edges} of its edges do not join two triangles, the first between vertices {first} and {second}; \
         inside and outside need a closed surface: fill its holes first"
    )]
    Open {
        /// Whose.
        what: String,
        /// How many.
        edges: usize,
        /// Counted from 1.
        first: usize,
        /// Counted from 1.
        second: usize,
    },
}
