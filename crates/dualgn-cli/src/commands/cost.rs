//! `dualgn cost`: what a direction costs by each route.

use std::path::Path;

use dualgn::Network;
use dualgn::inspect::Speeds;
use dualgn_io::{Failure, memory};
use dualgn_networks::{Net, with_weights};
use dualgn_train::problem::ProblemName;
use dualgn_train::record::Comparison;
use dualgn_train::routes::{Costs, RandomBatch, Timed};
use dualgn_train::{Batch, Checkpoint, Method, Session, Subject, check_batch};

use super::check;
use super::configuration::{Configuration, Origins};
use super::plan::Plan;
use super::routes::{size, table};
use super::setup::{Work, on_session};
use super::train::checkpoint_of;
use crate::arguments::{Cost, Priced};

/// Times the routes.
pub(super) fn cost(arguments: &Cost) -> Result<String, Failure> {
    match &arguments.subject {
        Priced::Problem(problem) => of_problem(*problem, arguments),
        Priced::Run(run) => of_run(run, arguments),
    }
}

/// On the problem's shape alone.
fn of_problem(problem: ProblemName, arguments: &Cost) -> Result<String, Failure> {
    let device = arguments.device.unwrap_or_default().open()?;
    let batch = [arguments.batch.map_or(64, |batch| batch as usize), problem.shape().0];
    let (model, words) = check::of_problem(problem, arguments.network.as_ref(), &device)?;
    check_batch(&model, batch[0], memory::budget(), |fitting| format!("`--batch {fitting}` takes fewer"))?;
    let network = Network::trace(&model, Net::forward, batch)?;
    let random =
        RandomBatch { task: problem.task(), batch, memory: arguments.memory.map(|mib| (mib as usize) << 20), device };
    Ok(text(&format!("{}: {words}", problem.name()), &random.costs(&network, &model)?))
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
        return Err(Failure::input("a run has a network of its own; leave out `--network`".into()));
    }
    let method = method.with_directions(loss);
    let weights = checkpoint_of(run, &configuration)?;
    let origins = Origins::load(&configuration, run)?;
    let plan = Plan::new("cost", origins.origin(), loss, &options);
    on_session(&plan, OfRun { run, method, weights })
}

/// What was timed, and the times.
fn text(title: &str, costs: &Costs) -> String {
    format!("{title}, {}\n\n{}", size(costs), table(costs))
}

struct OfRun<'a> {
    run: &'a Path,
    method: Method,
    weights: Option<Checkpoint>,
}

impl Work for OfRun<'_> {
    type Result = String;

    fn on<S: Subject>(self, session: &mut Session<S>, comparison: Comparison) -> Result<String, Failure> {
        let (model, place) = match self.weights {
            Some(Checkpoint { weights, step, .. }) => {
                (with_weights(session.model.clone(), weights)?, format!("at its checkpoint of step {step}"))
            }
            None => (session.model.clone(), "at its first weights".into()),
        };
        let oracle =
            session.oracle(self.method).expect("methods without directions were replaced").speeds(Speeds::Measured);
        let Batch { inputs, targets } = session.first_batch(self.method)?;
        let title = format!("{}, {place}: {}", self.run.display(), comparison.network);
        let timed = Timed { network: session.subject.network(), model: &model, oracle, inputs };
        Ok(text(&title, &timed.costs(session.subject.loss().clone(), targets)?))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use dualgn_networks::NetworkChoice;

    use super::*;
    use crate::arguments::{Arguments, Command};

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
