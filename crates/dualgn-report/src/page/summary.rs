//! The result in plain words, as far as the numbers carry it.

use dualgn_io::number::{factor, grouped, seconds, significant};
use dualgn_train::record::{Comparison, MethodRun, Metric, Record, Status, TargetLoss};

/// The method others are compared with, when it ran.
const REFERENCE: &str = "adam";

/// A few sentences a paragraph: who reached the target and who did not; how the runs and the tests came out.
pub(super) fn paragraphs(comparison: &Comparison) -> Vec<String> {
    let training = match &comparison.target {
        Some(target) => about_target(comparison, target),
        None => lowest_loss(comparison).into_iter().collect(),
    };
    let mut ends: Vec<String> = comparison.runs.iter().filter_map(about_status).collect();
    ends.extend(about_test(comparison));
    [training, ends]
        .into_iter()
        .filter(|sentences| !sentences.is_empty())
        .map(|sentences| sentences.join(" "))
        .collect()
}

/// A run and its first evaluation at or below the target.
type Arrival<'a> = (&'a MethodRun, &'a Record);

fn about_target(comparison: &Comparison, target: &TargetLoss) -> Vec<String> {
    let mut arrivals: Vec<Arrival> =
        comparison.runs.iter().filter_map(|run| Some((run, run.first_at_most(target.train_loss)?))).collect();
    arrivals.sort_by_key(|(_, record)| record.step);
    let wanted = format!("training loss of {} ({})", significant(target.train_loss), target.source);
    let Some(&first) = arrivals.first() else {
        let mut sentences = vec![format!("No method reached the target, a {wanted}.")];
        sentences.extend(lowest_loss(comparison));
        return sentences;
    };

    let mut sentences = vec![format!("The target is a {wanted}.")];
    let reference = arrivals.iter().find(|(run, _)| run.method == REFERENCE);
    sentences.push(match reference {
        Some(&reference) if reference.0.method != first.0.method => against(first, reference),
        _ => format!("{} reached it in the fewest steps: {}.", first.0.method, effort(first.1)),
    });
    let named = |run: &MethodRun| run.method == first.0.method || run.method == REFERENCE;
    for (run, record) in arrivals.iter().filter(|(run, _)| !named(run)) {
        sentences.push(format!("{} needed {}.", run.method, effort(record)));
    }
    if reference.is_some_and(|(run, _)| run.method == first.0.method) && arrivals.len() > 1 {
        sentences.push(format!("No other method was ahead of {REFERENCE} in steps."));
    }
    let by_time = |a: &&Arrival, b: &&Arrival| a.1.seconds.total_cmp(&b.1.seconds);
    if let Some((run, record)) = arrivals.iter().min_by(by_time)
        && run.method != first.0.method
    {
        let time = seconds(record.seconds);
        sentences.push(format!("In time, {} was first, after {time}.", run.method));
    }
    let missed: Vec<&str> = comparison
        .runs
        .iter()
        .filter(|run| run.status == Status::Finished && run.first_at_most(target.train_loss).is_none())
        .map(|run| run.method.as_str())
        .collect();
    if !missed.is_empty() {
        sentences.push(format!("{} did not reach it within the budget.", listed(&missed)));
    }
    sentences
}

/// The first method to arrive beside the reference, in steps and in time.
fn against((run, record): Arrival, (reference, other): Arrival) -> String {
    let steps = compared(record.step as f64, other.step as f64, "fewer", "more");
    let faster = compared(record.seconds, other.seconds, "faster", "slower");
    format!(
        "{} reached it in {} steps where {} took {}{steps}, and in {} where {} took {}{faster}.",
        run.method,
        grouped(record.step),
        reference.method,
        grouped(other.step),
        seconds(record.seconds),
        reference.method,
        seconds(other.seconds),
    )
}

/// ` (29 times fewer)`; nothing where a ratio has no meaning.
fn compared(own: f64, other: f64, less: &str, more: &str) -> String {
    let ratio = other / own;
    if !ratio.is_finite() || ratio <= 0.0 {
        String::new()
    } else if (0.95..1.05).contains(&ratio) {
        " (about the same)".into()
    } else if ratio > 1.0 {
        format!(" ({} times {less})", factor(ratio))
    } else {
        format!(" ({} times {more})", factor(1.0 / ratio))
    }
}

fn effort(record: &Record) -> String {
    let steps = grouped(record.step);
    let plural = if record.step == 1 { "" } else { "s" };
    format!("{steps} step{plural} and {}", seconds(record.seconds))
}

/// The lowest last training loss of the runs that ended well.
fn lowest_loss(comparison: &Comparison) -> Option<String> {
    let lasts = ends(comparison).filter(|(_, record)| record.train_loss.is_finite());
    let (run, record) = lasts.min_by(|a, b| a.1.train_loss.total_cmp(&b.1.train_loss))?;
    Some(format!("The lowest training loss at the end is {}, by {}.", significant(record.train_loss), run.method))
}

fn about_status(run: &MethodRun) -> Option<String> {
    let step = grouped(run.records.last().map_or(0, |record| record.step));
    match run.status {
        Status::Finished | Status::Reached | Status::EarlyStopped => None,
        Status::Converged => Some(format!("{} found no better step after step {step}.", run.method)),
        Status::Diverged => Some(format!("{} diverged; its last evaluation is at step {step}.", run.method)),
        Status::Interrupted => Some(format!("{} was interrupted; its last evaluation is at step {step}.", run.method)),
    }
}

