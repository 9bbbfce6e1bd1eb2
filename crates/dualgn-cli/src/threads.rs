//! [`start`]: the threads that computations are divided among.

use std::error::Error;

use dualgn_io::Failure;
use rayon::ThreadPoolBuilder;

/// Starts the threads before anything needs them: where there is no memory for one, rayon would end the program.
///
/// # Errors
/// A thread cannot be started.
pub(crate) fn start() -> Result<(), Failure> {
    match ThreadPoolBuilder::new().build_global() {
        Ok(()) => Ok(()),
        Err(error) => match error.source() {
            Some(reason) => Err(Failure::run(format!("cannot start a thread: {reason}"))
                .hint("give the process more memory or threads, or fewer threads by RAYON_NUM_THREADS=1")),
            // They are there already: a test is not the first of its process.
            None => Ok(()),
        },
    }
}
