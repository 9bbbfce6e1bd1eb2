//! [`Specification`]: data, network, loss and settings, from which a [`Session`] is made.

use std::path::Path;

use burn::tensor::Device;
use dualgn::inspect::Speeds;
use dualgn::{ConvexLoss, GaussNewton, Network, Solver};
use dualgn_io::{Failure, input, memory};
use dualgn_networks::{
    Description, Net, NetworkChoice, NetworkError, Weights, bytes_of, line_of, mib, read_weights, with_weights,
};

use crate::model::ProxLinear;
use crate::problem::{LossName, NamedLoss, Objective, Part, Study};
use crate::schedule::{Budget, Length};
use crate::session::{DampingChoice, Session};
use crate::supervised::SupervisedLearning;

/// Damping of directions in f32 when the loss is zero.
const LEAST_DAMPING: f64 = 1e-6;

/// How directions are computed, and how long a run goes on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seed of the weights, and of the order of batches or the places of points.
    pub seed: u64,
    /// Damping for each unit of loss, for all methods; `None` for that of the data or the equation, times a factor of the method.
    pub damping: Option<f64>,
    /// The solver of the directions.
    pub solver: Solver,
    /// Bytes for matrices; `None` for half of what is free.
    pub memory: Option<usize>,
    /// Examples that go through the network at once; `None` for all of a batch.
    pub micro_batch: Option<usize>,
    /// How exact prox-linear directions are.
    pub prox_linear: ProxLinear,
    /// A training loss at which a run may end.
    pub target_loss: Option<f64>,
    /// How long a run goes on; `None` for as long as is usual for the data or the equation.
    pub length: Option<Length>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            damping: None,
            solver: Solver::Auto,
            memory: None,
            micro_batch: None,
            prox_linear: ProxLinear { gap: 1e-3, iterations: 100 },
            target_loss: None,
            length: None,
        }
    }
}

impl Settings {
    /// Gives an oracle its solver, its memory and its micro-batches. Its speeds are nominal: the same run takes the same steps.
    pub fn oracle<L: ConvexLoss>(&self, oracle: GaussNewton<L>) -> GaussNewton<L> {
        let mut oracle = oracle.solver(self.solver).speeds(Speeds::Nominal);
        if let Some(bytes) = self.memory {
            oracle = oracle.memory(bytes);
        }
        if let Some(examples) = self.micro_batch {
            oracle = oracle.micro_batch(examples);
        }
        oracle
    }

    /// Returns the damping, which is `usual` unless another was set.
    pub fn damping(&self, usual: f64) -> DampingChoice {
        self.damping.map_or(DampingChoice::Problem(usual), DampingChoice::User)
    }
}

/// A network to train on data.
pub struct Specification<'a> {
    /// The data, and what is usual for them.
    pub study: &'a Study,
    /// The loss.
    pub loss: LossName,
    /// The level of the quantile loss.
    pub quantile: f64,
    /// The network; `None` for that of the study.
    pub network: Option<&'a NetworkChoice>,
    /// A file of weights to start from; `None` for random ones.
    pub weights: Option<&'a Path>,
    /// Examples in a batch; `None` for what is usual for the study.
    pub batch: Option<usize>,
    /// How directions are computed, and how long a run goes on.
    pub settings: Settings,
}

impl<'a> Specification<'a> {
    /// Begins with all that is usual for some data.
    pub fn new(study: &'a Study) -> Self {
        let settings = Settings::default();
        Self { study, loss: study.loss, quantile: 0.5, network: None, weights: None, batch: None, settings }
    }

