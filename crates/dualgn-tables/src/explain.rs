//! What a prediction of a model of a table comes from.

use burn::tensor::{Int, Tensor, TensorData};
use dualgn::{Damping, GaussNewton, Linearize, LossModel, Network, Solver};
use dualgn_io::Failure;
use dualgn_io::number::significant;
use dualgn_networks::{Net, entries};
use dualgn_train::data::Targets;
use dualgn_train::explain::OfTable;
use dualgn_train::problem::NamedLoss;

use crate::model::{Posterior, Predictions, Predictor, coverage};
use crate::prepared::Prepared;

/// Rows of the Gram matrix that training rows have at most.
const ROWS: usize = 1500;
/// Training rows that are named.
const NAMED: usize = 10;

impl Prepared {
    /// Explains a model that was trained on this table: how sure it is, and which training rows pull most at the prediction of one of the
    /// test rows, by its number in the table; `None` for the row that is predicted worst.
    ///
    /// # Errors
    /// The row is not among those that test, or the device fails.
    pub fn explain(&self, predictor: &Predictor, row: Option<usize>) -> Result<OfTable, Failure> {
        let Judged { predictions, posterior, coverage } = self.judged(predictor)?;
        let target = &predictor.card.target;
        let name = |number: f64| target.levels.get(number as usize).cloned().unwrap_or_else(|| significant(number));
        let said: Vec<f64> = match &predictions {
            Predictions::Numbers(numbers) => numbers.clone(),
            Predictions::Classes { classes, .. } => classes.iter().map(|&class| class as f64).collect(),
        };
        let truths = self.test.targets.numbers();
        let place = self.place(row, &said, &truths)?;
        let class = match &predictions {
            Predictions::Classes { classes, .. } if target.outputs() > 1 => classes[place],
            _ => 0,
        };
        let train = &self.studies[0].dataset.train;
        // The system of the posterior, or of the run's directions.
        let damping = posterior.map(|[precision, noise]| precision * noise / train.len() as f64);
        let (asked, _) = self.test.gather(&[place])?;
        let mut pulls = self.pulls(predictor, &asked, class, damping)?;
        pulls.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
        let rows = self.division.train(0);
        let target_of = |row: usize| match &train.targets {
            Targets::Classes(classes) => name(classes[row] as f64),
            Targets::Values(values) => significant(values[row]),
        };
        let influences = pulls.into_iter().take(NAMED).map(|(row, pull)| (rows[row], target_of(row), pull));
        Ok(OfTable {
            posterior,
            coverage,
            row: (self.division.test[place], name(said[place]), name(truths[place])),
            influences: influences.collect(),
        })
    }

    /// The predictions of the test rows, with how sure they are where the loss has curvature.
    fn judged(&self, predictor: &Predictor) -> Result<Judged, Failure> {
        if !predictor.card.loss.has_curvature() {
            return Ok(Judged {
                predictions: predictor.predictions_of(&self.test)?,
                posterior: None,
                coverage: vec![],
            });
        }
        let posterior = Posterior::new(predictor, &self.studies)?;
        let (predictions, deviations) = posterior.deviations_to(&self.test)?;
        let coverage = match &predictions {
            Predictions::Numbers(numbers) => coverage(numbers, &deviations, &self.test.targets.numbers()),
            Predictions::Classes { .. } => vec![],
        };
        Ok(Judged { predictions, posterior: Some([posterior.precision, posterior.noise]), coverage })
    }

    /// The place of a row among those that test; or of that which is predicted worst, or the last of several.
    fn place(&self, row: Option<usize>, said: &[f64], truths: &[f64]) -> Result<usize, Failure> {
        let error = |place: usize| (said[place] - truths[place]).abs();
        match row {
            Some(row) => self.division.test.binary_search(&row).map_err(|_| {
                Failure::input(format!(
                    "row {row} is not among the test rows, of which the report names some; leave out `--row` for the worst"
                ))
            }),
            None => Ok((0..truths.len()).max_by(|&a, &b| error(a).total_cmp(&error(b))).unwrap_or(0)),
        }
    }

    /// By how much each of some training rows moves the output of an example, in one step along the direction: `-K*ᵢ αᵢ / (λ m)`.
    fn pulls(
        &self,
        predictor: &Predictor,
        asked: &[f32],
        class: usize,
        damping: Option<f64>,
    ) -> Result<Vec<(usize, f64)>, Failure> {
        let (card, net, device) = (&predictor.card, &predictor.nets[0], predictor.device());
        let (width, k) = (card.encoder.width(), card.target.outputs());
        let train = &self.studies[0].dataset.train;
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
        let (model, solver) = match card.loss.has_curvature() {
            true => (LossModel::Quadratic, Solver::Cholesky),
            false => (LossModel::ProxLinear { gap: 1e-3, iterations: 100 }, Solver::Auto),
        };
        let relative = Damping::RelativeToLoss { factor: card.damping, least: 1e-6 };
        let damping = damping.map_or(relative, Damping::Fixed);
        let oracle = GaussNewton::new(loss).model(model).solver(solver).damping(damping);
        let direction = oracle.direction(&network, net, tensor(inputs.clone()), targets)?;
        let dual: Vec<f64> = entries(direction.dual())?;
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
}

/// What a model predicts of the test rows.
struct Judged {
    predictions: Predictions,
    /// Precision of the prior and variance of the noise, where the loss has curvature.
    posterior: Option<[f64; 2]>,
    /// Shares of rows that should be, and are, within their deviations.
    coverage: Vec<(f64, f64)>,
}
