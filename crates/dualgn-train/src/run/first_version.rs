//! Runs of version 0.1, which later versions do not read: they had no lock.

use std::path::Path;

use dualgn_io::input;

use super::belongings::{CONFIGURATION, SUMMARY};

/// Whether a folder holds a run of version 0.1, by what its files say.
pub fn is_of_the_first_version(run: &Path) -> bool {
    let says = |name: &str, words: &str| {
        let text = input::read_own(&run.join(name)).unwrap_or_default().unwrap_or_default();
        String::from_utf8_lossy(&text).contains(words)
    };
    says(CONFIGURATION, "\"version\": \"0.1") || says(SUMMARY, "\"environment\": \"dualgn 0.1")
}
