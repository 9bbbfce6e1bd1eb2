//! [`Text`]: CSV, TSV and the like. The separator, the header and the encoding are found out, and said.

use std::io::{self, Read};
use std::path::Path;

use dualgn_io::input::Input;
use encoding_rs::Encoding;

use super::beginning::{Beginning, Preamble};
use super::cell::{Cell, Row};
use super::error::TableError;
use super::header::Header;
use super::quotes::Quotes;
use super::source::{ReadOptions, Visit};
use super::stream::{self, LONGEST};

/// A text file with a table.
#[derive(Debug)]
pub(super) struct Text {
    /// The names of the columns.
    pub header: Vec<String>,
    /// Whether the first column has the names that R gives to rows.
    pub has_row_names: bool,
    /// What stands between cells.
    pub separator: u8,
    in_first_row: bool,
    trailing: bool,
    preamble: Preamble,
    encoding: &'static Encoding,
    remarks: Vec<String>,
}

/// Bytes that separator and header are guessed from, unless a few rows take more.
const SAMPLE: usize = 1 << 16;
/// Rows that they are guessed from, at least.
const ROWS: usize = 8;

impl Text {
    /// Looks at the beginning of a file, and through all of it for its encoding.
    pub(super) fn open(input: &Input, options: &ReadOptions) -> Result<Self, TableError> {
        let file = input.path();
        let read = |reason| TableError::Read { file: file.into(), reason };
        let wrong = |problem: String| TableError::Format { file: file.into(), place: String::new(), problem };
        let separator = match options.separator {
            Some(separator) if separator.is_ascii() => Some(separator as u8),
            Some(other) => {
                return Err(wrong(format!("`--separator` should be one ASCII character, found `{other}`")));
            }
            None => None,
        };
        check_text(file, &mut stream::unpacked(input).map_err(read)?)?;
        let encoding = stream::encoding(&mut stream::unpacked(input).map_err(read)?).map_err(read)?;
        let (text, _) = stream::decoded(input, encoding).map_err(read)?;
        let beginning = beginning(text, separator).map_err(read)?;
        if beginning.rows.iter().flatten().any(|cell| cell.contains('\0')) {
            return Err(wrong(NO_TEXT.into()));
        }
        let header = Header::of(&beginning, options.header);
        let mut remarks =
            vec![format!("cells between {}, {}, {}", words(beginning.separator), header.remarks[0], encoding.name())];
        remarks.extend(around(&beginning));
        remarks.extend_from_slice(&header.remarks[1..]);
        let Beginning { separator, preamble, trailing, .. } = beginning;
        let Header { names, in_first_row, has_row_names, .. } = header;
        Ok(Self { header: names, has_row_names, separator, in_first_row, trailing, preamble, encoding, remarks })
    }

