//! [`Figure`]: simple parts of space, with points and normals of their boundaries.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

use super::distance::Solid;
use super::error::GeometryError;
use super::mesh::Mesh;
use super::outline::Outline;
use super::vector::{area, norm};

/// A simple part of space of one to three dimensions.
#[derive(Clone, Debug)]
pub enum Figure {
    /// A box.
    Box {
        /// The least coordinates.
        low: Vec<f64>,
        /// The greatest.
        high: Vec<f64>,
    },
    /// A ball: an interval, a disk or a ball in space.
    Ball {
        /// Its centre.
        centre: Vec<f64>,
        /// Its radius.
        radius: f64,
    },
    /// A polygon in the plane.
    Polygon(Outline),
    /// What is within a closed surface in space.
    Body(Body),
}

/// A closed surface of triangles, with a tree for nearest points.
#[derive(Clone)]
pub struct Body {
    mesh: Arc<Mesh>,
    solid: Arc<Solid>,
    /// The area of all triangles up to each.
    areas: Arc<Vec<f64>>,
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Body").field("triangles", &self.mesh.faces.len()).finish_non_exhaustive()
    }
}

impl Body {
    /// Takes a closed, outward mesh.
    ///
    /// # Errors
    /// Returns `GeometryError::Empty` if it has no triangles.
    pub fn new(what: &str, mesh: Mesh) -> Result<Self, GeometryError> {
        let solid = Solid::new(what, &mesh)?;
        let mut total = 0.0;
        let areas = (0..mesh.faces.len()).map(|face| {
            total += norm(area(mesh.corners(face))) / 2.0;
            total
        });
        Ok(Self { areas: Arc::new(areas.collect()), solid: Arc::new(solid), mesh: Arc::new(mesh) })
    }

    /// Returns how many triangles the surface has.
    pub fn triangles(&self) -> usize {
        self.mesh.faces.len()
    }

    /// The point of a triangle, chosen by its part of the area, at two other parts.
    fn point(&self, [triangle, u, v]: [f64; 3]) -> Vec<f64> {
        let total = self.areas.last().copied().unwrap_or(0.0);
        let face = self.areas.partition_point(|&end| end <= triangle * total).min(self.areas.len() - 1);
        let corners = self.mesh.corners(face);
        // The square folded into a triangle.
        let root = u.sqrt();
        let weights = [1.0 - root, root * (1.0 - v), root * v];
        (0..3).map(|axis| (0..3).map(|corner| weights[corner] * corners[corner][axis]).sum()).collect()
    }
}

impl Figure {
    /// Returns the number of its dimensions.
    pub fn dims(&self) -> usize {
        match self {
            Self::Box { low, .. } => low.len(),
            Self::Ball { centre, .. } => centre.len(),
            Self::Polygon(_) => 2,
            Self::Body(_) => 3,
        }
    }

    /// Returns the least and the greatest coordinates.
    pub fn bounds(&self) -> [Vec<f64>; 2] {
        match self {
            Self::Box { low, high } => [low.clone(), high.clone()],
            Self::Ball { centre, radius } => [-radius, *radius].map(|by| centre.iter().map(|x| x + by).collect()),
            Self::Polygon(outline) => {
                let ends = |pick: fn(f64, f64) -> f64| {
                    (0..2).map(move |axis| {
                        outline.corners().iter().map(|corner| corner[axis]).reduce(pick).unwrap_or(0.0)
                    })
                };
                [ends(f64::min).collect(), ends(f64::max).collect()]
            }
            Self::Body(body) => body.mesh.bounds().map(|end| end.to_vec()),
        }
    }

    /// Whether a point is inside or on the boundary, of polygons and bodies inside.
    pub fn contains(&self, x: &[f64]) -> bool {
        match self {
            Self::Box { low, high } => (0..low.len()).all(|axis| (low[axis]..=high[axis]).contains(&x[axis])),
            Self::Ball { centre, radius } => away(centre, x) <= *radius,
            Self::Polygon(outline) => outline.contains([x[0], x[1]]),
            Self::Body(body) => body.solid.signed_distance([x[0], x[1], x[2]]) < 0.0,
        }
    }

