//! `dualgn explain`: what the directions of a run are like, and what a prediction comes from.

use std::path::Path;

use burn::tensor::{Int, Tensor, TensorData};
use dualgn::step::Proximity;
use dualgn::{Error, GaussNewton, Linearize, LossModel, Network, ParamVector, Route, Solver};
use dualgn_io::number::significant;
use dualgn_io::{Failure, files};
use dualgn_networks::{Net, entries, with_weights};
use dualgn_report::{Damped, Explained, OfTable};
use dualgn_tables::Prepared;
use dualgn_tables::model::{Answers, Posterior, Predictor, coverage};
use dualgn_train::data::Targets;
use dualgn_train::problem::NamedLoss;
use dualgn_train::record::Comparison;
use dualgn_train::run::network_folder;
use dualgn_train::{Batch, Checkpoint, Method, ModelName, Session, Subject, WEIGHTS, checkpoints};
use faer::{Mat, Side};

use super::columns::columns;
use super::configuration::{Configuration, Origins};
use super::plan::Plan;
use super::setup::{Work, on_session};
use super::train::checkpoint_of;
use crate::arguments::Explain;
use crate::terminal;

/// Rows of `K` at most: its eigenvalues take time with their cube.
const ROWS: usize = 1500;
/// Iterations of conjugate gradient that are tried.
const ITERATIONS: [usize; 7] = [1, 2, 3, 5, 10, 20, 50];
/// Training rows that are shown.
const SHOWN: usize = 10;

/// Explains a run, in the terminal and on a page beside its report.
pub(super) fn explain(arguments: &Explain) -> Result<(), Failure> {
    let run = &arguments.run;
    let configuration = Configuration::load(run)?;
    let (loss, method) = configuration.names(run)?;
    let mut options = configuration.options(run, [true, false])?;
    let method = if method.model.is_some() { method } else { Method::guided(ModelName::default_for(loss)) };
    // Of several networks the first.
    let first = run.join(network_folder(1));
    let member = if first.is_dir() { first } else { run.clone() };
    let checkpoint = match Checkpoint::load_best(&checkpoints(&member), &configuration.identity()?)? {
        Some(best) if configuration.table.is_some() => Some(best),
        _ => checkpoint_of(&member, &configuration)?,
    };
    let origins = Origins::load(&configuration, run)?;
    options.batch =
        u32::try_from(configuration.batch).ok().filter(|_| options.batch.is_some() || configuration.table.is_some());
    options.batch = options.batch.map(|batch| batch.min(arguments.examples));
    let plan = Plan::new("explain", origins.origin(), loss, &options);
    let folder = run.display().to_string();
    let mut explained = on_session(&plan, Explaining { method, checkpoint, folder })?;
    if let Origins::Table(prepared) = &origins
        && run.join(WEIGHTS).exists()
    {
        explained.table = Some(of_table(run, prepared, arguments)?);
    }
    let page = run.join("explain.html");
    files::replace(&page, dualgn_report::explanation(&explained).as_bytes())?;
    terminal::print(text(&explained))?;
    terminal::say(format!("page: {}", page.display()));
    Ok(())
}

struct Explaining {
    method: Method,
    checkpoint: Option<Checkpoint>,
    folder: String,
}

impl Work for Explaining {
    type Result = Explained;

