//! [`Checkpoint`]: everything that a run needs to go on, in one file.
//!
//! The file is in the safetensors format: the weights by their names in the network, the vectors of a stepper, the record of an
//! optimizer of Burn as bytes; the numbers, the evaluations so far and the run's identity are in the metadata, with a checksum of all.
//! Files are written beside their place, synced and renamed; the one before stays, so that there is a good one at any moment.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use dualgn::step::{Accumulated, StepperState};
use dualgn_io::{Failure, files, input};
use dualgn_networks::{Tensors, from_safetensors, to_safetensors};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::taker::TakerState;
use crate::exact;
use crate::record::{Record, Status};

/// A moment of a run.
#[derive(Clone)]
pub struct Checkpoint {
    /// The identity of the run.
    pub run: String,
    /// Steps taken.
    pub step: usize,
    /// Seconds of training.
    pub seconds: f64,
    /// The weights by name.
    pub weights: Tensors,
    /// What the method carries.
    pub taker: TakerState,
    /// What the sequence of batches carries.
    pub batches: Tensors,
    /// The lowest test loss so far, and its step.
    pub best: Option<Best>,
    /// The evaluations so far.
    pub records: Vec<Record>,
    /// How the run ended, if it did.
    pub ended: Option<Ended>,
}

/// The best evaluation of a run so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Its step.
    pub step: usize,
    /// Its test loss.
    #[serde(with = "exact")]
    pub loss: f64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// In one word.
    pub status: Status,
    /// Why, if it could not go on.
    pub reason: Option<String>,
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match (self.status, &self.reason) {
            (Status::Finished, _) => "finished",
            (Status::Reached, _) => "reached the target loss",
            (Status::Converged, _) => "converged: no step decreases the loss any more",
            (Status::EarlyStopped, _) => "the loss of the validation rows falls no more",
            (Status::Interrupted, _) => "interrupted",
            (Status::Diverged, None) => "diverged: the loss is not finite",
            (Status::Diverged, Some(reason)) => return write!(formatter, "diverged ({reason})"),
        })
    }
}

/// A checkpoint that was read, and where it was.
pub struct Loaded {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// What was wrong with a newer one, if one was passed over.
    pub passed_over: Option<String>,
}

/// What is not a tensor.
#[derive(Serialize, Deserialize)]
struct Numbers {
    run: String,
    step: usize,
    #[serde(with = "exact")]
    seconds: f64,
    taker: TakerKind,
    best: Option<Best>,
    records: Vec<Record>,
    ended: Option<Ended>,
}

/// What a method carries, without the entries of its vectors.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TakerKind {
    Nothing,
    Optimizer,
    Stepper(StepperState),
}

const LAST: &str = "last.safetensors";
const PREVIOUS: &str = "previous.safetensors";
const BEST: &str = "best.safetensors";
const MODEL: &str = "model.";
const VECTORS: &str = "stepper.";
const BATCHES: &str = "batches.";
const OPTIMIZER: &str = "optimizer";

impl Checkpoint {
    /// Writes it as the last one of a folder; the last one until now becomes the previous one.
    pub fn save(&self, folder: &Path) -> Result<(), Failure> {
        files::make_folder(folder)?;
        let (last, previous) = (folder.join(LAST), folder.join(PREVIOUS));
        let unfinished = folder.join("unfinished.safetensors");
        files::replace(&unfinished, &self.to_bytes()?)?;
        let renamed = |from: &Path, to: &Path| fs::rename(from, to).map_err(|error| Failure::file("write", to, &error));
        if last.exists() {
            renamed(&last, &previous)?;
        }
        renamed(&unfinished, &last)?;
        files::sync_folder(folder);
        Ok(())
    }

    /// Writes it as the best one of a folder.
    pub fn save_best(&self, folder: &Path) -> Result<(), Failure> {
        files::make_folder(folder)?;
        files::replace(&best_file(folder), &self.to_bytes()?)
    }

