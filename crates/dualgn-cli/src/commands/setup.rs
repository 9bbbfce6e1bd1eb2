//! From a plan to a session: data on the device, a traced network, an oracle.

use burn::module::Module;
use burn::tensor::{DType, Device, Int, Tensor};
use dualgn::{
    Absolute, ClassTargets, ConvexLoss, Gamma, GaussNewton, Hinge, Huber, LogCosh, Logistic, MultiLabel,
    MulticlassHinge, Network, Poisson, Quantile, SmoothedMulticlassHinge, SoftmaxCrossEntropy, Solver, Squared,
    SquaredHinge,
};

use super::field::with_field;
use super::plan::Plan;
use crate::arguments::{Run, SolverName};
use crate::data::{Dataset, Scale};
use crate::failure::Failure;
use crate::problem::{Encode, LABEL_SMOOTHING, LossName, Mlp, Objective, Part, ProblemName, QUANTILE_LEVEL, Reading};
use crate::record::Comparison;
use crate::topic::Topic;
use crate::train::{Budget, DampingChoice, Examples, ProxLinear, Session, Subject};

/// Damping of directions in f32 when the loss is zero.
const LEAST_DAMPING: f64 = 1e-6;

/// A command that trains: what it does with a session of any loss.
pub trait Work {
    /// Does it, and returns what was measured and whether it was interrupted.
    fn run<S: Subject>(self, session: &mut Session<S>, budget: Budget, blank: Comparison) -> Result<(), Failure>;
}

/// Builds the session of a plan and does the work with it.
pub fn with_session(plan: &Plan, work: impl Work) -> Result<(), Failure> {
    let problem = match plan.topic {
        Topic::Data(problem) => problem,
        Topic::Field(name) => return with_field(plan, name, work),
    };
    let device = plan.run.device.open()?;
    let dataset = problem.load(plan.run.data.as_deref(), plan.run.limit.map(|limit| limit as usize))?;
    let Some(reading) = plan.loss.reading(problem.task()) else {
        return Err(Failure::Input(plan.loss.refusal(problem)));
    };
    let one_output = dataset.outputs == 1;
    let setup = Setup { plan, problem, device, dataset, reading, work };
    match plan.loss {
        LossName::Squared => setup.on_numbers(Squared),
        LossName::Absolute => setup.on_numbers(Absolute),
        LossName::Huber => setup.on_numbers(Huber::default()),
        LossName::Quantile => setup.on_numbers(Quantile { level: QUANTILE_LEVEL }),
        LossName::LogCosh => setup.on_numbers(LogCosh),
        LossName::Poisson => setup.on_numbers(Poisson),
        LossName::Gamma => setup.on_numbers(Gamma),
        LossName::Logistic if one_output => setup.on_numbers(Logistic),
        LossName::Logistic => setup.on_numbers(MultiLabel(Logistic)),
        LossName::Hinge if one_output => setup.on_numbers(Hinge),
        LossName::Hinge => setup.on_numbers(MultiLabel(Hinge)),
        LossName::SquaredHinge if one_output => setup.on_numbers(SquaredHinge),
        LossName::SquaredHinge => setup.on_numbers(MultiLabel(SquaredHinge)),
        LossName::Softmax => setup.on_classes(SoftmaxCrossEntropy),
        LossName::SmoothedSoftmax => {
            let smooth = |classes| ClassTargets::Smoothed { classes, smoothing: LABEL_SMOOTHING };
            setup.on(SoftmaxCrossEntropy, Encode::Classes(smooth))
        }
        LossName::MulticlassHinge => setup.on_classes(MulticlassHinge),
        LossName::SmoothedMulticlassHinge => setup.on_classes(SmoothedMulticlassHinge::default()),
    }
}

/// All of a session but the loss.
struct Setup<'a, W> {
    plan: &'a Plan<'a>,
    problem: ProblemName,
    device: Device,
    dataset: Dataset,
    reading: Reading,
    work: W,
}

impl<W: Work> Setup<'_, W> {
    /// A loss whose targets are numbers, one an output.
    fn on_numbers<L: ConvexLoss + Clone>(self, loss: L) -> Result<(), Failure>
    where
        Tensor<2>: Into<L::Target>,
    {
        self.on(loss, Encode::Numbers(Into::into))
    }

    /// A loss whose targets are classes.
    fn on_classes<L: ConvexLoss + Clone>(self, loss: L) -> Result<(), Failure>
    where
        Tensor<1, Int>: Into<L::Target>,
    {
        self.on(loss, Encode::Classes(Into::into))
    }

    fn on<L: ConvexLoss + Clone>(self, loss: L, encode: Encode<L::Target>) -> Result<(), Failure> {
        let Self { plan: &Plan { run, .. }, problem, ref device, ref dataset, reading, .. } = self;
        let defaults = problem.defaults();
        let scale = reading.scale(&dataset.train.targets);
        let (train, test) = (Part::new(&dataset.train, scale, device), Part::new(&dataset.test, scale, device));
        let batch = run.batch.map(|batch| batch as usize).or(defaults.batch).unwrap_or(train.len()).min(train.len());

        device.seed(run.seed);
        let widths = [&[dataset.train.features()], defaults.hidden, &[dataset.outputs]].concat();
        let model = Mlp::new(&widths, &device.clone().autodiff());
        let network = Network::trace(&model, Mlp::forward, [batch, dataset.train.features()])?;
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
                device: device.clone(),
            },
            model,
            oracle,
            prox_linear: ProxLinear { gap: run.gap, iterations: run.inner as usize },
            damping: run.damping.map_or(DampingChoice::Problem(defaults.damping), DampingChoice::User),
            least_damping: LEAST_DAMPING,
            batch,
            choice: None,
            target_loss: run.target_loss,
        };
        let budget = match (run.seconds, run.epochs) {
            (Some(seconds), _) => Budget::Seconds(seconds),
            (None, epochs) => {
                let epochs = epochs.unwrap_or(defaults.epochs);
                Budget::Steps(((epochs * session.steps_per_epoch() as f64).round() as usize).max(1))
            }
        };
        let blank = self.blank(&widths, session.model.num_params(), batch, scale);
        self.work.run(&mut session, budget, blank)
    }

    /// The comparison before any run.
    fn blank(&self, widths: &[usize], parameters: usize, batch: usize, scale: Scale) -> Comparison {
        let Plan { loss, run, typed, .. } = self.plan;
        let problem = self.problem;
        let widths: Vec<String> = widths.iter().map(ToString::to_string).collect();
        Comparison {
            problem: problem.name().into(),
            loss: loss.name().into(),
            description: format!(
                "A network {} with relu and the loss {} on {}.{} All methods start from the same weights and see the \
                 same batches.",
                widths.join("-"),
                loss.name(),
                problem.data(),
                self.reading.remark(scale),
            ),
            network: format!("layers {}", widths.join("-")),
            citation: self.dataset.citation.into(),
            metric: problem.task().metric(),
            parameters,
            examples: (self.dataset.train.len(), self.dataset.test.len()),
            batch,
            seed: run.seed,
            gap: run.gap,
            target: None,
            command: typed.clone(),
            environment: environment(&self.device, DType::F32),
            runs: vec![],
            pictures: vec![],
        }
    }
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
