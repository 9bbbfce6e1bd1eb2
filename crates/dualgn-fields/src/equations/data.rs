//! [`Table`], and measurements as terms of the loss.

use std::path::Path;
use std::sync::Arc;

use dualgn_io::Failure;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::file::Data;
use super::names::Names;
use super::source::{Source, plain};
use super::term::{Behind, Terms, residual};
use super::value::Number;
use crate::formula::{Expression, Formula, Kind, Point, Scope};
use crate::geometry::Region;
use crate::problem::Term;

/// What a column with the name of an unknown is called in formulas: `u_data` is what was measured of `u`.
const SUFFIX: &str = "_data";

/// Columns of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The file, as it is named in the file of the equations.
    pub file: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The numbers row by row; what is not known is not a number.
    #[serde(with = "bits")]
    pub numbers: Vec<f64>,
}

/// Numbers by their bits: JSON has none for what is not a number.
mod bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(numbers: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        numbers.iter().map(|number| number.to_bits()).collect::<Vec<u64>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<u64>::deserialize(deserializer)?.into_iter().map(f64::from_bits).collect())
    }
}

/// What reads the columns of numbers of a file, given by its path.
pub type TableReader = fn(&Path) -> Result<(Vec<String>, Vec<f64>), Failure>;

impl Table {
    /// Returns it as text in CSV format.
    pub fn csv(&self) -> String {
        let line = |row: &[f64]| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let rows = self.numbers.chunks_exact(self.columns.len()).map(line);
        std::iter::once(self.columns.join(",")).chain(rows).map(|line| line + "\n").collect()
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Finds a column of the table of a file.
    pub(super) fn expect(&self, name: &str, file: &Spanned<String>, source: &Source<'_>) -> Result<usize, Failure> {
        self.column(name).ok_or_else(|| {
            let what = format!("`{}` has no column of numbers `{name}`", file.get_ref());
            source.wrong(file.span(), what).hint(format!("its columns of numbers are {}", self.columns.join(", ")))
        })
    }

    /// Returns some columns, row by row.
    fn rows(&self, columns: &[usize]) -> Vec<f64> {
        let rows = self.numbers.chunks_exact(self.columns.len());
        rows.flat_map(|row| columns.iter().map(|&column| row[column])).collect()
    }
}

/// Finds the table of a file.
pub(super) fn table<'t>(
    file: &Spanned<String>,
    tables: &'t [Table],
    source: &Source<'_>,
) -> Result<&'t Table, Failure> {
    tables.iter().find(|table| table.file == *file.get_ref()).ok_or_else(|| {
        let what = format!("the table `{}` was not read", file.get_ref().escape_debug());
        source.wrong(file.span(), what).hint("build the program with the feature `tables`, which reads it")
    })
}

/// Returns the points of a table with some of its columns behind their coordinates, row by row. Cells that are `needed` hold numbers.
pub(super) fn points(
    file: &Spanned<String>,
    table: &Table,
    names: &Names,
    more: &[usize],
    needed: impl Fn(usize) -> bool,
    source: &Source<'_>,
) -> Result<Vec<f64>, Failure> {
    let mut columns = vec![];
    for coordinate in names.scope.coordinates() {
        columns.push(table.expect(coordinate, file, source)?);
    }
    let dims = columns.len();
    columns.extend(more);
    let rows = table.rows(&columns);
    let is_wrong = |&(place, number): &(usize, &f64)| {
        let column = place % columns.len();
        !number.is_finite() && (column < dims || needed(column - dims))
    };
    if let Some((place, _)) = rows.iter().enumerate().find(is_wrong) {
        let (row, column) = (place / columns.len() + 1, &table.columns[columns[place % columns.len()]]);
        let what = format!("`{}`, row {row}: the cell of `{column}` is empty or no finite number", file.get_ref());
        return Err(source.wrong(file.span(), what).hint("mend the cell, or leave the row out"));
    }
    match rows.is_empty() {
        true => Err(source.wrong(file.span(), format!("`{}` has no rows", file.get_ref())).hint("take another file")),
        false => Ok(rows),
    }
}

