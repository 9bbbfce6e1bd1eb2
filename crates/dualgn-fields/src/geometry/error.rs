//! What is wrong with a mesh.

use std::path::PathBuf;

use dualgn_io::Failure;
use thiserror::Error;

use super::vector::Vector;

/// A mesh that cannot be used.
#[derive(Debug, Error)]
pub enum GeometryError {
    /// The file could not be opened or read.
    #[error("{}", .0.message())]
    File(Box<Failure>),
    /// The file does not hold what its format asks for.
    #[error("cannot read {}: {error}", path.display())]
    Contents {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: String,
    },
    /// The file is larger than memory allows, or does not end.
    #[error("{} takes more than the {} MiB that may be used for a surface, half of what is free", path.display(), most >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that may be used.
        most: u64,
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
    /// All points are one, or they are too far apart for the numbers of a computer.
    #[error("{what} has no size: its points are all at one place, or too far apart for double precision")]
    Extent {
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
        found: Vector,
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
    /// A normal of a point without direction.
    #[error("{what}: the normal of point {point} is {found:?}, which has no direction; leave the point out")]
    Normal {
        /// Whose.
        what: String,
        /// Counted from 1.
        point: usize,
        /// The normal.
        found: Vector,
    },
    /// Edges of one triangle only.
    #[error(
        "{what} is not closed: it has {holes} {} with {edges} open edges in all; the largest has {rim}, between {low:?} and {high:?}",
        if *holes == 1 { "hole" } else { "holes" }
    )]
    Open {
        /// Whose.
        what: String,
        /// Rims that are not joined.
        holes: usize,
        /// Edges of all rims.
        edges: usize,
        /// Edges of the longest.
        rim: usize,
        /// The least coordinates of the longest.
        low: Vector,
        /// The greatest.
        high: Vector,
    },
    /// Edges of more than two triangles.
    #[error(
        "{what}: more than two triangles meet at {edges} of its edges, the first from {from:?} to {to:?} with {triangles}"
    )]
    Branching {
        /// Whose.
        what: String,
        /// How many.
        edges: usize,
        /// One end of the first.
        from: Vector,
        /// The other.
        to: Vector,
        /// Triangles there.
        triangles: usize,
    },
    /// A surface like a Klein bottle.
    #[error("{what} has one side only: its triangles near {near:?} cannot all be turned outwards")]
    OneSided {
        /// Whose.
        what: String,
        /// Where.
        near: Vector,
    },
}

impl GeometryError {
    /// What the user can do, if that is known.
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Open { .. } => {
                "fill its holes first, such as by `Close Holes` in MeshLab or `Fill` in Blender, or give points with normals \
                 (.xyz), which need not be closed"
            }
            Self::Branching { .. } => {
                "remove the triangles inside the body, or move bodies that touch along an edge apart, so that each edge joins two \
                 triangles"
            }
            Self::TooLarge { .. } => "reduce the number of triangles, such as by `Decimate` in Blender",
            _ => return None,
        };
        Some(hint.into())
    }
}

impl From<GeometryError> for Failure {
    fn from(error: GeometryError) -> Self {
        let (message, hint) = (error.to_string(), error.hint());
        match error {
            GeometryError::File(failure) => *failure,
            _ => Self::input(message).perhaps(hint),
        }
    }
}
