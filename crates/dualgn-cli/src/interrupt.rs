//! Ctrl-C and SIGTERM: they end the program at once, with 128 and the signal's number as its exit code. Training alone is asked to
//! stop after the step it is in; a second signal ends it at once too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

/// The first signal that came; zero before.
static SIGNAL: AtomicI32 = AtomicI32::new(0);
/// How many parts of the program that stop by themselves are running.
static STOPPING: AtomicUsize = AtomicUsize::new(0);

/// Takes over the signals. Call once.
#[cfg(unix)]
pub(crate) fn install() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    // A file that may not grow further is an error where it is written, not the end of the program.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::<AtomicBool>::default());
    let ignored = std::fs::read_to_string("/proc/self/status").map_or(0, |status| ignored(&status));
    // What `nohup` or a shell's `&` has switched off stays off.
    let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    // Without a handler the system ends the process, which is a poorer service but no error.
    let Ok(mut signals) = Signals::new(wanted) else { return };
    std::thread::spawn(move || signals.forever().for_each(arrived));
}

/// The system ends the process.
#[cfg(not(unix))]
pub fn install() {}

#[cfg(unix)]
fn arrived(signal: i32) {
    let is_first = SIGNAL.swap(signal, Ordering::SeqCst) == 0;
    if !is_first || STOPPING.load(Ordering::SeqCst) == 0 {
        std::process::exit(128 + signal);
    }
}

/// The mask of ignored signals in `/proc/self/status`: `SigIgn:\t0000000000000001`.
#[cfg(unix)]
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Whether the user asked to stop.
pub(crate) fn requested() -> bool {
    SIGNAL.load(Ordering::SeqCst) != 0
}

/// The exit code of a program that was stopped by the signal that came.
pub(crate) fn code() -> u8 {
    match SIGNAL.load(Ordering::SeqCst) {
        0 => 130,
        signal => u8::try_from(128 + signal).unwrap_or(130),
    }
}

/// A part of the program that looks at [`requested`] and stops by itself.
pub(crate) struct Stopping(());

impl Stopping {
    /// Begins it; it ends when the value is dropped.
    pub(crate) fn begin() -> Self {
        STOPPING.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Stopping {
    fn drop(&mut self) {
        STOPPING.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn signals_that_are_switched_off_are_known() {
        assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000001001\n"), 0x1001);
        assert_eq!(ignored("Name:\tx\n"), 0);
    }
}
