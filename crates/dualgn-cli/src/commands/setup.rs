//! From a plan to a session: options become the specification of what is trained.

use dualgn::Solver;
use dualgn_io::Failure;
use dualgn_train::problem::Study;
use dualgn_train::record::Comparison;
use dualgn_train::{Length, ProxLinear, Session, Settings, Specification, Subject, SupervisedLearning};

#[cfg(feature = "fields")]
use super::field;
use super::plan::{Origin, Plan};
use crate::arguments::{Run, SolverName};
use crate::terminal;
use crate::topic::Topic;

/// What a command does with the session of its plan, whatever is trained in it.
pub(super) trait Work {
    /// What comes of it.
    type Result;

    /// Does it, with the session and the comparison before any run.
    fn on<S: Subject>(self, session: &mut Session<S>, blank: Comparison) -> Result<Self::Result, Failure>;
}

/// Makes the session of a plan for some work; says what the user should know of the files that were read.
pub(super) fn on_session<W: Work>(plan: &Plan, work: W) -> Result<W::Result, Failure> {
    let own;
    let study = match plan.origin {
        #[cfg(feature = "fields")]
        Origin::Problem(Topic::Field(statement), options) => {
            let (mut session, blank) = field::session(plan, statement, &options.field)?;
            session.remarks.iter().for_each(terminal::say);
            return work.on(&mut session, blank);
        }
        Origin::Problem(Topic::Data(problem), options) => {
            let limit = options.limit.map(|limit| limit as usize);
            own = problem.study(options.data.as_deref(), limit)?;
            &own
        }
        Origin::Study(study) => study,
    };
    let (mut session, blank) = on_data(plan, study)?;
    session.remarks.iter().for_each(terminal::say);
    work.on(&mut session, blank)
}

/// The session of a plan on some data, and the comparison before any run.
fn on_data(plan: &Plan, study: &Study) -> Result<(Session<SupervisedLearning>, Comparison), Failure> {
    let device = plan.run.device.open()?;
    let specification = specification(plan, study);
    let session = specification.session(&device)?;
    let blank = Comparison { command: plan.typed.clone(), ..specification.comparison(&session, &device)? };
    Ok((session, blank))
}

/// What a plan trains on data.
pub(super) fn specification<'a>(plan: &Plan<'a>, study: &'a Study) -> Specification<'a> {
    let run = plan.run;
    Specification {
        study,
        loss: plan.loss,
        quantile: run.quantile,
        network: run.network.as_ref(),
        weights: run.weights.as_deref(),
        batch: run.batch.map(|batch| batch as usize),
        settings: settings(run),
    }
}

/// How the options of a run say that directions are computed.
pub(super) fn settings(run: &Run) -> Settings {
    Settings {
        seed: run.seed,
        damping: run.damping,
        solver: solver(run),
        memory: run.memory.map(|mib| (mib as usize) << 20),
        micro_batch: run.micro_batch.map(|examples| examples as usize),
        prox_linear: ProxLinear { gap: run.gap, iterations: run.inner as usize },
        target_loss: run.target_loss,
        length: run.seconds.map(Length::Seconds).or(run.epochs.map(Length::Epochs)),
    }
}

/// The solver that the options name.
fn solver(run: &Run) -> Solver {
    match run.solver {
        SolverName::Auto => Solver::Auto,
        SolverName::Cholesky => Solver::Cholesky,
        SolverName::Cg => Solver::ConjugateGradient { iterations: run.iterations as usize, tolerance: 1e-3 },
    }
}