    /// The last good one of a run in a folder; `None` if the run was stopped before its first.
    ///
    /// # Errors
    /// All are damaged, one is of another run, or a file cannot be read.
    pub fn load(folder: &Path, run: &str) -> Result<Option<Loaded>, Failure> {
        let mut passed_over: Option<String> = None;
        for name in [LAST, PREVIOUS] {
            match Self::of_run(&folder.join(name), run)? {
                None => {}
                Some(Ok(checkpoint)) => return Ok(Some(Loaded { checkpoint, passed_over })),
                Some(Err(damage)) => passed_over = Some(damage),
            }
        }
        match passed_over {
            Some(damage) => Err(Failure::input(format!("{damage}, and there is no earlier checkpoint"))
                .hint("start the run again, with `--overwrite`")),
            None => Ok(None),
        }
    }

    /// Whether there were weights until then that are kept as the best.
    pub fn has_best(&self) -> bool {
        self.best.is_some()
    }

    /// The best one of a run in a folder, if there is one.
    ///
    /// # Errors
    /// It is damaged, of another run, or cannot be read.
    pub fn load_best(folder: &Path, run: &str) -> Result<Option<Self>, Failure> {
        match Self::of_run(&best_file(folder), run)?.transpose() {
            Ok(checkpoint) => Ok(checkpoint),
            Err(damage) => Err(Failure::input(damage).hint("start the run again, with `--overwrite`")),
        }
    }

    /// That of a file, if it is there; or what is wrong with it.
    fn of_run(path: &Path, run: &str) -> Result<Option<Result<Self, String>>, Failure> {
        let Some(bytes) = input::read_own(path)? else { return Ok(None) };
        match Self::from_bytes(&bytes) {
            Ok(checkpoint) if checkpoint.run != run => Err(Failure::input(format!(
                "{} is a checkpoint of another run: its identity is {}, and that of this run is {run}",
                path.display(),
                checkpoint.run
            ))
            .hint("put back the run's own file, or start the run again with `--overwrite`")),
            Ok(checkpoint) => Ok(Some(Ok(checkpoint))),
            Err(reason) => Ok(Some(Err(format!("{} {reason}", path.display())))),
        }
    }

    /// The evaluations that stay when a run goes on from here: that of the step itself is made again, unless the run has ended.
    pub fn records_before_going_on(&self) -> Vec<Record> {
        let stays = |record: &&Record| record.step < self.step || self.ended.is_some();
        self.records.iter().filter(stays).cloned().collect()
    }

    /// Returns the first step that is evaluated when a run goes on from here: that of the checkpoint itself, unless the run has ended.
    pub fn goes_on_at(&self) -> usize {
        self.step + usize::from(self.ended.is_some())
    }

