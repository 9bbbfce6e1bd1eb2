//! The methods that can be compared, and the learning rates each of them tries.

use clap::ValueEnum;

/// A method: which direction, and what steps along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// Stochastic gradient descent
    Sgd,
    /// Adam
    Adam,
    /// Plain steps along dual Gauss-Newton directions
    DualGnSgd,
    /// Adam on dual Gauss-Newton directions in place of gradients
    DualGnAdam,
}

impl MethodName {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Adam => "adam",
            Self::DualGnSgd => "dual-gn-sgd",
            Self::DualGnAdam => "dual-gn-adam",
        }
    }

    /// A short title for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sgd => "SGD",
            Self::Adam => "Adam",
            Self::DualGnSgd => "SGD on dual Gauss-Newton directions",
            Self::DualGnAdam => "Adam on dual Gauss-Newton directions",
        }
    }

    /// Whether its directions are Gauss-Newton directions.
    pub fn is_gauss_newton(self) -> bool {
        matches!(self, Self::DualGnSgd | Self::DualGnAdam)
    }

    /// Whether Adam takes the steps.
    pub fn is_adam(self) -> bool {
        matches!(self, Self::Adam | Self::DualGnAdam)
    }

    /// By how much the problem's damping is multiplied for this method.
    ///
    /// Adam divides each coordinate by its own size, which undoes what a Gauss-Newton direction does to the relative sizes
    /// of coordinates; it gains only from directions near the gradient (decision 10).
    pub fn damping_factor(self) -> f64 {
        if self == Self::DualGnAdam { 100.0 } else { 1.0 }
    }

    /// The learning rates tried, four for every method.
    ///
    /// For SGD on directions the rate multiplies the direction itself: 1 is the Gauss-Newton step. (As a rate for the
    /// pseudo-gradient `-λ d` it is that divided by λ.)
    pub fn rates(self) -> [f64; 4] {
        match self {
            Self::Sgd => [0.03, 0.1, 0.3, 1.0],
            Self::Adam | Self::DualGnAdam => [1e-3, 3e-3, 1e-2, 3e-2],
            Self::DualGnSgd => [0.1, 0.25, 0.5, 1.0],
        }
    }
}
