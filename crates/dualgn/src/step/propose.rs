//! The vector of a step at a damping, and the step size along it.

use burn::module::Module;

use super::attempt::{Attempt, Decreases, Penalty, Point};
use super::momentum::Momentum;
use super::search::{Found, Search};
use super::stepper::Stepper;
use crate::direction::Direction;
use crate::error::{Error, Fault};
use crate::linearize::ParamVector;
use crate::loss::ConvexLoss;

/// The momentum that a step continues, and the number of steps over which it was accumulated.
type Earlier<'a> = Option<&'a (ParamVector, u64)>;

impl<L: ConvexLoss> Stepper<L> {
    /// Computes a direction at a damping, and a step size along it. With `evaluate` the loss after the step is always
    /// computed.
    pub(super) fn attempt<M: Module>(
        &self,
        point: &Point<M, L>,
        rate: f64,
        damping: f64,
        evaluate: bool,
    ) -> Result<Attempt, Error> {
        let mut attempt = self.propose(point, damping, point.momentum.as_ref())?;
        // A search needs a descent direction. Momentum may make the vector ascend; the direction alone does not.
        if attempt.slope >= 0.0
            && point.momentum.is_some()
            && matches!(self.search, Search::Armijo(_) | Search::Grid(_))
        {
            attempt = self.propose(point, damping, None)?;
        }
        attempt.bend = self.bend(point, &attempt)?;
        let rate = self.limit.map_or(rate, |limit| rate.min(limit / attempt.norm));
        let before = (attempt.loss, attempt.slope);
        let loss_at = |step: f64| -> Result<f64, Error> {
            let moved = attempt.moved(point.model.clone(), step);
            Ok(point.subproblem.loss_at(&moved)? + attempt.penalty.at(step))
        };
        let mut found = self.search.find(rate, before, point.last, attempt.model_step, loss_at)?;
        if evaluate && found.loss.is_none() {
            found = Found { loss: Some(loss_at(found.step)?), trials: 1, ..found };
        }
        if let (Some(after), true) = (found.loss, found.step != 0.0) {
            let predicted = point.subproblem.predicted(&attempt.along, found.step)?;
            let penalty = attempt.penalty.at(found.step) - attempt.penalty.at(0.0);
            attempt.decreases = Some(Decreases { actual: attempt.loss - after, predicted: predicted - penalty });
        }
        attempt.found = found;
        Ok(attempt)
    }

    /// How the path of a step bends, where the stepper accelerates and the bend is short beside the step: else the second order is no
    /// correction.
    fn bend<M: Module>(&self, point: &Point<M, L>, attempt: &Attempt) -> Result<Option<ParamVector>, Error> {
        let Some(longest) = self.acceleration.filter(|_| !self.has_metric()) else { return Ok(None) };
        let bend = match point.subproblem.acceleration(point.model, &attempt.vector, attempt.direction.damping) {
            Ok(bend) => bend,
            // The step itself may do where the system cannot be factorised a second time, or where the outputs beside it are infinite.
            Err(error) if error.fault() == Fault::Numerics => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok((2.0 * bend.norm()? <= longest * attempt.norm).then_some(bend))
    }

    /// Computes the vector of a step.
    fn propose<M: Module>(&self, point: &Point<M, L>, damping: f64, momentum: Earlier) -> Result<Attempt, Error> {
        let (direction, fallback) = self.direction(point, damping, momentum.map(|(vector, _)| vector))?;
        let (vector, kept) = self.with_momentum(point, &direction, momentum)?;
        let is_direction = match self.momentum {
            Momentum::None | Momentum::Centre(_) => true,
            Momentum::Nesterov(_) => false,
            _ => momentum.is_none(),
        };
        let along = point.subproblem.along(&vector, is_direction.then_some(&direction))?;
        let (penalty, norm) = (Penalty::new(self.decay, &point.weights, &vector)?, vector.norm()?);
        let slope = along.slope + penalty.slope();
        let model_step = match along.curvature {
            _ if is_direction => direction.model_step,
            Some(curvature) => -slope / (2.0 * curvature + direction.damping * norm * norm),
            None => 1.0,
        };
        Ok(Attempt {
            loss: point.subproblem.loss() + penalty.at(0.0),
            damping: direction.damping - self.decay.penalty(),
            found: Found { step: 0.0, loss: None, trials: 0 },
            decreases: None,
            direction,
            fallback,
            vector,
            bend: None,
            kept,
            accumulated: momentum.map_or(0, |(_, steps)| *steps) + 1,
            norm,
            along,
            penalty,
            slope,
            model_step,
        })
    }

    /// Computes `p`, and the vector that momentum keeps if it is not the step.
    fn with_momentum<M: Module>(
        &self,
        point: &Point<M, L>,
        direction: &Direction,
        momentum: Earlier,
    ) -> Result<(ParamVector, Option<ParamVector>), Error> {
        let d = direction.vector();
        let earlier = momentum.map(|(vector, _)| vector);
        Ok(match (self.momentum, earlier) {
            (Momentum::None, _) | (Momentum::Model, None) => (d, None),
            (Momentum::Centre(_), _) => (d.clone(), Some(d)),
            (Momentum::HeavyBall(mu), _) => {
                let v = added(d, earlier, mu);
                (v.clone(), Some(v))
            }
            (Momentum::Nesterov(mu), _) => {
                let v = added(d.clone(), earlier, mu);
                (d.add_scaled(&v, mu), Some(v))
            }
            (Momentum::Mean(mu), _) => {
                let steps = momentum.map_or(0, |(_, steps)| *steps) + 1;
                let v = added(d.scale(1.0 - mu), earlier, mu);
                (v.clone().scale(1.0 / (1.0 - mu.powf(steps as f64))), Some(v))
            }
            (Momentum::Model, Some(step)) => {
                let eta = self.decay.penalty();
                let penalty = match eta {
                    0.0 => [0.0; 2],
                    _ => [eta * point.weights.dot(&d)?, eta * point.weights.dot(step)?],
                };
                let [a, b] = point.subproblem.minimiser([&d, step], penalty, direction.damping)?;
                (d.scale(a).add_scaled(step, b), None)
            }
        })
    }
}

/// `d + μ v`.
fn added(d: ParamVector, earlier: Option<&ParamVector>, mu: f64) -> ParamVector {
    match earlier {
        Some(v) => d.add_scaled(v, mu),
        None => d,
    }
}
