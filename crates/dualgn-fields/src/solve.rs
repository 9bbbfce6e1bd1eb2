//! [`Solve`]: a problem as something to train.

use std::path::Path;
use std::slice;

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData};
use dualgn::inspect::Speeds;
use dualgn::loss::{Squared, Terms};
use dualgn::step::{Adaptation, LevenbergMarquardt};
use dualgn::{Blocks, ConvexLoss, Damping, GaussNewton, Linearize, Network, Stepper};
use dualgn_io::Failure;
use dualgn_networks::{Tensors, entries};
use dualgn_train::picture::{Portrait, Raster};
use dualgn_train::record::Coefficient;
use dualgn_train::{Batch, BatchOf, Evaluation, Subject};

use super::network::Field;
use super::points::Drawing;
use super::problem::{Problem, Term};
use crate::geometry::{Format, Generator, Region, Sampling};

/// Points at which the solution is compared.
const CHECKED: usize = 4000;
/// The drawing of points that nothing is trained on.
const HELD_OUT: usize = usize::MAX >> 8;
/// Steps of fitting a network to the function it starts from, and points of it.
const FITTING: [usize; 2] = [25, 1000];

/// A problem with its traced residuals.
pub struct Solve {
    /// The problem.
    pub problem: Problem,
    pub(super) network: Blocks<Field, Tensor<2>>,
    loss: Terms,
    drawing: Drawing,
    /// Points of each term.
    counts: Vec<usize>,
    pub(super) device: Device,
    /// The points of the first step, and others.
    pub(super) first: Vec<Tensor<2>>,
    held_out: Vec<Tensor<2>>,
    /// Points, and the solution there, where it is known.
    checked: Option<(Vec<f64>, Vec<f64>)>,
    pub(super) showing: Showing,
}

/// What is shown of a result.
#[derive(Clone, Copy, Debug)]
pub struct Showing {
    /// Whether there are pictures on the way.
    pub movie: bool,
    /// The file of a surface.
    pub format: Format,
    /// Grid points along an axis that it is made from.
    pub resolution: usize,
    /// Whether it stays in the unit frame instead of going where its file has it.
    pub is_normalised: bool,
}

/// The points that are used now.
pub struct Current {
    step: usize,
    /// Of which drawing they are.
    number: Option<usize>,
    rows: Vec<Tensor<2>>,
}

impl Solve {
    /// Traces the residuals of a model; with so many points in all, or the problem's own.
    pub fn new(
        problem: Problem,
        model: &Field,
        points: Option<usize>,
        drawing: Drawing,
        showing: Showing,
        device: &Device,
    ) -> Result<Self, Failure> {
        let counts = problem.counts(points);
        let draw = |number: usize| -> Vec<Tensor<2>> {
            let terms = problem.terms.iter().zip(&counts).enumerate();
            terms.map(|(index, (term, &count))| drawing.rows(term, index, number, count, device)).collect()
        };
        let (first, held_out) = (draw(0), draw(HELD_OUT));
        // Of given points there may be fewer than are asked for.
        let counts = first.iter().map(|rows| rows.dims()[0]).collect();
        let networks = problem.terms.iter().zip(&first).map(|(term, rows)| -> Result<_, Failure> {
            let residual = term.residual.clone();
            let traced =
                Network::trace(model, move |model: &Field, rows: Tensor<2>| residual(model, rows), rows.dims())?;
            expect_equations(term, traced.outputs_per_example())?;
            Ok(traced)
        });
        let network = Blocks::new(networks.collect::<Result<Vec<_>, _>>()?);
        let loss = problem.terms.iter().fold(Terms::new(), |loss, term| term.penalties.add_to(loss, term.weight));
        let at_points = problem.compared.as_ref().map(|[points, solution]| (points.clone(), solution.clone()));
        let everywhere = problem.exact.as_ref().map(|exact| {
            let points = problem.domain.draw(CHECKED, Sampling::Sobol, &mut Generator::new(0, 0));
            let solution = points.chunks_exact(problem.low.len()).flat_map(|point| exact(point)).collect();
            (points, solution)
        });
        let checked = at_points.or(everywhere);
        Ok(Self { problem, network, loss, drawing, counts, device: device.clone(), first, held_out, checked, showing })
    }

