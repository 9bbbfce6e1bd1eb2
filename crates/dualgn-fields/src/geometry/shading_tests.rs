//! Normals of a cube and of a ball, with and without those of a file.

use super::*;
use crate::geometry::mesh::tests::tetrahedron;
use crate::geometry::repair::repaired;
use crate::geometry::sampling::{Generator, Sampling};

const CUBE: [[u32; 4]; 6] = [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];

/// A cube, with normals of its sides, of its vertices, or none.
fn cube(normals: Option<&dyn Fn(usize, Vector) -> Vector>) -> Soup {
    let vertices = (0..8).map(|bits| [0, 1, 2].map(|axis| f64::from((bits >> axis) & 1) - 0.5));
    let mut soup = Soup { vertices: vertices.collect(), ..Soup::default() };
    for (side, quad) in CUBE.iter().enumerate() {
        let first = soup.normals.len() as u32;
        if let Some(normals) = normals {
            let own: Vec<Vector> = quad.iter().map(|&corner| normals(side, soup.vertices[corner as usize])).collect();
            soup.normals.extend(own);
        }
        let numbers: Vec<u32> = (first..soup.normals.len() as u32).collect();
        soup.push_polygon(quad, &numbers);
    }
    soup
}

/// The outward normal of a side of the cube.
fn flat(side: usize) -> Vector {
    let mut normal = [0.0; 3];
    normal[[0, 0, 1, 1, 2, 2][side]] = [-1.0, 1.0][side % 2];
    normal
}

/// A ball, by the grid of a level set.
fn ball() -> Soup {
    let radius = |p: &[f64]| p.iter().map(|x| x * x).sum::<f64>().sqrt() - 0.7;
    let values = |points: &[f64]| Ok::<_, std::convert::Infallible>(points.chunks(3).map(radius).collect());
    let mesh = crate::geometry::surface([[-1.0; 3], [1.0; 3]], 24, values).unwrap().unwrap();
    crate::geometry::mesh::tests::soup(&mesh.vertices, &mesh.faces)
}

/// Every point of a cube has the normal of its side.
fn check_cube(soup: Soup) -> Vec<String> {
    let given = repaired("a cube", soup).unwrap();
    assert!(given.mesh.smooth_vertices().is_empty() && given.mesh.normals.len() == 24, "{}", given.mesh.normals.len());
    for (point, normal) in given.mesh.sample(500, Sampling::Sobol, &mut Generator::new(0, 0)) {
        let axis = (0..3).max_by(|&a, &b| point[a].abs().total_cmp(&point[b].abs())).unwrap();
        let wanted: Vector = std::array::from_fn(|other| if other == axis { point[axis].signum() } else { 0.0 });
        assert!((0..3).all(|axis| (normal[axis] - wanted[axis]).abs() < 1e-12), "{point:?} {normal:?}");
    }
    given.remarks
}

#[test]
fn nothing_is_averaged_over_a_crease() {
    assert!(check_cube(cube(None)).is_empty());
    assert!(check_cube(cube(Some(&|side, _| flat(side)))).is_empty());
    let averaged = check_cube(cube(Some(&|_, at| at)));
    assert_eq!(
        averaged,
        [
            "36 of 36 normals are more than 40° from their triangles, as those averaged over an edge are, and are computed anew"
        ]
    );
    assert_eq!(check_cube(cube(Some(&|_, _| [0.0; 3]))), averaged);
}

#[test]
fn normals_that_face_inwards_are_turned() {
    let inwards = |side: usize, _: Vector| flat(side).map(|x| -x);
    assert_eq!(check_cube(cube(Some(&inwards))), ["36 of 36 normals pointed inwards and are turned"]);
    let mut inside_out = cube(Some(&inwards));
    inside_out.triangles.iter_mut().for_each(crate::geometry::soup::Triangle::turn);
    assert_eq!(
        check_cube(inside_out),
        ["the surface was inside out and is turned", "36 of 36 normals pointed inwards and are turned"]
    );
    let mut one = cube(Some(&|side, _| flat(side)));
    one.normals[5] = one.normals[5].map(|x| -x);
    // The second corner of a side is in one of its two triangles.
    assert_eq!(check_cube(one), ["1 of 36 normals pointed inwards and are turned"]);
}

#[test]
fn a_ball_has_the_normals_of_a_ball() {
    let given = repaired("a ball", ball()).unwrap();
    assert!(given.mesh.smooth_vertices().len() == given.mesh.vertices.len());
    for (place, normal) in given.mesh.vertices.iter().zip(&given.mesh.normals) {
        let radius = norm(*place);
        // A cell is a twelfth of the radius, and the normals of its triangles are off by some of that.
        assert!((0..3).all(|axis| (normal[axis] - place[axis] / radius).abs() < 0.05), "{place:?} {normal:?}");
    }
    // Those of a file are taken as they are.
    let mut exact = ball();
    exact.normals = exact.vertices.iter().map(|place| place.map(|x| 3.0 * x)).collect();
    exact.triangles.iter_mut().for_each(|triangle| triangle.normals = Some(triangle.corners));
    let given = repaired("a ball", exact).unwrap();
    assert!(given.mesh.smooth_vertices().len() == given.mesh.vertices.len() && given.remarks.is_empty());
    for (place, normal) in given.mesh.vertices.iter().zip(&given.mesh.normals) {
        let radius = norm(*place);
        // The frame's middle is that of the vertices, not of the ball.
        assert!((0..3).all(|axis| (normal[axis] - place[axis] / radius).abs() < 1e-3), "{place:?} {normal:?}");
    }
}

#[test]
fn corners_are_placed_with_their_normals() {
    let mesh = tetrahedron();
    assert_eq!((mesh.vertices.len(), mesh.normals.len(), mesh.smooth_vertices().len()), (4, 12, 0));
    let places = mesh.places();
    for (face, shading) in mesh.faces.iter().zip(&mesh.shading) {
        for (vertex, normal) in face.iter().zip(shading) {
            assert_eq!(places[*normal as usize], mesh.vertices[*vertex as usize]);
        }
    }
}
