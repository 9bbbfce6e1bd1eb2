//! The page of `dualgn explain`.

use dualgn_io::number::{grouped, significant};
use dualgn_train::explain::{Damped, Explained, OfTable};
use maud::{Markup, html};

use super::axis::Scale;
use super::chart::{Chart, Quantity};
use super::document;
use super::results::head;
use super::series::Series;

/// What was found, a sentence or two a matter.
pub fn words(explained: &Explained) -> Vec<String> {
    let mut words = vec![batch_in_words(explained), direction_in_words(explained), spectrum_in_words(explained)];
    if let Some((iterations, gap)) = explained.gaps.iter().find(|(_, gap)| *gap < 0.01) {
        words.push(format!(
            "Conjugate gradient leaves less than a hundredth of the decrease after {iterations:.0} iterations (a gap of {}).",
            significant(*gap)
        ));
    }
    if let Some(table) = &explained.table {
        words.extend(posterior_in_words(table));
        let (row, said, truth) = &table.row;
        words.push(format!(
            "Row {row} is predicted as {said} and is {truth}. The training rows below pull its output most: each by so much in one step along \
             the direction, of which the dual variables say what is each row's own."
        ));
    }
    words
}

fn batch_in_words(explained: &Explained) -> String {
    let Explained { title, batch: [examples, outputs], loss, .. } = explained;
    format!(
        "{title}: a batch of {} examples with {outputs} outputs each, loss {}.",
        grouped(*examples),
        significant(*loss)
    )
}

fn direction_in_words(explained: &Explained) -> String {
    let Explained { damping, gradient, direction, cosine, .. } = explained;
    format!(
        "The direction for the damping {} has the norm {} and the gradient {}; the angle between the direction and the negative gradient \
         is {:.0}° (cosine {cosine:.3}).",
        significant(*damping),
        significant(*direction),
        significant(*gradient),
        cosine.clamp(-1.0, 1.0).acos().to_degrees()
    )
}

fn spectrum_in_words(explained: &Explained) -> String {
    let Explained { spectrum, path, damping, .. } = explained;
    let (Some(largest), Some(own)) = (spectrum.first(), path.iter().find(|at| at.damping == *damping)) else {
        return "The Gram matrix is too large here, or the examples mix; take fewer with `--examples`.".into();
    };
    let above = spectrum.iter().filter(|value| *value > damping).count();
    format!(
        "The Gram matrix has {} eigenvalues, the largest {}; {} are above the damping, and the effective dimension is {:.1}: of so many \
         combinations of the outputs the step decides, the others it leaves as they are.",
        grouped(spectrum.len()),
        significant(*largest),
        grouped(above),
        own.dimension.unwrap_or_default()
    )
}

fn posterior_in_words(table: &OfTable) -> Option<String> {
    let [precision, noise] = table.posterior?;
    let within = match table.coverage.iter().find(|(level, _)| *level == 0.95) {
        Some((_, share)) => format!("; {:.0} % of the test rows are within their interval of 95 %", 100.0 * share),
        None => String::new(),
    };
    Some(format!(
        "Rows kept aside are most likely under a prior of precision {} and a noise of variance {}{within}.",
        significant(precision),
        significant(noise),
    ))
}

/// A chart of one line.
struct Figure {
    title: &'static str,
    id: &'static str,
    line: &'static str,
    x: Quantity,
    y: Quantity,
}

impl Figure {
    fn of(&self, points: Vec<(f64, f64)>) -> Markup {
        let series = vec![Series { name: self.line, style: 1, points, diverged: false }];
        let chart = Chart { id: self.id, x: self.x, y: self.y, series, target: None }.svg();
        html! { figure { h3 { (self.title) } (chart) } }
    }
}

const fn count(name: &'static str) -> Quantity {
    Quantity { name, unit: "", scale: Scale::Linear, whole: true }
}

const fn linear(name: &'static str) -> Quantity {
    Quantity { name, unit: "", scale: Scale::Linear, whole: false }
}

const fn log(name: &'static str) -> Quantity {
    Quantity { name, unit: "", scale: Scale::Log, whole: false }
}

const fn percent(name: &'static str) -> Quantity {
    Quantity { name, unit: "%", scale: Scale::Linear, whole: false }
}

