//! Where the time of a step goes.

use dualgn_io::number::significant;
use dualgn_train::record::{Comparison, MethodRun};
use maud::{Markup, html};

use super::results::head;

/// Milliseconds of a step, in the mean over a run.
#[derive(Debug, PartialEq)]
struct Phases {
    /// Forward pass, subproblem, way back to the parameters; of directions alone.
    direction: Option<[f64; 3]>,
    /// All of it.
    whole: f64,
}

impl Phases {
    /// Those of a run; `None` if it made no step.
    fn of(run: &MethodRun) -> Option<Self> {
        let last = run.records.last().filter(|record| record.step > 0 && record.seconds > 0.0)?;
        let steps = run.directions.len() as f64;
        // Runs of earlier versions do not have all of them.
        let has_phases = run.directions.iter().any(|step| step.forward_milliseconds > 0.0);
        let direction = has_phases.then(|| {
            let sums = run.directions.iter().fold([0.0; 3], |[forward, solve, back], step| {
                [forward + step.forward_milliseconds, solve + step.milliseconds, back + step.back_milliseconds]
            });
            sums.map(|sum| sum / steps)
        });
        Some(Self { direction, whole: 1e3 * last.seconds / last.step as f64 })
    }

    /// What is neither: batches, the optimizer, losses along a line.
    fn rest(&self) -> f64 {
        (self.whole - self.direction.map_or(0.0, |parts| parts.iter().sum())).max(0.0)
    }
}

/// One row for each method; nothing if none had directions.
pub(super) fn section(comparison: &Comparison) -> Markup {
    let rows: Vec<(&str, Phases)> =
        comparison.runs.iter().filter_map(|run| Some((run.method.as_str(), Phases::of(run)?))).collect();
    let cell = |milliseconds: f64, whole: f64| {
        html! { (significant(milliseconds)) " (" (format!("{:.0}", 100.0 * milliseconds / whole)) " %)" }
    };
    html! {
        @if rows.iter().any(|(_, phases)| phases.direction.is_some()) {
            section {
                h2 { "Where the time goes" }
                div.scroll {
                    table {
                        (head("Milliseconds of a step", &["Forward pass", "Subproblem", "Back to the parameters", "The rest", "All"]))
                        tbody {
                            @for (method, phases) in &rows {
                                tr {
                                    th scope="row" { code { (method) } }
                                    @match phases.direction {
                                        Some(parts) => {
                                            @for part in parts { td.number { (cell(part, phases.whole)) } }
                                            td.number { (cell(phases.rest(), phases.whole)) }
                                        }
                                        None => @for _ in 0..4 { td.number { "–" } }
                                    }
                                    td.number { (significant(phases.whole)) }
                                }
                            }
                        }
                    }
                }
                p.note {
                    "Means over all steps. The rest is batches, the optimizer, and losses that decide how far to go; a gradient method has "
                    "one gradient and the optimizer."
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample;

    #[test]
    fn phases_and_the_rest_are_the_whole_step() {
        let mut run = sample::comparison().runs.remove(3);
        run.records.truncate(3);
        let last = run.records.last_mut().unwrap();
        (last.step, last.seconds) = (4, 0.05);
        run.directions.truncate(2);
        for (step, parts) in run.directions.iter_mut().zip([[1.0, 6.0, 2.0], [3.0, 4.0, 0.0]]) {
            [step.forward_milliseconds, step.milliseconds, step.back_milliseconds] = parts;
        }
        let phases = Phases::of(&run).unwrap();
        assert_eq!(phases, Phases { direction: Some([2.0, 5.0, 1.0]), whole: 12.5 });
        assert_eq!(phases.rest(), 4.5);
        run.directions.clear();
        assert_eq!(Phases::of(&run).unwrap().direction, None);
        run.records.truncate(1);
        assert_eq!(Phases::of(&run), None);
    }

    #[test]
    fn methods_without_directions_have_their_steps_alone() {
        let text = section(&sample::comparison()).into_string();
        let document = roxmltree::Document::parse(&text).unwrap();
        let rows = || document.descendants().filter(|node| node.has_tag_name("tr"));
        assert_eq!(rows().count(), 1 + sample::comparison().runs.len());
        assert!(rows().all(|row| row.children().filter(|node| node.is_element()).count() == 6));
        assert!(text.contains("70 %") && text.contains("–"), "{text}");
        let mut without = sample::comparison();
        without.runs.iter_mut().for_each(|run| run.directions.clear());
        assert!(section(&without).into_string().is_empty());
    }
}
