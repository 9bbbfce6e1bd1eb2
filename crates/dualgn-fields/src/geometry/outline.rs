//! [`Outline`]: the edges of a polygon in the plane.

use std::ops::RangeInclusive;

/// A point of the plane.
pub type Place = [f64; 2];

/// The corners of a polygon in the plane, one after the other; it is closed, and its edges do not cross.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    corners: Vec<Place>,
    /// The length of all edges up to the end of each.
    lengths: Vec<f64>,
    /// Whether the corners go round counter-clockwise.
    is_positive: bool,
    bands: Bands,
}

/// Bands across the second coordinate, each with the edges that reach into it.
#[derive(Clone, Debug, PartialEq)]
struct Bands {
    low: f64,
    height: f64,
    edges: Vec<Vec<usize>>,
}

/// The sine of the angle up to which two edges are on one line: places of files are rounded.
const STRAIGHT: f64 = 1e-9;
/// Bands at most: outlines may have edges that reach through all of them.
const BANDS: usize = 256;

impl Bands {
    fn new(edges: &[(Place, Place)]) -> Self {
        let ends = |pick: fn(f64, f64) -> f64| edges.iter().map(|(a, _)| a[1]).reduce(pick).unwrap_or(0.0);
        let (low, high) = (ends(f64::min), ends(f64::max));
        let count = edges.len().clamp(1, BANDS);
        let mut bands = Self { low, height: (high - low) / count as f64, edges: vec![vec![]; count] };
        for (index, (a, b)) in edges.iter().enumerate() {
            for band in bands.reached(a[1].min(b[1]), a[1].max(b[1])) {
                bands.edges[band].push(index);
            }
        }
        bands
    }

    fn band(&self, y: f64) -> usize {
        let part = (y - self.low) / self.height;
        // No number where all edges are at one height.
        if part > 0.0 { (part as usize).min(self.edges.len() - 1) } else { 0 }
    }

    fn reached(&self, low: f64, high: f64) -> RangeInclusive<usize> {
        self.band(low)..=self.band(high)
    }

    /// How far a place is from a band.
    fn distance(&self, band: usize, y: f64) -> f64 {
        let low = self.low + band as f64 * self.height;
        (low - y).max(y - low - self.height).max(0.0)
    }
}

/// Why corners are those of no polygon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoOutline {
    /// There are fewer than three.
    TooFew,
    /// The same corner stands twice, one after the other.
    Repeated,
    /// Two edges cross or touch.
    Crossing,
}

impl Outline {
    /// Goes round corners.
    ///
    /// # Errors
    /// Returns why they are those of no polygon.
    pub fn new(mut corners: Vec<Place>) -> Result<Self, NoOutline> {
        // Files often have the first corner at the end once more.
        if corners.len() > 3 && corners.first() == corners.last() {
            corners.pop();
        }
        if corners.len() < 3 {
            return Err(NoOutline::TooFew);
        }
        let count = corners.len();
        let edge = |index: usize| (corners[index], corners[(index + 1) % count]);
        if (0..count).any(|index| edge(index).0 == edge(index).1) {
            return Err(NoOutline::Repeated);
        }
        let edges: Vec<(Place, Place)> = (0..count).map(edge).collect();
        let bands = Bands::new(&edges);
        if bands.edges.iter().any(|band| has_crossing(&edges, band)) {
            return Err(NoOutline::Crossing);
        }
        let area: f64 = (0..count).map(|index| turn([0.0; 2], edge(index).0, edge(index).1)).sum();
        let mut total = 0.0;
        let lengths = (0..count).map(|index| {
            total += length(edge(index));
            total
        });
        Ok(Self { lengths: lengths.collect(), is_positive: area > 0.0, bands, corners })
    }

