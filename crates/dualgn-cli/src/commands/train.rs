//! `dualgn train` and `dualgn resume`.

use std::path::Path;

use clap::Parser;
use dualgn_io::{Failure, input};
use dualgn_train::problem::LossName;
use dualgn_train::record::Comparison;
use dualgn_train::run::{CONFIGURATION, Owner, PAGE, RunFolder, SUMMARY};
use dualgn_train::{Checkpoint, Loaded, Method, ModelName, WEIGHTS, checkpoints};

use super::compare::{finish, show};
use super::configuration::{Configuration, Origins};
#[cfg(feature = "tables")]
use super::fit;
use super::folder::{claimed, reclaimed};
use super::plan::{self, Origin, Plan};
use super::training::{New, Start, Training};
use crate::arguments::{Arguments, Learning, Resume, Run, Train};
#[cfg(feature = "fields")]
use crate::arguments::{ProblemOptions, Solve};
use crate::configuration::expanded;
use crate::{interrupt, terminal};

/// Trains by one method and keeps the weights.
pub(super) fn train(arguments: &Train) -> Result<(), Failure> {
    let Train { problem, learning, run, options } = arguments;
    start("train", Origin::Problem(problem, options), learning, run)
}

/// Solves equations: trains one network by one method.
#[cfg(feature = "fields")]
pub(super) fn solve(arguments: &Solve) -> Result<(), Failure> {
    let Solve { problem, learning, run, field } = arguments;
    let options = ProblemOptions { data: None, limit: None, field: field.clone() };
    start("solve", Origin::Problem(problem, &options), learning, run)
}

fn start(command: &str, origin: Origin, learning: &Learning, run: &Run) -> Result<(), Failure> {
    let loss = plan::loss(origin, run)?;
    let usual = origin.method().filter(|_| learning.model.is_none() && learning.method.is_none());
    let method = usual.map_or_else(|| method(learning, loss), Ok)?;
    let plan = Plan::new(command, origin, loss, run);
    let mut folder = claimed(&plan)?;
    let path = folder.path().to_owned();
    let Learning { rate, checkpoint, .. } = *learning;
    let new = New { rate, checkpoint, table: None, first_in: Some(&mut folder) };
    let comparison = trained(&plan, method, &path, Start::New(Box::new(new)))?;
    stored(&mut folder, &comparison)?;
    show(&comparison, run.json)?;
    finish(&path, true)
}

/// The method that was asked for, if it works with the loss; else the usual one.
pub(super) fn method(learning: &Learning, loss: LossName) -> Result<Method, Failure> {
    let model = learning.model.unwrap_or(ModelName::default_for(loss));
    let method = learning.method.unwrap_or(Method::guided(model));
    plan::check(&[method], loss)?;
    Ok(method)
}

/// Goes on with a run from its last checkpoint; one that is finished gets whatever of its files is missing.
pub(super) fn resume(arguments: &Resume) -> Result<(), Failure> {
    go_on(arguments, true)
}

/// Writes what is missing of a run that has ended, and shows nothing.
pub(super) fn complete(run: &Path) -> Result<(), Failure> {
    go_on(&Resume { run: run.to_owned(), quiet: true, json: false }, false)
}

