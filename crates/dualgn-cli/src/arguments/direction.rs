//! [`Direction`]: the command for other programs.

use std::path::PathBuf;

use clap::Args;
use dualgn_train::ModelName;
use dualgn_train::problem::LossName;

use super::SolverName;
use super::run::{positive, whole};
use crate::choice::choice;
use crate::device::DeviceName;

/// `dualgn direction`.
#[derive(Debug, Args)]
pub struct Direction {
    /// The network, a TOML file
    #[arg(value_name = "NETWORK")]
    pub network: PathBuf,
    /// Its weights: .safetensors, or a state dict of PyTorch, .pt; single or double precision, in which all is computed
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// The batch, an NPZ file: `x`, `[m, ..]`, and `y`, classes `[m]` or numbers `[m]` or `[m, k]`
    #[arg(long, value_name = "FILE")]
    pub batch: PathBuf,
    /// The loss
    #[arg(long, value_parser = choice::<LossName>())]
    pub loss: LossName,
    /// The quantile of `--loss quantile`
    #[arg(long, default_value_t = 0.5, value_name = "LEVEL")]
    pub quantile: f64,
    /// The model of the loss  [default: quadratic; prox-linear for losses without curvature]
    #[arg(long, value_parser = choice::<ModelName>())]
    pub model: Option<ModelName>,
    /// The damping
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub damping: f64,
    /// How the dual system is solved
    #[arg(long, value_enum, default_value_t)]
    pub solver: SolverName,
    /// Iterations of `--solver cg`, or of the prox-linear model
    #[arg(long, default_value_t = 100, value_parser = whole(1..))]
    pub iterations: u32,
    /// Relative residual or duality gap at which iterations stop
    #[arg(long, default_value_t = 1e-10, value_parser = positive, allow_negative_numbers = true)]
    pub accuracy: f64,
    /// Write the Gram matrix too
    #[arg(long)]
    pub gram: bool,
    /// Memory for matrices, in MiB  [default: half of what is free]
    #[arg(long, value_parser = whole(1..))]
    pub memory: Option<u32>,
    /// Where the result goes, .npz or .safetensors
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Where tensors live; all but `flex` need the feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
}
