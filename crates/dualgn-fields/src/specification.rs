//! [`Specification`]: an equation or a shape with settings, from which a [`Session`] is made.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{DType, Device};
use dualgn::{GaussNewton, Solver};
use dualgn_io::{Failure, memory};
use dualgn_train::problem::LossName;
use dualgn_train::record::Comparison;
use dualgn_train::{Length, Session, Settings, Subject, environment};

use super::equations::EquationFile;
use super::network::{Architecture, Field, SmoothActivation};
use super::points::Drawing;
use super::problem::{BUILT_IN, Hard, Problem, Training};
use super::problems::FieldName;
use super::size::Size;
use super::solve::{Showing, Solve};
use crate::geometry::{Format, Frame, Sampling};

/// Damping of directions in f64 when the loss is zero.
const LEAST_DAMPING: f64 = 1e-14;

/// What is to be solved.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// An equation or a shape that the program knows.
    Named(FieldName),
    /// The equations of a file.
    File(EquationFile),
}

impl Statement {
    /// Returns the name after which results are named.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => name.name(),
            Self::File(file) => file.stem(),
        }
    }

    /// Whether it has equations that can be satisfied to many digits, as the surfaces of shapes, which are given by points, cannot be.
    pub fn is_equation(&self) -> bool {
        !matches!(self, Self::Named(FieldName::Shape | FieldName::Distance2d))
    }

    /// Returns a loss that needs the same methods as its terms do: the absolute error if one of them is without curvature, or half the
    /// squared error.
    pub fn loss(&self) -> LossName {
        match self {
            Self::File(file) if file.is_piecewise_linear() => LossName::Absolute,
            _ => LossName::Squared,
        }
    }

    /// Reads what is to be solved; shapes from the file of their surface.
    fn problem(&self, mesh: Option<&Path>) -> Result<Problem, Failure> {
        match self {
            Self::Named(name) => name.problem(mesh),
            Self::File(file) if mesh.is_some() => {
                Err(Failure::input(format!("`--mesh` is for shape; {} has no surface", file.stem())))
            }
            Self::File(file) => file.problem(),
        }
    }
}

impl From<FieldName> for Statement {
    fn from(name: FieldName) -> Self {
        Self::Named(name)
    }
}

/// An equation or a shape, the network and the points that it is solved by.
#[derive(Clone, Debug)]
pub struct Specification {
    /// The equation or the shape.
    pub statement: Statement,
    /// The file of the surface of a shape.
    pub mesh: Option<PathBuf>,
    /// Whether the boundary values are built into the network.
    pub hard: bool,
    /// Widths of the hidden layers; `None` for what is usual.
    pub hidden: Option<Vec<usize>>,
    /// What stands between the layers; `None` for what is usual.
    pub activation: Option<SmoothActivation>,
    /// Points of all terms together; `None` for what is usual.
    pub points: Option<usize>,
    /// How points are spread; `None` for what is usual.
    pub sampling: Option<Sampling>,
    /// Steps after which points are drawn anew, 0 to keep them; `None` for what is usual.
    pub resample: Option<usize>,
    /// Whether more points are drawn where residuals are large, also where that is not usual.
    pub adaptive: bool,
    /// What is shown of the result.
    pub showing: Showing,
    /// How directions are computed, and how long a run goes on.
    pub settings: Settings,
}

impl Specification {
    /// Begins with all that is usual for an equation or a shape.
    pub fn new(statement: impl Into<Statement>) -> Self {
        Self {
            statement: statement.into(),
            mesh: None,
            hard: false,
            hidden: None,
            activation: None,
            points: None,
            sampling: None,
            resample: None,
            adaptive: false,
            showing: Showing { movie: false, format: Format::default(), resolution: 128, is_normalised: false },
            settings: Settings::default(),
        }
    }

