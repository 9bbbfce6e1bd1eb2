//! Line charts as inline SVG; colours and fonts come from the style sheet of the page.

use dualgn_io::number::significant;
use maud::{Markup, html};

use super::axis::{Axis, Scale, Tick};
use super::series::{STYLES, Series, coordinate};
use super::thin::thin;

// Lengths are in units of the view box, which the page scales to the width of its column.
const WIDTH: f64 = 480.0;
const PLOT_HEIGHT: f64 = 230.0;
const RIGHT: f64 = WIDTH - 14.0;
const BELOW_PLOT: f64 = 44.0;
const LEGEND_ROW: f64 = 18.0;
/// Width of a character of the legend, in a font of equal widths 11 units high.
const CHARACTER: f64 = 6.7;
/// Width of a character of a tick label, 13 units high on a phone.
const TICK_CHARACTER: f64 = 7.4;

/// Points a line is drawn with, at most about.
const LINE_POINTS: usize = 400;
/// Points that tell their values when pointed at, at most about.
const TOOLTIP_POINTS: usize = 120;
/// Markers on a line, which tell methods apart without colour.
const MARKERS: usize = 7;

/// What an axis shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantity {
    /// Such as `training loss`.
    pub(super) name: &'static str,
    /// Such as `s`; empty for pure numbers.
    pub(super) unit: &'static str,
    pub(super) scale: Scale,
    /// Whether it counts something.
    pub(super) whole: bool,
}

impl Quantity {
    fn title(&self) -> String {
        if self.unit.is_empty() { self.name.to_owned() } else { format!("{} ({})", self.name, self.unit) }
    }

    fn value(&self, value: f64) -> String {
        match (self.whole, self.unit) {
            (true, _) => format!("{value:.0} {}", self.name),
            (false, "") => significant(value),
            (false, unit) => format!("{} {unit}", significant(value)),
        }
    }
}

/// Lines over a common x axis.
#[derive(Debug, Clone)]
pub(super) struct Chart<'a> {
    /// Unique on the page; letters and dashes.
    pub(super) id: &'a str,
    pub(super) x: Quantity,
    pub(super) y: Quantity,
    pub(super) series: Vec<Series<'a>>,
    /// A value of y marked across the chart.
    pub(super) target: Option<f64>,
}

