//! What a result looks like: pictures for the report, and the surface of a shape.

use std::path::Path;

use dualgn_io::{Failure, files};
use dualgn_report::pictures::{Axis, Colours, HeatMap, Position, data_address, png};
use dualgn_train::picture::{Picture, Portrait, Raster};
use serde_json::json;

use super::network::Field;
use super::problem::{Problem, Shape};
use super::solve::{Showing, Solve, component};
use crate::geometry::{Deviation, Frame, Mesh, deviation, surface};
use crate::render::{View, render};
use crate::viewer::viewer;

/// Grid points along a side of a heat map, and of one of a movie.
const GRID: usize = 160;
const MOVING: usize = 96;
/// Pixels along a side of a rendered surface, and of one of a movie.
const RENDERED: usize = 420;
const TURNING: usize = 200;
/// Grid points along an axis for the surface of a movie.
const COARSE: usize = 48;
/// Points on each surface when they are compared.
const COMPARED: usize = 20_000;

impl Solve {
    /// The surface of a shape; `None` if the field has one sign, or is no shape in space.
    pub fn surface(&self, model: &Field, resolution: usize) -> Result<Option<Mesh>, Failure> {
        if self.problem.shape.is_none() {
            return Ok(None);
        }
        surface([[-1.0; 3], [1.0; 3]], resolution, |points| self.values(model, points))
    }

    /// How far a surface is from the one that was given.
    pub fn deviation(&self, found: &Mesh) -> Result<Option<Deviation>, Failure> {
        let deviation = match &self.problem.shape {
            None => return Ok(None),
            Some(Shape::Mesh(mesh)) => deviation(found, mesh, COMPARED),
            Some(Shape::Cloud(cloud)) => cloud.deviation(found, COMPARED),
        };
        deviation.map(Some).map_err(|error| Failure::run(error.to_string()))
    }

    /// One picture of a movie.
    pub fn picture(&self, model: &Field) -> Result<Raster, Failure> {
        if self.problem.shape.is_none() {
            // Of several unknown functions the first.
            let values = self.values(model, &self.grid(MOVING))?;
            let values = self.inside(component(&values, 0, model.outputs()).collect(), MOVING);
            let (x, y) = (self.axis(0), self.vertical().map(|axis| self.axis(axis)));
            let (moments, width, colours) = (1, MOVING, Colours::Sequential);
            let map = HeatMap { values: &values, moments, width, x, y, colours, is_to_scale: false, paths: &[] };
            return Ok(map.raster());
        }
        match self.surface(model, COARSE)? {
            Some(mesh) => rendered(&mesh, View::FRONT, TURNING),
            None => Ok(Raster::new(TURNING, TURNING, |_, _| [0; 4])),
        }
    }

    /// Pictures of a trained model, which are written into a folder too, with the surface of a shape as a file.
    pub fn pictures(&self, [first, last]: [&Field; 2], folder: &Path) -> Result<Portrait, Failure> {
        match self.problem.shape.is_some() {
            true => self.of_shape([first, last], folder),
            false => Ok(Portrait { pictures: self.of_solution(last, folder)?, notes: vec![] }),
        }
    }

    /// For each unknown function itself and its error, then the residuals of the first term; several of a kind have a name or a number.
    fn of_solution(&self, model: &Field, folder: &Path) -> Result<Vec<Picture>, Failure> {
        let points = self.grid(GRID);
        let dims = self.problem.low.len();
        let found = self.values(model, &points)?;
        let exact = self.problem.exact.as_ref();
        let wanted: Option<Vec<f64>> =
            exact.map(|exact| points.chunks_exact(dims).flat_map(|point| exact(point)).collect());
        let through = match dims {
            0..=2 => String::new(),
            _ => ", on the plane through the middle".into(),
        };
        let unknowns = &self.problem.unknowns;
        let errors = if unknowns.len() > 1 { self.relative_errors(model)? } else { None };
        let map = |part: &Part, title: &str, caption: String, values: Vec<f64>, colours: Colours| {
            let (file, title) = part.named(title);
            self.whole(file, title, caption, values, colours)
        };
        let mut maps = vec![];
        for (index, name) in unknowns.iter().enumerate() {
            let part = Part::new(name, unknowns.len());
            let own = |rows: &[f64]| component(rows, index, unknowns.len()).collect::<Vec<f64>>();
            let (found, wanted) = (own(&found), wanted.as_deref().map(own));
            let error: Option<Vec<f64>> =
                wanted.map(|wanted| found.iter().zip(wanted).map(|(found, wanted)| found - wanted).collect());
            maps.push(map(&part, "Solution", format!("The network{}{through}.", part.of), found, Colours::Sequential));
            if let Some(error) = error {
                let much = errors
                    .as_ref()
                    .map_or_else(String::new, |(each, _)| format!("; relative error {:.1e}", each[index]));
                let words = format!("The network less the solution{}{through}{much}.", part.of);
                maps.push(map(&part, "Error", words, error, Colours::Diverging));
            }
        }
        if let (Some(residuals), Some(term)) = (self.residuals(model, &points)?, self.problem.terms.first()) {
            for index in 0..term.equations {
                let number = (index + 1).to_string();
                let part = Part::new(&number, term.equations);
                let own = component(&residuals, index, term.equations).collect();
                let words = format!("What the network leaves of the term `{}`{}{through}.", term.name, part.of);
                maps.push(map(&part, "Residual", words, own, Colours::Diverging));
            }
        }
        for (index, view) in self.problem.views.iter().enumerate() {
            maps.push(self.seen(view, model, format!("picture-{}.svg", index + 1))?);
        }
        maps.into_iter().map(|map| self.drawn(map, folder)).collect()
    }

