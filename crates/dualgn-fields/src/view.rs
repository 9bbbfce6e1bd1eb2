//! [`View`]: a picture of a formula of the solution, on a plane through the domain, at a moment or at several.

use crate::formula::Expression;

/// Grid points along a side of a picture, and of one of a movie.
const GRID: usize = 160;
const MOVING: usize = 80;
/// Moments of a movie.
const MOMENTS: usize = 25;

/// What a picture shows.
#[derive(Clone, Debug)]
pub struct View {
    /// What stands above it.
    pub(crate) title: String,
    /// What it shows, in words.
    pub(crate) caption: String,
    /// A number, whose values are shown in colours, or a vector, whose length is.
    pub(crate) expression: Expression,
    /// The coordinates across and upwards.
    pub(crate) across: usize,
    pub(crate) upwards: Option<usize>,
    /// A point: the coordinates that do not change.
    pub(crate) at: Vec<f64>,
    /// The coordinate that goes through its range in a movie.
    pub(crate) moving: Option<usize>,
}

impl View {
    /// Points of the grid at all moments, row by row from the top; and how many a row and how many moments there are.
    pub(crate) fn points(&self, low: &[f64], high: &[f64]) -> (Vec<f64>, usize, usize) {
        let (size, moments) = if self.moving.is_some() { (MOVING, MOMENTS) } else { (GRID, 1) };
        let rows = if self.upwards.is_some() { size } else { 1 };
        let between = |axis: usize, part: f64| low[axis] + part * (high[axis] - low[axis]);
        let mut points = Vec::with_capacity(moments * rows * size * low.len());
        for index in 0..moments * rows * size {
            let (moment, row, column) = (index / (rows * size), index / size % rows, index % size);
            let mut point = self.at.clone();
            point[self.across] = between(self.across, (column as f64 + 0.5) / size as f64);
            if let Some(axis) = self.upwards {
                point[axis] = between(axis, 1.0 - (row as f64 + 0.5) / rows as f64);
            }
            if let Some(axis) = self.moving {
                point[axis] = between(axis, moment as f64 / (moments - 1) as f64);
            }
            points.extend(point);
        }
        (points, size, moments)
    }
}
