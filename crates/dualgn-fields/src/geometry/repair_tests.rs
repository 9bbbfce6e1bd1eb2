//! Surfaces with faults, against what they are without.

use super::*;
use crate::geometry::distance::Solid;
use crate::geometry::edges::is_closed;
use crate::geometry::mesh::tests::{corner, soup};
use crate::geometry::vector::{Vector, cross, dot};

/// A box between two corners, wound outwards; each side two triangles.
fn cuboid(low: Vector, high: Vector) -> Soup {
    let vertices: Vec<Vector> =
        (0..8).map(|bits| [0, 1, 2].map(|axis| [low, high][(bits >> axis) & 1][axis])).collect();
    let quads = [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];
    let faces: Vec<[u32; 3]> = quads.iter().flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]]).collect();
    soup(&vertices, &faces)
}

/// Both, one after the other.
fn together(mut one: Soup, other: Soup) -> Soup {
    let first = one.vertices.len() as u32;
    one.vertices.extend(other.vertices);
    one.triangles.extend(other.triangles.into_iter().map(|mut triangle| {
        triangle.corners = triangle.corners.map(|corner| corner + first);
        triangle
    }));
    one
}

fn turned(mut soup: Soup) -> Soup {
    soup.triangles.iter_mut().for_each(Triangle::turn);
    soup
}

/// Each triangle with vertices of its own, moved by at most so much.
fn apart(soup: &Soup, by: f64) -> Soup {
    let mut apart = Soup::default();
    for index in 0..soup.triangles.len() {
        let first = apart.vertices.len() as u32;
        let wiggle = |number: usize| by * ((number * 7919 % 201) as f64 / 100.0 - 1.0) / 3f64.sqrt();
        for (corner, place) in soup.places(index).into_iter().enumerate() {
            apart.vertices.push(std::array::from_fn(|axis| place[axis] + wiggle(index * 9 + corner * 3 + axis)));
        }
        apart.push_polygon(&[first, first + 1, first + 2], &[]);
    }
    apart
}

/// The volume by the divergence theorem, in the unit of the file.
fn volume(given: &Given) -> f64 {
    let six = |face: usize| {
        let [a, b, c] = given.mesh.corners(face);
        dot(a, cross(b, c))
    };
    (0..given.mesh.faces.len()).map(six).sum::<f64>() / 6.0 / given.frame.scale.powi(3)
}

/// Repairs a body of this volume, and returns what is said.
fn says(soup: Soup, wanted: f64) -> Vec<String> {
    let given = repaired("it", soup).unwrap();
    assert!(is_closed(&given.mesh.faces), "{:?}", given.remarks);
    let found = volume(&given);
    // Merging copies that are 1e-7 of the size apart moves sides by as much.
    assert!((found - wanted).abs() < 1e-6 * wanted, "{found} {wanted}: {:?}", given.remarks);
    let [low, high] = given.mesh.bounds();
    assert!((0..3).any(|axis| (high[axis] - low[axis] - 1.8).abs() < 1e-6), "{low:?} {high:?}");
    given.remarks
}

fn unit() -> Soup {
    cuboid([0.0; 3], [1.0; 3])
}

const INSIDE_OUT: &str = "the surface was inside out and is turned";

#[test]
fn sound_surfaces_are_left() {
    assert!(says(corner(), 1.0 / 6.0).is_empty());
    assert!(says(unit(), 1.0).is_empty());
    // Two bodies that touch at a corner of each have a vertex of each there.
    assert!(says(together(unit(), cuboid([1.0; 3], [2.0; 3])), 2.0).is_empty());
    for (corner, size) in [([1e6, -1e6, 3e5], 1.0), ([0.0; 3], 1e-6), ([1e-5; 3], 1e-6), ([0.0; 3], 1e60)] {
        let far: Vector = std::array::from_fn(|axis| corner[axis] + size);
        let side = |axis: usize| far[axis] - corner[axis];
        assert!(says(cuboid(corner, far), side(0) * side(1) * side(2)).is_empty());
    }
}

