//! [`Configuration`]: everything a run was started with, with every default written out.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::plan::Origin;
use super::prepared::{Prepared, Room};
use crate::arguments::{FieldOptions, ProblemOptions, Run, SolverName, TableOptions};
use crate::device::DeviceName;
use crate::failure::Failure;
use crate::files;
use crate::input;
use crate::memory;
use crate::network::{Description, NetworkChoice};
use crate::problem::LossName;
use crate::record::Trial;
use crate::topic::Topic;
use crate::train::{Budget, Method, SolverChoice};

/// The file `configuration.json` of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Configuration {
    /// Version of the program.
    pub version: String,
    /// The command as it was typed.
    pub command: String,
    /// Program, system, cores, device.
    pub environment: String,
    /// The problem's name.
    pub problem: String,
    /// The loss's name.
    pub loss: String,
    /// The method's name.
    pub method: String,
    /// Its learning rate.
    pub rate: f64,
    /// How that came about.
    pub rate_words: String,
    /// The rates tried.
    pub trials: Vec<Trial>,
    /// The damping for each unit of loss.
    pub damping: f64,
    /// Examples in a batch.
    pub batch: usize,
    /// What was asked for.
    #[serde(default)]
    pub asked_batch: Option<u32>,
    /// Steps at most.
    pub steps: Option<usize>,
    /// Seconds at most.
    pub seconds: Option<f64>,
    /// The training loss to stop at.
    pub target_loss: Option<f64>,
    /// Seed of weights and batches.
    pub seed: u64,
    /// Solver and route of the directions.
    pub solver: Option<SolverChoice>,
    /// Bytes for matrices.
    pub memory: usize,
    /// Examples that go through the network at once.
    #[serde(default)]
    pub micro_batch: Option<u32>,
    /// Gap of prox-linear directions.
    pub gap: f64,
    /// Their inner iterations.
    pub inner: u32,
    /// Folder of the data.
    pub data: Option<PathBuf>,
    /// Training examples used.
    pub limit: Option<u32>,
    /// The device's name.
    pub device: String,
    /// The table it learns from, if it is one.
    #[serde(default)]
    pub table: Option<TableRun>,
    /// The network, if it is not the usual one.
    #[serde(default)]
    pub network: Option<Description>,
    /// The file of the weights that it starts from.
    #[serde(default)]
    pub weights: Option<PathBuf>,
    /// The quantile of the loss of that name.
    #[serde(default = "median")]
    pub quantile: f64,
    /// Of equations and shapes.
    #[serde(default = "FieldOptions::unset")]
    pub field: FieldOptions,
    /// Seconds between checkpoints.
    pub checkpoint: f64,
}

/// A table, and what is learnt of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableRun {
    /// The file.
    pub file: PathBuf,
    /// What is learnt.
    pub options: TableOptions,
    /// A checksum of its rows, by which a resumed run knows that they are the same.
    pub checksum: u32,
}

fn median() -> f64 {
    0.5
}

const FILE: &str = "configuration.json";

