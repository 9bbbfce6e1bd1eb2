//! [`JsonLines`]: one JSON object a line.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::BufRead;
use std::path::Path;

use dualgn_io::input::Input;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Number, Value};

use super::cell::{Cell, Row};
use super::error::TableError;
use super::names::Names;
use super::source::Visit;
use super::stream::unpacked;

/// A file of objects.
#[derive(Debug)]
pub(super) struct JsonLines {
    /// The names of the columns.
    pub header: Vec<String>,
    /// The column of each key.
    columns: HashMap<String, usize>,
    remarks: Vec<String>,
}

/// Names at most.
const COLUMNS: usize = 100_000;
/// Bytes of a line at most.
const LONGEST: u64 = 1 << 26;

impl JsonLines {
    /// Goes through a file for its names, which come in the order in which they first do.
    pub(super) fn open(input: &Input) -> Result<Self, TableError> {
        let file = input.path();
        let (mut keys, mut columns) = (vec![], HashMap::new());
        objects(input, &mut |line, Object(pairs)| {
            for (key, _) in pairs {
                if !columns.contains_key(&key) {
                    columns.insert(key.clone(), keys.len());
                    keys.push(key);
                }
            }
            if keys.len() > COLUMNS {
                return Err(wrong(file, line, format!("more than {COLUMNS} different names; this is no table")));
            }
            Ok(())
        })?;
        let Names { all: header, remarks } = Names::of(&keys);
        Ok(Self { header, columns, remarks })
    }

    /// What was found out.
    pub(super) fn remarks(&self) -> Vec<String> {
        [vec!["one JSON object a line".to_owned()], self.remarks.clone()].concat()
    }

    /// Reads all rows.
    pub(super) fn rows(&self, input: &Input, visit: Visit) -> Result<(), TableError> {
        let file = input.path();
        let mut index = 0;
        objects(input, &mut |line, Object(pairs)| {
            let mut cells = vec![Cell::Missing; self.header.len()];
            for (key, value) in &pairs {
                // A file that has changed since may have others.
                let Some(&column) = self.columns.get(key) else { continue };
                cells[column] = match value {
                    Value::Null => Cell::Missing,
                    Value::Number(number) => cell(number),
                    Value::Bool(answer) => Cell::Bool(*answer),
                    Value::String(text) => Cell::of(text),
                    Value::Array(_) | Value::Object(_) => {
                        return Err(TableError::Cell {
                            file: file.into(),
                            place: format!("line {line}"),
                            column: self.header[column].clone(),
                            problem: "a list or an object inside a row; give each of its values a name of its own"
                                .into(),
                        });
                    }
                };
            }
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

/// The keys and values of an object in their order, each key once.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object such as {\"x\": 1, \"y\": 2}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let (mut pairs, mut keys) = (vec![], HashSet::new());
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if !keys.insert(key.clone()) {
                        return Err(A::Error::custom(format!("the name `{key}` twice")));
                    }
                    pairs.push((key, value));
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

fn wrong(file: &Path, line: u64, problem: String) -> TableError {
    TableError::Format { file: file.into(), place: format!(", line {line}"), problem }
}

fn objects(input: &Input, visit: &mut dyn FnMut(u64, Object) -> Result<(), TableError>) -> Result<(), TableError> {
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
        match serde_json::from_slice::<Object>(trimmed) {
            Ok(object) => visit(line, object)?,
            Err(error) if error.classify() == Category::Data => {
                return Err(wrong(file, line, format!("each line should be one object: {error}")));
            }
            Err(error) => return Err(wrong(file, line, format!("no JSON: {error}"))),
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of tests need not survive a kill")]
mod tests {
    use super::*;

    type Rows = Vec<Vec<Option<String>>>;

    fn read(text: &str) -> Result<(Vec<String>, Rows), TableError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        std::fs::write(&path, text).unwrap();
        let input = Input::open(&path, |_| Ok(())).unwrap();
        let lines = JsonLines::open(&input)?;
        let mut rows = vec![];
        lines.rows(&input, &mut |row| {
            rows.push(row.cells.iter().map(Cell::shown).collect());
            Ok(())
        })?;
        Ok((lines.header, rows))
    }

    #[test]
    fn columns_are_in_the_order_of_the_file() {
        let (header, rows) =
            read("\u{feff}{\"z\": 1, \"a\": \"x\"}\n\n{\"a\": null, \"b\": true, \"z\": 2.5}\n").unwrap();
        assert_eq!(header, ["z", "a", "b"]);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(rows, [[some("1"), some("x"), None], [some("2.5"), None, some("true")]]);
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_line() {
        for (text, said) in [
            ("{\"a\": 1}\n[1]\n", "line 2: each line should be one object"),
            ("{\"a\": 1}\n{\"a\": 1, \"a\": 2}\n", "line 2: each line should be one object: the name `a` twice"),
            ("{\"a\": 1}\n{\"a\": \n", "line 2: no JSON"),
            ("[{\"a\": 1}]\n", "jq -c"),
        ] {
            let told = read(text).unwrap_err().to_string();
            assert!(told.contains(said), "{told}");
        }
    }
}
