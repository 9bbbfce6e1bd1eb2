//! [`Parquet`]: Parquet files of plain columns.

mod field;

use std::path::Path;

use dualgn_io::guarded::guarded;
use dualgn_io::input::Input;
use parquet::basic::{ConvertedType, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::metadata::FileMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;

use super::cell::Row;
use super::error::TableError;
use super::names::Names;
use super::source::Visit;
use field::{cell, ticks};

/// A Parquet file.
#[derive(Debug)]
pub(super) struct Parquet {
    /// The names of the columns.
    pub header: Vec<String>,
    /// The positions of the columns that are the index of a table of pandas.
    pub index: Vec<usize>,
    remarks: Vec<String>,
}

impl Parquet {
    /// Reads the schema of a file.
    pub(super) fn open(input: &Input) -> Result<Self, TableError> {
        let (file, reader) = (input.path(), reader(input)?);
        let metadata = reader.metadata().file_metadata();
        let fields = metadata.schema().get_fields();
        let of = |name: &str| format!(", column `{name}`");
        if let Some(nested) = fields.iter().find(|field| field.is_group()) {
            let problem = "it holds lists or records; give each of their values a column of its own".into();
            return Err(wrong(file, of(nested.name()), problem));
        }
        for column in metadata.schema_descr().columns() {
            let is_interval = column.converted_type() == ConvertedType::INTERVAL;
            if is_interval || (column.physical_type() == Physical::FIXED_LEN_BYTE_ARRAY && column.type_length() < 1) {
                return Err(wrong(file, of(column.name()), "it holds intervals of time; write them as numbers".into()));
            }
            if column.max_rep_level() > 0 {
                return Err(wrong(
                    file,
                    of(column.name()),
                    "it holds several values in a row; give each a column".into(),
                ));
            }
        }
        let found: Vec<&str> = fields.iter().map(|field| field.name()).collect();
        let of_pandas = pandas_index(metadata);
        let index: Vec<usize> =
            (0..found.len()).filter(|&column| of_pandas.iter().any(|name| name == found[column])).collect();
        let Names { all: header, remarks: mut changed } = Names::of(&found);
        let mut remarks = vec!["Parquet".to_owned()];
        if !index.is_empty() {
            let names: Vec<String> = index.iter().map(|&column| format!("`{}`", header[column])).collect();
            remarks.push(format!("the index of pandas is left out: {}", names.join(", ")));
        }
        remarks.append(&mut changed);
        Ok(Self { header, index, remarks })
    }

    /// What was found out.
    pub(super) fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }

    /// Reads all rows.
    pub(super) fn rows(&self, input: &Input, visit: Visit) -> Result<(), TableError> {
        let (file, reader) = (input.path(), reader(input)?);
        let ticks: Vec<Option<i64>> =
            reader.metadata().file_metadata().schema().get_fields().iter().map(|field| ticks(field)).collect();
        let unsound = |place: String, found: Option<&ParquetError>| {
            let problem = found.map_or_else(|| "a page of it is damaged".to_owned(), ToString::to_string);
            wrong(file, place, format!("it is no sound Parquet file ({problem})"))
        };
        let whole = String::new;
        let rows = guarded(|| reader.get_row_iter(None)).ok_or_else(|| unsound(whole(), None))?;
        let mut rows = rows.map_err(|error| unsound(whole(), Some(&error)))?;
        for index in 0.. {
            let place = || format!(", row {index}");
            let Some(row) = guarded(|| rows.next()).ok_or_else(|| unsound(place(), None))? else { break };
            let row = row.map_err(|error| unsound(place(), Some(&error)))?;
            // Moments beyond the calendar do not print.
            let cells =
                || row.get_column_iter().zip(&ticks).map(|((_, field), ticks)| cell(field, *ticks)).collect::<Vec<_>>();
            let cells = guarded(cells);
            let cells = cells.ok_or_else(|| wrong(file, place(), "a value beyond what its type can hold".into()))?;
            visit(Row { index, line: None, cells: &cells })?;
        }
        Ok(())
    }
}

