//! What a table led to: its columns, the test, where the answers are right and wrong.

use dualgn_io::number::{grouped, significant};
use dualgn_train::record::Fitted;
use maud::{Markup, html};

use super::results::head;

/// Rows shown of those that are predicted worst.
const WORST: usize = 10;
/// Points of a scatter plot at most.
const POINTS: usize = 2000;
/// Classes whose confusion is shown.
const CLASSES: usize = 30;

/// The test of the result.
pub(super) fn test(fitted: &Fitted) -> Markup {
    let [learning, test] = fitted.rows;
    html! {
        section {
            h2 { "Test" }
            p {
                "How good the predictions of " code { (fitted.target) } " are on " (grouped(test)) " rows that nothing was learnt from. "
                (grouped(learning)) " rows were learnt from"
                @match fitted.best_steps.as_slice() {
                    [step] => { "; the weights are those of step " (grouped(*step)) ", the best on rows kept aside." }
                    steps => {
                        " by " (steps.len()) " networks, each of which kept other rows aside to stop by (at steps "
                        (steps.iter().map(|&step| grouped(step)).collect::<Vec<_>>().join(", "))
                        "); their answers are averaged."
                    }
                }
            }
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "Measure" } th.number scope="col" { "Value" } th.number scope="col" { "95 % interval" }
                        th scope="col" { "What it is" }
                    } }
                    tbody {
                        @for score in &fitted.scores.scores {
                            tr {
                                th scope="row" { (score.name) }
                                td.number { (significant(score.value.value)) }
                                td.number { (significant(score.value.low)) " to " (significant(score.value.high)) }
                                td.prose { (score.words) }
                            }
                        }
                    }
                }
            }
            @match &fitted.scores.confusion {
                Some(confusion) if confusion.len() <= CLASSES => (matrix(fitted, confusion)),
                Some(_) => {}
                None => div.figures {
                    figure { h3 { "Predicted against actual" } (scatter(fitted)) figcaption {
                        "Each point is a test row; on the line a prediction is right."
                    } }
                    figure { h3 { "Errors" } (histogram(fitted)) figcaption { "Predicted less actual, in the unit of the target." } }
                }
            }
            (worst(fitted))
        }
    }
}

/// The columns of the table, and what they are for.
pub(super) fn columns(fitted: &Fitted) -> Markup {
    let mut lines = fitted.columns.iter();
    let head = lines.next();
    html! {
        section {
            h2 { "Columns" }
            p.note { (fitted.remarks.join("; ")) "." }
            div.scroll {
                table {
                    thead { tr { @for cell in head.into_iter().flatten() { th scope="col" { (cell.to_lowercase()) } } } }
                    tbody {
                        @for line in lines { tr { @for (index, cell) in line.iter().enumerate() {
                            @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                        } } }
                    }
                }
            }
        }
    }
}

