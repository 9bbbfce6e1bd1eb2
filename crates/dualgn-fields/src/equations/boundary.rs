//! Parts of the boundary of a domain that is made of shapes.

use std::ops::Range;
use std::sync::Arc;

use dualgn_io::Failure;

use super::distance::{Distance, Smooth};
use super::domain::{Domain, FORMS, NEAR, Part};
use super::shapes::Shapes;
use super::source::plain;
use crate::geometry::{Construction, Generator, Predicate, Region, Sampling};
use crate::problem::PointFunction;

/// Points of a domain that are looked at for the side of a shape on which it is.
const LOOKED_AT: usize = 4096;

impl Domain<'_> {
    /// The boundaries of some shapes, or where the boundary of the domain is at an end of a coordinate.
    pub(super) fn of_shapes(
        &self,
        shapes: &Shapes,
        on: &[(&str, Range<usize>)],
        span: Range<usize>,
    ) -> Result<Part, Failure> {
        if on.iter().all(|(text, _)| text.contains('=')) && !on.is_empty() {
            return self.at_ends(shapes, on, span);
        }
        let mut figures = vec![];
        for (text, span) in on {
            if text.contains('=') {
                let what = format!("`{}` among shapes", text.escape_debug());
                let hint = "write a condition for it alone, or use `where`";
                return Err(self.source.wrong(span.clone(), what).hint(hint));
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
        let distance = self.distance(&construction, &figures);
        let region = self.in_time(Region::Boundary { of: construction.clone(), figures: figures.clone() });
        let (dims, faces) = (self.dims(), figures.len());
        let normal: PointFunction = Arc::new(move |x: &[f64]| construction.normal(&figures, &x[..dims]));
        Ok(Part { region, normal: Some(normal), faces, distance })
    }

    /// The distance to the boundaries of some figures, if there is a smooth one.
    fn distance(&self, construction: &Construction, figures: &[usize]) -> Option<Distance> {
        // Where two of them are the same, a product of their distances would make derivatives zero as well.
        let others =
            |all: &[usize], figure: usize| all.iter().copied().filter(|other| *other != figure).collect::<Vec<_>>();
        let mut apart = figures.to_vec();
        for &figure in figures.iter().rev() {
            let rest = others(&apart, figure);
            if !rest.is_empty() && !construction.shares(figure, &rest)[0] {
                apart = rest;
            }
        }
        if apart.iter().any(|&figure| construction.shares(figure, &others(&apart, figure))[1]) {
            return None;
        }
        let (columns, dims) = (self.region().columns(), self.dims());
        let inside = self.region().draw(LOOKED_AT, Sampling::Sobol, &mut Generator::new(0, 0));
        let smooth = |&figure: &usize| -> Option<Smooth> {
            let of = &construction.figures()[figure];
            let within = inside.chunks_exact(columns).filter(|x| of.contains(&x[..dims])).count();
            // A domain in several parts can be on both sides.
            let is_around = match within {
                0 => true,
                all if all * columns == inside.len() => false,
                _ => return None,
            };
            construction.is_free(figure).then(|| Smooth::of(of, is_around))?
        };
        apart.iter().map(smooth).collect::<Option<Vec<_>>>().map(Distance::Figures)
    }

    /// Where the boundary is at some ends of coordinates.
    fn at_ends(&self, shapes: &Shapes, on: &[(&str, Range<usize>)], span: Range<usize>) -> Result<Part, Failure> {
        let part = self.on_figures(shapes, shapes.construction.used(), span)?;
        let at = |ends: Vec<(usize, f64, f64)>| {
            let is_there = move |x: &[f64]| ends.iter().any(|(axis, end, near)| (x[*axis] - end).abs() <= *near);
            Region::Part { whole: Box::new(part.region.clone()), predicate: Predicate(Arc::new(is_there)) }
        };
        let mut ends = vec![];
        for (text, span) in on {
            let (name, end) = text.split_once('=').unwrap_or_default();
            let axis = self.names.axis(&self.source, span.clone(), name.trim())?;
            let end = self.names.constant(&self.source, span.clone(), end.trim())?;
            let near = NEAR * (self.names.high[axis] - self.names.low[axis]);
            let one = at(vec![(axis, end, near)]);
            if one.draw(1, Sampling::Sobol, &mut Generator::new(0, 0)).is_empty() {
                let what = format!("no point of the boundary was found at {} = {}", name.trim(), plain(end));
                return Err(self.source.wrong(span.clone(), what).hint("name a shape, or use `where`"));
            }
            ends.push((axis, end, near));
        }
        let (faces, region) = (ends.len(), at(ends));
        Ok(Part { region, distance: None, faces, ..part })
    }
}
