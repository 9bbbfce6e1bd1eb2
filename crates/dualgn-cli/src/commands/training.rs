//! [`Training`]: one run of one method, kept as it goes, from nothing or from a checkpoint.

use clap::ValueEnum;
use dualgn_io::{Failure, files};
use dualgn_networks::{NetworkChoice, Seal, write_weights};
use dualgn_train::record::{Comparison, Status, StepRecord};
use dualgn_train::{Budget, Checkpoint, Method, Session, Subject, WEIGHTS, checkpoints};

use super::configuration::{Asked, Configuration, TableRun};
use super::folder::RunFolder;
use super::keep::Keep;
use super::output::{Output, steps};
use super::plan::{Origin, Plan};
use super::setup::{AnySession, session};
use super::tune::{Outcome, Rate, Running, choose_rate, ending, recorded_run};
use crate::arguments::FieldOptions;
use crate::terminal;

/// Where a run begins.
pub(super) enum Start<'a> {
    /// With nothing.
    New {
        /// The learning rate, if the user says it.
        rate: Option<f64>,
        /// Seconds between checkpoints.
        checkpoint: f64,
        /// The table it learns from, if it is one.
        table: Option<TableRun>,
        /// The folder of the run, for the first of its networks: it makes room there, and keeps its configuration there too.
        first_in: Option<&'a mut RunFolder>,
    },
    /// Where it was.
    Resumed {
        /// What it was started with.
        configuration: Box<Configuration>,
        /// The moment; `None` before the first checkpoint.
        checkpoint: Option<Checkpoint>,
    },
}

/// One run.
pub(super) struct Training<'a> {
    /// The method.
    pub method: Method,
    /// What is trained.
    pub plan: &'a Plan<'a>,
    /// The number of the network, where there are several.
    pub network_number: usize,
    /// Where the results go.
    pub output: &'a Output,
    /// Where it begins.
    pub start: Start<'a>,
    /// Whether the last weights are the result.
    pub keeps_last: bool,
}

impl Training<'_> {
    /// Trains the session of the plan; returns what was measured.
    pub(super) fn run(self) -> Result<Comparison, Failure> {
        match session(self.plan)? {
            (AnySession::Data(mut session), blank) => self.on(&mut session, blank),
            #[cfg(feature = "fields")]
            (AnySession::Field(mut session), blank) => self.on(&mut session, blank),
        }
    }

    fn on<S: Subject>(self, session: &mut Session<S>, mut comparison: Comparison) -> Result<Comparison, Failure> {
        let Self { method, plan, network_number, output, start, keeps_last } = self;
        let mut running =
            Running { budget: session.budget, run: "", metric: comparison.metric, output, quiet: plan.run.quiet };
        let (configuration, from) = match start {
            Start::New { rate, checkpoint, table, first_in } => {
                let memory = session.oracle.memory_budget();
                session.oracle = session.oracle.clone().memory(memory);
                session.choice = session.choose(method)?;
                let asked = rate;
                let rate = choose_rate(session, method, rate, running)?;
                let ends = (running.budget, checkpoint, memory);
                let configuration = resolved(plan, session, (method, asked), rate, ends, &comparison, table)?;
                let configuration = Configuration { network_number, ..configuration };
                if let Some(folder) = first_in {
                    folder.begin()?;
                    configuration.save(folder.path())?;
                }
                // One of several networks has a folder of its own, which may have been replaced just now.
                files::make_folder(output.folder())?;
                configuration.save(output.folder())?;
                (configuration, None)
            }
            Start::Resumed { configuration, checkpoint } => {
                session.oracle = session.oracle.clone().memory(configuration.memory);
                session.choice = configuration.solver.clone();
                running.budget = configuration.budget();
                (*configuration, checkpoint)
            }
        };
        let identity = configuration.identity()?;
        running.run = &identity;
        let mut keep = Keep::new(checkpoints(output.folder()), configuration.checkpoint, identity.clone());
        if let Some(checkpoint) = from {
            let steps = steps_until(&checkpoint, method, output)?;
            keep = keep.resuming(checkpoint, steps);
        }
        let Configuration { rate, trials, rate_words: words, .. } = configuration;
        let Outcome { run, model, reason } =
            recorded_run(session, method, Rate { rate, trials, words }, running, Some(keep))?;
        comparison.coefficients = session.subject.coefficients(&model, method.name)?;
        let portrait = session.subject.portrait([&session.model, &model], output.folder())?;
        portrait.notes.iter().for_each(|note| terminal::say(format!("note: {note}")));
        comparison.pictures = portrait.pictures;
        let status = run.status;
        comparison.runs.push(run);
        if !plan.run.quiet || status == Status::Diverged {
            let ending = ending(status, reason.as_deref());
            terminal::say(format!("stopped: {}", ending.trim_end_matches(',')));
        }
        if keeps_last {
            let path = output.folder().join(WEIGHTS);
            write_weights(&path, &session.subject.weights(&model)?, Some(Seal::new(&identity, None)))?;
            if !plan.run.quiet {
                terminal::say(format!("weights: {}", path.display()));
            }
        }
        Ok(comparison)
    }
}

/// The steps that a run recorded before a checkpoint; says so if some are lost, which costs nothing but their place on its page.
fn steps_until(checkpoint: &Checkpoint, method: Method, output: &Output) -> Result<Vec<StepRecord>, Failure> {
    let folder = output.folder().join(method.name);
    let steps = steps(&folder, &checkpoint.run, checkpoint.step)?;
    if method.model.is_some() && steps.len() < checkpoint.step {
        terminal::say(format!(
            "note: {} has only {} of {} steps; the others are missing from the page",
            folder.join("steps.jsonl").display(),
            steps.len(),
            checkpoint.step
        ));
    }
    Ok(steps)
}

/// The configuration with every default written out.
fn resolved<S: Subject>(
    plan: &Plan,
    session: &Session<S>,
    (method, asked_rate): (Method, Option<f64>),
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
            let data = options.data.as_deref().map(files::absolute);
            (topic.name().to_owned(), data, options.limit, options.field.absolute())
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
        asked: Asked {
            rate: asked_rate,
            epochs: run.epochs,
            batch: run.batch,
            solver: run.solver,
            iterations: run.iterations,
            memory: run.memory,
        },
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
        network_number: 0,
        checksum: String::new(),
    })
}
