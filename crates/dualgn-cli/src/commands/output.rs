//! The files of a run: `metrics.jsonl` and `steps.jsonl` of each method, written line by line, and a page and a
//! summary, written whole.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::Failure;
use crate::files;
use crate::record::Comparison;
use crate::report;

/// A folder of results.
pub struct Output {
    folder: PathBuf,
}

impl Output {
    /// Makes the folder.
    pub fn new(folder: PathBuf) -> Result<Self, Failure> {
        files::make_folder(&folder)?;
        Ok(Self { folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a file of a method: `FOLDER/METHOD/NAME.jsonl`.
    pub fn lines(&self, method: &str, name: &str) -> Result<Lines, Failure> {
        let folder = self.folder.join(method);
        files::make_folder(&folder)?;
        let path = folder.join(format!("{name}.jsonl"));
        let file = File::create(&path).map_err(|error| Failure::file("write", &path, &error))?;
        Ok(Lines { path, file })
    }

    /// Writes `report.html` and `comparison.json` of what there is so far.
    pub fn write(&self, comparison: &Comparison) -> Result<PathBuf, Failure> {
        let json = serde_json::to_vec_pretty(comparison).map_err(|error| Failure::Run(error.to_string()))?;
        files::replace(&self.folder.join("comparison.json"), &json)?;
        let page = self.folder.join("report.html");
        files::replace(&page, report::page(comparison).as_bytes())?;
        Ok(page)
    }
}

/// A file of one line a record. Each line is in the hands of the system before training goes on, so that a killed run
/// keeps what it measured.
pub struct Lines {
    path: PathBuf,
    file: File,
}

impl Lines {
    /// Appends a record.
    pub fn append(&mut self, record: &impl Serialize) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(record).map_err(|error| Failure::Run(error.to_string()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|error| Failure::file("write", &self.path, &error))
    }
}
