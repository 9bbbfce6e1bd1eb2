//! Every loss on every problem it fits: the session is built, and each method that works with the loss takes two steps.

use dualgn::Linearize;

use super::*;
use crate::method::Method;
use crate::presets::ALL;
use crate::problem::ProblemName;
use crate::record::{Metric, Status};
use crate::subject::{Batch, Subject};
use crate::trainer::{Moment, Trainer};

/// Two steps by each method that the loss does not refuse.
fn on(session: &Session<SupervisedLearning>, loss: LossName, metric: Metric, name: &str) -> Result<(), Failure> {
    // What the table says of the loss is what the library says of it.
    let Batch { inputs, targets } = session.first_batch(ALL[0])?;
    let outputs = session.subject.network().linearization(&session.model, inputs, None)?.outputs();
    let own = session.subject.loss();
    assert_eq!(own.curvature(outputs.clone(), &targets).is_some(), loss.has_curvature(), "{name}");
    assert_eq!(own.margin(outputs, &targets).is_some(), loss.has_margin(), "{name}");

    let mut refused = 0;
    for method in ALL {
        if method.refusal(loss).is_some() {
            refused += 1;
            continue;
        }
        let name = format!("{name} by {}", method.name);
        let mut trainer = Trainer::new(session, method, method.rates[0], Budget::Steps(2), None)?;
        let moments: Vec<Moment> = trainer.by_ref().collect::<Result<_, _>>()?;
        let ended = trainer.ended().unwrap();
        assert!(matches!(ended.status, Status::Finished | Status::Converged), "{name}: {ended}");
        assert!(moments.iter().map(|moment| moment.step).eq(0..3), "{name}");
        for record in moments.iter().map(|moment| moment.record.as_ref().unwrap()) {
            assert!(record.train_loss.is_finite() && record.test_loss.is_finite(), "{name}: {record:?}");
            let right = match metric {
                Metric::Accuracy => (0.0..=1.0).contains(&record.test_metric),
                Metric::Rmse | Metric::RelativeError | Metric::Residual => {
                    record.test_metric > 0.0 && record.test_metric.is_finite()
                }
            };
            assert!(right, "{name}: {record:?}");
        }
        check_directions(&moments, method, &name);
    }
    assert!(refused < ALL.len() - 2, "{name}: nothing but gradients");
    Ok(())
}

/// One for each step of a method that has directions, each of them down.
fn check_directions(moments: &[Moment], method: Method, name: &str) {
    let directions: Vec<_> = moments.iter().filter_map(|moment| moment.direction.as_ref()).collect();
    let steps = if method.model.is_some() { vec![1, 2] } else { vec![] };
    assert!(directions.iter().map(|direction| direction.step).eq(steps), "{name}");
    for direction in &directions {
        // Around a centre a direction may lead up.
        let descends = direction.slope < 0.0 || method.name == "spring";
        assert!(descends && direction.relative_gap < 1.0, "{name}: {direction:?}");
    }
}

fn two_steps(problem: ProblemName) {
    let study = problem.study(None, None).unwrap();
    for loss in LossName::fitting(problem.task()) {
        let name = format!("{} on {}", loss.name(), problem.name());
        let specification = Specification { loss, batch: Some(64), ..Specification::new(&study) };
        let device = Device::flex();
        let session = specification.session(&device).unwrap();
        let comparison = specification.comparison(&session, &device).unwrap();
        assert_eq!((&*comparison.loss, &*comparison.problem), (loss.name(), problem.name()));
        on(&session, loss, comparison.metric, &name).unwrap();
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
