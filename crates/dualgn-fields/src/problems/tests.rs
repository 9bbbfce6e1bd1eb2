//! Each equation with its solution: a network that leaves little of the residuals is near the solution.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use dualgn::jet::jet;
use dualgn::step::{Adaptation, LevenbergMarquardt};
use dualgn::{Damping, GaussNewton, Stepper};
use dualgn_networks::Tensors;
use dualgn_train::record::Metric;
use dualgn_train::{Batch, Evaluation, Subject};

use std::f64::consts::PI;

use super::shape::{names, tanh};
use super::written::{difference, diffusion, in_box};
use super::*;
use crate::embedding::Embedding;
use crate::geometry::{Format, Region, Sampling};
use crate::network::{Architecture, Field};
use crate::points::Drawing;
use crate::problem::{GivenValues, PointFunction, Term};
use crate::{Periodic, Showing, Solve};

/// The relative error after some steps on some points.
fn error(name: FieldName, points: usize, steps: usize, hidden: &[usize]) -> (f64, Vec<f64>) {
    error_of(name.problem(None).unwrap(), points, steps, hidden)
}

fn error_of(problem: Problem, points: usize, steps: usize, hidden: &[usize]) -> (f64, Vec<f64>) {
    let (solve, model) = trained(problem, points, steps, hidden);
    (solve.evaluate(&model).unwrap().test_metric, model.coefficients())
}

fn traced(problem: Problem, model: &Field, points: usize) -> Result<Solve, Failure> {
    let drawing = Drawing { sampling: Sampling::Sobol, every: 0, adaptive: false, seed: 0 };
    let showing = Showing { movie: false, format: Format::Ply, resolution: 16, is_normalised: false };
    Solve::new(problem, model, Some(points), drawing, showing, &Device::flex())
}

/// A problem with its network after some steps on some points.
fn trained(problem: Problem, points: usize, steps: usize, hidden: &[usize]) -> (Solve, Field) {
    let device = Device::flex();
    device.seed(0);
    let architecture = Architecture { hidden: hidden.to_vec(), ..problem.architecture.clone() };
    let model = Field::new(&architecture, &device.autodiff());
    let solve = traced(problem, &model, points).unwrap();
    let mut model = solve.started(model).unwrap();
    let damping = Damping::RelativeToLoss { factor: 1e-2, least: 1e-14 };
    let oracle = GaussNewton::new(solve.loss().clone()).damping(damping);
    let mut stepper = Stepper::new(oracle).adaptation(Adaptation::LevenbergMarquardt(LevenbergMarquardt::FULL));
    let mut batches = solve.batches(0, 0, &Tensors::new()).unwrap();
    for _ in 0..steps {
        let Batch { inputs, targets } = solve.next(&mut batches, &model).unwrap();
        model = stepper.step(1.0, solve.network(), &model, inputs, targets).unwrap().0;
    }
    (solve, model)
}

#[test]
fn small_residuals_mean_the_solution() {
    for (name, points, steps, hidden, most) in [
        (FieldName::Poisson1d, 80, 60, [16, 16].as_slice(), 5e-3),
        (FieldName::Poisson2d, 300, 40, &[16, 16], 1e-2),
        (FieldName::Helmholtz, 400, 60, &[24, 24], 0.2),
        (FieldName::Ball, 400, 40, &[16, 16], 0.05),
        (FieldName::Heat, 300, 40, &[16, 16], 1e-2),
        (FieldName::AllenCahn, 300, 40, &[16, 16], 1e-2),
        (FieldName::Wave, 400, 100, &[20, 20], 0.1),
        (FieldName::Minimal, 300, 40, &[16, 16], 0.02),
        (FieldName::Poisson5d, 400, 30, &[16, 16], 0.1),
        (FieldName::Poisson10d, 400, 30, &[16], 0.1),
        (FieldName::Heat4d, 400, 30, &[16, 16], 0.1),
        (FieldName::Burgers, 500, 60, &[16, 16], 0.3),
        (FieldName::Distance2d, 500, 30, &[16, 16], 0.2),
    ] {
        let (error, _) = error(name, points, steps, hidden);
        assert!(error < most, "{name:?}: {error}");
    }
}

