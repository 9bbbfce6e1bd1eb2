//! The tables of the page: results by method, and the learning rates that were tried.

use dualgn_io::number::{grouped, memory, shortest, significant};
use dualgn_train::record::{Comparison, MethodRun, Metric, Record, Status};
use maud::{Markup, html};

/// One row a method; the best of each column is set in bold.
pub(super) fn results(comparison: &Comparison) -> Markup {
    let columns = columns(comparison);
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th scope="col" { "Method" }
                        @for column in &columns { th.number scope="col" { (column.heading) } }
                        th scope="col" { "Settings" }
                    }
                }
                tbody {
                    @for (row, run) in comparison.runs.iter().enumerate() {
                        tr {
                            th scope="row" {
                                code { (run.method) } " " (status(run))
                                div.note { (run.title) }
                            }
                            @for column in &columns {
                                td.number.best[column.best == Some(row)] { (column.cells[row]) }
                            }
                            td.settings { (run.settings) }
                        }
                    }
                }
            }
        }
    }
}

fn status(run: &MethodRun) -> Markup {
    html! {
        @match run.status {
            Status::Finished | Status::Reached | Status::Converged | Status::EarlyStopped => {}
            Status::Diverged => span.status { "diverged" }
            Status::Interrupted => span.status { "interrupted" }
        }
    }
}

struct Column {
    heading: &'static str,
    cells: Vec<String>,
    /// Row of the smallest badness, when it is the only such row.
    best: Option<usize>,
}

/// A column of numbers, of which `badness` says how bad they are; the best is looked for among runs that did not diverge.
fn column(
    comparison: &Comparison,
    heading: &'static str,
    value: impl Fn(&MethodRun) -> Option<f64>,
    badness: impl Fn(f64) -> f64,
    text: impl Fn(f64) -> String,
) -> Column {
    let values: Vec<Option<f64>> = comparison.runs.iter().map(value).collect();
    let cells = values.iter().map(|value| match value {
        None => "–".to_owned(),
        Some(value) if !value.is_finite() => "not finite".to_owned(),
        Some(value) => text(*value),
    });
    let ranked = || {
        let rows = comparison.runs.iter().zip(&values).enumerate();
        rows.filter(|(_, (run, _))| run.status != Status::Diverged)
            .filter_map(|(row, (_, value))| Some((row, badness((*value)?))))
            .filter(|(_, badness)| badness.is_finite())
    };
    let lowest = ranked().min_by(|a, b| a.1.total_cmp(&b.1));
    let best =
        lowest.filter(|lowest| ranked().filter(|other| other.1 <= lowest.1).count() == 1 && ranked().count() > 1);
    Column { heading, cells: cells.collect(), best: best.map(|(row, _)| row) }
}

fn columns(comparison: &Comparison) -> Vec<Column> {
    let column = |heading,
                  value: &dyn Fn(&MethodRun) -> Option<f64>,
                  badness: fn(f64) -> f64,
                  text: fn(f64) -> String| { column(comparison, heading, value, badness, text) };
    let last = |value: fn(&Record) -> f64| move |run: &MethodRun| run.records.last().map(value);
    let arrival = |value: fn(&Record) -> f64| {
        move |run: &MethodRun| {
            let target = comparison.target.as_ref()?;
            run.first_at_most(target.train_loss).map(value)
        }
    };
    let count = |value: f64| grouped(value as usize);
    // Totals are budgets, not achievements: none of them is best.
    let unranked = |_| f64::NAN;
    let same = |value| value;
    let metric = match comparison.metric {
        Metric::Accuracy => {
            column("Accuracy, %", &last(|record| 100.0 * record.test_metric), |value| -value, significant)
        }
        Metric::Rmse => column("Test RMSE", &last(|record| record.test_metric), same, significant),
        Metric::RelativeError => column("Relative error", &last(|record| record.test_metric), same, significant),
        Metric::Residual => column("Residual", &last(|record| record.test_metric), same, significant),
    };
    vec![
        column("Train loss", &last(|record| record.train_loss), same, significant),
        column("Test loss", &last(|record| record.test_loss), same, significant),
        metric,
        column("Steps to target", &arrival(|record| record.step as f64), same, count),
        column("Seconds to target", &arrival(|record| record.seconds), same, significant),
        column("Steps", &last(|record| record.step as f64), unranked, count),
        column("Seconds", &last(|record| record.seconds), unranked, significant),
        column("Peak memory", &|run| run.peak_memory.map(|bytes| bytes as f64), unranked, |bytes| memory(bytes as u64)),
    ]
}

/// The head of a table: what its rows are, and columns of numbers.
pub(super) fn head(rows: &str, numbers: &[impl AsRef<str>]) -> Markup {
    html! { thead { tr { th scope="col" { (rows) } @for name in numbers { th.number scope="col" { (name.as_ref()) } } } } }
}

/// The learning rates tried for each method and what came of them.
pub(super) fn trials(comparison: &Comparison) -> Markup {
    let searched = comparison.runs.iter().filter(|run| !run.trials.is_empty());
    let defaults: Vec<&str> =
        comparison.runs.iter().filter(|run| run.trials.is_empty()).map(|run| run.method.as_str()).collect();
    html! {
        @if defaults.len() < comparison.runs.len() {
            div.scroll {
                table.trials {
                    thead { tr {
                        th scope="col" { "Method" }
                        th scope="col" { "Learning rate: training loss at the end of its trial, best first" }
                    } }
                    tbody {
                        @for run in searched {
                            tr {
                                th scope="row" { code { (run.method) } }
                                td {
                                    @for (place, trial) in run.trials.iter().enumerate() {
                                        span.trial.best[place == 0] {
                                            (shortest(trial.learning_rate)) ": "
                                            @match trial.train_loss {
                                                Some(loss) if loss.is_finite() => (significant(loss)),
                                                _ => "diverged",
                                            }
                                        }
                                        " "
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if !defaults.is_empty() {
            p { "Without a search, at the default: " (defaults.join(", ")) "." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample;

    #[test]
    fn rows_are_well_formed_and_complete() {
        let comparison = sample::comparison();
        let text = results(&comparison).into_string();
        let document = roxmltree::Document::parse(&text).unwrap();
        let rows: Vec<_> = document.descendants().filter(|node| node.has_tag_name("tr")).collect();
        assert_eq!(rows.len(), 1 + comparison.runs.len());
        for row in rows {
            assert_eq!(row.children().filter(|node| node.is_element()).count(), 10);
        }
        assert!(text.contains("diverged") && text.contains("not finite"));
        assert!(!text.contains("NaN"));
    }

    #[test]
    fn the_best_is_unique_and_did_not_diverge() {
        let mut comparison = sample::comparison();
        comparison.runs[0].records.last_mut().unwrap().train_loss = 1e-9;
        let loss = |comparison: &Comparison| columns(comparison).remove(0).best;
        assert_eq!(loss(&comparison), Some(3));
        let lowest = comparison.runs[3].records.last().unwrap().train_loss;
        comparison.runs[2].records.last_mut().unwrap().train_loss = lowest;
        assert_eq!(loss(&comparison), None);
    }

    #[test]
    fn trials_tell_divergence_and_defaults() {
        let mut comparison = sample::comparison();
        assert!(trials(&comparison).into_string().contains("1: diverged"));
        for run in &mut comparison.runs {
            run.trials.clear();
        }
        let text = trials(&comparison).into_string();
        assert!(!text.contains("<table") && text.contains("sgd, adam, dual-gn-sgd, dual-gn-adam."));
    }
}
