//! `dualgn methods`.

use std::fmt::Write;

use dualgn_train::PRESETS;

/// Each method with its source and its pieces.
pub(super) fn list() -> String {
    let mut text = String::new();
    for method in PRESETS {
        // Writing to a string does not fail.
        let _ =
            writeln!(text, "{}: {}\n    {}\n    after {}\n", method.name, method.title, method.pieces(), method.source);
    }
    text.push_str(
        "The damping of all starts at the problem's, for each unit of loss (`--damping`); for Adam on directions a hundred times that.\n",
    );
    text
}