    /// Writes a map into a folder.
    fn drawn(&self, map: Map, folder: &Path) -> Result<Picture, Failure> {
        let Map { file, title, caption, values, width, moments, across, upwards, paths, colours } = map;
        let (x, y) = (self.axis(across), upwards.map(|axis| self.axis(axis)));
        let space = self.problem.scope.space();
        let is_to_scale = [Some(across), upwards].iter().flatten().all(|axis| space.contains(axis));
        let map = HeatMap { values: &values, moments, width, x, y, colours, is_to_scale, paths: &paths };
        let markup = map.svg(&title).map_err(|error| Failure::run(error.to_string()))?;
        files::replace(&folder.join(file), markup.as_bytes())?;
        Ok(Picture { title, caption, markup })
    }

    fn of_shape(&self, models: [&Field; 2], folder: &Path) -> Result<Portrait, Failure> {
        let resolution = self.showing.resolution;
        let mut pictures = vec![];
        let failed = |error: std::io::Error| Failure::run(error.to_string());
        let given = match &self.problem.shape {
            Some(Shape::Mesh(mesh)) => Some(mesh),
            _ => None,
        };
        let meshes =
            [("before", self.surface(models[0], resolution)?), ("after", self.surface(models[1], resolution)?)];
        let named = [("given", given), ("before", meshes[0].1.as_ref()), ("after", meshes[1].1.as_ref())];
        for (name, mesh) in named {
            let Some(mesh) = mesh else { continue };
            for (side, view) in [("front", View::FRONT), ("back", View::BACK)] {
                let raster = rendered(mesh, view, RENDERED)?;
                let file = format!("{name}-{side}.png");
                files::replace(&folder.join(&file), &png(&raster).map_err(failed)?)?;
                let caption = match name {
                    "given" => "The surface that was given",
                    "before" => "The surface of the network before training",
                    _ => "The surface of the network",
                };
                pictures.push(Picture {
                    title: format!("{name}, {side}"),
                    caption: format!("{caption}, from the {side}."),
                    markup: svg_of(&raster).map_err(failed)?,
                });
            }
        }
        let Some(mesh) = &meshes[1].1 else {
            let caption = "The trained field has one sign everywhere: there is no surface.".into();
            pictures.push(Picture { title: "No surface".into(), caption, markup: String::new() });
            return Ok(Portrait {
                pictures,
                notes: vec![
                    "the trained field has one sign everywhere: there is no surface, and no file of one".into(),
                ],
            });
        };
        let (surface, note) = self.write_surface(mesh, folder)?;
        let caption = format!(
            "{} {surface} Drag or use the arrow keys to turn it, the wheel to zoom.",
            self.write_deviation(mesh, folder)?,
        );
        pictures.insert(0, Picture { title: "The surface".into(), caption, markup: viewer(mesh) });
        Ok(Portrait { pictures, notes: note.into_iter().collect() })
    }

    /// Writes the surface of a shape where its file has it, and what leads from there to the unit frame; returns it in words, and a note
    /// if digits are lost.
    fn write_surface(&self, mesh: &Mesh, folder: &Path) -> Result<(String, Option<String>), Failure> {
        let Showing { format, is_normalised, .. } = self.showing;
        let given = self.problem.placed.as_ref().map_or(Frame::UNIT, |placed| placed.frame);
        let frame = if is_normalised { Frame::UNIT } else { given };
        let name = format!("surface.{}", format.ending());
        let path = folder.join(&name);
        let bytes = format.bytes(mesh, &frame).map_err(|error| Failure::file("write", &path, &error))?;
        files::replace(&path, &bytes)?;
        let Frame { centre, scale } = given;
        let place = json!({ "centre": centre, "scale": scale, "is_normalised": is_normalised });
        files::replace(&folder.join("frame.json"), format!("{place:#}\n").as_bytes())?;
        let (vertices, triangles) = (mesh.vertices.len(), mesh.faces.len());
        let mut words = format!(
            "{vertices} vertices and {triangles} triangles, in {name}, {}.",
            match is_normalised {
                true => "in the unit frame [-0.9, 0.9]³",
                false => "where the given surface is",
            }
        );
        let note = format.rounding(&frame).map(|part| {
            format!(
                "this far from the origin, the single precision of STL rounds the surface by {part:.0e} of its size (`--format ply` and \
                 `--normalised` do not)"
            )
        });
        if let Some(note) = &note {
            words = format!("{words} Note that {note}.");
        }
        Ok((words, note))
    }

