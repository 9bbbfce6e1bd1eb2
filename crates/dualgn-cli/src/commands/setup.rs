//! From a plan to a session: data on the device, a traced network, an oracle.

use burn::module::Module;
use burn::tensor::{DType, Device};
use dualgn::{ConvexLoss, GaussNewton, Network, Solver};
use dualgn_io::{Failure, input, memory};
use dualgn_networks::{
    Description, Net, NetworkChoice, NetworkError, Preset, Weights, bytes_of, line_of, mib, read_weights, with_weights,
};
use dualgn_train::data::Scale;
use dualgn_train::problem::{Encode, Objective, Part, Reading, Study, WithLoss, with_loss};
use dualgn_train::record::Comparison;
use dualgn_train::{Budget, DampingChoice, Examples, ProxLinear, Session, Subject};

use super::field::with_field;
use super::plan::{Origin, Plan};
use crate::arguments::{Run, SolverName};
use crate::terminal;
use crate::topic::Topic;

/// Damping of directions in f32 when the loss is zero.
const LEAST_DAMPING: f64 = 1e-6;

/// A command that trains: what it does with a session of any loss.
pub trait Work {
    /// Does it, and returns what was measured and whether it was interrupted.
    fn run<S: Subject>(self, session: &mut Session<S>, budget: Budget, blank: Comparison) -> Result<(), Failure>;
}

/// Builds the session of a plan and does the work with it.
pub fn with_session(plan: &Plan, work: impl Work) -> Result<(), Failure> {
    match plan.origin {
        Origin::Problem(Topic::Field(name), options) => with_field(plan, name, &options.field, work),
        Origin::Problem(Topic::Data(problem), options) => {
            let limit = options.limit.map(|limit| limit as usize);
            with_study(plan, &problem.study(options.data.as_deref(), limit)?, work)
        }
        Origin::Study(study) => with_study(plan, study, work),
    }
}

fn with_study(plan: &Plan, study: &Study, work: impl Work) -> Result<(), Failure> {
    let device = plan.run.device.open()?;
    let Some(reading) = plan.loss.reading(study.task) else {
        return Err(Failure::input(plan.loss.refusal_of_column(&study.target, study.task)));
    };
    let setup = Setup { plan, study, device, reading, work };
    with_loss(plan.loss, plan.run.quantile, study.dataset.outputs, setup)
}

/// All of a session but the loss.
struct Setup<'a, W> {
    plan: &'a Plan<'a>,
    study: &'a Study,
    device: Device,
    reading: Reading,
    work: W,
}

impl<W: Work> WithLoss for Setup<'_, W> {
    type Output = Result<(), Failure>;

    fn with<L: ConvexLoss + Clone>(self, loss: L, encode: Encode<L::Target>) -> Result<(), Failure> {
        let Self { plan: &Plan { run, .. }, study, ref device, reading, .. } = self;
        let dataset = &study.dataset;
        let scale = study.scale(reading);
        study.check(reading, scale)?;
        let (train, test) = (Part::new(&dataset.train, scale, device), Part::new(&dataset.test, scale, device));
        let batch = run.batch.map(|batch| batch as usize).or(study.batch).unwrap_or(train.len()).min(train.len());

        device.seed(run.seed);
        let mut model = model(study, run.network.as_ref(), device)?;
        if let Some(path) = &run.weights {
            let Weights { tensors, remark } = read_weights(&model, path)?;
            remark.into_iter().for_each(terminal::say);
            model = with_weights(model, tensors)?;
        }
        check_batch(&model, run.micro_batch.map_or(batch, |examples| batch.min(examples as usize)))?;
        let network = Network::trace(&model, Net::forward, [batch, dataset.train.features()])?;
        let mut oracle = GaussNewton::for_network(loss.clone(), &network)?.solver(solver(run)).repeatable(true);
        if let Some(mib) = run.memory {
            oracle = oracle.memory((mib as usize) << 20);
        }
        if let Some(examples) = run.micro_batch {
            oracle = oracle.micro_batch(examples as usize);
        }
        let mut session = Session {
            subject: Examples {
                objective: Objective { loss, encode, outputs: dataset.outputs, reading, scale },
                network,
                train: &train,
                test: &test,
                seed: run.seed,
            },
            model,
            oracle,
            prox_linear: ProxLinear { gap: run.gap, iterations: run.inner as usize },
            damping: run.damping.map_or(DampingChoice::Problem(study.damping), DampingChoice::User),
            least_damping: LEAST_DAMPING,
            batch,
            choice: None,
            target_loss: run.target_loss,
            patience: study.patience,
        };
        let budget = match (run.seconds, run.epochs) {
            (Some(seconds), _) => Budget::Seconds(seconds),
            (None, epochs) => {
                let epochs = epochs.unwrap_or(study.epochs);
                Budget::Steps(((epochs * session.steps_per_epoch() as f64).round() as usize).max(1))
            }
        };
        let blank = self.blank(session.model.num_params(), batch, scale)?;
        self.work.run(&mut session, budget, blank)
    }
}

