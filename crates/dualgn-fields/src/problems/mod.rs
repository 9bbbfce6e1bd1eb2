//! The equations and shapes by name: files of equations that are part of the program, and shapes.

mod measurements;
mod shape;
#[cfg(test)]
mod written;

use std::path::Path;

use dualgn_io::Failure;
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::equations::EquationFile;
use super::problem::Problem;
use measurements::measurements;
#[cfg(test)]
pub(crate) use written::written;

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

    /// Returns the file of its equations, if it can be said in one.
    pub fn file(self) -> Option<EquationFile> {
        let tables = if self == Self::Diffusivity { vec![measurements(0)] } else { vec![] };
        self.text().map(|text| EquationFile::known(&format!("{self}.toml"), text, tables))
    }

    fn text(self) -> Option<&'static str> {
        Some(match self {
            Self::Poisson1d => include_str!("../equations/library/poisson1d.toml"),
            Self::Poisson2d => include_str!("../equations/library/poisson2d.toml"),
            Self::Poisson5d => include_str!("../equations/library/poisson5d.toml"),
            Self::Poisson10d => include_str!("../equations/library/poisson10d.toml"),
            Self::Ball => include_str!("../equations/library/ball.toml"),
            Self::Heat => include_str!("../equations/library/heat.toml"),
            Self::Heat4d => include_str!("../equations/library/heat4d.toml"),
            Self::Burgers => include_str!("../equations/library/burgers.toml"),
            Self::Helmholtz => include_str!("../equations/library/helmholtz.toml"),
            Self::AllenCahn => include_str!("../equations/library/allen-cahn.toml"),
            Self::Wave => include_str!("../equations/library/wave.toml"),
            Self::Diffusivity => include_str!("../equations/library/diffusivity.toml"),
            Self::Minimal => include_str!("../equations/library/minimal.toml"),
            Self::Distance2d | Self::Shape => return None,
        })
    }

    /// Reads the problem, and for a shape the file of its surface.
    ///
    /// # Errors
    /// Fails if there is a surface and the problem is no shape, if the shape has none, or if its file cannot be read.
    pub fn problem(self, mesh: Option<&Path>) -> Result<Problem, Failure> {
        if self != Self::Shape && mesh.is_some() {
            return Err(Failure::input(format!("`--mesh` is for shape; {} has no surface", self.name())));
        }
        match (self.file(), mesh) {
            (Some(file), _) => file.problem(),
            (None, Some(mesh)) => shape::shape(mesh),
            (None, None) if self == Self::Distance2d => Ok(shape::distance2d()),
            (None, None) => {
                let message = "shape needs `--mesh FILE`, a closed surface of triangles (.ply, .obj or .stl) or points with normals (.xyz)";
                Err(Failure::input(message.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests;
