//! The methods by name.

use dualgn::step::{Adaptation, Armijo, Floor, Grid, LevenbergMarquardt, Momentum, Search};

use super::method::{Guide, Method, Steps, Way};
use super::model::ModelName;
use super::quasi_newton::Rule;
use crate::problem::LossName;

const OF_GRADIENTS: [f64; 4] = [0.03, 0.1, 0.3, 1.0];
const OF_DIRECTIONS: [f64; 4] = [0.1, 0.25, 0.5, 1.0];
const OF_ADAM: [f64; 4] = [1e-3, 3e-3, 1e-2, 3e-2];
const WHOLE: [f64; 1] = [1.0];

const ROULET: &str = "Roulet and Blondel, arXiv 2308.08886";
const URBAN: &str = "Urbán, Stefanou and Pons, arXiv 2405.04230";
const KORBIT: &str = "Korbit and Zanon, arXiv 2605.06081";

/// Adam divides each coordinate by its own size, which undoes what a Gauss-Newton direction does to the relative sizes of
/// coordinates; it gains only from directions near the gradient (decision 10).
const FOR_ADAM: f64 = 100.0;

/// Damping by ratio, backtracking from the whole step, along the model's minimiser over the direction and the last step: on
/// batches the last step is a memory of others (decision 36).
const GUARDED: Guide = Guide {
    adaptation: Adaptation::LevenbergMarquardt(LevenbergMarquardt::STOCHASTIC),
    search: Search::Armijo(Armijo::HALVING),
    momentum: Momentum::Model,
    annealed: true,
    acceleration: None,
    way: Way::Any,
};

const ENERGY: &str = "Guzmán-Cordero, Dangel, Goldshlager and Zeinhofer, arXiv 2505.12149";
const KING: &str = "King, Berzins, Mishra and Zeinhofer, arXiv 2602.00099";

/// Exact directions on whatever points there are, and the best of a grid of steps.
const NATURAL: Guide = Guide {
    adaptation: Adaptation::Oracle,
    search: Search::Grid(Grid::HALVES),
    momentum: Momentum::None,
    annealed: false,
    acceleration: None,
    way: Way::Exact,
};

const fn gradient(name: &'static str, title: &'static str, source: &'static str, steps: Steps) -> Method {
    let rates: &[f64] = match steps {
        Steps::Plain => &OF_GRADIENTS,
        Steps::Lbfgs | Steps::QuasiNewton(_) => &WHOLE,
        _ => &OF_ADAM,
    };
    let full_batch = matches!(steps, Steps::Lbfgs | Steps::QuasiNewton(_));
    Method { name, title, source, model: None, steps, rates, damping_factor: 1.0, full_batch }
}

const fn plain(name: &'static str, title: &'static str, source: &'static str, model: ModelName) -> Method {
    let (model, steps, rates) = (Some(model), Steps::Plain, &OF_DIRECTIONS);
    Method { name, title, source, model, steps, rates, damping_factor: 1.0, full_batch: false }
}

const fn by_adam(name: &'static str, title: &'static str, source: &'static str, model: ModelName) -> Method {
    let method = plain(name, title, source, model);
    Method { steps: Steps::Adam, rates: &OF_ADAM, damping_factor: FOR_ADAM, ..method }
}

const fn guided(name: &'static str, title: &'static str, source: &'static str, guide: Guide) -> Method {
    let method = plain(name, title, source, ModelName::Quadratic);
    Method { steps: Steps::Guided(guide), rates: &WHOLE, ..method }
}

