//! [`Posterior`]: how sure a model is, by the Gauss-Newton approximation of the posterior of its weights (Khan et al., 2019; Immer et al.,
//! 2021): a Gaussian around them with the precision `Σᵢ Jᵢᵀ Hᵢ Jᵢ / σ² + δ I`, where `H = L Lᵀ` is the curvature of the loss, `σ²` the
//! variance of the noise and `δ` that of a prior.
//!
//! Through the dual, with `K` of as many rows as the examples have outputs, the outputs of other examples have the covariance
//!
//! ```text
//! (1/δ) [K** - K*ₓ L (τ I + Lᵀ Kₓₓ L)⁻¹ Lᵀ Kₓ*],    τ = δ σ²
//! ```
//!
//! Of many examples some stand for all: of `n` among `N` each counts `N/n` times, and `τ = δ σ² n/N`.

use burn::tensor::{Tensor, TensorData};
use dualgn::{ConvexLoss, Network};
use dualgn_io::Failure;
use dualgn_networks::{Net, entries};
use dualgn_train::data::{CHUNK, Split, Targets};
use dualgn_train::problem::{NamedLoss, PredictionRule, Study};
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use super::card::Card;
use super::predictions::Predictions;
use super::predictor::Predictor;

/// Rows of `K` that stand for the training examples, at most.
const ROWS: usize = 1200;
/// Rows of `K` of the examples that are asked about, at a time.
const ASKED: usize = 600;
/// Precisions of the prior that are tried.
const PRECISIONS: [f64; 13] = [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// How sure a model is.
pub struct Posterior<'a> {
    predictor: &'a Predictor,
    members: Vec<Member>,
    /// Precision `δ` of the prior of each weight.
    pub precision: f64,
    /// Variance `σ²` of the noise of scaled targets; 1 for classes.
    pub noise: f64,
}

/// Training examples of one network, and the curvature of the loss there.
struct Member {
    /// Inputs of the examples, row-major.
    inputs: Vec<f32>,
    /// `L` of each, `[n k, r n]` in blocks: for each example `k` rows of `r` numbers.
    factors: Vec<Vec<f64>>,
    /// `r`.
    columns: usize,
    /// How many examples each stands for.
    weight: f64,
}

impl<'a> Posterior<'a> {
    /// Of a model whose networks were trained on studies; the prior's precision and the noise are those under which the rows that
    /// trained none of the first network are most likely.
    pub fn new(predictor: &'a Predictor, studies: &[Study]) -> Result<Self, Failure> {
        let card = &predictor.card;
        let outputs = card.target.outputs();
        if !card.loss.has_curvature() {
            return Err(Failure::input(format!(
                "the loss {} has no curvature, from which deviations are made; fit with another loss",
                card.loss.name()
            )));
        }
        let members = predictor.nets.iter().zip(studies).map(|(net, study)| {
            let train = &study.dataset.train;
            let count = train.len().min((ROWS / outputs).max(1));
            let picked: Vec<usize> = (0..count).map(|index| index * train.len() / count).collect();
            let (inputs, targets) = train.gather(&picked)?;
            let (factors, columns) = factors(predictor, net, &inputs, &targets)?;
            Ok(Member { inputs, factors, columns, weight: train.len() as f64 / count as f64 })
        });
        let members = members.collect::<Result<_, Failure>>()?;
        let mut posterior = Self { predictor, members, precision: 1.0, noise: 1.0 };
        posterior.choose(&studies[0].dataset.test)?;
        Ok(posterior)
    }

