//! `dualgn fit`.

use std::path::{Path, PathBuf};

use dualgn_io::input::is_standard_input;
use dualgn_io::number::significant;
use dualgn_io::{Failure, files, memory};
use dualgn_networks::NetworkChoice;
use dualgn_tables::model::Predictions;
use dualgn_tables::table::Tally;
use dualgn_tables::{Prepared, Room};
use dualgn_train::problem::LossName;
use dualgn_train::record::{Comparison, Fitted};
use dualgn_train::run::{PAGE, RunFolder, SUMMARY, TEST, network_folder};
use dualgn_train::scores::Scores;
use dualgn_train::{Checkpoint, Method, WEIGHTS, best_file, checkpoints};

use super::columns::columns;
use super::compare::interrupted;
use super::configuration::{Configuration, TableRun};
use super::folder::claimed;
use super::plan::{self, Origin, Plan};
use super::setup;
use super::train::{checkpoint_of, method, print_stored};
use super::training::{New, Start, Training};
use crate::arguments::{Fit, Run, TableOptions};
use crate::progress::counted;
use crate::{interrupt, terminal};

/// Learns a column of a table, and tests what was learnt.
pub(super) fn fit(arguments: &Fit) -> Result<(), Failure> {
    let Fit { data, table, learning, run } = arguments;
    // What is wrong with it should not come out after a large table was read.
    run.network.as_ref().map(NetworkChoice::load).transpose()?;
    let folder = run.out.as_deref().unwrap_or(Path::new("runs"));
    let room = Room { memory: memory::limit(run.memory), folder: folder.to_owned() };
    let prepared = counted(|watch| Prepared::new(data, &table.options(run.seed), room, watch))?;
    if !run.quiet {
        terminal::say(format!("{}: {}\n\n{}", data.display(), prepared.remarks.join("; "), columns(&prepared.table())));
    }
    let origin = Origin::Study(&prepared.studies[0]);
    let loss = plan::loss(origin, run)?;
    let method = method(learning, loss)?;
    let plan = Plan::new("fit", origin, loss, run);
    let mut folder = claimed(&plan)?;
    let path = folder.path().to_owned();
    let table = TableRun {
        file: if is_standard_input(data) { data.clone() } else { files::absolute(data) },
        options: TableOptions { test_rows: table.test_rows.as_deref().map(files::absolute), ..table.clone() },
        checksum: prepared.checksum,
    };
    let begin = Begin::New { rate: learning.rate, checkpoint: learning.checkpoint, table: Box::new(table) };
    let fitting = Fitting { plan, method, folder: path, begin, prepared: &prepared };
    let scores = fitting.run(&mut folder)?;
    fitting.show(&scores)
}

/// Goes on with a run from the last checkpoints of its networks; one that is finished gets whatever of its files is missing.
pub(super) fn resume(
    folder: &mut RunFolder,
    configuration: &Configuration,
    (loss, method): (LossName, Method),
    (run, shows): (&Run, bool),
) -> Result<(), Failure> {
    if [WEIGHTS, TEST, SUMMARY, PAGE].iter().all(|name| folder.path().join(name).exists()) {
        folder.finish()?;
        terminal::say("nothing to do: the run is finished");
        return if run.json { print_stored(&folder.path().join(TEST)) } else { Ok(()) };
    }
    let prepared = configuration.prepared(folder.path())?;
    let typed = configuration.command.clone();
    let plan = Plan { typed, ..Plan::new("fit", Origin::Study(&prepared.studies[0]), loss, run) };
    let begin = Begin::Resumed(Box::new(configuration.clone()));
    let fitting = Fitting { plan, method, folder: folder.path().to_owned(), begin, prepared: &prepared };
    let scores = fitting.run(folder)?;
    if shows { fitting.show(&scores) } else { Ok(()) }
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
    folder: PathBuf,
    begin: Begin,
    prepared: &'a Prepared,
}

