//! The command line. Documentation comments here are what `--help` prints.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::device::DeviceName;
use crate::problem::ProblemName;
use crate::train::MethodName;

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
pub enum Command {
    /// Trains one network by several methods, from the same weights on the same batches, and writes a report
    Compare(Compare),
    /// Trains one network by one method, and writes its weights and a report
    Train(Train),
    /// Lists the problems: their data, network and defaults
    Problems,
    /// Lists Burn's operations and what becomes of each: a rule, parts, a value, or a refusal with its reason
    Ops,
    /// Prints a problem's network, operation by operation: rule, use site, and whether the examples of a batch mix
    Check(Check),
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
    pub problem: ProblemName,
    /// Methods, separated by commas
    #[arg(long, value_delimiter = ',', default_values = ["sgd", "adam", "dual-gn-sgd", "dual-gn-adam"])]
    pub methods: Vec<MethodName>,
    /// Options shared with `train`.
    #[command(flatten)]
    pub run: Run,
}

/// `dualgn train`.
#[derive(Debug, Args)]
pub struct Train {
    /// The problem; `dualgn problems` describes them
    pub problem: ProblemName,
    /// The method
    #[arg(long, default_value = "dual-gn-adam")]
    pub method: MethodName,
    /// Learning rate; without it, the best of a small grid after a short trial
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// Options shared with `compare`.
    #[command(flatten)]
    pub run: Run,
}

/// Options of every run.
#[derive(Clone, Debug, Args)]
pub struct Run {
    /// Passes over the training examples  [default: the problem's]
    #[arg(long, value_parser = positive, allow_negative_numbers = true, conflicts_with = "seconds")]
    pub epochs: Option<f64>,
    /// Seconds of training for each method, evaluations excluded, instead of a number of epochs
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    pub seconds: Option<f64>,
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
    /// Memory for the Gram matrix and its parts, in MiB
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u32).range(1..))]
    pub memory: u32,
    /// Folder with the four MNIST files, for the problem `mnist`
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Use only so many training examples (and as many test examples) of `mnist`
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Folder for the results  [default: runs/COMMAND-PROBLEM]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where tensors live; all but `flex` need the feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
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

    #[test]
    fn compare_takes_all_four_methods_unless_told() {
        let Command::Compare(compare) = Arguments::parse_from(["dualgn", "compare", "digits"]).command else {
            panic!()
        };
        assert_eq!(compare.methods.len(), 4);
        let arguments = ["dualgn", "compare", "digits", "--methods", "adam,dual-gn-adam", "--seconds", "3"];
        let Command::Compare(compare) = Arguments::parse_from(arguments).command else { panic!() };
        assert_eq!(compare.methods, [MethodName::Adam, MethodName::DualGnAdam]);
        assert_eq!(compare.run.seconds, Some(3.0));
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        for bad in [["--epochs", "0"], ["--damping", "-1"], ["--batch", "0"], ["--seconds", "nan"], ["--rate", "inf"]] {
            let arguments = [["dualgn", "train"], ["digits", "--seed"], ["1", bad[0]]].concat();
            assert!(Arguments::try_parse_from(arguments.into_iter().chain([bad[1]])).is_err(), "{bad:?}");
        }
    }
}