    /// The precision and the noise under which some rows are most likely to the first network.
    fn choose(&mut self, rows: &Split) -> Result<(), Failure> {
        let card = &self.predictor.card;
        let count = rows.len().min(ASKED / card.target.outputs());
        let (inputs, targets) = rows.gather(&(0..count).collect::<Vec<_>>())?;
        let outputs = self.predictor.outputs(&self.predictor.nets[0], &inputs)?;
        let kernel = Kernel::of(self.predictor, 0, &self.members[0].inputs, &inputs)?;
        let squares = match &targets {
            Targets::Values(values) => {
                let rule = card.loss.prediction_rule(card.task).unwrap_or(PredictionRule::Standardised);
                let errors = outputs
                    .iter()
                    .zip(values)
                    .map(|(&output, &value)| (rule.number(output) - card.scale.apply(value)).powi(2));
                errors.sum::<f64>() / count as f64
            }
            Targets::Classes(_) => 1.0,
        };
        // The noise is at most all of the error; the rest is that of the weights.
        let noises: &[f64] = if card.task.is_number() { &[1.0, 0.7, 0.4, 0.2] } else { &[1.0] };
        let mut best = f64::NEG_INFINITY;
        for &part in noises {
            for precision in PRECISIONS {
                let noise = if card.task.is_number() { (part * squares).max(1e-12) } else { 1.0 };
                let Some(covariances) = kernel.covariances(&self.members[0], precision, noise) else { continue };
                let likelihood = likelihood(card, &outputs, &covariances, &targets, noise);
                if likelihood > best {
                    (best, self.precision, self.noise) = (likelihood, precision, noise);
                }
            }
        }
        Ok(())
    }

    /// What [`deviations`](Self::deviations) says of a part of a table.
    pub fn deviations_to(&self, split: &Split) -> Result<(Predictions, Vec<f64>), Failure> {
        let parts = split.chunks(CHUNK).map(|inputs| self.deviations(&inputs?));
        let (predictions, deviations): (Vec<_>, Vec<_>) =
            parts.collect::<Result<Vec<_>, Failure>>()?.into_iter().unzip();
        Ok((Predictions::join(predictions), deviations.concat()))
    }

    /// The predictions of rows and their standard deviations: of a number, with its noise; of a class, that of its probability.
    pub fn deviations(&self, inputs: &[f32]) -> Result<(Predictions, Vec<f64>), Failure> {
        let card = &self.predictor.card;
        let each = self.predictor.each(inputs)?;
        let predictions = self.predictor.together(&each);
        let width = card.encoder.width();
        let outputs_of_row = card.target.outputs();
        let rows = predictions.len();
        let (mut means, mut squares) = (vec![0.0; rows], vec![0.0; rows]);
        let members = self.members.len() as f64;
        for (member, outputs) in each.iter().enumerate() {
            let step = (ASKED / outputs_of_row).max(1);
            for start in (0..rows).step_by(step) {
                let end = (start + step).min(rows);
                let kernel = Kernel::of(
                    self.predictor,
                    member,
                    &self.members[member].inputs,
                    &inputs[start * width..end * width],
                )?;
                let covariances = kernel
                    .covariances(&self.members[member], self.precision, self.noise)
                    .ok_or_else(|| Failure::run("the system of the posterior is not positive definite".into()))?;
                for row in start..end {
                    let outputs = &outputs[row * outputs_of_row..(row + 1) * outputs_of_row];
                    let said = match &predictions {
                        Predictions::Classes { classes, .. } => Some(classes[row]),
                        Predictions::Numbers(_) => None,
                    };
                    let (mean, variance) = moments(card, outputs, &covariances[row - start], said, self.noise);
                    means[row] += mean / members;
                    squares[row] += (variance + mean * mean) / members;
                }
            }
        }
        // The variance of a mixture: what each network is unsure of, and what they disagree on.
        let unit = if card.task.is_number() { card.scale.unit } else { 1.0 };
        let deviation = |row: usize| (squares[row] - means[row] * means[row]).max(0.0).sqrt() * unit;
        let deviations = (0..rows).map(deviation).collect();
        Ok((predictions, deviations))
    }
}

