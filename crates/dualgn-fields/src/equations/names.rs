//! [`Names`]: what the names of a file mean.

use std::ops::Range;

use dualgn_io::Failure;
use toml::Spanned;

use super::file::File;
use super::source::{Source, plain};
use super::value::Number;
use crate::formula::{Formula, FormulaError, Kind, Scope, is_callable};

/// Coordinates and unknowns at most. Derivatives are taken along each coordinate, and there are pictures of each unknown.
const MOST: usize = 32;

/// What the names of a file mean.
pub(super) struct Names {
    /// All of them, and the normal.
    pub(super) scope: Scope,
    /// Known numbers alone.
    known: Scope,
    /// The two ends of each coordinate.
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
    /// Which coordinate is time.
    pub(super) time: Option<usize>,
    /// Where the numbers that are to be found start, and what they are, if that is known.
    pub(super) coefficients: Vec<(f64, Option<f64>)>,
}

impl Names {
    pub(super) fn read(file: &File, source: &Source<'_>) -> Result<Self, Failure> {
        let coordinates: Vec<&Spanned<String>> = file.coordinates.get_ref().0.iter().map(|(name, _)| name).collect();
        if !(1..=MOST).contains(&coordinates.len()) {
            let what = format!("there are {} coordinates; there can be from 1 to {MOST}", coordinates.len());
            let hint = "write `x = [0, 1]` below `[coordinates]`";
            return Err(source.wrong(file.coordinates.span(), what).hint(hint));
        }
        let time = time(file, source, &coordinates)?;
        let unknowns = unknowns(file, source)?;
        let mut scope = coordinate_scope(&coordinates, time, source, file.coordinates.span())?;
        for name in &unknowns {
            declare(source, name, |text| scope.unknown(text))?;
        }
        let mut known = Scope::new::<&str>(&[], None).map_err(|error| source.name(file.coordinates.span(), error))?;
        for (name, value) in &file.constants.0 {
            let number = constant(&known, source, value)?;
            declare(source, name, |text| scope.constant(text, number))?;
            declare(source, name, |text| known.constant(text, number))?;
        }
        let mut coefficients = vec![];
        for (name, value) in &file.coefficients.0 {
            let value = value.get_ref();
            let right = value.known.as_ref().map(|known_value| constant(&known, source, known_value)).transpose()?;
            coefficients.push((constant(&known, source, &value.start)?, right));
            declare(source, name, |text| scope.coefficient(text))?;
        }
        let scope = define(scope.with(Kind::Normal), file, source)?;
        let mut names = Self { scope, known, low: vec![], high: vec![], time, coefficients };
        for (name, ends) in &file.coordinates.get_ref().0 {
            let [low, high] = names.ends(name.get_ref(), ends, source)?;
            names.low.push(low);
            names.high.push(high);
        }
        Ok(names)
    }

    /// Returns a number, which may be a formula of constants.
    pub(super) fn number(&self, source: &Source<'_>, number: &Spanned<Number>) -> Result<f64, Failure> {
        constant(&self.known, source, number)
    }

    /// Returns the number that a text stands for, which is a part of the value at a place.
    pub(super) fn constant(&self, source: &Source<'_>, span: Range<usize>, text: &str) -> Result<f64, Failure> {
        Formula::constant(text, &self.known).map_err(|error| source.formula(span, text, error))
    }

    /// Returns the number of the coordinate with a name, which stands at a place.
    pub(super) fn axis(&self, source: &Source<'_>, span: Range<usize>, name: &str) -> Result<usize, Failure> {
        let coordinates = self.scope.coordinates();
        coordinates.iter().position(|coordinate| coordinate == name).ok_or_else(|| {
            let what = format!("`{}` is no coordinate", name.escape_debug());
            source.wrong(span, what).hint(format!("the coordinates are {}", coordinates.join(", ")))
        })
    }

    fn ends(&self, name: &str, ends: &Spanned<Vec<Spanned<Number>>>, source: &Source<'_>) -> Result<[f64; 2], Failure> {
        let [low, high] = ends.get_ref().as_slice() else {
            let what = format!("`{name}` needs two ends and has {}", ends.get_ref().len());
            return Err(source.wrong(ends.span(), what).hint(format!("write `{name} = [0, 1]`")));
        };
        let [low, high] = [self.number(source, low)?, self.number(source, high)?];
        let hint = match low < high {
            true if (high - low).is_finite() => return Ok([low, high]),
            true => "this is too far for double precision: choose another unit",
            false => "the first end is less than the second",
        };
        let what = format!("`{name}` goes from {} to {}", plain(low), plain(high));
        Err(source.wrong(ends.span(), what).hint(hint))
    }
}