impl Terms<'_> {
    /// Adds measurements.
    pub(super) fn data(&mut self, data: &Spanned<Data>, tables: &[Table]) -> Result<(), Failure> {
        self.check_count(data.span())?;
        let Data { name, file, formula, noise, points: count, weight, loss } = data.get_ref();
        let source = self.source;
        let table = table(file, tables, &source)?;
        let scope = self.scope_of(file, table)?;
        let formulas = match formula {
            Some(formula) => vec![self.equation_in(formula, &scope)?],
            None => self.measured(file, table, &scope)?,
        };
        let noise = noise.as_ref().map(|noise| self.noise(noise, &scope)).transpose()?;
        let expressions: Vec<Expression> = formulas.iter().map(|formula| formula.expression().clone()).collect();
        let is_used = |column| expressions.iter().chain(&noise).any(|expression| expression.uses_column(column));
        let columns = columns_of(&scope, table);
        let rows = points(file, table, self.names, &columns, is_used, &source)?;
        let dims = self.names.low.len();
        if let Some(noise) = &noise {
            self.check_noise(noise, data, rows.chunks_exact(dims + columns.len()))?;
        }
        let all = rows.len() / (dims + columns.len());
        let points = match count {
            Some(count) => self.points(Some(count), all, 1)?.min(all),
            None => all,
        };
        let equations = expressions.iter().map(|expression| expression.outputs().len()).sum();
        let behind = Behind { columns: (dims..dims + columns.len()).collect(), normal: None };
        let term = Term {
            name: self.name(name.as_ref(), "data")?,
            weight: self.weight(weight.as_ref())?,
            points,
            region: Region::Points { rows: Arc::new(rows), columns: dims + columns.len() },
            given: None,
            equations,
            penalties: self.penalties(loss.as_ref(), false)?,
            is_measured: true,
            residual: residual(expressions, noise, self.names.coefficients.len(), behind),
        };
        self.state(&term.name, format!("at the {all} rows of {}", file.get_ref()), &formulas, &scope);
        self.terms.push(term);
        Ok(())
    }

    /// The names of formulas with the columns of a table.
    fn scope_of(&self, file: &Spanned<String>, table: &Table) -> Result<Scope, Failure> {
        let mut scope = self.names.scope.clone().without(Kind::Normal);
        for name in &table.columns {
            if scope.coordinates().contains(name) {
                continue;
            }
            let is_unknown = scope.unknowns().contains(name);
            let name = if is_unknown { format!("{name}{SUFFIX}") } else { name.clone() };
            // What is no name, or has another meaning, cannot be in a formula.
            if scope.has(&name) && !is_unknown {
                continue;
            }
            let mut with = scope.clone();
            if with.column(&name).is_ok() {
                scope = with;
            } else if is_unknown {
                let what = format!("`{name}`, what is measured in `{}`, has another meaning", file.get_ref());
                return Err(self.source.wrong(file.span(), what).hint("give that another name"));
            }
        }
        Ok(scope)
    }

    /// The equations of unknowns and the columns with their names.
    fn measured(&self, file: &Spanned<String>, table: &Table, scope: &Scope) -> Result<Vec<Formula>, Failure> {
        let unknowns = scope.unknowns().iter().filter(|unknown| table.column(unknown).is_some());
        let all: Vec<Formula> = unknowns
            .map(|unknown| {
                let text = Spanned::new(file.span(), format!("{unknown} = {unknown}{SUFFIX}"));
                self.equation_in(&text, scope)
            })
            .collect::<Result<_, _>>()?;
        if all.is_empty() {
            let what = format!("`{}` has no column with the name of an unknown", file.get_ref());
            let hint = "say by `formula` what is measured, such as `formula = \"k*u_x = flux\"` with a column `flux`";
            return Err(self.source.wrong(file.span(), what).hint(hint));
        }
        Ok(all)
    }

    /// Checks that the standard deviation is positive in each row.
    fn check_noise<'r>(
        &self,
        noise: &Expression,
        data: &Spanned<Data>,
        rows: impl Iterator<Item = &'r [f64]>,
    ) -> Result<(), Failure> {
        for (row, numbers) in rows.enumerate() {
            let (coordinates, columns) = numbers.split_at(self.names.low.len());
            let value = noise.first(&Point { columns, ..Point::at(coordinates) });
            if !(value > 0.0 && value.is_finite()) {
                let span = data.get_ref().noise.as_ref().map_or(data.span(), Spanned::span);
                let what =
                    format!("the noise is {} in row {} of `{}`", plain(value), row + 1, data.get_ref().file.get_ref());
                return Err(self.source.wrong(span, what).hint("a standard deviation is positive"));
            }
        }
        Ok(())
    }

    /// The standard deviation of errors.
    fn noise(&self, noise: &Spanned<Number>, scope: &Scope) -> Result<Expression, Failure> {
        let absent = [Kind::Unknown, Kind::Coefficient];
        let scope = absent.into_iter().fold(scope.clone(), Scope::without);
        let text = match noise.get_ref() {
            Number::Number(number) if *number > 0.0 && number.is_finite() => format!("{number:e}"),
            Number::Number(number) => {
                let what = format!("a noise of {}", plain(*number));
                return Err(self.source.wrong(noise.span(), what).hint("a standard deviation is positive"));
            }
            Number::Formula(text) => text.clone(),
        };
        let formula = Formula::number(&text, &scope);
        let formula = formula.map_err(|error| self.source.formula(noise.span(), &text, error))?;
        Ok(formula.expression().clone())
    }
}

/// Which columns of a table the columns of a scope are.
fn columns_of(scope: &Scope, table: &Table) -> Vec<usize> {
    let of = |name: &String| {
        let plain = name.strip_suffix(SUFFIX).filter(|plain| scope.unknowns().iter().any(|unknown| unknown == plain));
        table.column(plain.unwrap_or(name)).or(table.column(name)).unwrap_or_default()
    };
    scope.columns().iter().map(of).collect()
}
