//! [`TableError`]: what can be wrong with a table, each a sentence that says where and what to do.

use std::io;
use std::path::PathBuf;

use dualgn_io::Failure;

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The operating system failed.
    #[error("cannot read {}: {reason}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What it said.
        reason: io::Error,
    },

    /// What the rows are read for failed.
    #[error("{_0}")]
    Visit(Box<Failure>),

    /// A place of a file is not as its format says.
    #[error("{}{place}: {problem}", .file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Where, such as `, line 3, column 'age'`; empty for the whole file.
        place: String,
        /// What was found, what was expected, what to do.
        problem: String,
    },

    /// A row has more or fewer cells than there are columns.
    #[error(
        "{}, line {line}: {found} cells, and the first line has {expected}; check the quotes there and before, or name the separator with \
         `--separator`",
        .file.display()
    )]
    Cells {
        /// The file.
        file: PathBuf,
        /// Its line.
        line: u64,
        /// Columns.
        expected: usize,
        /// Cells.
        found: usize,
    },

    /// There is nothing in it.
    #[error("{} has no rows", .file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },

    /// A column that was asked for is not there.
    #[error("{} has no column `{name}`; {}", .file.display(), columns(.near, .all))]
    NoColumn {
        /// The file.
        file: PathBuf,
        /// The name.
        name: String,
        /// One much like it.
        near: Option<String>,
        /// All of them.
        all: Vec<String>,
    },

    /// A cell is not what its column needs.
    #[error("{}, {place}, column `{column}`: {problem}", .file.display())]
    Cell {
        /// The file.
        file: PathBuf,
        /// Such as `line 3` or `row 2`.
        place: String,
        /// The column.
        column: String,
        /// What was found, what was expected, what to do.
        problem: String,
    },

    /// A cell cannot be read as the kind of its column, but perhaps by an option.
    #[error("{}, {place}, column `{column}`: {problem}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Such as `line 3` or `row 2`.
        place: String,
        /// The column.
        column: String,
        /// What was found and what was expected.
        problem: String,
        /// What to do.
        hint: String,
    },

    /// The table as a whole cannot be learnt from.
    #[error("{}: {problem}", .file.display())]
    Unfit {
        /// The file.
        file: PathBuf,
        /// Why, and what to do.
        problem: String,
    },
}

/// What to say about the columns that there are.
fn columns(near: &Option<String>, all: &[String]) -> String {
    const SHOWN: usize = 12;
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let shown: Vec<String> = all.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
            let more = if all.len() > SHOWN { format!(" and {} more", all.len() - SHOWN) } else { String::new() };
            format!("its columns are {}{more}", shown.join(", "))
        }
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        use TableError as Is;
        let message = error.to_string();
        match error {
            Is::Visit(failure) => *failure,
            Is::Read { reason, .. } => Self::of_system(message, &reason),
            Is::Unreadable { hint, .. } => Self::input(message).hint(hint),
            Is::Format { .. }
            | Is::Cells { .. }
            | Is::Empty { .. }
            | Is::NoColumn { .. }
            | Is::Cell { .. }
            | Is::Unfit { .. } => Self::input(message),
        }
    }
}

impl From<Failure> for TableError {
    fn from(failure: Failure) -> Self {
        Self::Visit(Box::new(failure))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use dualgn_train::data::DataError;

    use super::*;

    /// What the system says decides: a full disk is not the user's fault, an absent file is.
    #[test]
    fn failures_of_the_system_are_told_from_mistakes() {
        let said = |kind: std::io::ErrorKind| std::io::Error::from(kind);
        let spill = |kind| Failure::from(DataError::Spill { folder: "t".into(), reason: said(kind) });
        let read = |kind| Failure::from(DataError::Read { file: "f".into(), reason: said(kind) });
        let table = |kind| Failure::from(TableError::Read { file: "f".into(), reason: said(kind) });
        for kind in [std::io::ErrorKind::StorageFull, std::io::ErrorKind::QuotaExceeded, std::io::ErrorKind::Other] {
            for failure in [spill(kind), read(kind), table(kind), Failure::file("read", Path::new("f"), &said(kind))] {
                assert!(!failure.is_input(), "{failure}");
            }
        }
        for kind in
            [std::io::ErrorKind::NotFound, std::io::ErrorKind::PermissionDenied, std::io::ErrorKind::InvalidData]
        {
            for failure in [spill(kind), read(kind), table(kind), Failure::file("read", Path::new("f"), &said(kind))] {
                assert!(failure.is_input(), "{failure}");
            }
        }
        assert!(!Failure::from(DataError::Back { reason: said(std::io::ErrorKind::UnexpectedEof) }).is_input());
        assert!(spill(std::io::ErrorKind::StorageFull).to_string().contains("\nhint: make room there"));
        assert!(Failure::from(DataError::ZeroLimit).is_input());
    }
}
