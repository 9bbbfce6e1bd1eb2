//! A comparison as training might produce it, for the tests of the report.

use dualgn_train::record::{Comparison, Fitted, MethodRun, Metric, Record, Status, StepRecord, TargetLoss, Trial};
use dualgn_train::scores::{Interval, Score, Scores};

/// How the losses of one made-up run fall.
struct Course {
    method: &'static str,
    title: &'static str,
    rate: f64,
    final_loss: f64,
    /// Steps in which the excess over the final loss shrinks by e.
    decay: f64,
    steps: usize,
    seconds_per_step: f64,
    directions: bool,
}

/// Four methods, about sixty evaluations each; `sgd` diverges.
pub(crate) fn comparison() -> Comparison {
    let course = Course {
        method: "sgd",
        title: "Gradient descent with momentum",
        rate: 0.1,
        final_loss: 0.2,
        decay: 300.0,
        steps: 1200,
        seconds_per_step: 0.011,
        directions: false,
    };
    let adam = Course {
        method: "adam",
        title: "Adam",
        rate: 0.003,
        final_loss: 0.021,
        decay: 170.0,
        seconds_per_step: 0.0125,
        ..course
    };
    let dual_sgd = Course {
        method: "dual-gn-sgd",
        title: "Momentum on dual Gauss-Newton directions",
        rate: 0.3,
        final_loss: 0.011,
        decay: 60.0,
        seconds_per_step: 0.031,
        directions: true,
        ..course
    };
    let dual_adam = Course {
        method: "dual-gn-adam",
        title: "Adam on dual Gauss-Newton directions",
        rate: 0.01,
        final_loss: 0.0042,
        decay: 48.0,
        ..dual_sgd
    };
    let mut runs: Vec<MethodRun> = [course, adam, dual_sgd, dual_adam].iter().map(run).collect();
    diverge(&mut runs[0]);
    let target = runs[1]
        .records
        .last()
        .map(|record| TargetLoss { train_loss: record.train_loss, source: "Adam's last training loss".into() });
    Comparison {
        network: "layers 64-64-64-10".into(),
        problem: "digits".into(),
        loss: "softmax".into(),
        description: "Handwritten digits of 8 × 8 pixels, a network of two hidden layers of 64 tanh units, \
                      softmax cross-entropy."
            .into(),
        citation: "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, \
                   UCI Machine Learning Repository, 1998, doi:10.24432/C50P49."
            .into(),
        metric: Metric::Accuracy,
        coefficients: vec![],
        equations: vec![],
        pictures: vec![],
        fitted: None,
        parameters: 8970,
        examples: (1437, 360),
        batch: 64,
        seed: 1,
        gap: 1e-3,
        target,
        command: "dualgn compare digits --methods sgd,adam,dual-gn-sgd,dual-gn-adam --steps 1200 --seed 1".into(),
        environment: "dualgn 0.1.0, Linux x86_64, 8 cores, CPU, 32-bit floats".into(),
        runs,
    }
}

fn run(course: &Course) -> MethodRun {
    let records: Vec<Record> = (0..=60).map(|index| record(course, index * course.steps / 60)).collect();
    let trials = [1.0, 0.3, 3.0, 10.0]
        .into_iter()
        .map(|factor| Trial {
            learning_rate: course.rate * factor,
            train_loss: (factor < 9.0).then(|| course.final_loss * (2.0 + (factor - 1.0f64).abs())),
        })
        .collect();
    MethodRun {
        run: "0a1b2c3d".into(),
        method: course.method.into(),
        title: course.title.into(),
        settings: format!("rate {}, chosen of 4", course.rate),
        trials,
        status: Status::Finished,
        records,
        directions: (1..=course.steps).filter(|_| course.directions).map(|step| direction(course, step)).collect(),
        peak_memory: Some(180 << 20),
    }
}

/// The part of the excess over the final loss that is left at a step, and a factor about one that wiggles.
fn shape(course: &Course, step: usize) -> (f64, f64) {
    let time = step as f64;
    let wiggle = 1.0 + 0.06 * (time * 0.7 + course.decay).sin() * (1.0 - (-time / 50.0).exp());
    ((-(time / course.decay).powf(0.8)).exp(), wiggle)
}

fn record(course: &Course, step: usize) -> Record {
    let (time, (fall, wiggle)) = (step as f64, shape(course, step));
    let train_loss = (course.final_loss + (2.31 - course.final_loss) * fall) * wiggle;
    Record {
        step,
        epoch: time * 64.0 / 1437.0,
        seconds: time * course.seconds_per_step,
        train_loss,
        test_loss: (train_loss + 0.07 * (1.0 - fall)) * (1.0 + 1e-4 * time),
        test_metric: 0.1 + (0.975 - course.final_loss - 0.1) * (1.0 - fall) * (1.0 + 0.004 * (wiggle - 1.0)),
    }
}

fn direction(course: &Course, step: usize) -> StepRecord {
    let (loss, (fall, wiggle)) = (record(course, step - 1).train_loss, shape(course, step));
    let (decrease, relative_gap) = (1.5 * loss, 1e-3 * wiggle.powi(9) * (0.1 + fall));
    let gap = decrease * relative_gap;
    StepRecord {
        rate: None,
        ratio: None,
        trials: None,
        refused: None,
        fallback: None,
        step,
        loss,
        slope: -3.0 * loss * wiggle,
        norm: 1.3 * wiggle,
        damping: 0.3 * loss,
        primal: gap - decrease,
        dual: -decrease,
        gap,
        relative_gap,
        iterations: 6 + (30.0 * (1.0 - fall) * wiggle) as usize,
        milliseconds: 700.0 * course.seconds_per_step,
        forward_milliseconds: 200.0 * course.seconds_per_step,
        back_milliseconds: 100.0 * course.seconds_per_step,
    }
}

/// From the twentieth evaluation on, the loss grows until it is not a number.
fn diverge(run: &mut MethodRun) {
    run.status = Status::Diverged;
    run.records.truncate(26);
    for (index, record) in run.records.iter_mut().enumerate().skip(20) {
        let growth = 10f64.powi(index as i32 - 20);
        record.train_loss *= growth;
        record.test_loss *= growth;
        record.test_metric = 0.1;
    }
    if let Some(last) = run.records.last_mut() {
        (last.train_loss, last.test_loss) = (f64::NAN, f64::INFINITY);
    }
}

/// What a table might lead to, with some classes or none.
pub(super) fn fitted(levels: &[&str]) -> Fitted {
    let value = Interval { value: 0.9, low: 0.8, high: 0.95 };
    let confusion = (!levels.is_empty()).then(|| vec![vec![1, 1], vec![0, 2]]);
    let scores = Scores {
        rows: 4,
        scores: vec![Score { name: "rmse".into(), words: "an error".into(), value }],
        confusion,
        cells: vec![],
    };
    Fitted {
        columns: [["COLUMN", "ROLE", "WHY"], ["a", "numeric", "the columns"]]
            .map(|line| line.map(str::to_owned).to_vec())
            .to_vec(),
        remarks: vec!["read".into()],
        rows: [10, 4],
        best_steps: vec![3, 4],
        scores,
        levels: levels.iter().map(|level| (*level).to_owned()).collect(),
        target: "y".into(),
        answers: vec![0.0, 1.0, 1.0, 1.0],
        targets: vec![0.0, 0.0, 1.0, 1.0],
        places: vec![2, 5, 7, 11],
    }
}