/// The mean and variance of an answer: of a number, scaled as targets are, with its noise; of the probability of a class without.
fn moments(card: &Card, outputs: &[f32], covariance: &[f64], class: Option<usize>, noise: f64) -> (f64, f64) {
    let rule = card.loss.prediction_rule(card.task).unwrap_or(PredictionRule::Standardised);
    match (class, rule) {
        (None, PredictionRule::Logarithm) => {
            let mean = rule.number(outputs[0]);
            // Of counts the noise is their own; of other positive numbers it is in proportion.
            (mean, mean * mean * covariance[0].exp_m1() + noise)
        }
        (None, _) => (f64::from(outputs[0]), covariance[0] + noise),
        (Some(class), _) => {
            let Predictions::Classes { probabilities: Some(probabilities), .. } = Predictions::of(card, outputs) else {
                return (0.0, covariance.first().copied().unwrap_or(0.0));
            };
            let p = probabilities[class];
            let slope = |output: usize| match outputs.len() {
                1 => p * (1.0 - p),
                _ => p * (f64::from(u8::from(output == class)) - probabilities[output]),
            };
            let k = outputs.len();
            let variance = (0..k).flat_map(|a| (0..k).map(move |b| (a, b)));
            (p, variance.map(|(a, b)| slope(a) * slope(b) * covariance[a * k + b]).sum::<f64>().max(0.0))
        }
    }
}

/// The mean logarithm of the likelihood of targets under answers with covariances.
fn likelihood(card: &Card, outputs: &[f32], covariances: &[Vec<f64>], targets: &Targets, noise: f64) -> f64 {
    let rule = card.loss.prediction_rule(card.task).unwrap_or(PredictionRule::Standardised);
    let width = card.target.outputs();
    let rows = outputs.chunks_exact(width).zip(covariances).enumerate();
    let each = rows.map(|(row, (outputs, covariance))| match targets {
        Targets::Values(values) => {
            let (mean, variance) = match rule {
                PredictionRule::Logarithm => {
                    let mean = rule.number(outputs[0]);
                    (mean, mean * mean * covariance[0].exp_m1() + noise)
                }
                _ => (f64::from(outputs[0]), covariance[0] + noise),
            };
            let error = card.scale.apply(values[row]) - mean;
            -0.5 * (error * error / variance + variance.ln())
        }
        Targets::Classes(classes) => {
            // Outputs shrink by what they are unsure of (MacKay, 1992).
            let shrunk: Vec<f32> = outputs
                .iter()
                .enumerate()
                .map(|(index, &output)| {
                    let variance = covariance[index * width + index];
                    (f64::from(output) / (1.0 + std::f64::consts::PI / 8.0 * variance).sqrt()) as f32
                })
                .collect();
            match Predictions::of(card, &shrunk) {
                Predictions::Classes { probabilities: Some(p), .. } => p[classes[row] as usize].max(1e-300).ln(),
                _ => 0.0,
            }
        }
    });
    each.sum::<f64>() / covariances.len() as f64
}

/// Products of rows of the Jacobian: of training examples with each other, with those that are asked about, and of those.
struct Kernel {
    training: Mat<f64>,
    cross: Mat<f64>,
    /// `[k, k]` for each example that is asked about.
    own: Vec<Vec<f64>>,
}

impl Kernel {
    fn of(predictor: &Predictor, member: usize, training: &[f32], asked: &[f32]) -> Result<Self, Failure> {
        let (width, k) = (predictor.card.encoder.width(), predictor.card.target.outputs());
        let inputs = [training, asked].concat();
        let (n, all) = (training.len() / width * k, inputs.len() / width * k);
        let net = &predictor.nets[member];
        let network = Network::trace(net, Net::forward, [inputs.len() / width, width])?;
        let data = TensorData::new(inputs, [all / k, width]);
        let linearization =
            dualgn::Linearize::linearization(&network, net, Tensor::from_data(data, predictor.device()), None)?;
        let gram: Vec<f64> = entries(linearization.gram()?)?;
        let block = |row: usize| {
            let entries = (0..k).flat_map(|a| (0..k).map(move |b| (a, b)));
            entries.map(|(a, b)| gram[(n + row * k + a) * all + n + row * k + b]).collect()
        };
        Ok(Self {
            training: Mat::from_fn(n, n, |i, j| gram[i * all + j]),
            cross: Mat::from_fn(n, all - n, |i, j| gram[i * all + n + j]),
            own: (0..(all - n) / k).map(block).collect(),
        })
    }

