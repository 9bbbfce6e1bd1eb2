//! [`Region`]: where points are drawn.

use std::fmt;
use std::sync::Arc;

use super::construction::Construction;
use super::mesh::Mesh;
use super::sampling::{Generator, Sampling};

type OfPoint = dyn Fn(&[f64]) -> bool + Send + Sync;

/// Whether points belong to something.
#[derive(Clone)]
pub struct Predicate(pub Arc<OfPoint>);

impl fmt::Debug for Predicate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Predicate").finish_non_exhaustive()
    }
}

/// Points of a whole that are drawn at once for a part of it, and how often at most.
const AT_ONCE: [usize; 2] = [1 << 10, 1 << 16];
const ROUNDS: usize = 1000;

/// A part of space, or of space and time.
#[derive(Clone, Debug)]
pub enum Region {
    /// A box; where both ends are equal it is a face of one, such as the time 0.
    Box {
        /// The least coordinates.
        low: Vec<f64>,
        /// The greatest.
        high: Vec<f64>,
    },
    /// The faces of a box across its first axes: the boundary in space, at all times where the last axis is time.
    Sides {
        /// The least coordinates.
        low: Vec<f64>,
        /// The greatest.
        high: Vec<f64>,
        /// How many axes have faces.
        axes: usize,
    },
    /// Some faces of a box, each with as many points.
    Faces {
        /// The least coordinates.
        low: Vec<f64>,
        /// The greatest.
        high: Vec<f64>,
        /// The axis that each face is across, and whether it is at the greatest coordinate; not none.
        faces: Vec<(usize, bool)>,
    },
    /// A ball around the origin.
    Ball {
        /// Its dimension.
        dims: usize,
        /// Its radius.
        radius: f64,
    },
    /// Its surface.
    Sphere {
        /// The dimension of the space.
        dims: usize,
        /// Its radius.
        radius: f64,
    },
    /// A part of space at some times, which are the last coordinate of its points.
    InTime {
        /// The part of space.
        space: Box<Region>,
        /// The least time.
        low: f64,
        /// The greatest; the same for a moment.
        high: f64,
    },
    /// The points of a region at which a predicate holds.
    Part {
        /// The region.
        whole: Box<Region>,
        /// Whether a point belongs to the part.
        predicate: Predicate,
    },
    /// A part of space that is made of figures.
    Inside(Arc<Construction>),
    /// The part of its boundary that is on those of some figures.
    Boundary {
        /// The part of space.
        of: Arc<Construction>,
        /// The numbers of the figures.
        figures: Vec<usize>,
    },
    /// Given points with whatever stands beside them, row by row, of which all or some are taken.
    Points {
        /// All rows.
        rows: Arc<Vec<f64>>,
        /// Numbers in a row.
        columns: usize,
    },
    /// A surface: points uniform by area, each with its normal, six numbers.
    Surface(Arc<Mesh>),
    /// Near a surface: its points moved along their normals by a normal distance of this deviation.
    Band(Arc<Mesh>, f64),
}

impl Region {
    /// A cube.
    pub fn cube(dims: usize, low: f64, high: f64) -> Self {
        Self::Box { low: vec![low; dims], high: vec![high; dims] }
    }

    /// Numbers in a row of what is drawn.
    pub fn columns(&self) -> usize {
        match self {
            Self::Box { low, .. } | Self::Sides { low, .. } | Self::Faces { low, .. } => low.len(),
            Self::Ball { dims, .. } | Self::Sphere { dims, .. } => *dims,
            Self::InTime { space, .. } => space.columns() + 1,
            Self::Part { whole, .. } => whole.columns(),
            Self::Inside(construction) | Self::Boundary { of: construction, .. } => construction.dims(),
            Self::Points { columns, .. } => *columns,
            Self::Surface(_) => 6,
            Self::Band(..) => 3,
        }
    }

    /// Whether a point is in a part of space, or of space and time, that has points inside; of others, which are boundaries or given
    /// points, this is not known, and all are.
    pub fn contains(&self, x: &[f64]) -> bool {
        match self {
            Self::Box { low, high } => (0..low.len()).all(|axis| (low[axis]..=high[axis]).contains(&x[axis])),
            Self::Ball { radius, .. } => x.iter().map(|x| x * x).sum::<f64>() <= radius * radius,
            Self::InTime { space, low, high } => {
                let dims = space.columns();
                (*low..=*high).contains(&x[dims]) && space.contains(&x[..dims])
            }
            Self::Inside(construction) => construction.contains(x),
            _ => true,
        }
    }

