//! Derivatives against differences.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::super::Formula;
use super::{plane, values};

/// Formulas of names and functions within their domains.
pub(super) fn formulas() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "x", "y", "t", "u", "v", "u_x", "u_t", "v_xy", "u_yy", "nu", "kappa", "k", "0.5", "2", "pi", "e", "3e-1",
    ]);
    let one = prop::sample::select(vec![
        "sin(A)",
        "cos(A)",
        "tan(sin(A))",
        "asin(0.9*sin(A))",
        "acos(0.9*sin(A))",
        "atan(A)",
        "sinh(sin(A))",
        "cosh(sin(A))",
        "tanh(A)",
        "asinh(A)",
        "acosh(2.5 + sin(A))",
        "atanh(0.9*sin(A))",
        "exp(sin(A))",
        "log(2.5 + sin(A))",
        "log10(2.5 + sin(A))",
        "sqrt(1.5 + cos(A))",
        "abs(A)",
        "sign(A)",
        "step(A)",
        "erf(A)",
        "-A",
        "A^2",
        "A^3",
        "(2 + sin(A))^-1.5",
        "2^sin(A)",
        "norm([A, 1])",
        "d(A, x)",
    ]);
    let two = prop::sample::select(vec![
        "A + B",
        "A - B",
        "A*B",
        "A/(2.5 + cos(B))",
        "(2 + sin(A))^sin(B)",
        "(2 + sin(A))**kappa",
        "min(A, B)",
        "max(A, B, 0.2)",
        "atan2(A, 1 + B^2)",
        "if(A < B, A, 2*B)",
        "if(A >= 0.1 or not B != 0, A*B, B)",
        "dot([A, B], [B, x])",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 20, 2, move |inner| {
        prop_oneof![
            (one.clone(), inner.clone()).prop_map(|(form, a)| form.replace('A', &format!("({a})"))),
            (two.clone(), inner.clone(), inner).prop_map(|(form, a, b)| {
                // The second first: what is put in for the first may hold none of its letters.
                let form = form.replace('B', "\u{1}").replace('A', &format!("({a})"));
                form.replace('\u{1}', &format!("({b})"))
            }),
        ]
    })
}

/// Fourth-order differences.
fn difference(f: impl Fn(f64) -> f64, h: f64) -> f64 {
    (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
}

#[test]
fn derivatives_are_the_limits_of_differences() {
    const WANTED: usize = 400;
    let scope = plane();
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (formulas(), 0..3usize, [-0.9..0.9, -0.9..0.9, 0.1..0.9f64]);
    let (mut checked, mut tried) = (0, 0);
    while checked < WANTED {
        let (text, along, at) = strategy.new_tree(&mut runner).unwrap().current();
        tried += 1;
        let derivative = format!("d({text}, {})", scope.coordinates()[along]);
        // A second derivative of a second derivative of a first one is too many.
        let (Ok(formula), Ok(derivative)) = (Formula::number(&text, &scope), Formula::number(&derivative, &scope))
        else {
            continue;
        };
        let along_line = |h: f64| {
            let mut at = at;
            at[along] += h;
            values(formula.expression(), &at)[0]
        };
        let [coarse, fine] = [2e-3, 1e-3].map(|h| difference(along_line, h));
        let size = 1.0 + fine.abs() + along_line(0.0).abs();
        // Near a kink, and where the function changes quickly, differences are no derivatives.
        if !(size < 1e4 && (coarse - fine).abs() < 1e-8 * size) {
            continue;
        }
        let exact = values(derivative.expression(), &at)[0];
        // Rounding of the values, over the step, is 1e-12; the difference of the two is mostly the error of the coarser.
        assert!((exact - fine).abs() < 1e-7 * size, "{text} along {along} at {at:?}: {exact}, {fine}");
        checked += 1;
    }
    assert!(tried < 3 * WANTED, "{tried}");
}

#[test]
fn second_derivatives_are_derivatives_of_first_ones() {
    let scope = plane();
    for text in ["u^3*v", "exp(u)*sin(x*t)", "u/(2 + v^2)", "sqrt(1 + u_x^2)", "log(3 + u)*k", "atan2(u, 2 + v^2)"] {
        let second = Formula::number(&format!("d({text}, x, t)"), &scope).unwrap();
        let first = Formula::number(&format!("d({text}, x)"), &scope).unwrap();
        let at = [0.3, -0.4, 0.5];
        let along_line = |h: f64| values(first.expression(), &[at[0], at[1], at[2] + h])[0];
        let (exact, difference) = (values(second.expression(), &at)[0], difference(along_line, 1e-3));
        assert!((exact - difference).abs() < 1e-9 * (1.0 + exact.abs()), "{text}: {exact} {difference}");
    }
}

/// Nothing that is multiplied by zero is asked of a network.
#[test]
fn no_derivative_is_taken_for_nothing() {
    let scope = plane();
    let derivatives = |text: &str| {
        let formula = Formula::condition(text, &scope).unwrap().0;
        formula.expression().derivatives().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(derivatives("0*u_xx + 1*u_x - 0"), [(0, vec![0])]);
    assert_eq!(derivatives("d(nu*u, x) = d(kappa, x)*v"), [(0, vec![0])]);
    assert_eq!(derivatives("u_xy - u_yx + d(u, t)"), [(0, vec![2])]);
    assert_eq!(derivatives("d(x*y, x) - y"), []);
    assert_eq!(derivatives("if(1 < 2, u, v_x)"), [(0, vec![])]);
    assert_eq!(derivatives("d(u^2, x)"), [(0, vec![]), (0, vec![0])]);
}
