//! [`Training`]: one run of one method, kept as it goes, from nothing or from a checkpoint.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use super::configuration::{Configuration, TableRun};
use super::keep::Keep;
use super::output::Output;
use super::plan::{Origin, Plan};
use super::setup::Work;
use super::tune::{Rate, Running, choose_rate, ending, recorded_run};
use crate::arguments::FieldOptions;
use crate::failure::Failure;
use crate::files;
use crate::network::NetworkChoice;
use crate::record::{Comparison, Record, StepRecord};
use crate::terminal;
use crate::train::{Budget, Checkpoint, Method, Session, Subject, WEIGHTS, checkpoints, write_weights};

/// Removes what an earlier run left in a folder, once there is a new one to begin: not before, so that what is wrong with a command
/// costs nothing.
fn clear(folder: &Path) -> Result<(), Failure> {
    let networks = (1..).map(|number| folder.join(network(number))).take_while(|path| path.is_dir());
    let mut left: Vec<_> = networks.map(fs::remove_dir_all).collect();
    left.extend([
        fs::remove_dir_all(checkpoints(folder)),
        fs::remove_file(folder.join(WEIGHTS)),
        Configuration::remove(folder),
    ]);
    match left.into_iter().filter_map(Result::err).find(|error| error.kind() != ErrorKind::NotFound) {
        Some(error) => Err(Failure::file("empty", folder, &error)),
        None => Ok(()),
    }
}

/// The folder of one of several networks.
pub fn network(number: usize) -> String {
    format!("network-{number}")
}

/// Whether a run has spent what it was given.
pub fn is_over(configuration: &Configuration, checkpoint: &Checkpoint) -> bool {
    match configuration.budget() {
        Budget::Steps(steps) => checkpoint.step >= steps,
        Budget::Seconds(seconds) => checkpoint.seconds >= seconds,
    }
}

/// Where a run begins.
pub enum Start {
    /// With nothing.
    New {
        /// The learning rate, if the user says it.
        rate: Option<f64>,
        /// Seconds between checkpoints.
        checkpoint: f64,
        /// The table it learns from, if it is one.
        table: Option<TableRun>,
        /// A folder that keeps the configuration too.
        beside: Option<PathBuf>,
        /// When it ends, if that is not what the options say.
        budget: Option<Budget>,
    },
    /// Where it was.
    Resumed {
        /// What it was started with.
        configuration: Box<Configuration>,
        /// The moment.
        checkpoint: Checkpoint,
    },
}

/// One run.
pub struct Training<'a> {
    /// The method.
    pub method: Method,
    /// What is trained.
    pub plan: &'a Plan<'a>,
    /// Where the results go.
    pub output: &'a Output,
    /// Where it begins.
    pub start: Start,
    /// Whether the last weights are the result.
    pub keeps_last: bool,
    /// What was measured, at the end.
    pub ended: &'a mut Option<Comparison>,
}

impl Work for Training<'_> {
    fn run<S: Subject>(
        self,
        session: &mut Session<S>,
        budget: Budget,
        mut comparison: Comparison,
    ) -> Result<(), Failure> {
        let Self { method, plan, output, start, keeps_last, ended } = self;
        let mut running = Running { budget, metric: comparison.metric, output, quiet: plan.run.quiet };
        let folder = checkpoints(output.folder());
        let (configuration, keep) = match start {
            Start::New { rate, checkpoint, table, beside, budget: given } => {
                running.budget = given.unwrap_or(budget);
                let memory = session.oracle.memory_budget();
                session.oracle = session.oracle.clone().memory(memory);
                session.choice = session.choose(method)?;
                let rate = choose_rate(session, method, rate, running)?;
                let budget = (running.budget, checkpoint, memory);
                let configuration = resolved(plan, session, method, rate, budget, &comparison, table)?;
                let folders = || beside.as_deref().into_iter().chain([output.folder()]);
                folders().try_for_each(clear)?;
                // What was in the other folder may have been this one.
                files::make_folder(output.folder())?;
                folders().try_for_each(|folder| configuration.save(folder))?;
                (configuration, Keep::new(folder, Duration::from_secs_f64(checkpoint)))
            }
            Start::Resumed { configuration, checkpoint } => {
                session.oracle = session.oracle.clone().memory(configuration.memory);
                session.choice = configuration.solver.clone();
                running.budget = configuration.budget();
                let records: Vec<Record> = output.records(method.name, "metrics", checkpoint.step)?;
                let steps: Vec<StepRecord> = output.records(method.name, "steps", checkpoint.step + 1)?;
                let keep = Keep::new(folder, Duration::from_secs_f64(configuration.checkpoint));
                (*configuration, keep.resuming(checkpoint, records, steps))
            }
        };
        let Configuration { rate, trials, rate_words: words, .. } = configuration;
        let (run, outcome) = recorded_run(session, method, Rate { rate, trials, words }, running, Some(keep))?;
        comparison.coefficients = session.subject.coefficients(&outcome.model, method.name)?;
        comparison.pictures = session.subject.portrait([&session.model, &outcome.model], output.folder())?;
        comparison.runs.push(run);
        if !plan.run.quiet {
            terminal::say(format!("stopped: {}", ending(&outcome).trim_end_matches(',')));
        }
        if keeps_last {
            let path = output.folder().join(WEIGHTS);
            write_weights(&path, &session.subject.weights(&outcome.model)?, None)?;
            if !plan.run.quiet {
                terminal::say(format!("weights: {}", path.display()));
            }
        }
        *ended = Some(comparison);
        Ok(())
    }
}

/// The configuration with every default written out.
fn resolved<S: Subject>(
    plan: &Plan,
    session: &Session<S>,
    method: Method,
    rate: Rate,
    (budget, checkpoint, memory): (Budget, f64, usize),
    comparison: &Comparison,
    table: Option<TableRun>,
) -> Result<Configuration, Failure> {
    let run = plan.run;
    let (steps, seconds) = match budget {
        Budget::Steps(steps) => (Some(steps), None),
        Budget::Seconds(seconds) => (None, Some(seconds)),
    };
    let device = run.device.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    let Rate { rate, trials, words } = rate;
    let (problem, data, limit, field) = match plan.origin {
        // Resumed from another folder, a relative one would lead elsewhere.
        Origin::Problem(topic, options) => {
            let mesh = options.field.mesh.as_deref().map(files::absolute);
            let field = FieldOptions { mesh, ..options.field.clone() };
            (topic.name(), options.data.as_deref().map(files::absolute), options.limit, field)
        }
        Origin::Study(study) => (study.name.clone(), None, None, FieldOptions::unset()),
    };
    Ok(Configuration {
        version: env!("CARGO_PKG_VERSION").into(),
        command: plan.typed.clone(),
        environment: comparison.environment.clone(),
        problem,
        table,
        network: run.network.as_ref().map(NetworkChoice::load).transpose()?,
        weights: run.weights.as_deref().map(files::absolute),
        quantile: run.quantile,
        loss: plan.loss.name().into(),
        method: method.name.into(),
        rate,
        rate_words: words,
        trials,
        damping: session.damping(method),
        batch: session.batch,
        asked_batch: run.batch,
        steps,
        seconds,
        target_loss: run.target_loss,
        seed: run.seed,
        solver: session.choice.clone(),
        memory,
        micro_batch: run.micro_batch,
        gap: run.gap,
        inner: run.inner,
        data,
        limit,
        device,
        field,
        checkpoint,
    })
}
