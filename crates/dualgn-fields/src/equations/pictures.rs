//! Pictures that a file asks for.

use dualgn_io::Failure;
use toml::Spanned;

use super::file::{File, Picture};
use super::names::Names;
use super::source::{Source, line, plain};
use crate::formula::{Formula, Kind};
use crate::view::View;

/// Pictures at most: each takes some seconds.
const MOST: usize = 32;

/// Reads the pictures of a file; of one that asks for none, how the unknowns change, where there are two coordinates of space and time.
pub(super) fn pictures(file: &File, names: &Names, source: &Source<'_>) -> Result<Vec<View>, Failure> {
    if let Some(picture) = file.pictures.get(MOST) {
        let what = format!("more than {MOST} pictures");
        return Err(source.wrong(picture.span(), what).hint("leave some of them out"));
    }
    if file.pictures.is_empty() {
        return Ok(usual(names));
    }
    file.pictures.iter().map(|picture| view(picture, names, source)).collect()
}

fn usual(names: &Names) -> Vec<View> {
    let (space, Some(time)) = (names.scope.space(), names.time) else { return vec![] };
    let [across, upwards, ..] = space[..] else { return vec![] };
    let one = |unknown: &String| {
        let expression = Formula::number(unknown, &names.scope).ok()?.expression().clone();
        let (at, name) = (middle(names), &names.scope.coordinates()[time]);
        let caption = format!("{unknown} from {name} = {} to {}.", plain(names.low[time]), plain(names.high[time]));
        let title = if names.scope.unknowns().len() > 1 { format!("In time, {unknown}") } else { "In time".to_owned() };
        Some(View { title, caption, expression, across, upwards: Some(upwards), at, moving: Some(time) })
    };
    names.scope.unknowns().iter().filter_map(one).collect()
}

fn middle(names: &Names) -> Vec<f64> {
    names.low.iter().zip(&names.high).map(|(low, high)| low + (high - low) / 2.0).collect()
}

fn view(picture: &Spanned<Picture>, names: &Names, source: &Source<'_>) -> Result<View, Failure> {
    let Picture { title, formula, axes, at: fixed, moving } = picture.get_ref();
    let scope = names.scope.clone().without(Kind::Normal);
    let read = Formula::numbers(formula.get_ref(), &scope);
    let read = read.map_err(|error| source.formula(formula.span(), formula.get_ref(), error))?;
    let axis = |name: &Spanned<String>| names.axis(source, name.span(), name.get_ref());
    let moving = moving.as_ref().map(axis).transpose()?;
    let (across, upwards) = match axes {
        None => plane(names, moving),
        Some(listed) => match listed.get_ref().as_slice() {
            [across] => (axis(across)?, None),
            [across, upwards] => (axis(across)?, Some(axis(upwards)?)),
            _ => {
                let what = format!("{} axes", listed.get_ref().len());
                return Err(source
                    .wrong(listed.span(), what)
                    .hint("a picture has one or two, as `axes = [\"x\", \"y\"]`"));
            }
        },
    };
    let taken = [Some(across), upwards, moving];
    if (0..3).any(|index| taken[index].is_some() && taken[..index].contains(&taken[index])) {
        let what = "a coordinate that stands twice among `axes` and `moving`";
        return Err(source.wrong(picture.span(), what).hint("take another"));
    }
    let (mut at, mut places) = (middle(names), vec![]);
    for (name, value) in &fixed.0 {
        let index = axis(name)?;
        if taken.contains(&Some(index)) {
            let what = format!("`{}` is at one place and changes", name.get_ref());
            return Err(source.wrong(name.span(), what).hint("leave it out of `at`, or of `axes` and `moving`"));
        }
        at[index] = names.number(source, value)?;
        if !(names.low[index]..=names.high[index]).contains(&at[index]) {
            let what = format!("{} = {} is outside of its range", name.get_ref(), plain(at[index]));
            return Err(source.wrong(value.span(), what).hint(format!(
                "it goes from {} to {}",
                plain(names.low[index]),
                plain(names.high[index])
            )));
        }
    }
    let coordinates = names.scope.coordinates();
    for (index, name) in coordinates.iter().enumerate().filter(|(index, _)| !taken.contains(&Some(*index))) {
        places.push(format!("{name} = {}", plain(at[index])));
    }
    if let Some(index) = moving {
        places.push(format!("{} from {} to {}", coordinates[index], plain(names.low[index]), plain(names.high[index])));
    }
    let place = if places.is_empty() { String::new() } else { format!(", {}", places.join(", ")) };
    let title =
        title.as_ref().map(|title| line(title, source)).transpose()?.map_or_else(|| read.to_string(), str::to_owned);
    let caption = format!("{read}{place}.");
    Ok(View { title, caption, expression: read.expression().clone(), across, upwards, at, moving })
}

/// The first two coordinates that do not move, those of space before time.
fn plane(names: &Names, moving: Option<usize>) -> (usize, Option<usize>) {
    let space = names.scope.space().into_iter();
    let mut free = space.chain(names.time).filter(|axis| Some(*axis) != moving);
    (free.next().unwrap_or(0), free.next())
}
