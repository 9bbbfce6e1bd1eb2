//! [`Configuration`]: everything a run was started with, with every default written out.

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
#[cfg(feature = "fields")]
use dualgn_fields::Statement;
#[cfg(feature = "tables")]
use dualgn_io::memory;
use dualgn_io::{Failure, files, input};
use dualgn_networks::{Description, NetworkChoice};
#[cfg(feature = "tables")]
use dualgn_tables::{Prepared, Room};
use dualgn_train::problem::LossName;
use dualgn_train::record::Trial;
use dualgn_train::run::{CONFIGURATION, is_of_the_first_version};
use dualgn_train::{Budget, Method, SolverChoice};
use serde::{Deserialize, Serialize};

use super::plan::Origin;
#[cfg(feature = "tables")]
use crate::arguments::TableOptions;
use crate::arguments::{Arguments, FieldOptions, ProblemOptions, Run, SolverName};
use crate::device::DeviceName;
#[cfg(feature = "tables")]
use crate::progress::counted;
use crate::topic::Topic;

/// The file `configuration.json` of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Configuration {
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
    /// What the user asked for, by which each of several networks comes to values of its own.
    pub asked: Asked,
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
    /// The number of the network, where a run has several.
    #[serde(default)]
    pub network_number: usize,
    /// A checksum of all that stands above, by which a configuration is known that was changed.
    #[serde(default)]
    pub checksum: String,
}

/// Options as the user gave them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    /// The learning rate.
    pub rate: Option<f64>,
    /// Passes over the training examples.
    pub epochs: Option<f64>,
    /// Examples in a batch.
    pub batch: Option<u32>,
    /// The solver.
    pub solver: SolverName,
    /// Its iterations.
    pub iterations: u32,
    /// Memory for matrices, in MiB.
    pub memory: Option<u32>,
}

impl Asked {
    /// Those of a run, with the rate that was given.
    pub(super) fn new(run: &Run, rate: Option<f64>) -> Self {
        let Run { epochs, batch, solver, iterations, memory, .. } = *run;
        Self { rate, epochs, batch, solver, iterations, memory }
    }
}

#[cfg(feature = "tables")]
/// A table, and what is learnt of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TableRun {
    /// The file.
    pub file: PathBuf,
    /// What is learnt.
    pub options: TableOptions,
    /// A checksum of its rows, by which a resumed run knows that they are the same.
    pub checksum: u32,
}

/// There is none where tables are left out of the program.
#[cfg(not(feature = "tables"))]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum TableRun {}

fn unwritable(error: &serde_json::Error) -> Failure {
    Failure::input(format!("the configuration of the run cannot be kept: {error}"))
        .hint("give the file or folder a name in UTF-8")
}

fn median() -> f64 {
    0.5
}

impl Configuration {
    /// Writes it into the folder of a run.
    ///
    /// # Errors
    /// The folder cannot be written to, or a path is not in UTF-8, which JSON cannot hold.
    pub(super) fn save(&self, run: &Path) -> Result<(), Failure> {
        let signed = Self { checksum: self.sum()?, ..self.clone() };
        let text = serde_json::to_vec_pretty(&signed).map_err(|error| unwritable(&error))?;
        files::replace(&run.join(CONFIGURATION), &text)
    }

    /// Whether a folder has one.
    pub(super) fn is_in(run: &Path) -> bool {
        run.join(CONFIGURATION).exists()
    }

    /// A checksum of all but itself.
    fn sum(&self) -> Result<String, Failure> {
        let bare = Self { checksum: String::new(), ..self.clone() };
        let text = serde_json::to_vec(&bare).map_err(|error| unwritable(&error))?;
        Ok(format!("{:08x}", crc32fast::hash(&text)))
    }

    /// The identity of the run, which its files carry: a checksum of whatever decides what it computes. The same command on the same
    /// data has the same, wherever its folder is.
    ///
    /// # Errors
    /// A path is not in UTF-8.
    pub(super) fn identity(&self) -> Result<String, Failure> {
        let (version, command, environment) = (String::new(), String::new(), String::new());
        Self { version, command, environment, memory: 0, checkpoint: 0.0, ..self.clone() }.sum()
    }

