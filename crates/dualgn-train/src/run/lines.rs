//! Records in files of one line each: `metrics.jsonl` and `steps.jsonl` of a method.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use dualgn_io::{Failure, files, input};
use serde::{Deserialize, Serialize};

use crate::record::StepRecord;

/// Reads the steps along directions in a method's folder, up to one; none of methods without. A line that was cut off when the run was
/// killed ends them.
///
/// # Errors
/// The file cannot be read, or holds the steps of another run.
pub fn steps(method: &Path, run: &str, until: usize) -> Result<Vec<StepRecord>, Failure> {
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
pub(crate) struct Lines {
    path: PathBuf,
    file: File,
    run: String,
}

impl Lines {
    /// Starts a file in a method's folder, `NAME.jsonl`, with the records of an earlier part of the run.
    pub(crate) fn start<T: Serialize>(method: &Path, name: &str, run: &str, earlier: &[T]) -> Result<Self, Failure> {
        files::make_folder(method)?;
        let path = method.join(format!("{name}.jsonl"));
        let text = earlier.iter().map(|record| line(record, run)).collect::<Result<Vec<_>, _>>()?.concat();
        files::replace(&path, &text)?;
        let file = File::options().append(true).open(&path).map_err(|error| Failure::file("write", &path, &error))?;
        Ok(Self { path, file, run: run.to_owned() })
    }

    /// Appends a record.
    pub(crate) fn append(&mut self, record: &impl Serialize) -> Result<(), Failure> {
        let line = line(record, &self.run)?;
        self.file.write_all(&line).map_err(|error| Failure::file("write", &self.path, &error))
    }
}