    /// What was found out.
    pub(super) fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }

    /// Reads all rows.
    pub(super) fn rows(&self, input: &Input, visit: Visit) -> Result<(), TableError> {
        let file = input.path();
        let read = |reason| TableError::Read { file: file.into(), reason };
        let (mut text, lines) = stream::decoded(input, self.encoding).map_err(read)?;
        io::copy(&mut text.by_ref().take(self.preamble.bytes as u64), &mut io::sink()).map_err(read)?;
        let (text, open) = Quotes::new(text, self.separator);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.separator)
            .has_headers(self.in_first_row)
            .flexible(true)
            .from_reader(text);
        let (mut record, mut index) = (csv::StringRecord::new(), 0);
        let width = self.header.len();
        let before = &self.preamble;
        // Its position is that of the end of the row before, which empty lines may follow.
        let line_of = |at: &csv::Position| before.lines + at.line() + lines.empty_from(before.bytes as u64 + at.byte());
        loop {
            lines.end_row();
            let is_row = reader.read_record(&mut record);
            // At the end of the file, the last row is what stands behind the quote.
            if let (Some(line), true, Ok(_)) = (open.line(), reader.is_done(), &is_row) {
                return Err(TableError::Format {
                    file: file.into(),
                    place: format!(", line {}", before.lines + line),
                    problem:
                        "a quote that begins a cell there is never closed, so the rest of the file would be that cell"
                            .into(),
                });
            }
            match is_row {
                Ok(false) => return Ok(()),
                Ok(true) => {}
                Err(error) => {
                    // Where reading ended inside of quotes, they began the trouble.
                    let line = error.position().map(line_of).or(open.line().map(|line| before.lines + line));
                    let place = line.map_or(String::new(), |line| format!(", line {line}"));
                    return Err(TableError::Format { file: file.into(), place, problem: error.to_string() });
                }
            }
            // A line of spaces.
            if record.len() == 1 && record[0].trim().is_empty() && width > 1 {
                continue;
            }
            let line = record.position().map_or(0, line_of);
            let is_longer = self.trailing && record.len() == width + 1;
            if is_longer && record[width].trim().is_empty() {
                record.truncate(width);
            }
            if record.len() != width {
                return Err(self.ragged(file, line, &record, is_longer));
            }
            let cells: Vec<Cell> = record.iter().map(Cell::of).collect();
            visit(Row { index, line: Some(line), cells: &cells })?;
            index += 1;
        }
    }

    /// What to say of a row with more or fewer cells than there are columns.
    fn ragged(&self, file: &Path, line: u64, record: &csv::StringRecord, is_longer: bool) -> TableError {
        let wrong = |problem: &str| TableError::Format {
            file: file.into(),
            place: format!(", line {line}"),
            problem: problem.into(),
        };
        if record.get(0).is_some_and(|cell| cell.starts_with('#')) {
            return wrong("a comment inside the table; comments may only stand before it, so remove this line");
        }
        if is_longer {
            return wrong(
                "a cell after the last separator, where nothing stands in the first lines; give this column a name in the first line",
            );
        }
        TableError::Cells { file: file.into(), line, expected: self.header.len(), found: record.len() }
    }
}

/// What is said of a file that holds zero bytes.
const NO_TEXT: &str = "it holds zero bytes, so it is no text; give a table as text, JSON lines, NPZ or Parquet";

/// Refuses what holds zero bytes at its beginning, before all of it is read.
pub(super) fn check_text(file: &Path, bytes: &mut dyn Read) -> Result<(), TableError> {
    let mut start = vec![];
    // What is unpacked may be cut off here.
    let _ = bytes.take(SAMPLE as u64).read_to_end(&mut start);
    if stream::marked(&start).is_none() && start.contains(&0) {
        return Err(TableError::Format { file: file.into(), place: String::new(), problem: NO_TEXT.into() });
    }
    Ok(())
}

/// The first rows of a text: of a sample that grows until it holds some, or all of a short file.
fn beginning(mut text: impl Read, separator: Option<u8>) -> io::Result<Beginning> {
    let mut sample = vec![];
    let mut size = SAMPLE;
    loop {
        text.by_ref().take((size - sample.len()) as u64).read_to_end(&mut sample)?;
        let is_whole = sample.len() < size;
        let beginning = Beginning::of(&sample, is_whole, separator);
        if is_whole || beginning.rows.len() >= ROWS || (size >= LONGEST && !beginning.rows.is_empty()) {
            return Ok(beginning);
        }
        size *= 4;
    }
}

/// What is around the table.
fn around(beginning: &Beginning) -> Vec<String> {
    let mut remarks = vec![];
    if beginning.preamble.separator.is_some() {
        remarks.push("the first line, which names the separator, is left out".to_owned());
    }
    match beginning.preamble.comments {
        0 => {}
        1 => remarks.push("1 line of comments before the table".into()),
        comments => remarks.push(format!("{comments} lines of comments before the table")),
    }
    if beginning.trailing {
        remarks.push("the separator at the end of each line is left out".into());
    }
    remarks
}

