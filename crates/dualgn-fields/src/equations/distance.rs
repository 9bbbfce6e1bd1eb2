//! [`Distance`]: how far points are from where a condition holds, as a function that a network can be multiplied by.

use burn::tensor::Tensor;

use crate::geometry::{Figure, Place};

/// A function of points that is zero on a part of the boundary and positive elsewhere in the domain.
#[derive(Clone, Debug)]
pub(super) enum Distance {
    /// To faces of a box: across which coordinate, where, and how far the opposite face is, which is negative at the greater end.
    Faces(Vec<(usize, f64, f64)>),
    /// To the sphere around a ball of so many dimensions with this radius.
    Sphere(usize, f64),
    /// To the boundaries of some figures.
    Figures(Vec<Smooth>),
}

/// Edges of a polygon at most: each is a factor, and products of many are very small near the edges.
const MOST_EDGES: usize = 12;

/// The boundary of a figure to which there is such a function with derivatives of all orders.
#[derive(Clone, Debug)]
pub(super) enum Smooth {
    /// The sphere around a ball, and whether the domain is outside of the ball.
    Sphere { centre: Vec<f64>, radius: f64, is_around: bool },
    /// Faces of a convex figure, in which the domain is: a factor for each coordinate, and what is added, so that the sum is zero there
    /// and positive inside.
    Faces(Vec<(Vec<f64>, f64)>),
}

impl Smooth {
    /// Finds the function for a figure in which the domain is, or around which; `None` if there is none. Those of holes with corners and
    /// of corners that jut into the domain (R-functions) have a Laplacian that grows without bound there, and solutions of equations of
    /// second order come out wrong with them (decision 71).
    pub(super) fn of(figure: &Figure, is_around: bool) -> Option<Self> {
        match figure {
            Figure::Ball { centre, radius } => {
                Some(Self::Sphere { centre: centre.clone(), radius: *radius, is_around })
            }
            Figure::Box { low, high } if !is_around => {
                let unit = |axis: usize, factor: f64| {
                    (0..low.len()).map(|other| if other == axis { factor } else { 0.0 }).collect::<Vec<_>>()
                };
                let both = (0..low.len()).flat_map(|axis| {
                    let factor = 2.0 / (high[axis] - low[axis]);
                    [(unit(axis, factor), -factor * low[axis]), (unit(axis, -factor), factor * high[axis])]
                });
                Some(Self::Faces(both.collect()))
            }
            Figure::Polygon(outline) if !is_around => {
                let edges = outline.convex_edges().filter(|edges| edges.len() <= MOST_EDGES)?;
                let corners = outline.corners();
                let middle = [0, 1].map(|axis| corners.iter().map(|at| at[axis]).sum::<f64>() / corners.len() as f64);
                let face = |(normal, distance): (Place, f64)| {
                    let size = distance - normal[0] * middle[0] - normal[1] * middle[1];
                    (normal.map(|x| -x / size).to_vec(), distance / size)
                };
                Some(Self::Faces(edges.into_iter().map(face).collect()))
            }
            Figure::Box { .. } | Figure::Polygon(_) | Figure::Body(_) => None,
        }
    }

    /// Returns the distance of points `[m, dims]`: `[m, 1]`, about one in the middle.
    fn tensor(&self, x: &Tensor<2>) -> Tensor<2> {
        let none = || x.clone().narrow(1, 0, 1) * 0.0;
        match self {
            Self::Sphere { centre, radius, is_around } => {
                let square = |(axis, centre): (usize, &f64)| (x.clone().narrow(1, axis, 1) - *centre).powi_scalar(2);
                let squares = centre.iter().enumerate().map(square).reduce(|sum, square| sum + square);
                let squares = squares.unwrap_or_else(none) / (radius * radius);
                if *is_around { squares - 1.0 } else { -squares + 1.0 }
            }
            Self::Faces(faces) => {
                let one = |(factors, added): &(Vec<f64>, f64)| {
                    let parts = factors.iter().enumerate().filter(|(_, factor)| **factor != 0.0);
                    let sum = parts.map(|(axis, factor)| x.clone().narrow(1, axis, 1) * *factor);
                    sum.reduce(|sum, part| sum + part).unwrap_or_else(none) + *added
                };
                faces.iter().map(one).reduce(|product, distance| product * distance).unwrap_or_else(none)
            }
        }
    }
}

impl Distance {
    /// Returns the distance of points `[m, dims]`: `[m, 1]`.
    pub(super) fn tensor(&self, x: &Tensor<2>) -> Tensor<2> {
        let none = || x.clone().narrow(1, 0, 1) * 0.0;
        match self {
            Self::Faces(faces) => {
                let to = |&(axis, at, far): &(usize, f64, f64)| (x.clone().narrow(1, axis, 1) - at) / far;
                let opposite = |axis: usize| faces.iter().filter(|face| face.0 == axis).count() == 2;
                let all = faces.iter().map(|face| if opposite(face.0) { to(face) * 2.0 } else { to(face) });
                all.reduce(|product, distance| product * distance).unwrap_or_else(none)
            }
            Self::Sphere(dims, radius) => {
                let squares = x.clone().narrow(1, 0, *dims).powi_scalar(2).sum_dim(1);
                -squares / (radius * radius) + 1.0
            }
            Self::Figures(figures) => {
                let all = figures.iter().map(|figure| figure.tensor(x));
                all.reduce(|product, distance| product * distance).unwrap_or_else(none)
            }
        }
    }

    /// Whether both are zero at some places, for the faces of one box or the sphere of one ball.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Faces(own), Self::Faces(others)) => own.iter().any(|face| others.contains(face)),
            (Self::Sphere(..), Self::Sphere(..)) => true,
            _ => false,
        }
    }
}
