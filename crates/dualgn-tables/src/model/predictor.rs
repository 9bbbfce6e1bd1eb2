//! [`Predictor`]: a trained model and what it says of rows.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use dualgn_io::{Failure, input, memory};
use dualgn_networks::{Net, Seal, Tensors, entries, sealed, torch, with_weights, write_weights};
use dualgn_train::WEIGHTS;
use dualgn_train::data::{CHUNK, Split};

use super::card::Card;
use super::predictions::Predictions;
use crate::table::{Source, TableError, Tally};

/// A trained model.
pub struct Predictor {
    /// What it is.
    pub card: Card,
    /// Its networks, on an autodiff device.
    pub nets: Vec<Net>,
    device: Device,
}

/// What there was to say of the rows of a table.
pub struct Passed {
    /// Rows without a target, which were left out.
    pub left_out: usize,
    /// Cells that were missing or not known.
    pub tally: Tally,
}

/// Before the names of tensors of one of several networks, with its number.
const MEMBER: &str = "members.";
/// Bytes of a file at most.
const LARGEST: u64 = 16 << 30;

impl Predictor {
    /// A model that has just been trained.
    pub fn new(card: Card, nets: Vec<Net>, device: &Device) -> Self {
        Self { card, nets, device: device.clone() }
    }

    /// Reads the model of a run's folder, or a file.
    ///
    /// # Errors
    /// There is none, it is damaged, or it is no model of a table.
    pub fn load(path: &Path, device: &Device) -> Result<Self, Failure> {
        let file = if path.is_dir() { path.join(WEIGHTS) } else { path.to_owned() };
        let wrong = |problem: &str| Failure::input(format!("{} {problem}", file.display()));
        if file.try_exists().is_ok_and(|there| !there) {
            return Err(Failure::input(format!(
                "there is no model at {}; `dualgn fit` writes one when it has ended",
                file.display()
            )));
        }
        let bytes = input::read(&file, LARGEST.min(memory::budget()))?;
        let (card, mut tensors) = parse(&bytes).map_err(|problem| wrong(&problem))?;
        let mut nets = vec![];
        for member in 0..card.members {
            let net = card.net(&device.clone().autodiff()).map_err(|error| wrong(&format!("is damaged ({error})")))?;
            let own = match card.members {
                1 => std::mem::take(&mut tensors),
                _ => {
                    let prefix = format!("{MEMBER}{member}.");
                    let names: Vec<String> = tensors.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
                    names
                        .iter()
                        .filter_map(|name| Some((name[prefix.len()..].to_owned(), tensors.remove(name)?)))
                        .collect()
                }
            };
            let weights = torch::from_torch(&net, own).map_err(|problem| wrong(&problem))?;
            nets.push(with_weights(net, weights)?);
        }
        Ok(Self { card, nets, device: device.clone() })
    }

    /// Writes the model into a file, with the identity of its run.
    pub fn save(&self, file: &Path, run: &str) -> Result<(), Failure> {
        let card = serde_json::to_value(&self.card).map_err(|error| Failure::run(error.to_string()))?;
        let mut tensors = Tensors::new();
        for (member, net) in self.nets.iter().enumerate() {
            let prefix = if self.nets.len() == 1 { String::new() } else { format!("{MEMBER}{member}.") };
            tensors.extend(torch::to_torch(net)?.into_iter().map(|(name, data)| (format!("{prefix}{name}"), data)));
        }
        write_weights(file, &tensors, Some(Seal::new(run, Some(card))))
    }

    /// Reads a table and hands out its rows as a network takes them, a few thousand at a time: row-major inputs, and their targets if those
    /// are wanted. Rows without a target then are left out.
    ///
    /// # Errors
    /// A column is not there, a cell is not what it should be, there is no row, or `visit` fails.
    pub fn rows(
        &self,
        source: &Source,
        wants_targets: bool,
        mut visit: impl FnMut(&[f32], &[f64]) -> Result<(), Failure>,
    ) -> Result<Passed, TableError> {
        let Card { encoder, target, .. } = &self.card;
        let located = encoder.on(source, false)?;
        let mut tally = encoder.tally();
        let target = wants_targets.then(|| target.on(source, &encoder.missing_words, false)).transpose()?;
        let (mut inputs, mut targets) = (vec![], vec![]);
        let (mut rows, mut left_out) = (0, 0);
        source.rows(&mut |row| {
            rows += 1;
            if let Some(target) = &target {
                let Some(answer) = target.of_row(&row)? else {
                    left_out += 1;
                    return Ok(());
                };
                targets.push(answer);
            }
            located.encode(&row, &mut inputs, &mut tally)?;
            if inputs.len() >= CHUNK * encoder.width() {
                visit(&inputs, &targets)?;
                inputs.clear();
                targets.clear();
            }
            Ok(())
        })?;
        if rows == 0 {
            return Err(TableError::Empty { file: source.file().into() });
        }
        if !inputs.is_empty() {
            visit(&inputs, &targets)?;
        }
        Ok(Passed { left_out, tally })
    }

    /// What the networks say of rows, together.
    pub fn predictions(&self, inputs: &[f32]) -> Result<Predictions, Failure> {
        Ok(self.together(&self.each(inputs)?))
    }

    /// The outputs of each network for rows.
    pub fn each(&self, inputs: &[f32]) -> Result<Vec<Vec<f32>>, Failure> {
        self.nets.iter().map(|net| self.outputs(net, inputs)).collect()
    }

    /// What the outputs of each network say, together.
    pub fn together(&self, each: &[Vec<f32>]) -> Predictions {
        Predictions::mean(each.iter().map(|outputs| Predictions::of(&self.card, outputs)).collect())
    }

    /// The same of a part of a table.
    pub fn predictions_of(&self, split: &Split) -> Result<Predictions, Failure> {
        let parts = split.chunks(CHUNK).map(|inputs| self.predictions(&inputs?));
        Ok(Predictions::join(parts.collect::<Result<_, Failure>>()?))
    }

    /// The outputs of a network for rows, row-major.
    pub fn outputs(&self, net: &Net, inputs: &[f32]) -> Result<Vec<f32>, Failure> {
        let net = net.valid();
        let width = self.card.encoder.width();
        let mut outputs = vec![];
        for chunk in inputs.chunks(CHUNK * width) {
            let data = TensorData::new(chunk.to_vec(), [chunk.len() / width, width]);
            outputs.extend(entries::<f32, 2>(net.forward(Tensor::from_data(data, &self.device)))?);
        }
        Ok(outputs)
    }

    /// Where its tensors live.
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// The card and the tensors of a file; or what is wrong with it, as the end of a sentence.
pub fn parse(bytes: &[u8]) -> Result<(Card, Tensors), String> {
    let (seal, tensors) = sealed(bytes)?;
    let card = seal.and_then(|seal| seal.card);
    let card = card.ok_or("holds weights alone; `predict` and `evaluate` need a model of `dualgn fit`")?;
    Ok((Card::parse(card)?, tensors))
}
