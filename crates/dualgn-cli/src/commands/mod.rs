//! The commands.

mod check;
mod columns;
mod compare;
mod configuration;
mod cost;
mod describe;
mod direction;
mod explain;
mod field;
mod film;
mod fit;
mod keep;
mod methods;
mod ops;
mod output;
mod plan;
mod predict;
mod prepared;
mod problems;
mod report;
mod routes;
mod setup;
mod train;
mod training;
mod tune;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use crate::interrupt;

/// Runs a command.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    interrupt::install();
    match arguments.command {
        Command::Fit(arguments) => fit::fit(&arguments),
        Command::Predict(arguments) => predict::predict(&arguments),
        Command::Evaluate(arguments) => predict::evaluate(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Train(arguments) => train::train(&arguments),
        Command::Resume(arguments) => train::resume(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Export(arguments) => predict::export(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Direction(arguments) => direction::direction(&arguments),
        Command::Init(arguments) => describe::init(&arguments),
        Command::Validate(arguments) => describe::validate(&arguments),
        Command::Schema => describe::print_schema(),
        Command::Completions(arguments) => {
            describe::completions(&arguments);
            Ok(())
        }
        Command::Man(arguments) => describe::man(&arguments),
        Command::Methods => {
            print!("{}", methods::list());
            Ok(())
        }
        Command::Problems => {
            print!("{}", problems::list());
            Ok(())
        }
        Command::Ops => {
            print!("{}", ops::table());
            Ok(())
        }
        Command::Cost(arguments) => {
            print!("{}", cost::cost(&arguments)?);
            Ok(())
        }
        Command::Check(arguments) => {
            print!("{}", check::check(&arguments)?);
            Ok(())
        }
    }
}
