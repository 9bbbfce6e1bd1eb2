//! [`Mesh`]: a surface of triangles.

use std::collections::HashMap;

use super::error::GeometryError;
use super::sampling::{Generator, Sampling};

/// A point or a direction.
pub type Vector = [f64; 3];

/// Vertices, a unit normal at each, and triangles, counter-clockwise seen from outside.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    /// Places.
    pub vertices: Vec<Vector>,
    /// Of length one, outwards.
    pub normals: Vec<Vector>,
    /// Numbers of vertices.
    pub faces: Vec<[u32; 3]>,
}

impl Mesh {
    /// From vertices and triangles; without normals, those of the triangles are averaged by their angles at the vertex.
    ///
    /// # Errors
    /// There are no triangles, or they refer to vertices that are not there; coordinates or normals are not finite, or a normal has
    /// no direction. `what` names the mesh.
    pub fn new(
        what: &str,
        vertices: Vec<Vector>,
        normals: Option<Vec<Vector>>,
        faces: Vec<[u32; 3]>,
    ) -> Result<Self, GeometryError> {
        let what = || what.to_owned();
        if faces.is_empty() || vertices.is_empty() {
            return Err(GeometryError::Empty { what: what() });
        }
        let is_finite = |vector: &Vector| vector.iter().all(|x| x.is_finite());
        if let Some(vertex) = vertices.iter().position(|vertex| !is_finite(vertex)) {
            return Err(GeometryError::NotFinite { what: what(), vertex: vertex + 1, found: vertices[vertex] });
        }
        for (face, corners) in faces.iter().enumerate() {
            if let Some(&vertex) = corners.iter().find(|&&corner| corner as usize >= vertices.len()) {
                let vertex = vertex as usize + 1;
                return Err(GeometryError::Index { what: what(), face: face + 1, vertex, vertices: vertices.len() });
            }
        }
        let mut mesh = Self { vertices, normals: vec![], faces };
        mesh.normals = match normals {
            None => mesh.averaged_normals(),
            Some(normals) => {
                let unit = |(index, normal)| unit_normal(what, index, normal);
                normals.into_iter().enumerate().map(unit).collect::<Result<_, _>>()?
            }
        };
        Ok(mesh)
    }

    /// The corners of a triangle.
    pub fn corners(&self, face: usize) -> [Vector; 3] {
        self.faces[face].map(|corner| self.vertices[corner as usize])
    }

    /// Refuses a surface with an edge that does not join two triangles.
    pub fn check_closed(&self, what: &str) -> Result<(), GeometryError> {
        let mut sides: HashMap<[u32; 2], i32> = HashMap::new();
        for &[a, b, c] in &self.faces {
            for (from, to) in [(a, b), (b, c), (c, a)] {
                // Each edge is gone along once in each direction.
                *sides.entry([from.min(to), from.max(to)]).or_default() += if from < to { 1 } else { 1 << 16 };
            }
        }
        let mut open: Vec<[u32; 2]> =
            sides.into_iter().filter(|(_, count)| *count != 1 + (1 << 16)).map(|(edge, _)| edge).collect();
        open.sort_unstable();
        match open.first() {
            None => Ok(()),
            Some(&[first, second]) => Err(GeometryError::Open {
                what: what.into(),
                edges: open.len(),
                first: first as usize + 1,
                second: second as usize + 1,
            }),
        }
    }

    /// Points uniform by area, with normals interpolated from the vertices.
    pub fn sample(&self, count: usize, sampling: Sampling, random: &mut Generator) -> Vec<(Vector, Vector)> {
        let mut total = 0.0;
        let areas: Vec<f64> = (0..self.faces.len())
            .map(|face| {
                total += norm(self.area(face));
                total
            })
            .collect();
        let one = |unit: &[f64]| {
            let face = areas.partition_point(|&area| area <= unit[0] * total).min(areas.len() - 1);
            // The square folded into a triangle.
            let root = unit[1].sqrt();
            let weights = [1.0 - root, root * (1.0 - unit[2]), root * unit[2]];
            let blend = |of: [Vector; 3]| std::array::from_fn(|axis| (0..3).map(|i| weights[i] * of[i][axis]).sum());
            let normal: Vector = blend(self.faces[face].map(|corner| self.normals[corner as usize]));
            let length = norm(normal);
            let normal = if length > 1e-9 { normal } else { self.area(face) };
            let length = norm(normal).max(f64::MIN_POSITIVE);
            (blend(self.corners(face)), normal.map(|x| x / length))
        };
        sampling.unit(count, 3, random).chunks_exact(3).map(one).collect()
    }

