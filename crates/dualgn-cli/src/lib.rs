//! The command-line tool `dualgn`: trains, compares and reports with dual Gauss-Newton directions.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod commands;
mod configuration;
mod data;
mod device;
mod events;
mod exact;
mod explained;
mod failure;
mod fields;
mod files;
#[cfg(test)]
mod fuzz_tests;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod geometry;
mod guarded;
mod input;
mod interrupt;
mod magnitude;
mod memory;
mod model;
mod network;
mod npz;
mod onnx;
mod pictures;
mod problem;
mod progress;
mod protobuf;
mod record;
mod report;
mod table;
mod terminal;
mod topic;
mod train;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;

use failure::Failure;

/// Runs a command line, the name of the program first, and returns its exit code.
pub fn run(words: impl Iterator<Item = OsString>) -> ExitCode {
    let done = configuration::expanded(words).and_then(|words| match arguments::Arguments::try_parse_from(words) {
        Ok(arguments) => commands::run(arguments).map(|()| ExitCode::SUCCESS),
        Err(error) => printed(&error),
    });
    done.unwrap_or_else(|failure| {
        terminal::say(&failure);
        failure.code()
    })
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
