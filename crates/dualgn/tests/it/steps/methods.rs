//! Twenty steps of each method against its formulas, written out with dense matrices.

use burn::tensor::Tensor;
use dualgn::step::{
    Adaptation, Armijo, DampingSchedule, Decay, Floor, Grid, LevenbergMarquardt, Momentum, Search, SecondMoments,
    StepReport,
};
use dualgn::{ConvexLoss, Solver, Stepper};

use super::dense::{At, Kind, Problem, Small, dot, plus, softmax, squared, times};
use crate::common::relative;

const STEPS: usize = 20;
const DAMPING: f64 = 0.1;

/// Takes twenty steps and compares the weights after each with those of `reference`, which moves them by one step.
fn compare<L: ConvexLoss>(
    what: &str,
    mut stepper: Stepper<L>,
    rate: f64,
    problem: &Problem,
    targets: &L::Target,
    mut reference: impl FnMut(&mut Vec<f64>) -> Option<f64>,
) -> Vec<StepReport> {
    let mut w = problem.weights(5);
    let mut model = Small::new(&w, problem.outputs);
    let network = problem.network(&model);
    let inputs: Tensor<2> = problem.inputs();
    let mut reports = vec![];
    for step in 1..=STEPS {
        let taken = reference(&mut w);
        let (next, report) = stepper.step(rate, &network, &model, inputs.clone(), targets.clone()).unwrap();
        model = next;
        let error = relative(&model.flat(), &w);
        assert!(error < 1e-8, "{what}: step {step}: the weights differ by {error:e}");
        if let Some(taken) = taken {
            assert!((report.step - taken).abs() < 1e-9 * taken.abs(), "{what}: {} and {taken}", report.step);
        }
        reports.push(report);
    }
    reports
}

/// The same with either loss; `$with` sets up the stepper, `$reference` makes the reference for a problem.
macro_rules! compare_both {
    ($what:expr, $rate:expr, $stepper:ident => $with:expr, $reference:expr) => {{
        let problem = Problem::new(Kind::Squared, 9, 3);
        let $stepper = Stepper::new(squared(DAMPING).solver(Solver::Cholesky));
        compare(concat!($what, ", squared"), $with, $rate, &problem, &problem.targets(), $reference(&problem));
        let problem = Problem::new(Kind::Softmax, 9, 3);
        let $stepper = Stepper::new(softmax(DAMPING).solver(Solver::Cholesky));
        compare(concat!($what, ", softmax"), $with, $rate, &problem, &problem.classes().into(), $reference(&problem))
    }};
}

#[test]
fn plain_steps() {
    let reference = |problem: &Problem| {
        let problem = problem.clone();
        move |w: &mut Vec<f64>| {
            *w = plus(w, 0.7, &problem.at(w).direction(DAMPING));
            Some(0.7)
        }
    };
    compare_both!("plain", 0.7, stepper => stepper, reference);
}

/// `t d + t² a/2` with the acceleration `a` by the same difference quotient, where it is shorter than the limit.
#[test]
fn accelerated_steps() {
    const RATE: f64 = 0.8;
    // The longest accelerations: all are taken, some are, none is.
    for longest in [1e9, 0.05, 0.0] {
        let reference = |problem: &Problem| {
            let problem = problem.clone();
            move |w: &mut Vec<f64>| {
                let at = problem.at(w);
                let d = at.direction(DAMPING);
                let (here, there) = (problem.outputs(w), problem.outputs(&plus(w, 0.1, &d)));
                let moved = times(&at.jacobian, &d);
                let bend = |i: usize| 20.0 * ((there[i] - here[i]) / 0.1 - moved[i]);
                let a = at.direction_of(&(0..here.len()).map(bend).collect::<Vec<_>>(), DAMPING);
                *w = plus(w, RATE, &d);
                if dot(&a, &a).sqrt() <= longest * dot(&d, &d).sqrt() {
                    *w = plus(w, 0.5 * RATE * RATE, &a);
                }
                Some(RATE)
            }
        };
        compare_both!("accelerated", RATE, stepper => stepper.accelerated(longest), reference);
    }
}

#[test]
fn a_damping_schedule() {
    let schedule = DampingSchedule::new(0.7, 0.02);
    let reference = |problem: &Problem| {
        let (problem, mut count) = (problem.clone(), 0);
        move |w: &mut Vec<f64>| {
            let damping = (DAMPING * 0.7_f64.powi(count)).max(0.02);
            count += 1;
            *w = plus(w, 0.5, &problem.at(w).direction(damping));
            Some(0.5)
        }
    };
    compare_both!("schedule", 0.5, stepper => stepper.adaptation(Adaptation::Schedule(schedule)), reference);
}