    /// Reads the surface, draws the points, and traces the residuals of a network with random weights on a device.
    ///
    /// # Errors
    /// The surface cannot be read; the problem has no such boundary values; or memory has no room for it.
    pub fn session(&self, device: &Device) -> Result<Session<Solve>, Failure> {
        let Self { settings, showing, .. } = self;
        let problem = self.problem()?;
        Size::new(&problem, &problem.architecture, self.points, problem.training.adaptive, showing.resolution)
            .check(settings.memory.map_or_else(memory::budget, |bytes| bytes as u64))?;
        let frame = problem.placed.as_ref().map_or(Frame::UNIT, |placed| placed.frame);
        if !showing.is_normalised && !showing.format.holds(&frame) {
            return Err(Failure::input(
                "the surface is beyond single precision, in which STL has its coordinates".into(),
            )
            .hint("take `--format ply`, or `--normalised`"));
        }
        let remarks = problem.placed.iter().flat_map(|placed| &placed.remarks);
        let remarks = remarks.map(|remark| format!("note: in the file, {remark}")).collect();
        device.seed(settings.seed);
        let model = Field::new(&problem.architecture, &device.clone().autodiff());
        let Training { steps, seconds, damping, sampling, resample, adaptive } = problem.training;
        let drawing = Drawing { sampling, every: resample, adaptive, seed: settings.seed };
        let usual_length = seconds.map_or(Length::Epochs(steps as f64), Length::Seconds);
        let subject = Solve::new(problem, &model, self.points, drawing, *showing, device)?;
        let model = subject.started(model)?;
        // Residuals that a few iterations leave are digits of the solution: systems are factorised unless something else is asked for.
        let usual_solver = if settings.solver == Solver::Auto { Solver::Cholesky } else { settings.solver };
        let oracle = settings.oracle(GaussNewton::new(subject.loss().clone()));
        Ok(Session {
            model,
            oracle,
            prox_linear: settings.prox_linear,
            damping: settings.damping(damping),
            least_damping: LEAST_DAMPING,
            batch: subject.examples(),
            // All points are in every step.
            budget: settings.length.unwrap_or(usual_length).budget(1),
            subject,
            usual_solver,
            choice: None,
            target_loss: settings.target_loss,
            patience: false,
            remarks,
        })
    }

    /// Reads the equations or the surface, builds conditions in if they are to be, and takes the network and the points that are asked for.
    ///
    /// # Errors
    /// The surface cannot be read or is not of such a problem, or the problem has no such boundary values.
    pub fn problem(&self) -> Result<Problem, Failure> {
        let mut problem = self.statement.problem(self.mesh.as_deref())?;
        if self.hard {
            self.build_in(&mut problem)?;
        }
        let Architecture { hidden, activation, .. } = &mut problem.architecture;
        *hidden = self.hidden.clone().unwrap_or(std::mem::take(hidden));
        *activation = self.activation.unwrap_or(*activation);
        let training = &mut problem.training;
        training.sampling = self.sampling.unwrap_or(training.sampling);
        training.resample = self.resample.unwrap_or(training.resample);
        training.adaptive |= self.adaptive;
        if training.adaptive && training.resample == 0 {
            let message = "adaptive points need a number of steps after which they are drawn anew";
            return Err(Failure::input(message.into()).hint("take `--resample 100` too"));
        }
        Ok(problem)
    }

    /// Describes the session that was made on a device, for the runs that are to come; the command is left to the caller.
    pub fn comparison(&self, session: &Session<Solve>, device: &Device) -> Comparison {
        let (subject, examples) = (&session.subject, session.subject.examples());
        let problem = &subject.problem;
        let Architecture { embedding, activation, .. } = &problem.architecture;
        let widths: Vec<String> = problem.architecture.widths().iter().map(ToString::to_string).collect();
        let widths = widths.join("-");
        let on = embedding.words(&problem.axes).map_or_else(String::new, |words| format!(" on {words}"));
        let activation = format!("{activation:?}").to_lowercase();
        Comparison {
            problem: self.statement.name().into(),
            loss: self.statement.loss().name().into(),
            description: format!(
                "{} A network {widths} with {activation}{on} in double precision; terms: {}. All methods start from the same weights and see \
                 the same points.",
                problem.description,
                subject.terms(),
            ),
            network: format!("layers {widths}"),
            citation: problem.source.clone(),
            metric: problem.metric(),
            parameters: session.model.num_params(),
            examples: (examples, examples),
            batch: examples,
            seed: self.settings.seed,
            gap: self.settings.prox_linear.gap,
            target: None,
            command: String::new(),
            environment: environment(device, DType::F64),
            runs: vec![],
            coefficients: vec![],
            equations: problem.stated.clone(),
            pictures: vec![],
            fitted: None,
        }
    }

    /// Builds the boundary values into the network instead of fitting them.
    fn build_in(&self, problem: &mut Problem) -> Result<(), Failure> {
        let Some(Hard { transform, terms }) = problem.hard.take() else {
            return Err(Failure::input(format!(
                "{} has no conditions that can be built into the network; leave out `--hard`",
                self.statement.name()
            )));
        };
        problem.architecture.transform = Some(transform);
        problem.terms.retain(|term| !terms.contains(&term.name));
        for stated in problem.stated.iter_mut().filter(|stated| terms.contains(&stated.name)) {
            stated.place.push_str(BUILT_IN);
        }
        Ok(())
    }
}
