//! The command line. Documentation comments here are what `--help` prints.

mod describe;
mod direction;
mod problem;
mod run;
#[cfg(feature = "tables")]
mod table;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
pub(crate) use describe::{Completions, Init, Man, Report, Validate};
pub(crate) use direction::Direction;
use dualgn_networks::NetworkChoice;
use dualgn_train::problem::ProblemName;
use dualgn_train::{Method, ModelName};
pub(crate) use problem::{FieldOptions, ProblemOptions};
pub(crate) use run::{Run, SolverName};
use run::{positive, seconds, whole};
#[cfg(feature = "tables")]
pub(crate) use table::{Evaluate, Explain, Export, Fit, Predict, TableOptions};

use crate::choice::{choice, method};
use crate::device::DeviceName;
use crate::topic::{Topic, TopicParser};

/// Dual Gauss-Newton directions for deep learning: train, compare, report.
#[derive(Debug, Parser)]
#[command(name = "dualgn", version, max_term_width = 110)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[cfg_attr(not(feature = "tables"), expect(clippy::large_enum_variant, reason = "there is one value of it"))]
pub(crate) enum Command {
    /// Learns to predict a column of your table, and writes the model, its test results and a report
    #[cfg(feature = "tables")]
    Fit(Fit),
    /// Predicts the target of each row of a table with a model of `fit`, or computes a solution of `solve` at points
    #[cfg(feature = "tables")]
    Predict(Predict),
    /// Tests a model of `fit` on a table that has the target column
    #[cfg(feature = "tables")]
    Evaluate(Evaluate),
    /// Trains one network by several methods, from the same weights on the same batches, and writes a report that compares them
    Compare(Compare),
    /// Trains one network by one method, and writes its weights and a report
    Train(Train),
    /// Solves the equations of a file, or those of a problem, and writes the solution, pictures of it and a report
    #[cfg(feature = "fields")]
    Solve(Solve),
    /// Resumes a run of `train`, `solve` or `fit` from its last checkpoint; the final weights are those of an uninterrupted run
    Resume(Resume),
    /// Rewrites the report of a run from its records, without the pictures of equations and shapes
    Report(Report),
    /// Exports a model of `fit` to ONNX, for other runtimes
    #[cfg(feature = "tables")]
    Export(Export),
    /// Explains a run: spectrum of the Gram matrix, angle to the gradient, layers, damping, iterations, and one prediction
    #[cfg(feature = "tables")]
    Explain(Explain),
    /// Computes a direction for another program: reads network, weights and batch from files, and writes the direction to a file
    Direction(Direction),
    /// Writes a configuration for `fit FILE` or `train FILE`, with every option as a comment, or equations for `solve FILE`
    Init(Init),
    /// Checks the configuration of a run, the description of a network, or equations
    Validate(Validate),
    /// Prints the JSON schema of configurations, for editors
    Schema,
    /// Lists the methods with their components and their sources
    Methods,
    /// Lists the problems with their data, networks, losses and defaults
    Problems,
    /// Lists Burn's operations and how each is treated: by a rule, by its parts, as a value, or refused with the reason
    Ops,
    /// Prints each operation of a network, with its rule, its place and whether it mixes examples; then time and memory of each route
    Check(Check),
    /// Estimates and measures the time of a direction of a network by each route, and marks the route that `Auto` takes
    Cost(Cost),
    /// Prints a script that completes commands and options in a shell
    Completions(Completions),
    /// Prints the manual page, or writes one manual page per command
    Man(Man),
}

impl Command {
    /// Lets the results of a run go into a folder; whether this is a command that makes a run.
    pub(crate) fn set_out(&mut self, folder: PathBuf) -> bool {
        let run = match self {
            #[cfg(feature = "tables")]
            Self::Fit(fit) => &mut fit.run,
            Self::Train(train) => &mut train.run,
            #[cfg(feature = "fields")]
            Self::Solve(solve) => &mut solve.run,
            Self::Compare(compare) => &mut compare.run,
            _ => return false,
        };
        run.out = Some(folder);
        true
    }
}

/// `dualgn cost`.
#[derive(Debug, Args)]
pub(crate) struct Cost {
    /// A problem (`dualgn problems` describes them), or a run of `train`, given by its folder or its `configuration.json`
    #[arg(value_name = "PROBLEM|RUN", value_parser = Priced::parse)]
    pub subject: Priced,
    /// Network to use instead of the problem's, not for a run: a TOML file, or one of mlp, resnet-tabular, siren, cnn,
    /// lenet  [default: the problem's]
    #[arg(long, value_parser = NetworkChoice::parse, value_name = "FILE|NAME")]
    pub network: Option<NetworkChoice>,
    /// Examples per batch  [default: 64, or the run's]
    #[arg(long, value_parser = whole(1..))]
    pub batch: Option<u32>,
    /// Memory for matrices and the arrays they are computed from, in MiB  [default: half of the free memory]
    #[arg(long, value_parser = whole(1..))]
    pub memory: Option<u32>,
    /// Device to compute on; every device except `flex` needs the Cargo feature of the same name  [default: flex, or the
    /// run's]
    #[arg(long, value_enum)]
    pub device: Option<DeviceName>,
}

/// Whose directions are timed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Priced {
    /// A problem's, on its usual network.
    Problem(ProblemName),
    /// A run's.
    Run(PathBuf),
}

