//! [`Momentum`] and [`Decay`]: what steps keep of earlier ones, and what they take off the weights.

/// What the steps of a [`Stepper`](super::Stepper) keep of earlier ones. `d` is the direction, `p` what is stepped along.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Momentum {
    /// Nothing: `p = d`.
    None,
    /// Heavy ball: `v ← μ v + d`, `p = v`. (Polyak, 1964.)
    HeavyBall(f64),
    /// A mean of directions without the bias of its start: `v ← μ v + (1 - μ) d`, `p = v / (1 - μᵗ)`, as exact Gauss-Newton has it
    /// (Korbit et al., arXiv 2405.14402).
    Mean(f64),
    /// Nesterov's: `v ← μ v + d`, `p = μ v + d`.
    Nesterov(f64),
    /// The centre of the proximity term: `c = μ φ` with `φ` the last direction, before it was limited. (SPRING: Goldshlager,
    /// Abrahamsen and Lin, arXiv 2401.10190.)
    Centre(f64),
    /// `p = a d + b s` with `s` the last step, and `a` and `b` the minimisers of the model. (Martens and Grosse, "Optimizing
    /// neural networks with Kronecker-factored approximate curvature", 2015, section 7.) Second-order models only.
    Model,
}

/// What the steps of a [`Stepper`](super::Stepper) take off the weights.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Decay {
    /// Nothing.
    None,
    /// The objective is `L + (η/2) ‖w‖²`: damping `λ + η` with the centre `-η w / (λ + η)`.
    Coupled(f64),
    /// The weights shrink by `η` times the step beside it (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
    Decoupled(f64),
}

impl Decay {
    /// `η` of the objective.
    pub(super) fn penalty(self) -> f64 {
        if let Self::Coupled(eta) = self { eta } else { 0.0 }
    }
}
