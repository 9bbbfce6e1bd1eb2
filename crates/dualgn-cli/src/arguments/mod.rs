//! The command line. Documentation comments here are what `--help` prints.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::device::DeviceName;
use crate::fields::Activation;
use crate::geometry::{Format, Sampling};
use crate::problem::{LossName, ProblemName};
use crate::topic::Topic;
use crate::train::{Method, ModelName};

/// Dual Gauss-Newton directions for deep learning: train, compare, report.
#[derive(Debug, Parser)]
#[command(name = "dualgn", version, max_term_width = 110)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, for as long as the program runs")]
pub enum Command {
    /// Trains one network by several methods, from the same weights on the same batches, and writes a report
    Compare(Compare),
    /// Trains one network by one method, and writes its weights and a report
    Train(Train),
    /// Goes on with a run of `train` from its last checkpoint, to the same weights as if it had not been stopped
    Resume(Resume),
    /// Lists the methods: their pieces, and whose they are
    Methods,
    /// Lists the problems: their data, network, losses and defaults
    Problems,
    /// Lists Burn's operations and what becomes of each: a rule, parts, a value, or a refusal with its reason
    Ops,
    /// Prints a problem's network, operation by operation: rule, use site, and whether the examples of a batch mix
    Check(Check),
    /// Times a direction of a network by each route, estimate beside measurement, and says which one is taken
    Cost(Cost),
}

/// `dualgn cost`.
#[derive(Debug, Args)]
pub struct Cost {
    /// A problem (`dualgn problems` describes them), or a run of `train`: its folder or its `configuration.json`
    #[arg(value_name = "PROBLEM|RUN", value_parser = Priced::parse)]
    pub subject: Priced,
    /// The network: the problem's dense layers, or a small convolutional network for the images  [default: mlp]
    #[arg(long, value_enum)]
    pub network: Option<NetworkName>,
    /// Examples in a batch  [default: 64, or the run's]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch: Option<u32>,
    /// Memory for matrices and what they are made of, in MiB  [default: half of what is free]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub memory: Option<u32>,
    /// Where tensors live; all but `flex` need the feature of the same name  [default: flex, or the run's]
    #[arg(long, value_enum)]
    pub device: Option<DeviceName>,
}

/// Whose directions are timed.
#[derive(Clone, Debug, PartialEq)]
pub enum Priced {
    /// A problem's, on its usual network.
    Problem(ProblemName),
    /// A run's.
    Run(PathBuf),
}

impl Priced {
    fn parse(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        match ProblemName::from_str(text, false) {
            Ok(problem) => Ok(Self::Problem(problem)),
            Err(_) if path.exists() => Ok(Self::Run(path)),
            Err(_) => {
                let names: Vec<_> = ProblemName::ALL.iter().map(|problem| problem.name()).collect();
                Err(format!(
                    "there is neither a problem of this name ({}) nor a run in such a folder",
                    names.join(", ")
                ))
            }
        }
    }
}

/// The network of `dualgn cost`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum NetworkName {
    /// Dense layers
    #[default]
    Mlp,
    /// Two convolutions with pooling, and a dense layer
    Cnn,
}

/// `dualgn check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The problem; `dualgn problems` describes them
    pub problem: ProblemName,
    /// Examples in the batch that is traced  [default: 32]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch: Option<u32>,
    /// Where tensors live; all but `flex` need the feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
}

/// `dualgn compare`.
#[derive(Debug, Args)]
pub struct Compare {
    /// The problem; `dualgn problems` describes them
    pub problem: Topic,
    /// Methods, separated by commas  [default: sgd, adam, and both on the directions of the model]
    #[arg(long, value_delimiter = ',', value_enum)]
    pub methods: Option<Vec<Method>>,
    /// The model of the loss that directions come from  [default: quadratic; prox-linear for losses without curvature]
    #[arg(long, value_enum, conflicts_with = "methods")]
    pub model: Option<ModelName>,
    /// Options shared with `train`.
    #[command(flatten)]
    pub run: Run,
}

/// `dualgn train`.
#[derive(Debug, Args)]
pub struct Train {
    /// The problem; `dualgn problems` describes them
    pub problem: Topic,
    /// The method; `dualgn methods` describes them  [default: guarded steps on the directions of the model]
    #[arg(long, value_enum)]
    pub method: Option<Method>,
    /// The model of the loss that directions come from  [default: quadratic; prox-linear for losses without curvature]
    #[arg(long, value_enum, conflicts_with = "method")]
    pub model: Option<ModelName>,
    /// Learning rate, or the longest step of a search; without it, the method's own, or the best of a small grid after a short
    /// trial
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// Seconds between checkpoints at least; 0 writes one after every step
    #[arg(long, default_value_t = 10.0, value_parser = seconds, allow_negative_numbers = true)]
    pub checkpoint: f64,
    /// Options shared with `compare`.
    #[command(flatten)]
    pub run: Run,
}

/// `dualgn resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// The folder of the run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Show nothing but the result
    #[arg(long)]
    pub quiet: bool,
    /// Print the result as JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Options of every run.
