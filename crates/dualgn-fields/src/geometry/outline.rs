//! [`Outline`]: the edges of a polygon in the plane.

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
        let is_crossed = |first: usize| {
            let others = first + 2..if first == 0 { count - 1 } else { count };
            others.into_iter().any(|second| cross(edge(first), edge(second)))
        };
        if (0..count).any(is_crossed) {
            return Err(NoOutline::Crossing);
        }
        let area: f64 = (0..count).map(|index| turn([0.0; 2], edge(index).0, edge(index).1)).sum();
        let mut total = 0.0;
        let lengths = (0..count).map(|index| {
            total += length(edge(index));
            total
        });
        Ok(Self { lengths: lengths.collect(), is_positive: area > 0.0, corners })
    }

    /// Returns the edges, each from a corner to the next.
    pub fn edges(&self) -> impl Iterator<Item = (Place, Place)> + '_ {
        self.corners.iter().copied().zip(self.corners.iter().copied().cycle().skip(1))
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
        self.edges().filter(is_crossed).count() % 2 == 1
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
        let is_outer = |([a, b], c): ([Place; 2], Place)| sign * turn(a, b, c) >= 0.0;
        let after = self.edges().skip(1).chain(self.edges().take(1)).map(|(_, end)| end);
        if !self.edges().map(|(a, b)| [a, b]).zip(after).all(is_outer) {
            return None;
        }
        let one = |(a, b): (Place, Place)| {
            let size = length((a, b));
            let normal = [sign * (b[1] - a[1]) / size, -sign * (b[0] - a[0]) / size];
            (normal, normal[0] * a[0] + normal[1] * a[1])
        };
        Some(self.edges().map(one).collect())
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
        self.edges().map(one).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::INFINITY, [0.0; 2]))
    }
}

fn length((a, b): (Place, Place)) -> f64 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}

/// Twice the area of a triangle, positive where its corners go round counter-clockwise.
fn turn(a: Place, b: Place, c: Place) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
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
