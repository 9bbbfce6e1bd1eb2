//! [`Parquet`]: Parquet files of plain columns.

use std::borrow::Cow;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use super::cell::{Cell, Row};
use super::error::TableError;
use super::source::{Visit, opened};

/// A Parquet file.
#[derive(Debug)]
pub struct Parquet {
    /// The names of the columns.
    pub header: Vec<String>,
}

impl Parquet {
    /// Reads the schema of a file.
    pub fn open(file: &Path) -> Result<Self, TableError> {
        let reader = reader(file)?;
        let schema = reader.metadata().file_metadata().schema();
        if let Some(nested) = schema.get_fields().iter().find(|field| field.is_group()) {
            let problem = "it holds lists or records; give each of their values a column of its own".into();
            return Err(wrong(file, format!(", column `{}`", nested.name()), problem));
        }
        Ok(Self { header: schema.get_fields().iter().map(|field| field.name().to_owned()).collect() })
    }

    /// Reads all rows.
    pub fn rows(&self, file: &Path, visit: Visit) -> Result<(), TableError> {
        let reader = reader(file)?;
        let rows = reader.get_row_iter(None).map_err(|error| wrong(file, String::new(), damaged(&error)))?;
        for (index, row) in rows.enumerate() {
            let row = row.map_err(|error| wrong(file, format!(", row {index}"), damaged(&error)))?;
            let cells: Vec<Cell> = row.get_column_iter().map(|(_, field)| cell(field)).collect();
            visit(Row { index, line: None, cells: &cells })?;
        }
        Ok(())
    }
}

fn reader(file: &Path) -> Result<SerializedFileReader<std::fs::File>, TableError> {
    SerializedFileReader::new(opened(file)?).map_err(|error| wrong(file, String::new(), damaged(&error)))
}

fn damaged(error: &parquet::errors::ParquetError) -> String {
    format!("it is no sound Parquet file ({error})")
}

fn wrong(file: &Path, place: String, problem: String) -> TableError {
    TableError::Format { file: file.into(), place, problem }
}

/// Days from 1 January 1970 to a date, and seconds to a moment, are written as text files have them.
fn cell(field: &Field) -> Cell<'static> {
    let number = |number: f64| if number.is_finite() { Cell::Number(number) } else { Cell::Missing };
    match field {
        Field::Null => Cell::Missing,
        Field::Bool(answer) => Cell::Text(Cow::Borrowed(if *answer { "true" } else { "false" })),
        Field::Byte(value) => number(f64::from(*value)),
        Field::Short(value) => number(f64::from(*value)),
        Field::Int(value) => number(f64::from(*value)),
        Field::Long(value) => number(*value as f64),
        Field::UByte(value) => number(f64::from(*value)),
        Field::UShort(value) => number(f64::from(*value)),
        Field::UInt(value) => number(f64::from(*value)),
        Field::ULong(value) => number(*value as f64),
        Field::Float16(value) => number(f64::from(value.to_f32())),
        Field::Float(value) => number(f64::from(*value)),
        Field::Double(value) => number(*value),
        Field::Str(text) => match Cell::of(text) {
            Cell::Missing => Cell::Missing,
            _ => Cell::Text(Cow::Owned(text.trim().to_owned())),
        },
        // Dates and moments print as ISO 8601, with the zone after a space; decimals as numbers.
        other => Cell::Text(Cow::Owned(other.to_string().trim_end_matches(" +00:00").to_owned())),
    }
}
