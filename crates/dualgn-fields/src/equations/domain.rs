//! [`Domain`]: where the equations hold, and [`Part`], where a condition does.

use std::ops::Range;
use std::sync::Arc;

use dualgn_io::Failure;
use dualgn_train::record::Stated;
use toml::Spanned;

use super::data::Table;
use super::distance::Distance;
use super::file::{Ball, File};
use super::names::Names;
use super::shapes::Shapes;
use super::source::{Source, plain};
use super::value::Listed;
use crate::geometry::Region;
use crate::problem::PointFunction;

/// How far the end that is written may be from that of the box, in units of its edge: constants are rounded.
pub(super) const NEAR: f64 = 1e-9;

/// What can stand after `on`.
pub(super) const FORMS: &str = "write `on = \"x = 0\"` with a coordinate and one of its ends, a list of such faces, a shape, \"boundary\" or \"start\"";

/// A face of a box: across which coordinate, and whether at its greatest.
type Face = (usize, bool);

/// Where the equations hold: a box, a ball around the origin, or what is made of shapes.
pub(super) struct Domain<'a> {
    pub(super) names: &'a Names,
    pub(super) source: Source<'a>,
    radius: Option<f64>,
    shapes: Option<Shapes>,
    /// Coordinates that have no ends.
    pub(super) periodic: Vec<usize>,
}

/// A part of the domain.
pub(super) struct Part {
    pub(super) region: Region,
    /// The outward normal, on a boundary in space: a component for each coordinate of space.
    pub(super) normal: Option<PointFunction>,
    /// How many faces it has, each of which needs a point.
    pub(super) faces: usize,
    /// How far points are from it, if it is a part of the boundary in space or time.
    pub(super) distance: Option<Distance>,
}

impl<'a> Domain<'a> {
    pub(super) fn read(
        file: &File,
        names: &'a Names,
        tables: &[Table],
        source: Source<'a>,
        periodic: Vec<usize>,
    ) -> Result<Self, Failure> {
        let mut domain = Self { names, source, radius: None, shapes: None, periodic };
        let Some(given) = &file.domain else { return Ok(domain) };
        match (&given.ball, &given.shapes) {
            (Some(ball), None) => {
                domain.check_space(ball.span())?;
                domain.radius = Some(domain.radius(ball)?);
            }
            (None, Some(shapes)) => {
                domain.check_space(shapes.span())?;
                domain.shapes = Some(Shapes::read(given, shapes, names, tables, source)?);
            }
            (Some(ball), Some(_)) => {
                let what = "both `ball` and `shapes`";
                let hint = "put the ball below `[domain.shapes]`: `disk = { ball = [0, 0], radius = 1 }`";
                return Err(source.wrong(ball.span(), what).hint(hint));
            }
            (None, None) => {
                let span = given.shape.as_ref().map_or(0..0, Spanned::span);
                let hint = "write `ball = { radius = 1 }`, or shapes below `[domain.shapes]`";
                return Err(source.wrong(span, "a domain without shapes").hint(hint));
            }
        }
        Ok(domain)
    }

    /// Says for pages where the equations hold, and what the shapes are.
    pub(super) fn stated(&self, file: &File) -> Vec<Stated> {
        let Names { low, high, scope, .. } = self.names;
        let one =
            |(name, (low, high)): (&String, (&f64, &f64))| format!("{name} from {} to {}", plain(*low), plain(*high));
        let ranges: Vec<String> = scope.coordinates().iter().zip(low.iter().zip(high)).map(one).collect();
        let made = file.domain.as_ref().and_then(|domain| domain.shape.as_ref()).map(|shape| shape.get_ref().clone());
        let ball = self.radius.map(|radius| format!("a ball around the origin of the radius {}", plain(radius)));
        let place = [Some(ranges.join(", ")), made, ball].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let whole = Stated { name: "domain".into(), place, formulas: vec![] };
        std::iter::once(whole).chain(self.shapes.iter().flat_map(Shapes::stated)).collect()
    }

    /// Checks that the domain can be another than a box.
    fn check_space(&self, span: Range<usize>) -> Result<(), Failure> {
        let Names { time, low, scope, .. } = self.names;
        let wrong = |what: &str, hint: &str| Err(self.source.wrong(span.clone(), what).hint(hint));
        if time.is_some_and(|time| time + 1 < low.len()) {
            let what = "time is not the last coordinate, as it is where the domain is no box";
            return wrong(what, "put time behind all others in `[coordinates]`");
        }
        if scope.space().is_empty() {
            return wrong("a shape without a coordinate of space", "add coordinates of space, or leave the domain out");
        }
        if !self.periodic.is_empty() {
            let what = "coordinates have periods where the domain is a box alone";
            return wrong(what, "take `periodic` out of `[network]`");
        }
        Ok(())
    }

