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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    /// Three rows written by the crate's own writer: numbers, words with one missing, days.
    #[test]
    fn columns_are_read_with_their_types() {
        let schema = "message table { REQUIRED DOUBLE a; OPTIONAL BYTE_ARRAY word (UTF8); REQUIRED INT32 day (DATE); }";
        let file = tempfile::Builder::new().suffix(".parquet").tempfile().unwrap();
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut writer = SerializedFileWriter::new(file.reopen().unwrap(), schema, Default::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&[1.5, -2.0, f64::NAN], None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let words = ["x", "y, z"].map(ByteArray::from);
        column.typed::<ByteArrayType>().write_batch(&words, Some(&[1, 0, 1]), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(&[0, 19_813, 1], None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();

        let parquet = Parquet::open(file.path()).unwrap();
        assert_eq!(parquet.header, ["a", "word", "day"]);
        let mut rows = vec![];
        parquet
            .rows(file.path(), &mut |row| {
                rows.push(row.cells.iter().map(|cell| cell.text().map(|text| text.into_owned())).collect::<Vec<_>>());
                Ok(())
            })
            .unwrap();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            rows,
            [
                vec![some("1.5"), some("x"), some("1970-01-01")],
                vec![some("-2"), None, some("2024-03-31")],
                vec![None, some("y, z"), some("1970-01-02")],
            ]
        );
    }
}
