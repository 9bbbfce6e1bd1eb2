//! `dualgn`: the program.

use std::process::ExitCode;

use dualgn_io::Allocator;

/// Training allocates megabytes in every step. The system's allocator hands such memory back and faults it in again each
/// time, which more than doubles the time of a step.
#[global_allocator]
static ALLOCATOR: Allocator<mimalloc::MiMalloc> = Allocator(mimalloc::MiMalloc);

fn main() -> ExitCode {
    dualgn_cli::run(std::env::args_os())
}
