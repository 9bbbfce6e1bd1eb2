//! `dualgn fit`.

use std::path::{Path, PathBuf};

use super::columns::columns;
use super::compare::interrupted;
use super::configuration::{Configuration, TableRun};
use super::output::Output;
use super::plan::{self, Origin, Plan};
use super::prepared::{Prepared, Room};
use super::setup::{self, with_session};
use super::train::{checkpoint_of, method};
use super::training::{Start, Training, network};
use crate::arguments::{Fit, Run, TableOptions};
use crate::failure::Failure;
use crate::files;
use crate::interrupt;
use crate::memory;
use crate::model::{Answers, Card, Predictor, Scores};
use crate::network::NetworkChoice;
use crate::problem::LossName;
use crate::record::{Comparison, Fitted};
use crate::report::significant;
use crate::table::Tally;
use crate::terminal;
use crate::train::{Checkpoint, Method, WEIGHTS, checkpoints, with_weights};

/// Learns a column of a table, and tests what was learnt.
pub fn fit(arguments: &Fit) -> Result<(), Failure> {
    let Fit { data, table, learning, run } = arguments;
    // What is wrong with it should not come out after a large table was read.
    run.network.as_ref().map(NetworkChoice::load).transpose()?;
    let folder = run.out.as_deref().unwrap_or(Path::new("runs"));
    let room = Room { memory: memory::limit(run.memory), folder };
    let prepared = Prepared::new(data, table, run.seed, room)?;
    if !run.quiet {
        terminal::say(format!("{}: {}\n\n{}", data.display(), prepared.remarks.join("; "), columns(&prepared.table())));
    }
    let origin = Origin::Study(&prepared.studies[0]);
    let loss = plan::loss(origin, run)?;
    let method = method(learning, loss)?;
    let plan = Plan::new("fit", origin, loss, run);
    let output = Output::new(plan.folder.clone())?;
    let table = TableRun {
        file: files::absolute(data),
        options: TableOptions { test_rows: table.test_rows.as_deref().map(files::absolute), ..table.clone() },
        checksum: prepared.checksum,
    };
    let begin = Begin::New { rate: learning.rate, checkpoint: learning.checkpoint, table: Box::new(table) };
    Fitting { plan, method, output, begin, prepared: &prepared }.run()
}

/// Goes on with a run from the last checkpoints of its networks.
pub fn resume(
    folder: &Path,
    configuration: &Configuration,
    (loss, method): (LossName, Method),
    run: &Run,
) -> Result<(), Failure> {
    if folder.join(WEIGHTS).exists() {
        terminal::say("nothing to do: the run is finished");
        return Ok(());
    }
    let prepared = configuration.prepared(folder)?;
    let typed = configuration.command.clone();
    let plan = Plan { typed, ..Plan::new("fit", Origin::Study(&prepared.studies[0]), loss, run) };
    let output = Output::new(folder.to_owned())?;
    Fitting { plan, method, output, begin: Begin::Resumed(Box::new(configuration.clone())), prepared: &prepared }.run()
}

/// Where a run begins.
enum Begin {
    /// With nothing.
    New { rate: Option<f64>, checkpoint: f64, table: Box<TableRun> },
    /// With some of its networks, perhaps; what it was started with.
    Resumed(Box<Configuration>),
}

/// A run.
struct Fitting<'a> {
    plan: Plan<'a>,
    method: Method,
    output: Output,
    begin: Begin,
    prepared: &'a Prepared,
}

