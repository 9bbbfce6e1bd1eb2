//! [`Parquet`]: Parquet files of plain columns.

use std::borrow::Cow;
use std::path::Path;

use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;

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
        let ticks: Vec<Option<i64>> =
            reader.metadata().file_metadata().schema().get_fields().iter().map(|field| ticks(field)).collect();
        let rows = reader.get_row_iter(None).map_err(|error| wrong(file, String::new(), damaged(&error)))?;
        for (index, row) in rows.enumerate() {
            let row = row.map_err(|error| wrong(file, format!(", row {index}"), damaged(&error)))?;
            let cells: Vec<Cell> =
                row.get_column_iter().zip(&ticks).map(|((_, field), ticks)| cell(field, *ticks)).collect();
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

/// How many units of a column of times make a second.
fn ticks(column: &Type) -> Option<i64> {
    let Some(LogicalType::Timestamp(time)) = column.get_basic_info().logical_type_ref() else { return None };
    Some(match time.unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    })
}

/// A moment in seconds, from so many parts of one.
fn time(since: i64, ticks: i64) -> Cell<'static> {
    Cell::Time(since.div_euclid(ticks) as f64 + since.rem_euclid(ticks) as f64 / ticks as f64)
}

fn cell(field: &Field, ticks: Option<i64>) -> Cell<'static> {
    match field {
        Field::Null => Cell::Missing,
        Field::Bool(answer) => Cell::Bool(*answer),
        Field::Byte(value) => Cell::whole(*value),
        Field::Short(value) => Cell::whole(*value),
        Field::Int(value) => Cell::whole(*value),
        Field::Long(value) => match ticks {
            Some(ticks) => time(*value, ticks),
            None => Cell::whole(*value),
        },
        Field::UByte(value) => Cell::whole(*value),
        Field::UShort(value) => Cell::whole(*value),
        Field::UInt(value) => Cell::whole(*value),
        Field::ULong(value) => Cell::whole(*value),
        Field::Float16(value) => Cell::number(f64::from(value.to_f32())),
        Field::Float(value) => Cell::number(f64::from(*value)),
        Field::Double(value) => Cell::number(*value),
        Field::Date(days) => Cell::Time(f64::from(*days) * 86_400.0),
        Field::TimestampMillis(since) => time(*since, 1_000),
        Field::TimestampMicros(since) => time(*since, 1_000_000),
        Field::Str(text) => owned(text),
        // Decimals print with a point, and are numbers whatever sign text has.
        Field::Decimal(_) => decimal(&field.to_string()),
        other => owned(&other.to_string()),
    }
}

fn owned(text: &str) -> Cell<'static> {
    match text.trim() {
        "" => Cell::Missing,
        text => Cell::Text(Cow::Owned(text.to_owned())),
    }
}

/// A decimal number; one that is whole keeps its digits.
fn decimal(text: &str) -> Cell<'static> {
    match (text.parse::<i128>(), text.parse()) {
        (Ok(whole), _) => Cell::whole(whole),
        (Err(_), Ok(number)) => Cell::number(number),
        (Err(_), Err(_)) => owned(text),
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
                rows.push(row.cells.iter().cloned().map(owned_cell).collect::<Vec<_>>());
                Ok(())
            })
            .unwrap();
        let text = |text: &'static str| Cell::of(text);
        assert_eq!(
            rows,
            [
                vec![Cell::Number(1.5), text("x"), Cell::Time(0.0)],
                vec![Cell::Number(-2.0), Cell::Missing, Cell::Time(19_813.0 * 86_400.0)],
                vec![Cell::Missing, text("y, z"), Cell::Time(86_400.0)],
            ]
        );
    }

    fn owned_cell(cell: Cell) -> Cell<'static> {
        match cell {
            Cell::Text(text) => owned(&text),
            Cell::Missing => Cell::Missing,
            Cell::Number(number) => Cell::Number(number),
            Cell::Bool(answer) => Cell::Bool(answer),
            Cell::Time(seconds) => Cell::Time(seconds),
        }
    }

    /// One moment in each unit, identifiers that differ in their last digit, an answer, and a decimal number.
    #[test]
    fn times_and_identifiers_keep_what_they_are() {
        use parquet::data_type::{BoolType, Int64Type};
        let schema = "message table { REQUIRED INT64 s (TIMESTAMP(MILLIS,false)); REQUIRED INT64 us (TIMESTAMP(MICROS,true)); \
                      REQUIRED INT64 ns (TIMESTAMP(NANOS,false)); REQUIRED INT64 id; REQUIRED INT64 large (INTEGER(64,false)); \
                      REQUIRED BOOLEAN yes; REQUIRED INT32 price (DECIMAL(9,2)); }";
        let file = tempfile::Builder::new().suffix(".parquet").tempfile().unwrap();
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut writer = SerializedFileWriter::new(file.reopen().unwrap(), schema, Default::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        for value in [1_711_881_000_250, 1_711_881_000_250_000, 1_711_881_000_250_000_000, (1 << 53) + 1, -1] {
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<Int64Type>().write_batch(&[value], None, None).unwrap();
            column.close().unwrap();
        }
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<BoolType>().write_batch(&[true], None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(&[129_950], None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let mut cells = vec![];
        Parquet::open(file.path())
            .unwrap()
            .rows(file.path(), &mut |row| {
                cells.extend(row.cells.iter().cloned().map(owned_cell));
                Ok(())
            })
            .unwrap();
        let moment = Cell::Time(1_711_881_000.25);
        let wanted = [
            moment.clone(),
            moment.clone(),
            moment,
            Cell::of("9007199254740993"),
            // -1 is the largest number without a sign.
            Cell::of("18446744073709551615"),
            Cell::Bool(true),
            Cell::Number(1299.5),
        ];
        assert_eq!(cells, wanted);
    }
}
