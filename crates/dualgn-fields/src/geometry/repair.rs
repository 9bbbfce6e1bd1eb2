//! [`repaired`]: from what a file holds to a closed surface, and what had to be done for that.

use super::edges::{by_edge, linked, sides};
use super::error::GeometryError;
use super::frame::Frame;
use super::mesh::Mesh;
use super::soup::{Soup, Triangle};
use super::vector::{area, minus, norm};
use super::{holes, orient, shading, weld};

/// A surface in the unit frame.
#[derive(Clone, Debug)]
pub struct Given {
    /// The surface: closed, outward.
    pub mesh: Mesh,
    /// Where the file has it.
    pub frame: Frame,
    /// What was wrong with the file, and what was done.
    pub remarks: Vec<String>,
}

/// The height of a triangle without area, as a part of its longest side: what rounding leaves of points on a line.
const FLAT: f64 = 1e-12;
/// Rounds of removing them; what is left then does no harm, since no points are drawn on it.
const ROUNDS: usize = 20;

/// Brings a surface into its unit frame and repairs it. `what` names it in errors.
///
/// In order: vertices of no triangle are left out; triangles with a corner twice are, too; copies of vertices along open edges
/// become one; triangles of three points on a line give way to their neighbours; of repeated triangles one stays; all are wound like
/// their neighbours, and closed parts are turned outwards; normals that a triangle cannot have are computed anew.
///
/// # Errors
/// Returns `GeometryError` if there are no triangles, if numbers are not finite or refer to nothing, or if the surface is open,
/// branches, or has one side only after all of that.
pub(super) fn repaired(what: &str, mut soup: Soup) -> Result<Given, GeometryError> {
    soup.check(what)?;
    let mut remarks = Remarks(vec![]);
    remarks.count(soup.drop_unused(), "vertex of no triangle is", "vertices of no triangle are", "left out");
    let frame = Frame::of(soup.vertices.iter().copied()).ok_or_else(|| GeometryError::Extent { what: what.into() })?;
    soup.vertices.iter_mut().for_each(|vertex| *vertex = frame.unit(*vertex));

    let mut without_area = drop_collapsed(&mut soup);
    remarks.0.extend(weld::weld(&mut soup));
    without_area += drop_flat(&mut soup);
    remarks.count(without_area, "triangle without area is", "triangles without area are", "left out");
    let [repeated, inner] = drop_repeated(&mut soup);
    remarks.count(repeated, "repeated triangle is", "repeated triangles are", "left out");
    remarks.count(inner, "triangle between two bodies is", "triangles between two bodies are", "left out");
    if soup.triangles.is_empty() {
        return Err(GeometryError::Empty { what: what.into() });
    }
    soup.drop_unused();
    holes::check(what, &soup, &frame)?;
    remarks.0.extend(orient::outwards(what, &mut soup, &frame)?);
    let (mesh, more) = shading::shaded(soup);
    remarks.0.extend(more);
    Ok(Given { mesh, frame, remarks: remarks.0 })
}

/// Sentences about a file.
struct Remarks(Vec<String>);

impl Remarks {
    /// Says how many there were, if any.
    fn count(&mut self, count: usize, one: &str, several: &str, done: &str) {
        match count {
            0 => {}
            1 => self.0.push(format!("1 {one} {done}")),
            _ => self.0.push(format!("{count} {several} {done}")),
        }
    }
}

/// Removes triangles that have a corner twice, and returns how many there were.
pub(super) fn drop_collapsed(soup: &mut Soup) -> usize {
    let before = soup.triangles.len();
    soup.triangles.retain(|Triangle { corners: [a, b, c], .. }| a != b && b != c && c != a);
    before - soup.triangles.len()
}

