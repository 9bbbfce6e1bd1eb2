//! [`Fallback`]: the alternatives where a factorisation fails.

use burn::module::Module;

use super::attempt::Point;
use super::momentum::Momentum;
use super::stepper::Stepper;
use crate::direction::{Direction, Proximity};
use crate::error::{DirectionError, Error};
use crate::linearize::ParamVector;
use crate::loss::ConvexLoss;

/// The factor by which the damping is raised where a factorisation fails, and the number of such attempts.
const RAISE: (f64, usize) = (10.0, 3);

/// The alternative that replaced a failed factorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fallback {
    /// The damping was raised until the factorisation succeeded.
    MoreDamping,
    /// The eigenvalues of the system were computed, and negative ones set to zero.
    Eigenvalues,
    /// The system was solved by conjugate gradient with products.
    ConjugateGradient,
}

impl std::fmt::Display for Fallback {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

impl Fallback {
    /// Returns the name in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::MoreDamping => "more damping",
            Self::Eigenvalues => "eigenvalues",
            Self::ConjugateGradient => "conjugate gradient",
        }
    }
}

impl<L: ConvexLoss> Stepper<L> {
    /// Computes the direction at a damping, or an alternative if its factorisation fails.
    pub(super) fn direction<M: Module>(
        &self,
        point: &Point<M, L>,
        damping: f64,
        momentum: Option<&ParamVector>,
    ) -> Result<(Direction, Option<Fallback>), Error> {
        let eta = self.decay.penalty();
        let mu = if let Momentum::Centre(mu) = self.momentum { mu } else { 0.0 };
        let ask = |damping: f64, how: &dyn Fn(Proximity) -> Result<Direction, Error>| {
            // The two squares λ/2 ‖d - μφ‖² and η/2 ‖w + d‖² as one.
            let whole = damping + eta;
            let of_momentum = momentum.filter(|_| mu != 0.0).map(|phi| phi.clone().scale(mu * damping / whole));
            let centre = match (of_momentum, eta) {
                (centre, 0.0) => centre,
                (Some(centre), _) => Some(centre.add_scaled(&point.weights, -eta / whole)),
                (None, _) => Some(point.weights.clone().scale(-eta / whole)),
            };
            let mut proximity = Proximity::new(whole);
            if let Some(centre) = &centre {
                proximity = proximity.centred(centre);
            }
            if let Some(metric) = &point.metric {
                proximity = proximity.in_metric(metric);
            }
            how(proximity)
        };
        let subproblem = point.subproblem;
        let plain = ask(damping, &|proximity| subproblem.direction(proximity));
        if !matches!(plain, Err(Error::Direction(DirectionError::Factorisation { .. }))) {
            return Ok((plain?, None));
        }
        let mut raised = damping;
        for _ in 0..RAISE.1 {
            raised *= RAISE.0;
            if let Ok(direction) = ask(raised, &|proximity| subproblem.direction(proximity)) {
                return Ok((direction, Some(Fallback::MoreDamping)));
            }
        }
        if let Ok(direction) = ask(damping, &|proximity| subproblem.direction_by_eigenvalues(proximity)) {
            return Ok((direction, Some(Fallback::Eigenvalues)));
        }
        let direction = ask(damping, &|proximity| subproblem.direction_by_products(proximity))?;
        Ok((direction, Some(Fallback::ConjugateGradient)))
    }
}
