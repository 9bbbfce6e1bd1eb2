//! Normals of corners: smooth over a round surface, and those of the faces beside a crease.
//!
//! Where the faces at an edge meet at an angle of more than [`CREASE`], the edge is a crease. The triangles around a vertex between two
//! creases share a normal there, the mean of theirs by their angles at the vertex (Thürmer and Wüthrich, "Computing vertex normals from
//! polygonal facets", 1998). Normals of a file are taken if they are within the same angle of their triangle.

use super::edges::{by_edge, linked, sides};
use super::mesh::Mesh;
use super::soup::Soup;
use super::vector::{Vector, area, cross, direction, dot, minus, norm};

/// Degrees between the normals of two faces from which their edge is a crease: more than the 36° of a round body of ten sides, less than
/// the 45° of a chamfer or of eight sides.
const CREASE: f64 = 40.0;

/// Makes a mesh of closed, outward triangles, and says which normals of the file were not taken.
pub(super) fn shaded(soup: Soup) -> (Mesh, Option<String>) {
    let flat: Vec<Option<Vector>> =
        (0..soup.triangles.len()).map(|index| direction(area(soup.places(index)))).collect();
    let mut corners = smooth(&soup, &flat);
    let remark = take_given(&soup, &flat, &mut corners);
    let faces = soup.faces();
    (of_corners(soup.vertices, faces, &corners), remark)
}

fn is_near(a: Vector, b: Vector) -> bool {
    dot(a, b) >= CREASE.to_radians().cos()
}

/// The normals of all corners by the shape alone.
fn smooth(soup: &Soup, flat: &[Option<Vector>]) -> Vec<[Vector; 3]> {
    let faces = soup.faces();
    let corner_at = |face: u32, vertex: u32| {
        let place = faces[face as usize].iter().position(|&corner| corner == vertex).unwrap_or(0);
        3 * face + place as u32
    };
    let sides = sides(&faces);
    let round = by_edge(&sides).filter(|sides| {
        let normals: Vec<Vector> = sides.iter().filter_map(|side| flat[side.face as usize]).collect();
        matches!(normals[..], [a, b] if is_near(a, b))
    });
    let pairs = round.flat_map(|sides| {
        sides[0].edge.map(|vertex| [corner_at(sides[0].face, vertex), corner_at(sides[1].face, vertex)])
    });
    let group_of = linked(3 * faces.len(), pairs);
    let mut sums = vec![[0.0; 3]; 3 * faces.len()];
    for (face, &normal) in flat.iter().enumerate() {
        let Some(normal) = normal else { continue };
        let places = soup.places(face);
        for corner in 0..3 {
            let at = |step: usize| places[(corner + step) % 3];
            let (one, other) = (minus(at(1), at(0)), minus(at(2), at(0)));
            let angle = norm(cross(one, other)).atan2(dot(one, other));
            let sum = &mut sums[group_of[3 * face + corner] as usize];
            (0..3).for_each(|axis| sum[axis] += angle * normal[axis]);
        }
    }
    let of_corner = |face: usize, corner: usize| {
        let own = flat[face].unwrap_or([0.0, 0.0, 1.0]);
        // At the tip of a cone, the mean is the normal of no triangle.
        direction(sums[group_of[3 * face + corner] as usize]).filter(|&mean| is_near(mean, own)).unwrap_or(own)
    };
    (0..faces.len()).map(|face| [0, 1, 2].map(|corner| of_corner(face, corner))).collect()
}

/// Puts the normals of the file where they fit their triangle, and says what did not.
fn take_given(soup: &Soup, flat: &[Option<Vector>], corners: &mut [[Vector; 3]]) -> Option<String> {
    let (mut given, mut inverted, mut refused) = (0usize, 0usize, 0usize);
    for ((triangle, &flat), corners) in soup.triangles.iter().zip(flat).zip(corners) {
        let (Some(normals), Some(flat)) = (triangle.normals, flat) else { continue };
        for (corner, number) in corners.iter_mut().zip(normals) {
            given += 1;
            match direction(soup.normals[number as usize]) {
                Some(normal) if is_near(normal, flat) => *corner = normal,
                Some(normal) if is_near(normal.map(|x| -x), flat) => {
                    *corner = normal.map(|x| -x);
                    inverted += 1;
                }
                _ => refused += 1,
            }
        }
    }
    let mut parts = vec![];
    if inverted > 0 {
        parts.push(format!("{inverted} of {given} normals pointed inwards and are turned"));
    }
    if refused > 0 {
        parts.push(format!(
            "{refused} of {given} normals are more than {CREASE}° from their triangles, as those averaged over an edge are, and are \
             computed anew"
        ));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Numbers the normals vertex by vertex; corners of a vertex with the same one share it.
fn of_corners(vertices: Vec<Vector>, faces: Vec<[u32; 3]>, corners: &[[Vector; 3]]) -> Mesh {
    let place = |corner: &u32| (*corner as usize / 3, *corner as usize % 3);
    let key = |corner: &u32| {
        let (face, place) = place(corner);
        (faces[face][place], corners[face][place].map(f64::to_bits))
    };
    let mut order: Vec<u32> = (0..3 * faces.len() as u32).collect();
    order.sort_unstable_by_key(key);
    let (mut normals, mut shading) = (vec![], vec![[0; 3]; faces.len()]);
    for equal in order.chunk_by(|a, b| key(a) == key(b)) {
        for (face, place) in equal.iter().map(place) {
            shading[face][place] = normals.len() as u32;
        }
        let (face, place) = place(&equal[0]);
        normals.push(corners[face][place]);
    }
    Mesh { vertices, normals, faces, shading }
}

#[cfg(test)]
#[path = "shading_tests.rs"]
mod tests;
