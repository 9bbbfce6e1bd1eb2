//! [`Adaptation`]: rules that change the damping from step to step.

/// The rule by which the damping of a [`Stepper`](super::Stepper) changes from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Adaptation {
    /// The damping of the oracle at the loss of each batch.
    Oracle,
    /// The damping of the oracle, decaying from step to step.
    Schedule(DampingSchedule),
    /// Damping by the ratio of actual to predicted decrease, starting from the damping of the oracle at the first loss.
    LevenbergMarquardt(LevenbergMarquardt),
}

/// A decaying damping: the damping of the oracle times `factor^t` after `t` steps, bounded below by `least`. It is
/// strong at first, where the linearised network is accurate for short steps only, and weak near a minimum.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DampingSchedule {
    /// Factor of the damping per step, above 0 and usually below 1.
    pub factor: f64,
    /// Lower bound on the damping, above 0.
    pub least: f64,
}

impl DampingSchedule {
    /// Creates the schedule that multiplies the damping by `factor` at each step and keeps it above `least`.
    pub const fn new(factor: f64, least: f64) -> Self {
        Self { factor, least }
    }

    /// The damping after a number of steps, from that of the oracle.
    pub(super) fn after(self, steps: u64, oracle: f64) -> f64 {
        (oracle * self.factor.powf(steps as f64)).max(self.least)
    }
}

/// Levenberg-Marquardt damping. With the ratio `ρ = (L(w) - L(w + t d)) / (predicted decrease)` on the batch of the
/// step, `λ` rises where `ρ` is below `poor` and falls where it is above `good`. A rejected step raises `λ` further and
/// is tried again from the same point, where the Gram matrix is already available.
///
/// On batches the ratio is noisy, so the actual and the predicted decreases are each smoothed over steps, and the ratio
/// of the smoothed decreases adapts the damping. (Marquardt, 1963; Martens, "Deep learning via Hessian-free
/// optimization", 2010, for the factors.)
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LevenbergMarquardt {
    /// Ratio below which the damping rises.
    pub poor: f64,
    /// Ratio above which the damping falls.
    pub good: f64,
    /// Factor by which the damping rises.
    pub rise: f64,
    /// Factor by which the damping falls.
    pub fall: f64,
    /// Factor by which the damping rises after a rejected step.
    pub refuse: f64,
    /// Ratio below which a step is rejected.
    pub accept: f64,
    /// Weight of earlier steps in the smoothed decreases, at least 0 and below 1.
    pub smoothing: f64,
    /// What the damping does not fall below, besides `least`.
    pub floor: Floor,
    /// Lower bound on the damping.
    pub least: f64,
    /// Upper bound on the damping.
    pub most: f64,
}

/// What a damping that adapts does not fall below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Floor {
    /// Its own lower bound alone.
    Least,
    /// The damping of the oracle at the loss of each batch. This is recommended for batches: a step whose ratio is good
    /// on one batch is too long for the others.
    Oracle,
}

impl LevenbergMarquardt {
    /// Settings for batches: Martens' thresholds and factors, decreases smoothed over about five steps; any decrease is
    /// accepted.
    pub const STOCHASTIC: Self = Self {
        poor: 0.25,
        good: 0.75,
        rise: 1.5,
        fall: 2.0 / 3.0,
        refuse: 4.0,
        accept: 0.0,
        smoothing: 0.8,
        floor: Floor::Oracle,
        least: 1e-8,
        most: 1e8,
    };

    /// Settings for full-batch training: factors of ten, no smoothing.
    pub const FULL: Self = Self {
        rise: 10.0,
        fall: 0.1,
        refuse: 10.0,
        accept: 1e-4,
        smoothing: 0.0,
        floor: Floor::Least,
        least: 1e-16,
        most: 1e16,
        ..Self::STOCHASTIC
    };

    /// Sets the ratio below which the damping rises, and the ratio above which it falls.
    #[must_use]
    pub const fn thresholds(mut self, poor: f64, good: f64) -> Self {
        (self.poor, self.good) = (poor, good);
        self
    }

    /// Sets the factors by which the damping rises, falls, and rises after a rejected step.
    #[must_use]
    pub const fn factors(mut self, rise: f64, fall: f64, refuse: f64) -> Self {
        (self.rise, self.fall, self.refuse) = (rise, fall, refuse);
        self
    }

    /// Sets the ratio below which a step is rejected.
    #[must_use]
    pub const fn accept(mut self, ratio: f64) -> Self {
        self.accept = ratio;
        self
    }

    /// Sets the weight of earlier steps in the smoothed decreases.
    #[must_use]
    pub const fn smoothing(mut self, weight: f64) -> Self {
        self.smoothing = weight;
        self
    }

    /// Sets what the damping does not fall below, besides the lower bound.
    #[must_use]
    pub const fn floor(mut self, floor: Floor) -> Self {
        self.floor = floor;
        self
    }

    /// Sets the bounds on the damping.
    #[must_use]
    pub const fn bounds(mut self, least: f64, most: f64) -> Self {
        (self.least, self.most) = (least, most);
        self
    }

    pub(super) fn clamp(&self, damping: f64) -> f64 {
        damping.clamp(self.least, self.most)
    }

    /// The damping after a step with the given ratio.
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
        assert_eq!(schedule.after(0, 2.0), 2.0);
        assert_eq!(schedule.after(3, 2.0), 0.25);
        assert_eq!(schedule.after(100, 2.0), 1e-3);
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
