//! [`Cloud`]: points of a surface with normals, without triangles.

use std::path::Path;

use rayon::prelude::*;
use rstar::RTree;
use rstar::primitives::GeomWithData;

use super::distance::{Deviation, Solid};
use super::error::GeometryError;
use super::facing;
use super::frame::Frame;
use super::import::read_limited;
use super::mesh::Mesh;
use super::sampling::{Generator, Sampling};
use super::vector::{Vector, direction, dot, is_finite, minus};

/// Points and unit normals.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Places.
    pub points: Vec<Vector>,
    /// Outwards.
    pub normals: Vec<Vector>,
    /// The places with their numbers, to find those nearby.
    tree: RTree<GeomWithData<Vector, usize>>,
}

impl Cloud {
    /// Makes a cloud of points and as many unit normals.
    pub fn new(points: Vec<Vector>, normals: Vec<Vector>) -> Self {
        let numbered = points.iter().enumerate().map(|(index, &point)| GeomWithData::new(point, index));
        let tree = RTree::bulk_load(numbered.collect());
        Self { points, normals, tree }
    }

    /// Reads a file of six numbers a line, a point and its normal, with blanks or commas between them; lines that begin with `#` are
    /// passed over. The points come in their unit frame with normals that face outwards, and with what had to be done for that.
    ///
    /// # Errors
    /// Returns `GeometryError` if the file cannot be read, a line has no six finite numbers, or a normal has no direction.
    pub fn read(path: &Path) -> Result<(Self, Frame, Vec<String>), GeometryError> {
        let what = || path.display().to_string();
        let failed = |error: String| GeometryError::Contents { path: path.into(), error };
        let bytes = read_limited(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let (mut points, mut normals) = (vec![], vec![]);
        let is_row = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        for (index, line) in text.lines().enumerate().filter(|(_, line)| is_row(line)) {
            let words = line.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
            let numbers: Result<Vec<f64>, _> = words.map(str::parse).collect();
            let [x, y, z, a, b, c] = match numbers.as_deref() {
                Ok(&[x, y, z, a, b, c]) => [x, y, z, a, b, c],
                _ => {
                    let line = index + 1;
                    return Err(failed(format!(
                        "line {line} is not six numbers, a point and its normal `x y z nx ny nz`"
                    )));
                }
            };
            let (point, normal) = ([x, y, z], [a, b, c]);
            if !is_finite(point) {
                return Err(GeometryError::NotFinite { what: what(), vertex: points.len() + 1, found: point });
            }
            let nowhere = || GeometryError::Normal { what: what(), point: points.len() + 1, found: normal };
            normals.push(direction(normal).ok_or_else(nowhere)?);
            points.push(point);
        }
        if points.is_empty() {
            return Err(failed("it has no points".into()));
        }
        let frame = Frame::of(points.iter().copied()).ok_or_else(|| GeometryError::Extent { what: what() })?;
        points.iter_mut().for_each(|point| *point = frame.unit(*point));
        let mut cloud = Self::new(points, normals);
        let remarks = facing::outwards(&mut cloud);
        Ok((cloud, frame, remarks))
    }

    /// Returns the distance to the nearest point, negative on the inner side of its normal.
    pub fn signed_distance(&self, at: Vector) -> f64 {
        let (index, distance) = self.nearest(at);
        let side = dot(minus(at, self.points[index]), self.normals[index]);
        if side < 0.0 { -distance } else { distance }
    }

    /// Returns how far a surface is from the points, and they from it, by so many points of the surface.
    ///
    /// # Errors
    /// Returns `GeometryError::Empty` if the surface has no triangles.
    pub fn deviation(&self, mesh: &Mesh, count: usize) -> Result<Deviation, GeometryError> {
        let samples = mesh.sample(count, Sampling::Sobol, &mut Generator::new(0, 0));
        let there: Vec<f64> = samples.into_par_iter().map(|(at, _)| self.nearest(at).1).collect();
        let solid = Solid::unsigned("the surface", mesh)?;
        let back: Vec<f64> = self.points.par_iter().map(|&at| solid.signed_distance(at).abs()).collect();
        Ok(Deviation::of(&there, &back))
    }

    /// Returns the numbers of the points nearest to a point, without itself.
    pub(super) fn neighbours(&self, index: usize, count: usize) -> Vec<usize> {
        let near = self.tree.nearest_neighbor_iter(self.points[index]).map(|near| near.data);
        near.filter(|&other| other != index).take(count).collect()
    }

    /// The nearest point, and how far it is.
    fn nearest(&self, at: Vector) -> (usize, f64) {
        let nearest = self.tree.nearest_neighbor(at);
        nearest.map_or((0, f64::INFINITY), |near| {
            let apart = minus(at, *near.geom());
            (near.data, dot(apart, apart).sqrt())
        })
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn distances_have_the_side_of_the_normal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plane.xyz");
        fs::write(&path, "# two points\r\n0 0 0 0 0 2\r\n1,0,0, 0,0,1\n\n").unwrap();
        let (cloud, frame, remarks) = Cloud::read(&path).unwrap();
        assert_eq!((&cloud.normals[..], remarks.len()), (&[[0.0, 0.0, 1.0]; 2][..], 0));
        // The frame makes 1.8 of one.
        let distance = |at| cloud.signed_distance(frame.unit(at)) / 1.8;
        assert!((distance([0.0, 0.0, 3.0]) - 3.0).abs() < 1e-12 && (distance([1.0, 0.0, -0.5]) + 0.5).abs() < 1e-12);
        for (text, words) in [
            ("1 2 3\n", "line 1 is not six numbers"),
            ("", "it has no points"),
            ("0 0 0 0 0 1\n0 nan 0 0 0 1\n", "vertex 2 has the coordinates"),
            ("1 0 0 0 0 1\n0 0 0 0 0 0\n", "the normal of point 2 is [0.0, 0.0, 0.0]"),
            ("1 0 0 0 0 1\n1 0 0 0 1 0\n", "has no size"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Cloud::read(&path).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("plane.xyz"), "{error}");
        }
    }
}
