//! `dualgn report`.

use std::path::Path;

use dualgn_io::{Failure, files};
use dualgn_train::WEIGHTS;
use dualgn_train::record::Comparison;
use dualgn_train::run::{PAGE, RunFolder, SUMMARY, network_folder, read_comparison, refuse_own, steps};

use super::configuration::Configuration;
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
            Some((method, number)) => run.join(network_folder(number)).join(method),
            None => run.join(&run_of.method),
        };
        run_of.directions = steps(&folder, &run_of.run, usize::MAX)?;
    }
    if arguments.text {
        return terminal::print(dualgn_report::terminal(&comparison));
    }
    let page = arguments.out.clone().unwrap_or_else(|| run.join(PAGE));
    refuse_own(&page)?;
    files::replace(&page, dualgn_report::page(&comparison).as_bytes())?;
    terminal::print(page.display())
}

/// What a run recorded at its end. One that has ended without it gets it now.
fn comparison(run: &Path) -> Result<Comparison, Failure> {
    if !run.join(SUMMARY).exists() && Configuration::is_in(run) {
        let configuration = Configuration::load(run)?;
        let has_ended = |folder: &Path| -> Result<bool, Failure> {
            Ok(checkpoint_of(folder, &configuration)?.is_some_and(|checkpoint| checkpoint.ended.is_some()))
        };
        if run.join(WEIGHTS).exists() || (configuration.table.is_none() && has_ended(run)?) {
            complete(run)?;
        }
    }
    if let Some(comparison) = read_comparison(run)? {
        return Ok(comparison);
    }
    RunFolder::check(run)?;
    let shown = run.display();
    Err(Failure::input(format!("{shown} has no {SUMMARY}, which a run writes when it has ended"))
        .hint(format!("go on with `dualgn resume {shown}`")))
}
