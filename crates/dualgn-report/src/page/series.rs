//! One line of a chart and the marks that tell it from the others: colour, marker, dash.

/// How many colours and marker shapes there are; the style sheet has as many `series-N` classes.
pub(super) const STYLES: usize = 8;

/// Stroke patterns: solid until the colours are used up.
const DASHES: [&str; 4] = ["none", "7 3", "2 3", "8 3 2 3"];

/// One line of a chart.
#[derive(Debug, Clone)]
pub(super) struct Series<'a> {
    pub(super) name: &'a str,
    /// Place of the method in the comparison; fixes colour and marker in all charts.
    pub(super) style: usize,
    /// In order of x; points without a place on the axes are skipped.
    pub(super) points: Vec<(f64, f64)>,
    /// Marks the end with a cross and keeps the last, huge values from squeezing the other lines.
    pub(super) diverged: bool,
}

impl Series<'_> {
    /// Classes of an element that has the colour of the series.
    pub(super) fn class(&self, kind: &str) -> String {
        format!("{kind} series-{}", self.style % STYLES)
    }

    /// Value of `stroke-dasharray`.
    pub(super) fn dash(&self) -> &'static str {
        DASHES[self.style / STYLES % DASHES.len()]
    }

    /// Text of the legend.
    pub(super) fn legend(&self) -> String {
        if self.diverged { format!("{} (✕ diverged)", self.name) } else { self.name.to_owned() }
    }

    /// A small shape around a point, as path data; about equal areas.
    pub(super) fn marker(&self, x: f64, y: f64) -> String {
        let shape = match self.style % STYLES {
            0 => "m-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0z",
            1 => "m-3.3 -3.3h6.6v6.6h-6.6z",
            2 => "m0 -4.6l4.3 7.6h-8.6z",
            3 => "m0 -4.8l4.8 4.8l-4.8 4.8l-4.8 -4.8z",
            4 => "m0 4.6l4.3 -7.6h-8.6z",
            5 => "m-1.4 -4.4h2.8v3h3v2.8h-3v3h-2.8v-3h-3v-2.8h3z",
            6 => "m4.6 0l-7.6 4.3v-8.6z",
            _ => "m-4.6 0l7.6 4.3v-8.6z",
        };
        format!("M{} {}{shape}", coordinate(x), coordinate(y))
    }
}

/// A length with one decimal, which is finer than a screen shows.
pub(super) fn coordinate(length: f64) -> String {
    // Far beyond the frame (clipped away) renderers lose precision; and -0.0 would read "-0.0".
    let rounded = (length.clamp(-1e5, 1e5) * 10.0).round() / 10.0 + 0.0;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_series_look_different() {
        let look = |style| {
            let series = Series { name: "", style, points: vec![], diverged: false };
            series.class("line") + &series.marker(0.0, 0.0) + series.dash()
        };
        let mut looks: Vec<String> = (0..16).map(look).collect();
        looks.sort();
        looks.dedup();
        assert_eq!(looks.len(), 16);
    }

    #[test]
    fn coordinates_are_short_and_finite() {
        let texts = [0.04, -0.04, 12.345, 1e300, f64::NEG_INFINITY].map(coordinate);
        assert_eq!(texts, ["0", "0", "12.3", "100000", "-100000"]);
    }
}
