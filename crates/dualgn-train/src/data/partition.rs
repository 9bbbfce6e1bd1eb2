//! Which rows of a table are for testing: as a list of row numbers says, or a fifth drawn at random.

use super::batches::Batches;
use super::error::DataError;
use super::split::Split;
use super::standardise::Standardiser;

/// The rows of a table in two parts, each in increasing order, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    /// Rows to fit to.
    pub train: Vec<usize>,
    /// Rows to judge by.
    pub test: Vec<usize>,
}

impl Partition {
    /// Divides `rows` rows: those listed in `text`, one number a line, are test rows. `table` is its name for messages.
    ///
    /// # Errors
    /// A line is not a row number, not below `rows`, or not larger than the line before; one of the parts is empty.
    pub(super) fn parse(table: &str, text: &str, rows: usize) -> Result<Self, DataError> {
        let mut test = Vec::new();
        for (index, line) in text.lines().enumerate() {
            match line.trim().parse::<usize>() {
                // An increasing list holds no row twice.
                Ok(row) if row < rows && test.last().is_none_or(|&last| last < row) => {
                    test.push(row);
                }
                _ => {
                    return Err(DataError::TestRow {
                        table: table.to_owned(),
                        line: index + 1,
                        found: line.to_owned(),
                        rows,
                    });
                }
            }
        }
        if test.is_empty() || test.len() == rows {
            return Err(DataError::OnePart { table: table.to_owned(), rows, found: test.len() });
        }
        Ok(Self::with_test(test, rows))
    }

    /// A fifth of the rows, drawn at random and the same on every machine, are test rows.
    ///
    /// # Errors
    /// There are fewer than five rows.
    pub(super) fn fifth(table: &str, rows: usize) -> Result<Self, DataError> {
        if rows < 5 {
            return Err(DataError::OnePart { table: table.to_owned(), rows, found: 0 });
        }
        let mut test = Batches::new(rows, rows / 5, 0)?.next_batch().to_vec();
        test.sort_unstable();
        Ok(Self::with_test(test, rows))
    }

    fn with_test(test: Vec<usize>, rows: usize) -> Self {
        let train = (0..rows).filter(|row| test.binary_search(row).is_err()).collect();
        Self { train, test }
    }

    /// Training and test part of a table, each feature standardised by the training part, targets as they stand.
    ///
    /// # Errors
    /// As of [`Split::gather`].
    pub(super) fn divide(&self, all: &Split) -> Result<(Split, Split), DataError> {
        let (train, test) = (all.gather(&self.train)?, all.gather(&self.test)?);
        let standardiser = Standardiser::fit(&train.0, all.features());
        let part = |(mut inputs, targets): (Vec<f32>, _)| {
            standardiser.apply(&mut inputs);
            Split { inputs: inputs.into(), shape: all.shape.clone(), targets }
        };
        Ok((part(train), part(test)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, rows: usize) -> String {
        Partition::parse("t", text, rows).unwrap_err().to_string()
    }

    #[test]
    fn all_rows_not_listed_are_for_training() {
        let partition = Partition::parse("t", "1\n3\n", 5).unwrap();
        assert_eq!(partition.test, [1, 3]);
        assert_eq!(partition.train, [0, 2, 4]);
    }

    #[test]
    fn a_line_must_be_a_row_in_order() {
        for line in ["x", "", "-1", "1.0", "5", "2", "0"] {
            assert_eq!(
                message(&format!("2\n{line}\n"), 5),
                format!(
                    "test rows of `t`, line 2: should be a row below 5, larger than the one before, found `{line}`"
                )
            );
        }
    }

    #[test]
    fn a_fifth_is_drawn_once_for_all() {
        let partition = Partition::fifth("t", 1030).unwrap();
        assert_eq!((partition.train.len(), partition.test.len()), (824, 206));
        assert_eq!(partition, Partition::fifth("t", 1030).unwrap());
        let mut all = [partition.train, partition.test].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1030));
        assert!(Partition::fifth("t", 4).is_err());
    }

    #[test]
    fn both_parts_must_have_rows() {
        assert_eq!(message("", 2), "test rows of `t`: should be some but not all of 2 rows, found 0");
        assert_eq!(message("0\n1\n", 2), "test rows of `t`: should be some but not all of 2 rows, found 2");
    }
}