    /// Returns the edges, each from a corner to the next.
    pub fn edges(&self) -> impl Iterator<Item = (Place, Place)> + '_ {
        self.corners.iter().copied().zip(self.corners.iter().copied().cycle().skip(1))
    }

    fn edge(&self, index: usize) -> (Place, Place) {
        (self.corners[index], self.corners[(index + 1) % self.corners.len()])
    }

    /// Returns the corners.
    pub fn corners(&self) -> &[Place] {
        &self.corners
    }

    /// Returns the length of all edges.
    pub fn length(&self) -> f64 {
        self.lengths.last().copied().unwrap_or(0.0)
    }

    /// Whether a point is inside: a ray from it crosses an odd number of edges.
    pub fn contains(&self, [x, y]: Place) -> bool {
        let is_crossed =
            |([ax, ay], [bx, by]): &(Place, Place)| (*ay > y) != (*by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax);
        let near = &self.bands.edges[self.bands.band(y)];
        near.iter().map(|&index| self.edge(index)).filter(is_crossed).count() % 2 == 1
    }

    /// Returns the point of the edges at a part of their length, which says the edge, and at another part of that edge.
    pub fn point(&self, edge: f64, along: f64) -> Place {
        let index = self.lengths.partition_point(|&end| end <= edge * self.length()).min(self.corners.len() - 1);
        let (a, b) = (self.corners[index], self.corners[(index + 1) % self.corners.len()]);
        std::array::from_fn(|axis| a[axis] + along * (b[axis] - a[axis]))
    }

    /// Returns the edges of a convex polygon, each by its normal outwards and how far the origin is on the inner side of its line; `None`
    /// if a corner juts in.
    pub fn convex_edges(&self) -> Option<Vec<(Place, f64)>> {
        let sign = if self.is_positive { 1.0 } else { -1.0 };
        let after = self.edges().skip(1).chain(self.edges().take(1)).map(|(_, end)| end);
        let bends = self.edges().zip(after).map(|((a, b), c)| sign * turn(a, b, c) / (length((a, b)) * length((b, c))));
        let bends: Vec<f64> = bends.collect();
        if bends.iter().any(|bend| *bend < -STRAIGHT) {
            return None;
        }
        let one = |(a, b): (Place, Place)| {
            let size = length((a, b));
            let normal = [sign * (b[1] - a[1]) / size, -sign * (b[0] - a[0]) / size];
            (normal, normal[0] * a[0] + normal[1] * a[1])
        };
        // Of edges on one line the last.
        Some(self.edges().zip(bends).filter(|(_, bend)| *bend > STRAIGHT).map(|(edge, _)| one(edge)).collect())
    }

    /// Returns how far the nearest edge is from a point, and the normal of that edge outwards.
    pub fn nearest(&self, at: Place) -> (f64, Place) {
        let sign = if self.is_positive { 1.0 } else { -1.0 };
        let one = |(a, b): (Place, Place)| {
            let (ab, size) = ([b[0] - a[0], b[1] - a[1]], length((a, b)));
            let part = (((at[0] - a[0]) * ab[0] + (at[1] - a[1]) * ab[1]) / (size * size)).clamp(0.0, 1.0);
            let foot = [a[0] + part * ab[0], a[1] + part * ab[1]];
            (length((foot, at)), [sign * ab[1] / size, -sign * ab[0] / size])
        };
        let mut best = (f64::INFINITY, [0.0; 2]);
        let (own, count) = (self.bands.band(at[1]), self.bands.edges.len());
        // From the band of the point outwards, as long as one may have something nearer.
        for away in 0..count {
            let both = [own.checked_sub(away), Some(own + away).filter(|band| *band < count && away > 0)];
            let near = |band: &usize| self.bands.distance(*band, at[1]) < best.0;
            let open: Vec<usize> = both.into_iter().flatten().filter(near).collect();
            if open.is_empty() && best.0.is_finite() {
                break;
            }
            for &index in open.iter().flat_map(|&band| &self.bands.edges[band]) {
                let found = one(self.edge(index));
                if found.0 < best.0 {
                    best = found;
                }
            }
        }
        best
    }
}

fn length((a, b): (Place, Place)) -> f64 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}

/// Twice the area of a triangle, positive where its corners go round counter-clockwise.
fn turn(a: Place, b: Place, c: Place) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Whether two of some edges that are no neighbours have a point in common.
fn has_crossing(edges: &[(Place, Place)], some: &[usize]) -> bool {
    let ends = |index: usize| {
        let (a, b) = edges[index];
        (a[0].min(b[0]), a[0].max(b[0]))
    };
    let mut some = some.to_vec();
    some.sort_by(|&a, &b| ends(a).0.total_cmp(&ends(b).0));
    let are_neighbours = |a: usize, b: usize| a.abs_diff(b) <= 1 || a.abs_diff(b) == edges.len() - 1;
    some.iter().enumerate().any(|(place, &first)| {
        let mut beside = some[place + 1..].iter().take_while(|&&second| ends(second).0 <= ends(first).1);
        beside.any(|&second| !are_neighbours(first, second) && cross(edges[first], edges[second]))
    })
}

