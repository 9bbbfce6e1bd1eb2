//! [`Construction`]: unions, differences and intersections of figures.

use super::figure::Figure;
use super::sampling::{Generator, Sampling};

/// How far beside a boundary is looked at, in units of the size of the whole.
const BESIDE: f64 = 1e-7;
/// Points that are tried at once, and how often at most.
const AT_ONCE: [usize; 2] = [1 << 9, 1 << 14];
const ROUNDS: usize = 1000;
/// One over the part of an equal share of points that even the smallest figure has.
const SMALLEST: usize = 10;
/// Points of a figure that are looked at for those on others.
const COMPARED: usize = 256;

/// A step of putting figures together; parts are the numbers of earlier steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A figure, by its number.
    Figure(usize),
    /// What is in one or the other.
    Union(usize, usize),
    /// What is in the first and not in the second.
    Difference(usize, usize),
    /// What is in both.
    Intersection(usize, usize),
}

/// A part of space that is made of figures.
#[derive(Clone, Debug)]
pub struct Construction {
    figures: Vec<Figure>,
    /// The last of them is the whole.
    steps: Vec<Step>,
    /// How far beside its boundary a point is inside or outside.
    beside: f64,
}

impl Construction {
    /// Puts figures together by some steps, at least one.
    pub fn new(figures: Vec<Figure>, steps: Vec<Step>) -> Self {
        let mut construction = Self { figures, steps, beside: 0.0 };
        let [low, high] = construction.bounds();
        construction.beside = BESIDE * low.iter().zip(&high).fold(0.0, |size: f64, (low, high)| size.max(high - low));
        construction
    }

