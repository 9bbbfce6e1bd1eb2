//! Which triangles meet at which edge.

/// One side of a triangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Side {
    /// Its two vertices, the smaller number first.
    pub edge: [u32; 2],
    /// The triangle.
    pub face: u32,
    /// Whether the triangle goes from the first of the two to the second.
    pub is_ahead: bool,
}

/// Returns the sides of all triangles, those of an edge one after the other.
pub(super) fn sides(faces: &[[u32; 3]]) -> Vec<Side> {
    let of = |(face, &[a, b, c]): (usize, &[u32; 3])| {
        [(a, b), (b, c), (c, a)].map(|(from, to)| Side {
            edge: [from.min(to), from.max(to)],
            face: face as u32,
            is_ahead: from < to,
        })
    };
    let mut sides: Vec<Side> = faces.iter().enumerate().flat_map(of).collect();
    sides.sort_unstable();
    sides
}

/// Groups sorted sides by edge.
pub(super) fn by_edge(sides: &[Side]) -> impl Iterator<Item = &[Side]> {
    sides.chunk_by(|a, b| a.edge == b.edge)
}

/// Whether each edge joins two triangles, which go along it in opposite directions.
#[cfg(test)]
pub(super) fn is_closed(faces: &[[u32; 3]]) -> bool {
    by_edge(&sides(faces)).all(|sides| sides.len() == 2 && sides[0].is_ahead != sides[1].is_ahead)
}

/// Numbers `0..count` in groups, given pairs that belong together: for each number the least one of its group.
pub(super) fn linked(count: usize, pairs: impl IntoIterator<Item = [u32; 2]>) -> Vec<u32> {
    let mut above: Vec<u32> = (0..count as u32).collect();
    fn root(above: &mut [u32], mut of: u32) -> u32 {
        while above[of as usize] != of {
            // Halves the path for those who come later.
            above[of as usize] = above[above[of as usize] as usize];
            of = above[of as usize];
        }
        of
    }
    for [a, b] in pairs {
        let (a, b) = (root(&mut above, a), root(&mut above, b));
        above[a.max(b) as usize] = a.min(b);
    }
    (0..count as u32).map(|of| root(&mut above, of)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_those_of_the_pairs() {
        assert_eq!(linked(7, [[5, 2], [3, 6], [2, 0], [6, 4]]), [0, 1, 0, 3, 3, 0, 3]);
    }

    #[test]
    fn a_tetrahedron_is_closed_and_less_or_turned_is_not() {
        let faces = [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]];
        assert!(is_closed(&faces) && !is_closed(&faces[1..]));
        assert!(!is_closed(&[[0, 1, 2], faces[1], faces[2], faces[3]]));
    }
}
