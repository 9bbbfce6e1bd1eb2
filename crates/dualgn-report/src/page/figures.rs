//! Which charts a comparison is shown in.

use dualgn_train::record::{Comparison, MethodRun, Metric, Record, Status, StepRecord};
use maud::{Markup, html};

use super::axis::Scale;
use super::certificates;
use super::chart::{Chart, Quantity};
use super::series::Series;

const STEPS: Quantity = Quantity { name: "steps", unit: "", scale: Scale::Linear, whole: true };
const SECONDS: Quantity = Quantity { name: "training time", unit: "s", scale: Scale::Linear, whole: false };
const TRAIN_LOSS: Quantity = Quantity { name: "training loss", unit: "", scale: Scale::Log, whole: false };
const TEST_LOSS: Quantity = Quantity { name: "test loss", ..TRAIN_LOSS };
const ACCURACY: Quantity = Quantity { name: "test accuracy", unit: "%", scale: Scale::Linear, whole: false };
const ERROR: Quantity = Quantity { name: "relative error", unit: "", scale: Scale::Log, whole: false };
const RESIDUAL: Quantity = Quantity { name: "residual", ..ERROR };
const RMSE: Quantity = Quantity { name: "test RMSE", unit: "unit of the target", scale: Scale::Log, whole: false };
const SLOPE: Quantity = Quantity { name: "magnitude of the slope", ..TRAIN_LOSS };
const GAP: Quantity = Quantity { name: "relative duality gap", ..TRAIN_LOSS };
const ITERATIONS: Quantity = Quantity { name: "iterations", unit: "", scale: Scale::Linear, whole: true };

/// Losses and the test metric, by steps and by time.
pub(super) fn learning(comparison: &Comparison) -> Markup {
    let steps = |record: &Record| record.step as f64;
    let target = comparison.target.as_ref().map(|target| target.train_loss);
    let (metric, metric_title, percent) = match comparison.metric {
        Metric::Accuracy => (ACCURACY, "Test accuracy against steps", 100.0),
        Metric::Rmse => (RMSE, "Test RMSE against steps", 1.0),
        Metric::RelativeError => (ERROR, "Relative error against steps", 1.0),
        Metric::Residual => (RESIDUAL, "Residual against steps", 1.0),
    };
    let chart = |id, x, x_of: fn(&Record) -> f64, y, y_of: &dyn Fn(&Record) -> f64| Chart {
        id,
        x,
        y,
        series: series(comparison, |run| run.records.iter().map(|record| (x_of(record), y_of(record))).collect()),
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

/// The certificates of the directions, for every step; empty when no method has any.
pub(super) fn directions(comparison: &Comparison) -> Markup {
    let all = || comparison.runs.iter().flat_map(|run| &run.directions);
    let chart = |id, y, y_of: fn(&StepRecord) -> f64| Chart {
        id,
        x: STEPS,
        y,
        // Certificates are finite: the last ones of a diverged run are drawn whole.
        series: series(comparison, |run| run.directions.iter().map(|step| (step.step as f64, y_of(step))).collect())
            .into_iter()
            .map(|series| Series { diverged: false, ..series })
            .collect(),
        target: None,
    };
    let ascending = all().filter(|step| step.slope >= 0.0).count();
    html! {
        @if all().next().is_some() {
            section {
                h2 { "Directions and their certificates" }
                (certificates::table(comparison))
                @if ascending > 0 {
                    p { "Of the slopes, " (ascending) " were not negative: those directions did not descend." }
                }
                div.figures {
                    (figure("Slope ⟨∇L, d⟩ against steps", &chart("slope", SLOPE, |step| step.slope.abs())))
                    (figure("Relative duality gap against steps", &chart("gap", GAP, |step| step.relative_gap)))
                    @if all().any(|step| step.iterations > 0) {
                        (figure(
                            "Iterations of the solver against steps",
                            &chart("iterations", ITERATIONS, |step| step.iterations as f64),
                        ))
                    }
                }
                @if all().all(|step| step.iterations == 0) {
                    p { "All subproblems were solved directly, without iterations." }
                }
            }
        }
    }
}

/// One series a method that has any point, in the order and style of the comparison.
fn series(comparison: &Comparison, points: impl Fn(&MethodRun) -> Vec<(f64, f64)>) -> Vec<Series<'_>> {
    let runs = comparison.runs.iter().enumerate();
    runs.map(|(style, run)| Series {
        name: &run.method,
        style,
        points: points(run),
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
    use crate::page::sample;

    #[test]
    fn charts_follow_the_records() {
        let mut comparison = sample::comparison();
        let count = |markup: Markup| markup.into_string().matches("<svg").count();
        assert_eq!(count(learning(&comparison)), 4);
        assert_eq!(count(directions(&comparison)), 3);
        comparison.metric = Metric::Rmse;
        assert!(learning(&comparison).into_string().contains("test RMSE"));

        for step in comparison.runs.iter_mut().flat_map(|run| &mut run.directions) {
            step.iterations = 0;
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
        comparison.runs[3].directions[5].slope = 0.5;
        assert!(directions(&comparison).into_string().contains("did not descend"));
    }

    /// A gap between two evaluations is drawn: the charts are made of steps.
    #[test]
    fn every_step_is_drawn() {
        let mut comparison = sample::comparison();
        comparison.runs[3].directions[700].relative_gap = 0.7654;
        let page = directions(&comparison).into_string();
        assert!(page.contains("dual-gn-adam: 0.7654 at 701 steps"), "{page}");
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