/// Which coordinate is time: the one that is said to be, or one with the name `t`.
fn time(file: &File, source: &Source<'_>, coordinates: &[&Spanned<String>]) -> Result<Option<usize>, Failure> {
    let place = |name: &str| coordinates.iter().position(|coordinate| coordinate.get_ref() == name);
    let Some(name) = &file.time else { return Ok(place("t")) };
    match place(name.get_ref()) {
        Some(time) => Ok(Some(time)),
        None => Err(source
            .wrong(name.span(), format!("time is `{}`, which is no coordinate", name.get_ref().escape_debug()))
            .hint(format!("the coordinates are {}", listed(coordinates.iter().copied())))),
    }
}

/// The names of the unknown functions, each once whatever the case of its letters: files are named after them.
fn unknowns(file: &File, source: &Source<'_>) -> Result<Vec<Spanned<String>>, Failure> {
    let Some(unknowns) = &file.unknowns else { return Ok(vec![Spanned::new(0..0, "u".to_owned())]) };
    let names = unknowns.get_ref();
    if !(1..=MOST).contains(&names.len()) {
        let what = format!("there are {} unknowns; from 1 to {MOST} can be solved for", names.len());
        return Err(source.wrong(unknowns.span(), what).hint("write `unknowns = [\"u\"]`"));
    }
    for (index, name) in names.iter().enumerate() {
        let is_same = |other: &&Spanned<String>| {
            other.get_ref() != name.get_ref() && other.get_ref().to_lowercase() == name.get_ref().to_lowercase()
        };
        if let Some(other) = names[..index].iter().find(is_same) {
            let what = format!("the unknowns `{other}` and `{name}` differ only in the case of their letters");
            return Err(source.wrong(name.span(), what).hint("files are named after them: choose another name"));
        }
    }
    Ok(names.clone())
}

fn coordinate_scope(
    coordinates: &[&Spanned<String>],
    time: Option<usize>,
    source: &Source<'_>,
    span: Range<usize>,
) -> Result<Scope, Failure> {
    // Each alone first, so that the place of a wrong one is known.
    for name in coordinates {
        declare(source, name, |text| Scope::new(&[text], None).map(drop))?;
    }
    let names: Vec<&str> = coordinates.iter().map(|name| name.get_ref().as_str()).collect();
    Scope::new(&names, time).map_err(|error| source.name(span, error))
}

/// Gives a name a meaning, if it is none of a function.
fn declare(
    source: &Source<'_>,
    name: &Spanned<String>,
    declare: impl FnOnce(&str) -> Result<(), FormulaError>,
) -> Result<(), Failure> {
    let text = name.get_ref();
    if is_callable(text) {
        let what = format!("`{text}` is a function and cannot be given another meaning");
        return Err(source.wrong(name.span(), what).hint("choose another name"));
    }
    declare(text).map_err(|error| source.name(name.span(), error))
}

fn define(mut scope: Scope, file: &File, source: &Source<'_>) -> Result<Scope, Failure> {
    let definitions = &file.definitions.0;
    for (name, _) in definitions {
        // Names are wrong at their own places, formulas at theirs.
        declare(source, name, |text| scope.clone().constant(text, 0.0))?;
    }
    let texts: Vec<(&str, &str)> =
        definitions.iter().map(|(name, text)| (name.get_ref().as_str(), text.get_ref().as_str())).collect();
    scope.define(&texts).map_err(|(index, error)| {
        let text = &definitions[index].1;
        source.formula(text.span(), text.get_ref(), error)
    })?;
    Ok(scope)
}

fn constant(known: &Scope, source: &Source<'_>, number: &Spanned<Number>) -> Result<f64, Failure> {
    match number.get_ref() {
        Number::Formula(text) => {
            Formula::constant(text, known).map_err(|error| source.formula(number.span(), text, error))
        }
        Number::Number(value) if value.is_finite() => Ok(*value),
        Number::Number(value) => Err(source.wrong(number.span(), format!("{} is not a finite number", plain(*value)))),
    }
}

/// Returns names in a row.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a Spanned<String>>) -> String {
    names.into_iter().map(|name| name.get_ref().as_str()).collect::<Vec<_>>().join(", ")
}
