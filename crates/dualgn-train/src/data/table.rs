//! Tables in CSV: one header line, numbers only, the last column is the target.

use std::io::Read;

use super::error::DataError;
use super::split::{Split, Targets};

/// What the last column of a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetKind {
    /// Whole numbers from 0 to `classes - 1`.
    Class {
        /// Number of classes.
        classes: usize,
    },
    /// Any finite number.
    Value,
}

/// Reads all rows of a table, values as they stand; `name` is for messages. One example has the shape `[features]`.
///
/// Spaces around a cell and blank lines are ignored; lines may end in `\n` or `\r\n`.
///
/// # Errors
/// The header does not end in `target` or names no feature; there is no row; a row has another number of cells than the
/// header; a cell is not a finite number in single precision; a class is not a whole number in range; `reader` fails or
/// its text is not UTF-8.
pub(super) fn read(name: &str, mut reader: impl Read, kind: TargetKind) -> Result<Split, DataError> {
    let cannot_read = |reason| DataError::ReadTable { table: name.to_owned(), reason };
    // All at once: an error then finds its line in the text.
    let mut text = Vec::new();
    reader.read_to_end(&mut text).map_err(|reason| cannot_read(reason.into()))?;
    let mut csv = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        // A row of another length is an error of ours, with a better message.
        .flexible(true)
        .from_reader(text.as_slice());

    let header = csv.headers().map_err(cannot_read)?.clone();
    let features = header.len().saturating_sub(1);
    if !header.is_empty() && (features == 0 || &header[features] != "target") {
        return Err(DataError::Header { table: name.to_owned(), found: header.iter().collect::<Vec<_>>().join(",") });
    }

    let mut inputs = Vec::new();
    let mut labels = Vec::new();
    let mut values = Vec::new();
    for cells in csv.records() {
        let row = Row { table: name, text: &text, header: &header, cells: cells.map_err(cannot_read)? };
        row.check_length()?;
        for column in 0..features {
            inputs.push(row.number(column)?);
        }
        match kind {
            TargetKind::Class { classes } => labels.push(row.class(features, classes)?),
            TargetKind::Value => values.push(f64::from(row.number(features)?)),
        }
    }
    let targets = match kind {
        TargetKind::Class { .. } => Targets::Classes(labels),
        TargetKind::Value => Targets::Values(values),
    };
    if targets.is_empty() {
        return Err(DataError::EmptyTable { table: name.to_owned() });
    }
    Ok(Split { inputs: inputs.into(), shape: vec![features], targets })
}

/// A row on its way to numbers, with what a message about it needs.
struct Row<'a> {
    table: &'a str,
    text: &'a [u8],
    header: &'a csv::StringRecord,
    cells: csv::StringRecord,
}

impl Row<'_> {
    fn check_length(&self) -> Result<(), DataError> {
        if self.cells.len() == self.header.len() {
            return Ok(());
        }
        Err(DataError::Cells {
            table: self.table.to_owned(),
            line: self.line(),
            expected: self.header.len(),
            found: self.cells.len(),
        })
    }

    /// A finite number. Parsed as f32, so that one beyond its range is an error and not infinite.
    fn number(&self, column: usize) -> Result<f32, DataError> {
        match self.cells[column].parse::<f32>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(DataError::Number {
                table: self.table.to_owned(),
                line: self.line(),
                column: self.header[column].to_owned(),
                found: self.cells[column].to_owned(),
            }),
        }
    }

    /// A whole number from 0 to `classes - 1`; `3.0` is one too.
    fn class(&self, column: usize, classes: usize) -> Result<i64, DataError> {
        let number = self.number(column)?;
        if number.fract() == 0.0 && (0.0..classes as f32).contains(&number) {
            return Ok(number as i64);
        }
        Err(DataError::Class {
            table: self.table.to_owned(),
            line: self.line(),
            found: self.cells[column].to_owned(),
            classes,
        })
    }

    /// The line of this row, counted from 1.
    ///
    /// Counted in the text, since the position that the `csv` crate gives lies before the blank lines and the `\n` of
    /// `\r\n` that precede the row.
    fn line(&self) -> usize {
        let ended = self.cells.position().map_or(0, |p| p.byte() as usize);
        let blank = self.text[ended..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let start = ended + blank.count();
        1 + self.text[..start].iter().filter(|&&b| b == b'\n').count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGIT: TargetKind = TargetKind::Class { classes: 10 };

    fn message(text: &str, kind: TargetKind) -> String {
        read("t", text.as_bytes(), kind).unwrap_err().to_string()
    }

    #[test]
    fn reads_values() {
        let split = read("t", "a,b,target\n1,-2.5,3\n 4 ,5e1,6".as_bytes(), TargetKind::Value).unwrap();
        assert_eq!(split.values(), [1.0, -2.5, 4.0, 50.0]);
        assert_eq!(split.shape, [2]);
        assert_eq!(split.targets, Targets::Values(vec![3.0, 6.0]));
    }

    #[test]
    fn reads_classes_written_as_whole_numbers() {
        let split = read("t", "a,target\r\n1,0\r\n\r\n2,9.0\r\n".as_bytes(), DIGIT).unwrap();
        assert_eq!(split.targets, Targets::Classes(vec![0, 9]));
    }

    #[test]
    fn a_cell_must_be_a_finite_number() {
        for cell in ["x", "", "NaN", "inf", "-infinity", "1e39", "1;2"] {
            assert_eq!(
                message(&format!("a,b,target\n1,2,3\n4,{cell},6\n"), DIGIT),
                format!("table `t`, line 3, column `b`: should be a finite number, found `{cell}`")
            );
        }
        assert_eq!(
            message("a,target\n1,nan\n", TargetKind::Value),
            "table `t`, line 2, column `target`: should be a finite number, found `nan`"
        );
    }

    #[test]
    fn a_class_must_be_a_whole_number_in_range() {
        for cell in ["-1", "1.5", "10", "1e30"] {
            assert_eq!(
                message(&format!("a,target\n1,{cell}\n"), DIGIT),
                format!("table `t`, line 2, column `target`: should be a whole number from 0 to 9, found `{cell}`")
            );
        }
    }

    #[test]
    fn rows_must_be_as_long_as_the_header() {
        assert_eq!(message("a,b,target\n1,2,3\n4,5\n", DIGIT), "table `t`, line 3: should have 3 cells, found 2");
        assert_eq!(message("a,target\n1,2,3\n", DIGIT), "table `t`, line 2: should have 2 cells, found 3");
    }

    #[test]
    fn lines_are_counted_over_blank_lines_and_either_line_end() {
        for end in ["\n", "\r\n"] {
            let text = ["a,target", "1,2", "", "", "3,x", ""].join(end);
            assert!(message(&text, DIGIT).starts_with("table `t`, line 5, "));
        }
    }

    #[test]
    fn the_header_must_end_in_target_after_a_feature() {
        for header in ["target", "a,b", "target,a", "a,Target"] {
            assert_eq!(
                message(&format!("{header}\n1,2\n"), DIGIT),
                format!("table `t`, line 1: should name at least one feature and then `target`, found `{header}`")
            );
        }
    }

    #[test]
    fn a_table_must_have_rows() {
        for text in ["", "\n\n", "a,target\n", "a,target"] {
            assert_eq!(message(text, DIGIT), "table `t` has no rows");
        }
    }

    #[test]
    fn the_text_must_be_utf8() {
        let error = read("t", b"a,target\n\xff,1\n".as_slice(), DIGIT).unwrap_err();
        assert!(matches!(error, DataError::ReadTable { .. }), "{error}");
    }
}