    fn on<S: Subject>(self, session: &mut Session<S>, _: Comparison) -> Result<Explained, Failure> {
        let (model, place) = match self.checkpoint {
            Some(Checkpoint { weights, step, .. }) => {
                (with_weights(session.model.clone(), weights)?, format!("its weights of step {step}"))
            }
            None => (session.model.clone(), "its first weights".into()),
        };
        let oracle = session.oracle(self.method).ok_or_else(|| Failure::run("the method has no directions".into()))?;
        let Batch { inputs, targets } = session.first_batch(self.method)?;
        let network = session.subject.network();
        // What few iterations leave would be taken for the direction's own.
        let is_small = inputs_are_small(network, &model, inputs.clone())?;
        let oracle = match self.method.model {
            Some(ModelName::Quadratic | ModelName::Fgn) if is_small => oracle.solver(Solver::Cholesky),
            _ => oracle,
        };
        let subproblem = oracle.subproblem(network, &model, inputs.clone(), targets.clone())?;
        let linearization = subproblem.linearization();
        let batch = [linearization.examples(), linearization.outputs_per_example()];
        let gradient = subproblem.gradient();
        let norm = gradient.norm().map_err(Error::from)?;
        let damping = subproblem.damping().map_err(Error::from)?;
        let cosine = |vector: &ParamVector, length: f64| -> Result<f64, Failure> {
            Ok(-vector.dot(&gradient).map_err(Error::from)? / (norm * length).max(f64::MIN_POSITIVE))
        };
        let direction = subproblem.direction(damping)?;
        let vector = direction.vector();

        // Where examples mix there is no such matrix.
        let spectrum = if is_small { spectrum(linearization, batch[0]).unwrap_or_default() } else { vec![] };
        let mut path = vec![];
        for power in -4..=4 {
            let damping = damping * 10f64.powi(power);
            let Ok(direction) = subproblem.direction(Proximity::new(damping)) else { continue };
            let dimension = spectrum.iter().map(|mu| mu / (mu + damping)).sum::<f64>();
            path.push(Damped {
                damping,
                dimension: (!spectrum.is_empty()).then_some(dimension),
                norm: direction.norm,
                decrease: direction.predicted_decrease,
                cosine: cosine(&direction.vector(), direction.norm)?,
            });
        }
        let mut gaps = vec![];
        if self.method.model == Some(ModelName::Quadratic) {
            for iterations in ITERATIONS {
                let solver = Solver::ConjugateGradient { iterations, tolerance: 0.0 };
                let oracle = oracle.clone().damping(damping).solver(solver).route(Route::DualMatrixFree);
                let direction = oracle.direction(network, &model, inputs.clone(), targets.clone())?;
                gaps.push((iterations as f64, direction.relative_gap()));
            }
        }
        Ok(Explained {
            title: format!("{}, {place}", self.folder),
            batch,
            loss: subproblem.loss(),
            damping,
            gradient: norm,
            direction: direction.norm,
            cosine: cosine(&vector, direction.norm)?,
            layers: layers(&gradient, &vector)?,
            spectrum,
            path,
            gaps,
            table: None,
        })
    }
}

/// Whether the Gram matrix of a batch can be had, and is not too large for its eigenvalues.
fn inputs_are_small<M: burn::module::Module, N: Linearize<M>>(
    network: &N,
    model: &M,
    inputs: N::Inputs,
) -> Result<bool, Failure> {
    let linearization = network.linearization(model, inputs, None)?;
    Ok(linearization.examples() * linearization.outputs_per_example() <= ROWS)
}

