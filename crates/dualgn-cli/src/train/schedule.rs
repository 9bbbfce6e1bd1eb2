//! [`Budget`]: when a run ends; and when it is evaluated.

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    /// After so many steps.
    Steps(usize),
    /// After so many seconds of training.
    Seconds(f64),
}

/// When evaluations are due: after each of the first ten steps, where fast methods do most of their work, and then a
/// fixed number of times over the budget.
pub struct Schedule {
    budget: Budget,
    /// Parts of the budget that were spent at the last evaluation.
    evaluated: f64,
}

/// Evaluations over the budget, after the first steps.
const EVALUATIONS: f64 = 60.0;

impl Schedule {
    /// From a step on, whose evaluation is due if it is the first.
    pub fn new(budget: Budget, step: usize, seconds: f64) -> Self {
        let mut schedule = Self { budget, evaluated: 0.0 };
        if step > 0 {
            schedule.evaluated = schedule.part(step, seconds);
        }
        schedule
    }

    /// Whole parts of the budget that are spent. The small number keeps a step that completes a part from being rounded below it.
    fn part(&self, step: usize, seconds: f64) -> f64 {
        (self.spent(step, seconds) * EVALUATIONS + 1e-9).floor()
    }

    /// The fraction of the budget that is spent.
    pub fn spent(&self, step: usize, seconds: f64) -> f64 {
        match self.budget {
            Budget::Steps(steps) => step as f64 / steps.max(1) as f64,
            Budget::Seconds(limit) => seconds / limit,
        }
    }

    /// Whether an evaluation is due; to be asked once before each step.
    pub fn due(&mut self, step: usize, seconds: f64) -> bool {
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
    fn evaluations_are_dense_at_first_and_even_later() {
        let mut schedule = Schedule::new(Budget::Steps(1200), 0, 0.0);
        let due: Vec<usize> = (0..=1200).filter(|&step| schedule.due(step, 0.0)).collect();
        assert_eq!(due[..11], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(due[11..14], [20, 40, 60]);
        assert_eq!(due.last(), Some(&1200));
        assert_eq!(due.len(), 11 + 60);
    }
}