    /// The terms of the loss, in words.
    pub fn terms(&self) -> String {
        let term = |(term, count): (&Term, &usize)| {
            let equations = if term.equations > 1 { format!("{} equations, ", term.equations) } else { String::new() };
            let penalties = term.penalties.words().map_or_else(String::new, |words| words + ", ");
            format!("{} at {count} points ({equations}{penalties}weight {})", term.name, term.weight)
        };
        self.problem.terms.iter().zip(&self.counts).map(term).collect::<Vec<_>>().join(", ")
    }

    /// Returns the values of a field at points, row by row, one for each unknown function.
    ///
    /// # Errors
    /// Fails if the device does.
    pub fn values(&self, model: &Field, points: &[f64]) -> Result<Vec<f64>, Failure> {
        let (model, dims) = (model.valid(), self.problem.low.len());
        let most = model.at_once(1) * dims;
        let mut values = Vec::with_capacity(points.len() / dims * model.outputs());
        for some in points.chunks(most) {
            values.extend(entries::<f64, 2>(model.value(on_device(some.to_vec(), dims, &self.device)))?);
        }
        Ok(values)
    }

    /// The residuals of the first term at points of the box, row by row, as far as they have no more beside them than is known everywhere.
    pub fn residuals(&self, model: &Field, points: &[f64]) -> Result<Option<Vec<f64>>, Failure> {
        let Some(term) = self.problem.terms.first() else { return Ok(None) };
        let dims = self.problem.low.len();
        if term.region.columns() != dims {
            return Ok(None);
        }
        // Derivatives go along with the values, some for each dimension.
        let most = model.at_once(2 * dims + 1) * dims;
        let mut residuals = Vec::with_capacity(points.len() / dims * term.equations);
        for some in points.chunks(most) {
            let rows = on_device(term.rows(some), term.columns(), &self.device);
            residuals.extend(entries::<f64, 2>(self.network.networks()[0].linearize(model, rows)?.outputs())?);
        }
        Ok(Some(residuals))
    }

    /// Returns the relative error of each unknown function and that of all together, at points of the domain; `None` where no solution is
    /// known.
    ///
    /// # Errors
    /// Fails if the device does.
    pub fn relative_errors(&self, model: &Field) -> Result<Option<(Vec<f64>, f64)>, Failure> {
        let Some((points, solution)) = &self.checked else { return Ok(None) };
        let found = self.values(model, points)?;
        let unknowns = model.outputs();
        let one =
            |index: usize| relative_error(component(&found, index, unknowns), component(solution, index, unknowns));
        let all = relative_error(found.iter().copied(), solution.iter().copied());
        Ok(Some(((0..unknowns).map(one).collect(), all)))
    }

    /// A network that has been fitted to the functions the problem starts from, if it has any.
    pub fn started(&self, model: Field) -> Result<Field, Failure> {
        let Some(start) = &self.problem.start else { return Ok(model) };
        let [steps, count] = FITTING;
        let inside = Region::Box { low: self.problem.low.clone(), high: self.problem.high.clone() };
        let points = inside.draw(count, Sampling::Sobol, &mut Generator::new(1, 0));
        let dims = self.problem.low.len();
        let targets = points.chunks_exact(dims).flat_map(|point| start(point)).collect();
        let targets = on_device(targets, model.outputs(), &self.device);
        let points = on_device(points, dims, &self.device);
        let network = Network::trace(&model, |model: &Field, x: Tensor<2>| model.value(x), [count, dims])?;
        let damping = Damping::RelativeToLoss { factor: 1e-2, least: 1e-12 };
        let oracle = GaussNewton::new(Squared).damping(damping).speeds(Speeds::Nominal);
        let mut stepper = Stepper::new(oracle).adaptation(Adaptation::LevenbergMarquardt(LevenbergMarquardt::FULL));
        (0..steps)
            .try_fold(model, |model, _| Ok(stepper.step(1.0, &network, &model, points.clone(), targets.clone())?.0))
    }

    fn loss_at(&self, model: &Field, rows: &[Tensor<2>]) -> Result<f64, Failure> {
        let at = self.network.linearization(model, rows.to_vec(), None)?;
        let losses = entries::<f64, 1>(self.loss.value(at.outputs(), &self.zeros(rows)))?;
        Ok(losses.iter().sum::<f64>() / losses.len() as f64)
    }

    /// What residuals should be, for the points of each term.
    fn zeros(&self, rows: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let terms = self.problem.terms.iter().zip(rows);
        terms.flat_map(|(term, rows)| Terms::zeros(slice::from_ref(rows), term.equations)).collect()
    }
}