impl Fitting<'_> {
    /// Trains each network, takes its weights that were best on its validation rows, tests them together and stores it all.
    fn run(&self, folder: &mut RunFolder) -> Result<Scores, Failure> {
        let mut all: Option<Comparison> = None;
        let (mut best, mut best_steps) = (vec![], vec![]);
        for member in 0..self.prepared.studies.len() {
            let (mut comparison, weights) = self.member(member, folder)?;
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
        let mut comparison = all.ok_or_else(|| Failure::run("no network was trained".into()))?;
        let specification = setup::specification(&self.plan, &self.prepared.studies[0]);
        let device = self.plan.run.device.open()?;
        let predictor = self.prepared.model(&specification, self.method, best, &device)?;
        let (predictions, scores) = self.prepared.test(&predictor)?;
        files::replace(&self.folder.join(TEST), json_of(&scores)?.as_bytes())?;
        let division = &self.prepared.division;
        comparison.fitted = Some(Fitted {
            columns: self.prepared.table(),
            remarks: self.prepared.remarks.clone(),
            rows: [division.learning.len(), division.test.len()],
            best_steps,
            scores: scores.clone(),
            levels: predictor.card.target.levels.clone(),
            target: predictor.card.target.name.clone(),
            answers: match predictions {
                Predictions::Numbers(numbers) => numbers,
                Predictions::Classes { classes, .. } => classes.into_iter().map(|class| class as f64).collect(),
            },
            targets: self.prepared.test.targets.numbers(),
            places: division.test.clone(),
        });
        dualgn_report::store(&self.folder, &comparison)?;
        // Last, since it says that the run is finished.
        let identity = comparison.runs.first().map_or("", |run| &run.run);
        predictor.save(&self.folder.join(WEIGHTS), identity)?;
        folder.finish()?;
        Ok(scores)
    }

    /// Shows how good the model is, and where it is.
    fn show(&self, scores: &Scores) -> Result<(), Failure> {
        terminal::print(if self.plan.run.json { json_of(scores)? } else { table_of(scores) })?;
        if !self.plan.run.quiet {
            told("of the test rows, ", &self.prepared.tally);
            let folder = &self.folder;
            let quoted = plan::quoted(folder.display().to_string());
            terminal::say(format!(
                "model: {}\nreport: {}",
                folder.join(WEIGHTS).display(),
                folder.join(PAGE).display()
            ));
            terminal::say(format!("predict with `dualgn predict {quoted} TABLE`"));
        }
        Ok(())
    }

    /// Trains a network; its best weights.
    fn member(&self, member: usize, run: &mut RunFolder) -> Result<(Comparison, Checkpoint), Failure> {
        let root = run.path().to_owned();
        let alone = self.prepared.studies.len() == 1;
        let folder = if alone { root } else { root.join(network_folder(member + 1)) };
        let study = &self.prepared.studies[member];
        let (typed, folder_of) = (self.plan.typed.clone(), folder.clone());
        let plan =
            Plan { origin: Origin::Study(study), loss: self.plan.loss, run: self.plan.run, folder: folder_of, typed };
        let start = match &self.begin {
            Begin::Resumed(_) if Configuration::is_in(&folder) => {
                let configuration = Box::new(Configuration::load(&folder)?);
                let checkpoint = checkpoint_of(&folder, &configuration)?;
                // Its loss is not what training would come to know only at its end.
                if checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.has_best()) {
                    let best = Checkpoint::load_best(&checkpoints(&folder), &configuration.identity()?)?;
                    best.ok_or_else(|| missing_best(&folder))?;
                }
                Start::Resumed { configuration, checkpoint: checkpoint.map(Box::new) }
            }
            // Killed before it began.
            Begin::Resumed(first) => Start::New(Box::new(New {
                rate: first.asked.rate,
                checkpoint: first.checkpoint,
                table: first.table.clone(),
                first_in: None,
            })),
            Begin::New { rate, checkpoint, table } => Start::New(Box::new(New {
                rate: *rate,
                checkpoint: *checkpoint,
                table: Some((**table).clone()),
                first_in: (member == 0).then_some(run),
            })),
        };
        let training =
            Training { method: self.method, plan: &plan, network_number: member, folder: &folder, keeps_last: false };
        let comparison = training.run(start)?;
        if interrupt::requested() {
            interrupted(&self.folder, true)?;
        }
        best_of(&folder, comparison)
    }
}

/// The best weights of a run that has ended.
fn best_of(folder: &Path, comparison: Comparison) -> Result<(Comparison, Checkpoint), Failure> {
    let identity = comparison.runs.first().map_or("", |run| &run.run);
    let mut records = comparison.runs.iter().flat_map(|run| &run.records);
    match Checkpoint::load_best(&checkpoints(folder), identity)? {
        Some(best) => Ok((comparison, best)),
        None if records.any(|record| record.test_loss.is_finite()) => Err(missing_best(folder)),
        None => Err(Failure::input("the loss of the validation rows was never finite".into())
            .hint("take a smaller `--rate`, or more `--damping`")),
    }
}

fn missing_best(run: &Path) -> Failure {
    let file = best_file(&checkpoints(run));
    Failure::input(format!("{} is missing, which held the best weights", file.display()))
        .hint("start the run again, with `--overwrite`")
}

/// Measures, as a program reads them.
fn json_of(scores: &Scores) -> Result<String, Failure> {
    serde_json::to_string_pretty(scores).map_err(|error| Failure::run(error.to_string()))
}

/// Says how many cells of rows were missing or not known.
pub(super) fn told(rows: &str, tally: &Tally) {
    for line in tally.lines() {
        terminal::say(format!("{rows}{line}"));
    }
}

/// Measures, as a person reads them.
pub(super) fn table_of(scores: &Scores) -> String {
    let head = ["TEST", "VALUE", "95 % INTERVAL", ""].map(str::to_owned).to_vec();
    let lines = scores.scores.iter().map(|score| {
        let value = score.value;
        let interval = format!("{} to {}", significant(value.low), significant(value.high));
        vec![score.name.clone(), significant(value.value), interval, score.words.clone()]
    });
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(lines).collect();
    format!("{}{} test rows", columns(&lines), scores.rows)
}