impl<W> Setup<'_, W> {
    /// The comparison before any run.
    fn blank(&self, parameters: usize, batch: usize, scale: Scale) -> Result<Comparison, Failure> {
        let Plan { loss, run, typed, .. } = self.plan;
        let Study { name, words, task, dataset, .. } = self.study;
        let network = description(self.study, run.network.as_ref())?;
        let layers = network.words(dataset.train.features(), dataset.outputs);
        let between = match &network.preset {
            Some(Preset::Mlp { activation, .. }) => format!(" with {}", activation.name()),
            _ => String::new(),
        };
        Ok(Comparison {
            problem: name.clone(),
            loss: loss.name().into(),
            description: format!(
                "A network of {layers}{between} and the loss {} on {words}.{}{}",
                loss.name(),
                self.reading.remark(scale),
                if self.study.patience {
                    ""
                } else {
                    " All methods start from the same weights and see the same batches."
                },
            ),
            network: layers,
            citation: dataset.citation.clone(),
            metric: task.metric(),
            parameters,
            examples: (dataset.train.len(), dataset.test.len()),
            batch,
            seed: run.seed,
            gap: run.gap,
            target: None,
            command: typed.clone(),
            environment: environment(&self.device, DType::F32),
            runs: vec![],
            coefficients: vec![],
            pictures: vec![],
            fitted: None,
        })
    }
}

/// The network that was asked for, or that of the study.
pub fn description(study: &Study, choice: Option<&NetworkChoice>) -> Result<Description, Failure> {
    choice.map_or_else(|| Ok(study.network.clone()), NetworkChoice::load)
}

/// The same with random weights, on an autodiff device.
pub fn model(study: &Study, choice: Option<&NetworkChoice>, device: &Device) -> Result<Net, Failure> {
    let (description, shape) = (description(study, choice)?, &study.dataset.train.shape);
    let training = device.clone().autodiff();
    Net::new(&description, shape, &study.categories, study.dataset.outputs, &training)
        .map_err(|error| network_failure(choice, &error))
}

/// The refusal of a batch whose way through the network takes more memory than is left for it.
fn check_batch(model: &Net, examples: usize) -> Result<(), Failure> {
    let (needed, budget) = (bytes_of(examples, model.values()), memory::budget());
    if needed <= budget {
        return Ok(());
    }
    let fitting = (budget / bytes_of(1, model.values()).max(1)).max(1);
    let text = format!(
        "{examples} examples at once take {} on their way through the network, and {} are left for them",
        mib(needed),
        mib(budget)
    );
    Err(Failure::input(text)
        .hint(format!("`--micro-batch {fitting}` takes fewer at once, `--batch {fitting}` steps on fewer")))
}

/// A network that cannot be built, with its place in the file.
pub fn network_failure(choice: Option<&NetworkChoice>, error: &NetworkError) -> Failure {
    Failure::input(match choice.and_then(NetworkChoice::file) {
        Some(path) => {
            let text = input::read_text(path, 1 << 20).unwrap_or_default();
            format!("{}{}: {error}", path.display(), line_of(&text, error))
        }
        None => format!("the network does not fit: {error}"),
    })
}

/// The solver that the options name.
pub fn solver(run: &Run) -> Solver {
    match run.solver {
        SolverName::Auto => Solver::Auto,
        SolverName::Cholesky => Solver::Cholesky,
        SolverName::Cg => Solver::ConjugateGradient { iterations: run.iterations as usize, tolerance: 1e-3 },
    }
}

/// The program's version, the system, its cores, the device.
pub fn environment(device: &Device, dtype: DType) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "dualgn {} ({} build), {} {}, {cores} cores, {}, {:?}",
        env!("CARGO_PKG_VERSION"),
        if cfg!(debug_assertions) { "debug" } else { "release" },
        std::env::consts::OS,
        std::env::consts::ARCH,
        format!("{device:?}").trim_start_matches("Device<").trim_end_matches('>'),
        dtype,
    )
}

#[cfg(test)]
#[path = "setup_tests.rs"]
mod tests;
