//! How a command ends badly, and the exit code that says so.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::data::DataError;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The user can mend it: exit code 2.
    Input(String),
    /// The machine or this program failed: exit code 1.
    Run(String),
    /// The user stopped it; what was measured until then is written: exit code 130.
    Interrupted(String),
}

impl Failure {
    /// A file that could not be read or written.
    pub fn file(action: &str, path: &Path, error: &io::Error) -> Self {
        Self::Input(format!("cannot {action} {}: {error}", path.display()))
    }

    /// The exit code of the process.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Run(_) => 1,
            Self::Input(_) => 2,
            Self::Interrupted(_) => 130,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(message) | Self::Run(message) => write!(formatter, "error: {message}"),
            Self::Interrupted(message) => write!(formatter, "interrupted: {message}"),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Back { .. } => Self::Run(error.to_string()),
            error => Self::Input(error.to_string()),
        }
    }
}

impl From<dualgn::Error> for Failure {
    fn from(error: dualgn::Error) -> Self {
        Self::Run(error.to_string())
    }
}

impl From<dualgn::TraceError> for Failure {
    fn from(error: dualgn::TraceError) -> Self {
        Self::Run(error.to_string())
    }
}