const POWER: Quantity = linear("power of ten of the damping");
const SPECTRUM: Figure = Figure {
    title: "Spectrum of the Gram matrix",
    id: "spectrum",
    line: "eigenvalues",
    x: count("number"),
    y: log("eigenvalue of K/m"),
};
const DIMENSION: Figure = Figure {
    title: "Effective dimension",
    id: "dimension",
    line: "dimension",
    x: POWER,
    y: linear("effective dimension"),
};
const NORM: Figure =
    Figure { title: "Length by damping", id: "norm", line: "norm", x: POWER, y: log("norm of the direction") };
const DECREASE: Figure = Figure {
    title: "Predicted decrease by damping",
    id: "decrease",
    line: "decrease",
    x: POWER,
    y: log("predicted decrease"),
};
const COSINE: Figure = Figure {
    title: "Angle by damping",
    id: "cosine",
    line: "cosine",
    x: POWER,
    y: linear("cosine with the negative gradient"),
};
const GAPS: Figure = Figure {
    title: "Conjugate gradient",
    id: "gaps",
    line: "gap",
    x: count("iterations"),
    y: log("relative duality gap"),
};
const COVERAGE: Figure = Figure {
    title: "How many test rows are within their interval",
    id: "coverage",
    line: "test rows",
    x: percent("share that should be within"),
    y: percent("share that is"),
};

/// A complete HTML document that needs no other file and no network.
pub fn page(explained: &Explained) -> String {
    let main = html! {
        header {
            p.kicker { "dualgn explain" }
            h1 { (explained.title) }
            div.summary { @for sentence in words(explained) { p { (sentence) } } }
        }
        (directions(explained))
        (layers(explained))
        @if let Some(table) = &explained.table { (prediction(table)) }
    };
    document(&format!("dualgn explain: {}", explained.title), &main, false)
}

/// The direction, and others by their damping.
fn directions(explained: &Explained) -> Markup {
    let path = |of: fn(&Damped) -> Option<f64>| -> Vec<(f64, f64)> {
        explained.path.iter().filter_map(|at| Some((at.damping.log10(), of(at)?))).collect()
    };
    let spectrum = explained.spectrum.iter().enumerate().map(|(index, value)| ((index + 1) as f64, *value)).collect();
    html! {
        section {
            h2 { "The direction" }
            div.figures {
                @if !explained.spectrum.is_empty() {
                    (SPECTRUM.of(spectrum))
                    (DIMENSION.of(path(|at| at.dimension)))
                }
                (NORM.of(path(|at| Some(at.norm))))
                (DECREASE.of(path(|at| Some(at.decrease))))
                (COSINE.of(path(|at| Some(at.cosine))))
                @if !explained.gaps.is_empty() { (GAPS.of(explained.gaps.clone())) }
            }
        }
    }
}

/// What each layer has of the gradient and of the direction.
fn layers(explained: &Explained) -> Markup {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    html! {
        section {
            h2 { "By layer" }
            div.scroll { table {
                (head("Layer", &["Of the gradient", "Of the direction"]))
                tbody { @for (name, gradient, direction) in &explained.layers {
                    tr { th scope="row" { code { (name) } } td.number { (percent(*gradient)) } td.number { (percent(*direction)) } }
                } }
            } }
            p.note { "Shares of the squared norm." }
        }
    }
}

/// One row of a table, the rows that it owes its prediction to, and how often intervals hold.
fn prediction(table: &OfTable) -> Markup {
    let (row, said, truth) = &table.row;
    let coverage = table.coverage.iter().map(|(said, is)| (100.0 * said, 100.0 * is)).collect();
    html! {
        section {
            h2 { "A prediction" }
            p { "Row " (row) ": predicted " (said) ", actual " (truth) "." }
            div.scroll { table {
                thead { tr { th.number scope="col" { "Training row" } th.number scope="col" { "Target" } th.number scope="col" { "Pulls the output by" } } }
                tbody { @for (row, target, pull) in &table.influences {
                    tr { td.number { (row) } td.number { (target) } td.number { (significant(*pull)) } }
                } }
            } }
            @if !table.coverage.is_empty() {
                h3 { "Calibration" }
                div.figures { (COVERAGE.of(coverage)) }
            }
        }
    }
}
