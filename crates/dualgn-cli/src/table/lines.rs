//! [`JsonLines`]: one JSON object a line.

use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Number, Value};

use super::cell::{Cell, Row};
use super::error::TableError;
use super::source::{Visit, opened};

/// A file of objects.
#[derive(Debug)]
pub struct JsonLines {
    /// All names that occur, in the order in which they first do.
    pub header: Vec<String>,
}

/// Names at most.
const COLUMNS: usize = 100_000;
/// Bytes of a line at most.
const LONGEST: u64 = 1 << 26;

impl JsonLines {
    /// Goes through a file for its names.
    pub fn open(file: &Path) -> Result<Self, TableError> {
        let mut header: Vec<String> = vec![];
        let mut known = std::collections::HashSet::new();
        objects(file, &mut |line, object| {
            for name in object.keys() {
                if known.insert(name.clone()) {
                    header.push(name.clone());
                }
            }
            if header.len() > COLUMNS {
                return Err(wrong(file, line, format!("more than {COLUMNS} different names; this is no table")));
            }
            Ok(())
        })?;
        Ok(Self { header })
    }

    /// Reads all rows.
    pub fn rows(&self, file: &Path, visit: Visit) -> Result<(), TableError> {
        let mut index = 0;
        objects(file, &mut |line, object| {
            let cells: Vec<Cell> = self
                .header
                .iter()
                .map(|name| match object.get(name) {
                    None | Some(Value::Null) => Ok(Cell::Missing),
                    Some(Value::Number(number)) => Ok(cell(number)),
                    Some(Value::Bool(answer)) => Ok(Cell::Bool(*answer)),
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

/// Whole numbers are exact; others are what double precision holds.
fn cell(number: &Number) -> Cell<'static> {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), ..) => Cell::whole(whole),
        (_, Some(whole), _) => Cell::whole(whole),
        (.., Some(number)) => Cell::number(number),
        (.., None) => Cell::Missing,
    }
}

fn wrong(file: &Path, line: u64, problem: String) -> TableError {
    TableError::Format { file: file.into(), place: format!(", line {line}"), problem }
}

fn objects(
    file: &Path,
    visit: &mut dyn FnMut(u64, Map<String, Value>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    let mut reader = BufReader::new(opened(file)?);
    let mut text = vec![];
    for line in 1.. {
        text.clear();
        let read = std::io::Read::take(&mut reader, LONGEST).read_until(b'\n', &mut text);
        let read = read.map_err(|reason| TableError::Read { file: file.into(), reason })?;
        if read == 0 {
            break;
        }
        if read as u64 == LONGEST {
            return Err(wrong(file, line, format!("a line of more than {LONGEST} bytes; this is no table")));
        }
        let trimmed = text.trim_ascii();
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
