//! The equations and shapes by name.

mod diffusion;
mod elliptic;
mod shape;
mod surface;
mod transport;

use std::f64::consts::PI;
use std::path::Path;

use burn::tensor::Tensor;
use dualgn::jet::jet;
use dualgn_io::Failure;
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::embedding::Embedding;
use super::network::{Architecture, Field, SmoothActivation, Transform};
use super::problem::{Problem, Term, single};
use crate::geometry::Region;

/// An equation or a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum FieldName {
    /// Poisson's equation on an interval
    #[strum(serialize = "poisson1d")]
    Poisson1d,
    /// Poisson's equation on a square
    #[strum(serialize = "poisson2d")]
    Poisson2d,
    /// Poisson's equation in five dimensions
    #[strum(serialize = "poisson5d")]
    Poisson5d,
    /// Laplace's equation in ten dimensions
    #[strum(serialize = "poisson10d")]
    Poisson10d,
    /// Poisson's equation in a ball
    Ball,
    /// The heat equation on an interval
    Heat,
    /// The heat equation in four space dimensions
    #[strum(serialize = "heat4d")]
    Heat4d,
    /// Burgers' equation with viscosity
    Burgers,
    /// The Helmholtz equation on a square
    Helmholtz,
    /// A travelling front of the Allen-Cahn equation
    AllenCahn,
    /// The wave equation on an interval
    Wave,
    /// An unknown diffusivity in the heat equation, from noisy measurements
    Diffusivity,
    /// A minimal surface over a square (Scherk's)
    Minimal,
    /// The signed distance to a rounded square
    #[strum(serialize = "distance2d")]
    Distance2d,
    /// The signed distance to a closed surface; needs `--mesh FILE`
    Shape,
}

impl FieldName {
    /// Returns the name.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The problem.
    pub fn problem(self, mesh: Option<&Path>) -> Result<Problem, Failure> {
        if self != Self::Shape && mesh.is_some() {
            return Err(Failure::input(format!("`--mesh` is for shape; {} has no surface", self.name())));
        }
        Ok(match self {
            Self::Poisson1d => elliptic::poisson1d(),
            Self::Poisson2d => elliptic::poisson2d(),
            Self::Poisson5d => elliptic::poisson5d(),
            Self::Poisson10d => elliptic::poisson10d(),
            Self::Helmholtz => elliptic::helmholtz(),
            Self::Ball => elliptic::ball(),
            Self::Heat => diffusion::heat(),
            Self::Heat4d => diffusion::heat4d(),
            Self::AllenCahn => diffusion::allen_cahn(),
            Self::Diffusivity => diffusion::diffusivity(),
            Self::Burgers => transport::burgers(),
            Self::Wave => transport::wave(),
            Self::Minimal => surface::minimal(),
            Self::Distance2d => shape::distance2d(),
            Self::Shape => {
                let needed = || {
                    Failure::input(
                        "shape needs `--mesh FILE`, a closed surface of triangles (.ply, .obj or .stl) or points with normals (.xyz)".into(),
                    )
                };
                shape::shape(mesh.ok_or_else(needed)?)?
            }
        })
    }
}

/// An equation that is trained, compared and drawn in one box.
fn in_box(
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
        axes: names(axes),
        unknowns: names(&["u"]),
        domain: Region::Box { low: low.clone(), high: high.clone() },
        low,
        high,
        architecture,
        terms,
        hard: None,
        exact: Some(single(exact)),
        coefficients: vec![],
        measured: None,
        start: None,
        shape: None,
        placed: None,
        steps: 200,
        damping: 1e-4,
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// Tanh layers for one unknown function.
fn tanh(dims: usize, hidden: &[usize]) -> Architecture {
    Architecture {
        dims,
        outputs: 1,
        embedding: Embedding::default(),
        hidden: hidden.to_vec(),
        activation: SmoothActivation::Tanh,
        transform: None,
        coefficients: vec![],
    }
}

/// The functions less the numbers given beside each point.
fn difference(field: &Field, rows: Tensor<2>) -> Tensor<2> {
    let (dims, outputs) = (field.dims(), field.outputs());
    field.value(field.points(&rows)) - rows.narrow(1, dims, outputs)
}

/// The term of a condition `u = g` on a region.
fn condition(name: &str, weight: f64, points: usize, region: Region, value: fn(&[f64]) -> f64) -> Term {
    Term::new(name, weight, points, region, difference).beside(value)
}

#[cfg(test)]
mod tests;
