//! `dualgn compare`.

use super::output::Output;
use super::plan::{self, Origin, Plan};
use super::setup::{Work, with_session};
use super::tune::{Running, choose_rate, recorded_run};
use crate::arguments::{Compare, Run};
use crate::failure::Failure;
use crate::interrupt;
use crate::record::{Comparison, MethodRun, Status, Target};
use crate::report;
use crate::terminal;
use crate::train::{Budget, Method, ModelName, Session, Subject};

/// Trains by each method and reports.
pub fn compare(arguments: &Compare) -> Result<(), Failure> {
    let origin = Origin::Problem(arguments.problem, &arguments.options);
    let loss = plan::loss(origin, &arguments.run)?;
    let model = arguments.model.unwrap_or(ModelName::default_for(loss));
    let mut methods = arguments.methods.clone().unwrap_or_else(|| Method::compared(model));
    methods.dedup();
    plan::check(&methods, loss)?;
    let plan = Plan::new("compare", origin, loss, &arguments.run);
    let Run { quiet, json, .. } = arguments.run;
    let work = Comparing { methods, output: Output::new(plan.folder.clone())?, quiet, json };
    with_session(&plan, work)
}

struct Comparing {
    methods: Vec<Method>,
    output: Output,
    quiet: bool,
    json: bool,
}

impl Work for Comparing {
    fn run<S: Subject>(
        self,
        session: &mut Session<S>,
        budget: Budget,
        mut comparison: Comparison,
    ) -> Result<(), Failure> {
        for &method in &self.methods {
            let running = Running { budget, metric: comparison.metric, output: &self.output, quiet: self.quiet };
            let rate = choose_rate(session, method, None, running)?;
            let (run, outcome) = recorded_run(session, method, rate, running, None)?;
            comparison.coefficients.extend(session.subject.coefficients(&outcome.model, method.name)?);
            comparison.runs.push(run);
            comparison.target = target(&comparison.runs);
            // After every method, so that a killed comparison leaves a page of what it has.
            self.output.write(&comparison)?;
            if interrupt::requested() {
                break;
            }
        }
        show(&comparison, self.json)?;
        finish(&self.output, &comparison, false)
    }
}

/// Prints what was measured, as a table for people or in the form of `comparison.json`.
pub fn show(comparison: &Comparison, json: bool) -> Result<(), Failure> {
    if json {
        let text = serde_json::to_string_pretty(comparison).map_err(|error| Failure::run(error.to_string()))?;
        terminal::print(text)
    } else {
        terminal::print(report::terminal(comparison))
    }
}

/// Names the page, and fails if the user stopped the run.
pub fn finish(output: &Output, comparison: &Comparison, resumes: bool) -> Result<(), Failure> {
    let page = output.write(comparison)?;
    terminal::say(format!("report: {}", page.display()));
    interrupted(output, resumes)
}

/// Fails if the user stopped the run.
pub fn interrupted(output: &Output, resumes: bool) -> Result<(), Failure> {
    let folder = output.folder().display();
    match (interrupt::requested(), resumes) {
        (false, _) => Ok(()),
        (true, true) => Err(Failure::interrupted(format!("go on with `dualgn resume {folder}`"))),
        (true, false) => Err(Failure::interrupted(format!("what was measured until then is in {folder}"))),
    }
}

/// The training loss that Adam ended with, if it ran to its end.
fn target(runs: &[MethodRun]) -> Option<Target> {
    let adam = runs.iter().find(|run| run.method == "adam" && run.status == Status::Finished)?;
    let train_loss = adam.records.last()?.train_loss;
    Some(Target { train_loss, source: "Adam's last training loss".into() })
}
