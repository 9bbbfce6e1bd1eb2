//! What the duality gaps of a run say of its directions, in a few numbers a method.

use dualgn_io::number::{grouped, shortest, significant};
use dualgn_train::record::{Comparison, MethodRun, StepRecord};
use maud::{Markup, html};

use super::results::head;

/// Rounding that a gap at the tolerance is forgiven.
const SLACK: f64 = 1e-9;

/// The certificates of one run.
#[derive(Debug, PartialEq)]
pub(super) struct Certificates {
    /// Median of the relative gaps.
    pub(super) median_gap: f64,
    /// The largest relative gap.
    worst_gap: f64,
    /// Median of the iterations.
    median_iterations: usize,
    /// Share of the steps whose relative gap is within the tolerance.
    within: f64,
}

impl Certificates {
    /// Those of a run; `None` where no step was along a direction.
    pub(super) fn of(run: &MethodRun, tolerance: f64) -> Option<Self> {
        let gap = |direction: &StepRecord| direction.relative_gap;
        let within = run.directions.iter().filter(|direction| gap(direction) <= tolerance * (1.0 + SLACK)).count();
        Some(Self {
            median_gap: median(run.directions.iter().map(gap))?,
            worst_gap: run.directions.iter().map(gap).max_by(f64::total_cmp)?,
            median_iterations: median(run.directions.iter().map(|direction| direction.iterations as f64))? as usize,
            within: within as f64 / run.directions.len() as f64,
        })
    }
}

/// The middle value; of two middle ones the lower, so that it is one that occurred.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// One row for each method that stepped along directions.
pub(super) fn table(comparison: &Comparison) -> Markup {
    let rows = || {
        let runs = comparison.runs.iter();
        runs.filter_map(|run| Some((run, Certificates::of(run, comparison.gap)?)))
    };
    let within = format!("Within {}, %", shortest(comparison.gap));
    html! {
        div.scroll {
            table {
                (head("Method", &["Steps", "Median relative gap", "Worst relative gap", &within, "Median iterations"]))
                tbody {
                    @for (run, certificates) in rows() {
                        tr {
                            th scope="row" { code { (run.method) } }
                            td.number { (grouped(run.directions.len())) }
                            td.number { (significant(certificates.median_gap)) }
                            td.number { (significant(certificates.worst_gap)) }
                            td.number { (share(certificates.within)) }
                            td.number { (grouped(certificates.median_iterations)) }
                        }
                    }
                }
            }
        }
    }
}

/// A share in percent; all and none are said only of all and none.
fn share(share: f64) -> String {
    let percent = 100.0 * share;
    if percent == 100.0 || percent == 0.0 { format!("{percent}") } else { format!("{:.1}", percent.clamp(0.1, 99.9)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample;

    #[test]
    fn gaps_and_iterations_are_summed_up() {
        let mut run = sample::comparison().runs.remove(3);
        run.directions.truncate(4);
        for (direction, (gap, iterations)) in
            run.directions.iter_mut().zip([(1e-3, 9), (4e-3, 2), (1e-5, 4), (2e-4, 3)])
        {
            (direction.relative_gap, direction.iterations) = (gap, iterations);
        }
        let expected = Certificates { median_gap: 2e-4, worst_gap: 4e-3, median_iterations: 3, within: 0.75 };
        assert_eq!(Certificates::of(&run, 1e-3), Some(expected));
        run.directions.truncate(1);
        assert_eq!(Certificates::of(&run, 1e-4).unwrap().within, 0.0);
        run.directions.clear();
        assert_eq!(Certificates::of(&run, 1e-3), None);
    }

    #[test]
    fn the_table_has_a_row_for_each_method_with_directions() {
        let text = table(&sample::comparison()).into_string();
        let document = roxmltree::Document::parse(&text).unwrap();
        let rows: Vec<_> = document.descendants().filter(|node| node.has_tag_name("tr")).collect();
        assert_eq!(rows.len(), 3);
        for row in rows {
            assert_eq!(row.children().filter(|node| node.is_element()).count(), 6);
        }
        assert!(text.contains("Within 0.001, %") && text.contains("dual-gn-sgd"), "{text}");
    }

    #[test]
    fn all_and_none_are_exact() {
        assert_eq!([0.0, 1e-6, 0.5, 1.0 - 1e-6, 1.0].map(share), ["0", "0.1", "50.0", "99.9", "100"]);
    }
}
