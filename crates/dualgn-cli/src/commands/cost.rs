//! `dualgn cost`: what a direction costs by each route, estimated and measured, and which one would be taken.

use std::path::Path;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use dualgn::{ConvexLoss, Error, Estimate, GaussNewton, Linearize, Logistic, Network, SoftmaxCrossEntropy, Squared};

use super::check;
use super::columns::{cells, columns};
use super::configuration::{Configuration, Origins};
use super::plan::Plan;
use super::setup::{Work, with_session};
use crate::arguments::{Cost, Priced};
use crate::failure::Failure;
use crate::interrupt;
use crate::network::Net;
use crate::problem::{ProblemName, Task};
use crate::record::Comparison;
use crate::report::{grouped, memory};
use crate::train::{Batch, Budget, Checkpoint, Method, ModelName, Session, Subject, checkpoints, with_weights};

/// Directions before anything is estimated or timed.
const WARM_UP: usize = 3;
/// Calls of a route, of which the median counts, unless they take longer than [`TIME`] together.
const CALLS: usize = 9;
/// No call of a route starts later than this after its first.
const TIME: Duration = Duration::from_secs(3);
/// Routes that are estimated to take more seconds are not run.
const PATIENCE: f64 = 10.0;
/// The damping of the directions that are timed, where no run says another.
const DAMPING: f64 = 0.01;

/// Times the routes.
pub fn cost(arguments: &Cost) -> Result<String, Failure> {
    match &arguments.subject {
        Priced::Problem(problem) => of_problem(*problem, arguments),
        Priced::Run(run) => of_run(run, arguments),
    }
}

/// On random inputs of the problem's shape: neither values nor weights matter.
fn of_problem(problem: ProblemName, arguments: &Cost) -> Result<String, Failure> {
    let device = arguments.device.unwrap_or_default().open()?;
    let (features, _) = problem.shape();
    let batch = arguments.batch.map_or(64, |batch| batch as usize);
    device.seed(0);
    let inputs = Tensor::random([batch, features], Distribution::Normal(0.0, 1.0), &device);
    let (model, words) = check::of_problem(problem, arguments.network.as_ref(), &device)?;
    let network = Network::trace(&model, Net::forward, [batch, features])?;
    let title = format!("{}: {words}", problem.name());
    Shape { problem, arguments, title, device, inputs }.timed(&network, &model)
}

/// At the last checkpoint of a run, or where it started: its network, loss, damping, memory and first batch.
fn of_run(run: &Path, arguments: &Cost) -> Result<String, Failure> {
    // The file will do as well.
    let run = if run.is_file() { run.parent().unwrap_or(run) } else { run };
    let configuration = Configuration::load(run)?;
    let (loss, method) = configuration.names(run)?;
    let mut options = configuration.options(run, [true, false])?;
    options.batch = arguments.batch.or(options.batch);
    options.device = arguments.device.unwrap_or(options.device);
    options.memory = arguments.memory;
    if arguments.network.is_some() {
        return Err(Failure::Input("a run has a network of its own; leave out `--network`".into()));
    }
    let method = if method.model.is_some() { method } else { Method::guided(ModelName::default_for(loss)) };
    let weights = Checkpoint::load(&checkpoints(run)).ok().map(|loaded| loaded.checkpoint);
    let mut text = String::new();
    let origins = Origins::load(&configuration, run)?;
    let plan = Plan::new("cost", origins.origin(), loss, &options);
    with_session(&plan, OfRun { run, method, weights, text: &mut text })?;
    Ok(text)
}

struct OfRun<'a> {
    run: &'a Path,
    method: Method,
    weights: Option<Checkpoint>,
    text: &'a mut String,
}

impl Work for OfRun<'_> {
    fn run<S: Subject>(self, session: &mut Session<S>, _: Budget, comparison: Comparison) -> Result<(), Failure> {
        let (model, place) = match self.weights {
            Some(Checkpoint { weights, step, .. }) => {
                (with_weights(session.model.clone(), weights)?, format!("at its checkpoint of step {step}"))
            }
            None => (session.model.clone(), "at its first weights".into()),
        };
        let oracle = session.oracle(self.method).expect("methods without directions were replaced").repeatable(false);
        let Batch { inputs, targets } = session.first_batch(self.method)?;
        let title = format!("{}, {place}: {}", self.run.display(), comparison.network);
        *self.text = Timed { network: session.subject.network(), model: &model, title, oracle, inputs }
            .table(session.subject.loss().clone(), targets)?;
        Ok(())
    }
}

