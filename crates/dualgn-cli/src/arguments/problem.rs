//! [`ProblemOptions`]: the options of the problems that the program knows.

use std::path::PathBuf;

use clap::Args;
#[cfg(feature = "fields")]
use dualgn_fields::geometry::{Format, Sampling};
#[cfg(feature = "fields")]
use dualgn_fields::{EquationFile, SmoothActivation, Statement};
#[cfg(feature = "fields")]
use dualgn_io::files;
use serde::{Deserialize, Serialize};

use super::run::whole;
#[cfg(feature = "fields")]
use crate::choice::choice;
use crate::topic::Topic;

/// Options of problems.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProblemOptions {
    /// Folder with the data of the problems that are not built in: `concrete.csv`, or the four MNIST files
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Use at most this many training examples, and at most this many test examples, of `mnist`
    #[arg(long, value_parser = whole(1..))]
    pub limit: Option<u32>,
    /// Options of equations and shapes.
    #[command(flatten)]
    pub field: FieldOptions,
}

#[cfg(feature = "fields")]
/// Options of equations and shapes.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Equations and shapes")]
pub(crate) struct FieldOptions {
    /// The surface for `shape`: a closed triangle mesh in a .ply, .obj or .stl file, or points with normals in a .xyz file
    #[arg(long, value_name = "FILE")]
    pub mesh: Option<PathBuf>,
    /// Total number of points, divided among the terms in the proportions of the problem  [default: the problem's]
    #[arg(long, value_parser = whole(10..))]
    pub points: Option<u32>,
    /// How points are sampled  [default: the problem's, mostly sobol]
    #[arg(long, value_parser = choice::<Sampling>())]
    pub sampling: Option<Sampling>,
    /// Number of steps after which the points are drawn anew; 0 keeps the same points  [default: the problem's, mostly 0]
    #[arg(long, value_parser = whole(0..))]
    pub resample: Option<u32>,
    /// Draw more points where residuals are large, each time that points are drawn anew
    #[arg(long)]
    pub adaptive: bool,
    /// Build all conditions that give the value of an unknown into the network, instead of fitting them
    #[arg(long)]
    pub hard: bool,
    /// Widths of the hidden layers, separated by commas  [default: the problem's]
    #[arg(long, value_delimiter = ',', value_parser = whole(1..))]
    pub hidden: Option<Vec<u32>>,
    /// Activation function of the hidden layers  [default: the problem's]
    #[arg(long, value_parser = choice::<SmoothActivation>())]
    pub activation: Option<SmoothActivation>,
    /// Write an animation of the training, `movie.png`
    #[arg(long)]
    pub movie: bool,
    /// File format of the fitted surface
    #[arg(long, value_parser = choice::<Format>(), default_value_t)]
    pub format: Format,
    /// Write the fitted surface in the normalised cube [-0.9, 0.9]³, in which it is learnt, instead of the coordinates of its file
    #[arg(long)]
    #[serde(default)]
    pub normalised: bool,
    /// Grid points along each axis for the extraction of the fitted surface
    #[arg(long, default_value_t = 128, value_parser = whole(8..=512))]
    pub resolution: u32,
    /// The file of the equations as it was when the run began.
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equations: Option<EquationFile>,
}

#[cfg(feature = "fields")]
impl FieldOptions {
    /// The options without any argument.
    pub(crate) fn unset() -> Self {
        Self { resolution: 128, ..Self::default() }
    }

    /// The same from any folder.
    pub(crate) fn absolute(&self) -> Self {
        Self { mesh: self.mesh.as_deref().map(files::absolute), ..self.clone() }
    }

    /// The same with the equations of a file, if a topic is one.
    pub(crate) fn of(self, topic: &Topic) -> Self {
        let equations = match topic {
            Topic::Field(Statement::File(file)) => Some(file.clone()),
            _ => None,
        };
        Self { equations, ..self }
    }

    /// What the command line checks, by the names of options.
    pub(crate) fn words(&self) -> Vec<(&'static str, Option<String>)> {
        let widths = |widths: &Vec<u32>| widths.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        vec![
            ("points", self.points.map(|value| value.to_string())),
            ("resolution", Some(self.resolution.to_string())),
            ("hidden", self.hidden.as_ref().map(widths)),
        ]
    }
}

/// There are no options where there are no equations and shapes.
#[cfg(not(feature = "fields"))]
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
pub(crate) struct FieldOptions {}

#[cfg(not(feature = "fields"))]
impl FieldOptions {
    /// As they are.
    pub(crate) fn unset() -> Self {
        Self {}
    }

    /// The same from any folder.
    pub(crate) fn absolute(&self) -> Self {
        Self {}
    }

    /// The same: there are no equations.
    pub(crate) fn of(self, _: &Topic) -> Self {
        self
    }

    /// Nothing to check.
    pub(crate) fn words(&self) -> Vec<(&'static str, Option<String>)> {
        vec![]
    }
}
