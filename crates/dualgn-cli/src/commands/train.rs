//! `dualgn train` and `dualgn resume`.

use std::path::Path;

use super::compare::{finish, show};
use super::configuration::{Configuration, Origins};
use super::fit;
use super::output::Output;
use super::plan::{self, Origin, Plan};
use super::setup::with_session;
use super::training::{Start, Training, is_over};
use crate::arguments::{Learning, Resume, Train};
use crate::failure::Failure;
use crate::problem::LossName;
use crate::terminal;
use crate::train::{Checkpoint, Loaded, Method, ModelName, WEIGHTS, checkpoints};

/// Trains by one method and keeps the weights.
pub fn train(arguments: &Train) -> Result<(), Failure> {
    let Train { problem, learning, run, options } = arguments;
    let origin = Origin::Problem(*problem, options);
    let loss = plan::loss(origin, run)?;
    let method = method(learning, loss)?;
    let plan = Plan::new("train", origin, loss, run);
    let output = Output::new(plan.folder.clone())?;
    let start =
        Start::New { rate: learning.rate, checkpoint: learning.checkpoint, table: None, beside: None, budget: None };
    trained(&plan, method, &output, start)
}

/// The method that was asked for, if it works with the loss; else the usual one.
pub fn method(learning: &Learning, loss: LossName) -> Result<Method, Failure> {
    let model = learning.model.unwrap_or(ModelName::default_for(loss));
    let method = learning.method.unwrap_or(Method::guided(model));
    plan::check(&[method], loss)?;
    Ok(method)
}

/// Goes on with a run from its last checkpoint.
pub fn resume(arguments: &Resume) -> Result<(), Failure> {
    let folder = &arguments.run;
    let configuration = Configuration::load(folder)?;
    let (loss, method) = configuration.names(folder)?;
    let run = configuration.options(folder, [arguments.quiet, arguments.json])?;
    let typed = configuration.command.clone();
    if configuration.table.is_some() {
        return fit::resume(folder, &configuration, (loss, method), &run);
    }
    let checkpoint = checkpoint_of(folder)?;
    if is_over(&configuration, &checkpoint) && folder.join(WEIGHTS).exists() {
        terminal::say(format!("nothing to do: the run is finished, after {} steps", checkpoint.step));
        return Ok(());
    }
    let origins = Origins::load(&configuration, folder)?;
    let plan = Plan { typed, ..Plan::new("train", origins.origin(), loss, &run) };
    let output = Output::new(folder.clone())?;
    trained(&plan, method, &output, Start::Resumed { configuration: Box::new(configuration), checkpoint })
}

/// The last checkpoint of a run; says so if a newer one is damaged.
pub fn checkpoint_of(folder: &Path) -> Result<Checkpoint, Failure> {
    let Loaded { checkpoint, passed_over } = Checkpoint::load(&checkpoints(folder))?;
    if let Some(reason) = passed_over {
        terminal::say(format!("note: {reason}; going on from the checkpoint before it, of step {}", checkpoint.step));
    }
    Ok(checkpoint)
}

fn trained(plan: &Plan, method: Method, output: &Output, start: Start) -> Result<(), Failure> {
    let mut ended = None;
    with_session(plan, Training { method, plan, output, start, keeps_last: true, ended: &mut ended })?;
    let Some(comparison) = ended else { return Ok(()) };
    show(&comparison, plan.run.json)?;
    finish(output, &comparison, true)
}
