//! Every loss on every problem it fits: the session is built, and each method that works with the loss takes two steps.

use clap::Parser;
use dualgn::{ConvexLoss, Linearize};
use dualgn_train::problem::{LossName, ProblemName, Task};
use dualgn_train::record::{Metric, Status};
use dualgn_train::{Batch, Budget, Method, Moment, PRESETS, Subject, Trainer};
use strum::VariantArray;

use super::*;
use crate::arguments::{Arguments, Command};
use crate::commands::plan;

/// Two steps by each method that the loss does not refuse.
fn on(session: &Session<Examples>, loss: LossName, blank: &Comparison) -> Result<(), Failure> {
    let name = format!("{} on {}", blank.loss, blank.problem);
    // What the table says of the loss is what the library says of it.
    let Batch { inputs, targets } = session.first_batch(PRESETS[0])?;
    let outputs = session.subject.network().linearization(&session.model, inputs, None)?.outputs();
    let own = session.subject.loss();
    assert_eq!(own.curvature(outputs.clone(), &targets).is_some(), loss.has_curvature(), "{name}");
    assert_eq!(own.margin(outputs, &targets).is_some(), loss.has_margin(), "{name}");

    let mut refused = 0;
    for method in Method::all() {
        if method.refusal(loss).is_some() {
            refused += 1;
            continue;
        }
        let trainer = Trainer::new(session, method, method.rates[0], Budget::Steps(2), None)?;
        let moments: Vec<Moment> = trainer.collect::<Result<_, _>>()?;
        let name = format!("{name} by {}", method.name);
        let ended = moments.last().and_then(|moment| moment.ended.as_ref()).unwrap();
        assert!(matches!(ended.status, Status::Finished | Status::Converged), "{name}: {:?}", ended.reason);
        assert!(moments.iter().map(|moment| moment.step).eq(0..3), "{name}");
        for record in moments.iter().map(|moment| moment.record.as_ref().unwrap()) {
            assert!(record.train_loss.is_finite() && record.test_loss.is_finite(), "{name}: {record:?}");
            let right = match blank.metric {
                Metric::Accuracy => (0.0..=1.0).contains(&record.test_metric),
                Metric::Rmse | Metric::RelativeError => record.test_metric > 0.0 && record.test_metric.is_finite(),
            };
            assert!(right, "{name}: {record:?}");
        }
        let directions: Vec<_> = moments.iter().filter_map(|moment| moment.direction.as_ref()).collect();
        let steps = if method.model.is_some() { vec![1, 2] } else { vec![] };
        assert!(directions.iter().map(|direction| direction.step).eq(steps), "{name}");
        for direction in &directions {
            // Around a centre a direction may lead up.
            let descends = direction.slope < 0.0 || method.name == "spring";
            assert!(descends && direction.relative_gap < 1.0, "{name}: {direction:?}");
        }
    }
    assert!(refused < PRESETS.len() - 2, "{name}: nothing but gradients");
    Ok(())
}

fn two_steps(problem: ProblemName) {
    let arguments = ["dualgn", "compare", problem.name(), "--batch", "64"];
    let Command::Compare(arguments) = Arguments::parse_from(arguments).command else { panic!() };
    let study = problem.study(None, None).unwrap();
    for loss in LossName::fitting(problem.task()) {
        let plan =
            Plan::new("compare", Origin::Problem(Topic::Data(problem), &arguments.options), loss, &arguments.run);
        let (session, blank) = on_data(&plan, &study).unwrap();
        on(&session, loss, &blank).unwrap();
    }
}

#[test]
fn every_loss_of_digits_trains() {
    two_steps(ProblemName::Digits);
}

#[test]
fn every_loss_of_breast_cancer_trains() {
    two_steps(ProblemName::BreastCancer);
}

#[test]
fn every_loss_of_diabetes_trains() {
    two_steps(ProblemName::Diabetes);
}

#[test]
fn every_loss_of_bikeshare_trains() {
    two_steps(ProblemName::Bikeshare);
}

/// What the table leaves out is refused by the plan, with a sentence that names the problems that fit.
#[test]
fn pairs_that_do_not_fit_are_refused() {
    let chosen = |problem: ProblemName, loss: LossName| {
        let arguments = ["dualgn", "compare", problem.name(), "--loss", loss.name()];
        let Command::Compare(arguments) = Arguments::parse_from(arguments).command else { panic!() };
        plan::loss(Origin::Problem(arguments.problem, &arguments.options), &arguments.run)
    };
    let mut refused = 0;
    for problem in ProblemName::ALL {
        for &loss in LossName::VARIANTS {
            match chosen(problem, loss) {
                Ok(fitting) => assert!(fitting == loss && loss.reading(problem.task()).is_some()),
                Err(failure) => {
                    let sentence = failure.to_string();
                    refused += 1;
                    assert!(loss.reading(problem.task()).is_none());
                    for word in [loss.name(), problem.name(), problem.task().targets()] {
                        assert!(sentence.contains(word), "{sentence}");
                    }
                    let (_, fitting) = sentence.split_once("it fits ").unwrap();
                    for name in fitting.split(", ") {
                        let other = name.parse::<ProblemName>().unwrap();
                        assert!(chosen(other, loss).is_ok(), "{sentence}");
                    }
                }
            }
        }
    }
    let left_out = |task| LossName::VARIANTS.len() - LossName::fitting(task).count();
    assert_eq!(refused, 2 * left_out(Task::Classes) + left_out(Task::YesOrNo) + 3 * left_out(Task::Positive));
}
