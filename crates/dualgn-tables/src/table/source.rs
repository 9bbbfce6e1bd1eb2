//! [`Source`]: a table in a file, whatever its format, read row by row.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;

use dualgn_io::Failure;
use dualgn_io::input::{Input, is_standard_input};
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::arrays::Arrays;
use super::cell::Row;
use super::error::TableError;
use super::images::Images;
use super::lines::JsonLines;
use super::notation::Said;
use super::parquet::Parquet;
use super::stream::{GZIP, unpacked};
use super::text::{Text, check_text};

/// Whether the first line names the columns.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum HeaderChoice {
    /// Decide by the contents of the first line
    #[default]
    Auto,
    /// The first line holds the names
    Yes,
    /// The first line is data; the columns are called column1, column2, ..
    No,
}

/// How a file is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadOptions {
    /// What stands between cells; found out if not said.
    pub separator: Option<char>,
    /// Whether the first line names the columns.
    pub header: HeaderChoice,
    /// What is said of how cells are written.
    pub said: Said,
}

/// A table in a file.
#[derive(Debug)]
pub struct Source {
    input: Input,
    format: Format,
    positions: HashMap<String, usize>,
    said: Said,
}

#[derive(Debug)]
enum Format {
    Text(Text),
    Lines(JsonLines),
    Arrays(Arrays),
    Parquet(Parquet),
    Images(Images),
}

/// Takes one row after another.
pub(super) type Visit<'a> = &'a mut dyn FnMut(Row) -> Result<(), TableError>;

impl Source {
    /// Looks into a file: by its ending `.csv`, `.tsv`, `.txt`, `.jsonl`, `.ndjson` (each perhaps `.gz`), `.npy`, `.npz`, `.parquet`; by its
    /// content where its name has no ending, or where it is a pipe or standard input (`-`); or into a folder of images. What can be read
    /// only once is copied into a temporary file.
    ///
    /// # Errors
    /// It cannot be read, is of none of these formats, or has no columns.
    pub fn open(file: &Path, options: &ReadOptions) -> Result<Self, TableError> {
        if !is_standard_input(file) && file.is_dir() {
            let format = Format::Images(Images::open(file)?);
            return Self::of(Input::folder(file), format, options.said.clone());
        }
        let input = Input::open(file, |beginning| check_beginning(file, beginning).map_err(Failure::from))?;
        let format = match Kind::of(&input)? {
            Kind::Text => Format::Text(Text::open(&input, options)?),
            Kind::Lines => Format::Lines(JsonLines::open(&input)?),
            Kind::Arrays => Format::Arrays(Arrays::open(&input)?),
            Kind::Parquet => Format::Parquet(Parquet::open(&input)?),
        };
        Self::of(input, format, options.said.clone())
    }

    fn of(input: Input, format: Format, said: Said) -> Result<Self, TableError> {
        let mut source = Self { input, format, positions: HashMap::new(), said };
        if source.header().is_empty() {
            return Err(TableError::Empty { file: source.file().into() });
        }
        let names = source.header().iter().cloned().enumerate();
        source.positions = names.map(|(column, name)| (name, column)).collect();
        Ok(source)
    }

    /// The file.
    pub fn file(&self) -> &Path {
        self.input.path()
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        match &self.format {
            Format::Text(text) => &text.header,
            Format::Lines(lines) => &lines.header,
            Format::Arrays(arrays) => &arrays.header,
            Format::Parquet(parquet) => &parquet.header,
            Format::Images(images) => &images.header,
        }
    }

    /// What the reader found out: separator, header, encoding.
    pub fn remarks(&self) -> Vec<String> {
        match &self.format {
            Format::Text(text) => text.remarks(),
            Format::Lines(lines) => lines.remarks(),
            Format::Arrays(arrays) => arrays.remarks(),
            Format::Parquet(parquet) => parquet.remarks(),
            Format::Images(images) => images.remarks(),
        }
    }

    /// Channels, rows and columns, if rows are images: all columns but the last are their pixels.
    pub fn image(&self) -> Option<[usize; 3]> {
        match &self.format {
            Format::Images(images) => Some(images.shape),
            _ => None,
        }
    }

