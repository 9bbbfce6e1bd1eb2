//! [`Problem`]: equations or a shape: terms of residuals on regions, and what the solution is.

use std::sync::Arc;

use burn::tensor::Tensor;
use dualgn_train::record::{Metric, Stated};

use super::network::{Architecture, Field, Transform};
use super::penalty::Penalties;
use super::view::View;
use crate::formula::Scope;
use crate::geometry::{Cloud, Frame, Mesh, Region, Sampling};

/// Numbers at a point, such as those that stand beside it or a solution.
pub(crate) type PointFunction = Arc<dyn Fn(&[f64]) -> Vec<f64> + Send + Sync>;

/// Residuals `[m, equations]` of rows, each a point and what stands beside it.
pub(crate) type Residual = Arc<dyn Fn(&Field, Tensor<2>) -> Tensor<2> + Send + Sync>;

/// Makes a function of one number.
pub(crate) fn single(value: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> PointFunction {
    Arc::new(move |x: &[f64]| vec![value(x)])
}

/// One term of the loss: what the residuals of its equations cost, half the sum of their squares if nothing else is said, averaged over
/// points of a region.
#[derive(Clone)]
pub struct Term {
    /// In a word, such as `boundary`.
    pub name: String,
    /// Its factor in the loss.
    pub weight: f64,
    /// How many points.
    pub points: usize,
    /// Where they are.
    pub region: Region,
    /// Numbers that stand beside each point, such as the source or the value there.
    pub given: Option<GivenValues>,
    /// How many residuals there are at a point.
    pub equations: usize,
    /// What they cost.
    pub penalties: Penalties,
    /// Whether its residuals are errors of measurements.
    pub is_measured: bool,
    /// The residuals of rows, each a point and what stands beside it.
    pub residual: Residual,
}

/// Numbers that stand beside each point of a term.
#[derive(Clone)]
pub struct GivenValues {
    /// How many.
    pub columns: usize,
    /// Those at a point.
    pub at: PointFunction,
}

impl Term {
    /// Begins a term of one equation, with nothing beside its points.
    pub(crate) fn new(
        name: &str,
        weight: f64,
        points: usize,
        region: Region,
        residual: impl Fn(&Field, Tensor<2>) -> Tensor<2> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            weight,
            points,
            region,
            given: None,
            equations: 1,
            penalties: Penalties::SQUARED,
            is_measured: false,
            residual: Arc::new(residual),
        }
    }

    /// Puts a number beside each point.
    #[cfg(test)]
    pub(crate) fn beside(self, value: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> Self {
        Self { given: Some(GivenValues { columns: 1, at: single(value) }), ..self }
    }

    /// Returns how many numbers there are in a row: a point and what stands beside it.
    pub(crate) fn columns(&self) -> usize {
        self.region.columns() + self.given.as_ref().map_or(0, |given| given.columns)
    }

    /// Puts the given numbers beside points, row by row.
    pub(crate) fn rows(&self, points: &[f64]) -> Vec<f64> {
        let Some(given) = &self.given else { return points.to_vec() };
        points.chunks_exact(self.region.columns()).flat_map(|point| [point, &(given.at)(point)].concat()).collect()
    }
}

/// What is said of the place of a condition that is built into the network.
pub(crate) const BUILT_IN: &str = ", built into the network";

/// Conditions that can be built into the network.
pub struct Hard {
    /// What makes them hold.
    pub transform: Transform,
    /// The names of their terms, which are not needed then.
    pub terms: Vec<String>,
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

/// What is solved.
pub struct Problem {
    /// A sentence or two.
    pub description: String,
    /// Whose setting it is.
    pub source: String,
    /// The equations as they are written, for pages.
    pub stated: Vec<Stated>,
    /// Names of the coordinates.
    pub axes: Vec<String>,
    /// Names of the unknown functions, as many as the network has outputs.
    pub unknowns: Vec<String>,
    /// What names mean in formulas about the solution.
    pub(crate) scope: Scope,
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
    /// What makes conditions that are fitted hold for any network, where that is possible.
    pub hard: Option<Hard>,
    /// The solution, one number for each unknown function; `None` where none is known to compare with.
    pub exact: Option<PointFunction>,
    /// Points of the domain with the solution there, one number for each unknown function, if it is known there only.
    pub compared: Option<[Vec<f64>; 2]>,
    /// Names of the unknown numbers of the equation, with their true values where they are known.
    pub coefficients: Vec<(String, Option<f64>)>,
    /// Functions that the network is fitted to before training, where starting from anything is not good enough.
    pub start: Option<PointFunction>,
    /// The shape, for problems of shapes.
    pub shape: Option<Shape>,
    /// Where it was, if it is from a file.
    pub placed: Option<Placed>,
    /// Pictures besides those of the solution, its error and the residual.
    pub views: Vec<View>,
    /// What a run takes unless something else is asked for.
    pub training: Training,
}

/// What a run takes unless something else is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// Steps.
    pub steps: usize,
    /// Seconds instead of steps.
    pub seconds: Option<f64>,
    /// Damping for each unit of loss.
    pub damping: f64,
    /// How points are spread.
    pub sampling: Sampling,
    /// Steps after which points are drawn anew; 0 keeps them.
    pub resample: usize,
    /// Whether more points are drawn where residuals are large.
    pub adaptive: bool,
}

impl Default for Training {
    fn default() -> Self {
        let (sampling, resample) = (Sampling::default(), 0);
        Self { steps: 200, seconds: None, damping: 1e-4, sampling, resample, adaptive: false }
    }
}

impl Problem {
    /// Returns what tells how good a result is: the error against the solution, or where none is known what is left of the equations.
    pub fn metric(&self) -> Metric {
        if self.exact.is_some() || self.compared.is_some() { Metric::RelativeError } else { Metric::Residual }
    }

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
