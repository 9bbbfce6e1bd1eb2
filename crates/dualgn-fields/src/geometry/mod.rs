//! Points in regions, and surfaces: where equations and shapes are sampled. Nothing here knows of networks.
//!
//! ```text
//! import/       surfaces from files, as they stand there (soup.rs)
//! polygon.rs    polygons as triangles
//! repair.rs     from there to a closed surface: weld.rs, holes.rs, orient.rs, shading.rs, in its frame (frame.rs)
//! mesh.rs       that surface; cloud.rs and facing.rs, points with normals
//! distance.rs   distances to either
//! level_set.rs  the surface where a function is zero; export.rs, to files
//! figure.rs     boxes, balls, polygons (outline.rs) and bodies; construction.rs, what is made of them
//! region.rs     where points are drawn; sampling.rs, how
//! ```

mod cloud;
mod construction;
mod distance;
mod edges;
mod error;
mod export;
mod facing;
mod figure;
mod frame;
mod holes;
mod import;
mod level_set;
mod mesh;
mod orient;
mod outline;
mod polygon;
mod region;
mod repair;
mod sampling;
mod shading;
mod soup;
mod vector;
mod weld;

pub use cloud::Cloud;
pub use construction::{Construction, Step};
pub use distance::{Deviation, Solid, deviation};
pub use error::GeometryError;
pub use export::Format;
pub use figure::{Body, Figure};
pub use frame::Frame;
pub use import::read_mesh;
pub use level_set::surface;
pub use mesh::Mesh;
pub use outline::{NoOutline, Outline, Place};
pub use region::{Predicate, Region};
pub use repair::Given;
pub use sampling::{Generator, Sampling};
pub use vector::{Vector, cross, dot, minus};
