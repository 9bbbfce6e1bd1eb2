//! [`Mesh`]: a surface of triangles.

use super::sampling::{Generator, Sampling};
use super::vector::{Vector, area, bounds, direction, norm};

/// Vertices, and triangles of them, counter-clockwise seen from outside. Normals are those of corners: a vertex on an edge of a box has one
/// for each face there.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    /// Places.
    pub vertices: Vec<Vector>,
    /// Of length one, outwards; each is of one vertex, in the order of the vertices.
    pub normals: Vec<Vector>,
    /// Numbers of vertices.
    pub faces: Vec<[u32; 3]>,
    /// For each corner of a triangle the number of its normal.
    pub shading: Vec<[u32; 3]>,
}

impl Mesh {
    /// The places of a triangle's corners.
    pub fn corners(&self, face: usize) -> [Vector; 3] {
        self.faces[face].map(|corner| self.vertices[corner as usize])
    }

    /// Returns the vertices that have one normal, with it: those on no crease.
    pub fn smooth_vertices(&self) -> Vec<(Vector, Vector)> {
        // The normals of a vertex stand one after the other, so that one of its own is both the least and the greatest.
        let mut ends = vec![[u32::MAX, 0]; self.vertices.len()];
        for (face, shading) in self.faces.iter().zip(&self.shading) {
            for (vertex, &normal) in face.iter().zip(shading) {
                let [least, greatest] = ends[*vertex as usize];
                ends[*vertex as usize] = [least.min(normal), greatest.max(normal)];
            }
        }
        let one = |(&[least, greatest], &place): (&[u32; 2], &Vector)| {
            (least == greatest).then(|| (place, self.normals[least as usize]))
        };
        ends.iter().zip(&self.vertices).filter_map(one).collect()
    }

    /// For each normal the place where it is. With [`shading`](Self::shading), these are the vertices of a format in which a vertex has
    /// one normal.
    pub fn places(&self) -> Vec<Vector> {
        let mut places = vec![[0.0; 3]; self.normals.len()];
        for (face, shading) in self.faces.iter().zip(&self.shading) {
            for (vertex, normal) in face.iter().zip(shading) {
                places[*normal as usize] = self.vertices[*vertex as usize];
            }
        }
        places
    }

    /// Draws points uniform by area, with normals interpolated from the corners of their triangle.
    pub fn sample(&self, count: usize, sampling: Sampling, random: &mut Generator) -> Vec<(Vector, Vector)> {
        let mut total = 0.0;
        let areas: Vec<f64> = (0..self.faces.len())
            .map(|face| {
                total += norm(area(self.corners(face)));
                total
            })
            .collect();
        let one = |unit: &[f64]| {
            let face = areas.partition_point(|&area| area <= unit[0] * total).min(areas.len() - 1);
            // The square folded into a triangle.
            let root = unit[1].sqrt();
            let weights = [1.0 - root, root * (1.0 - unit[2]), root * unit[2]];
            let blend = |of: [Vector; 3]| std::array::from_fn(|axis| (0..3).map(|i| weights[i] * of[i][axis]).sum());
            let normal: Vector = blend(self.shading[face].map(|normal| self.normals[normal as usize]));
            let normal = if norm(normal) > 1e-9 { normal } else { area(self.corners(face)) };
            (blend(self.corners(face)), direction(normal).unwrap_or([0.0, 0.0, 1.0]))
        };
        sampling.unit(count, 3, random).chunks_exact(3).map(one).collect()
    }

    /// The least and the greatest coordinates.
    pub fn bounds(&self) -> [Vector; 2] {
        bounds(self.vertices.iter().copied())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::geometry::repair::repaired;
    use crate::geometry::soup::Soup;

    /// A soup of triangles without normals.
    pub(crate) fn soup(vertices: &[Vector], faces: &[[u32; 3]]) -> Soup {
        let mut soup = Soup { vertices: vertices.to_vec(), ..Soup::default() };
        faces.iter().for_each(|face| soup.push_polygon(face, &[]));
        soup
    }

    /// The corner of a cube, cut off.
    pub(crate) fn corner() -> Soup {
        let vertices = [[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        soup(&vertices, &[[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    }

    /// The same as a mesh, where it is.
    pub(crate) fn tetrahedron() -> Mesh {
        let mut given = repaired("a tetrahedron", corner()).unwrap();
        given.mesh.vertices.iter_mut().for_each(|vertex| *vertex = given.frame.given(*vertex));
        given.mesh
    }

    #[test]
    fn samples_are_uniform_by_area() {
        // The large face has √3 of the whole area 3 + √3, up to the half of each.
        let samples = tetrahedron().sample(10_000, Sampling::Uniform, &mut Generator::new(5, 0));
        let large = samples.iter().filter(|(point, _)| (point.iter().sum::<f64>() - 1.0).abs() < 1e-9).count();
        let wanted = 3f64.sqrt() / (3.0 + 3f64.sqrt());
        assert!((large as f64 / 1e4 - wanted).abs() < 5.0 * (wanted * (1.0 - wanted) / 1e4).sqrt(), "{large}");
    }
}
