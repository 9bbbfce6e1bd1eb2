//! [`Specification`]: an equation or a shape with settings, from which a [`Session`] is made.

use std::path::PathBuf;

use burn::module::Module;
use burn::tensor::{DType, Device};
use dualgn::{GaussNewton, Solver};
use dualgn_io::{Failure, memory};
use dualgn_train::problem::LossName;
use dualgn_train::record::Comparison;
use dualgn_train::{Length, Session, Settings, Subject, environment};

use super::network::{Architecture, Field, SmoothActivation};
use super::points::Drawing;
use super::problem::Problem;
use super::problems::FieldName;
use super::size::Size;
use super::solve::{Showing, Solve};
use crate::geometry::{Format, Frame, Sampling};

/// Damping of directions in f64 when the loss is zero.
const LEAST_DAMPING: f64 = 1e-14;

/// An equation or a shape, the network and the points that it is solved by.
#[derive(Clone, Debug)]
pub struct Specification {
    /// The equation or the shape.
    pub name: FieldName,
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
    /// How points are spread.
    pub sampling: Sampling,
    /// Steps after which points are drawn anew; 0 keeps them.
    pub resample: usize,
    /// Whether more points are drawn where residuals are large.
    pub adaptive: bool,
    /// What is shown of the result.
    pub showing: Showing,
    /// How directions are computed, and how long a run goes on.
    pub settings: Settings,
}

impl Specification {
    /// Begins with all that is usual for an equation or a shape.
    pub fn new(name: FieldName) -> Self {
        Self {
            name,
            mesh: None,
            hard: false,
            hidden: None,
            activation: None,
            points: None,
            sampling: Sampling::default(),
            resample: 0,
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
        let mut problem = self.problem()?;
        let Architecture { hidden, activation, .. } = &mut problem.architecture;
        *hidden = self.hidden.clone().unwrap_or(std::mem::take(hidden));
        *activation = self.activation.unwrap_or(*activation);
        Size::new(&problem, &problem.architecture, self.points, self.adaptive, showing.resolution)
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
        let drawing =
            Drawing { sampling: self.sampling, every: self.resample, adaptive: self.adaptive, seed: settings.seed };
        let (steps, damping) = (problem.steps, problem.damping);
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
            budget: settings.length.unwrap_or(Length::Epochs(steps as f64)).budget(1),
            subject,
            usual_solver,
            choice: None,
            target_loss: settings.target_loss,
            patience: false,
            remarks,
        })
    }

    /// Reads the surface, if there is one, and builds the boundary values in, if they are to be.
    ///
    /// # Errors
    /// The surface cannot be read or is not of such a problem, or the problem has no such boundary values.
    pub fn problem(&self) -> Result<Problem, Failure> {
        let mut problem = self.name.problem(self.mesh.as_deref())?;
        if self.hard {
            self.build_in(&mut problem)?;
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
            problem: self.name.name().into(),
            loss: LossName::Squared.name().into(),
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
            pictures: vec![],
            fitted: None,
        }
    }

    /// Builds the boundary values into the network instead of fitting them.
    fn build_in(&self, problem: &mut Problem) -> Result<(), Failure> {
        let Some(hard) = problem.hard.clone() else {
            return Err(Failure::input(format!(
                "the boundary values of {} cannot be built in; leave out `--hard`, which is for poisson1d and poisson2d",
                self.name
            )));
        };
        problem.architecture.transform = Some(hard);
        problem.terms.retain(|term| term.name != "boundary");
        Ok(())
    }
}
