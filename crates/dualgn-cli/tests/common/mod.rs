//! The binary as the tests start it.

#![allow(dead_code, reason = "each file of tests uses some of it")]

use std::process::{Command, Output, Stdio};

/// The binary with arguments, without input.
pub(crate) fn dualgn(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualgn"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What it did.
pub(crate) fn run(arguments: &[&str]) -> Output {
    dualgn(arguments).output().expect("the binary starts")
}

/// What it did, well.
pub(crate) fn succeeds(arguments: &[&str]) -> Output {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    output
}

/// Exits with code 2 and one sentence that contains each of the words.
pub(crate) fn refused(arguments: &[&str], words: &[&str]) {
    let output = run(arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: `{word}` is not in: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