    /// Returns the figures.
    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }

    /// Returns the number of its dimensions.
    pub fn dims(&self) -> usize {
        self.figures.first().map_or(0, Figure::dims)
    }

    /// Returns the least and the greatest coordinates that a point of it can have.
    pub fn bounds(&self) -> [Vec<f64>; 2] {
        let mut all: Vec<[Vec<f64>; 2]> = vec![];
        let ends =
            |a: &[f64], b: &[f64], pick: fn(f64, f64) -> f64| a.iter().zip(b).map(|(a, b)| pick(*a, *b)).collect();
        for step in &self.steps {
            all.push(match *step {
                Step::Figure(figure) => self.figures[figure].bounds(),
                Step::Union(a, b) => [ends(&all[a][0], &all[b][0], f64::min), ends(&all[a][1], &all[b][1], f64::max)],
                Step::Difference(a, _) => all[a].clone(),
                Step::Intersection(a, b) => {
                    [ends(&all[a][0], &all[b][0], f64::max), ends(&all[a][1], &all[b][1], f64::min)]
                }
            });
        }
        all.pop().unwrap_or_default()
    }

    /// Whether a point is in it.
    pub fn contains(&self, x: &[f64]) -> bool {
        let mut found = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            found.push(match *step {
                Step::Figure(figure) => self.figures[figure].contains(x),
                Step::Union(a, b) => found[a] || found[b],
                Step::Difference(a, b) => found[a] && !found[b],
                Step::Intersection(a, b) => found[a] && found[b],
            });
        }
        found.pop().unwrap_or(false)
    }

    /// Whether there is something of it on both sides of a figure's boundary: inwards and outwards of the figure.
    fn sides(&self, x: &[f64], normal: &[f64]) -> [bool; 2] {
        [-self.beside, self.beside]
            .map(|by| self.contains(&x.iter().zip(normal).map(|(x, n)| x + by * n).collect::<Vec<_>>()))
    }

    /// Returns the outward normal at a point of the boundary that is part of that of some figures.
    pub fn normal(&self, of: &[usize], x: &[f64]) -> Vec<f64> {
        let nearest = of.iter().map(|&figure| self.figures[figure].nearest(x)).min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, normal)) = nearest else { return vec![0.0; self.dims()] };
        // A hole ends where its figure begins.
        let is_outwards = self.sides(x, &normal) != [false, true];
        if is_outwards { normal } else { normal.into_iter().map(|x| -x).collect() }
    }

    /// Returns the numbers of the figures that it is made of.
    pub fn used(&self) -> Vec<usize> {
        let figure = |step: &Step| if let Step::Figure(figure) = step { Some(*figure) } else { None };
        let mut used: Vec<usize> = self.steps.iter().filter_map(figure).collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    /// Draws points of the boundary that are on that of some figures, uniform by length or area, with a share for each figure, however
    /// small it is; fewer where there is little of it.
    pub fn boundary(&self, of: &[usize], count: usize, sampling: Sampling, random: &mut Generator) -> Vec<f64> {
        let is_end = |[inner, outer]: [bool; 2]| inner != outer;
        let share = (count / (SMALLEST * of.len().max(1))).max(1);
        let sizes: Vec<f64> = of.iter().map(|&figure| self.figures[figure].boundary()).collect();
        let part = count as f64 / sizes.iter().sum::<f64>();
        let mut points = vec![];
        for index in 0..of.len() {
            if sizes[index] * part < share as f64 {
                points.extend(self.on(&of[..=index], index, [share, ROUNDS], sampling, random, is_end));
            }
        }
        points.truncate(count * self.dims());
        let left = count - points.len() / self.dims().max(1);
        points.extend(self.on(of, 0, [left, ROUNDS], sampling, random, is_end));
        points
    }

    /// Whether a figure has points of the boundary that are on none of some others, and whether it has such that are.
    pub fn shares(&self, figure: usize, others: &[usize]) -> [bool; 2] {
        let mut random = Generator::new(0, 0);
        let own = self.on(&[figure], 0, [COMPARED, 1], Sampling::Sobol, &mut random, |[inner, outer]| inner != outer);
        let is_shared = |x: &[f64]| others.iter().any(|&other| self.is_on(other, x));
        let mut found = [false; 2];
        own.chunks_exact(self.dims().max(1)).for_each(|x| found[usize::from(is_shared(x))] = true);
        found
    }

    fn is_on(&self, figure: usize, x: &[f64]) -> bool {
        self.figures[figure].nearest(x).0 <= self.beside
    }

    /// Whether the whole boundary of a figure is that of the construction, or outside of it.
    pub fn is_free(&self, figure: usize) -> bool {
        let mut random = Generator::new(0, 0);
        self.on(&[figure], 0, [1, 1], Sampling::Sobol, &mut random, |[inner, outer]| inner && outer).is_empty()
    }

    /// So many points on the boundaries of some figures, from one of them on, with something of the construction on their sides, tried so
    /// often. What is on those of several figures is that of the first.
    fn on(
        &self,
        of: &[usize],
        first: usize,
        [count, rounds]: [usize; 2],
        sampling: Sampling,
        random: &mut Generator,
        is_wanted: impl Fn([bool; 2]) -> bool,
    ) -> Vec<f64> {
        let sizes: Vec<f64> = of[first..].iter().map(|&figure| self.figures[figure].boundary()).collect();
        let total: f64 = sizes.iter().sum();
        let dims = self.dims();
        let mut found = vec![];
        for _ in 0..if count == 0 { 0 } else { rounds } {
            for unit in sampling.unit(count.clamp(AT_ONCE[0], AT_ONCE[1]), dims, random).chunks_exact_mut(dims) {
                let (mut place, mut index) = (unit[0] * total, 0);
                while index + 1 < sizes.len() && place >= sizes[index] {
                    place -= sizes[index];
                    index += 1;
                }
                unit[0] = (place / sizes[index]).min(1.0);
                let (before, figure) = (&of[..first + index], &self.figures[of[first + index]]);
                let point = figure.boundary_point(unit);
                let (_, normal) = figure.nearest(&point);
                if is_wanted(self.sides(&point, &normal)) && !before.iter().any(|&other| self.is_on(other, &point)) {
                    found.extend(point);
                }
            }
            if found.len() >= count * dims {
                break;
            }
        }
        found.truncate(count * dims);
        found
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::geometry::figure::Body;
    use crate::geometry::mesh::tests::tetrahedron;
    use crate::geometry::outline::Outline;

    fn square() -> Figure {
        Figure::Box { low: vec![0.0, 0.0], high: vec![2.0, 2.0] }
    }

    fn disk(x: f64, y: f64, radius: f64) -> Figure {
        Figure::Ball { centre: vec![x, y], radius }
    }

    fn all(construction: &Construction) -> Vec<usize> {
        (0..construction.figures().len()).collect()
    }

    fn drawn(construction: &Construction, of: &[usize], count: usize) -> Vec<Vec<f64>> {
        let points = construction.boundary(of, count, Sampling::Sobol, &mut Generator::new(1, 0));
        points.chunks_exact(construction.dims()).map(<[f64]>::to_vec).collect()
    }

    /// The divergence theorem: the mean of `x·n` over a boundary times its size is the dimension times the volume.
    fn check(construction: &Construction, size: f64, volume: f64) {
        let of = all(construction);
        let points = drawn(construction, &of, 20_000);
        assert_eq!(points.len(), 20_000);
        let dot = |x: &Vec<f64>| construction.normal(&of, x).iter().zip(x).map(|(n, x)| n * x).sum::<f64>();
        let mean = points.iter().map(dot).sum::<f64>() / points.len() as f64;
        let found = mean * size / construction.dims() as f64;
        assert!((found - volume).abs() < 0.01 * size, "{found} instead of {volume}");
    }

    #[test]
    fn boundaries_are_those_of_what_is_left() {
        let hole = Construction::new(
            vec![square(), disk(1.0, 1.0, 0.5)],
            vec![Step::Figure(0), Step::Figure(1), Step::Difference(0, 1)],
        );
        check(&hole, 8.0 + PI, 4.0 - PI / 4.0);
        assert!(!hole.contains(&[1.2, 1.0]) && hole.contains(&[0.2, 1.0]) && !hole.contains(&[2.2, 1.0]));
        assert!(drawn(&hole, &[1], 50).iter().all(|x| ((x[0] - 1.0).hypot(x[1] - 1.0) - 0.5).abs() < 1e-12));
        // Of a hole, the normal goes into its figure.
        assert_eq!(hole.normal(&[1], &[1.5, 1.0]), [-1.0, 0.0]);
        assert!(hole.is_free(0) && hole.is_free(1));
        // A disk on an edge: half of it is inside.
        let both = vec![square(), disk(2.0, 1.0, 0.5)];
        let joined = Construction::new(both.clone(), vec![Step::Figure(0), Step::Figure(1), Step::Union(0, 1)]);
        check(&joined, 7.0 + PI / 2.0, 4.0 + PI / 8.0);
        assert_eq!(joined.bounds(), [vec![0.0, 0.0], vec![2.5, 2.0]]);
        assert!(!joined.is_free(0) && !joined.is_free(1));
        let shared = Construction::new(both, vec![Step::Figure(0), Step::Figure(1), Step::Intersection(0, 1)]);
        check(&shared, 1.0 + PI / 2.0, PI / 8.0);
        assert_eq!(shared.bounds(), [vec![1.5, 0.5], vec![2.0, 1.5]]);
    }

    #[test]
    fn figures_of_all_kinds_have_their_boundary_and_volume() {
        let one = |figure: Figure| Construction::new(vec![figure], vec![Step::Figure(0)]);
        check(&one(Figure::Box { low: vec![-1.0], high: vec![2.0] }), 2.0, 3.0);
        check(&one(Figure::Ball { centre: vec![3.0], radius: 0.5 }), 2.0, 1.0);
        check(&one(Figure::Box { low: vec![0.0, 1.0, 2.0], high: vec![1.0, 3.0, 5.0] }), 22.0, 6.0);
        check(&one(Figure::Ball { centre: vec![1.0, 0.0, 2.0], radius: 0.5 }), PI, PI / 6.0);
        let l = [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]];
        check(&one(Figure::Polygon(Outline::new(l.to_vec()).unwrap())), 8.0, 3.0);
        let body = Body::new("a tetrahedron", tetrahedron()).unwrap();
        check(&one(Figure::Body(body)), 1.5 + 3f64.sqrt() / 2.0, 1.0 / 6.0);
    }

    /// A square and another of which three sides are the same: each part of the boundary counts once.
    #[test]
    fn what_two_figures_share_counts_once() {
        let longer = Figure::Box { low: vec![0.0, 0.0], high: vec![3.0, 2.0] };
        let steps = vec![Step::Figure(0), Step::Figure(1), Step::Intersection(0, 1)];
        let both = Construction::new(vec![square(), longer], steps);
        check(&both, 8.0, 4.0);
        let points = drawn(&both, &[0, 1], 4000);
        let bottom = points.iter().filter(|x| x[1] == 0.0).count();
        assert!((900..1100).contains(&bottom), "{bottom}");
        assert_eq!((both.shares(0, &[1]), both.shares(1, &[0])), ([true, true], [false, true]));
        assert_eq!(both.used(), [0, 1]);
    }

    #[test]
    fn small_holes_have_points() {
        let figures = vec![square(), disk(1.0, 1.0, 1e-3)];
        let hole = Construction::new(figures, vec![Step::Figure(0), Step::Figure(1), Step::Difference(0, 1)]);
        let on_hole = |count: usize| {
            let points = drawn(&hole, &[0, 1], count);
            assert_eq!(points.len(), count);
            points.iter().filter(|x| (x[0] - 1.0).hypot(x[1] - 1.0) < 0.01).count()
        };
        assert_eq!((on_hole(2), on_hole(30)), (1, 1));
        assert!((5..8).contains(&on_hole(100)), "{}", on_hole(100));
    }

    #[test]
    fn nothing_is_found_where_there_is_no_boundary() {
        let nothing = Construction::new(
            vec![disk(0.0, 0.0, 1.0), disk(5.0, 0.0, 1.0)],
            vec![Step::Figure(0), Step::Figure(1), Step::Intersection(0, 1)],
        );
        assert!(drawn(&nothing, &[0, 1], 10).is_empty());
    }
}
