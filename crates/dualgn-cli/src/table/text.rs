//! [`Text`]: CSV, TSV and the like. The separator, the header and the encoding are found out, and said.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use super::cell::{Cell, Row};
use super::error::TableError;
use super::missing::MissingWords;
use super::numerals::sighted;
use super::source::{HeaderChoice, Reading, Visit, opened, unique};

/// A text file with a table.
#[derive(Debug)]
pub struct Text {
    /// The names of the columns.
    pub header: Vec<String>,
    /// What stands between cells.
    pub separator: u8,
    has_header: bool,
    encoding: &'static Encoding,
    gzipped: bool,
    renamed: Vec<String>,
}

/// Bytes that separator and header are guessed from.
const SAMPLE: usize = 1 << 16;
/// Bytes of a row at most: one quote too many makes a row of the rest of the file.
const LONGEST: usize = 1 << 26;

impl Text {
    /// Looks at the beginning of a file, and through all of it for its encoding.
    pub fn open(file: &Path, reading: &Reading) -> Result<Self, TableError> {
        let gzipped = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
        let read = |reason| TableError::Read { file: file.into(), reason };
        let encoding = encoding(&mut unpacked(file, gzipped)?).map_err(read)?;
        let mut sample = vec![];
        decoded(file, gzipped, encoding)?.take(SAMPLE as u64).read_to_end(&mut sample).map_err(read)?;
        if sample.contains(&0) {
            return Err(TableError::Format {
                file: file.into(),
                place: String::new(),
                problem: "it holds zero bytes, so it is no text; give a table as text, JSON lines, NPZ or Parquet"
                    .into(),
            });
        }
        let is_whole = sample.len() < SAMPLE;
        let separator = match reading.separator {
            Some(separator) if separator.is_ascii() => separator as u8,
            Some(other) => {
                return Err(TableError::Format {
                    file: file.into(),
                    place: String::new(),
                    problem: format!("`--separator` should be one ASCII character, found `{other}`"),
                });
            }
            None => separator(&sample, is_whole),
        };
        let rows = beginning(&sample, separator, is_whole);
        let has_header = match reading.header {
            HeaderChoice::Yes => true,
            HeaderChoice::No => false,
            HeaderChoice::Auto => has_header(&rows),
        };
        let width = rows.first().map_or(0, Vec::len);
        let names = (0..width).map(|column| match has_header.then(|| rows[0][column].trim()) {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => format!("column{}", column + 1),
        });
        let (header, renamed) = unique(names);
        Ok(Self { header, separator, has_header, encoding, gzipped, renamed })
    }

    /// What was found out.
    pub fn remarks(&self) -> Vec<String> {
        let separator = match self.separator {
            b',' => "commas".into(),
            b'\t' => "tabs".into(),
            b';' => "semicolons".into(),
            b'|' => "bars".into(),
            b' ' => "spaces".into(),
            other => format!("`{}`", other as char),
        };
        let mut remarks = vec![format!(
            "cells between {separator}, {}, {}",
            if self.has_header { "names in the first line" } else { "no names in the first line" },
            self.encoding.name()
        )];
        if !self.renamed.is_empty() {
            remarks.push(format!("names that stand there twice: now {}", self.renamed.join(", ")));
        }
        remarks
    }

    /// Reads all rows.
    pub fn rows(&self, file: &Path, visit: Visit) -> Result<(), TableError> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.separator)
            .has_headers(self.has_header)
            .flexible(true)
            .from_reader(decoded(file, self.gzipped, self.encoding)?);
        let (mut record, mut index) = (csv::StringRecord::new(), 0);
        loop {
            let line = |record: &csv::StringRecord| record.position().map_or(0, csv::Position::line);
            match reader.read_record(&mut record) {
                Ok(false) => return Ok(()),
                Ok(true) => {}
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    let place = if line > 0 { format!(", line {line}") } else { String::new() };
                    return Err(TableError::Format { file: file.into(), place, problem: error.to_string() });
                }
            }
            // A line of spaces.
            if record.len() == 1 && record[0].trim().is_empty() && self.header.len() > 1 {
                continue;
            }
            if record.len() != self.header.len() {
                let (expected, found) = (self.header.len(), record.len());
                return Err(TableError::Cells { file: file.into(), line: line(&record), expected, found });
            }
            let cells: Vec<Cell> = record.iter().map(Cell::of).collect();
            visit(Row { index, line: Some(line(&record)), cells: &cells })?;
            index += 1;
        }
    }
}

