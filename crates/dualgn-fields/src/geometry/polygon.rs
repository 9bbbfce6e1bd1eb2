//! Polygons as triangles.

use earcut::Earcut;
use earcut::utils3d::project3d_to_2d;

use super::vector::{Vector, cross, dot, minus};

/// Cuts a polygon, given by the places of its corners, into triangles of numbers of corners, wound as it is. Corners on the edge between
/// their neighbours stay corners, since those of other polygons may meet them there.
pub(super) fn triangles(corners: &[Vector]) -> Vec<[usize; 3]> {
    if corners.len() == 3 {
        return vec![[0, 1, 2]];
    }
    let fan = || (2..corners.len()).map(|last| [0, last - 1, last]).collect();
    let Some(unit) = unit(corners) else { return fan() };
    let area = |[a, b, c]: [usize; 3]| cross(minus(unit[b], unit[a]), minus(unit[c], unit[a]));
    let sum = (2..unit.len())
        .map(|last| area([0, last - 1, last]))
        .fold([0.0; 3], |sum, own| [sum[0] + own[0], sum[1] + own[1], sum[2] + own[2]]);
    // All corners are seen from the first: what rounding turns about is flat.
    if fan_is_right(&fan(), |triangle| dot(area(triangle), sum)) {
        return fan();
    }
    let (mut flat, mut cut): (Vec<[f64; 2]>, Vec<usize>) = (vec![], vec![]);
    if !project3d_to_2d(&unit, unit.len(), &mut flat) {
        return fan();
    }
    Earcut::new().earcut(flat, &[], &mut cut);
    let mut triangles: Vec<[usize; 3]> =
        cut.chunks_exact(3).map(|corners| [corners[0], corners[1], corners[2]]).collect();
    if triangles.iter().map(|&triangle| dot(area(triangle), sum)).sum::<f64>() < 0.0 {
        triangles.iter_mut().for_each(|triangle| triangle.swap(1, 2));
    }
    if restore(&mut triangles, corners.len()) { triangles } else { fan() }
}

fn fan_is_right(fan: &[[usize; 3]], seen: impl Fn([usize; 3]) -> f64) -> bool {
    let seen: Vec<f64> = fan.iter().map(|&triangle| seen(triangle)).collect();
    let largest = seen.iter().copied().fold(0.0, f64::max);
    seen.iter().all(|&area| area >= -1e-9 * largest)
}

/// The corners from the first on, in a cube of side one; none if they are at one place or not finite.
fn unit(corners: &[Vector]) -> Option<Vec<Vector>> {
    let first = *corners.first()?;
    let away: Vec<Vector> = corners.iter().map(|&corner| minus(corner, first)).collect();
    let size = away.iter().flatten().fold(0.0, |size: f64, x| size.max(x.abs()));
    let is_finite = away.iter().flatten().all(|x| x.is_finite());
    (size > 0.0 && is_finite).then(|| away.iter().map(|corner| corner.map(|x| x / size)).collect())
}

