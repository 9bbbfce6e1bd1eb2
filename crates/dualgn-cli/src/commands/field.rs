//! From a plan to a session of an equation or a shape.

use burn::module::Module;
use burn::tensor::DType;
use dualgn_fields::{FieldName, Showing, Solve, Specification};
use dualgn_io::Failure;
use dualgn_train::record::{Comparison, Metric};
use dualgn_train::{Session, Subject};

use super::plan::Plan;
use super::setup::{environment, settings};
use crate::arguments::{FieldOptions, Run};

/// The session of a plan, and the comparison before any run.
pub(super) fn session(
    plan: &Plan,
    name: FieldName,
    options: &FieldOptions,
) -> Result<(Session<Solve>, Comparison), Failure> {
    let device = plan.run.device.open()?;
    let session = specification(name, options, plan.run).session(&device)?;
    let blank = blank(plan, name, &session, environment(&device, DType::F64));
    Ok((session, blank))
}

/// An equation or a shape as the options say.
pub(super) fn specification(name: FieldName, options: &FieldOptions, run: &Run) -> Specification {
    Specification {
        mesh: options.mesh.clone(),
        hard: options.hard,
        hidden: options.hidden.as_ref().map(|widths| widths.iter().map(|&width| width as usize).collect()),
        activation: options.activation,
        points: options.points.map(|points| points as usize),
        sampling: options.sampling,
        resample: options.resample as usize,
        adaptive: options.adaptive,
        showing: Showing {
            movie: options.movie,
            format: options.format,
            resolution: options.resolution as usize,
            is_normalised: options.normalised,
        },
        settings: settings(run),
        ..Specification::new(name)
    }
}

/// The comparison before any run.
fn blank(plan: &Plan, name: FieldName, session: &Session<Solve>, environment: String) -> Comparison {
    let (subject, model) = (&session.subject, &session.model);
    let architecture = &subject.problem.architecture;
    let hidden: Vec<String> = architecture.hidden.iter().map(ToString::to_string).collect();
    let widths = format!("{}-{}-1", architecture.dims, hidden.join("-"));
    let activation = format!("{:?}", architecture.activation).to_lowercase();
    Comparison {
        problem: name.name().into(),
        loss: plan.loss.name().into(),
        description: format!(
            "{} A network {widths} with {activation} in double precision; terms: {}. All methods start from the same weights and see \
             the same points.",
            subject.problem.description,
            subject.terms(),
        ),
        network: format!("layers {widths}"),
        citation: subject.problem.source.into(),
        metric: Metric::RelativeError,
        parameters: model.num_params(),
        examples: (subject.examples(), subject.examples()),
        batch: subject.examples(),
        seed: plan.run.seed,
        gap: plan.run.gap,
        target: None,
        command: plan.typed.clone(),
        environment,
        runs: vec![],
        coefficients: vec![],
        pictures: vec![],
        fitted: None,
    }
}
