//! Higher derivatives of the elementwise functions.
//!
//! Each function has a form in which differentiation is arithmetic of short polynomials:
//!
//! | form | functions | `φ^(j)` |
//! |---|---|---|
//! | `y' = q(y)` | exp, tanh, sigmoid, tan | `p_j(y)`, `p_{j+1} = p_j' q` |
//! | `φ' = s b(x)^r` with `b` of degree two | powers, root, reciprocal, logarithms, inverse functions | `p_j(x) b^{r-j+1}`, `p_{j+1} = p_j' b + (r-j+1) p_j b'` |
//! | `φ^(i) = p(x) e^{-c x²}` from some `i` on | erf, GELU | `p_j(x) e^{-c x²}`, `p_{j+1} = p_j' - 2 c x p_j` |
//! | two functions in turn | sine and cosine, circular and hyperbolic | |

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::Rule;
use crate::kernels::{Function, polynomials};
use crate::tensor::Array;
use crate::trace::Unary;

/// Coefficients of a polynomial, that of the constant first.
type Polynomial = Vec<f64>;

/// The form in which a function is differentiated.
enum Form {
    /// `y' = q(y)`.
    Output(Polynomial),
    /// `y = log σ(x)`: its slope `s = σ(-x)` has `s' = s² - s`.
    LogSigmoid,
    /// `φ' = s b(x)^r`.
    Power {
        scale: f64,
        base: Polynomial,
        exponent: f64,
    },
    /// `2/√π e^{-x²}` is the slope.
    Erf,
    /// `(2 - x²) e^{-x²/2} / √(2π)` is the second derivative.
    Gelu,
    Sine,
    Cosine,
    HyperbolicSine,
    HyperbolicCosine,
    /// A piecewise linear function: its slope, followed by zeros.
    Pieces,
}

fn form(function: Unary) -> Option<Form> {
    let power = |scale, base: &[f64], exponent| Form::Power { scale, base: base.to_vec(), exponent };
    Some(match function {
        Unary::Abs | Unary::Clamp(..) | Unary::LeakyRelu(_) | Unary::Relu => Form::Pieces,
        Unary::Acos => power(-1.0, &[1.0, 0.0, -1.0], -0.5),
        Unary::Asin => power(1.0, &[1.0, 0.0, -1.0], -0.5),
        Unary::Acosh => power(1.0, &[-1.0, 0.0, 1.0], -0.5),
        Unary::Asinh => power(1.0, &[1.0, 0.0, 1.0], -0.5),
        Unary::Atan => power(1.0, &[1.0, 0.0, 1.0], -1.0),
        Unary::Atanh => power(1.0, &[1.0, 0.0, -1.0], -1.0),
        Unary::Log => power(1.0, &[0.0, 1.0], -1.0),
        Unary::Log1p => power(1.0, &[1.0, 1.0], -1.0),
        Unary::PowScalar(exponent) => power(exponent, &[0.0, 1.0], exponent - 1.0),
        Unary::Recip => power(-1.0, &[0.0, 1.0], -2.0),
        Unary::Sqrt => power(0.5, &[0.0, 1.0], -0.5),
        Unary::Cos => Form::Cosine,
        Unary::Cosh => Form::HyperbolicCosine,
        Unary::Sin => Form::Sine,
        Unary::Sinh => Form::HyperbolicSine,
        Unary::Erf => Form::Erf,
        Unary::Gelu => Form::Gelu,
        Unary::Exp => Form::Output(vec![0.0, 1.0]),
        Unary::Sigmoid => Form::Output(vec![0.0, 1.0, -1.0]),
        Unary::Tan => Form::Output(vec![1.0, 0.0, 1.0]),
        Unary::Tanh => Form::Output(vec![1.0, 0.0, -1.0]),
        Unary::LogSigmoid => Form::LogSigmoid,
        Unary::AddScalar(_) | Unary::DivScalar(_) | Unary::MulScalar(_) | Unary::Neg | Unary::RemScalar(_) => {
            return None;
        }
    })
}