impl Priced {
    fn parse(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        match text.parse::<ProblemName>() {
            Ok(problem) => Ok(Self::Problem(problem)),
            Err(_) if path.exists() => Ok(Self::Run(path)),
            Err(_) if text.parse::<Topic>().is_ok() => Err(format!(
                "equations and shapes are timed by their runs: `dualgn train {text}`, then `dualgn cost` with its folder"
            )),
            Err(_) => {
                Err(format!("there is neither a problem of this name ({}) nor a run in such a folder", problem_names()))
            }
        }
    }
}

/// `dualgn check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// A problem, a network in a TOML file that states the shape of its `input`, or the model of a run of `fit`
    #[arg(value_name = "PROBLEM|NETWORK|MODEL", value_parser = Checked::parse)]
    pub subject: Checked,
    /// Network to use instead of the problem's default: a TOML file, or one of mlp, resnet-tabular, siren, cnn,
    /// lenet  [default: the problem's]
    #[arg(long, value_parser = NetworkChoice::parse, value_name = "FILE|NAME")]
    pub network: Option<NetworkChoice>,
    /// Examples in the traced batch  [default: 32]
    #[arg(long, value_parser = whole(1..))]
    pub batch: Option<u32>,
    /// Memory for matrices and the arrays they are computed from, in MiB  [default: half of the free memory]
    #[arg(long, value_parser = whole(1..))]
    pub memory: Option<u32>,
    /// Device to compute on; every device except `flex` needs the Cargo feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
}

/// Whose network is checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Checked {
    /// A problem's.
    Problem(ProblemName),
    /// That of a file.
    Network(PathBuf),
    /// That of a model.
    #[cfg(feature = "tables")]
    Model(PathBuf),
}

impl Checked {
    fn parse(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        match text.parse::<ProblemName>() {
            Ok(problem) => Ok(Self::Problem(problem)),
            Err(_) if text.ends_with(".toml") => Ok(Self::Network(path)),
            #[cfg(feature = "tables")]
            Err(_) if path.exists() => Ok(Self::Model(path)),
            Err(_) if text.parse::<Topic>().is_ok() => Err(format!(
                "`check` is for problems with data ({}), networks and models; {text} is an equation",
                problem_names()
            )),
            Err(_) => {
                Err(format!("there is neither a problem of this name ({}) nor such a file or folder", problem_names()))
            }
        }
    }
}

fn problem_names() -> String {
    ProblemName::ALL.iter().map(|problem| problem.name()).collect::<Vec<_>>().join(", ")
}

/// `dualgn compare`.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The problem (`dualgn problems` describes them), a file of equations, or a configuration file that ends in .toml
    #[arg(value_parser = TopicParser::all())]
    pub problem: Topic,
    /// Methods, separated by commas  [default: sgd and adam, each on gradients and on the directions of the model]
    #[arg(long, value_delimiter = ',', value_parser = method())]
    pub methods: Option<Vec<Method>>,
    /// The model of the loss from which directions are computed  [default: quadratic; prox-linear for losses without curvature]
    #[arg(long, value_parser = choice::<ModelName>(), conflicts_with = "methods")]
    pub model: Option<ModelName>,
    /// Options shared with `train` and `fit`.
    #[command(flatten)]
    pub run: Run,
    /// Options of problems.
    #[command(flatten)]
    pub options: ProblemOptions,
}

/// `dualgn train`.
#[derive(Debug, Args)]
pub(crate) struct Train {
    /// The problem (`dualgn problems` describes them), a file of equations, or a configuration file that ends in .toml
    #[arg(value_parser = TopicParser::all())]
    pub problem: Topic,
    /// Options shared with `fit`.
    #[command(flatten)]
    pub learning: Learning,
    /// Options shared with `compare` and `fit`.
    #[command(flatten)]
    pub run: Run,
    /// Options of problems.
    #[command(flatten)]
    pub options: ProblemOptions,
}

/// `dualgn solve`.
#[cfg(feature = "fields")]
#[derive(Debug, Args)]
pub(crate) struct Solve {
    /// A file of equations that ends in .toml (docs/equations.md), or the name of an equation or shape
    #[arg(value_name = "FILE|PROBLEM", value_parser = TopicParser::fields())]
    pub problem: Topic,
    /// Options shared with `train`.
    #[command(flatten)]
    pub learning: Learning,
    /// Options shared with `train` and `compare`.
    #[command(flatten)]
    pub run: Run,
    /// Options of equations and shapes.
    #[command(flatten)]
    pub field: FieldOptions,
}

/// What trains one network by one method.
#[derive(Clone, Debug, Args)]
pub(crate) struct Learning {
    /// The method (`dualgn methods` describes them)  [default: guarded steps along the directions of the model; for equations
    /// Levenberg-Marquardt with geodesic acceleration]
    #[arg(long, value_parser = method())]
    pub method: Option<Method>,
    /// The model of the loss from which directions are computed  [default: quadratic; prox-linear for losses without curvature]
    #[arg(long, value_parser = choice::<ModelName>(), conflicts_with = "method")]
    pub model: Option<ModelName>,
    /// Learning rate, or the longest step of a search  [default: the method's, or the best of a small grid in short trials]
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// Minimum number of seconds between checkpoints; 0 writes a checkpoint after every step
    #[arg(long, default_value_t = 10.0, value_parser = seconds, allow_negative_numbers = true)]
    pub checkpoint: f64,
}

/// `dualgn resume`.
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// The folder of the run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Print only the result
    #[arg(long)]
    pub quiet: bool,
    /// Print the result as JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use dualgn_train::problem::LossName;

    use super::*;

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
            Ok::<_, clap::Error>((train.learning.method, train.learning.model))
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
