//! Parts of the boundary of a domain that is made of shapes.

use std::ops::Range;
use std::sync::Arc;

use dualgn_io::Failure;

use super::distance::{Distance, Smooth};
use super::domain::{Domain, FORMS, NEAR, Part};
use super::shapes::Shapes;
use super::source::plain;
use crate::geometry::{Generator, Predicate, Region, Sampling};
use crate::problem::PointFunction;

impl Domain<'_> {
    /// The boundaries of some shapes, or where the boundary of the domain is at an end of a coordinate.
    pub(super) fn of_shapes(
        &self,
        shapes: &Shapes,
        on: &[(&str, Range<usize>)],
        span: Range<usize>,
    ) -> Result<Part, Failure> {
        let mut figures = vec![];
        for (text, span) in on {
            if let Some((name, end)) = text.split_once('=') {
                return match on {
                    [_] => self.at_end(shapes, name.trim(), end.trim(), span.clone()),
                    _ => {
                        let what = format!("`{}` among shapes", text.escape_debug());
                        Err(self
                            .source
                            .wrong(span.clone(), what)
                            .hint("write a condition for it alone, or use `where`"))
                    }
                };
            }
            let Some(figure) = shapes.names.iter().position(|name| name == text) else {
                let what = format!("`{}` is no shape", text.escape_debug());
                let hint = format!("the shapes here are {}; \"boundary\" is all of it", shapes.names.join(", "));
                return Err(self.source.wrong(span.clone(), what).hint(hint));
            };
            if figures.contains(&figure) {
                let what = format!("the shape `{text}` stands twice");
                return Err(self.source.wrong(span.clone(), what).hint("name each shape once"));
            }
            figures.push(figure);
        }
        match figures.is_empty() {
            true => Err(self.source.wrong(span, "the list has no shapes").hint(FORMS)),
            false => self.on_figures(shapes, figures, span),
        }
    }

    /// The part of the boundary that is on those of some figures.
    pub(super) fn on_figures(&self, shapes: &Shapes, figures: Vec<usize>, span: Range<usize>) -> Result<Part, Failure> {
        let construction = shapes.construction.clone();
        let is_there = |&figure: &usize| {
            !construction.boundary(&[figure], 1, Sampling::Sobol, &mut Generator::new(0, 0)).is_empty()
        };
        let figures: Vec<usize> = figures.into_iter().filter(is_there).collect();
        if figures.is_empty() {
            return Err(self
                .source
                .wrong(span, "no point of the boundary was found there")
                .hint("is this shape a part of the domain?"));
        }
        let smooth = |&figure: &usize| -> Option<(usize, Smooth)> {
            let point = self.region().draw(1, Sampling::Sobol, &mut Generator::new(0, 0));
            let of = &construction.figures()[figure];
            let is_around = !of.contains(&point[..self.dims()]);
            Some((figure, construction.is_free(figure).then(|| Smooth::of(of, is_around))??))
        };
        let distance = figures.iter().map(smooth).collect::<Option<Vec<_>>>().map(Distance::Figures);
        let region = self.in_time(Region::Boundary { of: construction.clone(), figures: figures.clone() });
        let (dims, faces) = (self.dims(), figures.len());
        let normal: PointFunction = Arc::new(move |x: &[f64]| construction.normal(&figures, &x[..dims]));
        Ok(Part { region, normal: Some(normal), faces, distance })
    }

    /// Where the boundary is at an end of a coordinate.
    fn at_end(&self, shapes: &Shapes, name: &str, end: &str, span: Range<usize>) -> Result<Part, Failure> {
        let axis = self.axis(name, &span)?;
        let end = self.names.constant(&self.source, span.clone(), end)?;
        let near = NEAR * (self.names.high[axis] - self.names.low[axis]);
        let part = self.on_figures(shapes, shapes.all(), span.clone())?;
        let predicate = Predicate(Arc::new(move |x: &[f64]| (x[axis] - end).abs() <= near));
        let region = Region::Part { whole: Box::new(part.region), predicate };
        if region.draw(1, Sampling::Sobol, &mut Generator::new(0, 0)).is_empty() {
            let what = format!("no point of the boundary was found at {name} = {}", plain(end));
            return Err(self.source.wrong(span, what).hint("name a shape, or use `where`"));
        }
        Ok(Part { region, distance: None, faces: 1, ..part })
    }
}