/// A separator in words.
fn words(separator: u8) -> String {
    match separator {
        b',' => "commas".into(),
        b'\t' => "tabs".into(),
        b';' => "semicolons".into(),
        b'|' => "bars".into(),
        b' ' => "spaces".into(),
        other => format!("`{}`", other as char),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of tests need not survive a kill")]
mod tests {
    use super::*;

    type Rows = Vec<(u64, Vec<String>)>;

    /// The reader of a text, and its rows with their lines.
    fn read(bytes: &[u8]) -> Result<(Text, Rows), TableError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, bytes).unwrap();
        let input = Input::open(&path, |_| Ok(())).unwrap();
        let text = Text::open(&input, &ReadOptions::default())?;
        let mut rows = vec![];
        text.rows(&input, &mut |row| {
            let cells = row.cells.iter().map(|cell| cell.shown().unwrap_or_default());
            rows.push((row.line.unwrap(), cells.collect()));
            Ok(())
        })?;
        Ok((text, rows))
    }

    #[test]
    fn what_is_around_a_table_changes_no_row_and_counts_as_lines() {
        let (plain, expected) = read(b"a,b\n1,2.5\n3,4.5\n").unwrap();
        for (around, above) in [
            ("\u{feff}a,b\n1,2.5\n3,4.5\n", 0),
            ("# by me\n# today\na,b\n1,2.5\n3,4.5\n", 2),
            ("\u{feff}# by me\r\n\r\na,b\r\n1,2.5\r\n3,4.5\r\n", 2),
            ("sep=,\na,b\n1,2.5\n3,4.5\n", 1),
            ("\u{feff}sep=;\r\na;b\r\n1;2.5\r\n3;4.5\r\n", 1),
            ("a,b,\n1,2.5,\n3,4.5,\n", 0),
            ("a,b\r1,2.5\r3,4.5\r", 0),
            ("a,b\r\n1,2.5\r\n3,4.5", 0),
            ("\n\na,b\n1,2.5\n3,4.5\n\n", 2),
        ] {
            for bytes in [around.as_bytes().to_vec(), around.encode_utf16().flat_map(u16::to_le_bytes).collect()] {
                if bytes.len() != around.len() && !around.starts_with('\u{feff}') {
                    // Without a mark it is not known as UTF-16.
                    continue;
                }
                let (text, rows) = read(&bytes).unwrap();
                assert_eq!(text.header, plain.header, "{around:?}");
                let moved: Rows = expected.iter().map(|(line, cells)| (line + above, cells.clone())).collect();
                assert_eq!(rows, moved, "{around:?}");
            }
        }
    }

    #[test]
    fn empty_lines_count_as_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "a,b|||1,\"x||y\"|2,z||  |3,w|".replace('|', end);
            let found: Vec<u64> = read(text.as_bytes()).unwrap().1.into_iter().map(|row| row.0).collect();
            assert_eq!(found, [4, 7, 10], "{text:?}");
        }
    }

    /// 20,000 columns: a first line of 128 KiB, twice the sample.
    #[test]
    fn a_first_line_may_be_longer_than_the_sample() {
        let line = |cell: &dyn Fn(usize) -> String| (0..20_000).map(cell).collect::<Vec<_>>().join(",");
        let mut csv = line(&|column| format!("x{column}")) + "\n";
        for row in 0..3 {
            csv += &line(&|column| (column + row).to_string());
            csv += "\n";
        }
        let (text, rows) = read(csv.as_bytes()).unwrap();
        assert_eq!((text.header.len(), text.header[19_999].as_str(), rows.len()), (20_000, "x19999", 3));
        assert_eq!(rows[2].1[19_999], "20001");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_advice() {
        let told = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        let rows = "1,2\n".repeat(300);
        let inside = told(&format!("a,b\n{rows}# the end\n"));
        assert!(inside.contains(", line 302: a comment inside the table"), "{inside}");
        let trailing: String = "1,2,\n".repeat(300);
        let more = told(&format!("a,b,\n{trailing}1,2,3\n"));
        assert!(more.contains(", line 302: a cell after the last separator"), "{more}");
        let other = told(&format!("a,b\n{rows}1,2,3\n"));
        assert!(other.contains("line 302: 3 cells, and the first line has 2"), "{other}");
    }

    #[test]
    fn names_of_rows_are_a_column() {
        let (text, rows) = read(b"\"a\" \"b\"\n\"1\" 1.5 2.5\n\"2\" 3.5 4.5\n").unwrap();
        assert_eq!((text.header, text.has_row_names), (vec!["row names".into(), "a".into(), "b".into()], true));
        assert_eq!(rows[1].1, ["2", "3.5", "4.5"]);
    }

    #[test]
    fn a_quote_too_many_does_not_fill_the_memory() {
        let row = format!("1,{}\n", "x".repeat(1000));
        let csv = format!("a,b\n{}1,\"{}", row.repeat(100), row.repeat(LONGEST / row.len() + 10));
        let told = read(csv.as_bytes()).unwrap_err().to_string();
        assert!(told.contains("line 102: ") && told.contains("a quote is not closed"), "{told}");
    }
}