impl Chart<'_> {
    /// How many points have no place on the axes.
    pub(super) fn skipped(&self) -> usize {
        let all: usize = self.series.iter().map(|series| series.points.len()).sum();
        let drawn: usize = self.series.iter().map(|series| self.drawable(series).count()).sum();
        all - drawn
    }

    /// The chart as an `svg` element, well-formed also as XML.
    pub(super) fn svg(&self) -> Markup {
        let legend = legend_places(&self.series);
        let top = 12.0 + LEGEND_ROW * legend.last().map_or(0.0, |&(_, row)| row as f64 + 1.0);
        let height = top + PLOT_HEIGHT + BELOW_PLOT;
        let x = Axis::tight(
            // Steps and time begin at zero even where the first value comes later.
            self.all_points().map(|(x, _)| x).chain([0.0]),
            self.x.whole,
        );
        let y = self.y_axis();
        let label = self.description();
        html! {
            svg id=(self.id) viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(label) {
                @for (series, (left, row)) in self.series.iter().zip(legend) {
                    (legend_entry(series, left, 10.0 + LEGEND_ROW * row as f64))
                }
                @if let (Some(x), Some(y)) = (x, y) {
                    (self.plot(&Frame::new(x, y, top)))
                } @else {
                    text.tick x=(coordinate(WIDTH / 2.0)) y=(coordinate(top + PLOT_HEIGHT / 2.0)) text-anchor="middle" {
                        "nothing to draw"
                    }
                }
            }
        }
    }

    fn plot(&self, frame: &Frame) -> Markup {
        let Frame { left, top, bottom, .. } = *frame;
        let clip = format!("{}-clip", self.id);
        html! {
            clipPath id=(clip) {
                rect x=(coordinate(left)) y=(coordinate(top)) width=(coordinate(RIGHT - left)) height=(coordinate(PLOT_HEIGHT)) {}
            }
            (self.grid(frame))
            @if let Some(target) = self.target.filter(|&target| self.y.scale.draws(target)) {
                @let y = frame.y_of(target);
                @if (top..=bottom).contains(&y) {
                    line.target x1=(coordinate(left)) x2=(coordinate(RIGHT)) y1=(coordinate(y)) y2=(coordinate(y)) {}
                    // On the left, where curves that fall have not come down yet.
                    text.target x=(coordinate(left + 4.0)) y=(coordinate(y - 4.0)) { "target" }
                }
            }
            g clip-path=(format!("url(#{clip})")) {
                @for series in &self.series { (self.line(series, frame)) }
            }
            @for series in &self.series { (self.markers(series, frame)) }
            line.guide x1=(coordinate(left)) x2=(coordinate(left)) y1=(coordinate(top)) y2=(coordinate(bottom)) {}
            g.points {
                @for series in &self.series { (self.tooltips(series, frame)) }
            }
        }
    }

    fn grid(&self, frame: &Frame) -> Markup {
        let Frame { left, top, bottom, .. } = *frame;
        html! {
            @for Tick { value, label } in frame.y.ticks() {
                @let y = frame.y_of(*value);
                @let class = if label.is_some() { "grid" } else { "grid minor" };
                line class=(class) x1=(coordinate(left)) x2=(coordinate(RIGHT)) y1=(coordinate(y)) y2=(coordinate(y)) {}
                @if let Some(label) = label {
                    text.tick x=(coordinate(left - 6.0)) y=(coordinate(y + 4.0)) text-anchor="end" { (label) }
                }
            }
            @for Tick { value, label } in frame.x.ticks() {
                @let x = frame.x_of(*value);
                line.grid x1=(coordinate(x)) x2=(coordinate(x)) y1=(coordinate(top)) y2=(coordinate(bottom)) {}
                @if let Some(label) = label {
                    text.tick x=(coordinate(x)) y=(coordinate(bottom + 16.0)) text-anchor="middle" { (label) }
                }
            }
            line.axis x1=(coordinate(left)) x2=(coordinate(RIGHT)) y1=(coordinate(bottom)) y2=(coordinate(bottom)) {}
            text.title x=(coordinate((left + RIGHT) / 2.0)) y=(coordinate(bottom + 36.0)) text-anchor="middle" {
                (self.x.title())
            }
            @let middle = (top + bottom) / 2.0;
            text.title x="12" y=(coordinate(middle)) text-anchor="middle"
                transform=(format!("rotate(-90 12 {})", coordinate(middle))) { (self.y.title()) }
        }
    }

    fn line(&self, series: &Series, frame: &Frame) -> Markup {
        let points = thin(&self.places(series, frame), LINE_POINTS);
        let mut path = String::with_capacity(points.len() * 12);
        for (index, (x, y)) in points.into_iter().enumerate() {
            path.push(if index == 0 { 'M' } else { 'L' });
            path.push_str(&format!("{} {}", coordinate(x), coordinate(y)));
        }
        html! {
            @if !path.is_empty() {
                path class=(series.class("line")) d=(path) stroke-dasharray=(series.dash()) {}
            }
        }
    }

    fn markers(&self, series: &Series, frame: &Frame) -> Markup {
        let points = self.places(series, frame);
        let visible: Vec<_> = points.iter().filter(|point| frame.shows(**point)).collect();
        // Markers of different methods are shifted along their lines, so that they seldom meet.
        let stride = visible.len().div_ceil(MARKERS).max(1);
        let shift = series.style * stride / STYLES;
        let alone = visible.len() == 1;
        html! {
            @for (x, y) in visible.iter().skip(shift).step_by(stride).take(if alone { 1 } else { MARKERS }) {
                path class=(series.class("marker")) d=(series.marker(*x, *y)) {}
            }
            @if series.diverged && let Some((x, y)) = visible.last() {
                @let (left, right, up, down) = (coordinate(x - 5.0), coordinate(x + 5.0), coordinate(y - 5.0), coordinate(y + 5.0));
                path class=(series.class("cross")) d=(format!("M{left} {up}L{right} {down}M{left} {down}L{right} {up}")) {}
            }
        }
    }

    /// Invisible circles; browsers show their titles, and the script of the page reads them.
    fn tooltips(&self, series: &Series, frame: &Frame) -> Markup {
        let points: Vec<_> =
            self.drawable(series).filter(|&(x, y)| frame.shows((frame.x_of(x), frame.y_of(y)))).collect();
        html! {
            g class=(series.class("method")) {
                @for (x, y) in thin(&points, TOOLTIP_POINTS) {
                    circle cx=(coordinate(frame.x_of(x))) cy=(coordinate(frame.y_of(y))) r="6" {
                        title { (series.name) ": " (self.y.value(y)) " at " (self.x.value(x)) }
                    }
                }
            }
        }
    }

    /// The points of a series in units of the view box.
    fn places(&self, series: &Series, frame: &Frame) -> Vec<(f64, f64)> {
        self.drawable(series).map(|(x, y)| (frame.x_of(x), frame.y_of(y))).collect()
    }

    fn drawable<'s>(&self, series: &'s Series) -> impl Iterator<Item = (f64, f64)> + use<'s> {
        let (x_scale, y_scale) = (self.x.scale, self.y.scale);
        series.points.iter().copied().filter(move |&(x, y)| x_scale.draws(x) && y_scale.draws(y))
    }

    fn all_points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.series.iter().flat_map(|series| self.drawable(series))
    }

    /// Spans all values and the target, except that diverged runs raise its top by at most a factor of ten.
    fn y_axis(&self) -> Option<Axis> {
        let heights = |series| self.drawable(series).map(|(_, y)| y);
        self.all_points().next()?;
        let highest = self
            .series
            .iter()
            .filter(|series| !series.diverged)
            .flat_map(heights)
            .max_by(f64::total_cmp)
            // Without such a run, the start of a diverged one is the yardstick.
            .or_else(|| self.series.iter().filter_map(|series| heights(series).next()).max_by(f64::total_cmp));
        let ceiling = highest.map_or(f64::INFINITY, |highest| (10.0 * highest).max(highest));
        let visible = self
            .series
            .iter()
            .flat_map(|series| heights(series).map(|y| if series.diverged { y.min(ceiling) } else { y }));
        // Counts are seen against zero, which a log axis leaves out.
        let zero = self.y.whole.then_some(0.0);
        let values = visible.chain(self.target).chain(zero);
        Axis::around(self.y.scale, values, self.y.whole)
    }

    /// What a reader who cannot see the chart is told.
    fn description(&self) -> String {
        let scale = match self.y.scale {
            Scale::Linear => "",
            Scale::Log => " on a logarithmic axis",
        };
        let ends: Vec<String> = self
            .series
            .iter()
            .filter_map(|series| {
                let (_, last) = self.drawable(series).last()?;
                Some(format!("{} ends at {}", series.name, self.y.value(last)))
            })
            .collect();
        let mut text = format!("Line chart of {}{scale} against {}", self.y.title(), self.x.title());
        if !ends.is_empty() {
            text.push_str(": ");
            text.push_str(&ends.join(", "));
        }
        text.push('.');
        text
    }
}