fn matrix(fitted: &Fitted, confusion: &[Vec<usize>]) -> Markup {
    html! {
        h3 { "Which class was taken for which" }
        div.scroll {
            table.confusion {
                (head("actual \\ predicted", &fitted.levels))
                tbody {
                    @for (row, (level, counts)) in fitted.levels.iter().zip(confusion).enumerate() {
                        @let sum = counts.iter().sum::<usize>().max(1);
                        tr {
                            th scope="row" { (level) }
                            @for (column, &count) in counts.iter().enumerate() {
                                @let part = 100 * count / sum;
                                td class=(if row == column { "number right" } else { "number wrong" }) style=(format!("--part:{part}%")) {
                                    @if count > 0 { (count) } @else { "·" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The rows that are predicted worst.
fn worst(fitted: &Fitted) -> Markup {
    let is_class = !fitted.levels.is_empty();
    let error = |row: usize| (fitted.answers[row] - fitted.targets[row]).abs();
    let mut rows: Vec<usize> = (0..fitted.answers.len()).filter(|&row| error(row) > 0.0).collect();
    if !is_class {
        rows.sort_by(|&a, &b| error(b).total_cmp(&error(a)));
    }
    let wrong = rows.len();
    rows.truncate(WORST);
    let name = |number: f64| fitted.levels.get(number as usize).cloned().unwrap_or_else(|| significant(number));
    html! {
        @if !rows.is_empty() {
            h3 { @if is_class { "Rows put in a wrong class" } @else { "Rows predicted worst" } }
            div.scroll {
                table {
                    thead { tr {
                        th.number scope="col" { "Row" } th.number scope="col" { "Actual" } th.number scope="col" { "Predicted" }
                    } }
                    tbody {
                        @for &row in &rows {
                            tr {
                                td.number { (grouped(fitted.places[row])) }
                                td.number { (name(fitted.targets[row])) }
                                td.number { (name(fitted.answers[row])) }
                            }
                        }
                    }
                }
            }
            p.note {
                @if is_class && wrong > rows.len() { "The first " (rows.len()) " of " (wrong) ". " }
                "Rows are counted from 0, without the names of the columns."
            }
        }
    }
}

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 62.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = WIDTH - 12.0;
const BOTTOM: f64 = HEIGHT - 40.0;

/// The ends of some numbers, apart.
fn ends(numbers: impl Iterator<Item = f64>) -> [f64; 2] {
    let [low, high] = numbers.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)]);
    if low < high { [low, high] } else { [low - 1.0, low + 1.0] }
}

fn frame(x: [f64; 2], y: [f64; 2], names: [&str; 2], label: &str, inside: &Markup) -> Markup {
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
            path.axis d=(format!("M{LEFT} {TOP}V{BOTTOM}H{RIGHT}")) {}
            (inside)
            @for (at, value, anchor) in [(LEFT, x[0], "start"), (RIGHT, x[1], "end")] {
                text.tick x=(at) y=(BOTTOM + 16.0) text-anchor=(anchor) { (significant(value)) }
            }
            @for (at, value) in [(BOTTOM, y[0]), (TOP + 10.0, y[1])] {
                text.tick x=(LEFT - 6.0) y=(at) text-anchor="end" { (significant(value)) }
            }
            text.label x=((LEFT + RIGHT) / 2.0) y=(BOTTOM + 32.0) text-anchor="middle" { (names[0]) }
            text.label transform=(format!("translate(14 {}) rotate(-90)", (TOP + BOTTOM) / 2.0)) text-anchor="middle" { (names[1]) }
        }
    }
}

fn scatter(fitted: &Fitted) -> Markup {
    let pairs = || fitted.targets.iter().copied().zip(fitted.answers.iter().copied());
    let both = ends(pairs().flat_map(|(a, b)| [a, b]).filter(|x| x.is_finite()));
    let x = |value: f64| LEFT + (RIGHT - LEFT) * (value - both[0]) / (both[1] - both[0]);
    let y = |value: f64| BOTTOM - (BOTTOM - TOP) * (value - both[0]) / (both[1] - both[0]);
    let skip = fitted.targets.len().div_ceil(POINTS).max(1);
    let points = html! {
        path.identity d=(format!("M{LEFT} {BOTTOM}L{RIGHT} {TOP}")) {}
        @for (actual, predicted) in pairs().step_by(skip).filter(|pair| pair.1.is_finite()) {
            circle.point cx=(format!("{:.1}", x(actual))) cy=(format!("{:.1}", y(predicted))) r="2.4" {}
        }
    };
    frame(both, both, ["actual", "predicted"], "predicted against actual values of the test rows", &points)
}

fn histogram(fitted: &Fitted) -> Markup {
    const BARS: usize = 31;
    let errors = || fitted.answers.iter().zip(&fitted.targets).map(|(a, b)| a - b).filter(|e| e.is_finite());
    let [low, high] = ends(errors());
    let most = low.abs().max(high.abs());
    let mut counts = [0usize; BARS];
    for error in errors() {
        let bar = ((error + most) / (2.0 * most) * BARS as f64) as usize;
        counts[bar.min(BARS - 1)] += 1;
    }
    let highest = counts.iter().copied().max().unwrap_or(1).max(1);
    let width = (RIGHT - LEFT) / BARS as f64;
    let bars = html! {
        @for (bar, &count) in counts.iter().enumerate() {
            @let height = (BOTTOM - TOP) * count as f64 / highest as f64;
            rect.bar x=(format!("{:.1}", LEFT + width * bar as f64 + 0.5)) y=(format!("{:.1}", BOTTOM - height))
                width=(format!("{:.1}", width - 1.0)) height=(format!("{height:.1}")) {}
        }
    };
    frame(
        [-most, most],
        [0.0, highest as f64],
        ["predicted less actual", "rows"],
        "how often errors of each size are",
        &bars,
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn both_kinds_of_targets_are_drawn() {
        let numbers = sample::fitted(&[]);
        let page = test(&numbers).into_string();
        assert_eq!(page.matches("<circle").count(), 4);
        assert!(page.contains("Rows predicted worst") && !page.contains("NaN"), "{page}");
        for rest in page.split("<svg").skip(1) {
            let text = format!("<svg{}</svg>", &rest[..rest.find("</svg>").unwrap()]);
            roxmltree::Document::parse(&text).unwrap();
        }
        let classes = sample::fitted(&["<no>", "yes"]);
        let page = test(&classes).into_string();
        assert!(page.contains("&lt;no&gt;") && page.contains("Rows put in a wrong class"), "{page}");
        assert!(columns(&classes).into_string().contains("the columns"));
    }
}