/// A problem's inputs; the loss is the one that its targets ask for.
struct Shape<'a> {
    problem: ProblemName,
    arguments: &'a Cost,
    title: String,
    device: Device,
    inputs: Tensor<2>,
}

impl Shape<'_> {
    fn timed<M: Module>(self, network: &Network<M, Tensor<2>>, model: &M) -> Result<String, Failure> {
        let (batch, outputs) = (self.inputs.dims()[0], network.outputs_per_example());
        let numbers = |value: fn(usize) -> f32| {
            let values: Vec<f32> = (0..batch * outputs).map(value).collect();
            Tensor::<2>::from_data(TensorData::new(values, [batch, outputs]), &self.device)
        };
        match self.problem.task() {
            Task::Classes => {
                let labels: Vec<i64> = (0..batch).map(|i| ((i * 7) % outputs) as i64).collect();
                let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [batch]), &self.device);
                self.with(network, model, SoftmaxCrossEntropy, labels)
            }
            Task::YesOrNo => {
                let targets = numbers(|i| (i % 2) as f32);
                self.with(network, model, Logistic, targets)
            }
            Task::Positive | Task::Count | Task::Number => {
                let targets = numbers(|i| (i % 7) as f32 / 7.0);
                self.with(network, model, Squared, targets)
            }
        }
    }

    fn with<M: Module, L: ConvexLoss + Clone>(
        self,
        network: &Network<M, Tensor<2>>,
        model: &M,
        loss: L,
        targets: impl Into<L::Target>,
    ) -> Result<String, Failure> {
        let mut oracle = GaussNewton::new(loss.clone()).damping(DAMPING);
        if let Some(mib) = self.arguments.memory {
            oracle = oracle.memory((mib as usize) << 20);
        }
        let Self { title, inputs, .. } = self;
        Timed { network, model, title, oracle, inputs }.table(loss, targets.into())
    }
}

/// A network on a batch.
struct Timed<'a, N: Linearize<M>, M, L> {
    network: &'a N,
    model: &'a M,
    title: String,
    oracle: GaussNewton<L>,
    inputs: N::Inputs,
}

impl<N: Linearize<M, Inputs: Clone>, M: Module, L: ConvexLoss + Clone> Timed<'_, N, M, L> {
    fn table(&self, loss: L, targets: L::Target) -> Result<String, Failure> {
        let Self { oracle, inputs, .. } = self;
        let (network, model) = (self.network, self.model);
        let gradient = median(|| {
            let linearization = network.linearization(model, inputs.clone(), None)?;
            let gradient = linearization.vjp(loss.gradient(linearization.outputs(), &targets))?;
            gradient.norm()?;
            Ok(())
        })?;
        // As in training, after some steps: the estimates know how many iterations it takes.
        for _ in 0..WARM_UP {
            let _ = oracle.direction(network, model, inputs.clone(), targets.clone())?;
        }
        let linearization = network.linearization(model, inputs.clone(), None)?;
        let estimates = oracle.estimates(&linearization).map_err(Error::from)?;
        let chosen = estimates.first().filter(|estimate| estimate.refusal.is_none()).map(|estimate| estimate.route);

        let mut lines = vec![cells(["ROUTE", "ESTIMATE", "MEASURED", "IN GRADIENTS", "MEMORY", ""])];
        for estimate in &estimates {
            if interrupt::requested() {
                return Err(Failure::Run("interrupted".into()));
            }
            let measured = self.measure(estimate, &targets)?;
            let note = match (&estimate.refusal, measured) {
                (Some(refusal), _) => refusal.to_string(),
                (None, None) => "not run: it would take too long".into(),
                (None, Some(_)) if Some(estimate.route) == chosen => "<- Auto".into(),
                (None, Some(_)) if !estimate.is_accurate => "stops short of Auto's accuracy".into(),
                (None, Some(_)) => String::new(),
            };
            let ms = |seconds: f64| format!("{:.3} ms", seconds * 1e3);
            lines.push(cells([
                estimate.route.name(),
                &ms(estimate.seconds),
                &measured.map_or("-".into(), ms),
                &measured.map_or("-".into(), |seconds| format!("{:.1}", seconds / gradient)),
                &memory(estimate.bytes as u64),
                &note,
            ]));
        }
        Ok(format!(
            "{}, {} outputs an example, batches of {}, {} parameters\n\n{}\nA gradient takes {:.3} ms. Medians; the estimate is of \
             Auto's solver on each route.\n",
            self.title,
            linearization.outputs_per_example(),
            linearization.examples(),
            grouped(linearization.parameter_count()),
            columns(&lines),
            gradient * 1e3,
        ))
    }

    /// Seconds of a direction; `None` if it cannot be had or would take too long.
    fn measure(&self, estimate: &Estimate, targets: &L::Target) -> Result<Option<f64>, Failure> {
        if estimate.refusal.is_some() || estimate.seconds > PATIENCE {
            return Ok(None);
        }
        let oracle = self.oracle.clone().route(estimate.route);
        let direction = || oracle.direction(self.network, self.model, self.inputs.clone(), targets.clone()).map(|_| ());
        Ok(Some(median(direction)?))
    }
}

