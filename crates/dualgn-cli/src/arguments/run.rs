//! [`Run`]: the options of everything that trains.

use std::ops::{Bound, RangeBounds};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dualgn_networks::NetworkChoice;
use dualgn_train::problem::LossName;
use serde::{Deserialize, Serialize};

use crate::choice::choice;
use crate::device::DeviceName;

/// Options of every run.
#[derive(Clone, Debug, Args)]
pub struct Run {
    /// The loss; `dualgn problems` lists those that fit each problem  [default: the problem's, or what the target asks for]
    #[arg(long, value_parser = choice::<LossName>())]
    pub loss: Option<LossName>,
    /// The quantile that `--loss quantile` learns, between 0 and 1
    #[arg(long, default_value_t = 0.5, value_parser = level, value_name = "LEVEL")]
    pub quantile: f64,
    /// The network: a TOML file, or one of mlp, resnet-tabular, siren, cnn, lenet  [default: the problem's, or mlp]
    #[arg(long, value_parser = NetworkChoice::parse, value_name = "FILE|NAME")]
    pub network: Option<NetworkChoice>,
    /// The weights that the network starts from: .safetensors, or a state dict of PyTorch, .pt  [default: random ones]
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Passes over the training examples  [default: the problem's]
    #[arg(long, value_parser = positive, allow_negative_numbers = true, conflicts_with = "seconds")]
    pub epochs: Option<f64>,
    /// Seconds of training for each method, evaluations excluded, instead of a number of epochs
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub seconds: Option<f64>,
    /// Training loss at which to stop, if it is reached before
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub target_loss: Option<f64>,
    /// Examples in a batch  [default: the problem's]
    #[arg(long, value_parser = whole(1..))]
    pub batch: Option<u32>,
    /// Seed of the weights and of the order of batches
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Damping of the Gauss-Newton directions for each unit of the batch's loss  [default: the problem's and method's]
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub damping: Option<f64>,
    /// How the dual system is solved
    #[arg(long, value_enum, default_value_t)]
    pub solver: SolverName,
    /// Conjugate-gradient iterations of `--solver cg`
    #[arg(long, default_value_t = 30, value_parser = whole(0..))]
    pub iterations: u32,
    /// Duality gap that prox-linear directions come down to, for each unit of the decrease that the dual promises; the
    /// report counts the steps of all methods against it
    #[arg(long, default_value_t = 1e-3, value_parser = positive, allow_negative_numbers = true)]
    pub gap: f64,
    /// Inner iterations of a prox-linear direction at most, unless they bring no decrease: then ten times as many
    #[arg(long, default_value_t = 100, value_parser = whole(1..))]
    pub inner: u32,
    /// Memory for matrices and what they are made of, in MiB; a table that takes more is read from disk, batch by batch
    /// [default: half of what is free]
    #[arg(long, value_parser = whole(1..))]
    pub memory: Option<u32>,
    /// Examples of a batch that go through the network at once when a direction is made, where all of them need too much memory
    /// [default: all]
    #[arg(long, value_parser = whole(1..))]
    pub micro_batch: Option<u32>,
    /// Folder for the results  [default: runs/COMMAND-NAME, with -LOSS if it is not the usual one, and a number if a run is there]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace the run in that folder, once the new one is finished
    #[arg(long)]
    pub overwrite: bool,
    /// Where tensors live; all but `flex` need the feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
    /// Show nothing but the result
    #[arg(long)]
    pub quiet: bool,
    /// Print the result as JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// How the dual system is solved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SolverName {
    /// Exactly where that is cheap, else by conjugate gradient
    #[default]
    Auto,
    /// Exactly, from the assembled Gram matrix
    Cholesky,
    /// By conjugate gradient, matrix-free
    Cg,
}

/// Seconds of a hundred years, more than any clock here is asked for.
const LONGEST: f64 = 3.2e9;

/// A parser of whole numbers in a range.
pub fn whole<R>(range: R) -> impl Fn(&str) -> Result<u32, String> + Clone
where
    R: RangeBounds<u32> + Clone + Send + Sync + 'static,
{
    move |text| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => {
            let from = if let Bound::Included(low) = range.start_bound() { *low } else { 0 };
            let to = if let Bound::Included(high) = range.end_bound() { *high } else { u32::MAX };
            Err(format!("a whole number is needed, from {from} to {to}"))
        }
    }
}

pub fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=LONGEST).contains(&value) => Ok(value),
        _ => Err(format!("a number of seconds is needed, from 0 to {LONGEST:e}")),
    }
}

pub fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("a positive number is needed".into()),
    }
}

fn level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value < 1.0 => Ok(value),
        _ => Err("a number between 0 and 1 is needed".into()),
    }
}