/// Removes triangles of three points on a line, and returns how many there were. Where one closes a gap, with its middle corner on a side
/// of a neighbour, this neighbour becomes two triangles that meet at that corner.
fn drop_flat(soup: &mut Soup) -> usize {
    let mut removed = 0;
    // Where a neighbour is flat itself, its halves are for the next round.
    for _ in 0..ROUNDS {
        let flat: Vec<(usize, [u32; 3])> =
            (0..soup.triangles.len()).filter_map(|index| Some((index, longest(soup, index)?))).collect();
        if flat.is_empty() {
            break;
        }
        let sides = sides(&soup.faces());
        let mut added = vec![];
        let mut is_removed = vec![false; soup.triangles.len()];
        for (index, [from, to, middle]) in flat {
            let edge = [from.min(to), from.max(to)];
            let start = sides.partition_point(|side| side.edge < edge);
            let there = sides[start..].iter().take_while(|side| side.edge == edge).map(|side| side.face as usize);
            let others: Vec<usize> = there.filter(|&face| face != index).collect();
            if is_removed[index] || others.iter().any(|&other| is_removed[other]) {
                continue;
            }
            // Without a neighbour there is nothing to close; two close it themselves.
            if let [other] = others[..] {
                added.extend(cut(soup.triangles[other], edge, middle));
                is_removed[other] = true;
            }
            is_removed[index] = true;
            removed += 1;
        }
        let mut is_removed = is_removed.into_iter();
        soup.triangles.retain(|_| is_removed.next() == Some(false));
        soup.triangles.extend(added);
        drop_collapsed(soup);
    }
    removed
}

/// The longest side of a triangle without area and its third corner; `None` for any other.
fn longest(soup: &Soup, index: usize) -> Option<[u32; 3]> {
    let places = soup.places(index);
    let length = |corner: usize| norm(minus(places[(corner + 1) % 3], places[corner]));
    let first = (0..3).max_by(|&a, &b| length(a).total_cmp(&length(b)))?;
    let doubled = area(places);
    let corners = soup.triangles[index].corners;
    let line = [corners[first], corners[(first + 1) % 3], corners[(first + 2) % 3]];
    (norm(doubled) <= FLAT * length(first).powi(2)).then_some(line)
}

/// A triangle as two, with a new corner on one of its sides.
fn cut(triangle: Triangle, edge: [u32; 2], middle: u32) -> Vec<Triangle> {
    let replaced = |end: u32| {
        let corners = triangle.corners.map(|corner| if corner == end { middle } else { corner });
        // There is no normal of the file at a corner that the triangle did not have.
        Triangle { corners, normals: None }
    };
    edge.map(replaced).to_vec()
}

/// Leaves one of each set of triangles with the same corners, or none where they are a wall inside a body; returns how many it
/// removed as copies, and how many as walls.
fn drop_repeated(soup: &mut Soup) -> [usize; 2] {
    let key = |triangle: &Triangle| {
        let mut corners = triangle.corners;
        corners.sort_unstable();
        corners
    };
    let mut order: Vec<usize> = (0..soup.triangles.len()).collect();
    order.sort_by_key(|&index| (key(&soup.triangles[index]), index));
    let groups: Vec<&[usize]> = order.chunk_by(|&a, &b| key(&soup.triangles[a]) == key(&soup.triangles[b])).collect();
    let repeated = soup.triangles.len() - groups.len();
    if repeated == 0 {
        return [0, 0];
    }
    let mut kept: Vec<(usize, bool)> = groups.iter().map(|group| (group[0], group.len() > 1)).collect();
    kept.sort_unstable();
    soup.triangles = kept.iter().map(|&(index, _)| soup.triangles[index]).collect();
    // Copies that meet at edges are a patch; one that ends where two other triangles meet is a wall.
    let sides = sides(&soup.faces());
    let is_copied = |face: u32| kept[face as usize].1;
    let pairs = by_edge(&sides).flat_map(|sides| {
        let copied: Vec<u32> = sides.iter().map(|side| side.face).filter(|&face| is_copied(face)).collect();
        copied.windows(2).map(|pair| [pair[0], pair[1]]).collect::<Vec<_>>()
    });
    let patches = linked(kept.len(), pairs);
    let mut is_wall = vec![false; kept.len()];
    for sides in by_edge(&sides).filter(|sides| sides.len() > 2) {
        for side in sides.iter().filter(|side| is_copied(side.face)) {
            is_wall[patches[side.face as usize] as usize] = true;
        }
    }
    let mut faces = 0..kept.len();
    let before = soup.triangles.len();
    soup.triangles.retain(|_| faces.next().is_none_or(|face| !is_wall[patches[face] as usize]));
    let walls = before - soup.triangles.len();
    match walls {
        0 => [repeated, 0],
        // Copies of a wall are counted with it.
        _ => [repeated.saturating_sub(walls), walls],
    }
}

#[cfg(test)]
#[path = "repair_tests.rs"]
mod tests;
