//! Equations without time.

use super::*;

/// `-Δu - f`.
fn poisson(field: &Field, rows: Tensor<2>) -> Tensor<2> {
    let u = jet(field.points(&rows), |x| field.value(x));
    -u.laplacian() - rows.narrow(1, field.dims(), 1)
}

fn on_cube(
    description: &str,
    source: &str,
    axes: &[&str],
    architecture: Architecture,
    [inside, boundary]: [usize; 2],
    f: fn(&[f64]) -> f64,
    exact: fn(&[f64]) -> f64,
) -> Problem {
    let dims = architecture.dims;
    let (low, high) = (vec![0.0; dims], vec![1.0; dims]);
    let sides = Region::Sides { low: low.clone(), high: high.clone(), axes: dims };
    let region = Region::cube(dims, 0.0, 1.0);
    let terms = vec![
        Term::new("equation", 1.0, inside, region, poisson).beside(f),
        condition("boundary", 100.0, boundary, sides, exact),
    ];
    Problem {
        source: source.into(),
        training: steps(300),
        ..in_box(description, axes, [low, high], architecture, terms, exact)
    }
}

fn vanishing_on_the_boundary() -> Hard {
    Hard { transform: Transform::new(vanishing), terms: names(&["boundary"]) }
}

/// Zero on the boundary of the unit cube, whatever the network is.
fn vanishing(x: Tensor<2>, value: Tensor<2>) -> Tensor<2> {
    value * (x.clone() * (-x + 1.0) * 4.0).prod_dim(1)
}

pub(super) fn poisson1d() -> Problem {
    fn exact(x: &[f64]) -> f64 {
        (PI * x[0]).sin() + 0.25 * (4.0 * PI * x[0]).sin()
    }
    fn f(x: &[f64]) -> f64 {
        PI * PI * ((PI * x[0]).sin() + 4.0 * (4.0 * PI * x[0]).sin())
    }
    let words = "-u'' = f on the unit interval, u = 0 at its ends; the solution is sin(πx) + sin(4πx)/4.";
    let problem = on_cube(words, "a standard test", &["x"], tanh(1, &[24, 24]), [200, 2], f, exact);
    Problem { training: steps(100), hard: Some(vanishing_on_the_boundary()), ..problem }
}

pub(super) fn poisson2d() -> Problem {
    fn exact(x: &[f64]) -> f64 {
        (PI * x[0]).sin() * (PI * x[1]).sin()
    }
    fn f(x: &[f64]) -> f64 {
        2.0 * PI * PI * exact(x)
    }
    let words = "-Δu = 2π² sin(πx) sin(πy) on the unit square, u = 0 on its boundary; the solution is sin(πx) sin(πy).";
    let source = "Müller and Zeinhofer, ICML 2023 (arXiv 2302.13163)";
    let problem = on_cube(words, source, &["x", "y"], tanh(2, &[64]), [900, 120], f, exact);
    Problem { training: steps(1000), hard: Some(vanishing_on_the_boundary()), ..problem }
}

fn cosines(x: &[f64]) -> f64 {
    x.iter().map(|x| (PI * x).cos()).sum()
}

pub(super) fn poisson5d() -> Problem {
    fn f(x: &[f64]) -> f64 {
        PI * PI * cosines(x)
    }
    let words =
        "-Δu = π² Σ cos(πxᵢ) on the unit cube of five dimensions, u given on its boundary; the solution is Σ cos(πxᵢ).";
    let source = "Guzmán-Cordero, Dangel, Goldshlager and Zeinhofer, arXiv 2505.12149";
    let axes = &["x1", "x2", "x3", "x4", "x5"];
    on_cube(words, source, axes, tanh(5, &[64, 64, 48, 48]), [3000, 500], f, cosines)
}

pub(super) fn poisson10d() -> Problem {
    fn exact(x: &[f64]) -> f64 {
        x.chunks(2).map(|pair| pair[0] * pair[1]).sum()
    }
    let words = "Δu = 0 on the unit cube of ten dimensions, u given on its boundary; the solution is Σ x₂ₖ₋₁ x₂ₖ.";
    let source = "Guzmán-Cordero, Dangel, Goldshlager and Zeinhofer, arXiv 2505.12149";
    let axes = &["x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10"];
    Problem {
        training: steps(100),
        ..on_cube(words, source, axes, tanh(10, &[64, 64, 48, 48]), [3000, 1000], |_| 0.0, exact)
    }
}

pub(super) fn ball() -> Problem {
    fn squared(x: &[f64]) -> f64 {
        x.iter().map(|x| x * x).sum()
    }
    fn exact(x: &[f64]) -> f64 {
        (PI / 2.0 * squared(x)).cos()
    }
    fn f(x: &[f64]) -> f64 {
        let s = squared(x);
        PI * PI * s * exact(x) + 3.0 * PI * (PI / 2.0 * s).sin()
    }
    let words = "-Δu = f in the unit ball of three dimensions, u = 0 on its surface; the solution is cos(π|x|²/2).";
    let problem = on_cube(words, "a standard test", &["x", "y", "z"], tanh(3, &[32, 32]), [1200, 300], f, exact);
    let (low, high) = (vec![-1.0; 3], vec![1.0; 3]);
    let region = Region::Ball { dims: 3, radius: 1.0 };
    let term = Term::new("equation", 1.0, 1200, region.clone(), poisson).beside(f);
    let surface = condition("boundary", 100.0, 300, Region::Sphere { dims: 3, radius: 1.0 }, exact);
    Problem { terms: vec![term, surface], domain: region, low, high, ..problem }
}

pub(super) fn helmholtz() -> Problem {
    fn exact(x: &[f64]) -> f64 {
        (PI * x[0]).sin() * (4.0 * PI * x[1]).sin()
    }
    fn f(x: &[f64]) -> f64 {
        (1.0 - 17.0 * PI * PI) * exact(x)
    }
    fn equation(field: &Field, rows: Tensor<2>) -> Tensor<2> {
        let u = jet(field.points(&rows), |x| field.value(x));
        // In units of its coefficients, that the boundary counts as much.
        (u.laplacian() + u.value() - rows.narrow(1, field.dims(), 1)) / (17.0 * PI * PI)
    }
    let (low, high) = (vec![-1.0; 2], vec![1.0; 2]);
    let sides = Region::Sides { low: low.clone(), high: high.clone(), axes: 2 };
    let term = Term::new("equation", 1.0, 1600, Region::cube(2, -1.0, 1.0), equation).beside(f);
    let words = "Δu + u = f on the square [-1, 1]², u = 0 on its boundary; the solution is sin(πx) sin(4πy).";
    let architecture = Architecture { activation: SmoothActivation::Sine, ..tanh(2, &[40, 40]) };
    let terms = vec![term, condition("boundary", 10.0, 400, sides, exact)];
    in_box(words, &["x", "y"], [low, high], architecture, terms, exact)
}