    /// Reads that of a run.
    pub(super) fn load(run: &Path) -> Result<Self, Failure> {
        let path = run.join(CONFIGURATION);
        let text = input::read_own(&path)?.ok_or_else(|| {
            Failure::input(format!(
                "{} is not the folder of a run: it has no {CONFIGURATION}; `dualgn train` writes one when training begins",
                run.display()
            ))
        })?;
        let wrong = |problem: String| {
            Failure::input(format!("{}: {problem}", path.display())).hint(if cfg!(all(feature = "tables", feature = "fields")) {
                "start the run again, with `--overwrite`"
            } else {
                "this program was built without tables or equations: take one that has both, or start the run again with `--overwrite`"
            })
        };
        let configuration: Self = serde_json::from_slice(&text).map_err(|error| {
            if is_of_the_first_version(run) {
                let text = format!("{} was written by dualgn 0.1, which this version does not read", path.display());
                return Failure::input(text).hint("give its `command` again, with a new `--out` (docs/migration.md)");
            }
            wrong(error.to_string())
        })?;
        configuration.check().map_err(wrong)?;
        if configuration.checksum != configuration.sum()? {
            return Err(wrong("it has been changed since the run began, and its checksum is wrong".into()));
        }
        Ok(configuration)
    }

    /// Refuses what the command line would refuse, by the command line's own checks.
    fn check(&self) -> Result<(), String> {
        let mut words = match &self.table {
            None => {
                // The options of all equations are the same, whatever they are called.
                let problem = if self.is_field() { "heat" } else { self.problem.as_str() };
                vec!["dualgn".to_owned(), "train".into(), problem.to_owned()]
            }
            Some(_) => vec!["dualgn".to_owned(), "fit".into(), "table".into()],
        };
        let mut add = |name: &str, value: Option<String>| words.extend(value.map(|value| format!("--{name}={value}")));
        let number = |value: f64| Some(value.to_string());
        add("rate", number(self.rate));
        add("damping", number(self.damping));
        add("gap", number(self.gap));
        add("quantile", number(self.quantile));
        add("checkpoint", number(self.checkpoint));
        add("seconds", self.seconds.map(|value| value.to_string()));
        add("target-loss", self.target_loss.map(|value| value.to_string()));
        add("epochs", self.steps.filter(|_| self.seconds.is_none()).map(|steps| steps.to_string()));
        add("batch", Some(self.batch.to_string()));
        add("inner", Some(self.inner.to_string()));
        add("micro-batch", self.micro_batch.map(|value| value.to_string()));
        add("limit", self.limit.filter(|_| self.table.is_none()).map(|value| value.to_string()));
        #[cfg(feature = "tables")]
        if let Some(TableRun { options, .. }) = &self.table {
            add("test", options.test_rows.is_none().then(|| options.test.to_string()));
            add("validation", number(options.validation));
            add("members", options.members.map(|value| value.to_string()));
        }
        if self.table.is_none() {
            self.field.words().into_iter().for_each(|(name, value)| add(name, value));
        }
        match Arguments::try_parse_from(words) {
            Ok(_) => Ok(()),
            Err(error) => {
                let text = error.to_string();
                Err(text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned())
            }
        }
    }

    /// When the run ends.
    pub(super) fn budget(&self) -> Budget {
        match (self.steps, self.seconds) {
            (_, Some(seconds)) => Budget::Seconds(seconds),
            (steps, None) => Budget::Steps(steps.unwrap_or(1)),
        }
    }

    /// Whether it is of an equation or a shape.
    fn is_field(&self) -> bool {
        self.table.is_none() && self.topic().is_some_and(|topic| !matches!(topic, Topic::Data(_)))
    }

    /// What the run is about, if this program knows it.
    pub(super) fn topic(&self) -> Option<Topic> {
        // A table may be called like a problem.
        if self.table.is_some() {
            return None;
        }
        #[cfg(feature = "fields")]
        if let Some(file) = &self.field.equations {
            return Some(Topic::Field(Statement::File(file.clone())));
        }
        self.problem.parse().ok()
    }