/// The median time of some calls, after one that is not counted.
fn median(mut call: impl FnMut() -> Result<(), Error>) -> Result<f64, Failure> {
    call()?;
    let begin = Instant::now();
    let mut times = vec![];
    while times.is_empty() || (times.len() < CALLS && begin.elapsed() < TIME) {
        let start = Instant::now();
        call()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command};
    use crate::network::NetworkChoice;

    fn arguments(problem: ProblemName, network: &str) -> Cost {
        let subject = Priced::Problem(problem);
        Cost {
            subject,
            network: Some(NetworkChoice::parse(network).unwrap()),
            batch: Some(8),
            memory: Some(256),
            device: None,
        }
    }

    #[test]
    fn all_routes_are_listed_and_one_is_chosen() {
        for (problem, network) in [
            (ProblemName::Digits, "mlp"),
            (ProblemName::Digits, "cnn"),
            (ProblemName::Diabetes, "mlp"),
            (ProblemName::BreastCancer, "mlp"),
        ] {
            let text = cost(&arguments(problem, network)).unwrap();
            for route in dualgn::Route::ALL {
                assert!(text.contains(route.name()), "{text}");
            }
            assert_eq!(text.matches("<- Auto").count(), 1, "{text}");
        }
    }

    #[test]
    fn a_run_has_its_own_network_loss_and_batch() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_str().unwrap();
        let typed = ["dualgn", "train", "diabetes", "--loss", "huber", "--epochs", "3", "--quiet", "--out", out];
        let Command::Train(training) = Arguments::parse_from(typed).command else { panic!() };
        crate::commands::train::train(&training).unwrap();
        for subject in [out.to_owned(), format!("{out}/configuration.json")] {
            let Command::Cost(priced) = Arguments::parse_from(["dualgn", "cost", &subject]).command else { panic!() };
            let text = cost(&priced).unwrap();
            assert!(text.contains("at its checkpoint of step 3: layers 10-32-32-1, 1 outputs an example"), "{text}");
            assert!(text.contains("batches of 354, 1,441 parameters"), "{text}");
            assert_eq!(text.matches("<- Auto").count(), 1, "{text}");
            let error = cost(&Cost { network: Some(NetworkChoice::parse("cnn").unwrap()), ..priced }).unwrap_err();
            assert!(error.to_string().contains("leave out `--network`"), "{error}");
        }
        std::fs::remove_file(folder.path().join("configuration.json")).unwrap();
        let error = cost(&Cost { subject: Priced::Run(folder.path().into()), ..arguments(ProblemName::Digits, "mlp") });
        assert!(error.unwrap_err().to_string().contains("is not the folder of a run"));
        assert!(
            Arguments::try_parse_from(["dualgn", "cost", "digit"])
                .unwrap_err()
                .to_string()
                .contains("neither a problem")
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_goes_instead() {
        let small = Cost { memory: Some(1), batch: Some(64), ..arguments(ProblemName::Digits, "mlp") };
        let text = cost(&small).unwrap();
        assert!(text.contains("more than the budget of 1 MiB"), "{text}");
        assert!(text.contains("conjugate gradient by products"), "{text}");
    }

    #[test]
    fn measurements_are_no_image() {
        let error = cost(&arguments(ProblemName::Diabetes, "cnn")).unwrap_err();
        assert!(error.to_string().contains("shape of no image"), "{error}");
    }
}