impl Subject for Solve {
    type Loss = Terms;
    type Model = Field;
    type Inputs = Vec<Tensor<2>>;
    type Network = Blocks<Field, Tensor<2>>;
    type Batches = Current;

    fn loss(&self) -> &Terms {
        &self.loss
    }

    fn network(&self) -> &Self::Network {
        &self.network
    }

    fn examples(&self) -> usize {
        self.counts.iter().sum()
    }

    fn is_whole(&self, _: usize) -> bool {
        self.drawing.every == 0
    }

    fn batches(&self, _: usize, step: usize, state: &Tensors) -> Result<Current, Failure> {
        let name = |index: usize| format!("{index}");
        let rows: Option<Vec<Tensor<2>>> = (0..self.counts.len())
            .map(|index| Some(Tensor::from_data(state.get(&name(index))?.clone(), (&self.device, DType::F64))))
            .collect();
        let number = (step > 0 && rows.is_some()).then(|| self.drawing.number(step - 1));
        Ok(Current { step, number, rows: rows.unwrap_or_default() })
    }

    fn next(&self, current: &mut Current, model: &Field) -> Result<BatchOf<Self>, Failure> {
        let number = self.drawing.number(current.step);
        if current.number != Some(number) {
            let terms = self.problem.terms.iter().zip(&self.counts).enumerate();
            let draw = |(index, (term, &count)): (usize, (&Term, &usize))| {
                if !(self.drawing.adaptive && number > 0) {
                    return Ok(self.drawing.rows(term, index, number, count, &self.device));
                }
                self.drawing.adapted(term, index, number, count, &self.device, |rows| -> Result<_, Failure> {
                    entries(self.network.networks()[index].linearize(model, rows)?.outputs())
                })
            };
            current.rows = terms.map(draw).collect::<Result<_, Failure>>()?;
            current.number = Some(number);
        }
        current.step += 1;
        let inputs = current.rows.clone();
        Ok(Batch { targets: self.zeros(&inputs), inputs })
    }

    /// Points that went by a model cannot be drawn again without it.
    fn state(&self, current: &Current) -> Tensors {
        if !self.drawing.adaptive {
            return Tensors::new();
        }
        current.rows.iter().enumerate().map(|(index, rows)| (index.to_string(), rows.to_data())).collect()
    }

    fn evaluate(&self, model: &Field) -> Result<Evaluation, Failure> {
        let error = self.relative_errors(model)?.map(|(_, all)| all);
        let test_loss = self.loss_at(model, &self.held_out)?;
        let test_metric = error.unwrap_or(test_loss.sqrt());
        Ok(Evaluation { train_loss: self.loss_at(model, &self.first)?, test_loss, test_metric })
    }

    fn frame(&self, model: &Field) -> Result<Option<Raster>, Failure> {
        self.showing.movie.then(|| self.picture(model)).transpose()
    }

    fn portrait(&self, models: [&Field; 2], folder: &Path) -> Result<Portrait, Failure> {
        self.pictures(models, folder)
    }

    fn coefficients(&self, model: &Field, method: &str) -> Result<Vec<Coefficient>, Failure> {
        self.posterior(model, method)
    }
}

/// Checks that a residual has a column for each equation of its term.
fn expect_equations(term: &Term, found: usize) -> Result<(), Failure> {
    let Term { name, equations, .. } = term;
    match found == *equations {
        true => Ok(()),
        false => {
            Err(Failure::input(format!("the term `{name}` has {found} residuals at a point instead of {equations}")))
        }
    }
}

/// One column of numbers that stand row by row.
pub(super) fn component(rows: &[f64], index: usize, columns: usize) -> impl Iterator<Item = f64> {
    rows.iter().skip(index).step_by(columns).copied()
}

/// `‖u - u*‖ / ‖u*‖`.
fn relative_error(found: impl Iterator<Item = f64>, wanted: impl Iterator<Item = f64>) -> f64 {
    let (mut wrong, mut whole) = (0.0, 0.0);
    for (found, wanted) in found.zip(wanted) {
        wrong += (found - wanted) * (found - wanted);
        whole += wanted * wanted;
    }
    f64::sqrt(wrong / whole)
}

pub(super) fn on_device(rows: Vec<f64>, columns: usize, device: &Device) -> Tensor<2> {
    let count = rows.len() / columns;
    Tensor::from_data(TensorData::new(rows, [count, columns]), (device, DType::F64))
}