#[derive(Clone, Debug, Args)]
pub struct Run {
    /// The loss; `dualgn problems` lists those that fit each problem  [default: the problem's]
    #[arg(long, value_enum)]
    pub loss: Option<LossName>,
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
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
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
    #[arg(long, default_value_t = 30)]
    pub iterations: u32,
    /// Duality gap that prox-linear directions come down to, for each unit of the decrease that the dual promises; the
    /// report counts the steps of all methods against it
    #[arg(long, default_value_t = 1e-3, value_parser = positive, allow_negative_numbers = true)]
    pub gap: f64,
    /// Inner iterations of a prox-linear direction at most, unless they bring no decrease: then ten times as many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub inner: u32,
    /// Memory for matrices and what they are made of, in MiB  [default: half of what is free]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub memory: Option<u32>,
    /// Examples of a batch that go through the network at once when a direction is made, where all of them need too much memory
    /// [default: all]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub micro_batch: Option<u32>,
    /// Folder with the data of the problems that are not in the program: `concrete.csv`, or the four MNIST files
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Use only so many training examples (and as many test examples) of `mnist`
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Folder for the results  [default: runs/COMMAND-PROBLEM, with -LOSS if it is not the problem's]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where tensors live; all but `flex` need the feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
    /// Show nothing but the result
    #[arg(long)]
    pub quiet: bool,
    /// Print the result as JSON instead of a table
    #[arg(long)]
    pub json: bool,
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
    #[arg(long, value_parser = clap::value_parser!(u32).range(10..))]
    pub points: Option<u32>,
    /// How points are spread
    #[arg(long, value_enum, default_value_t)]
    pub sampling: Sampling,
    /// Steps after which points are drawn anew; 0 keeps them
    #[arg(long, default_value_t = 0)]
    pub resample: u32,
    /// Draw more points where residuals are large, whenever they are drawn anew
    #[arg(long, requires = "resample")]
    pub adaptive: bool,
    /// Build the boundary values into the network instead of fitting them; for poisson1d and poisson2d
    #[arg(long)]
    pub hard: bool,
    /// Widths of the hidden layers, separated by commas  [default: the problem's]
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    pub hidden: Option<Vec<u32>>,
    /// What stands between the layers  [default: the problem's]
    #[arg(long, value_enum)]
    pub activation: Option<Activation>,
    /// Write an animated picture of training, `movie.png`
    #[arg(long)]
    pub movie: bool,
    /// The file of the surface that comes out
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Grid points along an axis from which that surface is made
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(8..=512))]
    pub resolution: u32,
}

impl FieldOptions {
    /// As they are if nothing is said.
    pub fn unset() -> Self {
        Self { resolution: 128, ..Self::default() }
    }
}

/// How the dual system is solved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SolverName {
    /// Exactly where that is cheap, else by conjugate gradient
    #[default]
    Auto,
    /// Exactly, from the assembled Gram matrix
    Cholesky,
    /// By conjugate gradient, matrix-free
    Cg,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("a number of seconds is needed, at least 0".into()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("a positive number is needed".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    fn compare(arguments: &[&str]) -> Result<Compare, clap::Error> {
        let arguments = ["dualgn", "compare", "digits"].iter().chain(arguments);
        let Command::Compare(compare) = Arguments::try_parse_from(arguments)?.command else { panic!() };
        Ok(compare)
    }

    #[test]
    fn compare_takes_methods_or_a_model() {
        let plain = compare(&[]).unwrap();
        assert_eq!((plain.methods, plain.model, plain.run.loss), (None, None, None));
        let some = compare(&["--methods", "adam,prox-linear-adam", "--seconds", "3"]).unwrap();
        assert_eq!(some.methods.unwrap(), ["adam", "prox-linear-adam"].map(|name| Method::named(name).unwrap()));
        assert_eq!(some.run.seconds, Some(3.0));
        assert!(compare(&["--methods", "adam", "--model", "fgn"]).is_err());
    }

    #[test]
    fn losses_and_the_accuracy_of_directions_are_taken() {
        let plain = compare(&[]).unwrap().run;
        assert_eq!((plain.gap, plain.inner), (1e-3, 100));
        let options = ["--loss", "multiclass-hinge", "--model", "prox-linear", "--gap", "1e-5", "--inner", "7"];
        let hinge = compare(&options).unwrap();
        assert_eq!((hinge.run.loss, hinge.model), (Some(LossName::MulticlassHinge), Some(ModelName::ProxLinear)));
        assert_eq!((hinge.run.gap, hinge.run.inner), (1e-5, 7));
        for bad in [["--gap", "0"], ["--inner", "0"], ["--loss", "hing"], ["--model", "exact"]] {
            assert!(compare(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn train_takes_a_method_or_a_model() {
        let train = |arguments: &[&'static str]| {
            let Command::Train(train) =
                Arguments::try_parse_from(["dualgn", "train", "digits"].iter().chain(arguments))?.command
            else {
                panic!()
            };
            Ok::<_, clap::Error>((train.method, train.model))
        };
        assert_eq!(train(&[]).unwrap(), (None, None));
        assert_eq!(train(&["--model", "fgn"]).unwrap(), (None, Some(ModelName::Fgn)));
        let fgn = Method::named("fgn-sgd").unwrap();
        assert_eq!(train(&["--method", "fgn-sgd"]).unwrap(), (Some(fgn), None));
        assert!(train(&["--method", "adam", "--model", "fgn"]).is_err());
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        for bad in [["--epochs", "0"], ["--damping", "-1"], ["--batch", "0"], ["--seconds", "nan"], ["--rate", "inf"]] {
            let arguments = [["dualgn", "train"], ["digits", "--seed"], ["1", bad[0]]].concat();
            assert!(Arguments::try_parse_from(arguments.into_iter().chain([bad[1]])).is_err(), "{bad:?}");
        }
    }
}