    /// Loss and method by their names.
    pub(super) fn names(&self, run: &Path) -> Result<(LossName, Method), Failure> {
        let unknown = |what: &str, name: &str| {
            Failure::input(format!("{}: there is no {what} `{name}`", run.join(CONFIGURATION).display()))
        };
        Ok((
            self.loss.parse::<LossName>().map_err(|_| unknown("loss", &self.loss))?,
            Method::named(&self.method).ok_or_else(|| unknown("method", &self.method))?,
        ))
    }

    /// The table of a run in a folder, read again.
    #[cfg(feature = "tables")]
    pub(super) fn prepared(&self, run: &Path) -> Result<Prepared, Failure> {
        let Some(TableRun { file, options, checksum }) = &self.table else {
            return Err(Failure::input(format!("{} is no run of `dualgn fit`", run.display())));
        };
        if input::is_read_once(file) {
            let (run, file) = (run.display(), file.display());
            let message = format!("{run} learnt from {file}, which could be read only once");
            return Err(Failure::input(message).hint("keep the table in a file, and start a run with that"));
        }
        let memory = (self.memory as u64).min(memory::budget());
        let prepared = counted(|watch| {
            Prepared::new(file, &options.options(self.seed), Room { memory, folder: run.to_owned() }, watch)
        })?;
        if prepared.checksum != *checksum {
            return Err(Failure::input(format!("{} is not what {} was started with", file.display(), run.display()))
                .hint("put the old table back, or start a run anew with `dualgn fit`"));
        }
        Ok(prepared)
    }

    /// The options that lead to the same session.
    pub(super) fn options(&self, run: &Path, [quiet, json]: [bool; 2]) -> Result<Run, Failure> {
        let device = DeviceName::from_str(&self.device, false);
        let unknown =
            |_| Failure::input(format!("{}: there is no device `{}`", run.join(CONFIGURATION).display(), self.device));
        Ok(Run {
            loss: None,
            epochs: self.asked.epochs,
            seconds: self.seconds,
            target_loss: self.target_loss,
            // Networks of a table have batches of all their examples, of which there may be one more or less.
            batch: match self.table {
                Some(_) => self.asked.batch,
                None => u32::try_from(self.batch).ok().filter(|_| !self.is_field()),
            },
            seed: self.seed,
            damping: Some(self.damping),
            // The choice that was made overrides it, where one was made.
            solver: self.asked.solver,
            iterations: self.asked.iterations,
            gap: self.gap,
            inner: self.inner,
            memory: self.asked.memory,
            micro_batch: self.micro_batch,
            out: Some(run.to_owned()),
            device: device.map_err(unknown)?,
            quiet,
            json,
            overwrite: false,
            quantile: self.quantile,
            network: self.network.clone().map(NetworkChoice::Given),
            weights: self.weights.clone(),
        })
    }
}

/// What a run learns from, read again.
pub(super) enum Origins {
    /// A problem.
    Problem(Box<(Topic, ProblemOptions)>),
    /// A table.
    #[cfg(feature = "tables")]
    Table(Box<Prepared>),
}

impl Origins {
    /// That of a run in a folder.
    pub(super) fn load(configuration: &Configuration, run: &Path) -> Result<Self, Failure> {
        #[cfg(feature = "tables")]
        if configuration.table.is_some() {
            return Ok(Self::Table(Box::new(configuration.prepared(run)?)));
        }
        let Configuration { problem, data, limit, field, .. } = configuration;
        let topic = configuration.topic().ok_or_else(|| {
            Failure::input(format!("{}: there is no problem `{problem}`", run.join(CONFIGURATION).display()))
        })?;
        let options = ProblemOptions { data: data.clone(), limit: *limit, field: field.clone() };
        Ok(Self::Problem(Box::new((topic, options))))
    }

    /// The same for a plan.
    pub(super) fn origin(&self) -> Origin<'_> {
        match self {
            Self::Problem(both) => Origin::Problem(&both.0, &both.1),
            #[cfg(feature = "tables")]
            Self::Table(prepared) => Origin::Study(&prepared.studies[0]),
        }
    }
}

#[cfg(all(test, feature = "tables"))]
#[path = "configuration_tests.rs"]
mod tests;
