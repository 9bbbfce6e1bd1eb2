//! [`Penalty`]: what residuals cost.

use dualgn::loss::{Absolute, AtLeast, Huber, LogCosh, Squared, Terms};

/// The loss of a residual.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Penalty {
    /// Half its square.
    #[default]
    Squared,
    /// Its absolute value.
    Absolute,
    /// Half its square up to this size, and linear beyond.
    Huber(f64),
    /// The logarithm of its hyperbolic cosine.
    LogCosh,
}

/// The loss of the residuals of a term.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Penalties {
    /// That of one residual.
    pub penalty: Penalty,
    /// Whether residuals above zero cost nothing: they are what is more than an inequality asks for.
    pub is_one_sided: bool,
}

impl Penalties {
    /// The loss of equations, unless another is asked for.
    pub const SQUARED: Self = Self { penalty: Penalty::Squared, is_one_sided: false };

    /// Adds the loss of the next term, with its weight.
    pub(crate) fn add_to(self, terms: Terms, weight: f64) -> Terms {
        match (self.penalty, self.is_one_sided) {
            (Penalty::Squared, false) => terms.term(Squared, weight),
            (Penalty::Squared, true) => terms.term(AtLeast(Squared), weight),
            (Penalty::Absolute, false) => terms.term(Absolute, weight),
            (Penalty::Absolute, true) => terms.term(AtLeast(Absolute), weight),
            (Penalty::Huber(delta), false) => terms.term(Huber { delta }, weight),
            (Penalty::Huber(delta), true) => terms.term(AtLeast(Huber { delta }), weight),
            (Penalty::LogCosh, false) => terms.term(LogCosh, weight),
            (Penalty::LogCosh, true) => terms.term(AtLeast(LogCosh), weight),
        }
    }

    /// Returns what residuals cost in words; `None` for half their squares, as usual.
    pub(crate) fn words(self) -> Option<String> {
        let penalty = match self.penalty {
            Penalty::Squared => None,
            Penalty::Absolute => Some("absolute".to_owned()),
            Penalty::Huber(delta) => Some(format!("huber {delta}")),
            Penalty::LogCosh => Some("log-cosh".to_owned()),
        };
        let side = self.is_one_sided.then(|| "inequality".to_owned());
        let words: Vec<String> = side.into_iter().chain(penalty).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}
