//! [`Source`]: a table in a file, whatever its format, read row by row.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::arrays::Arrays;
use super::cell::Row;
use super::error::TableError;
use super::images::Images;
use super::lines::JsonLines;
use super::notation::Said;
use super::parquet::Parquet;
use super::text::Text;

/// Whether the first line names the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderChoice {
    /// If it reads like names
    #[default]
    Auto,
    /// It does
    Yes,
    /// It does not, and columns are called column1, column2, ..
    No,
}

/// How a file is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
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
    file: PathBuf,
    format: Format,
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
pub type Visit<'a> = &'a mut dyn FnMut(Row) -> Result<(), TableError>;

impl Source {
    /// Looks into a file: by its ending `.csv`, `.tsv`, `.txt` (each perhaps `.gz`), `.jsonl`, `.ndjson`, `.npy`, `.npz`, `.parquet`; or a folder
    /// of images.
    ///
    /// # Errors
    /// It cannot be read, is of none of these formats, or has no columns.
    pub fn open(file: &Path, reading: &Reading) -> Result<Self, TableError> {
        let metadata = std::fs::metadata(file).map_err(|reason| TableError::Read { file: file.into(), reason })?;
        if metadata.is_dir() {
            let format = Format::Images(Images::open(file)?);
            return Ok(Self { file: file.to_owned(), format, said: reading.said.clone() });
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let ending = name.trim_end_matches(".gz").rsplit_once('.').map_or("", |(_, ending)| ending);
        let format = match ending {
            "csv" | "tsv" | "tab" | "txt" | "data" | "" => Format::Text(Text::open(file, reading)?),
            "jsonl" | "ndjson" | "json" => Format::Lines(JsonLines::open(file)?),
            "npy" | "npz" => Format::Arrays(Arrays::open(file)?),
            "parquet" | "pq" => Format::Parquet(Parquet::open(file)?),
            other => {
                return Err(TableError::Format {
                    file: file.into(),
                    place: String::new(),
                    problem: format!(
                        "tables end in .csv, .tsv, .txt, .jsonl, .npy, .npz or .parquet, found .{other}; rename it, or convert it to CSV"
                    ),
                });
            }
        };
        let source = Self { file: file.to_owned(), format, said: reading.said.clone() };
        if source.header().is_empty() {
            return Err(TableError::Empty { file: file.into() });
        }
        Ok(source)
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
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
            Format::Lines(_) => vec!["one JSON object a line".into()],
            Format::Arrays(arrays) => arrays.remarks(),
            Format::Parquet(_) => vec!["Parquet".into()],
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

    /// The position of a column.
    pub fn column(&self, name: &str) -> Result<usize, TableError> {
        let header = self.header();
        header.iter().position(|column| column == name).ok_or_else(|| {
            let near = header
                .iter()
                .map(|column| (strsim::damerau_levenshtein(&column.to_lowercase(), &name.to_lowercase()), column))
                .filter(|(distance, column)| *distance <= (column.chars().count() / 3).max(1))
                .min_by_key(|(distance, _)| *distance);
            TableError::NoColumn {
                file: self.file.clone(),
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
            Format::Text(text) => text.rows(&self.file, visit),
            Format::Lines(lines) => lines.rows(&self.file, visit),
            Format::Arrays(arrays) => arrays.rows(visit),
            Format::Parquet(parquet) => parquet.rows(&self.file, visit),
            Format::Images(images) => images.rows(&self.file, visit),
        }
    }
}

/// Opens a file.
pub fn opened(file: &Path) -> Result<File, TableError> {
    File::open(file).map_err(|reason| TableError::Read { file: file.into(), reason })
}

/// Names of columns, each once: a second `x` is `x.2`. Says which were changed.
pub fn unique(names: impl Iterator<Item = String>) -> (Vec<String>, Vec<String>) {
    let (mut unique, mut changed): (Vec<String>, _) = (vec![], vec![]);
    for name in names {
        let mut now = name.clone();
        for number in 2.. {
            if !unique.contains(&now) {
                break;
            }
            now = format!("{name}.{number}");
        }
        if now != name {
            changed.push(now.clone());
        }
        unique.push(now);
    }
    (unique, changed)
}
