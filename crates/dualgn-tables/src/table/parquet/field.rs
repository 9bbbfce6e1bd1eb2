//! Values of Parquet files as cells.

use std::borrow::Cow;

use parquet::basic::{LogicalType, TimeUnit};
use parquet::record::Field;
use parquet::schema::types::Type;

use crate::table::Cell;

/// How many units of a column of times make a second.
pub(super) fn ticks(column: &Type) -> Option<i64> {
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

/// The cell of a value.
pub(super) fn cell(field: &Field, ticks: Option<i64>) -> Cell<'static> {
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
        // Text without a word that it is; other bytes are a word too, in hexadecimal digits.
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => owned(text),
            Err(_) => Cell::Text(Cow::Owned(bytes.data().iter().map(|byte| format!("{byte:02x}")).collect())),
        },
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
