//! [`Arrays`]: NPY and NPZ files: each array has a row for each example, and as many columns as numbers in a row.

use dualgn_io::input::Input;
use dualgn_io::memory;
use dualgn_io::npz::{self, Array, Values};

use super::cell::{Cell, Row};
use super::error::TableError;
use super::names::Names;
use super::source::Visit;

/// Columns at most: each of them has a name.
const COLUMNS: usize = 1 << 22;

/// Arrays with one row an example.
#[derive(Debug)]
pub(super) struct Arrays {
    /// `NAME` of an array with one number a row, `NAME[0]`, `NAME[1]`, .. of others.
    pub header: Vec<String>,
    arrays: Vec<(String, Array)>,
}

impl Arrays {
    /// Reads a file.
    pub(super) fn open(input: &Input) -> Result<Self, TableError> {
        let file = input.path();
        let wrong = |problem: String| TableError::Format { file: file.into(), place: String::new(), problem };
        let arrays = npz::read_input(input, memory::budget()).map_err(|problem| wrong(format!("it {problem}")))?;
        let arrays: Vec<(String, Array)> = arrays.into_iter().collect();
        let rows = arrays.first().and_then(|(_, array)| array.shape.first().copied());
        let Some(rows) = rows else { return Err(wrong("there is no array with rows".into())) };
        if let Some((name, array)) = arrays.iter().find(|(_, array)| array.shape.first() != Some(&rows)) {
            let (first, shape) = (&arrays[0].0, &array.shape);
            return Err(wrong(format!(
                "all arrays should have a row for each example, and `{first}` has {rows} rows where `{name}` has the shape {shape:?}; save \
                 only those of one table"
            )));
        }
        if rows == 0 {
            return Err(TableError::Empty { file: file.into() });
        }
        // With a row, there are no more columns than numbers.
        let header = arrays.iter().flat_map(|(name, array)| match array.len() / rows {
            1 => vec![name.clone()],
            width => (0..width).map(|column| format!("{name}[{column}]")).collect(),
        });
        let columns: usize = arrays.iter().map(|(_, array)| array.len() / rows).sum();
        if columns > COLUMNS {
            return Err(wrong(format!("{columns} numbers in a row are more than the {COLUMNS} columns of a table")));
        }
        Ok(Self { header: Names::of(header.collect::<Vec<String>>()).all, arrays })
    }

    /// The arrays.
    pub(super) fn remarks(&self) -> Vec<String> {
        let arrays = self.arrays.iter().map(|(name, array)| format!("array `{name}` {:?}", array.shape));
        vec![arrays.collect::<Vec<_>>().join(", ")]
    }

    /// All rows.
    pub(super) fn rows(&self, visit: Visit) -> Result<(), TableError> {
        for index in 0..self.arrays.first().map_or(0, |(_, array)| array.shape[0]) {
            let cells = self.arrays.iter().flat_map(|(_, array)| {
                let width = array.len() / array.shape[0];
                (index * width..(index + 1) * width).map(|entry| match &array.values {
                    Values::Whole(values) => Cell::whole(values[entry]),
                    _ => Cell::number(array.number(entry)),
                })
            });
            let cells: Vec<Cell> = cells.collect();
            visit(Row { index, line: None, cells: &cells })?;
        }
        Ok(())
    }
}
