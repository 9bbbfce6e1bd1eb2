//! The files of a run: `metrics.jsonl` and `steps.jsonl` of each method, written line by line, and a page and a
//! summary, written whole.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use dualgn_io::{Failure, files, input};
use dualgn_train::record::{Comparison, StepRecord};
use serde::{Deserialize, Serialize};

/// A folder of results.
pub(super) struct Output {
    folder: PathBuf,
}

impl Output {
    /// Of a folder, which need not be there before something is written.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a file of a method, `FOLDER/METHOD/NAME.jsonl`, with the records of an earlier part of the run.
    pub(super) fn lines<T: Serialize>(
        &self,
        method: &str,
        name: &str,
        run: &str,
        earlier: &[T],
    ) -> Result<Lines, Failure> {
        let folder = self.folder.join(method);
        files::make_folder(&folder)?;
        let path = folder.join(format!("{name}.jsonl"));
        let text = earlier.iter().map(|record| line(record, run)).collect::<Result<Vec<_>, _>>()?.concat();
        files::replace(&path, &text)?;
        let file = File::options().append(true).open(&path).map_err(|error| Failure::file("write", &path, &error))?;
        Ok(Lines { file, path, run: run.to_owned() })
    }

    /// Writes `report.html` and `comparison.json` of what there is so far.
    pub(super) fn write(&self, comparison: &Comparison) -> Result<(), Failure> {
        let json = serde_json::to_vec_pretty(comparison).map_err(|error| Failure::run(error.to_string()))?;
        files::replace(&self.folder.join("comparison.json"), &json)?;
        files::replace(&self.page(), dualgn_report::page(comparison).as_bytes())
    }

    /// The page.
    pub(super) fn page(&self) -> PathBuf {
        self.folder.join("report.html")
    }
}

/// The steps along directions in a method's folder, up to one; none of methods without. A line that was cut off when the run was
/// killed ends them.
///
/// # Errors
/// The file cannot be read, or holds the steps of another run.
pub(super) fn steps(method: &Path, run: &str, until: usize) -> Result<Vec<StepRecord>, Failure> {
    let path = method.join("steps.jsonl");
    let Some(text) = input::read_own(&path)? else { return Ok(vec![]) };
    let mut steps = vec![];
    for text in text.split(|&byte| byte == b'\n') {
        let Ok(Line { record, run: other }) = serde_json::from_slice::<Line<StepRecord, String>>(text) else { break };
        if other != run {
            let path = path.display();
            return Err(Failure::input(format!(
                "{path} holds the steps of another run: of {other}, and this one is {run}"
            ))
            .hint("put back the run's own file, or remove it: the run needs it for its page alone"));
        }
        if record.step > until {
            break;
        }
        steps.push(record);
    }
    Ok(steps)
}

/// A record, and the identity of the run that it is of.
#[derive(Serialize, Deserialize)]
struct Line<T, R> {
    #[serde(flatten)]
    record: T,
    run: R,
}

fn line(record: &impl Serialize, run: &str) -> Result<Vec<u8>, Failure> {
    let mut line = serde_json::to_vec(&Line { record, run }).map_err(|error| Failure::run(error.to_string()))?;
    line.push(b'\n');
    Ok(line)
}

/// A file of one line a record. Each line is in the hands of the system before training goes on, so that a killed run
/// keeps what it measured.
pub(super) struct Lines {
    path: PathBuf,
    file: File,
    run: String,
}

impl Lines {
    /// Appends a record.
    pub(super) fn append(&mut self, record: &impl Serialize) -> Result<(), Failure> {
        let line = line(record, &self.run)?;
        self.file.write_all(&line).map_err(|error| Failure::file("write", &self.path, &error))
    }
}
