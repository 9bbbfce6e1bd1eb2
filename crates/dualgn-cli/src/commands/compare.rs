//! `dualgn compare`.

use std::path::Path;

use dualgn_io::Failure;
use dualgn_train::record::{Comparison, MethodRun, Status, TargetLoss};
use dualgn_train::run::{PAGE, RunFolder};
use dualgn_train::{Method, ModelName, Session, Subject};

use super::folder::claimed;
use super::plan::{self, Origin, Plan};
use super::setup::{Work, on_session};
use super::tune::{Outcome, Running, choose_rate, recorded_run};
use crate::arguments::{Compare, Run};
use crate::{interrupt, terminal};

/// Trains by each method and reports.
pub(super) fn compare(arguments: &Compare) -> Result<(), Failure> {
    let origin = Origin::Problem(&arguments.problem, &arguments.options);
    let loss = plan::loss(origin, &arguments.run)?;
    let model = arguments.model.unwrap_or(ModelName::default_for(loss));
    let mut methods = arguments.methods.clone().unwrap_or_else(|| Method::compared(model));
    methods.dedup();
    plan::check(&methods, loss)?;
    let plan = Plan::new("compare", origin, loss, &arguments.run);
    let Run { quiet, json, .. } = arguments.run;
    let folder = claimed(&plan)?;
    on_session(&plan, Comparing { methods, folder, quiet, json })
}

struct Comparing {
    methods: Vec<Method>,
    folder: RunFolder,
    quiet: bool,
    json: bool,
}

impl Work for Comparing {
    type Result = ();

    fn on<S: Subject>(self, session: &mut Session<S>, mut comparison: Comparison) -> Result<(), Failure> {
        let Self { methods, mut folder, quiet, json } = self;
        let path = folder.path().to_owned();
        // It has no configuration; the command says what it computes.
        let identity = format!("{:08x}", crc32fast::hash(comparison.command.as_bytes()));
        let (budget, metric) = (session.budget, comparison.metric);
        let running = Running { budget, run: &identity, metric, folder: &path, checkpoint: None, quiet };
        folder.begin()?;
        for &method in &methods {
            let rate = choose_rate(session, method, None, metric, quiet)?;
            let Outcome { run, model, .. } = recorded_run(session, method, rate, running, None)?;
            comparison.coefficients.extend(session.subject.coefficients(&model, method.name)?);
            comparison.runs.push(run);
            comparison.target = target(&comparison.runs);
            // After every method, so that a killed comparison leaves a page of what it has.
            dualgn_report::store(&path, &comparison)?;
            if interrupt::requested() {
                break;
            }
        }
        dualgn_report::store(&path, &comparison)?;
        folder.finish()?;
        show(&comparison, json)?;
        finish(&path, false)
    }
}

/// Prints what was measured, as a table for people or in the form of `comparison.json`.
pub(super) fn show(comparison: &Comparison, json: bool) -> Result<(), Failure> {
    if json {
        let text = serde_json::to_string_pretty(comparison).map_err(|error| Failure::run(error.to_string()))?;
        terminal::print(text)
    } else {
        terminal::print(dualgn_report::terminal(comparison))
    }
}

/// Names the page, and fails if the user stopped the run.
pub(super) fn finish(folder: &Path, resumes: bool) -> Result<(), Failure> {
    terminal::say(format!("report: {}", folder.join(PAGE).display()));
    interrupted(folder, resumes)
}

/// Fails if the user stopped the run.
pub(super) fn interrupted(folder: &Path, resumes: bool) -> Result<(), Failure> {
    let folder = folder.display();
    match (interrupt::requested(), resumes) {
        (false, _) => Ok(()),
        (true, true) => Err(Failure::interrupted(format!("go on with `dualgn resume {folder}`"))),
        (true, false) => Err(Failure::interrupted(format!("what was measured until then is in {folder}"))),
    }
}

/// The training loss that Adam ended with, if it ran to its end.
fn target(runs: &[MethodRun]) -> Option<TargetLoss> {
    let adam = runs.iter().find(|run| run.method == "adam" && run.status == Status::Finished)?;
    let train_loss = adam.records.last()?.train_loss;
    Some(TargetLoss { train_loss, source: "Adam's last training loss".into() })
}
