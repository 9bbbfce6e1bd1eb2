//! [`JsonLines`]: one JSON object a line.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use serde_json::{Map, Value};

use super::cell::{Cell, Row};
use super::error::TableError;
use super::names::Names;
use super::source::Visit;
use super::stream::unpacked;
use crate::input::Input;

/// A file of objects.
#[derive(Debug)]
pub struct JsonLines {
    /// The names of the columns.
    pub header: Vec<String>,
    /// All keys that occur, in the order in which they first do.
    keys: Vec<String>,
    remarks: Vec<String>,
}

/// Names at most.
const COLUMNS: usize = 100_000;
/// Bytes of a line at most.
const LONGEST: u64 = 1 << 26;

impl JsonLines {
    /// Goes through a file for its names.
    pub fn open(input: &Input) -> Result<Self, TableError> {
        let file = input.path();
        let mut keys: Vec<String> = vec![];
        let mut known = std::collections::HashSet::new();
        objects(input, &mut |line, object| {
            for name in object.keys() {
                if known.insert(name.clone()) {
                    keys.push(name.clone());
                }
            }
            if keys.len() > COLUMNS {
                return Err(wrong(file, line, format!("more than {COLUMNS} different names; this is no table")));
            }
            Ok(())
        })?;
        let Names { all: header, remarks } = Names::of(&keys);
        Ok(Self { header, keys, remarks })
    }

    /// What was found out.
    pub fn remarks(&self) -> Vec<String> {
        [vec!["one JSON object a line".to_owned()], self.remarks.clone()].concat()
    }

    /// Reads all rows.
    pub fn rows(&self, input: &Input, visit: Visit) -> Result<(), TableError> {
        let file = input.path();
        let mut index = 0;
        objects(input, &mut |line, object| {
            let cells: Vec<Cell> = self
                .keys
                .iter()
                .map(|name| match object.get(name) {
                    None | Some(Value::Null) => Ok(Cell::Missing),
                    Some(Value::Number(number)) => Ok(number.as_f64().map_or(Cell::Missing, Cell::Number)),
                    Some(Value::Bool(answer)) => Ok(Cell::Text(Cow::Borrowed(if *answer { "true" } else { "false" }))),
                    Some(Value::String(text)) => Ok(Cell::of(text)),
                    Some(Value::Array(_) | Value::Object(_)) => Err(TableError::Cell {
                        file: file.into(),
                        place: format!("line {line}"),
                        column: name.clone(),
                        problem: "a list or an object inside a row; give each of its values a name of its own".into(),
                    }),
                })
                .collect::<Result<_, _>>()?;
            visit(Row { index, line: Some(line), cells: &cells })?;
            index += 1;
            Ok(())
        })
    }
}

fn wrong(file: &Path, line: u64, problem: String) -> TableError {
    TableError::Format { file: file.into(), place: format!(", line {line}"), problem }
}

fn objects(
    input: &Input,
    visit: &mut dyn FnMut(u64, Map<String, Value>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    let file = input.path();
    let failed = |reason| TableError::Read { file: file.into(), reason };
    let mut reader = unpacked(input).map_err(failed)?;
    let mut text = vec![];
    for line in 1.. {
        text.clear();
        let read = std::io::Read::take(&mut reader, LONGEST).read_until(b'\n', &mut text);
        let read = read.map_err(failed)?;
        if read == 0 {
            break;
        }
        if read as u64 == LONGEST {
            return Err(wrong(file, line, format!("a line of more than {LONGEST} bytes; this is no table")));
        }
        let mark = "\u{feff}".as_bytes();
        let trimmed = text.strip_prefix(mark).filter(|_| line == 1).unwrap_or(&text).trim_ascii();
        if trimmed.is_empty() {
            continue;
        }
        if line == 1 && trimmed.starts_with(b"[") {
            return Err(wrong(file, line, "a list; write one object a line, such as by `jq -c '.[]'`".into()));
        }
        match serde_json::from_slice::<Value>(trimmed) {
            Ok(Value::Object(object)) => visit(line, object)?,
            Ok(_) => {
                return Err(wrong(
                    file,
                    line,
                    "no object; each line should be one, such as {\"x\": 1, \"y\": 2}".into(),
                ));
            }
            Err(error) => return Err(wrong(file, line, format!("no JSON: {error}"))),
        }
    }
    Ok(())
}