/// All presets.
pub const ALL: [Method; 25] = [
    gradient("sgd", "SGD", "Robbins and Monro, 1951", Steps::Plain),
    gradient("adam", "Adam", "Kingma and Ba, arXiv 1412.6980", Steps::Adam),
    gradient("adamw", "AdamW", "Loshchilov and Hutter, arXiv 1711.05101", Steps::AdamW),
    gradient("muon", "Muon", "Jordan et al., 2024", Steps::Muon),
    gradient("lbfgs", "L-BFGS", "Liu and Nocedal, 1989", Steps::Lbfgs),
    gradient("ssbfgs", "Self-scaled BFGS", URBAN, Steps::QuasiNewton(Rule::SelfScaledBfgs)),
    gradient("ssbroyden", "Self-scaled Broyden", URBAN, Steps::QuasiNewton(Rule::SelfScaledBroyden)),
    guided("dual-gn", "Dual Gauss-Newton, guarded", ROULET, GUARDED),
    plain("dual-gn-sgd", "SGD on dual Gauss-Newton directions", ROULET, ModelName::Quadratic),
    by_adam("dual-gn-adam", "Adam on dual Gauss-Newton directions", ROULET, ModelName::Quadratic),
    Method {
        model: Some(ModelName::ProxLinear),
        ..guided(
            "prox-linear",
            "Prox-linear, guarded",
            ROULET,
            // Of the loss itself there is no such minimiser in closed form.
            Guide { momentum: Momentum::None, ..GUARDED },
        )
    },
    plain("prox-linear-sgd", "SGD on prox-linear directions", ROULET, ModelName::ProxLinear),
    by_adam("prox-linear-adam", "Adam on prox-linear directions", ROULET, ModelName::ProxLinear),
    Method { model: Some(ModelName::Fgn), ..guided("fgn", "Fast Gauss-Newton, guarded", KORBIT, GUARDED) },
    plain("fgn-sgd", "SGD on fast Gauss-Newton directions", KORBIT, ModelName::Fgn),
    by_adam("fgn-adam", "Adam on fast Gauss-Newton directions", KORBIT, ModelName::Fgn),
    guided(
        "egn",
        "Exact Gauss-Newton",
        "Korbit, Adeoye, Bemporad and Zanon, arXiv 2405.14402",
        Guide {
            adaptation: Adaptation::LevenbergMarquardt(
                LevenbergMarquardt::STOCHASTIC.factors(1.01, 0.99, 4.0).smoothing(0.0).floor(Floor::Least),
            ),
            search: Search::Armijo(Armijo::EXACT_GAUSS_NEWTON),
            momentum: Momentum::Mean(0.9),
            annealed: false,
            acceleration: None,
            way: Way::Exact,
        },
    ),
    Method {
        rates: &OF_DIRECTIONS,
        ..guided(
            "spring",
            "SPRING",
            "Goldshlager, Abrahamsen and Lin, arXiv 2401.10190",
            Guide {
                adaptation: Adaptation::Oracle,
                search: Search::Rate,
                momentum: Momentum::Centre(0.9),
                annealed: false,
                acceleration: None,
                way: Way::Any,
            },
        )
    },
    guided("engd-w", "Energy natural gradient", ENERGY, NATURAL),
    guided("engd-nystrom", "Energy natural gradient, sketched", ENERGY, Guide { way: Way::Nystrom(100), ..NATURAL }),
    guided(
        "gnng",
        "Gauss-Newton natural gradient for shapes",
        KING,
        Guide { search: Search::Grid(Grid::SHAPES), ..NATURAL },
    ),
    guided(
        "kfac-step",
        "Dual Gauss-Newton, step and momentum by the model",
        "Martens and Grosse, arXiv 1503.05671, section 7",
        Guide { search: Search::Rate, ..GUARDED },
    ),
    Method {
        full_batch: true,
        ..guided(
            "lm",
            "Levenberg-Marquardt",
            "Marquardt, 1963",
            Guide {
                adaptation: Adaptation::LevenbergMarquardt(LevenbergMarquardt::FULL),
                search: Search::Rate,
                momentum: Momentum::None,
                annealed: false,
                ..GUARDED
            },
        )
    },
    // Where equations come to many digits: damping that changes by little follows a curved valley, and the path of a step bends as the
    // valley does (decision 70). It begins with more damping than others, and does not stay there.
    Method {
        full_batch: true,
        damping_factor: 1e3,
        ..guided(
            "geodesic",
            "Levenberg-Marquardt with geodesic acceleration",
            "Transtrum and Sethna, arXiv 1201.5885",
            Guide {
                adaptation: Adaptation::LevenbergMarquardt(LevenbergMarquardt::FULL.factors(2.0, 1.0 / 3.0, 2.0)),
                search: Search::Rate,
                momentum: Momentum::None,
                annealed: false,
                acceleration: Some(2.0),
                ..GUARDED
            },
        )
    },
    guided(
        "gn-cg",
        "Gauss-Newton by primal conjugate gradient",
        "Martens, 2010",
        Guide { way: Way::PrimalIterations, momentum: Momentum::None, ..GUARDED },
    ),
];

impl Method {
    /// All presets.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.into_iter()
    }

    /// The preset of a name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|method| method.name == name)
    }

    /// The methods a model is compared by: both optimizers, on gradients and on its directions.
    pub fn compared(model: ModelName) -> Vec<Self> {
        let on =
            |steps: Steps| ALL.into_iter().filter(move |method| method.model == Some(model) && method.steps == steps);
        let of_gradients = ALL.into_iter().filter(|method| ["sgd", "adam"].contains(&method.name));
        of_gradients.chain(on(Steps::Plain)).chain(on(Steps::Adam)).collect()
    }

    /// Returns the method that needs no tuning, for a loss.
    pub fn guided_for(loss: LossName) -> Self {
        Self::guided(ModelName::default_for(loss))
    }

    /// Returns this method if it has directions, or else the one that needs no tuning, for a loss.
    pub fn with_directions(self, loss: LossName) -> Self {
        if self.model.is_some() { self } else { Self::guided_for(loss) }
    }

    /// Returns the method that needs no tuning, for a model of the loss.
    pub fn guided(model: ModelName) -> Self {
        let name = match model {
            ModelName::Quadratic => "dual-gn",
            ModelName::ProxLinear => "prox-linear",
            ModelName::Fgn => "fgn",
        };
        Self::named(name).expect("it is among the presets")
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn methods_that_cannot_work_with_a_loss_say_what_can() {
        let refusal = |name: &str, loss| Method::named(name).unwrap().refusal(loss);
        assert_eq!(
            refusal("dual-gn-sgd", LossName::Hinge).unwrap(),
            "dual-gn-sgd needs a loss with curvature, and hinge is piecewise linear; take `--model prox-linear`, which \
             works with every loss"
        );
        assert_eq!(
            refusal("fgn-adam", LossName::SmoothedSoftmax).unwrap(),
            "fgn-adam works with `--loss softmax` only, not with smoothed-softmax; take `--model quadratic` or \
             `--model prox-linear`"
        );
        assert_eq!(
            refusal("fgn-sgd", LossName::Absolute).unwrap(),
            "fgn-sgd works with `--loss softmax` only, not with absolute; take `--model prox-linear`"
        );
        for (name, loss) in [
            ("sgd", LossName::Hinge),
            ("prox-linear-sgd", LossName::Hinge),
            ("dual-gn-adam", LossName::SquaredHinge),
            ("fgn-sgd", LossName::Softmax),
        ] {
            assert_eq!(refusal(name, loss), None);
        }
    }

    #[test]
    fn the_default_model_works_with_every_loss() {
        for &loss in LossName::VARIANTS {
            let methods = Method::compared(ModelName::default_for(loss));
            assert!(methods.into_iter().all(|method| method.refusal(loss).is_none()), "{loss:?}");
        }
    }
}
