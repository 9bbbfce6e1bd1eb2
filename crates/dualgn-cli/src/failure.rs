//! [`Failure`]: how a command ends badly, what the user can do about it, and the exit code that says so.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::data::DataError;
use crate::interrupt;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The user can mend it: exit code 2.
    Input,
    /// The machine or this program failed: exit code 1.
    Run,
    /// The user stopped it, and what was measured until then is written: exit code 130 or 143.
    Interrupted,
}

impl Failure {
    /// Reports something that the user can mend: what is wrong, and where.
    pub fn input(message: String) -> Self {
        Self { kind: Kind::Input, message, hint: None }
    }

    /// Reports a failure of the machine or of this program.
    pub fn run(message: String) -> Self {
        Self { kind: Kind::Run, message, hint: None }
    }

    /// Reports that the user stopped the command.
    pub fn interrupted(message: String) -> Self {
        Self { kind: Kind::Interrupted, message, hint: None }
    }

    /// Reports a file that could not be read or written. Paths that are absent, forbidden or of the wrong kind are the user's to
    /// mend; a full disk and whatever else the system says are failures of the machine.
    pub fn file(action: &str, path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{
            AlreadyExists, InvalidData, InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound,
            PermissionDenied, ReadOnlyFilesystem, UnexpectedEof,
        };
        let message = format!("cannot {action} {}: {error}", path.display());
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

    /// The exit code of the process.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::Run => 1,
            Kind::Input => 2,
            Kind::Interrupted => interrupt::code(),
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.kind == Kind::Interrupted { "interrupted" } else { "error" };
        write!(formatter, "{what}: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        match error {
            DataError::File(failure) => *failure,
            DataError::Back { .. } => Self::run(error.to_string()),
            error => Self::input(error.to_string()),
        }
    }
}

impl From<dualgn::Error> for Failure {
    fn from(error: dualgn::Error) -> Self {
        Self::run(error.to_string())
    }
}

impl From<dualgn::TraceError> for Failure {
    fn from(error: dualgn::TraceError) -> Self {
        Self::run(error.to_string())
    }
}
