//! [`Method`]: a direction and what steps along it, by name. The names are in [`presets`](super::presets).

use dualgn::step::{Adaptation, Momentum, Search};

use super::model::ModelName;
use super::quasi_newton::Rule;
use crate::problem::LossName;

/// A method by its pieces.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// The name on the command line.
    pub name: &'static str,
    /// A short title for people.
    pub title: &'static str,
    /// Whose method it is.
    pub source: &'static str,
    /// The model its directions come from; `None` for gradients.
    pub model: Option<ModelName>,
    /// Who takes the steps.
    pub steps: Steps,
    /// The learning rates tried, if there is anything to try.
    ///
    /// For plain steps on directions the rate multiplies the direction itself: 1 is the Gauss-Newton step. (As a rate for the
    /// pseudo-gradient `-λ d` it is that divided by λ.)
    pub rates: &'static [f64],
    /// By how much the problem's damping is multiplied for this method.
    pub damping_factor: f64,
    /// Whether every step sees all training examples.
    pub full_batch: bool,
}

/// Who takes the steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steps {
    /// Plain steps by a rate.
    Plain,
    /// Adam of Burn.
    Adam,
    /// AdamW of Burn, with its weight decay.
    AdamW,
    /// Muon of Burn on matrices, and AdamW on everything else at a tenth of the rate.
    Muon,
    /// L-BFGS of Burn with its strong Wolfe line search.
    Lbfgs,
    /// A quasi-Newton method with the inverse matrix itself.
    QuasiNewton(Rule),
    /// The steppers of the library.
    Guided(Guide),
}

/// The pieces of a stepper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guide {
    /// How the damping changes.
    pub adaptation: Adaptation,
    /// How far steps go.
    pub search: Search,
    /// What they keep of earlier ones.
    pub momentum: Momentum,
    /// Whether steps on batches become shorter in the second half of a run, down to nothing.
    pub annealed: bool,
    /// The longest geodesic acceleration that is taken, in steps; `None` takes none.
    pub acceleration: Option<f64>,
    /// Which way a direction is solved, where that is the method's own.
    pub way: Way,
}

/// The way of a direction that a method prescribes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Whatever `--solver` says.
    Any,
    /// Exactly.
    Exact,
    /// Conjugate gradient on the primal system.
    PrimalIterations,
    /// Conjugate gradient with a randomised preconditioner of this rank.
    Nystrom(usize),
}

impl PartialEq for Method {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Method {
    /// Why it cannot work with a loss, in one sentence.
    pub fn refusal(self, loss: LossName) -> Option<String> {
        let (method, loss_name) = (self.name, loss.name());
        match self.model {
            Some(ModelName::Quadratic) if !loss.has_curvature() => Some(format!(
                "{method} needs a loss with curvature, and {loss_name} is piecewise linear; take \
                 `--model prox-linear`, which works with every loss"
            )),
            Some(ModelName::Fgn) if !loss.has_margin() => Some(format!(
                "{method} works with `--loss softmax` only, not with {loss_name}; take `--model {}`",
                if loss.has_curvature() { "quadratic` or `--model prox-linear" } else { "prox-linear" }
            )),
            _ => None,
        }
    }

    /// The pieces, in words.
    pub fn pieces(self) -> String {
        let direction = match self.model {
            None => "gradient".to_owned(),
            Some(ModelName::Quadratic) => "quadratic model".into(),
            Some(ModelName::ProxLinear) => "prox-linear model".into(),
            Some(ModelName::Fgn) => "fast Gauss-Newton model".into(),
        };
        let rates = match self.rates {
            [rate] => format!("rate {rate}"),
            rates => format!("the best of {} rates", rates.len()),
        };
        let batch = if self.full_batch { "; all examples in each step" } else { "" };
        let steps = match self.steps {
            Steps::Plain => format!("plain steps, {rates}"),
            Steps::Adam => format!("Adam, {rates}"),
            Steps::AdamW => format!("AdamW, decay 0.01, {rates}"),
            Steps::Muon => format!("Muon on matrices, AdamW on the rest, {rates}"),
            Steps::Lbfgs => format!("history of 20, 5 iterations a step, strong Wolfe search, {rates}"),
            Steps::QuasiNewton(Rule::SelfScaledBfgs) => format!("self-scaled BFGS, strong Wolfe search, {rates}"),
            Steps::QuasiNewton(Rule::SelfScaledBroyden) => format!("self-scaled Broyden, strong Wolfe search, {rates}"),
            Steps::Guided(guide) => format!("{guide}, {rates}"),
        };
        format!("{direction}; {steps}{batch}")
    }
}

impl std::fmt::Display for Guide {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.way {
            Way::Any => {}
            Way::Exact => formatter.write_str("solved exactly; ")?,
            Way::PrimalIterations => formatter.write_str("conjugate gradient on the primal system; ")?,
            Way::Nystrom(rank) => write!(formatter, "conjugate gradient, preconditioned by a sketch of rank {rank}; ")?,
        }
        match self.adaptation {
            Adaptation::LevenbergMarquardt(rule) => write!(
                formatter,
                "damping × {} below a ratio of {}, × {:.3} above {}; ",
                rule.rise, rule.poor, rule.fall, rule.good
            )?,
            _ => formatter.write_str("damping in proportion to the loss; ")?,
        }
        match self.momentum {
            Momentum::HeavyBall(mu) => write!(formatter, "heavy ball {mu}; ")?,
            Momentum::Mean(mu) => write!(formatter, "mean of directions, {mu}; ")?,
            Momentum::Nesterov(mu) => write!(formatter, "Nesterov {mu}; ")?,
            Momentum::Centre(mu) => write!(formatter, "centre {mu} of the last direction; ")?,
            Momentum::Model => formatter.write_str("the model's minimiser with the last step; ")?,
            _ => {}
        }
        match self.search {
            Search::Model => formatter.write_str("the model's minimiser along it"),
            Search::Armijo(rule) => write!(formatter, "backtracking by {}, decrease {}", rule.shrink, rule.sufficient),
            Search::Grid(grid) => write!(formatter, "the best of {} steps down to {:e}", grid.trials, grid.least),
            _ => formatter.write_str("the rate itself"),
        }?;
        if let Some(longest) = self.acceleration {
            write!(formatter, ", with geodesic acceleration of at most {longest} steps")?;
        }
        if self.annealed {
            formatter.write_str(", on batches less and less from the middle of the run on")
        } else {
            Ok(())
        }
    }
}
