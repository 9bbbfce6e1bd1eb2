//! Standard output and standard error: the only place that writes to them.
//!
//! A reader that has seen enough (`| head -1`) is no error: what is left is dropped and the command goes on. Any other failure of
//! standard output is one; those of standard error have nowhere to be said. Text from files may hold control characters, which are
//! shown and not sent to the terminal.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

use dualgn_io::Failure;

/// Prints a result for people, and ends its last line.
///
/// # Errors
/// Standard output cannot be written to, such as a full disk.
pub(crate) fn print(text: impl Display) -> Result<(), Failure> {
    let text = text.to_string();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    written(format!("{}{end}", visible(&text)).as_bytes())
}

/// Prints data for programs, byte by byte; on a terminal as [`print`] does.
///
/// # Errors
/// Standard output cannot be written to.
pub(crate) fn print_data(bytes: &[u8]) -> Result<(), Failure> {
    match io::stdout().is_terminal() {
        true => print(String::from_utf8_lossy(bytes)),
        false => written(bytes),
    }
}

/// Says something beside the result, on standard error.
pub(crate) fn say(text: impl Display) {
    let text = text.to_string();
    // There is no other place for it.
    let _ = io::stderr().lock().write_all(format!("{}\n", visible(&text)).as_bytes());
}

/// Text with control characters other than tabs and ends of lines written as `\u{1b}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

fn written(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::run(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(visible("a\tb\nc"), "a\tb\nc");
        assert_eq!(visible("red \u{1b}[31m\r\u{7}\u{9b}x"), "red \\u{1b}[31m\\r\\u{7}\\u{9b}x");
    }
}
