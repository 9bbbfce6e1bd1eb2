//! [`Problem`]: an equation or a shape: terms of residuals on regions, and what the solution is.

use burn::tensor::Tensor;

use super::network::{Architecture, Field, Transform};
use crate::geometry::{Cloud, Frame, Mesh, Region};

/// One term of the loss: the square of a residual, averaged over points of a region.
#[derive(Clone)]
pub struct Term {
    /// In a word, such as `boundary`.
    pub name: &'static str,
    /// Its factor in the loss.
    pub weight: f64,
    /// How many points.
    pub points: usize,
    /// Where they are.
    pub region: Region,
    /// A number that stands beside each point, such as the source or the value there.
    pub given: Option<fn(&[f64]) -> f64>,
    /// The residual of rows, each a point and what stands beside it.
    pub residual: fn(&Field, Tensor<2>) -> Tensor<2>,
}

/// What a shape is given by.
pub enum Shape {
    /// Triangles.
    Mesh(Mesh),
    /// Points with normals.
    Cloud(Cloud),
}

/// Where a shape was, and what was wrong with it.
pub struct Placed {
    /// Its place and size in the file.
    pub frame: Frame,
    /// What was repaired.
    pub remarks: Vec<String>,
}

/// A solution, at a point.
pub(crate) type Solution = Box<dyn Fn(&[f64]) -> f64 + Send + Sync>;

/// What is solved.
pub struct Problem {
    /// A sentence or two.
    pub description: String,
    /// Whose setting it is.
    pub source: &'static str,
    /// Names of the coordinates.
    pub axes: &'static [&'static str],
    /// Where the solution is compared.
    pub domain: Region,
    /// The box in which it is drawn.
    pub low: Vec<f64>,
    /// Its other end.
    pub high: Vec<f64>,
    /// The network.
    pub architecture: Architecture,
    /// The terms of the loss.
    pub terms: Vec<Term>,
    /// What makes the boundary values of any network, where that can be said in one line.
    pub hard: Option<Transform>,
    /// The solution.
    pub exact: Solution,
    /// True values of unknown numbers of the equation, with their names.
    pub unknown: Vec<(&'static str, f64)>,
    /// The term whose residuals are errors of measurements, by its number, in problems with unknown numbers.
    pub measured: Option<usize>,
    /// A function that the network is fitted to before training, where starting from anything is not good enough.
    pub start: Option<fn(&[f64]) -> f64>,
    /// The shape, for problems of shapes.
    pub shape: Option<Shape>,
    /// Where it was, if it is from a file.
    pub placed: Option<Placed>,
    /// Steps of a run.
    pub steps: usize,
    /// Damping for each unit of loss.
    pub damping: f64,
}

impl Problem {
    /// Returns how many points each term has: its own, or their share of so many in all.
    pub fn counts(&self, points: Option<usize>) -> Vec<usize> {
        let own: usize = self.terms.iter().map(|term| term.points).sum();
        // A boundary of two points needs both.
        let scaled = |count: usize| {
            points.map_or(count, |points| count.saturating_mul(points).div_ceil(own.max(1)).max(count.min(8)))
        };
        self.terms.iter().map(|term| scaled(term.points)).collect()
    }
}