#[test]
fn heavy_ball_and_nesterov() {
    let reference = |nesterov: bool| {
        move |problem: &Problem| {
            let (problem, mut v) = (problem.clone(), vec![0.0; problem.parameters()]);
            move |w: &mut Vec<f64>| {
                let d = problem.at(w).direction(DAMPING);
                v = plus(&d, 0.6, &v);
                let p = if nesterov { plus(&d, 0.6, &v) } else { v.clone() };
                *w = plus(w, 0.3, &p);
                None
            }
        }
    };
    compare_both!("heavy ball", 0.3, stepper => stepper.momentum(Momentum::HeavyBall(0.6)), reference(false));
    // The first step of ours has no earlier one, and Nesterov's form then is (1 + μ) d.
    compare_both!("nesterov", 0.3, stepper => stepper.momentum(Momentum::Nesterov(0.6)), reference(true));
}

/// Exact Gauss-Newton: `v ← μv + (1-μ)d`, `p = v/(1-μᵗ)`, backtracking by 0.8 from 1.5 times the last step.
#[test]
fn exact_gauss_newton() {
    let reference = |problem: &Problem| {
        let (problem, mut v) = (problem.clone(), vec![0.0; problem.parameters()]);
        let (mut count, mut last) = (0, None);
        let mixed = |d: &[f64], v: &[f64]| plus(&d.iter().map(|d| 0.4 * d).collect::<Vec<_>>(), 0.6, v);
        move |w: &mut Vec<f64>| {
            let at = problem.at(w);
            count += 1;
            let d = at.direction(DAMPING);
            v = mixed(&d, &v);
            if dot(&at.gradient, &v) >= 0.0 {
                // A mean that leads up starts anew.
                (v, count) = (mixed(&d, &vec![0.0; d.len()]), 1);
            }
            let p: Vec<f64> = v.iter().map(|v| v / (1.0 - 0.6f64.powi(count))).collect();
            let slope = dot(&at.gradient, &p);
            let mut step: f64 = last.map_or(1.0, |last: f64| (1.5 * last).min(1.0));
            while problem.loss(&plus(w, step, &p)) > at.loss + 0.1 * step * slope {
                step *= 0.8;
            }
            last = Some(step);
            *w = plus(w, step, &p);
            Some(step)
        }
    };
    let armijo = Search::Armijo(Armijo::EXACT_GAUSS_NEWTON);
    let reports = compare_both!("egn", 1.0, stepper => stepper.momentum(Momentum::Mean(0.6)).search(armijo), reference);
    assert!(reports.iter().all(|report| report.loss_after.unwrap() < report.loss));
}

/// SPRING: `φ ← μφ + ...` around the centre `μφ`, the step limited, `φ` kept before that.
#[test]
fn spring_with_its_norm_constraint() {
    const LIMIT: f64 = 1.0;
    let reference = |problem: &Problem| {
        let (problem, mut phi) = (problem.clone(), vec![0.0; problem.parameters()]);
        move |w: &mut Vec<f64>| {
            let p = problem.parameters();
            let centre: Vec<f64> = phi.iter().map(|phi| 0.9 * phi).collect();
            phi = problem.at(w).solve(DAMPING, &centre, &vec![1.0; p]);
            let step = 0.5f64.min(LIMIT / dot(&phi, &phi).sqrt());
            *w = plus(w, step, &phi);
            Some(step)
        }
    };
    let reports =
        compare_both!("spring", 0.5, stepper => stepper.momentum(Momentum::Centre(0.9)).limit(LIMIT), reference);
    let limited = reports.iter().filter(|report| (report.length - LIMIT).abs() < 1e-9).count();
    assert!((1..STEPS).contains(&limited), "{limited} of the steps were limited");
}