/// Without a term for the boundary.
#[test]
fn built_in_boundary_values_need_no_term() {
    for name in [FieldName::Poisson1d, FieldName::Poisson2d] {
        let mut problem = name.problem(None).unwrap();
        problem.architecture.transform = problem.hard.take().map(|hard| hard.transform);
        problem.terms.truncate(1);
        let (error, _) = error_of(problem, 200, 40, &[16]);
        assert!(error < 5e-3, "{name:?}: {error}");
    }
}

/// 300 measurements with an error of 0.01 give the diffusivity to about its standard deviation, 0.3 %.
#[test]
fn the_diffusivity_is_found() {
    let (error, found) = error(FieldName::Diffusivity, 600, 40, &[16, 16]);
    assert!(error < 0.02 && (found[0] - 0.3).abs() < 0.01, "{error} {found:?}");
}

/// Measurements with other errors of the same size lead to other values, as far from each other as the standard deviation says, and
/// a run that stops early says how far it is.
#[test]
fn deviations_are_those_of_repeated_measurements() {
    const REPEATED: u64 = 8;
    let found_after = |seed: u64, steps: usize| {
        let (solve, model) = trained(diffusion::measured(seed), 400, steps, &[10, 10]);
        let found = solve.coefficients(&model, "it").unwrap().remove(0);
        (found.value, found.standard_deviation.unwrap(), found.to_go.unwrap())
    };
    let found: Vec<_> = (0..REPEATED).map(|seed| found_after(seed, 120)).collect();
    let mean_of = |of: fn(&(f64, f64, f64)) -> f64| found.iter().map(of).sum::<f64>() / REPEATED as f64;
    let (mean, said) = (mean_of(|found| found.0), mean_of(|found| found.1));
    let squares: f64 = found.iter().map(|found| (found.0 - mean).powi(2)).sum();
    let spread = (squares / (REPEATED - 1) as f64).sqrt();
    // The spread of eight is known to a quarter of itself, one standard deviation, and their mean to a third of the spread.
    assert!((0.5..1.9).contains(&(spread / said)) && (mean - 0.3).abs() < 1.5 * said, "{mean} {spread} {said}");
    assert!(found.iter().all(|(.., to_go)| to_go.abs() < said), "{found:?}");
    // After a third of the steps, most of the way to where they lead.
    let (value, deviation, to_go) = found_after(0, 30);
    let left = found[0].0 - value;
    assert!(left.abs() < deviation || (0.3..3.0).contains(&(to_go / left)), "{value} {to_go} {left}");
}

/// `u' = v` and `v' = -u` from `u(0) = 0` and `v(0) = 1`, for one period: the sine and the cosine.
fn oscillator() -> Problem {
    fn equations(field: &Field, rows: Tensor<2>) -> Tensor<2> {
        let both = jet(rows, |t| field.value(t));
        let (value, slope) = (both.value(), both.derivative([0]));
        slope + Tensor::cat(vec![-value.clone().narrow(1, 1, 1), value.narrow(1, 0, 1)], 1)
    }
    let (low, high) = (vec![0.0], vec![2.0 * PI]);
    let region = Region::Box { low: low.clone(), high: high.clone() };
    let begin = Region::Box { low: low.clone(), high: low.clone() };
    let start = GivenValues { columns: 2, at: Arc::new(|_: &[f64]| vec![0.0, 1.0]) };
    let terms = vec![
        Term { equations: 2, ..Term::new("equations", 1.0, 60, region, equations) },
        Term { equations: 2, given: Some(start), ..Term::new("start", 10.0, 1, begin, difference) },
    ];
    let periodic = vec![Periodic { axis: 0, period: 2.0 * PI, modes: 1 }];
    let embedding = Embedding { periodic, ..Embedding::default() };
    let architecture = Architecture { outputs: 2, embedding, ..tanh(1, &[]) };
    let exact: PointFunction = Arc::new(|t: &[f64]| vec![t[0].sin(), t[0].cos()]);
    let problem = in_box("An oscillator.", &["t"], [low, high], architecture, terms, |_| 0.0);
    Problem { unknowns: names(&["u", "v"]), exact: Some(exact), ..problem }
}

