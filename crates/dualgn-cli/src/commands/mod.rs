//! The commands.

mod check;
mod columns;
mod compare;
mod configuration;
mod cost;
mod describe;
mod direction;
#[cfg(feature = "tables")]
mod explain;
#[cfg(feature = "fields")]
mod field;
#[cfg(feature = "tables")]
mod fit;
mod folder;
mod methods;
mod ops;
mod plan;
#[cfg(feature = "tables")]
mod predict;
mod problems;
mod report;
mod routes;
mod setup;
mod train;
mod training;
mod tune;

use dualgn_io::Failure;

use crate::arguments::{Arguments, Command};
use crate::{interrupt, terminal, threads};

/// Runs a command.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    interrupt::install();
    threads::start()?;
    run_command(arguments)
}

/// Reads the configuration of a run's folder.
#[cfg(all(any(test, feature = "fuzzing"), feature = "tables", feature = "fields"))]
pub(crate) fn load_configuration(run: &std::path::Path) -> Result<(), Failure> {
    configuration::Configuration::load(run).map(drop)
}

fn run_command(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        #[cfg(feature = "tables")]
        Command::Fit(arguments) => fit::fit(&arguments),
        #[cfg(feature = "tables")]
        Command::Predict(arguments) => predict::predict(&arguments),
        #[cfg(feature = "tables")]
        Command::Evaluate(arguments) => predict::evaluate(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Train(arguments) => train::train(&arguments),
        #[cfg(feature = "fields")]
        Command::Solve(arguments) => train::solve(&arguments),
        Command::Resume(arguments) => train::resume(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        #[cfg(feature = "tables")]
        Command::Export(arguments) => predict::export(&arguments),
        #[cfg(feature = "tables")]
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Direction(arguments) => direction::direction(&arguments),
        Command::Init(arguments) => describe::init(&arguments),
        Command::Validate(arguments) => describe::validate(&arguments),
        Command::Schema => describe::print_schema(),
        Command::Completions(arguments) => describe::completions(&arguments),
        Command::Man(arguments) => describe::man(&arguments),
        Command::Methods => terminal::print(methods::list()),
        Command::Problems => terminal::print(problems::list()),
        Command::Ops => terminal::print(ops::table()),
        Command::Cost(arguments) => terminal::print(cost::cost(&arguments)?),
        Command::Check(arguments) => terminal::print(check::check(&arguments)?),
    }
}
