//! Points in regions, and surfaces: where equations and shapes are sampled. Nothing here knows of networks.

mod cloud;
mod distance;
mod error;
mod export;
mod import;
mod level_set;
mod mesh;
mod region;
mod sampling;

pub use cloud::Cloud;
pub use distance::{Deviation, Solid, deviation};
pub use error::GeometryError;
pub use export::Format;
pub use import::read_mesh;
pub use level_set::surface;
pub use mesh::{Mesh, Vector, cross, dot, minus};
pub use region::Region;
pub use sampling::{Generator, Sampling};
