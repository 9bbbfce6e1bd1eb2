//! Directions around a centre and in a metric, and the model along other vectors.

use dualgn::error::DirectionError;
use dualgn::loss::ClassTargets;
use dualgn::step::Proximity;
use dualgn::{Direction, Error, GaussNewton, LossModel, Route, Solver};

use super::dense::{At, Kind, Problem, Small, dot, plus, softmax, squared, times, transposed};
use crate::common::{assert_close, numbers};

const DAMPING: f64 = 0.05;
const WAYS: [(Solver, Route); 5] = [
    (Solver::Cholesky, Route::DualAssembled),
    (Solver::Cholesky, Route::PrimalAssembled),
    (Solver::ConjugateGradient { iterations: 200, tolerance: 1e-14 }, Route::DualAssembled),
    (Solver::ConjugateGradient { iterations: 200, tolerance: 1e-14 }, Route::DualMatrixFree),
    (Solver::ConjugateGradient { iterations: 200, tolerance: 1e-14 }, Route::PrimalMatrixFree),
];

/// One direction of either problem.
fn direction(
    problem: &Problem,
    w: &[f64],
    way: (Solver, Option<Route>),
    centre: Option<&[f64]>,
    metric: Option<&[f64]>,
) -> Result<Direction, Error> {
    fn of<L: dualgn::ConvexLoss>(
        oracle: GaussNewton<L>,
        (solver, route): (Solver, Option<Route>),
        problem: &Problem,
        w: &[f64],
        targets: L::Target,
        [centre, metric]: [Option<&[f64]>; 2],
    ) -> Result<Direction, Error> {
        let model = Small::new(w, problem.outputs);
        let mut oracle = oracle.solver(solver);
        if let Some(route) = route {
            oracle = oracle.route(route);
        }
        let subproblem = oracle.subproblem(&problem.network(&model), &model, problem.inputs(), targets)?;
        let blank = subproblem.gradient();
        let vector = |entries: &[f64]| blank.with_entries(entries).unwrap();
        let (centre, metric) = (centre.map(vector), metric.map(vector));
        let mut proximity = Proximity::new(DAMPING);
        if let Some(centre) = &centre {
            proximity = proximity.centred(centre);
        }
        if let Some(metric) = &metric {
            proximity = proximity.in_metric(metric);
        }
        subproblem.direction(proximity)
    }
    let both = [centre, metric];
    match problem.kind {
        Kind::Squared => of(squared(1.0), way, problem, w, problem.targets(), both),
        Kind::Softmax => of(softmax(1.0), way, problem, w, ClassTargets::from(problem.classes()), both),
    }
}

/// Everything that a direction says, against the dense model.
fn check(what: &str, found: &Direction, at: &At, centre: &[f64], metric: &[f64]) {
    let wanted = at.solve(DAMPING, centre, metric);
    let d = found.vector().to_vec().unwrap();
    assert_close(what, &d, &wanted, 1e-9);
    let weighted = |a: &[f64], b: &[f64]| -> f64 { (0..a.len()).map(|i| metric[i] * a[i] * b[i]).sum() };
    let (slope, curvature) = (dot(&at.gradient, &d), at.form(&d, &d));
    let apart = plus(&d, -1.0, centre);
    let value = slope + 0.5 * curvature + 0.5 * DAMPING * weighted(&apart, &apart);
    let close = |name: &str, found: f64, wanted: f64| {
        assert!((found - wanted).abs() <= 1e-9 * (1.0 + wanted.abs()), "{what}: {name} {found} and {wanted}");
    };
    close("slope", found.slope, slope);
    close("predicted decrease", found.predicted_decrease, -(slope + 0.5 * curvature));
    close("norm", found.norm, weighted(&d, &d).sqrt());
    close("value", found.primal_value, value);
    close("dual value", found.dual_value, value);
    close("initial value", found.initial_value, 0.5 * DAMPING * weighted(centre, centre));
    close("gap", found.gap, 0.0);
    close("model step", found.model_step, 1.0);
}

