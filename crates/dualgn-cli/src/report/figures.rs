//! Which charts a comparison is shown in.

use maud::{Markup, html};

use super::axis::Scale;
use super::chart::{Chart, Quantity};
use super::series::Series;
use crate::record::{Comparison, DirectionRecord, Metric, Record, Status};

const STEPS: Quantity = Quantity { name: "steps", unit: "", scale: Scale::Linear, whole: true };
const SECONDS: Quantity = Quantity { name: "training time", unit: "s", scale: Scale::Linear, whole: false };
const TRAIN_LOSS: Quantity = Quantity { name: "training loss", unit: "", scale: Scale::Log, whole: false };
const TEST_LOSS: Quantity = Quantity { name: "test loss", ..TRAIN_LOSS };
const ACCURACY: Quantity = Quantity { name: "test accuracy", unit: "%", scale: Scale::Linear, whole: false };
const RMSE: Quantity = Quantity { name: "test RMSE", unit: "unit of the target", scale: Scale::Log, whole: false };
const SLOPE: Quantity = Quantity { name: "magnitude of the slope", ..TRAIN_LOSS };
const GAP: Quantity = Quantity { name: "relative duality gap", ..TRAIN_LOSS };
const ITERATIONS: Quantity = Quantity { name: "CG iterations", unit: "", scale: Scale::Linear, whole: true };

/// Losses and the test metric, by steps and by time.
pub(super) fn learning(comparison: &Comparison) -> Markup {
    let steps = |record: &Record| record.step as f64;
    let target = comparison.target.as_ref().map(|target| target.train_loss);
    let (metric, metric_title, percent) = match comparison.metric {
        Metric::Accuracy => (ACCURACY, "Test accuracy against steps", 100.0),
        Metric::Rmse => (RMSE, "Test RMSE against steps", 1.0),
    };
    let chart = |id, x, x_of: fn(&Record) -> f64, y, y_of: &dyn Fn(&Record) -> f64| Chart {
        id,
        x,
        y,
        series: series(comparison, |record| Some((x_of(record), y_of(record)))),
        target: None,
    };
    let train = |record: &Record| record.train_loss;
    let mut by_steps = chart("train-steps", STEPS, steps, TRAIN_LOSS, &train);
    let mut by_seconds = chart("train-seconds", SECONDS, |record| record.seconds, TRAIN_LOSS, &train);
    (by_steps.target, by_seconds.target) = (target, target);
    let test = chart("test-steps", STEPS, steps, TEST_LOSS, &|record| record.test_loss);
    let metric = chart("metric-steps", STEPS, steps, metric, &|record| percent * record.test_metric);
    html! {
        div.figures {
            (figure("Training loss against steps", &by_steps))
            (figure("Training loss against time", &by_seconds))
            (figure("Test loss against steps", &test))
            (figure(metric_title, &metric))
        }
    }
}

/// Diagnostics of the Gauss-Newton directions; empty when no method has any.
pub(super) fn directions(comparison: &Comparison) -> Markup {
    let all = || {
        let records = comparison.runs.iter().flat_map(|run| &run.records);
        records.filter_map(|record| record.direction.as_ref())
    };
    let chart = |id, y, y_of: fn(&DirectionRecord) -> f64| Chart {
        id,
        x: STEPS,
        y,
        series: series(comparison, |record| Some((record.step as f64, y_of(record.direction.as_ref()?)))),
        target: None,
    };
    let ascending = all().filter(|direction| direction.slope >= 0.0).count();
    html! {
        @if all().next().is_some() {
            section {
                h2 { "Gauss-Newton directions" }
                @if ascending > 0 {
                    p { "Of the recorded slopes, " (ascending) " were not negative: those directions did not descend." }
                }
                div.figures {
                    (figure("Slope ⟨∇L, d⟩ against steps", &chart("slope", SLOPE, |direction| direction.slope.abs())))
                    (figure("Relative duality gap against steps", &chart("gap", GAP, |direction| direction.relative_gap)))
                    @if all().any(|direction| direction.iterations > 0) {
                        (figure(
                            "Conjugate-gradient iterations against steps",
                            &chart("iterations", ITERATIONS, |direction| direction.iterations as f64),
                        ))
                    }
                }
                @if all().all(|direction| direction.iterations == 0) {
                    p { "All subproblems were solved directly, without conjugate-gradient iterations." }
                }
            }
        }
    }
}

/// One series a method that has any point, in the order and style of the comparison.
fn series(comparison: &Comparison, point: impl Fn(&Record) -> Option<(f64, f64)>) -> Vec<Series<'_>> {
    let runs = comparison.runs.iter().enumerate();
    runs.map(|(style, run)| Series {
        name: &run.method,
        style,
        points: run.records.iter().filter_map(&point).collect(),
        diverged: run.status == Status::Diverged,
    })
    .filter(|series| !series.points.is_empty())
    .collect()
}

fn figure(title: &str, chart: &Chart) -> Markup {
    let skipped = chart.skipped();
    html! {
        figure {
            h3 { (title) }
            (chart.svg())
            @if skipped > 0 {
                figcaption {
                    (skipped) @if skipped == 1 { " value is" } @else { " values are" } " not drawn: "
                    @match chart.y.scale {
                        Scale::Linear => "not finite.",
                        Scale::Log => "zero, negative or not finite.",
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn charts_follow_the_records() {
        let mut comparison = sample::comparison();
        let count = |markup: Markup| markup.into_string().matches("<svg").count();
        assert_eq!(count(learning(&comparison)), 4);
        assert_eq!(count(directions(&comparison)), 3);
        comparison.metric = Metric::Rmse;
        assert!(learning(&comparison).into_string().contains("test RMSE"));

        let records = comparison.runs.iter_mut().flat_map(|run| &mut run.records);
        for direction in records.filter_map(|record| record.direction.as_mut()) {
            direction.iterations = 0;
        }
        assert_eq!(count(directions(&comparison)), 2);
        assert!(directions(&comparison).into_string().contains("solved directly"));
        comparison.runs.retain(|run| !run.method.starts_with("dual"));
        assert!(directions(&comparison).into_string().is_empty());
    }

    #[test]
    fn a_direction_that_does_not_descend_is_reported() {
        let mut comparison = sample::comparison();
        assert!(!directions(&comparison).into_string().contains("did not descend"));
        let direction = &mut comparison.runs[3].records[5].direction;
        direction.as_mut().unwrap().slope = 0.5;
        assert!(directions(&comparison).into_string().contains("did not descend"));
    }

    #[test]
    fn values_left_out_are_counted_in_the_caption() {
        let mut comparison = sample::comparison();
        comparison.runs[1].records[3].test_loss = 0.0;
        comparison.runs[1].records[4].test_loss = f64::NAN;
        let page = learning(&comparison).into_string();
        assert!(page.contains("values are not drawn: zero, negative or not finite."));
    }
}
