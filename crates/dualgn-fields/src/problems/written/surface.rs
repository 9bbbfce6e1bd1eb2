//! Surfaces as graphs of functions.

use super::*;

/// Half of the side of the square: Scherk's surface becomes infinitely steep at π/2.
const SIDE: f64 = 1.2;

pub(super) fn minimal() -> Problem {
    fn exact(x: &[f64]) -> f64 {
        (x[1].cos() / x[0].cos()).ln()
    }
    /// Twice the mean curvature times a power of the area, `(1 + u_y²) u_xx - 2 u_x u_y u_xy + (1 + u_x²) u_yy`.
    fn curvature(field: &Field, rows: Tensor<2>) -> Tensor<2> {
        let u = jet(rows, |x| field.value(x));
        let (x, y) = (u.derivative([0]), u.derivative([1]));
        let square = |slope: &Tensor<2>| slope.clone().powi_scalar(2) + 1.0;
        let bent = square(&y) * u.derivative([0, 0]) + square(&x) * u.derivative([1, 1]);
        (bent - x * y * u.derivative([0, 1]) * 2.0) / 10.0
    }
    let (low, high) = (vec![-SIDE; 2], vec![SIDE; 2]);
    let sides = Region::Sides { low: low.clone(), high: high.clone(), axes: 2 };
    let region = Region::cube(2, -SIDE, SIDE);
    let words = "The surface of least area over a square whose boundary is given: its mean curvature vanishes. The solution is Scherk's, \
                 ln(cos y / cos x).";
    let terms =
        vec![Term::new("curvature", 1.0, 900, region, curvature), condition("boundary", 10.0, 200, sides, exact)];
    let problem = in_box(words, &["x", "y"], [low, high], tanh(2, &[32, 32]), terms, exact);
    Problem { source: "Scherk, 1835".into(), training: steps(150), ..problem }
}
