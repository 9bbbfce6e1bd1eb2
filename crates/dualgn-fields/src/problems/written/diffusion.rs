//! Equations of diffusion, the last coordinate being time.

use std::sync::Arc;

use super::*;
use crate::problems::measurements::{DIFFUSIVITY, cooling, measurements};

/// A quarter: the diffusivity of the heat equations.
const KAPPA: f64 = 0.25;

fn heat_equation(field: &Field, rows: Tensor<2>) -> Tensor<2> {
    let space = field.dims() - 1;
    let u = jet(rows, |x| field.value(x));
    u.derivative([space]) - u.laplacian_over(0..space) * KAPPA
}

/// An equation on a box of space, times an interval of time from 0 on.
fn in_time(
    description: &str,
    axes: &[&str],
    [low, high]: [Vec<f64>; 2],
    residual: fn(&Field, Tensor<2>) -> Tensor<2>,
    [inside, start, sides]: [usize; 3],
    exact: fn(&[f64]) -> f64,
) -> Problem {
    let space = low.len() - 1;
    let begin = Region::Box { low: low.clone(), high: [&high[..space], &[0.0]].concat() };
    let walls = Region::Sides { low: low.clone(), high: high.clone(), axes: space };
    let region = Region::Box { low: low.clone(), high: high.clone() };
    let terms = vec![
        Term::new("equation", 1.0, inside, region, residual),
        condition("start", 10.0, start, begin, exact),
        condition("sides", 10.0, sides, walls, exact),
    ];
    let architecture = tanh(low.len(), &[32, 32]);
    Problem { training: steps(150), ..in_box(description, axes, [low, high], architecture, terms, exact) }
}

pub(super) fn heat() -> Problem {
    fn exact(x: &[f64]) -> f64 {
        (-KAPPA * PI * PI * x[1]).exp() * (PI * x[0]).sin()
    }
    let words = "∂u/∂t = ¼ ∂²u/∂x² on the unit interval for a unit of time; the solution is exp(-π²t/4) sin(πx).";
    let bounds = [vec![0.0; 2], vec![1.0; 2]];
    in_time(words, &["x", "t"], bounds, heat_equation, [900, 60, 120], exact)
}

pub(super) fn heat4d() -> Problem {
    fn exact(x: &[f64]) -> f64 {
        (-KAPPA * PI * PI * x[4]).exp() * x[..4].iter().map(|x| (PI * x).cos()).sum::<f64>()
    }
    let words =
        "∂u/∂t = ¼ Δu on the unit cube of four dimensions for a unit of time; the solution is exp(-π²t/4) Σ cos(πxᵢ).";
    let axes = &["x1", "x2", "x3", "x4", "t"];
    let bounds = [vec![0.0; 5], vec![1.0; 5]];
    let source = "Guzmán-Cordero, Dangel, Goldshlager and Zeinhofer, arXiv 2505.12149";
    let problem = in_time(words, axes, bounds, heat_equation, [2000, 300, 500], exact);
    Problem { source: source.into(), training: steps(200), architecture: tanh(5, &[48, 48, 32]), ..problem }
}

pub(super) fn allen_cahn() -> Problem {
    fn exact(x: &[f64]) -> f64 {
        0.5 * (x[0] / 8f64.sqrt() - 0.75 * x[1]).tanh() - 0.5
    }
    fn equation(field: &Field, rows: Tensor<2>) -> Tensor<2> {
        let u = jet(rows, |x| field.value(x));
        let value = u.value();
        u.derivative([1]) - u.derivative([0, 0]) - value.clone() + value.powi_scalar(3)
    }
    let words =
        "∂u/∂t = ∂²u/∂x² + u - u³ on [-8, 8] for three units of time: a front between -1 and 0, ½ tanh(x/√8 - ¾t) - ½.";
    let bounds = [vec![-8.0, 0.0], vec![8.0, 3.0]];
    in_time(words, &["x", "t"], bounds, equation, [900, 100, 100], exact)
}

/// The diffusivity from measurements with the errors of a seed.
pub(crate) fn measured(seed: u64) -> Problem {
    fn equation(field: &Field, rows: Tensor<2>) -> Tensor<2> {
        let u = jet(rows, |x| field.value(x));
        u.derivative([1]) - u.derivative([0, 0]) * field.coefficient(0)
    }
    let region = Region::Points { rows: Arc::new(measurements(seed).numbers), columns: 3 };
    let data = Term { is_measured: true, ..Term::new("measurements", 1.0, 300, region, difference) };
    let words = "∂u/∂t = κ ∂²u/∂x² on the unit interval, with κ unknown (0.3): 300 measurements with an error of 0.01, and u = 0 at the ends.";
    let bounds = [vec![0.0; 2], vec![1.0; 2]];
    let mut problem = in_time(words, &["x", "t"], bounds, equation, [400, 1, 60], cooling);
    // The start is not known, the measurements stand for it.
    const MEASURED: usize = 1;
    problem.terms[MEASURED] = data;
    problem.architecture.coefficients = vec![1.0];
    problem.architecture.hidden = vec![16, 16];
    Problem { coefficients: vec![("κ".into(), Some(DIFFUSIVITY))], training: steps(120), ..problem }
}