#[test]
fn insides_are_recognised() {
    assert_eq!(says(turned(unit()), 1.0), [INSIDE_OUT]);
    let inner = || cuboid([0.25; 3], [0.75; 3]);
    let hollow = 1.0 - 0.125;
    // The inner side of a cavity is wound inwards.
    assert!(says(together(unit(), turned(inner())), hollow).is_empty());
    let cavity = "1 of 2 closed parts lie inside others and are turned inwards: they bound cavities";
    assert_eq!(says(together(unit(), inner()), hollow), [cavity]);
    let outer = "1 of 2 closed parts were inside out and are turned";
    assert_eq!(says(together(turned(unit()), inner()), hollow), [outer, cavity]);
    // A body within the cavity, and one beside all.
    let core = || cuboid([0.4; 3], [0.6; 3]);
    assert!(says(together(together(unit(), turned(inner())), core()), hollow + 0.008).is_empty());
    let beside = together(unit(), turned(cuboid([3.0, 0.0, 0.0], [4.0, 1.0, 1.0])));
    assert_eq!(says(beside, 2.0), [outer]);
    // Signs of distances inside the cavity and the wall of a body that is all wrong.
    let given = repaired("it", together(turned(unit()), inner())).unwrap();
    let solid = Solid::new("it", &given.mesh).unwrap();
    let distance = |at: f64| solid.signed_distance(given.frame.unit([at, 0.5, 0.5])) / given.frame.scale;
    for (at, wanted) in [(-1.0, 1.0), (0.1, -0.1), (0.5, 0.25), (0.85, -0.1)] {
        assert!((distance(at) - wanted).abs() < 1e-12, "{at}: {}", distance(at));
    }
}

#[test]
fn mixed_winding_is_made_one() {
    let mut mixed = unit();
    [2, 5, 11].iter().for_each(|&face| mixed.triangles[face].turn());
    let remark = "3 of 12 triangles were wound against their neighbours and are turned";
    assert_eq!(says(mixed.clone(), 1.0), [remark]);
    assert_eq!(says(turned(mixed), 1.0), [remark, INSIDE_OUT]);
}

#[test]
fn copies_of_vertices_are_merged() {
    assert_eq!(says(apart(&unit(), 0.0), 1.0), ["28 copies of vertices are merged, at the same places"]);
    let near = says(apart(&unit(), 3e-8), 1.0);
    assert_eq!(near, ["28 copies of vertices are merged, at most 1e-7 of the size apart"]);
    // A plate thinner than the largest distance between copies keeps its thickness.
    let plate = || cuboid([0.0; 3], [1.0, 1.0, 4e-7]);
    assert!(says(plate(), 4e-7).is_empty());
    assert_eq!(says(apart(&plate(), 0.0), 4e-7), ["28 copies of vertices are merged, at the same places"]);
}

#[test]
fn useless_triangles_are_left_out() {
    let mut strange = unit();
    strange.vertices.push([9.0; 3]);
    strange.vertices.push([f64::NAN; 3]);
    strange.push_polygon(&[3, 3, 5], &[]);
    // Twice the same, and once more the other way round.
    strange.triangles.push(strange.triangles[4]);
    strange.triangles.push(strange.triangles[4]);
    strange.triangles[13].turn();
    assert_eq!(
        says(strange, 1.0),
        [
            "2 vertices of no triangle are left out",
            "1 triangle without area is left out",
            "2 repeated triangles are left out"
        ]
    );
}

