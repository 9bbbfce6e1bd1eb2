//! The system of the residuals against that of the parameters.

use super::*;
use crate::geometry::Generator;

/// With fewer parameters than residuals, `H` is invertible and the variance can be had from `H⁻¹` itself.
#[test]
fn deviations_are_those_of_the_normal_equations() {
    const ROWS: usize = 24;
    const PARAMETERS: usize = 5;
    let mut random = Generator::new(3, 0);
    let jacobian = Mat::from_fn(ROWS, PARAMETERS, |_, _| random.normal());
    let measured: Vec<usize> = (6..20).collect();
    let weights: Vec<f64> = (0..ROWS).map(|i| if measured.contains(&i) { 0.05 } else { 0.4 }).collect();
    let residuals: Vec<f64> = (0..ROWS).map(|_| random.normal()).collect();
    let scaled = Mat::from_fn(ROWS, PARAMETERS, |i, k| weights[i].sqrt() * jacobian[(i, k)]);
    let columns = Mat::from_fn(ROWS, 2, |i, k| scaled[(i, 3 + k)]);
    let found = errors(&scaled * scaled.transpose(), &columns, &weights, &residuals, &measured).unwrap();

    let normal = scaled.transpose() * &scaled;
    let inverse = normal.llt(Side::Lower).unwrap().solve(Mat::<f64>::identity(PARAMETERS, PARAMETERS));
    let moved = &jacobian * &inverse;
    let spent: f64 = measured
        .iter()
        .map(|&i| weights[i] * (0..PARAMETERS).map(|k| moved[(i, k)] * jacobian[(i, k)]).sum::<f64>())
        .sum();
    let squares: f64 = measured.iter().map(|&i| residuals[i].powi(2)).sum();
    let variance = squares / (measured.len() as f64 - spent);
    for (found, place) in found.into_iter().zip([3, 4]) {
        let wanted =
            (variance * measured.iter().map(|&i| (weights[i] * moved[(i, place)]).powi(2)).sum::<f64>()).sqrt();
        // Rounding, 1e-16, grows by the damping, 1e-10, where the matrix of more rows than parameters has none.
        assert!((found.deviation - wanted).abs() < 1e-5 * wanted, "{} {wanted}", found.deviation);
        let step: f64 = -(0..ROWS).map(|i| weights[i] * moved[(i, place)] * residuals[i]).sum::<f64>();
        assert!((found.to_go - step).abs() < 1e-5 * wanted, "{} {step}", found.to_go);
    }
}

#[test]
fn without_measurements_to_spare_there_is_no_deviation() {
    let kernel = Mat::<f64>::identity(3, 3);
    assert!(errors(kernel, &Mat::from_fn(3, 1, |_, _| 1.0), &[1.0; 3], &[1.0; 3], &[0, 1]).is_none());
}
