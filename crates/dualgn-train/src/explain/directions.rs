//! What the first direction of a method is like at a model.

use burn::module::Module;
use dualgn::step::Proximity;
use dualgn::{ConvexLoss, Error, GaussNewton, Linearization, Linearize, ParamVector, Route, Solver, Subproblem};
use dualgn_io::Failure;
use dualgn_networks::entries;
use faer::{Mat, Side};

use super::{Damped, Explained};
use crate::method::Method;
use crate::model::ModelName;
use crate::session::Session;
use crate::subject::{BatchOf, Subject};

/// Rows of `K` at most: its eigenvalues take time with their cube.
const ROWS: usize = 1500;
/// Iterations of conjugate gradient that are tried.
const ITERATIONS: [usize; 7] = [1, 2, 3, 5, 10, 20, 50];
/// Powers of ten of the run's damping that are tried are up to this, down and up.
const POWERS: i32 = 4;

impl Explained {
    /// Computes what the directions of a method are like at a model, on the batch of the method's first step.
    ///
    /// # Errors
    /// The method has no directions; or the device fails.
    pub fn of<S: Subject>(
        session: &Session<S>,
        method: Method,
        model: &S::Model,
        title: String,
    ) -> Result<Self, Failure> {
        let oracle = session.oracle(method).ok_or_else(|| Failure::run("the method has no directions".into()))?;
        let batch = session.first_batch(method)?;
        let network = session.subject.network();
        // What few iterations leave would be taken for the direction's own.
        let is_small = is_small(network, model, batch.inputs.clone())?;
        let oracle = match method.model {
            Some(ModelName::Quadratic | ModelName::Fgn) if is_small => oracle.solver(Solver::Cholesky),
            _ => oracle,
        };
        let subproblem = oracle.subproblem(network, model, batch.inputs.clone(), batch.targets.clone())?;
        let linearization = subproblem.linearization();
        let [examples, outputs] = [linearization.examples(), linearization.outputs_per_example()];
        let gradient = Gradient::new(subproblem.gradient())?;
        let damping = subproblem.damping().map_err(Error::from)?;
        let direction = subproblem.direction(damping)?;
        // Where examples mix there is no such matrix.
        let spectrum = if is_small { spectrum(linearization, examples).unwrap_or_default() } else { vec![] };
        let path = path(&subproblem, damping, &spectrum, &gradient)?;
        let gaps = match method.model {
            Some(ModelName::Quadratic) => gaps(session, &oracle, model, &batch, damping)?,
            _ => vec![],
        };
        Ok(Self {
            title,
            batch: [examples, outputs],
            loss: subproblem.loss(),
            damping,
            gradient: gradient.norm,
            direction: direction.norm,
            cosine: gradient.cosine(&direction.vector(), direction.norm)?,
            layers: layers(&gradient.vector, &direction.vector())?,
            spectrum,
            path,
            gaps,
            table: None,
        })
    }
}

/// The gradient of a batch.
struct Gradient {
    vector: ParamVector,
    norm: f64,
}

impl Gradient {
    fn new(vector: ParamVector) -> Result<Self, Failure> {
        let norm = vector.norm().map_err(Error::from)?;
        Ok(Self { vector, norm })
    }

    /// The cosine of the angle between its negative and a vector of some length.
    fn cosine(&self, vector: &ParamVector, length: f64) -> Result<f64, Failure> {
        let product = vector.dot(&self.vector).map_err(Error::from)?;
        Ok(-product / (self.norm * length).max(f64::MIN_POSITIVE))
    }
}

/// Whether the Gram matrix of a batch is not too large for its eigenvalues.
fn is_small<M: Module, N: Linearize<M>>(network: &N, model: &M, inputs: N::Inputs) -> Result<bool, Failure> {
    let linearization = network.linearization(model, inputs, None)?;
    Ok(linearization.examples() * linearization.outputs_per_example() <= ROWS)
}

/// The directions for dampings below and above that of the run, as far as there are any.
fn path<L: ConvexLoss>(
    subproblem: &Subproblem<'_, L>,
    damping: f64,
    spectrum: &[f64],
    gradient: &Gradient,
) -> Result<Vec<Damped>, Failure> {
    let mut path = vec![];
    for power in -POWERS..=POWERS {
        let damping = damping * 10f64.powi(power);
        let Ok(direction) = subproblem.direction(Proximity::new(damping)) else { continue };
        let dimension = spectrum.iter().map(|mu| mu / (mu + damping)).sum::<f64>();
        path.push(Damped {
            damping,
            dimension: (!spectrum.is_empty()).then_some(dimension),
            norm: direction.norm,
            decrease: direction.predicted_decrease,
            cosine: gradient.cosine(&direction.vector(), direction.norm)?,
        });
    }
    Ok(path)
}

/// The relative duality gaps that some iterations of conjugate gradient leave.
fn gaps<S: Subject>(
    session: &Session<S>,
    oracle: &GaussNewton<S::Loss>,
    model: &S::Model,
    batch: &BatchOf<S>,
    damping: f64,
) -> Result<Vec<(f64, f64)>, Failure> {
    let mut gaps = vec![];
    for iterations in ITERATIONS {
        let solver = Solver::ConjugateGradient { iterations, tolerance: 0.0 };
        let oracle = oracle.clone().damping(damping).solver(solver).route(Route::DualMatrixFree);
        let (inputs, targets) = (batch.inputs.clone(), batch.targets.clone());
        let direction = oracle.direction(session.subject.network(), model, inputs, targets)?;
        gaps.push((iterations as f64, direction.relative_gap()));
    }
    Ok(gaps)
}

/// The eigenvalues of `K/m`, the largest first.
fn spectrum(linearization: &Linearization, examples: usize) -> Result<Vec<f64>, Failure> {
    let gram: Vec<f64> = entries(linearization.gram()?)?;
    let rows = gram.len().isqrt();
    let matrix = Mat::from_fn(rows, rows, |i, j| gram[i * rows + j] / examples as f64);
    let values = matrix.self_adjoint_eigenvalues(Side::Lower);
    let mut values = values.map_err(|_| Failure::run("the Gram matrix is not finite".into()))?;
    values.reverse();
    Ok(values)
}

/// Each layer's share of the squared norms of two vectors: parameters of one layer have the same path but for its last word.
fn layers(gradient: &ParamVector, direction: &ParamVector) -> Result<Vec<(String, f64, f64)>, Failure> {
    let entries = |vector: &ParamVector| vector.to_vec().map_err(|error| Failure::from(Error::from(error)));
    let (gradient_entries, direction_entries) = (entries(gradient)?, entries(direction)?);
    let mut layers: Vec<(String, f64, f64)> = vec![];
    let mut start = 0;
    for (path, shape) in gradient.parameters() {
        let end = start + shape.iter().product::<usize>();
        let layer = path.rsplit_once('.').map_or(path, |(layer, _)| layer);
        let squares = |entries: &[f64]| entries[start..end].iter().map(|x| x * x).sum::<f64>();
        let (g, d) = (squares(&gradient_entries), squares(&direction_entries));
        match layers.last_mut() {
            Some(last) if last.0 == layer => (last.1, last.2) = (last.1 + g, last.2 + d),
            _ => layers.push((layer.to_owned(), g, d)),
        }
        start = end;
    }
    let sums = layers.iter().fold([0.0f64; 2], |[g, d], layer| [g + layer.1, d + layer.2]);
    let share = |part: f64, all: f64| if all > 0.0 { part / all } else { 0.0 };
    Ok(layers.into_iter().map(|(name, g, d)| (name, share(g, sums[0]), share(d, sums[1]))).collect())
}