/// The gradient of one batch with the curvature of another, on every route.
#[test]
fn gradients_of_other_batches() {
    for kind in [Kind::Squared, Kind::Softmax] {
        let (many, few) = (Problem::new(kind, 12, 3), Problem::new(kind, 5, 3));
        let w = many.weights(5);
        let gradient = many.at(&w).gradient;
        let mut at = few.at(&w);
        let centre: Vec<f64> = at.gradient.iter().zip(&gradient).map(|(own, other)| (own - other) / DAMPING).collect();
        at.gradient = gradient;
        for (solver, route) in WAYS {
            let found = direction(&few, &w, (solver, Some(route)), Some(&centre), None).unwrap();
            let what = format!("{kind:?} {}", route.name());
            assert_close(&what, &found.vector().to_vec().unwrap(), &at.direction(DAMPING), 1e-9);
        }
    }
    // The centre is what the subproblem says.
    let (many, few) = (Problem::new(Kind::Squared, 12, 3), Problem::new(Kind::Squared, 5, 3));
    let w = many.weights(5);
    let (model, oracle) = (Small::new(&w, few.outputs), squared(DAMPING));
    let network = few.network(&model);
    let gradient = oracle.subproblem(&network, &model, many.inputs(), many.targets()).unwrap().gradient();
    let subproblem = oracle.subproblem(&network, &model, few.inputs(), few.targets()).unwrap();
    let centre = subproblem.centre_of(&gradient, DAMPING).to_vec().unwrap();
    let wanted = plus(&few.at(&w).gradient, -1.0, &many.at(&w).gradient);
    assert_close("centre", &centre, &wanted.iter().map(|x| x / DAMPING).collect::<Vec<_>>(), 1e-12);
}

#[test]
fn centres_on_every_route() {
    for kind in [Kind::Squared, Kind::Softmax] {
        let problem = Problem::new(kind, 7, 3);
        let (w, p) = (problem.weights(5), problem.parameters());
        let at = problem.at(&w);
        let centre: Vec<f64> = numbers(p, 8).iter().map(|x| 0.3 * x).collect();
        for (solver, route) in WAYS {
            let found = direction(&problem, &w, (solver, Some(route)), Some(&centre), None).unwrap();
            check(&format!("{kind:?} {route:?}"), &found, &at, &centre, &vec![1.0; p]);
            let plain = direction(&problem, &w, (solver, Some(route)), None, None).unwrap();
            check(&format!("{kind:?} {route:?} plain"), &plain, &at, &vec![0.0; p], &vec![1.0; p]);
        }
    }
}

#[test]
fn metrics_by_products() {
    for kind in [Kind::Squared, Kind::Softmax] {
        let problem = Problem::new(kind, 7, 3);
        let (w, p) = (problem.weights(5), problem.parameters());
        let at = problem.at(&w);
        let centre: Vec<f64> = numbers(p, 8).iter().map(|x| 0.3 * x).collect();
        let metric: Vec<f64> = numbers(p, 9).iter().map(|x| 1.1 + x).collect();
        let exact = Solver::ConjugateGradient { iterations: 200, tolerance: 1e-14 };
        for centre in [None, Some(centre.as_slice())] {
            let found = direction(&problem, &w, (exact, None), centre, Some(&metric)).unwrap();
            check(&format!("{kind:?}"), &found, &at, centre.unwrap_or(&vec![0.0; p]), &metric);
        }
        let refused = direction(&problem, &w, (Solver::Cholesky, None), None, Some(&metric)).unwrap_err();
        assert!(matches!(refused, Error::Direction(DirectionError::Metric)), "{refused}");
    }
}

