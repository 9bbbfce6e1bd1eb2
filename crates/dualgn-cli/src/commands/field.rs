//! From a plan to a session of an equation or a shape.

use dualgn_fields::{FieldName, Showing, Solve, Specification};
use dualgn_io::Failure;
use dualgn_train::Session;
use dualgn_train::record::Comparison;

use super::plan::Plan;
use super::setup::settings;
use crate::arguments::{FieldOptions, Run};

/// The session of a plan, and the comparison before any run.
pub(super) fn session(
    plan: &Plan,
    name: FieldName,
    options: &FieldOptions,
) -> Result<(Session<Solve>, Comparison), Failure> {
    let device = plan.run.device.open()?;
    let specification = specification(name, options, plan.run);
    let session = specification.session(&device)?;
    let blank = Comparison { command: plan.typed.clone(), ..specification.comparison(&session, &device) };
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
