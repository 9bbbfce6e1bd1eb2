//! `dualgn train`.

use std::path::PathBuf;

use burn::module::Module;

use super::compare::{command_line, finish, tuned_run};
use super::output::Output;
use super::setup::{Work, with_session};
use crate::arguments::Train;
use crate::failure::Failure;
use crate::problem::Objective;
use crate::record::Comparison;
use crate::report;
use crate::train::{Budget, MethodName, Session};

/// Trains by one method and keeps the weights.
pub fn train(arguments: &Train) -> Result<(), Failure> {
    let folder = arguments.run.out.clone();
    let folder = folder.unwrap_or_else(|| PathBuf::from(format!("runs/train-{}", arguments.problem.name())));
    let work = Training { method: arguments.method, rate: arguments.rate, output: Output::new(folder)? };
    with_session(arguments.problem, &arguments.run, command_line(), work)
}

struct Training {
    method: MethodName,
    rate: Option<f64>,
    output: Output,
}

impl Work for Training {
    fn run<O: Objective>(
        self,
        session: &Session<O>,
        budget: Budget,
        mut comparison: Comparison,
    ) -> Result<(), Failure> {
        let (run, outcome) = tuned_run(session, self.method, self.rate, budget, comparison.metric, &self.output)?;
        comparison.runs.push(run);
        println!("{}", report::terminal(&comparison));
        let path = self.output.folder().join("model.bpk");
        let unfinished = self.output.folder().join("model.unfinished.bpk");
        let saved = outcome.model.valid().save_file(&unfinished);
        saved.map_err(|error| Failure::Run(format!("cannot save the weights: {error}")))?;
        std::fs::rename(&unfinished, &path).map_err(|error| Failure::file("write", &path, &error))?;
        eprintln!("weights: {}", path.display());
        finish(&self.output, &comparison)
    }
}
