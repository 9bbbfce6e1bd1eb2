//! The page of `dualgn explain`.

use dualgn_io::number::{grouped, significant};
use dualgn_train::explain::{Damped, Explained};
use maud::{Markup, html};

use super::axis::Scale;
use super::chart::{Chart, Quantity};
use super::document;
use super::results::head;
use super::series::Series;

/// What was found, a sentence or two a matter.
pub fn words(explained: &Explained) -> Vec<String> {
    let Explained { title, batch: [examples, outputs], loss, damping, gradient, direction, cosine, .. } = explained;
    let mut words = vec![
        format!(
            "{title}: a batch of {} examples with {outputs} outputs each, loss {}.",
            grouped(*examples),
            significant(*loss)
        ),
        format!(
            "The direction for the damping {} has the norm {} and the gradient {}; the angle between the direction and the negative gradient \
             is {:.0}° (cosine {cosine:.3}).",
            significant(*damping),
            significant(*direction),
            significant(*gradient),
            cosine.clamp(-1.0, 1.0).acos().to_degrees()
        ),
    ];
    if let (Some(largest), Some(own)) =
        (explained.spectrum.first(), explained.path.iter().find(|at| at.damping == *damping))
    {
        let above = explained.spectrum.iter().filter(|value| *value > damping).count();
        words.push(format!(
            "The Gram matrix has {} eigenvalues, the largest {}; {} are above the damping, and the effective dimension is {:.1}: of so many \
             combinations of the outputs the step decides, the others it leaves as they are.",
            grouped(explained.spectrum.len()),
            significant(*largest),
            grouped(above),
            own.dimension.unwrap_or_default()
        ));
    } else {
        words.push("The Gram matrix is too large here, or the examples mix; take fewer with `--examples`.".into());
    }
    if let Some((iterations, gap)) = explained.gaps.iter().find(|(_, gap)| *gap < 0.01) {
        words.push(format!(
            "Conjugate gradient leaves less than a hundredth of the decrease after {iterations:.0} iterations (a gap of {})."
            , significant(*gap)
        ));
    }
    if let Some(table) = &explained.table {
        let (row, said, truth) = &table.row;
        if let Some([precision, noise]) = table.posterior {
            words.push(format!(
                "Rows kept aside are most likely under a prior of precision {} and a noise of variance {}{}.",
                significant(precision),
                significant(noise),
                match table.coverage.iter().find(|(level, _)| *level == 0.95) {
                    Some((_, share)) =>
                        format!("; {:.0} % of the test rows are within their interval of 95 %", 100.0 * share),
                    None => String::new(),
                }
            ));
        }
        words.push(format!(
            "Row {row} is predicted as {said} and is {truth}. The training rows below pull its output most: each by so much in one step along \
             the direction, of which the dual variables say what is each row's own."
        ));
    }
    words
}

/// A complete HTML document that needs no other file and no network.
pub fn page(explained: &Explained) -> String {
    const NUMBER: Quantity = Quantity { name: "number", unit: "", scale: Scale::Linear, whole: true };
    const EIGENVALUE: Quantity = Quantity { name: "eigenvalue of K/m", unit: "", scale: Scale::Log, whole: false };
    const POWER: Quantity =
        Quantity { name: "power of ten of the damping", unit: "", scale: Scale::Linear, whole: false };
    const DIMENSION: Quantity = Quantity { name: "effective dimension", unit: "", scale: Scale::Linear, whole: false };
    const NORM: Quantity = Quantity { name: "norm of the direction", unit: "", scale: Scale::Log, whole: false };
    const DECREASE: Quantity = Quantity { name: "predicted decrease", unit: "", scale: Scale::Log, whole: false };
    const COSINE: Quantity =
        Quantity { name: "cosine with the negative gradient", unit: "", scale: Scale::Linear, whole: false };
    const ITERATIONS: Quantity = Quantity { name: "iterations", unit: "", scale: Scale::Linear, whole: true };
    const GAP: Quantity = Quantity { name: "relative duality gap", unit: "", scale: Scale::Log, whole: false };
    const SAID: Quantity =
        Quantity { name: "share that should be within", unit: "%", scale: Scale::Linear, whole: false };
    const IS: Quantity = Quantity { name: "share that is", unit: "%", scale: Scale::Linear, whole: false };

    let line = |id: &'static str, name: &'static str, x, y, points: Vec<(f64, f64)>| {
        let series = vec![Series { name, style: 1, points, diverged: false }];
        Chart { id, x, y, series, target: None }.svg()
    };
    let path = |of: &dyn Fn(&Damped) -> Option<f64>| -> Vec<(f64, f64)> {
        explained.path.iter().filter_map(|at| Some((at.damping.log10(), of(at)?))).collect()
    };
    let spectrum = explained.spectrum.iter().enumerate().map(|(index, value)| ((index + 1) as f64, *value)).collect();
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let figure = |title: &str, chart: Markup| html! { figure { h3 { (title) } (chart) } };
    let main = html! {
                    header {
                        p.kicker { "dualgn explain" }
                        h1 { (explained.title) }
                        div.summary { @for sentence in words(explained) { p { (sentence) } } }
                    }
                    section {
                        h2 { "The direction" }
                        div.figures {
                            @if !explained.spectrum.is_empty() {
                                (figure("Spectrum of the Gram matrix", line("spectrum", "eigenvalues", NUMBER, EIGENVALUE, spectrum)))
                                (figure("Effective dimension", line("dimension", "dimension", POWER, DIMENSION, path(&|at| at.dimension))))
                            }
                            (figure("Length by damping", line("norm", "norm", POWER, NORM, path(&|at| Some(at.norm)))))
                            (figure("Predicted decrease by damping", line("decrease", "decrease", POWER, DECREASE, path(&|at| Some(at.decrease)))))
                            (figure("Angle by damping", line("cosine", "cosine", POWER, COSINE, path(&|at| Some(at.cosine)))))
                            @if !explained.gaps.is_empty() {
                                (figure("Conjugate gradient", line("gaps", "gap", ITERATIONS, GAP, explained.gaps.clone())))
                            }
                        }
                    }
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
                    @if let Some(table) = &explained.table {
                        section {
                            h2 { "A prediction" }
                            p { "Row " (table.row.0) ": predicted " (table.row.1) ", actual " (table.row.2) "." }
                            div.scroll { table {
                                thead { tr { th.number scope="col" { "Training row" } th.number scope="col" { "Target" } th.number scope="col" { "Pulls the output by" } } }
                                tbody { @for (row, target, pull) in &table.influences {
                                    tr { td.number { (row) } td.number { (target) } td.number { (significant(*pull)) } }
                                } }
                            } }
                            @if !table.coverage.is_empty() {
                                h3 { "Calibration" }
                                div.figures {
                                    @let points = table.coverage.iter().map(|(said, is)| (100.0 * said, 100.0 * is)).collect();
                                    (figure("How many test rows are within their interval", line("coverage", "test rows", SAID, IS, points)))
                                }
                            }
                        }
                    }
    };
    document(&format!("dualgn explain: {}", explained.title), &main, false)
}