    /// Returns the length or the area of the boundary; of an interval the number of its ends.
    pub fn boundary(&self) -> f64 {
        match self {
            Self::Box { low, high } => (0..low.len()).map(|axis| 2.0 * face(low, high, axis)).sum(),
            Self::Ball { centre, radius } => match centre.len() {
                1 => 2.0,
                2 => TAU * radius,
                _ => 2.0 * TAU * radius * radius,
            },
            Self::Polygon(outline) => outline.length(),
            Self::Body(body) => body.areas.last().copied().unwrap_or(0.0),
        }
    }

    /// Returns the point of the boundary for numbers of the unit cube, as many as there are dimensions: uniform ones give uniform
    /// points.
    pub fn boundary_point(&self, unit: &[f64]) -> Vec<f64> {
        match self {
            Self::Box { low, high } => {
                let dims = low.len();
                let mut left = unit[0] * self.boundary();
                let mut across = (0..2 * dims - 1).take_while(|side| {
                    let size = face(low, high, side / 2);
                    let is_before = size <= left;
                    left -= if is_before { size } else { 0.0 };
                    is_before
                });
                let side = across.by_ref().count();
                let mut others = unit[1..].iter();
                let mut along = |axis: usize| match axis == side / 2 {
                    true => [low, high][side % 2][axis],
                    false => low[axis] + others.next().copied().unwrap_or(0.5) * (high[axis] - low[axis]),
                };
                (0..dims).map(&mut along).collect()
            }
            Self::Ball { centre, radius } => {
                let direction = match (centre.len(), unit) {
                    (1, [side, ..]) => vec![if *side < 0.5 { -1.0 } else { 1.0 }],
                    (2, [angle, ..]) => vec![(TAU * angle).cos(), (TAU * angle).sin()],
                    (_, [height, angle, ..]) => {
                        let height = 2.0 * height - 1.0;
                        let around = (1.0 - height * height).sqrt();
                        vec![around * (TAU * angle).cos(), around * (TAU * angle).sin(), height]
                    }
                    _ => vec![0.0; centre.len()],
                };
                centre.iter().zip(direction).map(|(centre, x)| centre + radius * x).collect()
            }
            Self::Polygon(outline) => outline.point(unit[0], unit[1]).to_vec(),
            Self::Body(body) => body.point([unit[0], unit[1], unit[2]]),
        }
    }

    /// Returns how far the boundary is from a point, and the normal outwards where it is nearest.
    pub fn nearest(&self, x: &[f64]) -> (f64, Vec<f64>) {
        match self {
            Self::Box { low, high } => {
                let dims = low.len();
                let one = |side: usize| {
                    let (axis, is_high) = (side / 2, side % 2 == 1);
                    let end = if is_high { high[axis] } else { low[axis] };
                    let foot = (0..dims).map(|i| if i == axis { end } else { x[i].clamp(low[i], high[i]) });
                    let foot: Vec<f64> = foot.collect();
                    let sign = if is_high { 1.0 } else { -1.0 };
                    (away(&foot, x), (0..dims).map(|i| if i == axis { sign } else { 0.0 }).collect())
                };
                (0..2 * dims).map(one).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default()
            }
            Self::Ball { centre, radius } => {
                let distance = away(centre, x);
                let normal = x.iter().zip(centre).map(|(x, c)| (x - c) / distance.max(f64::MIN_POSITIVE));
                ((distance - radius).abs(), normal.collect())
            }
            Self::Polygon(outline) => {
                let (distance, normal) = outline.nearest([x[0], x[1]]);
                (distance, normal.to_vec())
            }
            Self::Body(body) => {
                let (distance, normal) = body.solid.nearest([x[0], x[1], x[2]]);
                (distance, normal.to_vec())
            }
        }
    }
}

fn away(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// The area of a face across an axis.
fn face(low: &[f64], high: &[f64], axis: usize) -> f64 {
    (0..low.len()).filter(|other| *other != axis).map(|other| high[other] - low[other]).product()
}
