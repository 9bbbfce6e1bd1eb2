//! What the terminal shows while a method runs: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use dualgn_train::Moment;
use dualgn_train::record::{Metric, Record, StepRecord};
use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal;

/// The progress of one run.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    label: String,
    metric: Metric,
    start: Instant,
    printed: Option<Instant>,
    latest: String,
    steps: usize,
    /// Of the last step.
    direction: Option<String>,
    /// Milliseconds of all directions: forward, solve, back.
    phases: [f64; 3],
}

/// Positions of the bar.
const LENGTH: u64 = 1000;
/// Without a terminal, lines come no more often than this.
const QUIET: Duration = Duration::from_secs(2);

impl Progress {
    /// Starts showing a run.
    pub(crate) fn start(label: &str, metric: Metric, quiet: bool) -> Self {
        let bar = (std::io::stderr().is_terminal() && !quiet).then(|| {
            let bar = ProgressBar::new(LENGTH);
            let style = ProgressStyle::with_template("{prefix:>28} {bar:24} {percent:>3} %  {eta} left\n{wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(label.to_owned());
            bar
        });
        let (label, latest) = (label.to_owned(), String::new());
        Self {
            bar,
            quiet,
            label,
            metric,
            start: Instant::now(),
            printed: None,
            latest,
            steps: 0,
            direction: None,
            phases: [0.0; 3],
        }
    }

    /// A step was taken, or none so far.
    pub(crate) fn step(&mut self, moment: &Moment) {
        let Moment { step, spent, direction, .. } = moment;
        self.steps = *step;
        self.direction = direction.as_ref().map(|direction| {
            let ratio = direction.ratio.map_or(String::new(), |ratio| format!("  ratio {ratio:.2}"));
            let rate = direction.rate.map_or(String::new(), |rate| format!("  step {rate:.2}"));
            let StepRecord { slope, damping, iterations, relative_gap, .. } = *direction;
            // A direct solve has no iterations, and its gap is rounding.
            let solver = match iterations {
                0 => String::new(),
                _ => format!("  gap {relative_gap:.0e} in {iterations}"),
            };
            format!("  slope {slope:.1e}  damping {damping:.1e}{ratio}{rate}{solver}")
        });
        if let Some(direction) = direction {
            let own = [direction.forward_milliseconds, direction.milliseconds, direction.back_milliseconds];
            self.phases.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        if let Some(bar) = &self.bar {
            bar.set_position((spent.min(1.0) * LENGTH as f64) as u64);
            bar.set_message(self.message());
        }
    }

    /// The model was evaluated.
    pub(crate) fn evaluated(&mut self, record: &Record) {
        let test = match self.metric {
            Metric::Accuracy => format!("accuracy {:.2} %", 100.0 * record.test_metric),
            Metric::Rmse => format!("rmse {:.4}", record.test_metric),
            Metric::RelativeError => format!("error {:.2e}", record.test_metric),
            Metric::Residual => format!("residual {:.2e}", record.test_metric),
        };
        self.latest = format!("loss {:.3e}  {test}", record.train_loss);
        self.steps = record.step;
        let due = self.printed.is_none_or(|printed| printed.elapsed() >= QUIET);
        if self.bar.is_none() && due && !self.quiet {
            self.printed = Some(Instant::now());
            terminal::say(format!("{}: step {}  {}", self.label, record.step, self.message()));
        }
    }

    /// The run ended.
    pub(crate) fn finish(self, how: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if !self.quiet {
            terminal::say(format!("{}: {how} after {} steps  {}", self.label, self.steps, self.latest));
        }
    }

    fn message(&self) -> String {
        let rate = self.steps as f64 / self.start.elapsed().as_secs_f64().max(1e-9);
        let all: f64 = self.phases.iter().sum();
        let phases = match all > 0.0 {
            true => {
                let [forward, solve, back] = self.phases.map(|phase| 100.0 * phase / all);
                format!("  forward {forward:.0}, solve {solve:.0}, back {back:.0} %")
            }
            false => String::new(),
        };
        format!("{}{}  {rate:.0} steps/s{phases}", self.latest, self.direction.as_deref().unwrap_or_default())
    }
}

/// Shows on a terminal how many rows a reader is through, and with what, once that takes a while.
#[cfg(feature = "tables")]
pub(crate) fn counted<T>(read: impl FnOnce(&mut dyn FnMut(&'static str, usize)) -> T) -> T {
    let is_shown = std::io::stderr().is_terminal();
    let bar = if is_shown { ProgressBar::no_length() } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{prefix}: {human_pos} rows, {per_sec}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let mut now = "";
    let answer = read(&mut |what, rows| {
        if what != now {
            now = what;
            bar.reset();
            bar.set_prefix(what);
        }
        // Between looks at the clock.
        if rows.is_multiple_of(ROWS) {
            bar.set_position(rows as u64);
        }
    });
    bar.finish_and_clear();
    answer
}

/// Rows between two looks at the clock.
#[cfg(feature = "tables")]
const ROWS: usize = 1 << 12;