    /// The radius of a ball, which is within the coordinates.
    fn radius(&self, ball: &Spanned<Ball>) -> Result<f64, Failure> {
        let span = ball.get_ref().radius.span();
        let radius = self.names.number(&self.source, &ball.get_ref().radius)?;
        if radius <= 0.0 {
            let what = format!("a ball of the radius {}", plain(radius));
            return Err(self.source.wrong(span, what).hint("radii are positive"));
        }
        let is_inside = |axis: usize| self.names.low[axis] <= -radius && radius <= self.names.high[axis];
        if !self.names.scope.space().into_iter().all(is_inside) {
            let what = format!("the ball of the radius {} is not within the coordinates", plain(radius));
            return Err(self.source.wrong(span, what).hint("let each of them go from -radius to radius at least"));
        }
        Ok(radius)
    }

    /// All of it.
    pub(super) fn region(&self) -> Region {
        match self.space() {
            Some(space) => self.in_time(space),
            None => Region::Box { low: self.names.low.clone(), high: self.names.high.clone() },
        }
    }

    /// All of it in space, if it is no box.
    fn space(&self) -> Option<Region> {
        let made = self.shapes.as_ref().map(|shapes| Region::Inside(shapes.construction.clone()));
        made.or_else(|| self.radius.map(|radius| Region::Ball { dims: self.dims(), radius }))
    }

    /// All of it, as a part.
    pub(super) fn inside(&self) -> Part {
        Part { region: self.region(), normal: None, faces: 1, distance: None }
    }

    /// The part that a text or a list of faces says.
    pub(super) fn part(&self, on: &Spanned<Listed>) -> Result<Part, Failure> {
        let span = on.span();
        if let (Some(shapes), Listed::Several(texts)) = (&self.shapes, on.get_ref()) {
            let all: Vec<_> = texts.iter().map(|text| (text.get_ref().trim(), text.span())).collect();
            return self.of_shapes(shapes, &all, span);
        }
        let faces = match on.get_ref() {
            Listed::One(text) => match text.trim() {
                "boundary" => return self.boundary(span),
                "start" => vec![self.start(&span)?],
                text => match self.shapes.as_ref().filter(|_| !self.is_moment(text)) {
                    Some(shapes) => return self.of_shapes(shapes, &[(text, span.clone())], span),
                    None => vec![self.face(&span, text)?],
                },
            },
            Listed::Several(texts) if self.radius.is_some() && texts.len() > 1 => {
                let what = "a ball has no faces to list";
                return Err(self.source.wrong(span, what).hint("write `on = \"boundary\"` for the sphere"));
            }
            Listed::Several(texts) => {
                let mut faces = vec![];
                for text in texts {
                    let face = self.face(&text.span(), text.get_ref())?;
                    if faces.contains(&face) {
                        let what = format!("the face `{text}` stands twice");
                        return Err(self.source.wrong(text.span(), what).hint("name each face once"));
                    }
                    faces.push(face);
                }
                faces
            }
        };
        match faces.is_empty() {
            true => Err(self.source.wrong(span, "the list has no faces").hint(FORMS)),
            false => Ok(self.on(faces)),
        }
    }

    /// The sphere, or all faces across coordinates of space that have ends.
    fn boundary(&self, span: Range<usize>) -> Result<Part, Failure> {
        if let Some(shapes) = &self.shapes {
            return self.on_figures(shapes, shapes.construction.used(), span);
        }
        if let Some(radius) = self.radius {
            let dims = self.dims();
            let normal: PointFunction = Arc::new(move |x: &[f64]| x[..dims].iter().map(|x| x / radius).collect());
            let region = self.in_time(Region::Sphere { dims, radius });
            let distance = Some(Distance::Sphere(dims, radius));
            return Ok(Part { region, normal: Some(normal), faces: 1, distance });
        }
        let space = self.names.scope.space();
        let ended = space.iter().filter(|axis| !self.periodic.contains(axis));
        let faces: Vec<Face> = ended.flat_map(|axis| [(*axis, false), (*axis, true)]).collect();
        match faces.is_empty() {
            true => Err(self
                .source
                .wrong(span, "there is no boundary: no coordinate of space has ends")
                .hint("conditions can stand at the start")),
            false => Ok(self.on(faces)),
        }
    }

    /// Whether a text is about time, as `t = 1`.
    fn is_moment(&self, text: &str) -> bool {
        let name = text.split_once('=').map(|(name, _)| name.trim());
        self.names.time.is_some_and(|time| name == Some(self.names.scope.coordinates()[time].as_str()))
    }

    /// The face where time is least.
    fn start(&self, span: &Range<usize>) -> Result<Face, Failure> {
        let no_time = || {
            let what = "there is no start without a coordinate of time";
            self.source.wrong(span.clone(), what).hint("say which coordinate is time by `time = \"t\"`")
        };
        let time = self.names.time.ok_or_else(no_time)?;
        self.ended(time, span)?;
        Ok((time, false))
    }