#[test]
fn a_system_of_two_unknown_functions_is_solved() {
    // Without hidden layers the residuals are linear in the weights, and a few steps solve them; with one they take longer.
    for (steps, hidden, most) in [(5, [].as_slice(), 1e-6), (30, &[12], 5e-3)] {
        let (solve, model) = trained(oscillator(), 62, steps, hidden);
        let (each, all) = solve.relative_errors(&model).unwrap().unwrap();
        assert!(each.len() == 2 && each.iter().all(|error| *error < most), "{hidden:?}: {each:?}");
        // The sine is as long as the cosine: both count as much.
        let mean = ((each[0].powi(2) + each[1].powi(2)) / 2.0).sqrt();
        assert!((all - mean).abs() < 1e-2 * mean, "{all} {mean}");
        assert_eq!(solve.evaluate(&model).unwrap().test_metric, all);
        assert!(solve.terms().starts_with("equations at 61 points (2 equations, weight 1), start at 2 points"));
    }
}

#[test]
fn every_unknown_function_has_its_pictures() {
    let (solve, model) = trained(oscillator(), 62, 3, &[]);
    let folder = tempfile::tempdir().unwrap();
    let pictures = solve.portrait([&model, &model], folder.path()).unwrap().pictures;
    let titles: Vec<&str> = pictures.iter().map(|picture| picture.title.as_str()).collect();
    assert_eq!(titles, ["Solution, u", "Error, u", "Solution, v", "Error, v", "Residual, 1", "Residual, 2"]);
    assert!(pictures[3].caption.starts_with("The network less the solution, v; relative error "));
    for name in ["solution-u", "error-u", "solution-v", "error-v", "residual-1", "residual-2"] {
        assert!(folder.path().join(format!("{name}.svg")).exists(), "{name}");
    }
    assert_eq!(solve.picture(&model).unwrap().height, 1);
}

/// Neither the solution nor the diffusivity.
#[test]
fn without_a_known_solution_residuals_are_measured() {
    let problem = FieldName::Diffusivity.problem(None).unwrap();
    let problem = Problem { exact: None, coefficients: vec![("κ".into(), None)], ..problem };
    assert_eq!(problem.metric(), Metric::Residual);
    let (solve, model) = trained(problem, 200, 5, &[6]);
    assert!(solve.relative_errors(&model).unwrap().is_none());
    let Evaluation { test_loss, test_metric, .. } = solve.evaluate(&model).unwrap();
    assert!((test_metric.powi(2) - test_loss).abs() < 1e-12 * test_loss, "{test_metric} {test_loss}");
    let found = solve.coefficients(&model, "it").unwrap().remove(0);
    assert_eq!((found.name.as_str(), found.right), ("κ", None));
    let folder = tempfile::tempdir().unwrap();
    let pictures = solve.portrait([&model, &model], folder.path()).unwrap().pictures;
    assert_eq!(pictures.iter().map(|picture| &picture.title).collect::<Vec<_>>(), ["Solution", "Residual"]);
    assert!(folder.path().join("residual.svg").exists() && !folder.path().join("error.svg").exists());
}

#[test]
fn terms_have_as_many_residuals_as_they_say() {
    let mut problem = oscillator();
    problem.terms[1].equations = 3;
    let model = Field::new(&problem.architecture, &Device::flex().autodiff());
    let refused = traced(problem, &model, 62).err().unwrap().to_string();
    assert!(refused.contains("the term `start` has 2 residuals at a point instead of 3"), "{refused}");
}