fn reader(input: &Input) -> Result<SerializedFileReader<std::fs::File>, TableError> {
    let file = input.path();
    let opened = input.reader().map_err(|reason| TableError::Read { file: file.into(), reason })?;
    match guarded(|| SerializedFileReader::new(opened)) {
        Some(Ok(reader)) => Ok(reader),
        Some(Err(error)) => Err(wrong(file, String::new(), format!("it is no sound Parquet file ({error})"))),
        None => Err(wrong(file, String::new(), "it is no sound Parquet file (its end is damaged)".into())),
    }
}

/// The names of the columns that pandas says are its index; one that only counts rows is no column.
fn pandas_index(metadata: &FileMetaData) -> Vec<String> {
    let entries = metadata.key_value_metadata().into_iter().flatten();
    let Some(text) = entries.filter(|entry| entry.key == "pandas").find_map(|entry| entry.value.as_deref()) else {
        return vec![];
    };
    let Ok(said) = serde_json::from_str::<Value>(text) else { return vec![] };
    let index = said.get("index_columns").and_then(Value::as_array).into_iter().flatten();
    index.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

fn wrong(file: &Path, place: String, problem: String) -> TableError {
    TableError::Format { file: file.into(), place, problem }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FixedLenByteArrayType, Int32Type, Int64Type};
    use parquet::file::metadata::KeyValue;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::table::Cell;

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

        let input = Input::open(file.path(), |_| Ok(())).unwrap();
        let parquet = Parquet::open(&input).unwrap();
        assert_eq!(parquet.header, ["a", "word", "day"]);
        let mut rows = vec![];
        parquet
            .rows(&input, &mut |row| {
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

    /// Writes one row group of columns, each by its own call, with what the file says of itself.
    fn written(
        schema: &str,
        properties: WriterProperties,
        columns: &[&dyn Fn(&mut SerializedColumnWriter)],
    ) -> (tempfile::TempPath, Input) {
        let file = tempfile::Builder::new().suffix(".parquet").tempfile().unwrap();
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut writer = SerializedFileWriter::new(file.reopen().unwrap(), schema, Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        for write in columns {
            let mut column = group.next_column().unwrap().unwrap();
            write(&mut column);
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
        let input = Input::open(file.path(), |_| Ok(())).unwrap();
        (file.into_temp_path(), input)
    }

    fn read(input: &Input) -> Vec<Vec<Option<String>>> {
        let mut rows = vec![];
        let mut keep = |row: Row| {
            rows.push(row.cells.iter().map(Cell::shown).collect());
            Ok(())
        };
        Parquet::open(input).unwrap().rows(input, &mut keep).unwrap();
        rows
    }

    #[test]
    fn all_codecs_are_read() {
        let numbers: Vec<f64> = (0..500).map(|index| f64::from(index % 7)).collect();
        for codec in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(Default::default()),
            Compression::BROTLI(Default::default()),
            Compression::ZSTD(Default::default()),
            Compression::LZ4,
            Compression::LZ4_RAW,
        ] {
            let properties = WriterProperties::builder().set_compression(codec).build();
            let write = |column: &mut SerializedColumnWriter| {
                column.typed::<DoubleType>().write_batch(&numbers, None, None).unwrap();
            };
            let (_kept, input) = written("message table { REQUIRED DOUBLE a; }", properties, &[&write]);
            let rows = read(&input);
            let expected = numbers.iter().map(|number| vec![Some(number.to_string())]);
            assert!(rows.into_iter().eq(expected), "{codec}");
        }
    }

    #[test]
    fn bytes_are_words_and_decimals_numbers() {
        let schema = "message table { REQUIRED BYTE_ARRAY word; REQUIRED FIXED_LEN_BYTE_ARRAY (2) code; REQUIRED \
                      FIXED_LEN_BYTE_ARRAY (3) price (DECIMAL (6, 2)); REQUIRED INT64 long (DECIMAL (18, 4)); }";
        let fixed = |values: &[&[u8]]| values.iter().map(|&value| value.to_vec().into()).collect::<Vec<_>>();
        let words = ["red", "né"].map(ByteArray::from);
        let codes = fixed(&[b"ab", b"\xff\x01"]);
        // 12.34, and -0.05 in two's complement.
        let prices = fixed(&[b"\x00\x04\xd2", b"\xff\xff\xfb"]);
        let (_kept, input) = written(
            schema,
            WriterProperties::default(),
            &[
                &|column| {
                    column.typed::<ByteArrayType>().write_batch(&words, None, None).unwrap();
                },
                &|column| {
                    column.typed::<FixedLenByteArrayType>().write_batch(&codes, None, None).unwrap();
                },
                &|column| {
                    column.typed::<FixedLenByteArrayType>().write_batch(&prices, None, None).unwrap();
                },
                &|column| {
                    column.typed::<Int64Type>().write_batch(&[1, -123_450_000], None, None).unwrap();
                },
            ],
        );
        let some = |cells: [&str; 4]| cells.map(|cell| Some(cell.to_owned())).to_vec();
        assert_eq!(read(&input), [some(["red", "ab", "12.34", "0.0001"]), some(["né", "ff01", "-0.05", "-12345"])]);
    }

    #[test]
    fn the_index_of_pandas_is_known_by_what_the_file_says() {
        let write = |column: &mut SerializedColumnWriter| {
            column.typed::<DoubleType>().write_batch(&[1.0, 2.0], None, None).unwrap();
        };
        let schema = "message table { REQUIRED DOUBLE a; REQUIRED DOUBLE day; REQUIRED DOUBLE __index_level_1__; }";
        let index = |said: &str| {
            let entry = KeyValue::new("pandas".to_owned(), said.to_owned());
            let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![entry])).build();
            let (_kept, input) = written(schema, properties, &[&write, &write, &write]);
            let parquet = Parquet::open(&input).unwrap();
            (parquet.index.clone(), parquet.remarks().join("; "))
        };
        let (found, remarks) = index("{\"index_columns\": [\"day\", \"__index_level_1__\"], \"columns\": []}");
        assert_eq!(found, [1, 2]);
        assert!(remarks.contains("the index of pandas is left out: `day`, `__index_level_1__`"), "{remarks}");
        // A range is no column; what cannot be understood says nothing.
        let range = "{\"index_columns\": [{\"kind\": \"range\", \"start\": 0, \"stop\": 2, \"step\": 1}]}";
        for said in [range, "{}", "no JSON", "{\"index_columns\": 3}"] {
            assert_eq!(index(said), (vec![], "Parquet".to_owned()));
        }
    }

    fn owned_cell(cell: Cell) -> Cell<'static> {
        match cell {
            Cell::Text(text) => Cell::Text(text.into_owned().into()),
            Cell::Missing => Cell::Missing,
            Cell::Number(number) => Cell::Number(number),
            Cell::Bool(answer) => Cell::Bool(answer),
            Cell::Time(seconds) => Cell::Time(seconds),
        }
    }

    /// One moment in each unit, identifiers that differ in their last digit, an answer, and a decimal number.
    #[test]
    fn times_and_identifiers_keep_what_they_are() {
        use parquet::data_type::BoolType;

        let schema = "message table { REQUIRED INT64 s (TIMESTAMP(MILLIS,false)); REQUIRED INT64 us (TIMESTAMP(MICROS,true)); \
                      REQUIRED INT64 ns (TIMESTAMP(NANOS,false)); REQUIRED INT64 id; REQUIRED INT64 large (INTEGER(64,false)); \
                      REQUIRED BOOLEAN yes; REQUIRED INT32 price (DECIMAL(9,2)); }";
        let whole = |value: i64| {
            move |column: &mut SerializedColumnWriter| {
                column.typed::<Int64Type>().write_batch(&[value], None, None).unwrap();
            }
        };
        let values =
            [1_711_881_000_250, 1_711_881_000_250_000, 1_711_881_000_250_000_000, (1 << 53) + 1, -1].map(whole);
        let yes = |column: &mut SerializedColumnWriter| {
            column.typed::<BoolType>().write_batch(&[true], None, None).unwrap();
        };
        let price = |column: &mut SerializedColumnWriter| {
            column.typed::<Int32Type>().write_batch(&[129_950], None, None).unwrap();
        };
        let [s, us, ns, id, large] = &values;
        let (_kept, input) = written(schema, WriterProperties::default(), &[s, us, ns, id, large, &yes, &price]);
        let mut cells = vec![];
        let mut keep = |row: Row| {
            cells.extend(row.cells.iter().cloned().map(owned_cell));
            Ok(())
        };
        Parquet::open(&input).unwrap().rows(&input, &mut keep).unwrap();
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
