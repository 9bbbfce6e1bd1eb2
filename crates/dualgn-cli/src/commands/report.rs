//! `dualgn report`.

use std::fs;
use std::path::Path;

use crate::arguments::Report;
use crate::failure::Failure;
use crate::files;
use crate::record::{Comparison, StepRecord};
use crate::report;
use crate::terminal;

/// Writes the page of a run again, from what the run has recorded.
pub fn report(arguments: &Report) -> Result<(), Failure> {
    let run = &arguments.run;
    let path = run.join("comparison.json");
    let text = fs::read(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::input(format!(
            "{} has no comparison.json, which a run writes when it has ended; go on with `dualgn resume {}`",
            run.display(),
            run.display()
        )),
        _ => Failure::file("read", &path, &error),
    })?;
    let mut comparison: Comparison =
        serde_json::from_slice(&text).map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    for run_of in &mut comparison.runs {
        // Of several networks each has a folder of its own.
        let folder = match run_of.method.split_once(' ') {
            Some((method, number)) => run.join(format!("network-{number}")).join(method),
            None => run.join(&run_of.method),
        };
        run_of.directions = steps(&folder.join("steps.jsonl"))?;
    }
    if arguments.text {
        return terminal::print(report::terminal(&comparison));
    }
    let page = arguments.out.clone().unwrap_or_else(|| run.join("report.html"));
    files::replace(&page, report::page(&comparison).as_bytes())?;
    terminal::print(page.display())
}

/// The steps along directions; none of methods without.
fn steps(path: &Path) -> Result<Vec<StepRecord>, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(Failure::file("read", path, &error)),
    };
    // The last line may have been cut off.
    Ok(text.lines().map_while(|line| serde_json::from_str(line).ok()).collect())
}