    /// The covariances of the outputs of each example, `[k, k]`; `None` if the system is not positive definite.
    fn covariances(&self, member: &Member, precision: f64, noise: f64) -> Option<Vec<Vec<f64>>> {
        let examples = member.factors.len();
        let k = self.training.nrows() / examples;
        let r = member.columns;
        // Lᵀ A for any A with a row for each output.
        let pulled = |matrix: &Mat<f64>| {
            Mat::from_fn(examples * r, matrix.ncols(), |row, column| {
                let (example, c) = (row / r, row % r);
                (0..k).map(|o| member.factors[example][o * r + c] * matrix[(example * k + o, column)]).sum::<f64>()
            })
        };
        let half = pulled(&self.training);
        let transposed = half.transpose().to_owned();
        let mut system = pulled(&transposed);
        let shift = precision * noise / member.weight;
        for index in 0..system.nrows() {
            system[(index, index)] += shift;
        }
        let factor = system.llt(Side::Lower).ok()?;
        let right = pulled(&self.cross);
        let solved = factor.solve(&right);
        let covariance = |example: usize| {
            let entries = (0..k).flat_map(|a| (0..k).map(move |b| (a, b)));
            let entry = |(a, b): (usize, usize)| {
                let (i, j) = (example * k + a, example * k + b);
                let taken: f64 = (0..right.nrows()).map(|row| right[(row, i)] * solved[(row, j)]).sum();
                let left = self.own[example][a * k + b] - taken;
                // Rounding may take a variance below zero.
                (if a == b { left.max(0.0) } else { left }) / precision
            };
            entries.map(entry).collect()
        };
        Some((0..self.own.len()).map(covariance).collect())
    }
}

/// The curvature factors of a model's loss at the outputs of one of its networks, and their columns.
fn factors(
    predictor: &Predictor,
    net: &Net,
    inputs: &[f32],
    targets: &Targets,
) -> Result<(Vec<Vec<f64>>, usize), Failure> {
    use burn::module::Module;
    let (card, device) = (&predictor.card, predictor.device());
    let (width, k) = (card.encoder.width(), card.target.outputs());
    let examples = inputs.len() / width;
    let loss = NamedLoss::new(card.loss, card.quantile, k);
    let targets = loss.targets(&targets.scaled(card.scale), device);
    let inputs = Tensor::from_data(TensorData::new(inputs.to_vec(), [examples, width]), device);
    let Some(factor) = loss.curvature(net.valid().forward(inputs), &targets) else {
        return Err(Failure::run("the loss has no curvature".into()));
    };
    let r = factor.columns(k);
    // One column of all factors at a time.
    let columns: Vec<Vec<f64>> = (0..r)
        .map(|column| {
            let unit: Vec<f32> = (0..examples * r).map(|entry| f32::from(entry % r == column)).collect();
            let unit = Tensor::<3>::from_data(TensorData::new(unit, [1, examples, r]), device);
            entries(factor.apply(unit))
        })
        .collect::<Result<_, Failure>>()?;
    let of = |example: usize| (0..k * r).map(|entry| columns[entry % r][example * k + entry / r]).collect();
    Ok(((0..examples).map(of).collect(), r))
}

/// The share of rows within so many deviations of their answer, beside what the normal distribution has.
pub fn coverage(answers: &[f64], deviations: &[f64], targets: &[f64]) -> Vec<(f64, f64)> {
    const LEVELS: [(f64, f64); 6] =
        [(0.5, 0.674_490), (0.68, 0.994_458), (0.8, 1.281_552), (0.9, 1.644_854), (0.95, 1.959_964), (0.99, 2.575_829)];
    let within = |factor: f64| {
        let rows = answers.iter().zip(deviations).zip(targets);
        let count =
            rows.filter(|((answer, deviation), target)| (*answer - **target).abs() <= factor * **deviation).count();
        count as f64 / answers.len().max(1) as f64
    };
    LEVELS.into_iter().map(|(level, factor)| (level, within(factor))).collect()
}
