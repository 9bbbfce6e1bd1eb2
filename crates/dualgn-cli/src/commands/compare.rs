//! `dualgn compare`.

use std::path::PathBuf;

use super::output::Output;
use super::setup::{Work, with_session};
use crate::arguments::Compare;
use crate::failure::Failure;
use crate::interrupt;
use crate::memory;
use crate::problem::Objective;
use crate::progress::Progress;
use crate::record::{Comparison, MethodRun, Status, Target, Trial};
use crate::report;
use crate::train::{Budget, MethodName, Outcome, Session};

/// A trial of a learning rate takes this part of the budget.
const TRIAL: f64 = 0.2;

/// Trains by each method and reports.
pub fn compare(arguments: &Compare) -> Result<(), Failure> {
    let folder = arguments.run.out.clone();
    let folder = folder.unwrap_or_else(|| PathBuf::from(format!("runs/compare-{}", arguments.problem.name())));
    let mut methods = arguments.methods.clone();
    methods.dedup();
    let work = Comparing { methods, output: Output::new(folder)? };
    with_session(arguments.problem, &arguments.run, command_line(), work)
}

/// The command as it was typed, without the path of the program.
pub fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("dualgn {}", arguments.join(" "))
}

struct Comparing {
    methods: Vec<MethodName>,
    output: Output,
}

impl Work for Comparing {
    fn run<O: Objective>(
        self,
        session: &Session<O>,
        budget: Budget,
        mut comparison: Comparison,
    ) -> Result<(), Failure> {
        for &method in &self.methods {
            let (run, _) = tuned_run(session, method, None, budget, comparison.metric, &self.output)?;
            comparison.runs.push(run);
            comparison.target = target(&comparison.runs);
            // After every method, so that a killed comparison leaves a page of what it has.
            self.output.write(&comparison)?;
            if interrupt::requested() {
                break;
            }
        }
        println!("{}", report::terminal(&comparison));
        finish(&self.output, &comparison)
    }
}

/// Names the page, and fails if the user stopped the run.
pub fn finish(output: &Output, comparison: &Comparison) -> Result<(), Failure> {
    let page = output.write(comparison)?;
    eprintln!("report: {}", page.display());
    if interrupt::requested() {
        let folder = output.folder().display();
        return Err(Failure::Interrupted(format!("what was measured until then is in {folder}")));
    }
    Ok(())
}

/// The training loss that Adam ended with, if it ran to its end.
fn target(runs: &[MethodRun]) -> Option<Target> {
    let adam = runs.iter().find(|run| run.method == MethodName::Adam.name() && run.status == Status::Finished)?;
    let train_loss = adam.records.last()?.train_loss;
    Some(Target { train_loss, source: "Adam's last training loss".into() })
}

/// Tries the method's learning rates on a part of the budget each, then trains with the best. A rate that is given is
/// taken as it is.
pub fn tuned_run<O: Objective>(
    session: &Session<O>,
    method: MethodName,
    rate: Option<f64>,
    budget: Budget,
    metric: crate::record::Metric,
    output: &Output,
) -> Result<(MethodRun, Outcome), Failure> {
    let mut trials = match rate {
        Some(_) => vec![],
        None => try_rates(session, method, budget, metric)?,
    };
    let chosen = rate.unwrap_or_else(|| trials.first().map_or(method.rates()[0], |trial| trial.learning_rate));
    let mut metrics = output.metrics(method.name())?;
    memory::reset_peak();
    let progress = std::cell::RefCell::new(Progress::start(method.name(), metric));
    let outcome = session.run(
        method,
        chosen,
        budget,
        |record| {
            progress.borrow_mut().evaluated(record);
            metrics.append(record)
        },
        |step, spent| progress.borrow_mut().step(step, spent),
    )?;
    progress.into_inner().finish(match outcome.status {
        Status::Finished => "finished",
        Status::Diverged => "diverged",
        Status::Interrupted => "interrupted",
    });
    let mut settings = match (rate, trials.len()) {
        (Some(rate), _) => format!("rate {rate}"),
        (None, count) => format!("rate {chosen}, chosen of {count}"),
    };
    if method.is_gauss_newton() {
        settings = format!("{settings}; damping {} × loss", session.damping(method));
    }
    trials.retain(|trial| trial.train_loss.is_some() || trial.learning_rate != chosen);
    let run = MethodRun {
        method: method.name().into(),
        title: method.title().into(),
        settings,
        trials,
        status: outcome.status,
        records: outcome.records.clone(),
        peak_memory: memory::peak(),
    };
    Ok((run, outcome))
}

/// Short runs with each rate; the lowest training loss at their end wins. Best first, diverged last.
fn try_rates<O: Objective>(
    session: &Session<O>,
    method: MethodName,
    budget: Budget,
    metric: crate::record::Metric,
) -> Result<Vec<Trial>, Failure> {
    let budget = match budget {
        Budget::Steps(steps) => Budget::Steps(((steps as f64 * TRIAL).ceil() as usize).max(1)),
        Budget::Seconds(seconds) => Budget::Seconds(seconds * TRIAL),
    };
    let mut trials = vec![];
    for rate in method.rates() {
        if interrupt::requested() {
            break;
        }
        let mut progress = Progress::start(&format!("{}, rate {rate}", method.name()), metric);
        let outcome = session.run(method, rate, budget, |_| Ok(()), |step, spent| progress.step(step, spent))?;
        let last = outcome.records.last().filter(|_| outcome.status != Status::Diverged);
        let train_loss = last.map(|record| record.train_loss).filter(|loss| loss.is_finite());
        progress.finish(&train_loss.map_or_else(|| "diverged".into(), |loss| format!("loss {loss:.3e}")));
        trials.push(Trial { learning_rate: rate, train_loss });
    }
    let badness = |trial: &Trial| trial.train_loss.unwrap_or(f64::INFINITY);
    trials.sort_by(|a, b| badness(a).total_cmp(&badness(b)));
    Ok(trials)
}