/// `φ, φ', .., φ^(order)` at `x`, for functions applied to jets.
pub(super) fn derivatives(function: Unary, x: Array, order: usize) -> Vec<Array> {
    let value = |x: Array| value_of(function, x);
    match form(function).expect("applied to jets") {
        Form::Output(slope) => {
            let y = value(x);
            let rest = polynomials(&powers_of(&slope, order), &y);
            std::iter::once(y).chain(rest).collect()
        }
        Form::LogSigmoid => {
            let slope = value_of(Unary::Sigmoid, x.clone().neg());
            let rest = polynomials(&powers_of(&[0.0, -1.0, 1.0], order.saturating_sub(1)), &slope);
            [value(x), slope].into_iter().chain(rest).take(order + 1).collect()
        }
        Form::Power { scale, base, exponent } => {
            let mut all = vec![value(x.clone())];
            let (mut polynomial, mut exponent) = (vec![scale], exponent);
            let at = evaluate(&base, &x);
            for _ in 0..order {
                let power = || value_of(Unary::PowScalar(exponent), at.clone());
                all.push(if polynomial == [0.0] {
                    // Avoids zero times an infinite power.
                    Array::zeros(&x.shape(), x.dtype(), &x.device())
                } else if polynomial.len() == 1 {
                    power().scale(polynomial[0])
                } else {
                    power().mul(evaluate(&polynomial, &x))
                });
                let grown = times(&slope_of(&polynomial), &base);
                let other = scaled(&times(&polynomial, &slope_of(&base)), exponent);
                (polynomial, exponent) = (trimmed(plus(&grown, &other)), exponent - 1.0);
            }
            all
        }
        Form::Erf => gaussian(x.clone(), vec![value(x)], vec![FRAC_2_SQRT_PI], 1.0, order),
        Form::Gelu => {
            let density = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
            let (y, slope) = gelu(x.clone());
            gaussian(x, vec![y, slope], vec![2.0 * density, 0.0, -density], 0.5, order)
        }
        Form::Sine | Form::Cosine => {
            let (sine, cosine) = sine_and_cosine(x);
            let turn = [sine.clone(), cosine.clone(), sine.neg(), cosine.neg()];
            let first = usize::from(function == Unary::Cos);
            (0..=order).map(|j| turn[(first + j) % 4].clone()).collect()
        }
        Form::HyperbolicSine | Form::HyperbolicCosine => {
            let turn = [x.clone().sinh(), x.cosh()];
            let first = usize::from(function == Unary::Cosh);
            (0..=order).map(|j| turn[(first + j) % 2].clone()).collect()
        }
        Form::Pieces => {
            let zeros = Array::zeros(&x.shape(), x.dtype(), &x.device());
            let slope = function.slope_at(&x);
            let rest = std::iter::repeat_n(zeros, order.saturating_sub(1));
            [value(x), slope].into_iter().chain(rest).take(order + 1).collect()
        }
    }
}

/// `φ(x)`.
fn value_of(function: Unary, x: Array) -> Array {
    function.value(vec![x])
}

/// `p_1, .., p_order` for `y' = q(y)`.
fn powers_of(slope: &[f64], order: usize) -> Vec<Polynomial> {
    let mut all: Vec<Polynomial> = vec![];
    for _ in 0..order {
        all.push(trimmed(all.last().map_or_else(|| slope.to_vec(), |p| times(&slope_of(p), slope))));
    }
    all
}

/// The given first derivatives, followed by those of `p(x) e^{-c x²}`.
fn gaussian(x: Array, mut first: Vec<Array>, mut polynomial: Polynomial, c: f64, order: usize) -> Vec<Array> {
    let bell = value_of(Unary::Exp, x.clone().mul(x.clone()).scale(-c));
    while first.len() <= order {
        first.push(bell.clone().mul(evaluate(&polynomial, &x)));
        polynomial = trimmed(plus(&slope_of(&polynomial), &times(&polynomial, &[0.0, -2.0 * c])));
    }
    first.truncate(order + 1);
    first
}

fn gelu(x: Array) -> (Array, Array) {
    if Function::takes(&x) {
        return Function::Gelu.value_and_slope(x);
    }
    (x.clone().gelu(), Unary::Gelu.slope_at(&x))
}

fn sine_and_cosine(x: Array) -> (Array, Array) {
    if Function::takes(&x) {
        return Function::Sin.value_and_slope(x);
    }
    (x.clone().sin(), x.cos())
}

fn evaluate(polynomial: &[f64], x: &Array) -> Array {
    polynomials(&[polynomial.to_vec()], x).remove(0)
}

fn slope_of(p: &[f64]) -> Polynomial {
    p.iter().enumerate().skip(1).map(|(power, coefficient)| power as f64 * coefficient).collect()
}

fn times(p: &[f64], q: &[f64]) -> Polynomial {
    let mut product = vec![0.0; (p.len() + q.len()).saturating_sub(1)];
    for (i, a) in p.iter().enumerate() {
        for (j, b) in q.iter().enumerate() {
            product[i + j] += a * b;
        }
    }
    product
}

fn plus(p: &[f64], q: &[f64]) -> Polynomial {
    let at = |p: &[f64], i: usize| p.get(i).copied().unwrap_or(0.0);
    (0..p.len().max(q.len())).map(|i| at(p, i) + at(q, i)).collect()
}

fn scaled(p: &[f64], factor: f64) -> Polynomial {
    p.iter().map(|coefficient| factor * coefficient).collect()
}

/// Removes leading zeros; at least the constant remains.
fn trimmed(mut p: Polynomial) -> Polynomial {
    while p.len() > 1 && p.last() == Some(&0.0) {
        p.pop();
    }
    if p.is_empty() { vec![0.0] } else { p }
}
