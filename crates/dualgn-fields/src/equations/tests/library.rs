//! The equations that are written in Rust, as files.

use burn::tensor::{Device, Tensor};
use dualgn::step::{Adaptation, LevenbergMarquardt};
use dualgn::{Damping, GaussNewton, Network, Stepper};
use dualgn_networks::{Tensors, entries};
use dualgn_train::{Batch, Subject};
use strum::VariantArray;

use crate::geometry::{Format, Generator, Sampling};
use crate::network::Field;
use crate::points::Drawing;
use crate::problem::{Problem, Term};
use crate::problems::{FieldName, written};
use crate::{Showing, Solve};

/// Points of each term.
const COUNT: usize = 20;
const DRAWING: Drawing = Drawing { sampling: Sampling::Sobol, every: 0, adaptive: false, seed: 5 };

/// Problems that are given by their surfaces.
const SHAPES: [FieldName; 2] = [FieldName::Distance2d, FieldName::Shape];

/// Residuals of a term at points that are drawn for another one with the same region.
fn residuals(model: &Field, term: &Term, index: usize, device: &Device) -> Vec<f64> {
    let rows = DRAWING.rows(term, index, 0, COUNT, device);
    let residual = term.residual.clone();
    let forward = move |model: &Field, rows: Tensor<2>| residual(model, rows);
    let at = Network::trace(model, forward, rows.dims()).unwrap().linearize(model, rows).unwrap();
    entries::<f64, 2>(at.outputs()).unwrap()
}

fn assert_near(found: &[f64], expected: &[f64], what: &str) {
    let size = expected.iter().fold(1.0, |size: f64, value| size.max(value.abs()));
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        // The same operations in another order.
        assert!((found - expected).abs() < 1e-12 * size, "{what}: {found}, not {expected}");
    }
}

/// What is said in words or in numbers.
fn settings(problem: &Problem) -> String {
    let Problem { axes, unknowns, domain, low, high, architecture, coefficients, training, .. } = problem;
    format!("{axes:?} {unknowns:?} {domain:?} {low:?} {high:?} {architecture:?} {coefficients:?} {training:?}")
}

#[test]
fn files_are_the_equations() {
    let device = Device::flex();
    for &name in FieldName::VARIANTS.iter().filter(|name| !SHAPES.contains(name)) {
        let mut written = written(name);
        let read = name.file().unwrap().problem().unwrap_or_else(|failure| panic!("{failure}"));
        // Measurements come last in a file.
        written.terms.sort_by_key(|term| term.name == "measurements");
        assert_eq!(settings(&read), settings(&written), "{name}");
        assert_eq!(read.terms.len(), written.terms.len(), "{name}");
        device.seed(3);
        let model = Field::new(&read.architecture, &device.clone().autodiff());
        for (index, (read, written)) in read.terms.iter().zip(&written.terms).enumerate() {
            let of = |term: &Term| {
                let Term { name, weight, points, region, equations, .. } = term;
                format!("{name} {weight} {points} {region:?} {equations}")
            };
            assert_eq!(of(read), of(written), "{name}");
            let [found, expected] = [read, written].map(|term| residuals(&model, term, index, &device));
            assert_near(&found, &expected, &format!("{name}, {}", written.name));
        }
        let found = read.exact.unwrap();
        let points = read.domain.draw(COUNT, Sampling::Sobol, &mut Generator::new(1, 0));
        for point in points.chunks_exact(read.low.len()) {
            assert_near(&found(point), &written.exact.as_ref().unwrap()(point), name.name());
        }
    }
}

/// With the network, the points and the damping of the file.
#[test]
fn a_file_is_solved() {
    let device = Device::flex();
    device.seed(0);
    let problem = FieldName::Poisson1d.file().unwrap().problem().unwrap();
    let model = Field::new(&problem.architecture, &device.clone().autodiff());
    let showing = Showing { movie: false, format: Format::Ply, resolution: 16, is_normalised: false };
    let damping = Damping::RelativeToLoss { factor: problem.training.damping, least: 1e-14 };
    let solve = Solve::new(problem, &model, None, DRAWING, showing, &device).unwrap();
    let oracle = GaussNewton::new(solve.loss().clone()).damping(damping);
    let mut stepper = Stepper::new(oracle).adaptation(Adaptation::LevenbergMarquardt(LevenbergMarquardt::FULL));
    let mut batches = solve.batches(0, 0, &Tensors::new()).unwrap();
    let mut model = model;
    for _ in 0..40 {
        let Batch { inputs, targets } = solve.next(&mut batches, &model).unwrap();
        model = stepper.step(1.0, solve.network(), &model, inputs, targets).unwrap().0;
    }
    let error = solve.evaluate(&model).unwrap().test_metric;
    assert!(error < 1e-2, "{error}");
}
