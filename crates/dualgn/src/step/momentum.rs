//! [`Momentum`] and [`Decay`]: the influence of earlier steps and of the size of the weights.

/// The momentum of a [`Stepper`](super::Stepper). `d` is the direction, and `p` the vector along which the step goes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Momentum {
    /// No momentum: `p = d`.
    None,
    /// Heavy ball: `v ← μ v + d`, `p = v`. (Polyak, 1964.)
    HeavyBall(f64),
    /// A mean of directions without initialisation bias: `v ← μ v + (1 - μ) d`, `p = v / (1 - μᵗ)`, as in exact
    /// Gauss-Newton (Korbit et al., arXiv 2405.14402).
    Mean(f64),
    /// Nesterov momentum: `v ← μ v + d`, `p = μ v + d`.
    Nesterov(f64),
    /// Momentum as the centre of the proximity term: `c = μ φ` with `φ` the last direction, before it was limited.
    /// (SPRING: Goldshlager, Abrahamsen and Lin, arXiv 2401.10190.)
    Centre(f64),
    /// The minimiser of the model over two directions: `p = a d + b s` with `s` the last step, and `a` and `b` the
    /// minimisers. For second-order models only. (Martens and Grosse, "Optimizing neural networks with
    /// Kronecker-factored approximate curvature", 2015, section 7.)
    Model,
}

/// The weight decay of a [`Stepper`](super::Stepper).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Decay {
    /// No decay.
    None,
    /// A penalty in the objective, `L + (η/2) ‖w‖²`: damping `λ + η` with the centre `-η w / (λ + η)`.
    Coupled(f64),
    /// Shrinks the weights by `η` times the step size, separately from the step (Loshchilov and Hutter, "Decoupled
    /// weight decay regularization", 2019).
    Decoupled(f64),
}

impl Decay {
    /// `η` of a coupled decay, or zero.
    pub(super) fn penalty(self) -> f64 {
        if let Self::Coupled(eta) = self { eta } else { 0.0 }
    }
}