/// Where the axes lie in the view box.
struct Frame {
    x: Axis,
    y: Axis,
    left: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    /// Leaves room on the left for the labels of `y`.
    fn new(x: Axis, y: Axis, top: f64) -> Frame {
        let longest = y
            .ticks()
            .iter()
            .filter_map(|tick| tick.label.as_ref())
            .map(|label| label.chars().count())
            .max()
            .unwrap_or(0);
        Frame { x, y, left: 28.0 + TICK_CHARACTER * longest as f64, top, bottom: top + PLOT_HEIGHT }
    }

    fn x_of(&self, value: f64) -> f64 {
        self.left + (RIGHT - self.left) * self.x.position(value)
    }

    fn y_of(&self, value: f64) -> f64 {
        self.bottom - PLOT_HEIGHT * self.y.position(value)
    }

    fn shows(&self, (_, y): (f64, f64)) -> bool {
        // The ends themselves count, whatever rounding did to them.
        (self.top - 0.01..=self.bottom + 0.01).contains(&y)
    }
}

/// Left edge and row of each legend entry: as many in a row as fit.
fn legend_places(series: &[Series]) -> Vec<(f64, usize)> {
    let (mut left, mut row) = (12.0, 0);
    let mut places = Vec::with_capacity(series.len());
    for series in series {
        let width = 30.0 + CHARACTER * series.legend().chars().count() as f64;
        if left > 12.0 && left + width > WIDTH {
            (left, row) = (12.0, row + 1);
        }
        places.push((left, row));
        left += width + 14.0;
    }
    places
}

fn legend_entry(series: &Series, left: f64, y: f64) -> Markup {
    html! {
        path class=(series.class("line")) d=(format!("M{} {y}h24", coordinate(left))) stroke-dasharray=(series.dash()) {}
        path class=(series.class("marker")) d=(series.marker(left + 12.0, y)) {}
        text.legend x=(coordinate(left + 30.0)) y=(coordinate(y + 4.0)) { (series.legend()) }
    }
}

#[cfg(test)]
#[path = "chart_tests.rs"]
mod tests;
