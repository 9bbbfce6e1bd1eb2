//! [`Shapes`]: parts of space by name, and what is made of them.

use std::collections::HashMap;
use std::sync::Arc;

use dualgn_io::Failure;
use dualgn_train::record::Stated;
use toml::Spanned;

use super::data::{Table, table};
use super::file::{Domain as DomainTable, Numbers, Shape};
use super::names::Names;
use super::source::{Source, plain};
use super::value::Number;
use crate::formula::combination;
use crate::geometry::{Body, Construction, Figure, Generator, Mesh, NoOutline, Outline, Region, Sampling, Step};

/// The name of the box of the coordinates among shapes.
const BOX: &str = "box";
/// Corners of a polygon at most.
const CORNERS: usize = 100_000;
/// Dimensions of shapes at most.
const MOST: usize = 3;
/// How far a shape may be outside of the coordinates, in units of their range: numbers of files are rounded.
const NEAR: f64 = 1e-9;

/// The shapes of a file, and the domain that is made of them.
pub(super) struct Shapes {
    pub(super) construction: Arc<Construction>,
    /// Their names, in the order of the figures.
    pub(super) names: Vec<String>,
}

/// What shapes are read with.
struct Reader<'a> {
    names: &'a Names,
    tables: &'a [Table],
    source: Source<'a>,
}

impl Shapes {
    /// Reads them, and puts them together as the file says.
    pub(super) fn read(
        domain: &DomainTable,
        shapes: &Spanned<super::value::Ordered<Shape>>,
        names: &Names,
        tables: &[Table],
        source: Source<'_>,
    ) -> Result<Self, Failure> {
        let reader = Reader { names, tables, source };
        let space = names.scope.space();
        if !(1..=MOST).contains(&space.len()) {
            let what = format!("shapes with {} coordinates of space", space.len());
            return Err(source.wrong(shapes.span(), what).hint("there are shapes of one, two and three dimensions"));
        }
        let (mut known, mut figures) = (vec![], vec![]);
        for (name, shape) in &shapes.get_ref().0 {
            let text = name.get_ref().as_str();
            let is_taken = [BOX, "boundary", "start"].contains(&text);
            let is_name =
                text.starts_with(char::is_alphabetic) && text.chars().all(|c| c.is_alphanumeric() || c == '_');
            if is_taken || !is_name {
                let what = if is_taken { "has a meaning already" } else { "cannot be a name" };
                let what = format!("`{}` {what}", text.escape_debug());
                return Err(source
                    .wrong(name.span(), what)
                    .hint("give the shape another name, of letters, digits and `_`"));
            }
            known.push(name.get_ref().clone());
            figures.push(reader.figure(shape)?);
        }
        let ends = |of: &[f64]| space.iter().map(|&axis| of[axis]).collect();
        known.push(BOX.to_owned());
        figures.push(Figure::Box { low: ends(&names.low), high: ends(&names.high) });
        let steps = match &domain.shape {
            Some(text) => {
                let listed: Vec<&str> = known.iter().map(String::as_str).collect();
                let read = combination(text.get_ref(), &listed);
                read.map_err(|error| source.formula(text.span(), text.get_ref(), error))?
            }
            None if shapes.get_ref().0.len() == 1 => vec![Step::Figure(0)],
            None => {
                let what = "it is not said what is made of the shapes";
                let hint = "write `shape = \"a - b\"` below `[domain]`: `+` joins, `-` cuts out, `*` is what both have";
                return Err(source.wrong(shapes.span(), what).hint(hint));
            }
        };
        let construction = Construction::new(figures, steps);
        let used = construction.used();
        if let Some((_, (name, _))) = shapes.get_ref().0.iter().enumerate().find(|(index, _)| !used.contains(index)) {
            let what = format!("the shape `{}` is not a part of the domain", name.get_ref());
            return Err(source.wrong(name.span(), what).hint("name it in `shape`, or leave it out"));
        }
        let place = domain.shape.as_ref().map_or(shapes.span(), Spanned::span);
        reader.check(&construction, &space, place)?;
        Ok(Self { construction: Arc::new(construction), names: known })
    }

    /// Says for pages what each of them is.
    pub(super) fn stated(&self) -> Vec<Stated> {
        let figures = self.names.iter().zip(self.construction.figures()).filter(|(name, _)| *name != BOX);
        let one =
            |(name, figure): (&String, &Figure)| Stated { name: name.clone(), place: words(figure), formulas: vec![] };
        figures.map(one).collect()
    }
}