/// A side that is cut at its middle on one side of an edge only is closed by a triangle without area.
#[test]
fn flat_triangles_give_way() {
    let mut soup = unit();
    // The diagonal of the side at the end of the first two triangles, from 0 to 6, gets a middle in one of them.
    soup.vertices.push([0.0, 0.5, 0.5]);
    let Triangle { corners: [a, b, c], .. } = soup.triangles[0];
    assert_eq!([a, b, c], [0, 4, 6]);
    soup.triangles[0].corners = [0, 4, 8];
    soup.push_polygon(&[8, 4, 6], &[]);
    soup.push_polygon(&[0, 8, 6], &[]);
    assert_eq!(says(soup, 1.0), ["1 triangle without area is left out"]);
    // Three that close nothing.
    let mut more = unit();
    for [a, b] in [[0, 1], [0, 4], [2, 6]] {
        more.vertices.push(std::array::from_fn(|axis| (more.vertices[a][axis] + more.vertices[b][axis]) / 2.0));
        more.push_polygon(&[a as u32, more.vertices.len() as u32 - 1, b as u32], &[]);
    }
    let mut apart = apart(&more, 0.0);
    apart.push_polygon(&[0, 0, 1], &[]);
    let remarks = says(apart, 1.0);
    assert!(remarks.contains(&"4 triangles without area are left out".into()), "{remarks:?}");
}

#[test]
fn walls_between_bodies_go() {
    let beside = cuboid([1.0, 0.0, 0.0], [2.0, 1.0, 1.0]);
    // Bodies with vertices of their own are two; with common ones, as in a file without numbers of vertices, they are one.
    assert!(says(together(unit(), beside.clone()), 2.0).is_empty());
    let remarks = says(apart(&together(unit(), beside), 0.0), 2.0);
    assert_eq!(remarks[1..], ["2 triangles between two bodies are left out"]);
}

#[test]
fn what_stays_open_says_where() {
    let mut open = cuboid([10.0, 0.0, 0.0], [12.0, 1.0, 1.0]);
    // The sides at both ends of the first axis.
    open.triangles.drain(..4);
    let error = repaired("it", open).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it is not closed: it has 2 holes with 8 open edges in all; the largest has 4, between [12.0, 0.0, 0.0] and [12.0, 1.0, 1.0]"
    );
    assert!(dualgn_io::Failure::from(error).to_string().contains("\nhint: fill its holes"));
    let mut branching = unit();
    branching.vertices.push([3.0, 3.0, 0.5]);
    branching.vertices.push([3.0, 3.0, 3.0]);
    // A tetrahedron on an edge of the box.
    [[3, 7, 8], [7, 3, 9], [3, 8, 9], [8, 7, 9]].iter().for_each(|face| branching.push_polygon(face, &[]));
    let error = repaired("it", branching).unwrap_err().to_string();
    assert!(
        error.starts_with("it: more than two triangles meet at 1 of its edges, the first from [1.0, 1.0, 0.0]"),
        "{error}"
    );
}

#[test]
fn what_is_no_surface_is_said() {
    let error = |soup: Soup| repaired("it", soup).unwrap_err().to_string();
    let Soup { vertices, .. } = corner();
    assert_eq!(error(soup(&vertices, &[])), "it has no triangles; a surface of triangles is needed");
    let mut broken = corner();
    broken.vertices[2][1] = f64::NAN;
    assert!(error(broken).starts_with("it: vertex 3 has the coordinates [0.0, NaN, 0.0]"));
    assert_eq!(error(soup(&vertices, &[[0, 1, 9]])), "it: triangle 1 refers to vertex 10, but there are 4");
    assert!(error(soup(&[[1.0; 3]; 3], &[[0, 1, 2]])).starts_with("it has no size"));
    // A projective plane of six vertices, whose edges all join two triangles.
    let faces =
        [[0, 1, 4], [0, 1, 5], [0, 2, 3], [0, 2, 5], [0, 3, 4], [1, 2, 3], [1, 2, 4], [1, 3, 5], [2, 4, 5], [3, 4, 5]];
    let places: Vec<Vector> = (0..6).map(|i| [f64::from(i), f64::from(i * i), f64::from(i * i * i)]).collect();
    assert!(error(soup(&places, &faces)).starts_with("it has one side only"));
}
