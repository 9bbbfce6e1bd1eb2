//! `dualgn train` and `dualgn resume`.

use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use clap::ValueEnum;

use super::compare::{finish, show};
use super::configuration::Configuration;
use super::keep::Keep;
use super::output::Output;
use super::plan::{self, Plan};
use super::setup::{Work, with_session};
use super::tune::{Rate, Running, choose_rate, ending, recorded_run};
use crate::arguments::{FieldOptions, Resume, Train};
use crate::failure::Failure;
use crate::files;
use crate::interrupt;
use crate::record::{Comparison, Record, StepRecord};
use crate::train::{Budget, Checkpoint, Loaded, Method, ModelName, Session, Subject, checkpoints, write_weights};

/// The weights of a run that is over.
const WEIGHTS: &str = "model.safetensors";

/// Trains by one method and keeps the weights.
pub fn train(arguments: &Train) -> Result<(), Failure> {
    let loss = plan::loss(arguments.problem, &arguments.run)?;
    let model = arguments.model.unwrap_or(ModelName::default_for(loss));
    let method = arguments.method.unwrap_or(Method::guided(model));
    plan::check(&[method], loss)?;
    let plan = Plan::new("train", arguments.problem, loss, &arguments.run);
    let output = Output::new(plan.folder.clone())?;
    // What an earlier run left in the same place is not of this one.
    let left = [
        fs::remove_dir_all(checkpoints(output.folder())),
        fs::remove_file(output.folder().join(WEIGHTS)),
        Configuration::remove(output.folder()),
    ];
    if let Some(error) = left.into_iter().filter_map(Result::err).find(|error| error.kind() != ErrorKind::NotFound) {
        return Err(Failure::file("empty", output.folder(), &error));
    }
    let start = Start::New { rate: arguments.rate, checkpoint: arguments.checkpoint };
    with_session(&plan, Training { method, plan: &plan, output, start })
}

/// Goes on with a run from its last checkpoint.
pub fn resume(arguments: &Resume) -> Result<(), Failure> {
    let folder = &arguments.run;
    let configuration = Configuration::load(folder)?;
    let (topic, loss, method) = configuration.names(folder)?;
    let Loaded { checkpoint, passed_over } = Checkpoint::load(&checkpoints(folder))?;
    if let Some(reason) = passed_over {
        eprintln!("note: {reason}; going on from the checkpoint before it, of step {}", checkpoint.step);
    }
    if is_over(&configuration, &checkpoint) && folder.join(WEIGHTS).exists() {
        eprintln!("nothing to do: the run is finished, after {} steps", checkpoint.step);
        return Ok(());
    }
    let run = configuration.options(folder, [arguments.quiet, arguments.json])?;
    let plan = Plan { typed: configuration.command.clone(), ..Plan::new("train", topic, loss, &run) };
    let output = Output::new(folder.clone())?;
    let start = Start::Resumed { configuration: Box::new(configuration), checkpoint };
    with_session(&plan, Training { method, plan: &plan, output, start })
}

/// Whether a run has spent what it was given.
fn is_over(configuration: &Configuration, checkpoint: &Checkpoint) -> bool {
    match configuration.budget() {
        Budget::Steps(steps) => checkpoint.step >= steps,
        Budget::Seconds(seconds) => checkpoint.seconds >= seconds,
    }
}

/// Where a run begins.
enum Start {
    /// With nothing.
    New { rate: Option<f64>, checkpoint: f64 },
    /// Where it was.
    Resumed { configuration: Box<Configuration>, checkpoint: Checkpoint },
}

struct Training<'a> {
    method: Method,
    plan: &'a Plan<'a>,
    output: Output,
    start: Start,
}

impl Work for Training<'_> {
    fn run<S: Subject>(
        self,
        session: &mut Session<S>,
        budget: Budget,
        mut comparison: Comparison,
    ) -> Result<(), Failure> {
        let Self { method, plan, output, start } = self;
        let mut running = Running { budget, metric: comparison.metric, output: &output, quiet: plan.run.quiet };
        let folder = checkpoints(output.folder());
        let (configuration, keep) = match start {
            Start::New { rate, checkpoint } => {
                let memory = session.oracle.memory_budget();
                session.oracle = session.oracle.clone().memory(memory);
                session.choice = session.choose(method)?;
                let rate = choose_rate(session, method, rate, running)?;
                let configuration = resolved(plan, session, method, rate, (budget, checkpoint, memory), &comparison);
                configuration.save(output.folder())?;
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
        comparison.pictures = session.subject.portrait([&session.model, &outcome.model], output.folder())?;
        comparison.runs.push(run);
        show(&comparison, plan.run.json)?;
        let path = output.folder().join(WEIGHTS);
        write_weights(&path, &outcome.model)?;
        if !plan.run.quiet {
            eprintln!("stopped: {}", ending(&outcome).trim_end_matches(','));
            eprintln!("weights: {}", path.display());
        }
        let done = finish(&output, &comparison);
        if interrupt::requested() {
            let folder = output.folder().display();
            return Err(Failure::Interrupted(format!("go on with `dualgn resume {folder}`")));
        }
        done
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
) -> Configuration {
    let run = plan.run;
    let (steps, seconds) = match budget {
        Budget::Steps(steps) => (Some(steps), None),
        Budget::Seconds(seconds) => (None, Some(seconds)),
    };
    let device = run.device.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    let Rate { rate, trials, words } = rate;
    Configuration {
        version: env!("CARGO_PKG_VERSION").into(),
        command: plan.typed.clone(),
        environment: comparison.environment.clone(),
        problem: plan.topic.name(),
        loss: plan.loss.name().into(),
        method: method.name.into(),
        rate,
        rate_words: words,
        trials,
        damping: session.damping(method),
        batch: session.batch,
        steps,
        seconds,
        target_loss: run.target_loss,
        seed: run.seed,
        solver: session.choice.clone(),
        memory,
        micro_batch: run.micro_batch,
        gap: run.gap,
        inner: run.inner,
        // Resumed from another folder, a relative one would lead elsewhere.
        data: run.data.as_deref().map(files::absolute),
        limit: run.limit,
        device,
        field: FieldOptions { mesh: run.field.mesh.as_deref().map(files::absolute), ..run.field.clone() },
        checkpoint,
    }
}