    /// Points, `[count, columns]` row by row.
    pub fn draw(&self, count: usize, sampling: Sampling, random: &mut Generator) -> Vec<f64> {
        let between = |low: &[f64], high: &[f64], unit: Vec<f64>| -> Vec<f64> {
            let dims = low.len();
            let one = |(index, unit): (usize, f64)| low[index % dims] + unit * (high[index % dims] - low[index % dims]);
            unit.into_iter().enumerate().map(one).collect()
        };
        match self {
            Self::Box { low, high } => between(low, high, sampling.unit(count, low.len(), random)),
            Self::Sides { low, high, axes } => {
                let dims = low.len();
                let mut points = between(low, high, sampling.unit(count, dims, random));
                // One face after the other, so that each has as many points.
                for (index, point) in points.chunks_exact_mut(dims).enumerate() {
                    let (axis, end) = ((index / 2) % axes, index % 2);
                    point[axis] = [low, high][end][axis];
                }
                points
            }
            Self::Faces { low, high, faces } => {
                let dims = low.len();
                let mut points = between(low, high, sampling.unit(count, dims, random));
                for (point, (axis, is_high)) in points.chunks_exact_mut(dims).zip(faces.iter().cycle()) {
                    point[*axis] = if *is_high { high[*axis] } else { low[*axis] };
                }
                points
            }
            Self::Ball { dims, radius } | Self::Sphere { dims, radius } => {
                let is_solid = matches!(self, Self::Ball { .. });
                let directions = (0..count).flat_map(|_| {
                    let direction: Vec<f64> = (0..*dims).map(|_| random.normal()).collect();
                    let norm = direction.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
                    let part = if is_solid { random.uniform().powf(1.0 / *dims as f64) } else { 1.0 };
                    direction.into_iter().map(move |x| radius * part * x / norm)
                });
                directions.collect()
            }
            Self::InTime { space, low, high } => {
                let points = space.draw(count, sampling, random);
                let points = points.chunks_exact(space.columns());
                // Of given points there may be fewer than are asked for.
                let times = sampling.unit(points.len(), 1, random);
                points.zip(times).flat_map(|(point, unit)| [point, &[low + unit * (high - low)]].concat()).collect()
            }
            Self::Part { whole, predicate } => chosen(whole, count, sampling, random, |x| (predicate.0)(x)),
            Self::Inside(construction) => {
                let [low, high] = construction.bounds();
                chosen(&Self::Box { low, high }, count, sampling, random, |x| construction.contains(x))
            }
            Self::Boundary { of, figures } => of.boundary(figures, count, sampling, random),
            Self::Points { rows, columns } => {
                let all = rows.len() / columns;
                if count >= all {
                    return rows.to_vec();
                }
                let row = |row: usize| &rows[row * columns..(row + 1) * columns];
                random.choice(all, count).into_iter().flat_map(row).copied().collect()
            }
            Self::Surface(mesh) => mesh
                .sample(count, sampling, random)
                .into_iter()
                .flat_map(|(point, normal)| [point, normal].concat())
                .collect(),
            Self::Band(mesh, deviation) => {
                let points = mesh.sample(count, sampling, random);
                let moved = points.into_iter().flat_map(|(point, normal)| {
                    let distance = deviation * random.normal();
                    std::array::from_fn::<f64, 3, _>(|axis| point[axis] + distance * normal[axis])
                });
                moved.collect()
            }
        }
    }
}