    fn to_bytes(&self) -> Result<Vec<u8>, Failure> {
        let mut tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)> = BTreeMap::new();
        for (name, data) in &self.weights {
            tensors.insert(format!("{MODEL}{name}"), to_safetensors(data)?);
        }
        for (name, data) in &self.batches {
            tensors.insert(format!("{BATCHES}{name}"), to_safetensors(data)?);
        }
        let mut numbers = Numbers {
            run: self.run.clone(),
            step: self.step,
            seconds: self.seconds,
            taker: TakerKind::Nothing,
            best: self.best,
            records: self.records.clone(),
            ended: self.ended.clone(),
        };
        match &self.taker {
            TakerState::None => {}
            TakerState::Optimizer(bytes) => {
                numbers.taker = TakerKind::Optimizer;
                tensors.insert(OPTIMIZER.into(), (Dtype::U8, vec![bytes.len()], bytes.clone()));
            }
            TakerState::Stepper(state) => {
                let mut state = state.clone();
                for (name, vector) in vectors(&mut state) {
                    let entries = std::mem::take(&mut vector.entries);
                    let bytes = entries.iter().flat_map(|entry| entry.to_le_bytes()).collect();
                    tensors.insert(format!("{VECTORS}{name}"), (Dtype::F64, vec![entries.len()], bytes));
                }
                numbers.taker = TakerKind::Stepper(state);
            }
        }
        let run = |error: &dyn std::fmt::Display| Failure::run(format!("cannot write a checkpoint: {error}"));
        let numbers = serde_json::to_string(&numbers).map_err(|error| run(&error))?;
        let checksum =
            checksum(&numbers, tensors.iter().map(|(name, (_, _, bytes))| (name.as_str(), bytes.as_slice())));
        let metadata = HashMap::from([("numbers".to_owned(), numbers), ("checksum".to_owned(), checksum)]);
        let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
            TensorView::new(*dtype, shape.clone(), bytes).map(|view| (name, view))
        });
        let views: Vec<_> = views.collect::<Result<_, _>>().map_err(|error| run(&error))?;
        safetensors::serialize(views, Some(metadata)).map_err(|error| run(&error))
    }

    /// Or what is wrong with the bytes, as the end of a sentence.
    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let broken = |error: &dyn std::fmt::Display| format!("is damaged ({error})");
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| broken(&error))?;
        let file = SafeTensors::deserialize(bytes).map_err(|error| broken(&error))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let numbers = metadata.get("numbers").ok_or("is not a checkpoint")?;
        let mut tensors: Vec<(&str, TensorView)> = file.iter().collect();
        tensors.sort_by(|a, b| a.0.cmp(b.0));
        let found = checksum(numbers, tensors.iter().map(|(name, view)| (*name, view.data())));
        if metadata.get("checksum") != Some(&found) {
            return Err("is damaged (its checksum is wrong)".into());
        }
        let numbers: Numbers = serde_json::from_str(numbers).map_err(|error| broken(&error))?;
        let (mut weights, mut batches) = (Tensors::new(), Tensors::new());
        let (mut entries, mut optimizer) = (BTreeMap::new(), vec![]);
        for (name, view) in tensors {
            if let Some(name) = name.strip_prefix(MODEL) {
                weights.insert(name.to_owned(), from_safetensors(&view)?);
            } else if let Some(name) = name.strip_prefix(BATCHES) {
                batches.insert(name.to_owned(), from_safetensors(&view)?);
            } else if let Some(name) = name.strip_prefix(VECTORS) {
                let numbers =
                    view.data().chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap_or_default()));
                entries.insert(name.to_owned(), numbers.collect());
            } else if name == OPTIMIZER {
                optimizer = view.data().to_vec();
            }
        }
        let Numbers { run, step, seconds, taker, best, records, ended } = numbers;
        let taker = match taker {
            TakerKind::Stepper(mut state) => {
                for (name, vector) in vectors(&mut state) {
                    vector.entries = entries.remove(name).ok_or_else(|| format!("is damaged ({name} is missing)"))?;
                }
                TakerState::Stepper(state)
            }
            TakerKind::Optimizer => TakerState::Optimizer(optimizer),
            TakerKind::Nothing => TakerState::None,
        };
        Ok(Self { run, step, seconds, weights, taker, batches, best, records, ended })
    }
}

/// The vectors of a stepper by the names that they have in a file.
fn vectors(state: &mut StepperState) -> impl Iterator<Item = (&'static str, &mut Accumulated)> {
    let named = [("momentum", &mut state.momentum), ("second moments", &mut state.second_moments)];
    named.into_iter().filter_map(|(name, vector)| Some((name, vector.as_mut()?)))
}

/// A checksum of everything in a file, in the order of the names.
fn checksum<'a>(numbers: &str, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(numbers.as_bytes());
    for (name, bytes) in tensors {
        hasher.update(name.as_bytes());
        hasher.update(bytes);
    }
    format!("{:08x}", hasher.finalize())
}

/// The weights of a run that is over.
pub const WEIGHTS: &str = "model.safetensors";

/// The file of the best one of a folder.
pub fn best_file(folder: &Path) -> PathBuf {
    folder.join(BEST)
}

/// Where a run's checkpoints are.
pub fn folder(run: &Path) -> PathBuf {
    run.join("checkpoints")
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
