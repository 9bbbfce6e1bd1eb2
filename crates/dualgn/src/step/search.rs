//! [`Search`]: the choice of the step size along a direction.

/// The rule by which a [`Stepper`](super::Stepper) chooses its step size along the vector `p`, given a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Search {
    /// The rate itself. No loss is evaluated.
    Rate,
    /// The rate times the step that minimises the model along `p`: one for an exact direction without momentum, less
    /// for one whose solver stopped early. Cost: one product with `J`.
    Model,
    /// Backtracking from the rate.
    Armijo(Armijo),
    /// The best of several steps on a grid, from the rate downwards.
    Grid(Grid),
}

/// Backtracking: the step size `t` shrinks until `L(w + t p) ≤ L(w) + c t ⟨∇L, p⟩`. (Armijo, 1966.)
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Armijo {
    /// The constant `c`, at least 0 and below 1.
    pub sufficient: f64,
    /// Factor by which a rejected step size shrinks, above 0 and below 1.
    pub shrink: f64,
    /// Largest number of steps tried.
    pub trials: usize,
    /// The step size that is tried first.
    pub first: FirstTrial,
}

/// The step size with which a search begins.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FirstTrial {
    /// The rate.
    Rate,
    /// The last step that was taken times this factor, and at most the rate. (Korbit et al., arXiv 2405.14402, whose
    /// factor is 1.5.)
    Last(f64),
}

impl Armijo {
    /// Backtracking from the rate by halving.
    pub const HALVING: Self = Self { sufficient: 1e-4, shrink: 0.5, trials: 20, first: FirstTrial::Rate };
    /// The settings of exact Gauss-Newton (Korbit et al., arXiv 2405.14402).
    pub const EXACT_GAUSS_NEWTON: Self =
        Self { sufficient: 0.1, shrink: 0.8, trials: 15, first: FirstTrial::Last(1.5) };

    /// Sets the constant `c`.
    #[must_use]
    pub const fn sufficient(mut self, constant: f64) -> Self {
        self.sufficient = constant;
        self
    }

    /// Sets the factor by which a rejected step size shrinks.
    #[must_use]
    pub const fn shrink(mut self, factor: f64) -> Self {
        self.shrink = factor;
        self
    }

    /// Sets the largest number of steps tried.
    #[must_use]
    pub const fn trials(mut self, most: usize) -> Self {
        self.trials = most;
        self
    }

    /// Sets the step size that is tried first.
    #[must_use]
    pub const fn first(mut self, first: FirstTrial) -> Self {
        self.first = first;
        self
    }
}

/// A grid of step sizes, spaced evenly in their logarithm. If all are worse than staying, no step is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Grid {
    /// The shortest step, for a rate of one.
    pub least: f64,
    /// Number of steps, at least two.
    pub trials: usize,
}

impl Grid {
    /// 15 steps from 1 to 1e-3, as in shape learning by Gauss-Newton natural gradients (King et al., arXiv 2602.00099).
    pub const SHAPES: Self = Self { least: 1e-3, trials: 15 };
    /// 31 powers of one half, as in energy natural gradients (Müller and Zeinhofer, ICML 2023).
    pub const HALVES: Self = Self { least: 1.0 / (1 << 30) as f64, trials: 31 };

    /// Creates the grid of so many steps from 1 down to `least`.
    pub const fn new(least: f64, trials: usize) -> Self {
        Self { least, trials }
    }

    pub(super) fn steps(self, rate: f64) -> impl Iterator<Item = f64> {
        let last = self.trials.max(2) - 1;
        (0..=last).map(move |index| rate * self.least.powf(index as f64 / last as f64))
    }
}

/// The result of a search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    /// The step size; zero if no step is better than staying.
    pub step: f64,
    /// The loss after the step, if it was evaluated.
    pub loss: Option<f64>,
    pub trials: usize,
}

