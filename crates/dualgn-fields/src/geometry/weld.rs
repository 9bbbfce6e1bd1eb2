//! Copies of vertices along open edges, which become one.

use std::collections::HashMap;

use super::edges::{by_edge, sides};
use super::repair::drop_collapsed;
use super::soup::Soup;
use super::vector::{Vector, minus, norm};

/// How far apart copies may be, as parts of the longest side of the surface, from none at all to what seven digits of a text or single
/// precision leave. The smallest that closes a surface is taken, so that what is thin stays as it is.
const APART: [f64; 5] = [0.0, 1e-9, 1e-8, 1e-7, 1e-6];
/// The longest side in the unit frame.
const SIDE: f64 = 1.8;

/// Merges copies of vertices until no edge is open, and says so.
pub(super) fn weld(soup: &mut Soup) -> Option<String> {
    let mut remark = None;
    let mut merged = 0;
    let mut open = open_vertices(soup);
    for apart in APART {
        if open.edges == 0 {
            break;
        }
        let mut trial = soup.clone();
        let copies = merge(&mut trial, &open.is_at, apart * SIDE);
        let found = open_vertices(&trial);
        if found.edges < open.edges {
            (*soup, open) = (trial, found);
            merged += copies;
            let how = match apart {
                0.0 => "at the same places".into(),
                _ => format!("at most {apart:e} of the size apart"),
            };
            remark = Some(format!("{merged} copies of vertices are merged, {how}"));
        }
    }
    remark
}

/// Edges at which there is no second triangle, and the vertices there.
struct Open {
    edges: usize,
    is_at: Vec<bool>,
}

fn open_vertices(soup: &Soup) -> Open {
    let mut open = Open { edges: 0, is_at: vec![false; soup.vertices.len()] };
    for sides in by_edge(&sides(&soup.faces())).filter(|sides| sides.len() % 2 == 1) {
        open.edges += 1;
        sides[0].edge.iter().for_each(|&vertex| open.is_at[vertex as usize] = true);
    }
    open
}

/// Makes one vertex of those among some that are close, and returns how many are gone.
fn merge(soup: &mut Soup, is_among: &[bool], apart: f64) -> usize {
    let mut kept: HashMap<[i64; 3], Vec<u32>> = HashMap::new();
    let cell = |at: Vector| match apart {
        // Equal places have equal bits once zero has no sign.
        0.0 => at.map(|x| (x + 0.0).to_bits() as i64),
        _ => at.map(|x| (x / apart).floor() as i64),
    };
    let around: &[i64] = if apart == 0.0 { &[0] } else { &[-1, 0, 1] };
    let mut merged = 0;
    let mut place_of: Vec<u32> = (0..soup.vertices.len() as u32).collect();
    for vertex in (0..soup.vertices.len()).filter(|&vertex| is_among[vertex]) {
        let (at, own) = (soup.vertices[vertex], cell(soup.vertices[vertex]));
        let cells = around.iter().flat_map(|&i| around.iter().map(move |&j| [i, j]));
        let mut near = cells
            .flat_map(|[i, j]| around.iter().map(move |&k| [own[0] + i, own[1] + j, own[2] + k]))
            .filter_map(|cell| kept.get(&cell))
            .flatten();
        let close = near.find(|&&other| norm(minus(soup.vertices[other as usize], at)) <= apart).copied();
        match close {
            Some(other) => {
                place_of[vertex] = other;
                merged += 1;
            }
            None => kept.entry(own).or_default().push(vertex as u32),
        }
    }
    for triangle in &mut soup.triangles {
        triangle.corners = triangle.corners.map(|corner| place_of[corner as usize]);
    }
    drop_collapsed(soup);
    merged
}
