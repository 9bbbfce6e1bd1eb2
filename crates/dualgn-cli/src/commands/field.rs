//! From a plan to a session of an equation or a shape: a field, its residuals at points, an oracle.

use burn::module::Module;
use burn::tensor::DType;
use dualgn::{GaussNewton, Solver};
use dualgn_fields::{Architecture, Drawing, Field, FieldName, Showing, Size, Solve};
use dualgn_io::{Failure, memory};
use dualgn_train::record::{Comparison, Metric};
use dualgn_train::{Budget, DampingChoice, ProxLinear, Session, Subject};

use super::plan::Plan;
use super::setup::{Work, environment, solver};
use crate::arguments::FieldOptions;
use crate::terminal;

/// Damping of directions in f64 when the loss is zero.
const LEAST_DAMPING: f64 = 1e-14;

/// Builds the session of a plan and does the work with it.
pub fn with_field(plan: &Plan, name: FieldName, options: &FieldOptions, work: impl Work) -> Result<(), Failure> {
    let Plan { run, loss, .. } = plan;
    let device = run.device.open()?;
    let mut problem = name.problem(options.mesh.as_deref())?;
    if options.hard {
        let Some(hard) = problem.hard else {
            return Err(Failure::input(format!(
                "the boundary values of {} cannot be built in; leave out `--hard`, which is for poisson1d and poisson2d",
                name.name()
            )));
        };
        problem.architecture.transform = Some(hard);
        problem.terms.retain(|term| term.name != "boundary");
    }
    let architecture = Architecture {
        hidden: match &options.hidden {
            Some(widths) => widths.iter().map(|&width| width as usize).collect(),
            None => problem.architecture.hidden.clone(),
        },
        activation: options.activation.unwrap_or(problem.architecture.activation),
        ..problem.architecture.clone()
    };
    let showing = Showing {
        movie: options.movie,
        format: options.format,
        resolution: options.resolution as usize,
        is_normalised: options.normalised,
    };
    let points = options.points.map(|points| points as usize);
    Size::new(&problem, &architecture, points, options.adaptive, showing.resolution)
        .check(memory::limit(run.memory))?;
    if let Some(placed) = &problem.placed {
        placed.remarks.iter().for_each(|remark| terminal::say(format!("note: in the file, {remark}")));
    }
    device.seed(run.seed);
    let model = Field::new(&architecture, &device.clone().autodiff());
    let drawing = Drawing {
        sampling: options.sampling,
        every: options.resample as usize,
        adaptive: options.adaptive,
        seed: run.seed,
    };
    let (steps, damping) = (problem.steps, problem.damping);
    let subject = Solve::new(problem, &model, points, drawing, showing, &device)?;
    let model = subject.started(model)?;
    let mut oracle = GaussNewton::new(subject.loss().clone()).solver(exactly(solver(run))).repeatable(true);
    if let Some(mib) = run.memory {
        oracle = oracle.memory((mib as usize) << 20);
    }
    if let Some(examples) = run.micro_batch {
        oracle = oracle.micro_batch(examples as usize);
    }
    let hidden: Vec<String> = architecture.hidden.iter().map(ToString::to_string).collect();
    let widths = format!("{}-{}-1", architecture.dims, hidden.join("-"));
    let activation = format!("{:?}", architecture.activation).to_lowercase();
    let blank = Comparison {
        problem: name.name().into(),
        loss: loss.name().into(),
        description: format!(
            "{} A network {widths} with {activation} in double precision; terms: {}. All methods start from the same weights and see \
             the same points.",
            subject.problem.description,
            subject.terms(),
        ),
        network: format!("layers {widths}"),
        citation: subject.problem.source.into(),
        metric: Metric::RelativeError,
        parameters: model.num_params(),
        examples: (subject.examples(), subject.examples()),
        batch: subject.examples(),
        seed: run.seed,
        gap: run.gap,
        target: None,
        command: plan.typed.clone(),
        environment: environment(&device, DType::F64),
        runs: vec![],
        coefficients: vec![],
        pictures: vec![],
        fitted: None,
    };
    let mut session = Session::<Solve> {
        batch: subject.examples(),
        subject,
        model,
        oracle,
        prox_linear: ProxLinear { gap: run.gap, iterations: run.inner as usize },
        damping: run.damping.map_or(DampingChoice::Problem(damping), DampingChoice::User),
        least_damping: LEAST_DAMPING,
        choice: None,
        target_loss: run.target_loss,
        patience: false,
    };
    let budget = match (run.seconds, run.epochs) {
        (Some(seconds), _) => Budget::Seconds(seconds),
        (None, epochs) => Budget::Steps(epochs.map_or(steps, |epochs| (epochs.round() as usize).max(1))),
    };
    work.run(&mut session, budget, blank)
}

/// Residuals that a few iterations leave are digits of the solution: systems are factorised unless something else is asked for.
fn exactly(solver: Solver) -> Solver {
    if solver == Solver::Auto { Solver::Cholesky } else { solver }
}