/// Whether two edges have a point in common.
fn cross((a, b): (Place, Place), (c, d): (Place, Place)) -> bool {
    let sides = [turn(c, d, a), turn(c, d, b), turn(a, b, c), turn(a, b, d)];
    let within = |(p, q): (Place, Place), r: Place| {
        (0..2).all(|axis| p[axis].min(q[axis]) <= r[axis] && r[axis] <= p[axis].max(q[axis]))
    };
    let touches = [((c, d), a), ((c, d), b), ((a, b), c), ((a, b), d)];
    (sides[0] * sides[1] < 0.0 && sides[2] * sides[3] < 0.0)
        || sides.iter().zip(touches).any(|(side, (edge, point))| *side == 0.0 && within(edge, point))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An L, whose notch is at the upper right.
    fn l() -> Vec<Place> {
        vec![[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]]
    }

    #[test]
    fn what_is_inside_and_what_is_near() {
        let reversed = l().into_iter().rev().collect();
        for outline in [Outline::new(l()).unwrap(), Outline::new(reversed).unwrap()] {
            assert_eq!(outline.length(), 8.0);
            assert!([[0.5, 0.5], [1.5, 0.5], [0.5, 1.5]].iter().all(|&at| outline.contains(at)));
            assert!(![[1.5, 1.5], [-0.1, 0.5], [0.5, 2.1], [3.0, 1.0]].iter().any(|&at| outline.contains(at)));
            assert_eq!(outline.nearest([1.25, 1.5]), (0.25, [1.0, 0.0]));
            assert_eq!(outline.nearest([1.5, 0.9]).1, [0.0, 1.0]);
            assert_eq!(outline.nearest([-3.0, -4.0]).0, 5.0);
        }
    }

    /// With bands, against all edges one by one: a spiral of many corners.
    #[test]
    fn many_corners_are_as_few() {
        let turn = |k: usize, by: f64| {
            let angle = k as f64 * 0.02;
            [(0.1 + 0.05 * angle + by) * angle.cos(), (0.1 + 0.05 * angle + by) * angle.sin()]
        };
        let corners: Vec<Place> =
            (0..1500).map(|k| turn(k, 0.0)).chain((0..1500).rev().map(|k| turn(k, 0.1))).collect();
        let outline = Outline::new(corners).unwrap();
        for k in 0..400 {
            let at = [((k * 37) % 101) as f64 / 25.0 - 2.0, ((k * 53) % 97) as f64 / 24.0 - 2.0];
            let wanted = outline.edges().map(|(a, b)| {
                let ab = [b[0] - a[0], b[1] - a[1]];
                let part = ((at[0] - a[0]) * ab[0] + (at[1] - a[1]) * ab[1]) / (ab[0] * ab[0] + ab[1] * ab[1]);
                length(([a[0] + part.clamp(0.0, 1.0) * ab[0], a[1] + part.clamp(0.0, 1.0) * ab[1]], at))
            });
            let wanted = wanted.fold(f64::INFINITY, f64::min);
            assert!((outline.nearest(at).0 - wanted).abs() < 1e-14, "{at:?}");
            let winding = outline.edges().map(|(a, b)| {
                let (u, v) = ([a[0] - at[0], a[1] - at[1]], [b[0] - at[0], b[1] - at[1]]);
                (u[0] * v[1] - u[1] * v[0]).atan2(u[0] * v[0] + u[1] * v[1])
            });
            assert_eq!(outline.contains(at), winding.sum::<f64>().abs() > 3.0, "{at:?}");
        }
    }

    #[test]
    fn convex_polygons_are_inside_all_of_their_lines() {
        assert_eq!(Outline::new(l()).unwrap().convex_edges(), None);
        let mut corners = vec![[1.0, 1.0], [3.0, 1.0], [1.0, 4.0]];
        for _ in 0..2 {
            let edges = Outline::new(corners.clone()).unwrap().convex_edges().unwrap();
            for at in [[1.5, 1.5], [1.1, 3.5], [2.7, 1.1]] {
                assert!(edges.iter().all(|(normal, distance)| normal[0] * at[0] + normal[1] * at[1] < *distance));
            }
            let beyond = edges.iter().filter(|(normal, distance)| normal[0] * 2.5 + normal[1] * 3.0 > *distance);
            assert_eq!(beyond.count(), 1);
            corners.reverse();
        }
        // Two corners on the lower edge and one on the slope are none.
        let more = vec![[1.0, 1.0], [1.5, 1.0], [2.0, 1.0], [3.0, 1.0], [2.0, 2.5], [1.0, 4.0]];
        assert_eq!(Outline::new(more).unwrap().convex_edges().unwrap().len(), 3);
    }

    #[test]
    fn points_are_spread_over_the_edges() {
        let outline = Outline::new(l()).unwrap();
        // A quarter of the length is the lower edge.
        assert_eq!(outline.point(0.1, 0.5), [1.0, 0.0]);
        assert_eq!(outline.point(0.26, 0.5), [2.0, 0.5]);
        assert_eq!(outline.point(0.999, 0.25), [0.0, 1.5]);
    }

    #[test]
    fn what_is_no_polygon_is_refused() {
        assert_eq!(Outline::new(vec![[0.0; 2], [1.0, 0.0]]), Err(NoOutline::TooFew));
        assert_eq!(Outline::new(vec![[0.0; 2], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), Err(NoOutline::Repeated));
        let bow = vec![[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
        assert_eq!(Outline::new(bow), Err(NoOutline::Crossing));
        let pinched = vec![[0.0, 0.0], [2.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.0, 2.0], [1.0, 1.0]];
        assert_eq!(Outline::new(pinched), Err(NoOutline::Crossing));
        let mut closed = l();
        closed.push(closed[0]);
        assert_eq!(Outline::new(closed), Outline::new(l()));
    }
}
