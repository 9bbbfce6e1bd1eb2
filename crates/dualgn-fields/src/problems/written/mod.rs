//! The equations of the files in Rust, with residuals and solutions of their own: what the files are compared with.

pub(super) mod diffusion;
mod elliptic;
mod surface;
mod transport;

use std::f64::consts::PI;

use burn::tensor::Tensor;
use dualgn::jet::jet;

use super::FieldName;
use super::shape::{names, scope, steps, tanh};
use crate::geometry::Region;
use crate::network::{Architecture, Field, SmoothActivation, Transform};
use crate::problem::{Hard, Problem, Term, Training, single};

/// The equation of a name.
pub(crate) fn written(name: FieldName) -> Problem {
    match name {
        FieldName::Poisson1d => elliptic::poisson1d(),
        FieldName::Poisson2d => elliptic::poisson2d(),
        FieldName::Poisson5d => elliptic::poisson5d(),
        FieldName::Poisson10d => elliptic::poisson10d(),
        FieldName::Helmholtz => elliptic::helmholtz(),
        FieldName::Ball => elliptic::ball(),
        FieldName::Heat => diffusion::heat(),
        FieldName::Heat4d => diffusion::heat4d(),
        FieldName::AllenCahn => diffusion::allen_cahn(),
        FieldName::Diffusivity => diffusion::measured(0),
        FieldName::Burgers => transport::burgers(),
        FieldName::Wave => transport::wave(),
        FieldName::Minimal => surface::minimal(),
        FieldName::Distance2d | FieldName::Shape => panic!("{name} has no file"),
    }
}

/// An equation that is trained, compared and drawn in one box.
pub(super) fn in_box(
    description: &str,
    axes: &[&str],
    [low, high]: [Vec<f64>; 2],
    architecture: Architecture,
    terms: Vec<Term>,
    exact: fn(&[f64]) -> f64,
) -> Problem {
    Problem {
        description: description.into(),
        source: "a standard test".into(),
        stated: vec![],
        axes: names(axes),
        unknowns: names(&["u"]),
        scope: scope(axes),
        domain: Region::Box { low: low.clone(), high: high.clone() },
        low,
        high,
        architecture,
        terms,
        hard: None,
        exact: Some(single(exact)),
        compared: None,
        coefficients: vec![],
        start: None,
        views: vec![],
        shape: None,
        placed: None,
        training: Training::default(),
    }
}

/// The functions less the numbers given beside each point.
pub(super) fn difference(field: &Field, rows: Tensor<2>) -> Tensor<2> {
    let (dims, outputs) = (field.dims(), field.outputs());
    field.value(field.points(&rows)) - rows.narrow(1, dims, outputs)
}

/// The term of a condition `u = g` on a region.
fn condition(name: &str, weight: f64, points: usize, region: Region, value: fn(&[f64]) -> f64) -> Term {
    Term::new(name, weight, points, region, difference).beside(value)
}
