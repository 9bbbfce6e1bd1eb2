//! Where a surface is open, or branches.

use super::edges::{Side, by_edge, linked, sides};
use super::error::GeometryError;
use super::frame::Frame;
use super::soup::Soup;
use super::vector::bounds;

/// Refuses a surface with an edge that does not join two triangles, and says where, in the coordinates of the file.
///
/// # Errors
/// Returns `GeometryError::Open` with the number of holes and the place of the largest, or `GeometryError::Branching` with the first
/// edge of more than two triangles.
pub(super) fn check(what: &str, soup: &Soup, frame: &Frame) -> Result<(), GeometryError> {
    let given = |vertex: u32| frame.given(soup.vertices[vertex as usize]);
    let sides = sides(&soup.faces());
    let of = |is: fn(usize) -> bool| by_edge(&sides).filter(move |sides| is(sides.len())).collect::<Vec<&[Side]>>();
    let (rims, branching) = (of(|count| count == 1), of(|count| count > 2));
    if !rims.is_empty() {
        // Rims that meet at a vertex are those of one hole.
        let holes = linked(soup.vertices.len(), rims.iter().map(|sides| sides[0].edge));
        let mut by_hole: Vec<(u32, [u32; 2])> =
            rims.iter().map(|sides| (holes[sides[0].edge[0] as usize], sides[0].edge)).collect();
        by_hole.sort_unstable();
        let each: Vec<&[(u32, [u32; 2])]> = by_hole.chunk_by(|a, b| a.0 == b.0).collect();
        let largest = each.iter().max_by_key(|hole| hole.len()).copied().unwrap_or_default();
        let [low, high] = bounds(largest.iter().flat_map(|(_, edge)| *edge).map(given));
        let (holes, edges, rim) = (each.len(), rims.len(), largest.len());
        return Err(GeometryError::Open { what: what.into(), holes, edges, rim, low, high });
    }
    match branching.first() {
        None => Ok(()),
        Some(first) => {
            let [from, to] = first[0].edge.map(given);
            let (edges, triangles) = (branching.len(), first.len());
            Err(GeometryError::Branching { what: what.into(), edges, from, to, triangles })
        }
    }
}
