//! [`Run`]: the options of everything that trains.

use std::ops::{Bound, RangeBounds};
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use dualgn_networks::NetworkChoice;
use dualgn_train::problem::LossName;
use serde::{Deserialize, Serialize};

use crate::choice::choice;
use crate::device::DeviceName;

/// Options of every run.
#[derive(Clone, Debug, Args)]
pub(crate) struct Run {
    /// The loss (`dualgn problems` lists the losses that fit each problem)  [default: the problem's, or by the kind of target]
    #[arg(long, value_parser = choice::<LossName>())]
    pub loss: Option<LossName>,
    /// The quantile for `--loss quantile`, between 0 and 1
    #[arg(long, default_value_t = 0.5, value_parser = level, value_name = "LEVEL")]
    pub quantile: f64,
    /// Network to use: a TOML file, or one of mlp, resnet-tabular, siren, cnn, lenet  [default: the problem's, or mlp]
    #[arg(long, value_parser = NetworkChoice::parse, value_name = "FILE|NAME")]
    pub network: Option<NetworkChoice>,
    /// Initial weights of the network: .safetensors, or a PyTorch state dict (.pt)  [default: random weights]
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Passes over the training examples  [default: the problem's]
    #[arg(long, value_parser = positive, allow_negative_numbers = true, conflicts_with = "seconds")]
    pub epochs: Option<f64>,
    /// Training time per method in seconds, without evaluations; replaces the number of epochs
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub seconds: Option<f64>,
    /// Stop early when the training loss reaches this value
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub target_loss: Option<f64>,
    /// Examples per batch  [default: the problem's]
    #[arg(long, value_parser = whole(1..))]
    pub batch: Option<u32>,
    /// Seed of the initial weights and of the order of the batches
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Damping of the Gauss-Newton directions, as a multiple of the batch's loss  [default: by problem and method]
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub damping: Option<f64>,
    /// Solver of the dual system
    #[arg(long, value_enum, default_value_t)]
    pub solver: SolverName,
    /// Maximum number of conjugate-gradient iterations per direction, for `--solver cg`
    #[arg(long, default_value_t = 30, value_parser = whole(0..))]
    pub iterations: u32,
    /// Relative duality gap at which the solver of a prox-linear direction stops. The report says, for each method, how many
    /// steps were solved to this gap
    #[arg(long, default_value_t = 1e-3, value_parser = positive, allow_negative_numbers = true)]
    pub gap: f64,
    /// Maximum number of inner iterations per prox-linear direction; ten times as many if these bring no decrease
    #[arg(long, default_value_t = 100, value_parser = whole(1..))]
    pub inner: u32,
    /// Memory for matrices and the arrays they are computed from, in MiB; a table that needs more is read from disk, batch by
    /// batch  [default: half of the free memory]
    #[arg(long, value_parser = whole(1..))]
    pub memory: Option<u32>,
    /// Number of examples that pass through the network at once when a direction is computed; for batches that need too much
    /// memory as a whole  [default: all]
    #[arg(long, value_parser = whole(1..))]
    pub micro_batch: Option<u32>,
    /// Folder for the results  [default: runs/COMMAND-NAME, with -LOSS for a loss other than the default, and a number if
    /// that folder holds a run]
    #[arg(long, value_parser = output(), value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace the run in that folder once the new run is finished
    #[arg(long)]
    pub overwrite: bool,
    /// Device to compute on; every device except `flex` needs the Cargo feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
    /// Print only the result
    #[arg(long)]
    pub quiet: bool,
    /// Print the result as JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// How the dual system is solved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SolverName {
    /// Exact where that is cheap, otherwise conjugate gradient
    #[default]
    Auto,
    /// Exact, by factorisation of the assembled system
    Cholesky,
    /// Conjugate gradient, matrix-free
    Cg,
}

/// Seconds of a hundred years, more than any clock here is asked for.
const LONGEST: f64 = 3.2e9;

/// A parser of the name of a file or folder to write.
pub(super) fn output() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.to_str() {
        Some("-") => Err("`-` does not stand for standard output here; a file or folder of that name is `./-`"),
        _ => Ok(path),
    })
}

/// A parser of whole numbers in a range.
pub(super) fn whole<R>(range: R) -> impl Fn(&str) -> Result<u32, String> + Clone
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

pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=LONGEST).contains(&value) => Ok(value),
        _ => Err(format!("a number of seconds is needed, from 0 to {LONGEST:e}")),
    }
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
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
