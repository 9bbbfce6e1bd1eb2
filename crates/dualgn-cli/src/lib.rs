//! The command-line tool `dualgn`: trains, compares and reports with dual Gauss-Newton directions.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod choice;
mod commands;
mod configuration;
mod device;
#[cfg(all(test, feature = "tables", feature = "fields"))]
mod fuzz_tests;
#[cfg(all(any(test, feature = "fuzzing"), feature = "tables", feature = "fields"))]
#[doc(hidden)]
pub mod fuzzing;
mod interrupt;
mod progress;
mod terminal;
mod threads;
mod topic;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;
use dualgn_io::{Failure, FailureKind};

/// Runs a command line, the name of the program first, and returns its exit code.
pub fn run(words: impl Iterator<Item = OsString>) -> ExitCode {
    let done = configuration::expanded(words).and_then(|words| match arguments::Arguments::try_parse_from(words) {
        Ok(arguments) => commands::run(arguments).map(|()| ExitCode::SUCCESS),
        Err(error) => printed(&error),
    });
    done.unwrap_or_else(|failure| {
        terminal::say(&failure);
        ExitCode::from(code(&failure))
    })
}

/// The exit code of a failure: 1 for the machine's, 2 for what the user can mend, 130 or 143 for an interruption.
fn code(failure: &Failure) -> u8 {
    match failure.kind() {
        FailureKind::Run => 1,
        FailureKind::Input => 2,
        FailureKind::Interrupted => interrupt::code(),
    }
}

/// Prints what the parser of the command line has to say: help and version as results, mistakes as errors.
fn printed(error: &clap::Error) -> Result<ExitCode, Failure> {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    match error.print() {
        Err(reason) if reason.kind() != ErrorKind::BrokenPipe && !error.use_stderr() => {
            Err(Failure::run(format!("cannot write to standard output: {reason}")))
        }
        _ => Ok(ExitCode::from(code)),
    }
}
