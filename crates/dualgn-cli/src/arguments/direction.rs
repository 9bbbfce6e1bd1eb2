//! [`Direction`]: the command for other programs.

use std::path::PathBuf;

use clap::Args;
use dualgn_train::ModelName;
use dualgn_train::problem::LossName;

use super::SolverName;
use super::run::{output, positive, whole};
use crate::choice::choice;
use crate::device::DeviceName;

/// `dualgn direction`.
#[derive(Debug, Args)]
pub(crate) struct Direction {
    /// The network, described in a TOML file
    #[arg(value_name = "NETWORK")]
    pub network: PathBuf,
    /// The weights of the network: .safetensors, or a PyTorch state dict (.pt). Their precision, single or double, is the precision
    /// of the computation
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// The batch, an NPZ file with two arrays: inputs `x` of shape `[m, ..]`, and targets `y`, which are classes `[m]` or numbers
    /// `[m]` or `[m, k]`
    #[arg(long, value_name = "FILE")]
    pub batch: PathBuf,
    /// The loss
    #[arg(long, value_parser = choice::<LossName>())]
    pub loss: LossName,
    /// The quantile for `--loss quantile`
    #[arg(long, default_value_t = 0.5, value_name = "LEVEL")]
    pub quantile: f64,
    /// The model of the loss in the subproblem  [default: quadratic; prox-linear for losses without curvature]
    #[arg(long, value_parser = choice::<ModelName>())]
    pub model: Option<ModelName>,
    /// The damping λ of the direction
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub damping: f64,
    /// Solver of the dual system
    #[arg(long, value_enum, default_value_t)]
    pub solver: SolverName,
    /// Maximum number of iterations of `--solver cg`, or of the prox-linear solver
    #[arg(long, default_value_t = 100, value_parser = whole(1..))]
    pub iterations: u32,
    /// Relative residual, or relative duality gap, at which the iterations stop
    #[arg(long, default_value_t = 1e-10, value_parser = positive, allow_negative_numbers = true)]
    pub accuracy: f64,
    /// Also write the Gram matrix
    #[arg(long)]
    pub gram: bool,
    /// Memory for matrices, in MiB  [default: half of the free memory]
    #[arg(long, value_parser = whole(1..))]
    pub memory: Option<u32>,
    /// The file to write the result to, .npz or .safetensors
    #[arg(long, value_parser = output(), value_name = "FILE")]
    pub out: PathBuf,
    /// Device to compute on; every device except `flex` needs the Cargo feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
}
