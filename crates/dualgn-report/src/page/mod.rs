//! What a comparison looks like to people: a page for the browser and a table for the terminal.
//!
//! Both are functions from a [`Comparison`] to text; files and screens are the callers' business.

mod axis;
mod certificates;
mod chart;
mod explained;
mod figures;
mod fitted;
mod phases;
mod results;
#[cfg(test)]
mod sample;
mod series;
mod summary;
mod table;
mod thin;

use dualgn_io::number;
use dualgn_train::record::{Comparison, Metric};
pub use explained::{page as explanation, words as explanation_in_words};
use maud::{DOCTYPE, Markup, PreEscaped, html};
pub use table::terminal;

const STYLE: &str = include_str!("style.css");
/// Shows the values under the pointer; the page is complete without it.
const READOUT: &str = include_str!("readout.js");
/// Turns surfaces; pages without one do without it.
const VIEWER: &str = include_str!("../pictures/viewer.js");

/// A complete HTML document that needs no other file and no network.
pub fn page(comparison: &Comparison) -> String {
    let directions = figures::directions(comparison);
    let has_directions = !directions.0.is_empty();
    let main = html! {
                    (header(comparison))
                    (equations(comparison))
                    @if let Some(fitted) = &comparison.fitted { (fitted::test(fitted)) (fitted::columns(fitted)) }
                    section {
                        h2 { @if comparison.fitted.is_some() { "Training" } @else { "Result" } }
                        (results::results(comparison))
                        (table_note(comparison))
                        (coefficients(comparison))
                    }
                    (pictures(comparison))
                    section {
                        h2 { "Learning curves" }
                        (figures::learning(comparison))
                    }
                    (directions)
                    (phases::section(comparison))
                    section {
                        h2 { "Learning rates tried" }
                        (results::trials(comparison))
                    }
                    (reading(comparison, has_directions))
                    (provenance(comparison))
    };
    let has_surface = comparison.pictures.iter().any(|picture| picture.markup.starts_with("<canvas"));
    document(&format!("dualgn: {}", comparison.problem), &main, has_surface)
}

/// A page around its main part, with a script for surfaces if it has one.
fn document(title: &str, main: &Markup, has_surface: bool) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (main) }
                script { (PreEscaped(READOUT)) }
                @if has_surface { script { (PreEscaped(VIEWER)) } }
            }
        }
    };
    page.into_string()
}

fn header(comparison: &Comparison) -> Markup {
    let (train, test) = comparison.examples;
    let facts = [
        ("parameters", comparison.parameters),
        ("training examples", train),
        ("test examples", test),
        ("batch", comparison.batch),
    ];
    html! {
        header {
            p.kicker { "dualgn" @if comparison.fitted.is_some() { " fit" } }
            h1 { (comparison.problem) }
            p { (comparison.description) }
            dl.facts {
                @for (name, count) in facts {
                    div { dt { (name) } dd { (number::grouped(count)) } }
                }
                // A seed is a name rather than a count.
                div { dt { "seed" } dd { (comparison.seed) } }
            }
            @let summary = summary::paragraphs(comparison);
            @if !summary.is_empty() && comparison.fitted.is_none() {
                div.summary { @for paragraph in summary { p { (paragraph) } } }
            }
        }
    }
}

fn pictures(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.pictures.is_empty() {
            section {
                h2 { "Pictures" }
                div.pictures {
                    @for picture in &comparison.pictures {
                        figure {
                            (PreEscaped(&picture.markup))
                            figcaption { strong { (picture.title) } " " (picture.caption) }
                        }
                    }
                }
            }
        }
    }
}

