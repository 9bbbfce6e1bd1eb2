//! From a plan to a session of an equation or a shape, and from its run to the solution.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use dualgn_fields::{Showing, Solution, Solve, Specification, Statement};
use dualgn_io::Failure;
use dualgn_train::Session;
use dualgn_train::record::Comparison;

use super::configuration::Configuration;
use super::plan::Plan;
use super::setup::settings;
use super::train::checkpoint_of;
use crate::arguments::{FieldOptions, Run};
use crate::topic::Topic;

/// The session of a plan, and the comparison before any run.
pub(super) fn session(
    plan: &Plan,
    statement: &Statement,
    options: &FieldOptions,
) -> Result<(Session<Solve>, Comparison), Failure> {
    let device = plan.run.device.open()?;
    let specification = specification(statement, options, plan.run);
    let session = specification.session(&device)?;
    let blank = Comparison { command: plan.typed.clone(), ..specification.comparison(&session, &device) };
    Ok((session, blank))
}

/// An equation or a shape as the options say.
pub(super) fn specification(statement: &Statement, options: &FieldOptions, run: &Run) -> Specification {
    Specification {
        mesh: options.mesh.clone(),
        hard: options.hard,
        hidden: options.hidden.as_ref().map(|widths| widths.iter().map(|&width| width as usize).collect()),
        activation: options.activation,
        points: options.points.map(|points| points as usize),
        sampling: options.sampling,
        resample: options.resample.map(|steps| steps as usize),
        adaptive: options.adaptive,
        showing: Showing {
            movie: options.movie,
            format: options.format,
            resolution: options.resolution as usize,
            is_normalised: options.normalised,
        },
        settings: settings(run),
        ..Specification::new(statement.clone())
    }
}

/// A run of an equation or a shape.
pub(super) struct Solved {
    run: PathBuf,
    configuration: Configuration,
    statement: Statement,
}

impl Solved {
    /// Takes the run in a folder, if it is one of an equation or a shape.
    pub(super) fn find(run: &Path) -> Result<Option<Self>, Failure> {
        if !Configuration::is_in(run) {
            return Ok(None);
        }
        let configuration = Configuration::load(run)?;
        let Some(Topic::Field(statement)) = configuration.topic() else { return Ok(None) };
        Ok(Some(Self { run: run.to_owned(), configuration, statement }))
    }

    /// The solution at its last checkpoint.
    pub(super) fn solution(&self, device: &Device) -> Result<Solution, Failure> {
        let Self { run, configuration, statement } = self;
        let options = configuration.options(run, [true, false])?;
        let problem = specification(statement, &configuration.field, &options).problem()?;
        let checkpoint = checkpoint_of(run, configuration)?.ok_or_else(|| {
            Failure::input(format!("{} has no checkpoint yet", run.display())).hint("wait for the first one")
        })?;
        Solution::new(problem, checkpoint.weights, device)
    }
}
