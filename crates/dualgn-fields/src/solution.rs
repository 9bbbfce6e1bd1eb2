//! [`Solution`]: a trained network as functions of which formulas are computed at any points.

use burn::tensor::{Device, Tensor};
use dualgn::Network;
use dualgn_io::Failure;
use dualgn_networks::{Tensors, entries, with_weights};

use super::equations::{Behind, residual};
use super::network::Field;
use super::problem::Problem;
use super::solve::on_device;
use crate::formula::{Expression, Formula, Kind};

/// What was found for the unknowns of a problem.
pub struct Solution {
    problem: Problem,
    model: Field,
    device: Device,
}

impl Solution {
    /// Takes the weights of a network for a problem.
    ///
    /// # Errors
    /// Fails if the weights are those of another network.
    pub fn new(problem: Problem, weights: Tensors, device: &Device) -> Result<Self, Failure> {
        let model = with_weights(Field::new(&problem.architecture, &device.clone().autodiff()), weights)?;
        Ok(Self { problem, model, device: device.clone() })
    }

    /// Returns the names of the coordinates, in the order of a point's.
    pub fn coordinates(&self) -> &[String] {
        &self.problem.axes
    }

    /// Returns the formulas that are usually computed: the unknowns and their first derivatives.
    pub fn usual(&self) -> Vec<String> {
        let derivatives = |unknown: &String| {
            let along = self.problem.axes.iter().map(move |axis| format!("d({unknown}, {axis})"));
            along.collect::<Vec<_>>()
        };
        let unknowns = self.problem.unknowns.iter();
        unknowns.clone().cloned().chain(unknowns.flat_map(derivatives)).collect()
    }

    /// Counts the points that are outside of the domain.
    pub fn outside(&self, points: &[f64]) -> usize {
        points.chunks_exact(self.problem.axes.len()).filter(|point| !self.problem.domain.contains(point)).count()
    }

    /// Returns the values of formulas at points, row by row: one number for each formula, or several for each vector; and how many each
    /// has.
    ///
    /// # Errors
    /// Fails if a formula is wrong with the names of the problem, or if the device fails.
    pub fn values(&self, formulas: &[String], points: &[f64]) -> Result<(Vec<f64>, Vec<usize>), Failure> {
        let scope = self.problem.scope.clone().without(Kind::Normal).without(Kind::Column);
        let read = |text: &String| {
            let formula = Formula::numbers(text, &scope);
            formula.map(|formula| formula.expression().clone())
        };
        let expressions = formulas.iter().map(read).collect::<Result<Vec<Expression>, _>>();
        let expressions = expressions.map_err(|error| Failure::input(error.to_string()))?;
        let counts: Vec<usize> = expressions.iter().map(|expression| expression.outputs().len()).collect();
        if points.is_empty() || counts.iter().sum::<usize>() == 0 {
            return Ok((vec![], counts));
        }
        Ok((computed(&self.model, expressions, points, &self.device)?, counts))
    }
}

/// Computes expressions of a network at points, at least one, row by row.
pub(crate) fn computed(
    model: &Field,
    expressions: Vec<Expression>,
    points: &[f64],
    device: &Device,
) -> Result<Vec<f64>, Failure> {
    let dims = model.dims();
    let columns: usize = expressions.iter().map(|expression| expression.outputs().len()).sum();
    // What is traced depends on the network, also where no formula does.
    let is_known = !expressions.iter().any(|expression| expression.uses(Kind::Unknown));
    let values = residual(expressions, None, model.coefficients().len(), Behind::default());
    let traced = move |field: &Field, rows: Tensor<2>| match is_known {
        true => values(field, rows.clone()) + field.value(rows).narrow(1, 0, 1) * 0.0,
        false => values(field, rows),
    };
    let count = points.len() / dims;
    let most = model.at_once(2 * dims + 1).min(count);
    let network = Network::trace(model, traced, [most, dims])?;
    let mut values = Vec::with_capacity(count * columns);
    for some in points.chunks(most * dims) {
        let rows = on_device(some.to_vec(), dims, device);
        values.extend(entries::<f64, 2>(network.linearize(model, rows)?.outputs())?);
    }
    Ok(values)
}