/// The bytes of a file, unpacked.
fn unpacked(file: &Path, gzipped: bool) -> Result<Box<dyn Read>, TableError> {
    let bytes: BufReader<File> = BufReader::with_capacity(1 << 16, opened(file)?);
    Ok(if gzipped { Box::new(MultiGzDecoder::new(bytes)) } else { Box::new(bytes) })
}

/// The text of a file, in UTF-8, and no line longer than memory should hold.
fn decoded(file: &Path, gzipped: bool, encoding: &'static Encoding) -> Result<impl Read + use<>, TableError> {
    let bytes = unpacked(file, gzipped)?;
    let text = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(true).build(bytes);
    Ok(Short { text, since: 0 })
}

/// Fails at a line that does not end.
struct Short<R> {
    text: R,
    since: usize,
}

impl<R: Read> Read for Short<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.text.read(buffer)?;
        match buffer[..read].iter().rposition(|&byte| byte == b'\n') {
            Some(end) => self.since = read - end,
            None => self.since += read,
        }
        if self.since > LONGEST {
            return Err(std::io::Error::other(format!("a line of more than {LONGEST} bytes; this is no table")));
        }
        Ok(read)
    }
}

/// UTF-8 if all of it is, or what a mark at its beginning says, or else Windows-1252, which all bytes are.
fn encoding(bytes: &mut dyn Read) -> std::io::Result<&'static Encoding> {
    let mut buffer = vec![0; 1 << 16];
    let (mut kept, mut is_first) = (0, true);
    loop {
        let read = bytes.read(&mut buffer[kept..])?;
        let there = kept + read;
        if std::mem::take(&mut is_first) {
            match buffer[..there] {
                [0xff, 0xfe, ..] => return Ok(UTF_16LE),
                [0xfe, 0xff, ..] => return Ok(UTF_16BE),
                _ => {}
            }
        }
        if read == 0 {
            return Ok(if kept == 0 { UTF_8 } else { WINDOWS_1252 });
        }
        match std::str::from_utf8(&buffer[..there]) {
            Ok(_) => kept = 0,
            // A character that goes on in the next piece.
            Err(error) if error.error_len().is_none() => {
                buffer.copy_within(error.valid_up_to()..there, 0);
                kept = there - error.valid_up_to();
            }
            Err(_) => return Ok(WINDOWS_1252),
        }
    }
}

/// The first rows of a sample by a separator; the last one may be cut off.
fn beginning(sample: &[u8], separator: u8, is_whole: bool) -> Vec<Vec<String>> {
    const ROWS: usize = 200;
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(sample);
    let mut rows: Vec<Vec<String>> = reader
        .records()
        .take(ROWS + 1)
        .map_while(Result::ok)
        .map(|row| row.iter().map(str::to_owned).collect())
        .collect();
    if !is_whole || rows.len() > ROWS {
        rows.pop();
    }
    rows
}

/// The separator by which most rows have as many cells as the first, and more than one.
fn separator(sample: &[u8], is_whole: bool) -> u8 {
    let agreement = |separator: u8| {
        let rows = beginning(sample, separator, is_whole);
        let width = rows.first().map_or(0, Vec::len);
        let alike = rows.iter().filter(|row| row.len() == width).count();
        if width < 2 { (0, 0) } else { (1000 * alike / rows.len().max(1), width) }
    };
    // Of equals the last is the largest for `max_by_key`.
    b"| ;\t,"
        .iter()
        .copied()
        .max_by_key(|&separator| agreement(separator))
        .filter(|&best| agreement(best).0 > 0)
        .unwrap_or(b',')
}

/// Whether the first row names the columns: none of its cells is a number or empty, and it differs from those below.
fn has_header(rows: &[Vec<String>]) -> bool {
    let Some((first, rest)) = rows.split_first() else { return false };
    let missing = MissingWords::default();
    let is_empty = |text: &str| text.trim().is_empty() || missing.has(text.trim());
    let is_number = |text: &str| sighted(text.trim()).is_some();
    let mut sorted: Vec<&str> = first.iter().map(|cell| cell.trim()).collect();
    sorted.sort_unstable();
    if first.iter().any(|cell| is_number(cell))
        || sorted.windows(2).any(|pair| pair[0] == pair[1] && !pair[0].is_empty())
    {
        return false;
    }
    let has_numbers_below = (0..first.len()).any(|column| {
        let mut cells = rest.iter().filter_map(|row| row.get(column)).filter(|cell| !is_empty(cell)).peekable();
        cells.peek().is_some() && cells.all(|cell| is_number(cell))
    });
    // A table of words: names do not come again below.
    has_numbers_below
        || !first.iter().enumerate().any(|(column, name)| rest.iter().any(|row| row.get(column) == Some(name)))
}
