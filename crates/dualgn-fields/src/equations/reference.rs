//! The solution that a file compares with.

use std::sync::Arc;

use dualgn_io::Failure;
use dualgn_io::number::significant;
use toml::Spanned;

use super::data::{Table, points, table};
use super::names::{Names, listed};
use super::source::{Source, plain};
use super::value::Ordered;
use crate::formula::{Expression, Formula, Kind, Point};
use crate::geometry::{Generator, Region, Sampling};
use crate::problem::PointFunction;

/// What the formula of a single unknown can be called.
const ALONE: &str = "formula";
/// What the file of a table is called.
const FILE: &str = "file";

/// Points at which the solution has to be a number.
const CHECKED: usize = 64;

/// What the solution is known by.
#[derive(Default)]
pub(super) struct Reference {
    /// A function with a value for each unknown.
    pub(super) exact: Option<PointFunction>,
    /// Points and the values there.
    pub(super) compared: Option<[Vec<f64>; 2]>,
}

/// Returns the solution: formulas, whose values are numbers within a region, or a table.
pub(super) fn reference(
    reference: &Spanned<Ordered<String>>,
    names: &Names,
    region: &Region,
    tables: &[Table],
    source: &Source<'_>,
) -> Result<Reference, Failure> {
    if let Some(file) = file(reference) {
        return of_table(file, names, tables, source);
    }
    let exact = solution(reference, names, source)?;
    let points = region.draw(CHECKED, Sampling::Sobol, &mut Generator::new(0, 0));
    let coordinates = names.scope.coordinates();
    for point in points.chunks_exact(coordinates.len()) {
        if let Some(value) = exact(point).into_iter().find(|value| !value.is_finite()) {
            let place: Vec<String> =
                coordinates.iter().zip(point).map(|(name, x)| format!("{name} = {}", significant(*x))).collect();
            let what = format!("the reference is {} at {}", plain(value), place.join(", "));
            return Err(source
                .wrong(reference.span(), what)
                .hint("it has to be a finite number wherever the equations hold"));
        }
    }
    Ok(Reference { exact: Some(exact), compared: None })
}

/// The file of a table, if that is what is given.
pub(super) fn file(reference: &Spanned<Ordered<String>>) -> Option<&Spanned<String>> {
    match reference.get_ref().0.as_slice() {
        [(name, file)] if name.get_ref() == FILE => Some(file),
        _ => None,
    }
}

fn of_table(
    file: &Spanned<String>,
    names: &Names,
    tables: &[Table],
    source: &Source<'_>,
) -> Result<Reference, Failure> {
    let table = table(file, tables, source)?;
    let unknowns = names.scope.unknowns();
    let columns = unknowns.iter().map(|unknown| table.expect(unknown, file, source));
    let columns = columns.collect::<Result<Vec<usize>, _>>()?;
    let rows = points(file, table, names, &columns, |_| true, source)?;
    let dims = names.low.len();
    let rows = rows.chunks_exact(dims + unknowns.len());
    let [points, values] = [0..dims, dims..dims + unknowns.len()]
        .map(|part| rows.clone().flat_map(|row| row[part.clone()].to_vec()).collect());
    Ok(Reference { exact: None, compared: Some([points, values]) })
}

fn solution(
    reference: &Spanned<Ordered<String>>,
    names: &Names,
    source: &Source<'_>,
) -> Result<PointFunction, Failure> {
    let unknowns = names.scope.unknowns();
    let absent = [Kind::Unknown, Kind::Coefficient, Kind::Normal];
    let scope = absent.into_iter().fold(names.scope.clone(), |scope, kind| scope.without(kind));
    let mut found: Vec<Option<Expression>> = vec![None; unknowns.len()];
    for (name, text) in &reference.get_ref().0 {
        let place = unknowns.iter().position(|unknown| unknown == name.get_ref());
        let alone = (unknowns.len() == 1 && name.get_ref() == ALONE).then_some(0);
        let Some(place) = place.or(alone) else {
            let what = format!("`{}` is no unknown", name.get_ref().escape_debug());
            return Err(source.wrong(name.span(), what).hint(format!("the unknowns are {}", unknowns.join(", "))));
        };
        let formula = Formula::number(text.get_ref(), &scope);
        let formula = formula.map_err(|error| source.formula(text.span(), text.get_ref(), error))?;
        if found[place].replace(formula.expression().clone()).is_some() {
            let what = format!("two formulas for `{}`: {}", unknowns[place], written(reference));
            return Err(source.wrong(name.span(), what).hint("keep one of them"));
        }
    }
    let missing: Vec<&str> =
        unknowns.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(name, _)| name.as_str()).collect();
    if !missing.is_empty() {
        let what = format!("the reference has no formula for {}", missing.join(", "));
        return Err(source.wrong(reference.span(), what).hint("give one for each unknown, or leave the reference out"));
    }
    let all: Vec<Expression> = found.into_iter().flatten().collect();
    Ok(Arc::new(move |x: &[f64]| all.iter().map(|expression| expression.first(&Point::at(x))).collect()))
}

fn written(reference: &Spanned<Ordered<String>>) -> String {
    listed(reference.get_ref().0.iter().map(|(name, _)| name))
}
