//! [`Failure`]: how something ends badly, who can mend it, and by what.

mod library;

use std::path::Path;
use std::{fmt, io};

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    kind: FailureKind,
    message: String,
    hint: Option<String>,
}

/// Who can mend a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The user, by other files or options.
    Input,
    /// Nobody in front of the screen: the machine or this program failed.
    Run,
    /// The user stopped it, and what was measured until then is written.
    Interrupted,
}

impl Failure {
    /// Reports something that the user can mend: what is wrong, and where.
    pub fn input(message: String) -> Self {
        Self { kind: FailureKind::Input, message, hint: None }
    }

    /// Reports a failure of the machine or of this program.
    pub fn run(message: String) -> Self {
        Self { kind: FailureKind::Run, message, hint: None }
    }

    /// Reports that the user stopped the command.
    pub fn interrupted(message: String) -> Self {
        Self { kind: FailureKind::Interrupted, message, hint: None }
    }

    /// Reports a file that could not be read or written. Paths that are absent, forbidden or of the wrong kind are the user's to
    /// mend; a full disk and whatever else the system says are failures of the machine.
    pub fn file(action: &str, path: &Path, error: &io::Error) -> Self {
        Self::of_system(format!("cannot {action} {}: {error}", path.display()), error)
    }

    /// The same with a message of its own.
    pub fn of_system(message: String, error: &io::Error) -> Self {
        use io::ErrorKind::{
            AlreadyExists, InvalidData, InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound,
            PermissionDenied, ReadOnlyFilesystem, UnexpectedEof,
        };
        match error.kind() {
            AlreadyExists | InvalidData | InvalidFilename | InvalidInput | IsADirectory | NotADirectory | NotFound
            | PermissionDenied | ReadOnlyFilesystem | UnexpectedEof => Self::input(message),
            _ => Self::run(message),
        }
    }

    /// Adds what the user can do, in a line of its own.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what the user can do, if that is known.
    pub fn perhaps(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// What is wrong and where, as a part of another sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns who can mend it.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Whether the user can mend it.
    pub fn is_input(&self) -> bool {
        self.kind == FailureKind::Input
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.kind == FailureKind::Interrupted { "interrupted" } else { "error" };
        write!(formatter, "{what}: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}