/// Points of a whole that are wanted; fewer where they are rare.
fn chosen(
    whole: &Region,
    count: usize,
    sampling: Sampling,
    random: &mut Generator,
    is_wanted: impl Fn(&[f64]) -> bool,
) -> Vec<f64> {
    let columns = whole.columns();
    let mut found = vec![];
    for _ in 0..ROUNDS {
        let points = whole.draw(count.clamp(AT_ONCE[0], AT_ONCE[1]), sampling, random);
        found.extend(points.chunks_exact(columns).filter(|point| is_wanted(point)).flatten());
        if found.len() >= count * columns {
            break;
        }
    }
    found.truncate(count * columns);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::construction::Step;
    use crate::geometry::figure::Figure;
    use crate::geometry::mesh::tests::tetrahedron;

    fn draw(region: &Region, count: usize) -> Vec<Vec<f64>> {
        let drawn = region.draw(count, Sampling::Sobol, &mut Generator::new(7, 0));
        assert_eq!(drawn.len(), count * region.columns());
        drawn.chunks(region.columns()).map(<[f64]>::to_vec).collect()
    }

    #[test]
    fn points_lie_where_they_should() {
        let (low, high) = (vec![-1.0, 2.0, 0.0], vec![1.0, 3.0, 5.0]);
        let inside = Region::Box { low: low.clone(), high: high.clone() };
        assert!(draw(&inside, 64).iter().flatten().enumerate().all(|(i, x)| (low[i % 3]..=high[i % 3]).contains(x)));
        let sides = Region::Sides { low: low.clone(), high: high.clone(), axes: 2 };
        let points = draw(&sides, 64);
        let on = |axis: usize, at: f64| points.iter().filter(|point| point[axis] == at).count();
        assert_eq!([on(0, -1.0), on(0, 1.0), on(1, 2.0), on(1, 3.0), on(2, 0.0)], [16, 16, 16, 16, 0]);
        let faces = Region::Faces { low: low.clone(), high: high.clone(), faces: vec![(0, true), (2, false)] };
        let points = draw(&faces, 64);
        assert!(points.iter().enumerate().all(|(i, point)| if i % 2 == 0 { point[0] == 1.0 } else { point[2] == 0.0 }));
        // All faces across the first axes are its sides.
        let faces = vec![(0, false), (0, true), (1, false), (1, true)];
        assert_eq!(draw(&Region::Faces { low, high, faces }, 63), draw(&sides, 63));
        let start = Region::Box { low: vec![0.0, 0.0], high: vec![1.0, 0.0] };
        assert!(draw(&start, 9).iter().all(|point| point[1] == 0.0));
    }

    #[test]
    fn balls_are_filled_evenly() {
        let norm = |point: &Vec<f64>| point.iter().map(|x| x * x).sum::<f64>().sqrt();
        let points = draw(&Region::Ball { dims: 3, radius: 2.0 }, 4000);
        // An eighth of the volume lies within half of the radius: 500 of 4000 with a deviation of 21.
        let inner = points.iter().filter(|point| norm(point) < 1.0).count();
        assert!(points.iter().all(|point| norm(point) <= 2.0) && (395..605).contains(&inner), "{inner}");
        assert!(
            draw(&Region::Sphere { dims: 5, radius: 2.0 }, 99).iter().all(|point| (norm(point) - 2.0).abs() < 1e-12)
        );
    }

    #[test]
    fn balls_are_there_for_some_time() {
        let [low, high] = [2.0, 4.0];
        let space = Region::Ball { dims: 3, radius: 2.0 };
        let times = |region: &Region| -> Vec<f64> { draw(region, 64).iter().map(|point| point[3]).collect() };
        let during = times(&Region::InTime { space: Box::new(space.clone()), low, high });
        // Sobol's sequence has one point in each of as many slices.
        let mut slices: Vec<usize> = during.iter().map(|time| ((time - low) / (high - low) * 64.0) as usize).collect();
        slices.sort_unstable();
        assert_eq!(slices, (0..64).collect::<Vec<_>>());
        let moment = times(&Region::InTime { space: Box::new(space), low: high, high });
        assert!(moment.iter().all(|time| *time == high));
    }

    #[test]
    fn parts_are_where_their_predicate_holds() {
        let whole = Box::new(Region::Sides { low: vec![0.0; 2], high: vec![1.0; 2], axes: 2 });
        let of = |predicate: fn(&[f64]) -> bool| {
            let region = Region::Part { whole: whole.clone(), predicate: Predicate(Arc::new(predicate)) };
            region.draw(50, Sampling::Sobol, &mut Generator::new(1, 0))
        };
        // A hundredth of the boundary.
        let points = of(|x| x[0] == 1.0 && x[1] < 0.04);
        assert!(points.len() == 100 && points.chunks(2).all(|x| x[0] == 1.0 && x[1] < 0.04), "{points:?}");
        assert!(of(|_| false).is_empty());
    }

    #[test]
    fn constructions_are_filled_evenly() {
        let figures = vec![
            Figure::Box { low: vec![0.0, 0.0], high: vec![2.0, 1.0] },
            Figure::Ball { centre: vec![0.5, 0.5], radius: 0.25 },
        ];
        let steps = vec![Step::Figure(0), Step::Figure(1), Step::Difference(0, 1)];
        let construction = Arc::new(Construction::new(figures, steps));
        let points = draw(&Region::Inside(construction.clone()), 4000);
        // Half of the box has a hole of the area π/16.
        let share = points.iter().filter(|x| x[0] < 1.0).count() as f64 / 4000.0;
        let hole = std::f64::consts::PI / 16.0;
        assert!((share - (1.0 - hole) / (2.0 - hole)).abs() < 0.01, "{share}");
        assert!(points.iter().all(|x| construction.contains(x)));
        let boundary = draw(&Region::Boundary { of: construction, figures: vec![1] }, 64);
        assert!(boundary.iter().all(|x| ((x[0] - 0.5).hypot(x[1] - 0.5) - 0.25).abs() < 1e-12));
    }

    #[test]
    fn some_of_given_points_are_different_ones() {
        let region = Region::Points { rows: Arc::new((0..20).map(f64::from).collect()), columns: 2 };
        let mut firsts: Vec<f64> = draw(&region, 6).iter().map(|row| row[0]).collect();
        firsts.sort_by(f64::total_cmp);
        firsts.dedup();
        assert_eq!(firsts.len(), 6);
        assert_eq!(draw(&region, 10).concat(), (0..20).map(f64::from).collect::<Vec<_>>());
    }

    #[test]
    fn surface_points_lie_on_triangles_and_bands_near_them() {
        let mesh = Arc::new(tetrahedron());
        for point in draw(&Region::Surface(mesh.clone()), 200) {
            // The unit tetrahedron: a face is where a coordinate is zero or their sum is one.
            let least = point[..3].iter().copied().fold(f64::INFINITY, f64::min);
            let sum: f64 = point[..3].iter().sum();
            assert!(least.abs() < 1e-12 || (sum - 1.0).abs() < 1e-12, "{point:?}");
        }
        let near = draw(&Region::Band(mesh, 0.01), 200);
        assert!(near.iter().all(|point| point.iter().all(|x| (-0.1..1.1).contains(x))));
    }
}