impl Search {
    /// Chooses the step size, given the loss and the slope at zero, the last step, the step that minimises the model,
    /// and the loss as a function of the step. A loss that is not finite counts as worse than any finite one.
    pub(super) fn find<E>(
        self,
        rate: f64,
        (loss, slope): (f64, f64),
        last: Option<f64>,
        model_step: f64,
        mut at: impl FnMut(f64) -> Result<f64, E>,
    ) -> Result<Found, E> {
        match self {
            Self::Rate => Ok(Found { step: rate, loss: None, trials: 0 }),
            Self::Model => Ok(Found { step: rate * model_step, loss: None, trials: 0 }),
            Self::Armijo(Armijo { sufficient, shrink, trials, first }) => {
                let mut step = match (first, last) {
                    (FirstTrial::Last(growth), Some(last)) if last > 0.0 => (growth * last).min(rate),
                    _ => rate,
                };
                for trial in 1..=trials {
                    let found = at(step)?;
                    if found <= loss + sufficient * step * slope {
                        return Ok(Found { step, loss: Some(found), trials: trial });
                    }
                    step *= shrink;
                }
                Ok(Found { step: 0.0, loss: Some(loss), trials })
            }
            Self::Grid(grid) => {
                let mut best = Found { step: 0.0, loss: Some(loss), trials: grid.trials };
                for step in grid.steps(rate) {
                    let found = at(step)?;
                    if best.loss.is_some_and(|best| found < best) {
                        best = Found { step, loss: Some(found), ..best };
                    }
                }
                Ok(best)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// `(t - 0.3)²` from `t = 0`: loss 0.09, slope -0.6.
    fn search(search: Search, rate: f64, last: Option<f64>) -> Found {
        search.find(rate, (0.09, -0.6), last, 0.3, |t| Ok::<_, Infallible>((t - 0.3) * (t - 0.3))).unwrap()
    }

    #[test]
    fn backtracking_takes_the_first_step_with_enough_decrease() {
        // 1 and 0.64 are above the line, 0.512 is below: by 0.0451 of 0.0593.
        let armijo = Armijo { sufficient: 0.1, shrink: 0.8, trials: 15, first: FirstTrial::Last(1.5) };
        let found = search(Search::Armijo(armijo), 1.0, None);
        assert!((found.step - 0.512).abs() < 1e-12 && found.trials == 4, "{found:?}");
        // From 1.5 times the last step.
        let found = search(Search::Armijo(armijo), 1.0, Some(0.2));
        assert!((found.step - 0.3).abs() < 1e-12 && found.trials == 1, "{found:?}");
        // Uphill there is no step.
        let up = Search::Armijo(Armijo::HALVING).find(1.0, (0.0, -1.0), None, 1.0, Ok::<_, Infallible>);
        assert_eq!(up.unwrap(), Found { step: 0.0, loss: Some(0.0), trials: 20 });
    }

    #[test]
    fn a_grid_takes_the_best_or_none() {
        let found = search(Search::Grid(Grid { least: 0.01, trials: 5 }), 1.0, None);
        assert!((found.step - 0.31622776601683794).abs() < 1e-12, "{found:?}");
        let bad = Search::Grid(Grid::SHAPES).find(1.0, (0.0, -1.0), None, 1.0, |_| Ok::<_, Infallible>(f64::NAN));
        assert_eq!(bad.unwrap().step, 0.0);
        let steps: Vec<f64> = Grid::HALVES.steps(1.0).collect();
        assert!(steps.iter().enumerate().all(|(i, step)| (step * f64::from(1 << i) - 1.0).abs() < 1e-12));
    }

    #[test]
    fn a_rate_and_a_model_evaluate_nothing() {
        assert_eq!(search(Search::Rate, 0.7, None), Found { step: 0.7, loss: None, trials: 0 });
        assert_eq!(search(Search::Model, 0.5, None), Found { step: 0.15, loss: None, trials: 0 });
    }
}