/// The quadratic model over the direction and the last step, also with a penalty on the weights.
#[test]
fn steps_that_minimise_the_model_over_two_directions() {
    let reference = |eta: f64| {
        move |problem: &Problem| {
            let (problem, mut last): (_, Option<Vec<f64>>) = (problem.clone(), None);
            move |w: &mut Vec<f64>| {
                let mut at = problem.at(w);
                at.gradient = plus(&at.gradient, eta, w);
                (0..w.len()).for_each(|i| at.curvature[(i, i)] += eta);
                let d = at.direction(DAMPING);
                let step = match &last {
                    None => d,
                    Some(s) => {
                        let entry = |a: &[f64], b: &[f64]| at.form(a, b) + DAMPING * dot(a, b);
                        let (a00, a01, a11) = (entry(&d, &d), entry(&d, s), entry(s, s));
                        let (b0, b1) = (-dot(&at.gradient, &d), -dot(&at.gradient, s));
                        let determinant = a00 * a11 - a01 * a01;
                        let (a, b) = ((b0 * a11 - b1 * a01) / determinant, (b1 * a00 - b0 * a01) / determinant);
                        plus(&d.iter().map(|d| a * d).collect::<Vec<_>>(), b, s)
                    }
                };
                *w = plus(w, 1.0, &step);
                last = Some(step);
                None
            }
        }
    };
    compare_both!("model", 1.0, stepper => stepper.momentum(Momentum::Model), reference(0.0));
    let decay = Decay::Coupled(0.05);
    compare_both!("model, penalty", 1.0, stepper => stepper.momentum(Momentum::Model).decay(decay), reference(0.05));
}

/// What a report says of the way: the slope along what was stepped along, with the penalty, and the loss after the step.
#[test]
fn reports_say_what_was_stepped_along() {
    let problem = Problem::new(Kind::Squared, 9, 3);
    let momenta =
        [Momentum::None, Momentum::HeavyBall(0.6), Momentum::Nesterov(0.6), Momentum::Mean(0.6), Momentum::Centre(0.6)];
    for momentum in momenta {
        let mut model = Small::new(&problem.weights(5), problem.outputs);
        let network = problem.network(&model);
        let mut stepper =
            Stepper::new(squared(DAMPING)).momentum(momentum).decay(Decay::Coupled(0.03)).search(Search::Model);
        for _ in 0..3 {
            let w = model.flat();
            let (next, report) = stepper.step(0.5, &network, &model, problem.inputs(), problem.targets()).unwrap();
            let moved = plus(&next.flat(), -1.0, &w);
            assert!(relative(&moved, &report.change.to_vec().unwrap()) < 1e-12);
            let gradient = plus(&problem.at(&w).gradient, 0.03, &w);
            let slope = dot(&gradient, &moved) / report.step;
            assert!((report.slope - slope).abs() < 1e-9 * slope.abs(), "{momentum:?}: {} and {slope}", report.slope);
            assert!((report.length - dot(&moved, &moved).sqrt()).abs() < 1e-12);
            model = next;
        }
    }
}

/// A coupled decay is an explicit penalty, a decoupled one shrinks the weights beside the step.
#[test]
fn decays() {
    let coupled = |problem: &Problem| {
        let problem = problem.clone();
        move |w: &mut Vec<f64>| {
            let mut at = problem.at(w);
            at.gradient = plus(&at.gradient, 0.03, w);
            (0..w.len()).for_each(|i| at.curvature[(i, i)] += 0.03);
            *w = plus(w, 0.8, &at.direction(DAMPING));
            None
        }
    };
    compare_both!("coupled", 0.8, stepper => stepper.decay(Decay::Coupled(0.03)), coupled);
    let decoupled = |problem: &Problem| {
        let problem = problem.clone();
        move |w: &mut Vec<f64>| {
            let d = problem.at(w).direction(DAMPING);
            let shrunk = plus(w, -0.8 * 0.03, w);
            *w = plus(&shrunk, 0.8, &d);
            None
        }
    };
    compare_both!("decoupled", 0.8, stepper => stepper.decay(Decay::Decoupled(0.03)), decoupled);
}

/// A centre for momentum and one for the decay are one centre, and the objective has the penalty.
#[test]
fn a_decay_beside_a_centre_and_a_search() {
    let (eta, mu) = (0.03, 0.5);
    let reference = |problem: &Problem| {
        let (problem, mut phi) = (problem.clone(), vec![0.0; problem.parameters()]);
        move |w: &mut Vec<f64>| {
            let mut at = problem.at(w);
            at.gradient = plus(&at.gradient, eta, w);
            (0..w.len()).for_each(|i| at.curvature[(i, i)] += eta);
            let around = |at: &At, phi: &[f64]| {
                let centre: Vec<f64> = phi.iter().map(|phi| mu * phi).collect();
                at.solve(DAMPING, &centre, &vec![1.0; centre.len()])
            };
            let objective = |w: &[f64]| problem.loss(w) + 0.5 * eta * dot(w, w);
            phi = around(&at, &phi);
            if dot(&at.gradient, &phi) >= 0.0 {
                phi = around(&at, &vec![0.0; phi.len()]);
            }
            let grid = (0..15).map(|i| 1e-3f64.powf(f64::from(i) / 14.0));
            let best =
                grid.min_by(|a, b| objective(&plus(w, *a, &phi)).total_cmp(&objective(&plus(w, *b, &phi)))).unwrap();
            *w = plus(w, best, &phi);
            Some(best)
        }
    };
    let search = Search::Grid(Grid::SHAPES);
    compare_both!(
        "decay and centre",
        1.0,
        stepper => stepper.momentum(Momentum::Centre(mu)).decay(Decay::Coupled(eta)).search(search),
        reference
    );
}