/// What was to be solved.
fn equations(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.equations.is_empty() {
            section {
                h2 { "Equations" }
                div.scroll {
                    table.equations {
                        @for stated in &comparison.equations {
                            tr {
                                th scope="row" { (stated.name) }
                                td { @for formula in &stated.formulas { (PreEscaped(formula)) } }
                                td { (stated.place) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What each method found for the unknown coefficients of an equation.
fn coefficients(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.coefficients.is_empty() {
            p { "Unknown coefficients of the equation, with the standard deviations that errors of the measurements lead to:" }
            ul {
                @for coefficient in &comparison.coefficients {
                    li { code { (coefficient.method) } ": " (table::coefficient_in_words(coefficient)) }
                }
            }
        }
    }
}

fn table_note(comparison: &Comparison) -> Markup {
    html! {
        p.note {
            @match &comparison.target {
                Some(target) => {
                    "Target: training loss " (number::significant(target.train_loss)) " (" (target.source) "), counted at "
                    "the first evaluation at or below it. – means it was not reached. "
                }
                None => "No target was set. ",
            }
            "Losses and the test result are those of the last evaluation. Bold: best of the runs that did not diverge."
        }
    }
}

fn reading(comparison: &Comparison, has_directions: bool) -> Markup {
    html! {
        section {
            h2 { "How to read this" }
            ul {
                li {
                    "Losses are means over all training or all test examples, not over a batch. "
                    @match comparison.metric {
                        Metric::Accuracy => "Accuracy is the share of test examples put in the right class.",
                        Metric::Rmse => "RMSE is the root mean squared error on the test examples, in the unit of the target.",
                        Metric::RelativeError => {
                            "The relative error is that of the network against the solution, ‖u - u*‖ / ‖u*‖, at 4,000 points of the "
                            "domain."
                        }
                        Metric::Residual => {
                            "No solution is known to compare the network with. The residual is the square root of the test loss, which is "
                            "that of points that nothing is trained on."
                        }
                    }
                }
                @if comparison.fitted.is_some() {
                    li {
                        "In the table and the curves of training, test is said of the rows that a network stops by. Those of the section "
                        "Test are others."
                    }
                }
                li {
                    "Steps are not equal work: a Gauss-Newton step solves a subproblem where a first-order step takes one "
                    "gradient. The chart against time shows what that costs. Time counts training and leaves out "
                    "evaluations and the trials of learning rates, each a fifth of the run from the same start; it "
                    "depends on the machine and on what else runs there."
                }
                li {
                    "Steps and seconds to the target are known only as finely as the evaluations are spaced."
                }
                li {
                    "One run a method, with one seed: small differences may turn around with another. Peak memory is that "
                    "of the whole process, with data and program."
                }
                @if has_directions {
                    li {
                        "The slope ⟨∇L, d⟩ is the rate at which the loss of the batch changes along the direction; it is "
                        "negative for a descent direction. The duality gap bounds how far the direction is from the "
                        "optimum of its subproblem, here for each unit of the decrease that the dual value promises. "
                        "Iterations are those of the solver: of conjugate gradient for quadratic models, zero where the "
                        "system was factorised; Newton or dual steps for prox-linear ones. Of every step, "
                        code { "METHOD/steps.jsonl" } " has these numbers and more."
                    }
                }
            }
        }
    }
}

fn provenance(comparison: &Comparison) -> Markup {
    html! {
        section {
            h2 { "Where it comes from" }
            dl.provenance {
                dt { "Command" } dd { pre { (comparison.command) } }
                dt { "Environment" } dd { (comparison.environment) }
                dt { "Data" } dd { (comparison.citation) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chart_of_the_page_is_well_formed_xml_with_its_own_id() {
        let page = page(&sample::comparison());
        let mut ids = Vec::new();
        for rest in page.split("<svg").skip(1) {
            let end = rest.find("</svg>").unwrap();
            let text = format!("<svg{}</svg>", &rest[..end]);
            let document = roxmltree::Document::parse(&text).unwrap();
            ids.extend(document.root_element().attribute("id").map(str::to_owned));
        }
        assert_eq!(ids.len(), 7);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 7);
    }

    #[test]
    fn text_from_the_data_is_escaped() {
        let evil = || "<script>alert(1)</script>&\"'".to_owned();
        let mut comparison = sample::comparison();
        comparison.problem = evil();
        comparison.description = evil();
        comparison.citation = evil();
        comparison.command = evil();
        comparison.environment = evil();
        for run in &mut comparison.runs {
            (run.method, run.title, run.settings) = (evil(), evil(), evil());
        }
        if let Some(target) = &mut comparison.target {
            target.source = evil();
        }
        let page = page(&comparison);
        assert!(page.contains("&lt;script&gt;alert(1)"));
        assert!(!page.contains("<script>alert"));
        assert_eq!(page.matches("<script").count(), 1);
    }

    #[test]
    fn the_page_needs_no_network() {
        let page = page(&sample::comparison());
        for loader in ["http:", "https:", "src=", "<link", "@import", "url(//"] {
            assert!(!page.contains(loader), "{loader}");
        }
        for text in ["NaN", "Infinity"] {
            assert!(!page.contains(text), "{text}");
        }
    }

    #[test]
    fn empty_comparisons_have_a_page() {
        let mut comparison = sample::comparison();
        for run in &mut comparison.runs {
            run.records.clear();
        }
        assert!(page(&comparison).contains("nothing to draw"));
        comparison.runs.clear();
        comparison.target = None;
        assert!(page(&comparison).ends_with("</html>"));
    }
}