impl Fitting<'_> {
    /// Trains each network, takes its weights that were best on its validation rows, and tests them together.
    fn run(self) -> Result<(), Failure> {
        let run = self.plan.run;
        let mut all: Option<Comparison> = None;
        let (mut best, mut best_steps) = (vec![], vec![]);
        for member in 0..self.prepared.studies.len() {
            let (mut comparison, weights) = self.member(member)?;
            best_steps.push(weights.step);
            best.push(weights.weights);
            if self.prepared.studies.len() > 1 {
                comparison.runs.iter_mut().for_each(|run| run.method = format!("{} {}", run.method, member + 1));
            }
            match &mut all {
                None => all = Some(comparison),
                Some(all) => all.runs.extend(comparison.runs),
            }
        }
        let Some(mut comparison) = all else { return Ok(()) };
        let predictor = self.predictor(best)?;
        let test = &self.prepared.test;
        let targets = test.targets.numbers();
        let answers = predictor.answers_to(test)?;
        let scores = Scores { cells: self.prepared.tally.counted(), ..Scores::of(&predictor.card, &answers, &targets) };
        if !run.quiet {
            told("of the test rows, ", &self.prepared.tally);
        }
        let file = self.output.folder().join(WEIGHTS);
        let json = serde_json::to_vec_pretty(&scores).map_err(|error| Failure::run(error.to_string()))?;
        files::replace(&self.output.folder().join("test.json"), &json)?;
        if run.json {
            terminal::print(String::from_utf8_lossy(&json))?;
        } else {
            terminal::print(table_of(&scores))?;
        }
        let division = &self.prepared.division;
        comparison.fitted = Some(Fitted {
            columns: self.prepared.table(),
            remarks: self.prepared.remarks.clone(),
            rows: [division.learning.len(), division.test.len()],
            best_steps,
            scores,
            levels: predictor.card.target.levels.clone(),
            target: predictor.card.target.name.clone(),
            answers: match answers {
                Answers::Numbers(numbers) => numbers,
                Answers::Classes { classes, .. } => classes.into_iter().map(|class| class as f64).collect(),
            },
            targets,
            places: division.test.clone(),
        });
        let page = self.output.write(&comparison)?;
        // Last, since it says that the run is finished.
        predictor.save(&file)?;
        if !run.quiet {
            let folder = plan::quoted(self.output.folder().display().to_string());
            terminal::say(format!("model: {}\nreport: {}", file.display(), page.display()));
            terminal::say(format!("predict with `dualgn predict {folder} TABLE`"));
        }
        Ok(())
    }

    /// Trains a network; its best weights.
    fn member(&self, member: usize) -> Result<(Comparison, Checkpoint), Failure> {
        let root = self.output.folder();
        let alone = self.prepared.studies.len() == 1;
        let folder = if alone { root.to_owned() } else { root.join(network(member + 1)) };
        let study = &self.prepared.studies[member];
        let (typed, folder_of) = (self.plan.typed.clone(), folder.clone());
        let plan =
            Plan { origin: Origin::Study(study), loss: self.plan.loss, run: self.plan.run, folder: folder_of, typed };
        let beside: Option<PathBuf> = (member == 0 && !alone).then(|| root.to_owned());
        let new = |rate, checkpoint, table, budget| Start::New { rate, checkpoint, table, beside, budget };
        let (output, start) = match &self.begin {
            Begin::New { rate, checkpoint, table } => {
                (Output::new(folder)?, new(*rate, *checkpoint, Some((**table).clone()), None))
            }
            Begin::Resumed(first) => match (Configuration::load(&folder), checkpoint_of(&folder)) {
                (Ok(configuration), Ok(checkpoint)) => {
                    (Output::new(folder)?, Start::Resumed { configuration: Box::new(configuration), checkpoint })
                }
                // Killed before it began, or before its first checkpoint.
                _ => {
                    let start = new(Some(first.rate), first.checkpoint, first.table.clone(), Some(first.budget()));
                    (Output::new(folder)?, start)
                }
            },
        };
        let mut ended = None;
        let training =
            Training { method: self.method, plan: &plan, output: &output, start, keeps_last: false, ended: &mut ended };
        with_session(&plan, training)?;
        if interrupt::requested() {
            interrupted(&self.output, true)?;
        }
        match (ended, Checkpoint::load_best(&checkpoints(output.folder()))?) {
            (Some(comparison), Some(best)) => Ok((comparison, best)),
            _ => Err(Failure::run("the loss of the validation rows was never finite; take a smaller `--rate`".into())),
        }
    }

    /// The model of some weights.
    fn predictor(&self, weights: Vec<crate::train::Tensors>) -> Result<Predictor, Failure> {
        let (run, study) = (self.plan.run, &self.prepared.studies[0]);
        let device = run.device.open()?;
        let reading = self.plan.loss.reading(study.task).ok_or_else(|| Failure::run("the loss does not fit".into()))?;
        let card = Card {
            version: env!("CARGO_PKG_VERSION").into(),
            words: study.words.clone(),
            network: setup::description(study, run.network.as_ref())?,
            members: weights.len(),
            shape: study.dataset.train.shape.clone(),
            encoder: self.prepared.encoder.clone(),
            target: self.prepared.target.map.clone(),
            task: study.task,
            loss: self.plan.loss,
            quantile: run.quantile,
            scale: study.scale(reading),
            damping: run.damping.unwrap_or(study.damping * self.method.damping_factor),
        };
        let choice = run.network.as_ref();
        let nets = weights.into_iter().map(|weights| with_weights(setup::model(study, choice, &device)?, weights));
        Ok(Predictor::new(card, nets.collect::<Result<_, Failure>>()?, &device))
    }
}

/// Says how many cells of rows were missing or not known.
pub fn told(rows: &str, tally: &Tally) {
    for line in tally.lines() {
        terminal::say(format!("{rows}{line}"));
    }
}

/// Measures, as a person reads them.
pub fn table_of(scores: &Scores) -> String {
    let head = ["TEST", "VALUE", "95 % INTERVAL", ""].map(str::to_owned).to_vec();
    let lines = scores.scores.iter().map(|score| {
        let value = score.value;
        let interval = format!("{} to {}", significant(value.low), significant(value.high));
        vec![score.name.clone(), significant(value.value), interval, score.words.clone()]
    });
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(lines).collect();
    format!("{}{} test rows", columns(&lines), scores.rows)
}
