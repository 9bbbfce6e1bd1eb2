//! Each equation with its solution: a network that leaves little of the residuals is near the solution.

use burn::tensor::Device;
use dualgn::step::{Adaptation, LevenbergMarquardt};
use dualgn::{Damping, GaussNewton, Stepper};
use dualgn_networks::Tensors;
use dualgn_train::{Batch, Subject};

use super::*;
use crate::geometry::{Format, Sampling};
use crate::points::Drawing;
use crate::{Showing, Solve};

/// The relative error after some steps on some points.
fn error(name: FieldName, points: usize, steps: usize, hidden: &[usize]) -> (f64, Vec<f64>) {
    error_of(name.problem(None).unwrap(), points, steps, hidden)
}

fn error_of(problem: Problem, points: usize, steps: usize, hidden: &[usize]) -> (f64, Vec<f64>) {
    let (solve, model) = trained(problem, points, steps, hidden);
    (solve.evaluate(&model).unwrap().test_metric, model.coefficients())
}

/// A problem with its network after some steps on some points.
fn trained(problem: Problem, points: usize, steps: usize, hidden: &[usize]) -> (Solve, Field) {
    let device = Device::flex();
    device.seed(0);
    let architecture = Architecture { hidden: hidden.to_vec(), ..problem.architecture.clone() };
    let model = Field::new(&architecture, &device.clone().autodiff());
    let drawing = Drawing { sampling: Sampling::Sobol, every: 0, adaptive: false, seed: 0 };
    let showing = Showing { movie: false, format: Format::Ply, resolution: 16, is_normalised: false };
    let solve = Solve::new(problem, &model, Some(points), drawing, showing, &device).unwrap();
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
        problem.architecture.transform = problem.hard;
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
