//! From arguments to a session: data on the device, a traced network, an oracle.

use burn::tensor::{DType, Device};
use dualgn::{GaussNewton, Network, Solver};

use crate::arguments::{Run, SolverName};
use crate::data::Dataset;
use crate::failure::Failure;
use crate::problem::{ClassProblem, Mlp, Objective, Part, ProblemName, RealProblem};
use crate::record::Comparison;
use crate::train::{Budget, DampingChoice, Session};

/// A command that trains: what it does with a session of any objective.
pub trait Work {
    /// Does it, and returns what was measured and whether it was interrupted.
    fn run<O: Objective>(self, session: &Session<O>, budget: Budget, blank: Comparison) -> Result<(), Failure>;
}

/// Builds the session of a problem and does the work with it. `command` is repeated in the report.
pub fn with_session(problem: ProblemName, run: &Run, command: String, work: impl Work) -> Result<(), Failure> {
    let device = run.device.open()?;
    let dataset = problem.load(run.data.as_deref(), run.limit.map(|limit| limit as usize))?;
    match problem {
        ProblemName::Diabetes => {
            let objective = RealProblem { scale: dataset.target_scale };
            work_on(problem, run, command, &device, &dataset, objective, work)
        }
        ProblemName::Digits | ProblemName::Mnist => {
            work_on(problem, run, command, &device, &dataset, ClassProblem, work)
        }
    }
}

fn work_on<O: Objective>(
    problem: ProblemName,
    run: &Run,
    command: String,
    device: &Device,
    dataset: &Dataset,
    objective: O,
    work: impl Work,
) -> Result<(), Failure> {
    let defaults = problem.defaults();
    let (train, test) = (Part::new(&dataset.train, device), Part::new(&dataset.test, device));
    let batch = run.batch.map(|batch| batch as usize).or(defaults.batch).unwrap_or(train.len()).min(train.len());
    let damping = run.damping.map_or(DampingChoice::Problem(defaults.damping), DampingChoice::User);

    device.seed(run.seed);
    let widths = [&[dataset.train.features()], defaults.hidden, &[dataset.outputs]].concat();
    let model = Mlp::new(&widths, &device.clone().autodiff());
    let network = Network::trace(&model, Mlp::forward, [batch, dataset.train.features()])?;
    let solver = match run.solver {
        SolverName::Auto => Solver::Auto,
        SolverName::Cholesky => Solver::Cholesky,
        SolverName::Cg => Solver::ConjugateGradient { iterations: run.iterations as usize, tolerance: 1e-3 },
    };
    let memory = (run.memory as usize) << 20;
    let oracle = GaussNewton::new(objective.loss()).solver(solver).memory(memory);
    let session = Session {
        objective,
        model,
        network,
        oracle,
        damping,
        train: &train,
        test: &test,
        batch,
        seed: run.seed,
        device: device.clone(),
    };
    let budget = match (run.seconds, run.epochs) {
        (Some(seconds), _) => Budget::Seconds(seconds),
        (None, epochs) => {
            let epochs = epochs.unwrap_or(defaults.epochs);
            Budget::Steps(((epochs * session.steps_per_epoch()? as f64).round() as usize).max(1))
        }
    };
    let widths: Vec<String> = widths.iter().map(ToString::to_string).collect();
    let blank = Comparison {
        problem: problem.name().into(),
        description: format!(
            "A network {} with relu on {}. All methods start from the same weights and see the same batches.",
            widths.join("-"),
            problem.data()
        ),
        citation: dataset.citation.into(),
        metric: problem.metric(),
        parameters: session.parameters(),
        examples: (train.len(), test.len()),
        batch,
        seed: run.seed,
        target: None,
        command,
        environment: environment(device),
        runs: vec![],
    };
    work.run(&session, budget, blank)
}

/// The program's version, the system, its cores, the device.
fn environment(device: &Device) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "dualgn {} ({} build), {} {}, {cores} cores, {}, {:?}",
        env!("CARGO_PKG_VERSION"),
        if cfg!(debug_assertions) { "debug" } else { "release" },
        std::env::consts::OS,
        std::env::consts::ARCH,
        format!("{device:?}").trim_start_matches("Device<").trim_end_matches('>'),
        DType::F32,
    )
}