/// Where the loss itself is kept, `d` is optimal: `Jᵀ∇ℓ(f + Jd)/m + λ (d - c) = 0`.
#[test]
fn centres_of_the_prox_linear_model() {
    let problem = Problem::new(Kind::Softmax, 7, 3);
    let (w, p) = (problem.weights(5), problem.parameters());
    let at = problem.at(&w);
    let centre: Vec<f64> = numbers(p, 8).iter().map(|x| 0.3 * x).collect();
    let model = Small::new(&w, problem.outputs);
    let network = problem.network(&model);
    let oracle = softmax(1.0).model(LossModel::ProxLinear { gap: 1e-14, iterations: 100 });
    let subproblem = oracle.subproblem(&network, &model, problem.inputs(), problem.classes()).unwrap();
    let vector = subproblem.gradient().with_entries(&centre).unwrap();
    let found = subproblem.direction(Proximity::new(DAMPING).centred(&vector)).unwrap();

    let d = found.vector().to_vec().unwrap();
    let u = times(&at.jacobian, &d);
    let outputs = subproblem.linearization().outputs();
    let moved = outputs.clone() + crate::common::from(u.clone(), outputs.dims(), outputs.dtype());
    let q: Vec<f64> = burn::tensor::activation::softmax(moved, 1).into_data().iter::<f64>().collect();
    let g = plus(&q, -1.0, &problem.y);
    let m = problem.x.len() as f64;
    let residual = plus(
        &transposed(&at.jacobian, &g).iter().map(|x| x / m).collect::<Vec<_>>(),
        DAMPING,
        &plus(&d, -1.0, &centre),
    );
    assert!(residual.iter().all(|x| x.abs() < 1e-7), "{residual:?}");
    let apart = plus(&d, -1.0, &centre);
    let model_loss = problem.model_loss(&w, &u);
    let close = |name: &str, found: f64, wanted: f64| {
        assert!((found - wanted).abs() <= 1e-10 * (1.0 + wanted.abs()), "{name} {found} and {wanted}");
    };
    close("slope", found.slope, dot(&at.gradient, &d));
    close("predicted decrease", found.predicted_decrease, at.loss - model_loss);
    close("norm", found.norm, dot(&d, &d).sqrt());
    close("value", found.primal_value, model_loss + 0.5 * DAMPING * dot(&apart, &apart));
    close("initial value", found.initial_value, at.loss + 0.5 * DAMPING * dot(&centre, &centre));
}

/// The matrix is made once, and directions of other dampings are those of other oracles.
#[test]
fn one_subproblem_serves_several_dampings() {
    let problem = Problem::new(Kind::Softmax, 7, 3);
    let w = problem.weights(5);
    let model = Small::new(&w, problem.outputs);
    let network = problem.network(&model);
    let oracle = softmax(1.0).solver(Solver::Cholesky);
    let subproblem = oracle.subproblem(&network, &model, problem.inputs(), problem.classes()).unwrap();
    let at = problem.at(&w);
    let path = subproblem.path(&[1e-3, 1.0]).unwrap();
    for (damping, of_path) in [1e-3, 1.0].into_iter().zip(path) {
        let wanted = at.direction(damping);
        let found = subproblem.direction(damping).unwrap();
        assert_close("direction", &found.vector().to_vec().unwrap(), &wanted, 1e-9);
        assert_close("by eigenvalues", &of_path.vector().to_vec().unwrap(), &wanted, 1e-9);
    }
    assert_close("gradient", &subproblem.gradient().to_vec().unwrap(), &at.gradient, 1e-12);
    assert!((subproblem.loss() - at.loss).abs() < 1e-14);
    let moved = plus(&w, 0.1, &numbers(w.len(), 9));
    let there = subproblem.loss_at(&Small::new(&moved, problem.outputs));
    // Another module has other parameters; the same one with other values is a step away.
    assert!(there.is_err());
    let step = subproblem.gradient().with_entries(&numbers(w.len(), 9)).unwrap();
    let there = subproblem.loss_at(&step.added_to(model, 0.1)).unwrap();
    assert!((there - problem.loss(&moved)).abs() < 1e-13);
}

#[test]
fn dampings_that_make_no_sense_are_refused() {
    let problem = Problem::new(Kind::Squared, 3, 3);
    let model = Small::new(&problem.weights(5), problem.outputs);
    let network = problem.network(&model);
    let oracle = squared(1.0);
    let subproblem = oracle.subproblem(&network, &model, problem.inputs(), problem.targets()).unwrap();
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = subproblem.direction(bad).unwrap_err();
        assert!(matches!(error, Error::Direction(DirectionError::Damping(_))), "{error}");
    }
}
