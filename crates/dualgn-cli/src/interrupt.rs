//! Ctrl-C: the first asks training to stop after the step it is in, a second one ends the process at once.

use crate::terminal;
use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Takes over the signals. Call once.
pub fn install() {
    let handler = || {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    };
    // Without a handler Ctrl-C ends the process at once, which is a poorer service but no error.
    if ctrlc::set_handler(handler).is_err() {
        terminal::say("note: Ctrl-C will stop at once, since its signal is taken already");
    }
}

/// Whether the user asked to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
