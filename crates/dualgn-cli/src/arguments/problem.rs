//! [`ProblemOptions`]: the options of the problems that the program knows.

use std::path::PathBuf;

use clap::Args;
use dualgn_fields::Activation;
use dualgn_fields::geometry::{Format, Sampling};
use serde::{Deserialize, Serialize};

use super::run::whole;
use crate::choice::choice;

/// Options of problems.
#[derive(Clone, Debug, Args)]
pub struct ProblemOptions {
    /// Folder with the data of the problems that are not in the program: `concrete.csv`, or the four MNIST files
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Use only so many training examples (and as many test examples) of `mnist`
    #[arg(long, value_parser = whole(1..))]
    pub limit: Option<u32>,
    /// Options of equations and shapes.
    #[command(flatten)]
    pub field: FieldOptions,
}

/// Options of equations and shapes.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Equations and shapes")]
pub struct FieldOptions {
    /// The surface of `shape`: closed, of triangles, in a file that ends in .ply, .obj or .stl; or points with normals, .xyz
    #[arg(long, value_name = "FILE")]
    pub mesh: Option<PathBuf>,
    /// Points of all terms together, shared out as the problem's own are  [default: the problem's]
    #[arg(long, value_parser = whole(10..))]
    pub points: Option<u32>,
    /// How points are spread
    #[arg(long, value_parser = choice::<Sampling>(), default_value_t)]
    pub sampling: Sampling,
    /// Steps after which points are drawn anew; 0 keeps them
    #[arg(long, default_value_t = 0, value_parser = whole(0..))]
    pub resample: u32,
    /// Draw more points where residuals are large, whenever they are drawn anew
    #[arg(long, requires = "resample")]
    pub adaptive: bool,
    /// Build the boundary values into the network instead of fitting them; for poisson1d and poisson2d
    #[arg(long)]
    pub hard: bool,
    /// Widths of the hidden layers, separated by commas  [default: the problem's]
    #[arg(long, value_delimiter = ',', value_parser = whole(1..))]
    pub hidden: Option<Vec<u32>>,
    /// What stands between the layers  [default: the problem's]
    #[arg(long, value_parser = choice::<Activation>())]
    pub activation: Option<Activation>,
    /// Write an animated picture of training, `movie.png`
    #[arg(long)]
    pub movie: bool,
    /// The file of the surface that comes out
    #[arg(long, value_parser = choice::<Format>(), default_value_t)]
    pub format: Format,
    /// Leave that surface in the cube in which it is learnt, [-0.9, 0.9]³, instead of where its file has it
    #[arg(long)]
    #[serde(default)]
    pub normalised: bool,
    /// Grid points along an axis from which that surface is made
    #[arg(long, default_value_t = 128, value_parser = whole(8..=512))]
    pub resolution: u32,
}

impl FieldOptions {
    /// As they are if nothing is said.
    pub fn unset() -> Self {
        Self { resolution: 128, ..Self::default() }
    }
}
