//! Files of equations: coordinates, equations and conditions in TOML, as a [`Problem`].
//!
//! ```text
//! file.rs          the tables of a file <- value.rs (what stands in several forms)
//! source.rs        the text, and failures that say where in it something is wrong
//! names.rs         coordinates, unknowns, constants, coefficients, definitions
//! domain.rs        where the equations hold, and its boundary <- shapes.rs (figures by name, and what is
//!                  made of them), boundary.rs (parts of that boundary)
//! term.rs          equations and conditions -> terms of the loss
//! data.rs          measurements -> terms of the loss
//! built_in.rs      conditions that hold for any network <- distance.rs (how far points are from where they hold)
//! architecture.rs  the network
//! training.rs      how long, how strongly damped, at which points
//! reference.rs     the solution
//! pictures.rs      what is drawn
//! ```
//!
//! ```toml
//! title = "Burgers' equation"
//! source = "Raissi, Perdikaris and Karniadakis, 2019"
//! time = "t"                        # or a coordinate of this name
//! unknowns = ["u"]
//!
//! [coordinates]                     # numbers, or formulas of constants
//! x = [-1, 1]
//! t = [0, 1]
//!
//! [constants]                       # each may use those before it
//! nu = "0.01/pi"
//!
//! [coefficients]                    # numbers that are to be found, and what they are if that is known
//! kappa = { start = 1, true = 0.3 }
//!
//! [definitions]                     # in any order
//! flux = "u^2/2 - kappa*nu*u_x"
//!
//! # [domain]                        # if it is no box: a ball around the origin of space
//! # ball = { radius = 1 }
//! # shape = "box - hole"            # or what is made of shapes: `+` joins, `-` cuts out, `*` is what both have
//! # [domain.shapes]
//! # hole = { ball = [0, 0.5], radius = 0.1 }
//!
//! [[equations]]
//! formula = "u_t + d(flux, x) = 0"  # or formulas = ["..", ".."], at the same points
//! points = 2400
//!
//! [[conditions]]
//! name = "sides"
//! on = ["x = -1", "x = 1"]          # or one face; "boundary", all of it in space; "start", the least time
//! formula = "u = 0"
//! points = 60
//! weight = 10
//! # where = "x > 0"                 # at some points of that
//!
//! [[conditions]]
//! on = "start"
//! formula = "u = -sin(pi*x)"
//! hard = true                       # holds for any network, instead of being fitted at points
//!
//! [[data]]                          # measurements: a table with the coordinates and what was measured of unknowns
//! file = "probes.csv"
//! noise = 0.01                      # the standard deviation of errors; a number, or a formula of columns
//! # formula = "kappa*u_x = q"       # or what was measured else, with columns of the table
//!
//! [network]
//! hidden = [24, 24]
//! activation = "tanh"               # or "sine"
//! # periodic = ["x"]                # or { x = 3 }, with three modes; there are no faces across x then
//! scale = true                      # coordinates become those of [-1, 1]
//!
//! [training]
//! steps = 200                       # or seconds = 600
//! damping = 1e-4
//! # sampling = "sobol"              # or "latin", "uniform"
//! # resample = 100                  # draw points anew after so many steps,
//! # adaptive = true                 # and more of them where residuals are large
//!
//! [reference]                       # a formula for each unknown, or `formula` for a single one
//! u = "-sin(pi*x)*exp(-t)"
//! # file = "exact.csv"              # or a table with the coordinates and the unknowns
//!
//! [[pictures]]                      # besides those of the solution, its error and the residual
//! formula = "-kappa*u_x"            # a number in colours; a vector of two with the paths that follow it
//! # axes = ["x", "t"]
//! # at = { t = 0.5 }                # where the other coordinates are
//! # moving = "t"                    # or one of them moves
//! ```

mod architecture;
mod boundary;
mod built_in;
mod data;
mod distance;
mod domain;
mod file;
mod names;
mod pictures;
mod reference;
mod shapes;
mod source;
mod term;
mod training;
mod value;

use std::path::Path;

use dualgn_io::number::memory;
use dualgn_io::{Failure, input};
use dualgn_train::record::Stated;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use architecture::architecture;
pub use data::{Table, TableReader};
use domain::Domain;
use file::File;
use names::Names;
use pictures::pictures;
use reference::{Reference, reference};
use source::{LONGEST, Source, line};
use term::Terms;
pub(crate) use term::{Behind, residual};
use training::training;

use super::formula::Formula;
use super::problem::Problem;
use crate::geometry::{Given, read_mesh};
use crate::network::Architecture;

/// Bytes of a file at most.
const LARGEST: usize = 1 << 20;

/// A file of equations as it was read: a run keeps it, whatever becomes of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EquationFile {
    /// What messages call it.
    name: String,
    text: String,
    /// The tables that it names.
    #[serde(default)]
    tables: Vec<Table>,
}

