//! [`Training`]: one run of one method, kept as it goes, from nothing or from a checkpoint.

use std::path::{Path, PathBuf};

use dualgn_io::{Failure, files};
use dualgn_networks::{NetworkChoice, Seal, write_weights};
use dualgn_train::record::{Comparison, Status};
use dualgn_train::run::{Rate, RunFolder};
use dualgn_train::{Budget, Checkpoint, Ended, Method, Session, Subject, WEIGHTS};

use super::configuration::{Asked, Configuration, TableRun};
use super::plan::{Origin, Plan};
use super::setup::{Work, on_session};
use super::tune::{Outcome, Running, choose_rate, recorded_run};
use crate::arguments::FieldOptions;
use crate::terminal;

/// One run.
#[derive(Clone, Copy)]
pub(super) struct Training<'a> {
    /// The method.
    pub method: Method,
    /// What is trained.
    pub plan: &'a Plan<'a>,
    /// The number of the network, where there are several.
    pub network_number: usize,
    /// Where the results go.
    pub folder: &'a Path,
    /// Whether the last weights are the result.
    pub keeps_last: bool,
}

/// Where a run begins.
pub(super) enum Start<'a> {
    /// With nothing.
    New(Box<New<'a>>),
    /// Where it was.
    Resumed {
        /// What it was started with.
        configuration: Box<Configuration>,
        /// The moment; `None` before the first checkpoint.
        checkpoint: Option<Box<Checkpoint>>,
    },
}

/// What a new run is begun with.
pub(super) struct New<'a> {
    /// The learning rate, if the user says it.
    pub rate: Option<f64>,
    /// Seconds between checkpoints.
    pub checkpoint: f64,
    /// The table it learns from, if it is one.
    pub table: Option<TableRun>,
    /// The folder of the run, for the first of its networks: it makes room there, and keeps its configuration there too.
    pub first_in: Option<&'a mut RunFolder>,
}

/// A run with its beginning.
struct Begun<'a> {
    training: Training<'a>,
    start: Start<'a>,
}

impl Work for Begun<'_> {
    type Result = Comparison;

    fn on<S: Subject>(self, session: &mut Session<S>, mut comparison: Comparison) -> Result<Comparison, Failure> {
        let Self { training, start } = self;
        let (configuration, from) = match start {
            Start::New(new) => (training.begun(session, *new, &comparison)?, None),
            Start::Resumed { configuration, checkpoint } => {
                session.oracle = session.oracle.clone().memory(configuration.memory);
                session.choice = configuration.solver;
                (*configuration, checkpoint.map(|checkpoint| *checkpoint))
            }
        };
        let identity = configuration.identity()?;
        let running = Running {
            budget: configuration.budget(),
            run: &identity,
            metric: comparison.metric,
            folder: training.folder,
            checkpoint: Some(configuration.checkpoint),
            quiet: training.plan.run.quiet,
        };
        let Configuration { rate, trials, rate_words: words, .. } = configuration;
        let Outcome { run, model, ended } =
            recorded_run(session, training.method, Rate { rate, trials, words }, running, from)?;
        comparison.coefficients = session.subject.coefficients(&model, training.method.name)?;
        let portrait = session.subject.portrait([&session.model, &model], training.folder)?;
        portrait.notes.iter().for_each(|note| terminal::say(format!("note: {note}")));
        comparison.pictures = portrait.pictures;
        comparison.runs.push(run);
        training.say_stopped(&ended);
        if training.keeps_last {
            training.keep(session, &model, &identity)?;
        }
        Ok(comparison)
    }
}

impl<'a> Training<'a> {
    /// Trains the session of the plan; returns what was measured.
    pub(super) fn run(self, start: Start<'a>) -> Result<Comparison, Failure> {
        on_session(self.plan, Begun { training: self, start })
    }

    /// Chooses what is left to choose, makes room for a new run, and keeps its configuration.
    fn begun<S: Subject>(
        &self,
        session: &mut Session<S>,
        new: New,
        comparison: &Comparison,
    ) -> Result<Configuration, Failure> {
        // What is free changes meanwhile, and the run stays with what it was.
        session.oracle = session.oracle.clone().memory(session.oracle.memory_budget());
        session.choice = session.choose(self.method)?;
        let rate = choose_rate(session, self.method, new.rate, comparison.metric, self.plan.run.quiet)?;
        let configuration = self.resolved(session, &new, rate, &comparison.environment)?;
        if let Some(folder) = new.first_in {
            folder.begin()?;
            configuration.save(folder.path())?;
        }
        // One of several networks has a folder of its own, which may have been replaced just now.
        files::make_folder(self.folder)?;
        configuration.save(self.folder)?;
        Ok(configuration)
    }

    /// The configuration with every default written out.
    fn resolved<S: Subject>(
        &self,
        session: &Session<S>,
        new: &New,
        rate: Rate,
        environment: &str,
    ) -> Result<Configuration, Failure> {
        let (plan, run) = (self.plan, self.plan.run);
        let (steps, seconds) = match session.budget {
            Budget::Steps(steps) => (Some(steps), None),
            Budget::Seconds(seconds) => (None, Some(seconds)),
        };
        let Rate { rate, trials, words } = rate;
        let Source { problem, data, limit, field } = Source::of(plan.origin);
        Ok(Configuration {
            version: env!("CARGO_PKG_VERSION").into(),
            command: plan.typed.clone(),
            environment: environment.to_owned(),
            problem,
            table: new.table.clone(),
            network: run.network.as_ref().map(NetworkChoice::load).transpose()?,
            weights: run.weights.as_deref().map(files::absolute),
            quantile: run.quantile,
            loss: plan.loss.name().into(),
            method: self.method.name.into(),
            rate,
            rate_words: words,
            trials,
            damping: session.damping(self.method),
            batch: session.batch,
            asked: Asked::new(run, new.rate),
            steps,
            seconds,
            target_loss: run.target_loss,
            seed: run.seed,
            solver: session.choice,
            memory: session.oracle.memory_budget(),
            micro_batch: run.micro_batch,
            gap: run.gap,
            inner: run.inner,
            data,
            limit,
            device: run.device.name(),
            field,
            checkpoint: new.checkpoint,
            network_number: self.network_number,
            checksum: String::new(),
        })
    }

    /// Says how the run ended.
    fn say_stopped(&self, ended: &Ended) {
        if !self.plan.run.quiet || ended.status == Status::Diverged {
            terminal::say(format!("stopped: {ended}"));
        }
    }

    /// Keeps the weights.
    fn keep<S: Subject>(&self, session: &Session<S>, model: &S::Model, identity: &str) -> Result<(), Failure> {
        let path = self.folder.join(WEIGHTS);
        write_weights(&path, &session.subject.weights(model)?, Some(Seal::new(identity, None)))?;
        if !self.plan.run.quiet {
            terminal::say(format!("weights: {}", path.display()));
        }
        Ok(())
    }
}

/// What a configuration has of where the data come from.
struct Source {
    problem: String,
    data: Option<PathBuf>,
    limit: Option<u32>,
    field: FieldOptions,
}

impl Source {
    fn of(origin: Origin) -> Self {
        match origin {
            // Resumed from another folder, a relative one would lead elsewhere.
            Origin::Problem(topic, options) => Self {
                problem: topic.name().to_owned(),
                data: options.data.as_deref().map(files::absolute),
                limit: options.limit,
                field: options.field.absolute().of(topic),
            },
            Origin::Study(study) => {
                Self { problem: study.name.clone(), data: None, limit: None, field: FieldOptions::unset() }
            }
        }
    }
}