fn go_on(arguments: &Resume, shows: bool) -> Result<(), Failure> {
    let mut folder = reclaimed(&arguments.run)?;
    if !Configuration::is_in(folder.path()) {
        return again(folder);
    }
    folder.sign()?;
    let path = folder.path().to_owned();
    let configuration = Configuration::load(&path)?;
    let (loss, method) = configuration.names(&path)?;
    let run = configuration.options(&path, [arguments.quiet, arguments.json])?;
    let typed = configuration.command.clone();
    #[cfg(feature = "tables")]
    if configuration.table.is_some() {
        return fit::resume(&mut folder, &configuration, (loss, method), (&run, shows));
    }
    let checkpoint = checkpoint_of(&path, &configuration)?;
    let ended = checkpoint.as_ref().filter(|checkpoint| checkpoint.ended.is_some());
    if let Some(ended) = ended
        && [WEIGHTS, SUMMARY, PAGE].iter().all(|name| path.join(name).exists())
    {
        folder.finish()?;
        terminal::say(format!("nothing to do: the run is finished, after {} steps", ended.step));
        return if arguments.json { print_stored(&path.join(SUMMARY)) } else { Ok(()) };
    }
    let origins = Origins::load(&configuration, &path)?;
    let plan = Plan { typed, ..Plan::new("train", origins.origin(), loss, &run) };
    let start = Start::Resumed { configuration: Box::new(configuration), checkpoint: checkpoint.map(Box::new) };
    let comparison = trained(&plan, method, &path, start)?;
    stored(&mut folder, &comparison)?;
    if !shows {
        return Ok(());
    }
    show(&comparison, arguments.json)?;
    finish(&path, true)
}

/// Prints a result of a run that is finished, as it was printed and stored at its end.
pub(super) fn print_stored(file: &Path) -> Result<(), Failure> {
    let text = input::read_own(file)?.unwrap_or_default();
    terminal::print(String::from_utf8_lossy(&text))
}

/// Starts a run that was killed before it began, by the command that is written in its folder.
fn again(folder: RunFolder) -> Result<(), Failure> {
    let path = std::path::absolute(folder.path()).unwrap_or_else(|_| folder.path().to_owned());
    let shown = path.display();
    let command = folder.began().and_then(|began| began.words.get(1)).map(String::as_str);
    if command == Some("compare") {
        return Err(Failure::input(format!("{shown} is a comparison, and `resume` is for runs of `train` and `fit`"))
            .hint("start the comparison again, with `--overwrite`"));
    }
    if [WEIGHTS, SUMMARY, "checkpoints"].iter().any(|name| path.join(name).exists()) {
        return Err(Failure::input(format!("{shown} has no {CONFIGURATION}, without which its run cannot go on"))
            .hint("put it back, or start the run again with `--overwrite`"));
    }
    let Some(Owner { folder: started_in, words, .. }) = folder.began().filter(|_| command.is_some()).cloned() else {
        return Err(Failure::input(format!("{shown} is the folder of a run that was stopped before it began"))
            .hint("start the run again"));
    };
    folder.release();
    std::env::set_current_dir(&started_in).map_err(|error| Failure::file("enter", &started_in, &error))?;
    let words = expanded(words.into_iter().map(Into::into))?;
    let mut arguments = Arguments::try_parse_from(words)
        .map_err(|error| Failure::input(format!("the run cannot be started again: {error}")))?;
    // A command that names another folder does not bring back what is in this one.
    if !arguments.command.set_out(path.clone()) {
        return Err(Failure::input(format!("{shown} has no {CONFIGURATION}")).hint("start the run again"));
    }
    super::run_command(arguments)
}

/// The last checkpoint of a run, if it came to one; says so if a newer one is damaged.
pub(super) fn checkpoint_of(folder: &Path, configuration: &Configuration) -> Result<Option<Checkpoint>, Failure> {
    let Some(Loaded { checkpoint, passed_over }) = Checkpoint::load(&checkpoints(folder), &configuration.identity()?)?
    else {
        return Ok(None);
    };
    if let Some(reason) = passed_over {
        terminal::say(format!("note: {reason}; going on from the checkpoint before it, of step {}", checkpoint.step));
    }
    Ok(Some(checkpoint))
}

/// Trains, and returns what was measured.
fn trained(plan: &Plan, method: Method, folder: &Path, start: Start) -> Result<Comparison, Failure> {
    Training { method, plan, network_number: 0, folder, keeps_last: true }.run(start)
}

/// Stores what was measured; the run is finished then.
fn stored(folder: &mut RunFolder, comparison: &Comparison) -> Result<(), Failure> {
    dualgn_report::store(folder.path(), comparison)?;
    // One that was interrupted is not finished: what it was to replace stays.
    if interrupt::requested() { Ok(()) } else { folder.finish() }
}