    /// What is said of how cells are written.
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// Whether semicolons stand between cells.
    pub fn has_semicolons(&self) -> bool {
        matches!(&self.format, Format::Text(text) if text.separator == b';')
    }

    /// Why a column only numbers or names the rows, by what the file says of itself; `None` for all others.
    pub fn index(&self, column: usize) -> Option<&'static str> {
        match &self.format {
            Format::Text(text) if text.has_row_names && column == 0 => Some("names of rows, as R writes them"),
            Format::Parquet(parquet) if parquet.index.contains(&column) => Some("the index of pandas"),
            _ => None,
        }
    }

    /// The column that is learnt unless another is named: `target`, or the last one that is no index.
    pub fn default_target(&self) -> usize {
        let last = || (0..self.header().len()).rev().find(|&column| self.index(column).is_none());
        self.positions.get("target").copied().or_else(last).unwrap_or_default()
    }

    /// The position of a column.
    pub fn column(&self, name: &str) -> Result<usize, TableError> {
        self.positions.get(name).copied().ok_or_else(|| {
            let header = self.header();
            let near = header
                .iter()
                .map(|column| (strsim::damerau_levenshtein(&column.to_lowercase(), &name.to_lowercase()), column))
                .filter(|(distance, column)| *distance <= (column.chars().count() / 3).max(1))
                .min_by_key(|(distance, _)| *distance);
            TableError::NoColumn {
                file: self.file().into(),
                name: name.to_owned(),
                near: near.map(|(_, column)| column.clone()),
                all: header.to_vec(),
            }
        })
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// The file cannot be read or is damaged, or `visit` fails.
    pub fn rows(&self, visit: Visit) -> Result<(), TableError> {
        match &self.format {
            Format::Text(text) => text.rows(&self.input, visit),
            Format::Lines(lines) => lines.rows(&self.input, visit),
            Format::Arrays(arrays) => arrays.rows(visit),
            Format::Parquet(parquet) => parquet.rows(&self.input, visit),
            Format::Images(images) => images.rows(self.file(), visit),
        }
    }
}

/// How a file is read.
enum Kind {
    Text,
    Lines,
    Arrays,
    Parquet,
}

impl Kind {
    /// By the ending of the name, or by the content.
    fn of(input: &Input) -> Result<Self, TableError> {
        let file = input.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let ending = name.trim_end_matches(".gz").rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "csv" | "tsv" | "tab" | "txt" | "data" => Ok(Self::Text),
            "jsonl" | "ndjson" | "json" => Ok(Self::Lines),
            "npy" | "npz" => Ok(Self::Arrays),
            "parquet" | "pq" => Ok(Self::Parquet),
            other if other.is_empty() || input.is_copy() => {
                Self::of_content(input).map_err(|reason| TableError::Read { file: file.into(), reason })
            }
            other => Err(TableError::Format {
                file: file.into(),
                place: String::new(),
                problem: format!(
                    "tables end in .csv, .tsv, .txt, .jsonl, .npy, .npz or .parquet, found .{other}; rename it, or convert it to CSV"
                ),
            }),
        }
    }

    fn of_content(input: &Input) -> std::io::Result<Self> {
        let beginning = input.beginning()?;
        if beginning.starts_with(PARQUET) {
            return Ok(Self::Parquet);
        }
        if ARRAYS.iter().any(|start| beginning.starts_with(start)) {
            return Ok(Self::Arrays);
        }
        let mut text = unpacked(input)?;
        let text = text.fill_buf()?;
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        Ok(if text.trim_ascii_start().starts_with(b"{") { Self::Lines } else { Self::Text })
    }
}

/// The first bytes of Parquet files.
const PARQUET: &[u8] = b"PAR1";
/// The first bytes of archives of arrays, and of an array.
const ARRAYS: [&[u8]; 2] = [b"PK\x03\x04", b"\x93NUMPY"];

/// Refuses what is no table, before all of it is copied: it may never end.
fn check_beginning(file: &Path, beginning: &[u8]) -> Result<(), TableError> {
    if beginning.starts_with(PARQUET) || ARRAYS.iter().any(|start| beginning.starts_with(start)) {
        return Ok(());
    }
    match beginning.starts_with(&GZIP) {
        true => check_text(file, &mut MultiGzDecoder::new(beginning)),
        false => check_text(file, &mut &*beginning),
    }
}
