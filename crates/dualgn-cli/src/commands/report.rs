//! `dualgn report`.

use std::path::Path;

use dualgn_io::{Failure, files, input};
use dualgn_train::WEIGHTS;
use dualgn_train::record::Comparison;

use super::belongings::{network, refuse_own};
use super::configuration::{Configuration, is_of_the_first_version};
use super::output::steps;
use super::train::{checkpoint_of, complete};
use crate::arguments::Report;
use crate::terminal;

/// Writes the page of a run again, from what the run has recorded.
pub(super) fn report(arguments: &Report) -> Result<(), Failure> {
    let run = &arguments.run;
    let mut comparison = comparison(run)?;
    for run_of in &mut comparison.runs {
        // Of several networks each has a folder of its own.
        let folder = match run_of.method.split_once(' ') {
            Some((method, number)) => run.join(network(number)).join(method),
            None => run.join(&run_of.method),
        };
        run_of.directions = steps(&folder, &run_of.run, usize::MAX)?;
    }
    if arguments.text {
        return terminal::print(dualgn_report::terminal(&comparison));
    }
    let page = arguments.out.clone().unwrap_or_else(|| run.join("report.html"));
    refuse_own(&page)?;
    files::replace(&page, dualgn_report::page(&comparison).as_bytes())?;
    terminal::print(page.display())
}

/// What a run recorded at its end. One that has ended without it gets it now.
fn comparison(run: &Path) -> Result<Comparison, Failure> {
    let path = run.join("comparison.json");
    if !path.exists() && Configuration::is_in(run) {
        let configuration = Configuration::load(run)?;
        let has_ended = |folder: &Path| -> Result<bool, Failure> {
            Ok(checkpoint_of(folder, &configuration)?.is_some_and(|checkpoint| checkpoint.ended.is_some()))
        };
        if run.join(WEIGHTS).exists() || (configuration.table.is_none() && has_ended(run)?) {
            complete(run)?;
        }
    }
    let text = input::read_own(&path)?.ok_or_else(|| {
        let shown = run.display();
        Failure::input(format!("{shown} has no comparison.json, which a run writes when it has ended"))
            .hint(format!("go on with `dualgn resume {shown}`"))
    })?;
    let wrong = |problem: String| {
        Failure::input(format!("{}: {problem}", path.display())).hint("remove it, and `dualgn resume` writes it again")
    };
    let comparison: Comparison = serde_json::from_slice(&text).map_err(|error| {
        if is_of_the_first_version(run) {
            let text = format!("{} was written by dualgn 0.1, which this version does not read", path.display());
            return Failure::input(text).hint("the report.html beside it can still be opened (docs/migration.md)");
        }
        wrong(error.to_string())
    })?;
    comparison.check().map_err(|problem| wrong(problem.into()))?;
    Ok(comparison)
}
