//! [`Cloud`]: points of a surface with normals, without triangles.

use std::fs;
use std::path::Path;

use rayon::prelude::*;

use super::distance::{Deviation, Solid};
use super::error::GeometryError;
use super::mesh::{Mesh, Vector, dot, minus, unit_normal};
use super::sampling::{Generator, Sampling};

/// Points and unit normals.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Places.
    pub points: Vec<Vector>,
    /// Outwards.
    pub normals: Vec<Vector>,
}

impl Cloud {
    /// From a file of six numbers a line: a point and its normal.
    ///
    /// # Errors
    /// The file cannot be read, a line has no six finite numbers, or a normal has no direction.
    pub fn read(path: &Path) -> Result<Self, GeometryError> {
        let failed = |error: String| GeometryError::Read { path: path.into(), error };
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let (mut points, mut normals) = (vec![], vec![]);
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let numbers: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
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
            let what = || path.display().to_string();
            if !point.iter().all(|x| x.is_finite()) {
                return Err(GeometryError::NotFinite { what: what(), vertex: index + 1, found: point });
            }
            normals.push(unit_normal(what, index, normal)?);
            points.push(point);
        }
        match points.is_empty() {
            true => Err(failed("it has no points".into())),
            false => Ok(Self { points, normals }),
        }
    }

    /// The distance to the nearest point, negative on the inner side of its normal.
    pub fn signed_distance(&self, at: Vector) -> f64 {
        let (index, squared) = self.nearest(at);
        let side = dot(minus(at, self.points[index]), self.normals[index]);
        if side < 0.0 { -squared.sqrt() } else { squared.sqrt() }
    }

    /// How far a surface is from the points, and they from it.
    pub fn deviation(&self, mesh: &Mesh, count: usize) -> Result<Deviation, GeometryError> {
        let samples = mesh.sample(count, Sampling::Sobol, &mut Generator::new(0, 0));
        let there: Vec<f64> = samples.into_par_iter().map(|(at, _)| self.nearest(at).1.sqrt()).collect();
        let solid = Solid::unsigned("the surface", mesh)?;
        let back: Vec<f64> = self.points.par_iter().map(|&at| solid.signed_distance(at).abs()).collect();
        Ok(Deviation::of(&there, &back))
    }

    /// Which point is nearest, and the square of its distance.
    fn nearest(&self, at: Vector) -> (usize, f64) {
        let squared = |point: &Vector| {
            let apart = minus(at, *point);
            dot(apart, apart)
        };
        let all = self.points.iter().map(squared).enumerate();
        all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, f64::INFINITY))
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]
mod tests {
    use super::*;

    #[test]
    fn distances_have_the_side_of_the_normal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plane.xyz");
        fs::write(&path, "0 0 0 0 0 2\n1 0 0 0 0 1\n\n").unwrap();
        let cloud = Cloud::read(&path).unwrap();
        assert_eq!(cloud.normals, [[0.0, 0.0, 1.0]; 2]);
        assert_eq!([cloud.signed_distance([0.0, 0.0, 3.0]), cloud.signed_distance([1.0, 0.0, -0.5])], [3.0, -0.5]);
        for (text, words) in [
            ("1 2 3\n", "line 1 is not six numbers"),
            ("", "it has no points"),
            ("0 0 0 0 0 1\n0 nan 0 0 0 1\n", "vertex 2 has the coordinates"),
            ("0 0 0 0 0 0\n", "the normal of vertex 1 has length 0"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Cloud::read(&path).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("plane.xyz"), "{error}");
        }
    }
}
