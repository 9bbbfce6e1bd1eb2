//! Equations of transport and waves, the last coordinate being time.

use super::*;

/// Viscosity of Burgers' equation.
pub(super) const NU: f64 = 0.01 / PI;

/// `u` of Burgers' equation from `-sin(πx)`, by the formula of Cole and Hopf: a quotient of two integrals of Gaussians, which the
/// trapezoidal rule integrates to rounding.
pub(super) fn burgers_exact(x: &[f64]) -> f64 {
    let [x, t] = [x[0], x[1]];
    if t <= 0.0 {
        return -(PI * x).sin();
    }
    const NODES: i32 = 600;
    let width = 2.0 * (NU * t).sqrt();
    let nodes = (-NODES..=NODES).map(|i| f64::from(i) / f64::from(NODES) * 12.0);
    let exponents: Vec<[f64; 2]> = nodes
        .map(|z| {
            let y = x - width * z;
            [y, -z * z - (PI * y).cos() / (2.0 * PI * NU)]
        })
        .collect();
    let greatest = exponents.iter().map(|[_, exponent]| *exponent).fold(f64::NEG_INFINITY, f64::max);
    let (above, below) = exponents.iter().fold((0.0, 0.0), |(above, below), [y, exponent]| {
        let weight = (exponent - greatest).exp();
        (above + weight * (PI * y).sin(), below + weight)
    });
    -above / below
}

pub(super) fn burgers() -> Problem {
    fn equation(field: &Field, rows: Tensor<2>) -> Tensor<2> {
        let u = jet(rows, |x| field.value(x));
        u.derivative([1]) + u.value() * u.derivative([0]) - u.derivative([0, 0]) * NU
    }
    fn start(x: &[f64]) -> f64 {
        -(PI * x[0]).sin()
    }
    let (low, high) = (vec![-1.0, 0.0], vec![1.0, 1.0]);
    let begin = Region::Box { low: low.clone(), high: vec![1.0, 0.0] };
    let walls = Region::Sides { low: low.clone(), high: high.clone(), axes: 1 };
    let region = Region::Box { low: low.clone(), high: high.clone() };
    let words = "∂u/∂t + u ∂u/∂x = ν ∂²u/∂x² with ν = 0.01/π on [-1, 1], from -sin(πx), u = 0 at the ends: a shock forms in the \
                 middle. The solution is that of Cole and Hopf's formula.";
    let terms = vec![
        Term::new("equation", 1.0, 2400, region, equation),
        condition("start", 10.0, 150, begin, start),
        condition("sides", 10.0, 60, walls, |_| 0.0),
    ];
    let problem = in_box(words, &["x", "t"], [low, high], tanh(2, &[24, 24, 24, 24]), terms, burgers_exact);
    Problem { source: "Raissi, Perdikaris and Karniadakis, Journal of Computational Physics, 2019".into(), ..problem }
}

pub(super) fn wave() -> Problem {
    fn exact(x: &[f64]) -> f64 {
        (PI * x[0]).sin() * (2.0 * PI * x[1]).cos()
    }
    fn equation(field: &Field, rows: Tensor<2>) -> Tensor<2> {
        let u = jet(rows, |x| field.value(x));
        (u.derivative([1, 1]) - u.derivative([0, 0]) * 4.0) / (4.0 * PI * PI)
    }
    fn speed(field: &Field, rows: Tensor<2>) -> Tensor<2> {
        jet(rows, |x| field.value(x)).derivative([1]) / (2.0 * PI)
    }
    let (low, high) = (vec![0.0; 2], vec![1.0; 2]);
    let begin = || Region::Box { low: vec![0.0; 2], high: vec![1.0, 0.0] };
    let walls = Region::Sides { low: low.clone(), high: high.clone(), axes: 1 };
    let region = Region::cube(2, 0.0, 1.0);
    let words = "∂²u/∂t² = 4 ∂²u/∂x² on the unit interval for a unit of time, from sin(πx) at rest; the solution is sin(πx) cos(2πt).";
    let terms = vec![
        Term::new("equation", 1.0, 900, region, equation),
        condition("start", 10.0, 60, begin(), exact),
        Term::new("speed", 10.0, 60, begin(), speed),
        condition("sides", 10.0, 100, walls, exact),
    ];
    in_box(words, &["x", "t"], [low, high], tanh(2, &[32, 32]), terms, exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The equation by a spectral method: coefficients of sines, the nonlinear term at points, Runge and Kutta's fourth order. Before
    /// the shock, at a quarter of a unit of time, 256 sines have twelve digits.
    #[test]
    fn burgers_solution_is_that_of_a_spectral_method() {
        const N: usize = 256;
        let point = |j: usize| (2 * j + 1) as f64 / (2 * N) as f64;
        // sin and cos of kπx at midpoints of [0, 1]: the solution is odd about 0 and about 1.
        let table = |f: fn(f64) -> f64| -> Vec<f64> {
            (0..N * N).map(|index| f(PI * (index / N + 1) as f64 * point(index % N))).collect()
        };
        let (sines, cosines) = (table(f64::sin), table(f64::cos));
        let slope = |b: &[f64]| -> Vec<f64> {
            let mut products = vec![0.0; N];
            for j in 0..N {
                let (mut u, mut slope) = (0.0, 0.0);
                for k in 0..N {
                    u += b[k] * sines[k * N + j];
                    slope += PI * (k + 1) as f64 * b[k] * cosines[k * N + j];
                }
                products[j] = u * slope;
            }
            (0..N)
                .map(|k| {
                    let part: f64 = (0..N).map(|j| products[j] * sines[k * N + j]).sum();
                    // The last sine has twice the norm at midpoints.
                    let scale = if k == N - 1 { 1.0 } else { 2.0 } / N as f64;
                    -scale * part - NU * (PI * (k + 1) as f64).powi(2) * b[k]
                })
                .collect()
        };
        let mut b = vec![0.0; N];
        b[0] = -1.0;
        const STEPS: usize = 400;
        let h = 0.25 / STEPS as f64;
        let moved = |b: &[f64], by: f64, k: &[f64]| -> Vec<f64> { b.iter().zip(k).map(|(b, k)| b + by * k).collect() };
        for _ in 0..STEPS {
            let first = slope(&b);
            let second = slope(&moved(&b, h / 2.0, &first));
            let third = slope(&moved(&b, h / 2.0, &second));
            let fourth = slope(&moved(&b, h, &third));
            for k in 0..N {
                b[k] += h / 6.0 * (first[k] + 2.0 * second[k] + 2.0 * third[k] + fourth[k]);
            }
        }
        for x in [0.013, 0.1, 0.35, 0.77, 0.99] {
            let spectral: f64 = (0..N).map(|k| b[k] * (PI * (k + 1) as f64 * x).sin()).sum();
            let formula = burgers_exact(&[x, 0.25]);
            assert!((spectral - formula).abs() < 1e-8, "{x}: {spectral} {formula}");
            assert!((formula + burgers_exact(&[-x, 0.25])).abs() < 1e-12);
        }
    }
}