impl Reader<'_> {
    /// Checks that there is something, and that it is within the coordinates.
    fn check(
        &self,
        construction: &Construction,
        space: &[usize],
        place: std::ops::Range<usize>,
    ) -> Result<(), Failure> {
        let [low, high] = construction.bounds();
        for (&axis, (low, high)) in space.iter().zip(low.iter().zip(&high)) {
            let [least, greatest] = [self.names.low[axis], self.names.high[axis]];
            let near = NEAR * (greatest - least);
            if *low < least - near || *high > greatest + near {
                let name = &self.names.scope.coordinates()[axis];
                let what = format!("the domain reaches from {name} = {} to {}", plain(*low), plain(*high));
                let hint = format!(
                    "let `{name}` go that far below `[coordinates]`; it goes from {} to {}",
                    plain(least),
                    plain(greatest)
                );
                return Err(self.source.wrong(place, what).hint(hint));
            }
        }
        let inside = Region::Inside(Arc::new(construction.clone()));
        if inside.draw(1, Sampling::Sobol, &mut Generator::new(0, 0)).is_empty() {
            return Err(self
                .source
                .wrong(place, "no point was found in this domain")
                .hint("are the shapes where they should be?"));
        }
        Ok(())
    }

    fn figure(&self, shape: &Spanned<Shape>) -> Result<Figure, Failure> {
        let Shape { ends, ball, radius, polygon, outline, mesh } = shape.get_ref();
        let given = [ends.is_some(), ball.is_some(), polygon.is_some(), outline.is_some(), mesh.is_some()];
        let wrong = |what: &str, hint: &str| Err(self.source.wrong(shape.span(), what).hint(hint));
        if given.iter().filter(|is_given| **is_given).count() != 1 {
            let hint = "write one of `box`, `ball` with `radius`, `polygon`, `outline` and `mesh`";
            return wrong("a shape is one of several", hint);
        }
        if ball.is_some() != radius.is_some() {
            return wrong(
                "a ball has a centre and a radius, and others have none",
                "write { ball = [0, 0], radius = 1 }",
            );
        }
        match (ends, ball, radius, polygon, outline, mesh) {
            (Some(ends), ..) => self.cuboid(ends),
            (_, Some(centre), Some(radius), ..) => self.ball(centre, radius),
            (_, _, _, Some(corners), ..) => {
                let places =
                    corners.get_ref().iter().map(|corner| self.place(corner)).collect::<Result<Vec<_>, _>>()?;
                self.polygon(&places, corners.span())
            }
            (_, _, _, _, Some(file), _) => {
                let table = table(file, self.tables, &self.source)?;
                let names = self.space();
                let columns =
                    names.iter().map(|name| table.expect(name, file, &self.source)).collect::<Result<Vec<_>, _>>()?;
                let rows = table.numbers.chunks_exact(table.columns.len());
                let places: Vec<Vec<f64>> =
                    rows.map(|row| columns.iter().map(|&column| row[column]).collect()).collect();
                self.polygon(&places, file.span())
            }
            (.., Some(file)) => self.body(file),
            _ => wrong("a shape is one of several", "write { box = [[0, 1], [0, 1]] }"),
        }
    }

    /// Names of the coordinates of space.
    fn space(&self) -> Vec<&str> {
        let scope = &self.names.scope;
        scope.space().iter().map(|&axis| scope.coordinates()[axis].as_str()).collect()
    }

    /// A point of space.
    fn place(&self, numbers: &Numbers) -> Result<Vec<f64>, Failure> {
        let space = self.space();
        if numbers.get_ref().len() != space.len() {
            let what = format!("a point with {} numbers", numbers.get_ref().len());
            return Err(self
                .source
                .wrong(numbers.span(), what)
                .hint(format!("there is one for each of {}", space.join(", "))));
        }
        numbers.get_ref().iter().map(|number| self.names.number(&self.source, number)).collect()
    }

    fn cuboid(&self, ends: &Spanned<Vec<Numbers>>) -> Result<Figure, Failure> {
        let space = self.space();
        let wrong = |what: &str| {
            let hint = format!("write two ends for each of {}, as [[0, 1], [0, 2]]", space.join(", "));
            self.source.wrong(ends.span(), what).hint(hint)
        };
        if ends.get_ref().len() != space.len() {
            return Err(wrong("a box with another number of ranges than there are coordinates of space"));
        }
        let (mut low, mut high) = (vec![], vec![]);
        for range in ends.get_ref() {
            let [first, last] = range.get_ref().as_slice() else { return Err(wrong("a range of a box has two ends")) };
            let [first, last] = [self.names.number(&self.source, first)?, self.names.number(&self.source, last)?];
            if first >= last {
                return Err(wrong("the first end of a range is less than the second"));
            }
            low.push(first);
            high.push(last);
        }
        Ok(Figure::Box { low, high })
    }

    fn ball(&self, centre: &Numbers, radius: &Spanned<Number>) -> Result<Figure, Failure> {
        let (centre, length) = (self.place(centre)?, self.names.number(&self.source, radius)?);
        match length > 0.0 {
            true => Ok(Figure::Ball { centre, radius: length }),
            false => {
                let what = format!("a ball of the radius {}", plain(length));
                Err(self.source.wrong(radius.span(), what).hint("radii are positive"))
            }
        }
    }

    fn polygon(&self, places: &[Vec<f64>], span: std::ops::Range<usize>) -> Result<Figure, Failure> {
        let wrong = |what: &str, hint: &str| self.source.wrong(span.clone(), what).hint(hint);
        let corners: Option<Vec<[f64; 2]>> =
            places.iter().map(|place| <[f64; 2]>::try_from(place.as_slice()).ok()).collect();
        let Some(corners) = corners else {
            return Err(wrong("a polygon is for two coordinates of space", "take `box`, `ball` or `mesh`"));
        };
        if corners.len() > CORNERS {
            let what = format!("a polygon of {} corners", corners.len());
            return Err(wrong(&what, &format!("at most {CORNERS} are read: leave some of them out")));
        }
        if corners.iter().flatten().any(|x| !x.is_finite()) {
            return Err(wrong("a corner that is empty or no finite number", "mend the table, or leave the row out"));
        }
        Outline::new(corners).map(Figure::Polygon).map_err(|error| match error {
            NoOutline::TooFew => wrong("a polygon of fewer than three corners", "write [[0, 0], [1, 0], [0, 1]]"),
            NoOutline::Repeated => wrong("a corner that stands twice, one after the other", "leave one of them out"),
            NoOutline::Crossing => {
                wrong("edges of the polygon cross or touch", "let the corners go round, one after the other")
            }
        })
    }

    fn body(&self, file: &Spanned<String>) -> Result<Figure, Failure> {
        if self.space().len() != 3 {
            let what = "a surface of triangles is for three coordinates of space";
            return Err(self.source.wrong(file.span(), what).hint("take `polygon` or `outline` for two"));
        }
        let table = table(file, self.tables, &self.source)?;
        Body::new(file.get_ref(), mesh_of(table))
            .map(Figure::Body)
            .map_err(|error| self.source.wrong(file.span(), error))
    }
}