impl Configuration {
    /// Writes it into the folder of a run.
    pub fn save(&self, run: &Path) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| Failure::run(error.to_string()))?;
        files::replace(&run.join(FILE), &text)
    }

    /// Removes that of a run.
    pub fn remove(run: &Path) -> std::io::Result<()> {
        fs::remove_file(run.join(FILE))
    }

    /// Reads that of a run.
    pub fn load(run: &Path) -> Result<Self, Failure> {
        let path = run.join(FILE);
        let text = fs::read(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::input(format!(
                "{} is not the folder of a run: it has no {FILE}; `dualgn train` writes one when training begins",
                run.display()
            )),
            _ => Failure::file("read", &path, &error),
        })?;
        serde_json::from_slice(&text).map_err(|error| Failure::input(format!("{}: {error}", path.display())))
    }

    /// When the run ends.
    pub fn budget(&self) -> Budget {
        match (self.steps, self.seconds) {
            (_, Some(seconds)) => Budget::Seconds(seconds),
            (steps, None) => Budget::Steps(steps.unwrap_or(1)),
        }
    }

    /// Whether it is of an equation or a shape.
    fn is_field(&self) -> bool {
        self.table.is_none() && matches!(Topic::from_str(&self.problem, false), Ok(Topic::Field(_)))
    }

    /// Loss and method by their names.
    pub fn names(&self, run: &Path) -> Result<(LossName, Method), Failure> {
        let unknown = |what: &str, name: &str| {
            Failure::input(format!("{}: there is no {what} `{name}`", run.join(FILE).display()))
        };
        Ok((
            LossName::from_str(&self.loss, false).map_err(|_| unknown("loss", &self.loss))?,
            Method::named(&self.method).ok_or_else(|| unknown("method", &self.method))?,
        ))
    }

    /// The table of a run in a folder, read again.
    pub fn prepared(&self, run: &Path) -> Result<Prepared, Failure> {
        let Some(TableRun { file, options, checksum }) = &self.table else {
            return Err(Failure::input(format!("{} is no run of `dualgn fit`", run.display())));
        };
        if input::is_read_once(file) {
            let (run, file) = (run.display(), file.display());
            let message = format!("{run} learnt from {file}, which could be read only once");
            return Err(Failure::input(message).hint("keep the table in a file, and start a run with that"));
        }
        let memory = (self.memory as u64).min(memory::budget());
        let prepared = Prepared::new(file, options, self.seed, Room { memory, folder: run })?;
        if prepared.checksum != *checksum {
            return Err(Failure::input(format!(
                "{} is not what {} was started with; start a run anew with `dualgn fit`",
                file.display(),
                run.display()
            )));
        }
        Ok(prepared)
    }

    /// The options that lead to the same session.
    pub fn options(&self, run: &Path, [quiet, json]: [bool; 2]) -> Result<Run, Failure> {
        let device = DeviceName::from_str(&self.device, false);
        let unknown = |_| Failure::input(format!("{}: there is no device `{}`", run.join(FILE).display(), self.device));
        Ok(Run {
            loss: None,
            epochs: None,
            seconds: self.seconds,
            target_loss: self.target_loss,
            // Networks of a table have batches of all their examples, of which there may be one more or less.
            batch: match self.table {
                Some(_) => self.asked_batch,
                None => u32::try_from(self.batch).ok().filter(|_| !self.is_field()),
            },
            seed: self.seed,
            damping: Some(self.damping),
            // The choice that was made overrides it.
            solver: SolverName::Auto,
            iterations: 0,
            gap: self.gap,
            inner: self.inner,
            memory: None,
            micro_batch: self.micro_batch,
            out: Some(run.to_owned()),
            device: device.map_err(unknown)?,
            quiet,
            json,
            quantile: self.quantile,
            network: self.network.clone().map(NetworkChoice::Given),
            weights: self.weights.clone(),
        })
    }
}

/// What a run learns from, read again.
pub enum Origins {
    /// A problem.
    Problem(Topic, ProblemOptions),
    /// A table.
    Table(Box<Prepared>),
}

impl Origins {
    /// That of a run in a folder.
    pub fn load(configuration: &Configuration, run: &Path) -> Result<Self, Failure> {
        if configuration.table.is_some() {
            return Ok(Self::Table(Box::new(configuration.prepared(run)?)));
        }
        let Configuration { problem, data, limit, field, .. } = configuration;
        let topic = Topic::from_str(problem, false)
            .map_err(|_| Failure::input(format!("{}: there is no problem `{problem}`", run.join(FILE).display())))?;
        Ok(Self::Problem(topic, ProblemOptions { data: data.clone(), limit: *limit, field: field.clone() }))
    }

    /// The same for a plan.
    pub fn origin(&self) -> Origin<'_> {
        match self {
            Self::Problem(topic, options) => Origin::Problem(*topic, options),
            Self::Table(prepared) => Origin::Study(&prepared.studies[0]),
        }
    }
}
