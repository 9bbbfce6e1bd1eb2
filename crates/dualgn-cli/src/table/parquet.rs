//! [`Parquet`]: Parquet files of plain columns.

use std::borrow::Cow;
use std::path::Path;

use parquet::basic::{ConvertedType, Type};
use parquet::file::metadata::FileMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use super::cell::{Cell, Row};
use super::error::TableError;
use super::names::Names;
use super::source::Visit;
use crate::input::Input;

/// A Parquet file.
#[derive(Debug)]
pub struct Parquet {
    /// The names of the columns.
    pub header: Vec<String>,
    /// The positions of the columns that are the index of a table of pandas.
    pub index: Vec<usize>,
    remarks: Vec<String>,
}

impl Parquet {
    /// Reads the schema of a file.
    pub fn open(input: &Input) -> Result<Self, TableError> {
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
            if is_interval || (column.physical_type() == Type::FIXED_LEN_BYTE_ARRAY && column.type_length() < 1) {
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
    pub fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }

    /// Reads all rows.
    pub fn rows(&self, input: &Input, visit: Visit) -> Result<(), TableError> {
        let (file, reader) = (input.path(), reader(input)?);
        let rows = reader.get_row_iter(None).map_err(|error| wrong(file, String::new(), damaged(&error)))?;
        for (index, row) in rows.enumerate() {
            let row = row.map_err(|error| wrong(file, format!(", row {index}"), damaged(&error)))?;
            let cells: Vec<Cell> = row.get_column_iter().map(|(_, field)| cell(field)).collect();
            visit(Row { index, line: None, cells: &cells })?;
        }
        Ok(())
    }
}

fn reader(input: &Input) -> Result<SerializedFileReader<std::fs::File>, TableError> {
    let file = input.path();
    let opened = input.reader().map_err(|reason| TableError::Read { file: file.into(), reason })?;
    SerializedFileReader::new(opened).map_err(|error| wrong(file, String::new(), damaged(&error)))
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

fn damaged(error: &parquet::errors::ParquetError) -> String {
    format!("it is no sound Parquet file ({error})")
}

fn wrong(file: &Path, place: String, problem: String) -> TableError {
    TableError::Format { file: file.into(), place, problem }
}

/// Days from 1 January 1970 to a date, and seconds to a moment, are written as text files have them.
fn cell(field: &Field) -> Cell<'_> {
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
        // All digits, and the number nearest to them.
        Field::Decimal(_) => field.to_string().parse().map_or(Cell::Missing, number),
        Field::Str(text) => Cell::of(text),
        // Text without a word that it is; other bytes are a word too, in hexadecimal digits.
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => Cell::of(text),
            Err(_) => Cell::Text(Cow::Owned(bytes.data().iter().map(|byte| format!("{byte:02x}")).collect())),
        },
        // Dates and moments print as ISO 8601, with the zone after a space.
        other => Cell::Text(Cow::Owned(other.to_string().trim_end_matches(" +00:00").to_owned())),
    }
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
            rows.push(row.cells.iter().map(|cell| cell.text().map(|text| text.into_owned())).collect());
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
}
