//! [`Length`] and [`Budget`]: when a run ends; and when it is evaluated.

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    /// After so many steps.
    Steps(usize),
    /// After so many seconds of training.
    Seconds(f64),
}

/// How long a run goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Passes over the training examples; where all examples are in every step, steps.
    Epochs(f64),
    /// Seconds of training, evaluations excluded.
    Seconds(f64),
}

impl Length {
    /// Returns when a run ends that takes so many steps in one pass.
    pub fn budget(self, steps_per_epoch: usize) -> Budget {
        match self {
            Self::Epochs(epochs) => Budget::Steps(((epochs * steps_per_epoch as f64).round() as usize).max(1)),
            Self::Seconds(seconds) => Budget::Seconds(seconds),
        }
    }
}

/// When evaluations are due: after each of the first ten steps, where fast methods do most of their work, and then a
/// fixed number of times over the budget.
pub(crate) struct Schedule {
    budget: Budget,
    /// Parts of the budget that were spent at the last evaluation.
    evaluated: f64,
}

/// Evaluations over the budget, after the first steps.
const EVALUATIONS: f64 = 60.0;

impl Schedule {
    /// From a step on, whose evaluation is due if it would be without a pause before it: what a run is evaluated at may decide what it
    /// keeps. With a budget of seconds that cannot be said, and it is due.
    pub(crate) fn new(budget: Budget, step: usize, seconds: f64) -> Self {
        let mut schedule = Self { budget, evaluated: 0.0 };
        schedule.evaluated = match budget {
            Budget::Steps(_) => schedule.part(step.saturating_sub(1), seconds),
            Budget::Seconds(_) if step > 0 => schedule.part(step, seconds) - 1.0,
            Budget::Seconds(_) => 0.0,
        };
        schedule
    }

    /// Whole parts of the budget that are spent. The small number keeps a step that completes a part from being rounded below it.
    fn part(&self, step: usize, seconds: f64) -> f64 {
        (self.spent(step, seconds) * EVALUATIONS + 1e-9).floor()
    }

    /// The fraction of the budget that is spent.
    pub(crate) fn spent(&self, step: usize, seconds: f64) -> f64 {
        match self.budget {
            Budget::Steps(steps) => step as f64 / steps.max(1) as f64,
            Budget::Seconds(limit) => seconds / limit,
        }
    }

    /// Whether an evaluation is due; to be asked once before each step.
    pub(crate) fn due(&mut self, step: usize, seconds: f64) -> bool {
        let part = self.part(step, seconds);
        let due = step <= 10 || part > self.evaluated;
        self.evaluated = part;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_changes_no_evaluation() {
        let due = |schedule: &mut Schedule, steps: std::ops::RangeInclusive<usize>| {
            steps.filter(|&step| schedule.due(step, 0.0)).collect::<Vec<_>>()
        };
        let whole = due(&mut Schedule::new(Budget::Steps(300), 0, 0.0), 0..=300);
        for pause in [0, 1, 7, 10, 11, 14, 15, 16, 299, 300] {
            let resumed = due(&mut Schedule::new(Budget::Steps(300), pause, 0.0), pause..=300);
            assert_eq!(resumed, whole.iter().copied().filter(|&step| step >= pause).collect::<Vec<_>>(), "{pause}");
        }
        assert!(Schedule::new(Budget::Seconds(10.0), 50, 3.0).due(50, 3.0));
    }

    #[test]
    fn evaluations_are_dense_at_first_and_even_later() {
        let mut schedule = Schedule::new(Budget::Steps(1200), 0, 0.0);
        let due: Vec<usize> = (0..=1200).filter(|&step| schedule.due(step, 0.0)).collect();
        assert_eq!(due[..11], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(due[11..14], [20, 40, 60]);
        assert_eq!(due.last(), Some(&1200));
        assert_eq!(due.len(), 11 + 60);
    }
}
