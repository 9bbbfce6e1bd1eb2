//! [`Soup`]: what a file of triangles holds, before anything is known of it.

use super::error::GeometryError;
use super::polygon::triangles;
use super::vector::{Vector, is_finite};

/// A triangle of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Triangle {
    /// Numbers of vertices.
    pub corners: [u32; 3],
    /// Numbers of the file's normals at the corners, if it has them.
    pub normals: Option<[u32; 3]>,
}

impl Triangle {
    /// Winds the triangle the other way round; its normals stay.
    pub(super) fn turn(&mut self) {
        self.corners.swap(1, 2);
        if let Some(normals) = &mut self.normals {
            normals.swap(1, 2);
        }
    }
}

/// Vertices, normals, and triangles of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Soup {
    /// Places.
    pub vertices: Vec<Vector>,
    /// Normals of any length.
    pub normals: Vec<Vector>,
    /// What stands between them.
    pub triangles: Vec<Triangle>,
}

impl Soup {
    /// Appends a polygon, whose vertices should be there; `normals` are those of its corners or none.
    pub(super) fn push_polygon(&mut self, corners: &[u32], normals: &[u32]) {
        let has_normals = normals.len() == corners.len();
        // A corner that is not there is refused later, with its number.
        let place = |&corner: &u32| self.vertices.get(corner as usize).copied().unwrap_or_default();
        for [a, b, c] in triangles(&corners.iter().map(place).collect::<Vec<_>>()) {
            let normals = has_normals.then(|| [normals[a], normals[b], normals[c]]);
            self.triangles.push(Triangle { corners: [corners[a], corners[b], corners[c]], normals });
        }
    }

    /// The corners of all triangles.
    pub(super) fn faces(&self) -> Vec<[u32; 3]> {
        self.triangles.iter().map(|triangle| triangle.corners).collect()
    }

    /// The places of a triangle's corners.
    pub(super) fn places(&self, triangle: usize) -> [Vector; 3] {
        self.triangles[triangle].corners.map(|corner| self.vertices[corner as usize])
    }

    /// Removes the vertices of no triangle, and returns how many there were.
    pub(super) fn drop_unused(&mut self) -> usize {
        let mut is_used = vec![false; self.vertices.len()];
        self.triangles.iter().flat_map(|triangle| triangle.corners).for_each(|corner| is_used[corner as usize] = true);
        let mut kept = 0;
        let places: Vec<u32> = is_used
            .iter()
            .map(|&is_used| {
                kept += u32::from(is_used);
                kept.saturating_sub(1)
            })
            .collect();
        for triangle in &mut self.triangles {
            triangle.corners = triangle.corners.map(|corner| places[corner as usize]);
        }
        let before = self.vertices.len();
        let mut is_used = is_used.into_iter();
        self.vertices.retain(|_| is_used.next() == Some(true));
        before - self.vertices.len()
    }

    /// Checks that there are triangles, of vertices that are there and finite.
    ///
    /// # Errors
    /// Returns `GeometryError::Empty`, `Index` or `NotFinite`, with the first triangle or vertex that is wrong. `what` names the
    /// mesh.
    pub(super) fn check(&self, what: &str) -> Result<(), GeometryError> {
        if self.triangles.is_empty() {
            return Err(GeometryError::Empty { what: what.into() });
        }
        let vertices = self.vertices.len();
        for (index, triangle) in self.triangles.iter().enumerate() {
            for corner in triangle.corners.map(|corner| corner as usize) {
                match self.vertices.get(corner) {
                    None => {
                        let (face, vertex) = (index + 1, corner + 1);
                        return Err(GeometryError::Index { what: what.into(), face, vertex, vertices });
                    }
                    Some(&found) if !is_finite(found) => {
                        return Err(GeometryError::NotFinite { what: what.into(), vertex: corner + 1, found });
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }
}
