//! [`File`]: the tables of a file of equations, as they stand there.

use serde::Deserialize;
use toml::Spanned;

use super::reference::file;
use super::value::{Listed, Loss, Number, Ordered, Periods};
use crate::geometry::Sampling;
use crate::network::SmoothActivation;

/// A file of equations.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) title: Option<Spanned<String>>,
    /// Whose setting it is.
    pub(super) source: Option<Spanned<String>>,
    /// Which coordinate is time.
    pub(super) time: Option<Spanned<String>>,
    /// The two ends of each.
    pub(super) coordinates: Spanned<Ordered<Vec<Spanned<Number>>>>,
    pub(super) unknowns: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub(super) constants: Ordered<Number>,
    #[serde(default)]
    pub(super) coefficients: Ordered<Coefficient>,
    #[serde(default)]
    pub(super) definitions: Ordered<String>,
    pub(super) domain: Option<Domain>,
    #[serde(default)]
    pub(super) equations: Vec<Spanned<Statement>>,
    #[serde(default)]
    pub(super) conditions: Vec<Spanned<Statement>>,
    /// Measurements.
    #[serde(default)]
    pub(super) data: Vec<Spanned<Data>>,
    #[serde(default)]
    pub(super) network: Network,
    #[serde(default)]
    pub(super) training: Training,
    pub(super) reference: Option<Spanned<Ordered<String>>>,
    #[serde(default)]
    pub(super) pictures: Vec<Spanned<Picture>>,
}

/// A picture of a formula.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { formula = \"u_x\" }")]
pub(super) struct Picture {
    pub(super) title: Option<Spanned<String>>,
    pub(super) formula: Spanned<String>,
    /// Coordinates across and upwards.
    pub(super) axes: Option<Spanned<Vec<Spanned<String>>>>,
    /// Where other coordinates are.
    #[serde(default)]
    pub(super) at: Ordered<Number>,
    /// The coordinate that moves.
    pub(super) moving: Option<Spanned<String>>,
}

impl File {
    /// Whether a term has a loss without curvature.
    pub(super) fn is_piecewise_linear(&self) -> bool {
        let is_fitted =
            |statement: &&Spanned<Statement>| statement.get_ref().hard.as_ref().is_none_or(|hard| !*hard.get_ref());
        let statements = self.equations.iter().chain(&self.conditions).filter(is_fitted);
        let statements = statements.map(|statement| &statement.get_ref().loss);
        let losses = statements.chain(self.data.iter().map(|data| &data.get_ref().loss));
        losses.flatten().any(|loss| matches!(loss.get_ref(), Loss::Absolute))
    }

    /// Returns the tables that it names.
    pub(super) fn tables(&self) -> impl Iterator<Item = &String> {
        let of_data = self.data.iter().map(|data| data.get_ref().file.get_ref());
        let outlines = self.shapes().filter_map(|shape| shape.outline.as_ref()).map(Spanned::get_ref);
        of_data.chain(outlines).chain(self.reference.as_ref().and_then(file).map(Spanned::get_ref))
    }

    /// Returns the surfaces that it names.
    pub(super) fn meshes(&self) -> impl Iterator<Item = &String> {
        self.shapes().filter_map(|shape| shape.mesh.as_ref()).map(Spanned::get_ref)
    }

    fn shapes(&self) -> impl Iterator<Item = &Shape> {
        let shapes = self.domain.as_ref().and_then(|domain| domain.shapes.as_ref());
        shapes.into_iter().flat_map(|shapes| shapes.get_ref().0.iter().map(|(_, shape)| shape.get_ref()))
    }
}

/// A number that is to be found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { start = 1 }")]
pub(super) struct Coefficient {
    pub(super) start: Spanned<Number>,
    #[serde(rename = "true")]
    pub(super) known: Option<Spanned<Number>>,
}

/// Where the equations hold, if that is no box.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { ball = { radius = 1 } } or { shape = \"box - hole\", shapes = {..} }"
)]
pub(super) struct Domain {
    pub(super) ball: Option<Spanned<Ball>>,
    /// What is made of the shapes.
    pub(super) shape: Option<Spanned<String>>,
    pub(super) shapes: Option<Spanned<Ordered<Shape>>>,
}

/// Several numbers, such as a point or two ends.
pub(super) type Numbers = Spanned<Vec<Spanned<Number>>>;

/// A part of space; one of these.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { ball = [0, 0], radius = 1 }")]
pub(super) struct Shape {
    /// The two ends along each coordinate.
    #[serde(rename = "box")]
    pub(super) ends: Option<Spanned<Vec<Numbers>>>,
    /// The centre.
    pub(super) ball: Option<Numbers>,
    pub(super) radius: Option<Spanned<Number>>,
    /// The corners.
    pub(super) polygon: Option<Spanned<Vec<Numbers>>>,
    /// A table of them.
    pub(super) outline: Option<Spanned<String>>,
    /// A file with a closed surface.
    pub(super) mesh: Option<Spanned<String>>,
}

/// A ball around the origin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { radius = 1 }")]
pub(super) struct Ball {
    pub(super) radius: Spanned<Number>,
}

/// An equation or a condition, or several at the same points.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with a formula")]
pub(super) struct Statement {
    pub(super) name: Option<Spanned<String>>,
    /// Where it holds; equations hold in the whole domain.
    pub(super) on: Option<Spanned<Listed>>,
    /// At which points of that.
    #[serde(rename = "where")]
    pub(super) predicate: Option<Spanned<String>>,
    pub(super) formula: Option<Spanned<String>>,
    pub(super) formulas: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) points: Option<Spanned<i64>>,
    pub(super) weight: Option<Spanned<Number>>,
    /// What is paid for what is left of it.
    pub(super) loss: Option<Spanned<Loss>>,
    /// Whether it holds for any network instead of being fitted.
    pub(super) hard: Option<Spanned<bool>>,
}

/// What was measured, row by row of a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { file = \"measured.csv\" }")]
pub(super) struct Data {
    pub(super) name: Option<Spanned<String>>,
    pub(super) file: Spanned<String>,
    /// What is measured; unknowns, if it is not said.
    pub(super) formula: Option<Spanned<String>>,
    /// The standard deviation of errors.
    pub(super) noise: Option<Spanned<Number>>,
    /// How many rows, if not all.
    pub(super) points: Option<Spanned<i64>>,
    pub(super) weight: Option<Spanned<Number>>,
    pub(super) loss: Option<Spanned<Loss>>,
}

/// The network.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { hidden = [32, 32] }")]
pub(super) struct Network {
    /// Units of the hidden layers.
    pub(super) hidden: Option<Spanned<Vec<Spanned<i64>>>>,
    #[serde(default)]
    pub(super) activation: SmoothActivation,
    #[serde(default)]
    pub(super) periodic: Periods,
    /// Whether coordinates become those of the cube `[-1, 1]`.
    #[serde(default)]
    pub(super) scale: bool,
}

/// What a run takes unless something else is asked for.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { steps = 200 }")]
pub(super) struct Training {
    pub(super) steps: Option<Spanned<i64>>,
    /// Instead of steps.
    pub(super) seconds: Option<Spanned<Number>>,
    pub(super) damping: Option<Spanned<Number>>,
    pub(super) sampling: Option<Sampling>,
    /// Steps after which points are drawn anew; 0 keeps them.
    pub(super) resample: Option<Spanned<i64>>,
    /// Whether more points are drawn where residuals are large.
    #[serde(default)]
    pub(super) adaptive: bool,
}
