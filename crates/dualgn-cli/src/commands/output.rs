//! The files of a run: `metrics.jsonl` and `steps.jsonl` of each method, written line by line, and a page and a
//! summary, written whole.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

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

    /// Starts a file of a method, `FOLDER/METHOD/NAME.jsonl`; or goes on with one after its records from before a step.
    pub fn lines(&self, method: &str, name: &str, before: Option<usize>) -> Result<Lines, Failure> {
        let folder = self.folder.join(method);
        files::make_folder(&folder)?;
        let path = folder.join(format!("{name}.jsonl"));
        if let Some(before) = before {
            let kept: Vec<serde_json::Value> = read_lines(&path, before)?;
            let text: String = kept.iter().map(|line| format!("{line}\n")).collect();
            files::replace(&path, text.as_bytes())?;
        }
        let file = match before {
            Some(_) => File::options().append(true).open(&path),
            None => File::create(&path),
        };
        Ok(Lines { file: file.map_err(|error| Failure::file("write", &path, &error))?, path })
    }

    /// The records of a method from before a step.
    pub fn records<T: DeserializeOwned>(&self, method: &str, name: &str, before: usize) -> Result<Vec<T>, Failure> {
        read_lines(&self.folder.join(method).join(format!("{name}.jsonl")), before)
    }

    /// Writes `report.html` and `comparison.json` of what there is so far.
    pub fn write(&self, comparison: &Comparison) -> Result<PathBuf, Failure> {
        let json = serde_json::to_vec_pretty(comparison).map_err(|error| Failure::run(error.to_string()))?;
        files::replace(&self.folder.join("comparison.json"), &json)?;
        let page = self.folder.join("report.html");
        files::replace(&page, report::page(comparison).as_bytes())?;
        Ok(page)
    }
}

/// The records of a file from before a step; a line that was cut off when the run was killed ends it.
fn read_lines<T: DeserializeOwned>(path: &Path, before: usize) -> Result<Vec<T>, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(Failure::file("read", path, &error)),
    };
    let lines = text.lines().map_while(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let lines = lines.take_while(|line| line["step"].as_u64().is_some_and(|step| step < before as u64));
    let record =
        |line| serde_json::from_value(line).map_err(|error| Failure::input(format!("{}: {error}", path.display())));
    lines.map(record).collect()
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
        let mut line = serde_json::to_vec(record).map_err(|error| Failure::run(error.to_string()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|error| Failure::file("write", &self.path, &error))
    }
}
