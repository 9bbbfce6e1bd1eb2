//! Which side of a closed surface is outside.
//!
//! Triangles are first wound like their neighbours, across all edges of each connected part. A part encloses the volume
//! `Σ ⟨a, b × c⟩ / 6` (the divergence theorem), positive if it is wound outwards. A part inside an odd number of others bounds a cavity
//! of theirs, and is wound inwards.

use parry3d_f64::query::PointQuery;
use parry3d_f64::shape::{TriMesh, TriMeshFlags};

use super::distance::point;
use super::edges::{by_edge, linked, sides};
use super::error::GeometryError;
use super::frame::Frame;
use super::soup::Soup;
use super::vector::{Vector, bounds, cross, dot, minus};

/// Vertices of a part by which it is decided whether it is inside another.
const TRIED: usize = 64;
/// Volumes below this part of the cube's are rounding: such a part has no inside.
const NO_VOLUME: f64 = 1e-15;

/// Winds all triangles so that the outside is on the side of their normals, and says what was turned.
///
/// # Errors
/// Returns `GeometryError::OneSided` if that cannot be done. Each edge must join two triangles.
pub(super) fn outwards(what: &str, soup: &mut Soup, frame: &Frame) -> Result<Vec<String>, GeometryError> {
    let parts = parts(soup);
    let mixed = wind_alike(what, soup, &parts, frame)?;
    let mut remarks = vec![];
    if mixed > 0 {
        let all = soup.triangles.len();
        remarks.push(format!("{mixed} of {all} triangles were wound against their neighbours and are turned"));
    }
    let shells: Vec<Shell> = parts.iter().map(|faces| Shell::new(soup, faces)).collect();
    let is_cavity: Vec<bool> = (0..shells.len()).map(|index| depth(&shells, index) % 2 == 1).collect();
    let has_volume = |shell: &Shell| shell.volume.abs() > NO_VOLUME;
    let wrong: Vec<usize> = (0..shells.len())
        .filter(|&index| has_volume(&shells[index]) && (shells[index].volume < 0.0) != is_cavity[index])
        .collect();
    for &part in &wrong {
        parts[part].iter().for_each(|&face| soup.triangles[face].turn());
    }
    let cavities = wrong.iter().filter(|&&part| is_cavity[part]).count();
    let outer = wrong.len() - cavities;
    match (outer, parts.len()) {
        (0, _) => {}
        (_, 1) => remarks.push("the surface was inside out and is turned".into()),
        (_, all) => remarks.push(format!("{outer} of {all} closed parts were inside out and are turned")),
    }
    if cavities > 0 {
        remarks.push(format!(
            "{cavities} of {} closed parts lie inside others and are turned inwards: they bound cavities",
            parts.len()
        ));
    }
    Ok(remarks)
}

/// The triangles of each connected part.
fn parts(soup: &Soup) -> Vec<Vec<usize>> {
    let sides = sides(&soup.faces());
    let pairs = by_edge(&sides).flat_map(|sides| sides.windows(2).map(|pair| [pair[0].face, pair[1].face]));
    let part_of = linked(soup.triangles.len(), pairs);
    let mut order: Vec<usize> = (0..part_of.len()).collect();
    order.sort_by_key(|&face| (part_of[face], face));
    order.chunk_by(|&a, &b| part_of[a] == part_of[b]).map(<[usize]>::to_vec).collect()
}

/// Winds each part as most of it is, and returns how many triangles were turned for that.
fn wind_alike(what: &str, soup: &mut Soup, parts: &[Vec<usize>], frame: &Frame) -> Result<usize, GeometryError> {
    // For each triangle its neighbours, and whether they are wound the other way round.
    let mut neighbours: Vec<Vec<(usize, bool)>> = vec![vec![]; soup.triangles.len()];
    for pair in by_edge(&sides(&soup.faces())).filter(|sides| sides.len() == 2) {
        let [one, other] = [pair[0].face as usize, pair[1].face as usize];
        let differs = pair[0].is_ahead == pair[1].is_ahead;
        neighbours[one].push((other, differs));
        neighbours[other].push((one, differs));
    }
    let mut is_turned: Vec<Option<bool>> = vec![None; soup.triangles.len()];
    let mut turned = 0;
    for part in parts {
        let mut left = vec![part[0]];
        is_turned[part[0]] = Some(false);
        while let Some(face) = left.pop() {
            for &(other, differs) in &neighbours[face] {
                let wanted = is_turned[face].map(|is_turned| is_turned != differs);
                match is_turned[other] {
                    None => {
                        is_turned[other] = wanted;
                        left.push(other);
                    }
                    known if known != wanted => {
                        let near = frame.given(soup.places(other)[0]);
                        return Err(GeometryError::OneSided { what: what.into(), near });
                    }
                    Some(_) => {}
                }
            }
        }
        let against = part.iter().filter(|&&face| is_turned[face] == Some(true)).count();
        let turns = 2 * against <= part.len();
        turned += against.min(part.len() - against);
        for &face in part.iter().filter(|&&face| (is_turned[face] == Some(true)) == turns) {
            soup.triangles[face].turn();
        }
    }
    Ok(turned)
}

/// A closed part.
struct Shell {
    corners: Vec<[Vector; 3]>,
    /// Positive if it is wound outwards.
    volume: f64,
    low: Vector,
    high: Vector,
}

impl Shell {
    fn new(soup: &Soup, faces: &[usize]) -> Self {
        let corners: Vec<[Vector; 3]> = faces.iter().map(|&face| soup.places(face)).collect();
        let [low, high] = bounds(corners.iter().flatten().copied());
        // From a point nearby, so that large terms do not cancel.
        let origin = corners[0][0];
        let six = |&[a, b, c]: &[Vector; 3]| dot(minus(a, origin), cross(minus(b, origin), minus(c, origin)));
        Self { volume: corners.iter().map(six).sum::<f64>() / 6.0, corners, low, high }
    }

    fn may_contain(&self, other: &Self) -> bool {
        (0..3).all(|axis| self.low[axis] <= other.low[axis] && other.high[axis] <= self.high[axis])
    }

    /// Whether another part lies within this one. Parts that cross each other do not.
    fn contains(&self, other: &Self) -> bool {
        let Some(solid) = self.solid() else { return false };
        let every = (other.corners.len() / TRIED).max(1);
        other.corners.iter().step_by(every).all(|corners| solid.project_local_point(point(corners[0]), false).is_inside)
    }

    /// The part as a solid, wound outwards.
    fn solid(&self) -> Option<TriMesh> {
        let mut soup = Soup::default();
        for corners in &self.corners {
            let first = soup.vertices.len() as u32;
            soup.vertices.extend(corners);
            soup.push_polygon(&[first, first + 1, first + 2], &[]);
        }
        if self.volume < 0.0 {
            soup.triangles.iter_mut().for_each(super::soup::Triangle::turn);
        }
        let vertices = soup.vertices.iter().map(|&vertex| point(vertex)).collect();
        // Copies of vertices are one again, which signs near edges and vertices need.
        TriMesh::with_flags(vertices, soup.faces(), TriMeshFlags::ORIENTED | TriMeshFlags::MERGE_DUPLICATE_VERTICES)
            .ok()
    }
}

/// How many other parts a part lies in.
fn depth(shells: &[Shell], index: usize) -> usize {
    let others = shells.iter().enumerate().filter(|&(other, _)| other != index);
    let around = others.filter(|(_, other)| other.may_contain(&shells[index]));
    around.filter(|(_, other)| other.contains(&shells[index])).count()
}