    /// How far a surface is from the given one, in words and in a file, in the unit frame.
    fn write_deviation(&self, mesh: &Mesh, folder: &Path) -> Result<String, Failure> {
        let Some(deviation) = self.deviation(mesh)? else { return Ok(String::new()) };
        let json = serde_json::to_vec_pretty(&deviation).map_err(|error| Failure::run(error.to_string()))?;
        files::replace(&folder.join("deviation.json"), &json)?;
        let Deviation { chamfer, hausdorff } = deviation;
        let scale = self.problem.placed.as_ref().map_or(1.0, |placed| placed.frame.scale);
        Ok(format!(
            "Chamfer distance to the given surface {chamfer:.3e}, Hausdorff distance {hausdorff:.3e}, where the longest side is 1.8 \
             ({:.3e} and {:.3e} in the unit of the file).",
            chamfer / scale,
            hausdorff / scale
        ))
    }

    /// Points of a grid over the first two coordinates, from the top; the others are in the middle. Of one coordinate a single row.
    fn grid(&self, size: usize) -> Vec<f64> {
        let (low, high) = (&self.problem.low, &self.problem.high);
        let dims = low.len();
        let rows = if dims == 1 { 1 } else { size };
        let between = |axis: usize, part: f64| low[axis] + part * (high[axis] - low[axis]);
        let across = self.vertical();
        let point = |index: usize| {
            let (column, row) = (index % size, index / size);
            (0..dims).map(move |axis| match axis {
                0 => between(0, (column as f64 + 0.5) / size as f64),
                _ if Some(axis) == across => between(axis, 1.0 - (row as f64 + 0.5) / rows as f64),
                _ => between(axis, 0.5),
            })
        };
        (0..rows * size).flat_map(point).collect()
    }

    /// Leaves out the values of a grid outside of the domain.
    fn inside(&self, mut values: Vec<f64>, size: usize) -> Vec<f64> {
        let points = self.grid(size);
        for (value, point) in values.iter_mut().zip(points.chunks_exact(self.problem.low.len())) {
            if !self.problem.domain.contains(point) {
                *value = f64::NAN;
            }
        }
        values
    }

    /// The coordinate that goes upwards: time where it is the last, else the second.
    fn vertical(&self) -> Option<usize> {
        let last = self.problem.axes.len() - 1;
        let upwards = if self.problem.scope.space().contains(&last) { 1 } else { last };
        (last > 0).then_some(upwards)
    }

    fn axis(&self, index: usize) -> Axis<'_> {
        let Problem { axes, low, high, .. } = &self.problem;
        Axis { name: &axes[index], low: low[index], high: high[index] }
    }

    /// A function that is known on the usual grid, of which what is outside of the domain is left out.
    fn whole(&self, file: String, title: String, caption: String, values: Vec<f64>, colours: Colours) -> Map {
        let (values, upwards) = (self.inside(values, GRID), self.vertical());
        Map { file, title, caption, values, width: GRID, moments: 1, across: 0, upwards, paths: vec![], colours }
    }
}

/// A function that is drawn.
pub(crate) struct Map {
    pub(crate) file: String,
    pub(crate) title: String,
    pub(crate) caption: String,
    /// Row by row from the top, at one moment or at several.
    pub(crate) values: Vec<f64>,
    pub(crate) width: usize,
    pub(crate) moments: usize,
    /// The coordinates.
    pub(crate) across: usize,
    pub(crate) upwards: Option<usize>,
    /// What is drawn over it.
    pub(crate) paths: Vec<Vec<Position>>,
    pub(crate) colours: Colours,
}

/// One of several functions of a kind, or the only one.
struct Part<'a> {
    /// Its name among them.
    name: Option<&'a str>,
    /// That in a caption.
    of: String,
}

impl<'a> Part<'a> {
    fn new(name: &'a str, count: usize) -> Self {
        let name = (count > 1).then_some(name);
        Self { name, of: name.map_or_else(String::new, |name| format!(", {name}")) }
    }

    /// The name of its file, and its title.
    fn named(&self, title: &str) -> (String, String) {
        let kind = title.to_lowercase();
        match self.name {
            None => (format!("{kind}.svg"), title.to_owned()),
            Some(name) => (format!("{kind}-{}.svg", in_file(name)), format!("{title}, {name}")),
        }
    }
}

/// A name as it stands in that of a file, whatever is in it.
fn in_file(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

fn rendered(mesh: &Mesh, view: View, size: usize) -> Result<Raster, Failure> {
    render(mesh, view, size).map_err(|error| Failure::run(error.to_string()))
}

/// A raster as it stands in a page.
fn svg_of(raster: &Raster) -> Result<String, std::io::Error> {
    let Raster { width, height, .. } = raster;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\"><image width=\"{width}\" \
         height=\"{height}\" href=\"{}\"/></svg>",
        data_address(raster)?
    ))
}