fn about_test(comparison: &Comparison) -> Option<String> {
    let (name, badness): (_, fn(&Record) -> f64) = match comparison.metric {
        Metric::Accuracy => ("highest test accuracy", |record| -record.test_metric),
        Metric::Rmse => ("lowest test RMSE", |record| record.test_metric),
        Metric::RelativeError => ("lowest relative error", |record| record.test_metric),
        Metric::Residual => ("lowest residual", |record| record.test_metric),
    };
    let text = |record: &Record| match comparison.metric {
        Metric::Accuracy => format!("{} %", significant(100.0 * record.test_metric)),
        Metric::Rmse | Metric::RelativeError | Metric::Residual => significant(record.test_metric),
    };
    let mut lasts: Vec<Arrival> = ends(comparison).filter(|(_, record)| record.test_metric.is_finite()).collect();
    lasts.sort_by(|a, b| badness(a.1).total_cmp(&badness(b.1)));
    let best = badness(lasts.first()?.1);
    let winners: Vec<&str> =
        lasts.iter().take_while(|(_, record)| badness(record) <= best).map(|(run, _)| run.method.as_str()).collect();
    let mut sentence = format!("The {name} at the end is {}, by {}", text(lasts[0].1), listed(&winners));
    let reference = lasts.iter().find(|(run, _)| run.method == REFERENCE);
    if let Some((run, record)) = reference
        && !winners.contains(&REFERENCE)
    {
        sentence.push_str(&format!("; {} ends at {}", run.method, text(record)));
    }
    sentence.push('.');
    Some(sentence)
}

/// The last evaluations of the runs that did not diverge.
fn ends(comparison: &Comparison) -> impl Iterator<Item = Arrival<'_>> {
    let runs = comparison.runs.iter().filter(|run| run.status != Status::Diverged);
    runs.filter_map(|run| Some((run, run.records.last()?)))
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).into(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample;

    fn text(comparison: &Comparison) -> String {
        paragraphs(comparison).join(" ")
    }

    /// Two evaluations: the start, and an end with the given values.
    fn run(method: &str, step: usize, seconds: f64, train_loss: f64) -> MethodRun {
        let mut run = sample::comparison().runs.remove(1);
        run.method = method.into();
        run.records.truncate(2);
        run.records[1].step = step;
        run.records[1].seconds = seconds;
        run.records[1].train_loss = train_loss;
        run
    }

    fn comparison(runs: Vec<MethodRun>) -> Comparison {
        let target = Some(TargetLoss { train_loss: 0.1, source: "by hand".into() });
        Comparison { runs, target, ..sample::comparison() }
    }

    #[test]
    fn a_method_ahead_of_adam() {
        let text = text(&comparison(vec![
            run("adam", 1200, 20.0, 0.1),
            run("dual-gn-adam", 41, 40.0, 0.05),
            run("sgd", 1500, 25.0, 0.3),
        ]));
        assert!(text.contains("dual-gn-adam reached it in 41 steps where adam took 1,200 (29 times fewer)"), "{text}");
        assert!(text.contains("in 40 s where adam took 20 s (2.0 times slower)"), "{text}");
        assert!(text.contains("In time, adam was first"), "{text}");
        assert!(text.contains("sgd did not reach it within the budget."), "{text}");
    }

    #[test]
    fn adam_ahead_of_all() {
        let text = text(&comparison(vec![run("dual-gn-sgd", 90, 9.0, 0.1), run("adam", 30, 1.0, 0.1)]));
        assert!(text.contains("adam reached it in the fewest steps: 30 steps and 1 s."), "{text}");
        assert!(text.contains("dual-gn-sgd needed 90 steps and 9 s."), "{text}");
        assert!(text.contains("No other method was ahead of adam"), "{text}");
    }

    #[test]
    fn nobody_arrives() {
        let mut comparison = comparison(vec![run("adam", 30, 1.0, 0.2), run("sgd", 7, 1.0, f64::NAN)]);
        comparison.runs[1].status = Status::Diverged;
        let text = text(&comparison);
        assert!(text.starts_with("No method reached the target, a training loss of 0.1000 (by hand)."), "{text}");
        assert!(text.contains("lowest training loss at the end is 0.2000, by adam."), "{text}");
        assert!(text.contains("sgd diverged; its last evaluation is at step 7."), "{text}");
    }

    #[test]
    fn edges_do_not_break_the_words() {
        // The target is met before the first step: a ratio of steps has no meaning.
        let mut at_start = comparison(vec![run("adam", 10, 1.0, 0.1), run("sgd", 10, 1.0, 0.1)]);
        at_start.runs[1].records[0].train_loss = 0.05;
        let start = text(&at_start);
        assert!(start.contains("sgd reached it in 0 steps where adam took 10, and"), "{start}");

        let mut empty = comparison(vec![run("adam", 10, 1.0, 0.1)]);
        empty.runs[0].records.clear();
        empty.runs[0].status = Status::Interrupted;
        assert!(text(&empty).contains("adam was interrupted; its last evaluation is at step 0."));

        let none = Comparison { target: None, ..comparison(vec![]) };
        assert_eq!(text(&none), "");
    }

    #[test]
    fn equal_test_results_share_the_first_place() {
        let text = text(&comparison(vec![run("sgd", 1, 1.0, 0.1), run("adam", 1, 1.0, 0.1)]));
        assert!(text.contains(", by sgd and adam."), "{text}");
    }
}
