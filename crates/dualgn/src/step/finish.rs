//! The end of a step: the new weights, and the state for the next step.

use burn::module::Module;

use super::adaptation::LevenbergMarquardt;
use super::attempt::{Attempt, Decreases, Point};
use super::momentum::{Decay, Momentum};
use super::report::StepReport;
use super::state::{Kept, State};
use super::stepper::Stepper;
use crate::loss::ConvexLoss;

/// Largest relative gap of a direction at which its damping may fall.
const CERTIFIED: f64 = 0.5;

impl<L: ConvexLoss> Stepper<L> {
    /// Takes the step, and updates the state for the next one.
    pub(super) fn finish<M: Module>(
        &self,
        state: &mut State,
        point: &Point<M, L>,
        attempt: Attempt,
        refused: usize,
        rule: Option<LevenbergMarquardt>,
    ) -> (M, StepReport) {
        let step = attempt.found.step;
        let is_taken = step != 0.0;
        let next_damping = rule.map(|rule| adapt(state, rule, &attempt));
        if is_taken {
            state.last_step = Some(step);
        }
        let moved = attempt.change(step);
        let mut change = moved.clone();
        if let (Decay::Decoupled(eta), true) = (self.decay, is_taken) {
            change = change.add_scaled(&point.weights, -eta * step);
        }
        let model = point.model.clone();
        let next = if is_taken { change.added_to(model, 1.0) } else { model };
        let report = StepReport {
            loss: attempt.loss,
            loss_after: attempt.found.loss,
            slope: attempt.slope,
            step,
            length: step * attempt.norm,
            ratio: attempt.ratio(),
            trials: attempt.found.trials,
            refused,
            next_damping,
            fallback: attempt.fallback,
            change,
            direction: attempt.direction,
        };
        if self.momentum != Momentum::None {
            // Momentum of a rejected step is forgotten.
            let kept = is_taken.then(|| attempt.kept.unwrap_or(moved));
            state.momentum = kept.map(|kept| Kept::Vector(kept, attempt.accumulated));
        }
        (next, report)
    }
}

/// Updates and returns the damping of the next step.
fn adapt(state: &mut State, rule: LevenbergMarquardt, attempt: &Attempt) -> f64 {
    let damping = match attempt.decreases {
        Some(new) if attempt.found.step != 0.0 => {
            let decreases = state.decreases.map_or(new, |old| Decreases {
                actual: rule.smoothing * old.actual + (1.0 - rule.smoothing) * new.actual,
                predicted: rule.smoothing * old.predicted + (1.0 - rule.smoothing) * new.predicted,
            });
            state.decreases = Some(decreases);
            let next = rule.after(attempt.damping, decreases.actual / decreases.predicted);
            // The error of an inexact solution grows as the damping falls.
            if attempt.direction.relative_gap() <= CERTIFIED { next } else { next.max(attempt.damping) }
        }
        _ => attempt.damping,
    };
    state.damping = Some(damping);
    damping
}
