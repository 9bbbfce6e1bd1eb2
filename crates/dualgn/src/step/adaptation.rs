//! [`Adaptation`]: how the damping changes from step to step.

/// How the damping of a [`Stepper`](super::Stepper) changes from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Adaptation {
    /// The oracle's damping, at each loss.
    Oracle,
    /// The oracle's damping, less and less of it from step to step.
    Schedule(DampingSchedule),
    /// By the ratio of actual to predicted decrease, from the oracle's damping at the first loss on.
    LevenbergMarquardt(LevenbergMarquardt),
}

/// The oracle's damping times `factor^t` after `t` steps, down to a least one: strong while the linearised network is good for short
/// steps only, weak near a minimum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DampingSchedule {
    /// What the damping is multiplied with after each step, above 0 and usually below 1.
    pub factor: f64,
    /// The damping at least, above 0.
    pub least: f64,
}

impl DampingSchedule {
    /// The damping after some steps, of the oracle's.
    pub(super) fn after(self, steps: f64, oracle: f64) -> f64 {
        (oracle * self.factor.powf(steps)).max(self.least)
    }
}

/// Levenberg-Marquardt damping: with the ratio `ρ = (L(w) - L(w + t d)) / (predicted decrease)` on the batch of the step, `λ` rises
/// where `ρ` is below `poor` and falls where it is above `good`. A step that is refused raises it by more and is tried again from
/// the same point, for which the Gram matrix is there already.
///
/// On batches the ratio is noisy: actual and predicted decreases are each smoothed over steps, and it is their ratio that counts.
/// (Marquardt, 1963; Martens, "Deep learning via Hessian-free optimization", 2010, for the factors.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevenbergMarquardt {
    /// Below this ratio the damping rises.
    pub poor: f64,
    /// Above this ratio the damping falls.
    pub good: f64,
    /// What the damping is multiplied with where it rises.
    pub rise: f64,
    /// What the damping is multiplied with where it falls.
    pub fall: f64,
    /// What the damping is multiplied with where a step is refused.
    pub refuse: f64,
    /// A step with a ratio below this is refused.
    pub accept: f64,
    /// Weight of earlier steps in the smoothed decreases, from 0 to below 1.
    pub smoothing: f64,
    /// Whether the oracle's damping, at the loss of each batch, is the least. Batches want it: a step that is right for one batch, as
    /// its ratio says, is too long for the others.
    pub floor: bool,
    /// The damping at least.
    pub least: f64,
    /// The damping at most.
    pub most: f64,
}

impl LevenbergMarquardt {
    /// For batches: Martens' thresholds and factors, decreases smoothed over about five steps; any decrease is accepted.
    pub const STOCHASTIC: Self = Self {
        poor: 0.25,
        good: 0.75,
        rise: 1.5,
        fall: 2.0 / 3.0,
        refuse: 4.0,
        accept: 0.0,
        smoothing: 0.8,
        floor: true,
        least: 1e-8,
        most: 1e8,
    };

    /// For the whole data: steps of a factor of ten, nothing smoothed.
    pub const FULL: Self = Self {
        rise: 10.0,
        fall: 0.1,
        refuse: 10.0,
        accept: 1e-4,
        smoothing: 0.0,
        floor: false,
        least: 1e-16,
        most: 1e16,
        ..Self::STOCHASTIC
    };

    pub(super) fn clamp(&self, damping: f64) -> f64 {
        damping.clamp(self.least, self.most)
    }

    /// The damping after a step of this ratio.
    pub(super) fn after(&self, damping: f64, ratio: f64) -> f64 {
        self.clamp(if ratio < self.poor {
            damping * self.rise
        } else if ratio > self.good {
            damping * self.fall
        } else {
            damping
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_ends_at_its_least() {
        let schedule = DampingSchedule { factor: 0.5, least: 1e-3 };
        assert_eq!(schedule.after(0.0, 2.0), 2.0);
        assert_eq!(schedule.after(3.0, 2.0), 0.25);
        assert_eq!(schedule.after(100.0, 2.0), 1e-3);
    }

    #[test]
    fn damping_follows_the_ratio_between_its_bounds() {
        let rule = LevenbergMarquardt::STOCHASTIC;
        assert_eq!(rule.after(1.0, 0.1), 1.5);
        assert_eq!(rule.after(1.0, 0.5), 1.0);
        assert_eq!(rule.after(1.0, 0.9), 2.0 / 3.0);
        assert_eq!(rule.after(rule.most, -1.0), rule.most);
        assert_eq!(rule.after(rule.least, 1.0), rule.least);
    }
}