    /// The face that a text such as `x = 0` says.
    fn face(&self, span: &Range<usize>, text: &str) -> Result<Face, Failure> {
        let wrong = |what: String| self.source.wrong(span.clone(), what);
        let Some((name, end)) = text.split_once('=') else {
            return Err(wrong(format!("`{}` is no face of the domain", text.escape_debug())).hint(FORMS));
        };
        let axis = self.names.axis(&self.source, span.clone(), name.trim())?;
        if self.space().is_some() && self.names.time != Some(axis) {
            let what = format!("a ball has no faces across `{}`", name.trim());
            return Err(wrong(what).hint("write `on = \"boundary\"` for the sphere"));
        }
        let end = self.names.constant(&self.source, span.clone(), end.trim())?;
        self.ended(axis, span)?;
        let (low, high) = (self.names.low[axis], self.names.high[axis]);
        let is_at = |other: f64| (end - other).abs() <= NEAR * (high - low);
        match (is_at(low), is_at(high)) {
            (true, _) => Ok((axis, false)),
            (_, true) => Ok((axis, true)),
            _ => {
                let name = name.trim();
                let [end, low, high] = [end, low, high].map(plain);
                let what = format!("`{name} = {end}` is no face of the box, in which {name} goes from {low} to {high}");
                Err(wrong(what).hint(format!("write `{name} = {low}` or `{name} = {high}`")))
            }
        }
    }

    /// Checks that a coordinate has ends.
    fn ended(&self, axis: usize, span: &Range<usize>) -> Result<(), Failure> {
        if !self.periodic.contains(&axis) {
            return Ok(());
        }
        let name = &self.names.scope.coordinates()[axis];
        let what = format!("`{name}` is periodic, and the box has no faces across it");
        Err(self.source.wrong(span.clone(), what).hint(format!("take `{name}` out of `periodic` or leave this out")))
    }

    /// How many coordinates of space there are.
    pub(super) fn dims(&self) -> usize {
        self.names.scope.space().len()
    }

    /// A part of space at all times, if there is time.
    pub(super) fn in_time(&self, space: Region) -> Region {
        match self.names.time {
            Some(time) => {
                Region::InTime { space: Box::new(space), low: self.names.low[time], high: self.names.high[time] }
            }
            None => space,
        }
    }

    /// Some faces of the box, or the ball at some times.
    fn on(&self, mut faces: Vec<Face>) -> Part {
        faces.sort_unstable();
        let distance = Some(Distance::Faces(faces.iter().map(|face| self.measured(*face)).collect()));
        if let (Some(space), [(time, is_high)]) = (self.space(), faces.as_slice()) {
            let end = if *is_high { self.names.high[*time] } else { self.names.low[*time] };
            let space = Box::new(space);
            return Part { region: Region::InTime { space, low: end, high: end }, normal: None, faces: 1, distance };
        }
        let Names { low, high, scope, .. } = self.names;
        let (low, high) = (low.clone(), high.clone());
        let space = scope.space();
        let normal = faces.iter().all(|(axis, _)| space.contains(axis)).then(|| self.normal(faces.clone(), space));
        let count = faces.len();
        let axes = count / 2;
        let region = match faces.as_slice() {
            [(axis, is_high)] => {
                let end = if *is_high { high[*axis] } else { low[*axis] };
                let (mut low, mut high) = (low, high);
                (low[*axis], high[*axis]) = (end, end);
                Region::Box { low, high }
            }
            all if all.iter().copied().eq((0..axes).flat_map(|axis| [(axis, false), (axis, true)])) => {
                Region::Sides { low, high, axes }
            }
            _ => Region::Faces { low, high, faces },
        };
        Part { region, normal, faces: count, distance }
    }

    /// A face: across which coordinate, where, and how far the opposite one is.
    fn measured(&self, (axis, is_high): Face) -> (usize, f64, f64) {
        let (low, high) = (self.names.low[axis], self.names.high[axis]);
        if is_high { (axis, high, low - high) } else { (axis, low, high - low) }
    }

    /// The outward normal on some faces: along the coordinate of the first face that a point is on.
    fn normal(&self, faces: Vec<Face>, space: Vec<usize>) -> PointFunction {
        let (low, high) = (self.names.low.clone(), self.names.high.clone());
        Arc::new(move |x: &[f64]| {
            let is_on = |(axis, is_high): &&Face| x[*axis] == if *is_high { high[*axis] } else { low[*axis] };
            let face = faces.iter().find(is_on);
            let component = |axis: &usize| match face {
                Some((across, is_high)) if across == axis => {
                    if *is_high {
                        1.0
                    } else {
                        -1.0
                    }
                }
                _ => 0.0,
            };
            space.iter().map(component).collect()
        })
    }
}