    /// Builds the network on a device, moves the data there, and makes the objective.
    ///
    /// # Errors
    /// The loss does not fit the targets; the network cannot be built, needs more memory than there is, or does not fit the weights.
    pub fn session(&self, device: &Device) -> Result<Session<SupervisedLearning>, Failure> {
        let Self { study, ref settings, .. } = *self;
        let dataset = &study.dataset;
        let Some(rule) = self.loss.prediction_rule(study.task) else {
            return Err(Failure::input(self.loss.refusal_of_column(&study.target, study.task)));
        };
        let scale = study.scale(rule);
        study.check(rule, scale)?;
        let (train, test) = (Part::new(&dataset.train, scale, device), Part::new(&dataset.test, scale, device));
        let batch = self.batch.or(study.batch).unwrap_or(train.len()).min(train.len());

        device.seed(settings.seed);
        let mut model = self.model(device)?;
        let mut remarks = vec![];
        if let Some(path) = self.weights {
            let Weights { tensors, remark } = read_weights(&model, path)?;
            remarks.extend(remark);
            model = with_weights(model, tensors)?;
        }
        let at_once = settings.micro_batch.map_or(batch, |examples| batch.min(examples));
        check_batch(&model, at_once, memory::budget(), |fitting| {
            format!("`--micro-batch {fitting}` takes fewer at once, `--batch {fitting}` steps on fewer")
        })?;
        let network = Network::trace(&model, Net::forward, [batch, dataset.train.features()])?;
        let loss = NamedLoss::new(self.loss, self.quantile, dataset.outputs);
        let oracle = settings.oracle(GaussNewton::for_network(loss.clone(), &network)?);
        let objective = Objective { loss, rule, scale };
        let mut session = Session {
            subject: SupervisedLearning { objective, network, train, test, seed: settings.seed },
            model,
            oracle,
            prox_linear: settings.prox_linear,
            damping: settings.damping(study.damping),
            least_damping: LEAST_DAMPING,
            batch,
            budget: Budget::Steps(1),
            usual_solver: settings.solver,
            choice: None,
            target_loss: settings.target_loss,
            patience: study.patience,
            remarks,
        };
        session.budget = settings.length.unwrap_or(Length::Epochs(study.epochs)).budget(session.steps_per_epoch());
        Ok(session)
    }

    /// Returns the network in words.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub fn description(&self) -> Result<Description, Failure> {
        self.network.map_or_else(|| Ok(self.study.network.clone()), NetworkChoice::load)
    }

    /// Builds the network with random weights, on an autodiff device.
    ///
    /// # Errors
    /// It does not fit the data, or memory.
    pub fn model(&self, device: &Device) -> Result<Net, Failure> {
        let Study { dataset, categories, .. } = self.study;
        let (description, training) = (self.description()?, device.clone().autodiff());
        Net::new(&description, &dataset.train.shape, categories, dataset.outputs, &training)
            .map_err(|error| network_failure(self.network, &error))
    }
}

/// Refuses a batch whose way through the network takes more memory than is left for it.
///
/// # Errors
/// It does; `hint` says by which options so many examples as fit are taken.
pub fn check_batch(model: &Net, examples: usize, budget: u64, hint: impl Fn(u64) -> String) -> Result<(), Failure> {
    let needed = bytes_of(examples, model.values());
    if needed <= budget {
        return Ok(());
    }
    let fitting = (budget / bytes_of(1, model.values()).max(1)).max(1);
    let text = format!(
        "{examples} examples at once take {} on their way through the network, and {} are left for them",
        mib(needed),
        mib(budget)
    );
    Err(Failure::input(text).hint(hint(fitting)))
}

/// Returns the refusal of a network that cannot be built, with its place in the file.
pub fn network_failure(choice: Option<&NetworkChoice>, error: &NetworkError) -> Failure {
    Failure::input(match choice.and_then(NetworkChoice::file) {
        Some(path) => {
            let text = input::read_text(path, 1 << 20).unwrap_or_default();
            format!("{}{}: {error}", path.display(), line_of(&text, error))
        }
        None => format!("the network does not fit: {error}"),
    })
}

#[cfg(test)]
#[path = "specification_tests.rs"]
mod tests;
