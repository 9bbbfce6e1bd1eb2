//! `dualgn train` and `dualgn resume`.

use std::path::Path;

use clap::Parser;
use dualgn_io::Failure;
use dualgn_train::problem::LossName;
use dualgn_train::record::Comparison;
use dualgn_train::{Checkpoint, Loaded, Method, ModelName, WEIGHTS, checkpoints};

use super::compare::{finish, show};
use super::configuration::{Configuration, Origins};
#[cfg(feature = "tables")]
use super::fit;
use super::folder::{Owner, RunFolder};
use super::output::Output;
use super::plan::{self, Origin, Plan};
use super::training::{Start, Training};
use crate::arguments::{Arguments, Learning, Resume, Train};
use crate::configuration::expanded;
use crate::{interrupt, terminal};

/// Trains by one method and keeps the weights.
pub(super) fn train(arguments: &Train) -> Result<(), Failure> {
    let Train { problem, learning, run, options } = arguments;
    let origin = Origin::Problem(*problem, options);
    let loss = plan::loss(origin, run)?;
    let method = method(learning, loss)?;
    let plan = Plan::new("train", origin, loss, run);
    let mut folder = RunFolder::claim(run.out.as_deref(), &plan.folder, run.overwrite)?;
    folder.sign()?;
    let output = Output::new(folder.path().to_owned());
    let new = |folder| Start::New {
        rate: learning.rate,
        checkpoint: learning.checkpoint,
        table: None,
        first_in: Some(folder),
    };
    let ended = trained(&plan, method, &output, new(&mut folder))?;
    stored(&mut folder, &output, &ended)?;
    shown(&output, &ended, run.json)
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
    let mut folder = RunFolder::reclaim(&arguments.run)?;
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
        && [WEIGHTS, "comparison.json", "report.html"].iter().all(|name| path.join(name).exists())
    {
        folder.finish()?;
        terminal::say(format!("nothing to do: the run is finished, after {} steps", ended.step));
        return Ok(());
    }
    let origins = Origins::load(&configuration, &path)?;
    let plan = Plan { typed, ..Plan::new("train", origins.origin(), loss, &run) };
    let output = Output::new(path);
    let ended = trained(&plan, method, &output, Start::Resumed { configuration: Box::new(configuration), checkpoint })?;
    stored(&mut folder, &output, &ended)?;
    if shows { shown(&output, &ended, arguments.json) } else { Ok(()) }
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
    if [WEIGHTS, "comparison.json", "checkpoints"].iter().any(|name| path.join(name).exists()) {
        return Err(Failure::input(format!("{shown} has no configuration.json, without which its run cannot go on"))
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
        return Err(Failure::input(format!("{shown} has no configuration.json")).hint("start the run again"));
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
fn trained(plan: &Plan, method: Method, output: &Output, start: Start) -> Result<Comparison, Failure> {
    Training { method, plan, network_number: 0, output, start, keeps_last: true }.run()
}

/// Stores what was measured; the run is finished then.
fn stored(folder: &mut RunFolder, output: &Output, comparison: &Comparison) -> Result<(), Failure> {
    output.write(comparison)?;
    // One that was interrupted is not finished: what it was to replace stays.
    if interrupt::requested() { Ok(()) } else { folder.finish() }
}

/// Shows what was measured, and where it is.
fn shown(output: &Output, comparison: &Comparison, json: bool) -> Result<(), Failure> {
    show(comparison, json)?;
    finish(output, true)
}
