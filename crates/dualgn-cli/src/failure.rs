//! [`Failure`]: how a command ends badly, what the user can do about it, and the exit code that says so.

mod library;

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::data::DataError;
use crate::interrupt;
#[cfg(test)]
use crate::table::TableError;

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

    /// Whether the user can mend it.
    #[cfg(test)]
    pub fn is_input(&self) -> bool {
        self.kind == Kind::Input
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
        use DataError as Is;
        let message = error.to_string();
        match error {
            Is::File(failure) => *failure,
            Is::Read { reason, .. } => Self::of_system(message, &reason),
            Is::Spill { reason, .. } => Self::of_system(message, &reason)
                .hint("make room there, or let more rows stay in memory with `--memory`"),
            Is::Back { .. } => Self::run(message),
            Is::Missing { .. }
            | Is::Magic { .. }
            | Is::Truncated { .. }
            | Is::Trailing { .. }
            | Is::TooLarge { .. }
            | Is::EmptyFile { .. }
            | Is::Label { .. }
            | Is::Counts { .. }
            | Is::ImageSize { .. }
            | Is::ZeroLimit
            | Is::ReadTable { .. }
            | Is::Header { .. }
            | Is::EmptyTable { .. }
            | Is::Cells { .. }
            | Is::Number { .. }
            | Is::Class { .. }
            | Is::TestRow { .. }
            | Is::OnePart { .. }
            | Is::Batch { .. } => Self::input(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the system says decides: a full disk is not the user's fault, an absent file is.
    #[test]
    fn failures_of_the_system_are_told_from_mistakes() {
        let said = |kind: io::ErrorKind| io::Error::from(kind);
        let spill = |kind| Failure::from(DataError::Spill { folder: "t".into(), reason: said(kind) });
        let read = |kind| Failure::from(DataError::Read { file: "f".into(), reason: said(kind) });
        let table = |kind| Failure::from(TableError::Read { file: "f".into(), reason: said(kind) });
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::Other] {
            for failure in [spill(kind), read(kind), table(kind), Failure::file("read", Path::new("f"), &said(kind))] {
                assert!(!failure.is_input(), "{failure}");
            }
        }
        for kind in [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied, io::ErrorKind::InvalidData] {
            for failure in [spill(kind), read(kind), table(kind), Failure::file("read", Path::new("f"), &said(kind))] {
                assert!(failure.is_input(), "{failure}");
            }
        }
        assert!(!Failure::from(DataError::Back { reason: said(io::ErrorKind::UnexpectedEof) }).is_input());
        assert!(spill(io::ErrorKind::StorageFull).to_string().contains("\nhint: make room there"));
        assert!(Failure::from(DataError::ZeroLimit).is_input());
    }
}