/// The eigenvalues of `K/m`, the largest first.
fn spectrum(linearization: &dualgn::Linearization, examples: usize) -> Result<Vec<f64>, Failure> {
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

/// What a model of a table is like: how sure it is, and what one of its predictions comes from.
fn of_table(run: &Path, prepared: &Prepared, arguments: &Explain) -> Result<OfTable, Failure> {
    let predictor = Predictor::load(run, &arguments.device.open()?)?;
    let card = &predictor.card;
    let test = &prepared.test;
    let targets = test.targets.numbers();
    let (mut posterior, mut covered) = (None, vec![]);
    let answers = if card.loss.has_curvature() {
        let found = Posterior::new(&predictor, &prepared.studies)?;
        posterior = Some([found.precision, found.noise]);
        let (answers, deviations) = found.deviations_to(test)?;
        if let Answers::Numbers(numbers) = &answers {
            covered = coverage(numbers, &deviations, &targets);
        }
        answers
    } else {
        predictor.answers_to(test)?
    };
    let name = |number: f64| card.target.levels.get(number as usize).cloned().unwrap_or_else(|| significant(number));
    let said = |row: usize| match &answers {
        Answers::Numbers(numbers) => numbers[row],
        Answers::Classes { classes, .. } => classes[row] as f64,
    };
    let place = match arguments.row {
        Some(row) => prepared.division.test.binary_search(&(row as usize)).map_err(|_| {
            Failure::input(format!(
                "row {row} is not among the test rows, of which the report names some; leave out `--row` for the worst"
            ))
        })?,
        // The one that is predicted worst, or the first that is wrong.
        None => (0..targets.len())
            .max_by(|&a, &b| {
                let error = |row: usize| (said(row) - targets[row]).abs();
                error(a).total_cmp(&error(b))
            })
            .unwrap_or(0),
    };
    let class = match &answers {
        Answers::Classes { classes, .. } if card.target.outputs() > 1 => classes[place],
        _ => 0,
    };
    let (asked, _) = test.gather(&[place])?;
    // The system of the posterior, or of the run's directions.
    let examples = prepared.studies[0].dataset.train.len() as f64;
    let damping = posterior.map(|[precision, noise]| precision * noise / examples);
    let pulls = influences(&predictor, prepared, &asked, class, damping)?;
    let study = &prepared.studies[0].dataset.train;
    let rows = prepared.division.train(0);
    let mut order: Vec<usize> = (0..pulls.len()).collect();
    order.sort_by(|&a, &b| pulls[b].1.abs().total_cmp(&pulls[a].1.abs()));
    let target = |row: usize| match &study.targets {
        Targets::Classes(classes) => name(classes[row] as f64),
        Targets::Values(values) => significant(values[row]),
    };
    let influences = order.iter().take(SHOWN).map(|&index| {
        let (row, pull) = pulls[index];
        (rows[row], target(row), pull)
    });
    Ok(OfTable {
        posterior,
        coverage: covered,
        row: (prepared.division.test[place], name(said(place)), name(targets[place])),
        influences: influences.collect(),
    })
}

/// By how much each training row moves the output of an example, in one step along the direction: `-K*ᵢ αᵢ / (λ m)`.
fn influences(
    predictor: &Predictor,
    prepared: &Prepared,
    asked: &[f32],
    class: usize,
    damping: Option<f64>,
) -> Result<Vec<(usize, f64)>, Failure> {
    let (card, net, device) = (&predictor.card, &predictor.nets[0], predictor.device());
    let (width, k) = (card.encoder.width(), card.target.outputs());
    let train = &prepared.studies[0].dataset.train;
    let count = train.len().min(ROWS / k).max(1);
    let rows: Vec<usize> = (0..count).map(|index| index * train.len() / count).collect();
    let (inputs, targets) = train.gather(&rows)?;
    let loss = NamedLoss::new(card.loss, card.quantile, k);
    let targets = loss.targets(&targets.scaled(card.scale), device);
    let tensor = |values: Vec<f32>| {
        let rows = values.len() / width;
        Tensor::<2>::from_data(TensorData::new(values, [rows, width]), device)
    };
    let network = Network::trace(net, Net::forward, [count, width])?;
    let model = if card.loss.has_curvature() {
        LossModel::Quadratic
    } else {
        LossModel::ProxLinear { gap: 1e-3, iterations: 100 }
    };
    let relative = dualgn::Damping::RelativeToLoss { factor: card.damping, least: 1e-6 };
    let damping = damping.map_or(relative, dualgn::Damping::Fixed);
    let solver = if model == LossModel::Quadratic { Solver::Cholesky } else { Solver::Auto };
    let oracle = GaussNewton::new(loss).model(model).solver(solver).damping(damping);
    let direction = oracle.direction(&network, net, tensor(inputs.clone()), targets)?;
    let dual: Vec<f64> = entries(direction.dual().clone())?;
    // The row of K of the output that is asked about.
    let all = [inputs, asked.to_vec()].concat();
    let network = Network::trace(net, Net::forward, [count + 1, width])?;
    let linearization = network.linearization(net, tensor(all), None)?;
    let gram = linearization.gram()?;
    let index: Tensor<1, Int> =
        Tensor::from_data(TensorData::from([(count * k + class) as i64].as_slice()), &gram.device());
    let row: Vec<f64> = entries(gram.select(0, index))?;
    let scale = -1.0 / (direction.damping * count as f64);
    let pull = |example: usize| (0..k).map(|c| row[example * k + c] * dual[example * k + c]).sum::<f64>() * scale;
    Ok((0..count).map(|example| (rows[example], pull(example))).collect())
}

/// The explanation in words.
fn text(explained: &Explained) -> String {
    let mut text = dualgn_report::explanation_in_words(explained).join("\n") + "\n\n";
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<String>>();
    let mut lines = vec![cells(&["LAYER", "OF THE GRADIENT", "OF THE DIRECTION"])];
    lines.extend(explained.layers.iter().map(|(name, g, d)| vec![name.clone(), percent(*g), percent(*d)]));
    text += &(columns(&lines) + "\n");
    let mut lines = vec![cells(&["DAMPING", "EFFECTIVE DIMENSION", "NORM", "PREDICTED DECREASE", "COSINE"])];
    lines.extend(explained.path.iter().map(|at| {
        let dimension = at.dimension.map_or("-".into(), |dimension| format!("{dimension:.1}"));
        vec![
            significant(at.damping),
            dimension,
            significant(at.norm),
            significant(at.decrease),
            format!("{:.3}", at.cosine),
        ]
    }));
    text += &columns(&lines);
    if let Some(table) = &explained.table {
        let mut lines = vec![cells(&["TRAINING ROW", "TARGET", "PULLS THE OUTPUT BY"])];
        lines.extend(
            table
                .influences
                .iter()
                .map(|(row, target, pull)| vec![row.to_string(), target.clone(), significant(*pull)]),
        );
        text += &format!("\n{}", columns(&lines));
    }
    text
}
