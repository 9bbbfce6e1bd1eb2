//! [`Solid`]: distances to a surface.

use parry3d_f64::math::Vector as Point;
use parry3d_f64::query::{PointQuery, PointQueryWithLocation, Ray, RayCast};
use parry3d_f64::shape::{TriMesh, TriMeshFlags};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::GeometryError;
use super::mesh::Mesh;
use super::sampling::{Generator, Sampling};
use super::vector::Vector;

/// A mesh in a tree of boxes: nearest points and rays in logarithmic time.
pub struct Solid(TriMesh);

/// How far two surfaces are from each other, from points on each to the nearest of the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    /// The mean of the two mean distances.
    pub chamfer: f64,
    /// The greatest distance.
    pub hausdorff: f64,
}

impl Deviation {
    /// Of the distances from one to the other, and back.
    pub fn of(there: &[f64], back: &[f64]) -> Self {
        let mean = |distances: &[f64]| distances.iter().sum::<f64>() / distances.len() as f64;
        let greatest = there.iter().chain(back).copied().fold(0.0, f64::max);
        Self { chamfer: (mean(there) + mean(back)) / 2.0, hausdorff: greatest }
    }
}

impl Solid {
    /// Makes the solid of a closed, outward mesh.
    ///
    /// # Errors
    /// Returns `GeometryError::Empty` if it has no triangles.
    pub fn new(what: &str, mesh: &Mesh) -> Result<Self, GeometryError> {
        let broken = || GeometryError::Empty { what: what.into() };
        Self::with(mesh, TriMeshFlags::ORIENTED).ok_or_else(broken)
    }

    /// Of any mesh, for distances without a sign.
    pub fn unsigned(what: &str, mesh: &Mesh) -> Result<Self, GeometryError> {
        Self::with(mesh, TriMeshFlags::empty()).ok_or_else(|| GeometryError::Empty { what: what.into() })
    }

    fn with(mesh: &Mesh, flags: TriMeshFlags) -> Option<Self> {
        let vertices = mesh.vertices.iter().map(|&vertex| point(vertex)).collect();
        TriMesh::with_flags(vertices, mesh.faces.clone(), flags).ok().map(Self)
    }

    /// The distance to the surface, negative inside.
    pub fn signed_distance(&self, at: Vector) -> f64 {
        let at = point(at);
        let nearest = self.0.project_local_point(at, false);
        let distance = (nearest.point - at).length();
        if nearest.is_inside { -distance } else { distance }
    }

    /// How far the surface is from a point, and the normal of the triangle that is nearest.
    pub(super) fn nearest(&self, at: Vector) -> (f64, Vector) {
        let at = point(at);
        let (nearest, (triangle, _)) = self.0.project_local_point_and_get_location(at, false);
        let normal = self.0.triangle(triangle).normal().map_or([0.0; 3], |normal| [normal.x, normal.y, normal.z]);
        ((nearest.point - at).length(), normal)
    }

    /// Where a ray from a point first meets the surface, in units of its direction, the normal there, and the triangle.
    pub fn ray(&self, origin: Vector, direction: Vector) -> Option<(f64, Vector, usize)> {
        let ray = Ray::new(point(origin), point(direction));
        let hit = self.0.cast_local_ray_and_get_normal(&ray, f64::INFINITY, false)?;
        Some((hit.time_of_impact, [hit.normal.x, hit.normal.y, hit.normal.z], hit.subshape as usize))
    }
}

/// From so many points on either surface.
pub fn deviation(a: &Mesh, b: &Mesh, points: usize) -> Result<Deviation, GeometryError> {
    let one_way = |from: &Mesh, to: &Mesh| -> Result<Vec<f64>, GeometryError> {
        let to = Solid::unsigned("the surface", to)?;
        let samples = from.sample(points, Sampling::Sobol, &mut Generator::new(0, 0));
        Ok(samples.into_par_iter().map(|(at, _)| to.signed_distance(at).abs()).collect())
    };
    Ok(Deviation::of(&one_way(a, b)?, &one_way(b, a)?))
}

pub(super) fn point([x, y, z]: Vector) -> Point {
    Point::new(x, y, z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::mesh::tests::tetrahedron;

    #[test]
    fn distances_to_a_tetrahedron_are_those_of_its_planes() {
        let solid = Solid::new("a tetrahedron", &tetrahedron()).unwrap();
        for (at, wanted) in [
            ([0.1, 0.2, 0.3], -0.1),
            ([0.2, 0.2, -0.5], 0.5),
            ([1.0, 1.0, 1.0], 2.0 / 3f64.sqrt()),
            ([-3.0, -4.0, 0.0], 5.0),
            ([0.3, 0.3, 0.3], -0.1 / 3f64.sqrt()),
        ] {
            assert!((solid.signed_distance(at) - wanted).abs() < 1e-12, "{at:?}: {}", solid.signed_distance(at));
        }
        let (along, normal, _) = solid.ray([0.2, 0.3, -2.0], [0.0, 0.0, 1.0]).unwrap();
        assert!((along - 2.0).abs() < 1e-12 && (normal[2] + 1.0).abs() < 1e-12);
        assert!(solid.ray([5.0, 5.0, -2.0], [0.0, 0.0, 1.0]).is_none());
    }

    #[test]
    fn a_moved_surface_is_as_far_as_it_was_moved() {
        let mesh = tetrahedron();
        let mut moved = mesh.clone();
        moved.vertices.iter_mut().for_each(|vertex| vertex[0] += 10.0);
        let same = deviation(&mesh, &mesh, 500).unwrap();
        assert!(same.chamfer < 1e-12 && same.hausdorff < 1e-12);
        let apart = deviation(&mesh, &moved, 500).unwrap();
        // The nearest points are 9 apart, the farthest 10.
        assert!(apart.chamfer > 9.0 && apart.hausdorff <= 10.5, "{apart:?}");
    }
}
