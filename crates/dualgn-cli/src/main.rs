//! `dualgn`: trains, compares and reports with dual Gauss-Newton directions.

mod arguments;
mod commands;
mod configuration;
mod data;
mod device;
mod events;
mod explained;
mod failure;
mod fields;
mod files;
#[cfg(test)]
mod fuzz_tests;
mod geometry;
mod interrupt;
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
mod topic;
mod train;

use std::process::ExitCode;

use clap::Parser;

/// Training allocates megabytes in every step. The system's allocator hands such memory back and faults it in again each
/// time, which more than doubles the time of a step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = configuration::expanded(std::env::args_os()).and_then(|words| {
        let arguments = arguments::Arguments::parse_from(words);
        commands::run(arguments)
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.code()
        }
    }
}