/// Levenberg-Marquardt on the whole data: refused steps raise the damping tenfold, good ones lower it.
#[test]
fn levenberg_marquardt() {
    let reference = |problem: &Problem| {
        let (problem, mut damping) = (problem.clone(), DAMPING);
        move |w: &mut Vec<f64>| {
            let at = problem.at(w);
            loop {
                let d = at.direction(damping);
                let predicted = -(dot(&at.gradient, &d) + 0.5 * at.form(&d, &d));
                let ratio = (at.loss - problem.loss(&plus(w, 1.0, &d))) / predicted;
                if ratio >= 1e-4 {
                    *w = plus(w, 1.0, &d);
                    if ratio < 0.25 {
                        damping *= 10.0;
                    } else if ratio > 0.75 {
                        damping *= 0.1;
                    }
                    return Some(1.0);
                }
                damping *= 10.0;
            }
        }
    };
    let rule = Adaptation::LevenbergMarquardt(LevenbergMarquardt::FULL);
    let reports = compare_both!("lm", 1.0, stepper => stepper.adaptation(rule), reference);
    assert!(reports.iter().any(|report| report.ratio.unwrap() > 0.75));
}

/// On batches the decreases are smoothed before their ratio counts.
#[test]
fn smoothed_damping() {
    let rule = LevenbergMarquardt::STOCHASTIC.floor(Floor::Least);
    let reference = |problem: &Problem| {
        let (problem, mut damping) = (problem.clone(), DAMPING);
        let mut smoothed: Option<[f64; 2]> = None;
        move |w: &mut Vec<f64>| {
            let at = problem.at(w);
            let (d, actual, predicted) = loop {
                let d = at.direction(damping);
                let actual = at.loss - problem.loss(&plus(w, 1.0, &d));
                if actual >= 0.0 {
                    let predicted = -(dot(&at.gradient, &d) + 0.5 * at.form(&d, &d));
                    break (d, actual, predicted);
                }
                damping *= 4.0;
            };
            let [a, p] =
                smoothed.map_or([actual, predicted], |[a, p]| [0.8 * a + 0.2 * actual, 0.8 * p + 0.2 * predicted]);
            smoothed = Some([a, p]);
            damping *= if a / p < 0.25 {
                1.5
            } else if a / p > 0.75 {
                2.0 / 3.0
            } else {
                1.0
            };
            *w = plus(w, 1.0, &d);
            Some(1.0)
        }
    };
    let adaptation = Adaptation::LevenbergMarquardt(rule);
    compare_both!("smoothed", 1.0, stepper => stepper.adaptation(adaptation), reference);
}

/// Directions in the metric of Adam's second moments.
#[test]
fn second_moments() {
    let moments = SecondMoments::new(0.9, 1e-3);
    let reference = |problem: &Problem| {
        let (problem, mut v, mut count) = (problem.clone(), vec![0.0; problem.parameters()], 0);
        move |w: &mut Vec<f64>| {
            let at = problem.at(w);
            count += 1;
            v = v.iter().zip(&at.gradient).map(|(v, g)| 0.9 * v + 0.1 * g * g).collect();
            let roots: Vec<f64> = v.iter().map(|v| (v / (1.0 - 0.9f64.powi(count))).sqrt() + 1e-3).collect();
            let mean = roots.iter().sum::<f64>() / roots.len() as f64;
            let metric: Vec<f64> = roots.iter().map(|root| root / mean).collect();
            *w = plus(w, 0.6, &at.solve(DAMPING, &vec![0.0; w.len()], &metric));
            None
        }
    };
    let exact = Solver::ConjugateGradient { iterations: 200, tolerance: 1e-14 };
    let problem = Problem::new(Kind::Softmax, 9, 3);
    let stepper = Stepper::new(softmax(DAMPING).solver(exact)).metric(moments);
    compare("metric", stepper, 0.6, &problem, &problem.classes().into(), reference(&problem));
}