/// What a figure is, in words.
fn words(figure: &Figure) -> String {
    let place = |x: &[f64]| format!("({})", x.iter().map(|x| plain(*x)).collect::<Vec<_>>().join(", "));
    match figure {
        Figure::Box { low, high } => format!("the box from {} to {}", place(low), place(high)),
        Figure::Ball { centre, radius } => {
            format!("the ball around {} of the radius {}", place(centre), plain(*radius))
        }
        Figure::Polygon(outline) => format!("a polygon with {} corners", outline.corners().len()),
        Figure::Body(body) => format!("a body within {} triangles", body.triangles()),
    }
}

/// The corners of the triangles of a surface as a table, three rows for each.
pub(super) fn table_of(file: &str, corners: impl Iterator<Item = [f64; 3]>) -> Table {
    let columns = ["x", "y", "z"].map(str::to_owned).to_vec();
    Table { file: file.to_owned(), columns, numbers: corners.flatten().collect() }
}

/// The triangles of a surface, whose equal corners are one.
fn mesh_of(table: &Table) -> Mesh {
    let mut mesh = Mesh::default();
    let mut numbers: HashMap<[u64; 3], u32> = HashMap::new();
    let corner = |row: &[f64]| {
        let place: [f64; 3] = std::array::from_fn(|axis| row.get(axis).copied().unwrap_or(0.0));
        *numbers.entry(place.map(f64::to_bits)).or_insert_with(|| {
            mesh.vertices.push(place);
            mesh.vertices.len() as u32 - 1
        })
    };
    let corners: Vec<u32> = table.numbers.chunks_exact(3).map(corner).collect();
    mesh.faces = corners.chunks_exact(3).map(|face| [face[0], face[1], face[2]]).collect();
    mesh
}