    /// The least and the greatest coordinates.
    pub fn bounds(&self) -> [Vector; 2] {
        let fold = |pick: fn(f64, f64) -> f64, start: f64| {
            std::array::from_fn(|axis| self.vertices.iter().map(|vertex| vertex[axis]).fold(start, pick))
        };
        [fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY)]
    }

    /// Twice the area of a triangle, along its normal.
    fn area(&self, face: usize) -> Vector {
        let [a, b, c] = self.corners(face);
        cross(minus(b, a), minus(c, a))
    }

    fn averaged_normals(&self) -> Vec<Vector> {
        let mut normals = vec![[0.0; 3]; self.vertices.len()];
        for (face, corners) in self.faces.iter().enumerate() {
            let area = self.area(face);
            let length = norm(area);
            if length == 0.0 {
                continue;
            }
            for corner in 0..3 {
                let at = |step: usize| self.vertices[corners[(corner + step) % 3] as usize];
                let (one, other) = (minus(at(1), at(0)), minus(at(2), at(0)));
                let angle = norm(cross(one, other)).atan2(dot(one, other));
                let normal = &mut normals[corners[corner] as usize];
                (0..3).for_each(|axis| normal[axis] += angle * area[axis] / length);
            }
        }
        let unit = |normal: Vector| match norm(normal) {
            // A vertex of no triangle.
            length if length > 0.0 => normal.map(|x| x / length),
            _ => [0.0, 0.0, 1.0],
        };
        normals.into_iter().map(unit).collect()
    }
}

/// The direction of a vertex's normal, which must have one.
pub(super) fn unit_normal(what: impl Fn() -> String, index: usize, normal: Vector) -> Result<Vector, GeometryError> {
    match norm(normal) {
        length if length.is_finite() && length > 1e-6 => Ok(normal.map(|x| x / length)),
        length => Err(GeometryError::Normal { what: what(), vertex: index + 1, length }),
    }
}

pub fn minus(a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|axis| a[axis] - b[axis])
}

pub fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub fn dot(a: Vector, b: Vector) -> f64 {
    (0..3).map(|axis| a[axis] * b[axis]).sum()
}

pub fn norm(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The corner of a cube, cut off.
    pub fn tetrahedron() -> Mesh {
        let vertices = vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let faces = vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]];
        Mesh::new("a tetrahedron", vertices, None, faces).unwrap()
    }

    #[test]
    fn normals_are_outward_and_of_length_one() {
        let mesh = tetrahedron();
        let third = 1.0 / 3.0f64.sqrt();
        assert!(mesh.normals[0].iter().all(|x| (x + third).abs() < 1e-12), "{:?}", mesh.normals[0]);
        assert!(mesh.normals.iter().all(|&normal| (norm(normal) - 1.0).abs() < 1e-12));
        mesh.check_closed("a tetrahedron").unwrap();
    }

    #[test]
    fn what_is_wrong_is_said() {
        let Mesh { vertices, faces, .. } = tetrahedron();
        let error =
            |vertices: Vec<Vector>, normals, faces| Mesh::new("it", vertices, normals, faces).unwrap_err().to_string();
        assert_eq!(error(vertices.clone(), None, vec![]), "it has no triangles; a surface of triangles is needed");
        let mut broken = vertices.clone();
        broken[2][1] = f64::NAN;
        assert!(error(broken, None, faces.clone()).starts_with("it: vertex 3 has the coordinates [0.0, NaN, 0.0]"));
        assert_eq!(
            error(vertices.clone(), None, vec![[0, 1, 9]]),
            "it: triangle 1 refers to vertex 10, but there are 4"
        );
        let normals = Some(vec![[1.0, 0.0, 0.0], [0.0; 3], [1.0; 3], [1.0; 3]]);
        assert!(
            error(vertices.clone(), normals, faces.clone()).starts_with("it: the normal of vertex 2 has length 0;")
        );
        let open = Mesh::new("it", vertices, None, faces[1..].to_vec()).unwrap();
        let open = open.check_closed("it").unwrap_err().to_string();
        assert!(open.starts_with(
            "it is not closed: 3 of its edges do not join two triangles, the first between vertices 1 and 2;"
        ));
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
