//! Tests of formulas, with names and functions that they share.

mod calculus;
mod derivatives;
mod equations;
mod evaluation;
mod names;
mod pages;
mod robustness;
mod round_trip;
mod tensors;
mod wrong;

use super::{Expression, FormulaError, Kind, Point, Scope};

/// Space of two dimensions and time, two unknowns and their vector, numbers and data, and a boundary.
fn plane() -> Scope {
    let mut scope = Scope::new(&["x", "y", "t"], Some(2)).unwrap();
    scope.unknown("u").unwrap();
    scope.unknown("v").unwrap();
    scope.constant("nu", 0.01).unwrap();
    scope.coefficient("kappa").unwrap();
    scope.column("f").unwrap();
    scope.define(&[("velocity", "[u, v]"), ("flux", "k*grad(u)"), ("k", "1 + x^2")]).unwrap();
    scope.with(Kind::Normal)
}

/// Space of three dimensions, a scalar and the components of a vector.
fn space() -> Scope {
    let mut scope = Scope::new(&["x", "y", "z"], None).unwrap();
    for name in ["p", "u", "v", "w"] {
        scope.unknown(name).unwrap();
    }
    scope.define(&[("velocity", "[u, v, w]")]).unwrap();
    scope
}

/// The message without a place.
fn message(error: &FormulaError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The imaginary part of `exp(Σ aᵢ xᵢ)` with complex `aᵢ`, whose derivatives are products with them: oscillations that grow or fall.
/// Each unknown has other numbers.
fn unknown(index: usize, along: &[usize], coordinates: &[f64]) -> f64 {
    let rate = |coordinate: usize| {
        let (index, coordinate) = (index as f64, coordinate as f64);
        [0.2 - 0.1 * index + 0.05 * coordinate, 1.3 - 0.4 * coordinate + 0.3 * index]
    };
    let times = |[a, b]: [f64; 2], [c, d]: [f64; 2]| [a * c - b * d, a * d + b * c];
    let exponent = coordinates.iter().enumerate().fold([0.1, 0.4], |[re, im], (coordinate, x)| {
        let [a, b] = rate(coordinate);
        [re + a * x, im + b * x]
    });
    let value = [exponent[0].exp() * exponent[1].cos(), exponent[0].exp() * exponent[1].sin()];
    along.iter().fold(value, |value, coordinate| times(value, rate(*coordinate)))[1]
}

/// The values of an expression at a point, where unknowns are these functions.
fn values(expression: &Expression, coordinates: &[f64]) -> Vec<f64> {
    let unknown = |index: usize, along: &[usize]| unknown(index, along, coordinates);
    let point = Point { coordinates, unknown: &unknown, coefficients: &[0.7], columns: &[-0.3], normal: &[0.6, -0.8] };
    expression.evaluate(&point)
}