/// Puts corners back that were left out because they are on the edge between their neighbours; whether that could be done for all.
fn restore(triangles: &mut Vec<[usize; 3]>, count: usize) -> bool {
    let mut is_there = vec![false; count];
    triangles.iter().flatten().for_each(|&corner| is_there[corner] = true);
    for corner in 0..count {
        if is_there[corner] {
            continue;
        }
        let around = |step: usize| (1..count).map(|k| (corner + k * step) % count).find(|&other| is_there[other]);
        let (Some(before), Some(after)) = (around(count - 1), around(1)) else { return false };
        let turned = |&[a, b, c]: &[usize; 3]| [[a, b, c], [b, c, a], [c, a, b]];
        let found = triangles.iter().enumerate().find_map(|(index, triangle)| {
            let [_, _, apex] = turned(triangle).into_iter().find(|turn| turn[..2] == [before, after])?;
            Some((index, apex))
        });
        let Some((index, apex)) = found else { return false };
        triangles[index] = [before, corner, apex];
        triangles.push([corner, after, apex]);
        is_there[corner] = true;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The area of the triangles, each counted by its winding about the third axis.
    fn areas(corners: &[Vector], triangles: &[[usize; 3]]) -> Vec<f64> {
        let area =
            |&[a, b, c]: &[usize; 3]| cross(minus(corners[b], corners[a]), minus(corners[c], corners[a]))[2] / 2.0;
        triangles.iter().map(area).collect()
    }

    /// Whether each side of the polygon is the side of exactly one triangle, and each other side of two.
    fn is_cut(count: usize, triangles: &[[usize; 3]]) -> bool {
        let mut sides: Vec<[usize; 2]> = triangles.iter().flat_map(|&[a, b, c]| [[a, b], [b, c], [c, a]]).collect();
        let is_side = |&[a, b]: &[usize; 2]| (a + 1) % count == b;
        let outer = sides.iter().filter(|side| is_side(side)).count();
        sides.retain(|side| !is_side(side));
        outer == count && sides.iter().all(|&[a, b]| sides.contains(&[b, a]))
    }

    #[test]
    fn concave_polygons_are_cut_within_themselves() {
        // An L and a U of area 3 and 5, an arrow, a star of ten corners; from each of their corners on, in both windings.
        let l = [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]].to_vec();
        let u =
            [[0.0, 0.0], [3.0, 0.0], [3.0, 2.0], [2.0, 2.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]].to_vec();
        let arrow = [[0.0, 0.0], [2.0, 1.0], [0.0, 2.0], [1.0, 1.0]].to_vec();
        let star = (0..10).map(|k| {
            let (angle, radius) = (std::f64::consts::PI * f64::from(k) / 5.0, if k % 2 == 0 { 1.0 } else { 0.4 });
            [radius * angle.cos(), radius * angle.sin()]
        });
        for shape in [l, u, arrow, star.collect()] {
            let count = shape.len();
            let shoelace: f64 = (0..count)
                .map(|k| (shape[k][0] * shape[(k + 1) % count][1] - shape[(k + 1) % count][0] * shape[k][1]) / 2.0)
                .sum();
            for start in 0..count {
                for (is_turned, scale) in [(false, 1.0), (true, 1.0), (false, 1e-150), (true, 1e150)] {
                    let mut places: Vec<Vector> = (0..count)
                        .map(|k| shape[(start + k) % count])
                        .map(|[x, y]| [x * scale, y * scale, 0.0])
                        .collect();
                    if is_turned {
                        places.reverse();
                    }
                    let found = triangles(&places);
                    assert!(is_cut(count, &found), "{shape:?} from {start}: {found:?}");
                    let areas = areas(&places, &found);
                    let sign = if is_turned { -1.0 } else { 1.0 };
                    assert!(areas.iter().all(|area| area * sign >= 0.0), "{shape:?} from {start}: {areas:?}");
                    let sum = areas.iter().sum::<f64>() * sign / scale / scale;
                    assert!((sum - shoelace).abs() < 1e-12, "{sum} instead of {shoelace}");
                }
            }
        }
    }

    #[test]
    fn corners_on_an_edge_stay() {
        // The L with a corner in the middle of each side.
        let l: [[f64; 2]; 6] = [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]];
        let places: Vec<Vector> = (0..12)
            .map(|k| {
                let (from, to) = (l[k / 2], l[(k / 2 + 1) % 6]);
                if k % 2 == 0 {
                    [from[0], from[1], 0.0]
                } else {
                    [(from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0, 0.0]
                }
            })
            .collect();
        let found = triangles(&places);
        assert_eq!(found.len(), 10);
        assert!(is_cut(12, &found), "{found:?}");
        assert!((areas(&places, &found).iter().sum::<f64>() - 3.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_becomes_of_less() {
        assert!(triangles(&[]).is_empty() && triangles(&[[0.0; 3]; 2]).is_empty());
        assert_eq!(triangles(&[[0.0; 3]; 3]), [[0, 1, 2]]);
        assert_eq!(triangles(&[[f64::NAN; 3]; 4]).len(), 2);
    }
}