impl EquationFile {
    /// Reads a file, and the tables that it names, if there is a reader of tables.
    ///
    /// # Errors
    /// Fails if a file cannot be read, or if the file is no text or is too large.
    pub fn read(path: &Path, reader: Option<TableReader>) -> Result<Self, Failure> {
        let text = input::read_text(path, LARGEST as u64)?;
        let mut tables: Vec<Table> = vec![];
        let folder = path.parent().unwrap_or(Path::new(""));
        // What is wrong with the file is said when it is used.
        let file = toml::from_str::<File>(&text).ok();
        for name in file.iter().flat_map(File::meshes) {
            if tables.iter().all(|table| table.file != *name) {
                if name.trim().is_empty() {
                    let message = format!("{}: the name of a surface is empty", path.display());
                    return Err(Failure::input(message).hint("name a PLY, OBJ or STL file"));
                }
                let Given { mesh, frame, .. } = read_mesh(&folder.join(name)).map_err(Failure::from)?;
                let corners = (0..mesh.faces.len()).flat_map(|face| mesh.corners(face)).map(|at| frame.given(at));
                tables.push(shapes::table_of(name, corners));
            }
        }
        if let (Some(reader), Some(file)) = (reader, &file) {
            for name in file.tables() {
                if tables.iter().all(|table| table.file != *name) {
                    if folder.join(name).is_dir() {
                        let message =
                            format!("{}: `{}` is a folder, and no table", path.display(), name.escape_debug());
                        return Err(Failure::input(message).hint("name a file"));
                    }
                    let (columns, numbers) = reader(&folder.join(name))?;
                    tables.push(Table { file: name.clone(), columns, numbers });
                }
            }
        }
        Ok(Self { name: path.display().to_string(), text, tables })
    }

    /// Takes the text of a file that is part of the program, with its tables.
    pub(crate) fn known(name: &str, text: &str, tables: Vec<Table>) -> Self {
        Self { name: name.to_owned(), text: text.to_owned(), tables }
    }

    /// Returns its name without folders and ending, after which results are named.
    pub fn stem(&self) -> &str {
        Path::new(&self.name).file_stem().and_then(|stem| stem.to_str()).unwrap_or("equations")
    }

    /// Returns the tables that it names.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Whether a term has a loss without curvature; not if the text is no such file.
    pub(crate) fn is_piecewise_linear(&self) -> bool {
        toml::from_str::<File>(&self.text).is_ok_and(|file| file.is_piecewise_linear())
    }

    /// Returns its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads what is to be solved.
    ///
    /// # Errors
    /// Fails if the text is no such file, with the line of what is wrong.
    pub fn problem(&self) -> Result<Problem, Failure> {
        problem(&self.text, &self.name, &self.tables)
    }
}

/// Reads a problem from the text of a file, which messages call by its name.
///
/// # Errors
/// Fails if the text is no such file, with the line of what is wrong.
pub(crate) fn problem(text: &str, name_of_file: &str, tables: &[Table]) -> Result<Problem, Failure> {
    let source = Source { text, name: name_of_file };
    if text.len() > LARGEST {
        let limit = memory(LARGEST as u64);
        let message = format!("{name_of_file}: a file of more than {limit} is too large for equations");
        return Err(Failure::input(message).hint("is it the right file?"));
    }
    let file: File = toml::from_str(text).map_err(|error| source.toml(&error))?;
    let names = Names::read(&file, &source)?;
    let architecture = architecture(&file.network, &names, &source)?;
    let periodic = architecture.embedding.periodic.iter().map(|periodic| periodic.axis).collect();
    let domain = Domain::read(&file, &names, tables, source, periodic)?;
    let mut terms = Terms::new(&names, &domain, source);
    for equation in &file.equations {
        terms.equation(equation)?;
    }
    for condition in &file.conditions {
        terms.condition(condition)?;
    }
    for data in &file.data {
        terms.data(data, tables)?;
    }
    let Terms { terms, stated, built_in, fitted, written, .. } = terms;
    if written.is_empty() {
        let message = format!("{name_of_file}: there are no equations");
        return Err(Failure::input(message).hint("write `formula = \"u_xx = 1\"` below `[[equations]]`"));
    }
    let title = file.title.as_ref().map(|title| line(title, &source)).transpose()?.unwrap_or(name_of_file);
    let setting = file.source.as_ref().map(|setting| line(setting, &source)).transpose()?.unwrap_or(name_of_file);
    let unknowns = names.scope.unknowns().len();
    let hard = built_in::hard(fitted, &built_in, unknowns);
    let architecture = Architecture { transform: built_in::transform(built_in, unknowns), ..architecture };
    let training = training(&file.training, &names, &source)?;
    let Reference { exact, compared } = match &file.reference {
        Some(given) => reference(given, &names, &domain.region(), tables, &source)?,
        None => Reference::default(),
    };
    let views = pictures(&file, &names, &source)?;
    let coefficients = names.scope.coefficients().iter().zip(&names.coefficients);
    Ok(Problem {
        description: description(title, &written),
        source: setting.to_owned(),
        stated: [domain.stated(&file), definitions(&file, &names), stated].concat(),
        axes: names.scope.coordinates().to_vec(),
        unknowns: names.scope.unknowns().to_vec(),
        scope: names.scope.clone(),
        domain: domain.region(),
        low: names.low.clone(),
        high: names.high.clone(),
        architecture,
        terms,
        hard,
        exact,
        compared,
        coefficients: coefficients.map(|(name, (_, right))| (name.clone(), *right)).collect(),
        start: None,
        shape: None,
        placed: None,
        views,
        training,
    })
}

/// What the definitions of numbers and vectors stand for.
fn definitions(file: &File, names: &Names) -> Vec<Stated> {
    let one = |(name, text): &(Spanned<String>, Spanned<String>)| {
        let formula = Formula::numbers(text.get_ref(), &names.scope).ok()?;
        let (name, formulas) = (name.get_ref().clone(), vec![formula.mathml(&names.scope)]);
        Some(Stated { name, place: "a definition".into(), formulas })
    };
    file.definitions.0.iter().filter_map(one).collect()
}

/// The title with the equations, unless they are too long for a line.
fn description(title: &str, equations: &[String]) -> String {
    let (title, equations) = (title.trim_end_matches('.'), equations.join(", "));
    if equations.chars().count() > LONGEST { format!("{title}.") } else { format!("{title}: {equations}.") }
}

#[cfg(test)]
mod tests;
