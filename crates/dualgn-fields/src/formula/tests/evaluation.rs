//! Values at points.

use super::super::{Formula, Kind, Point, Relation, Scope};
use super::{message, plane, values};

#[test]
fn numbers_are_those_of_the_library() {
    let scope = Scope::new(&["x"], None).unwrap();
    let x = 0.37f64;
    let value = |text: &str| Formula::number(text, &scope).unwrap().expression().first(&Point::at(&[x]));
    for (text, number) in [
        ("1 + 2*3 - 4/8", 6.5),
        ("-2^2", -4.0),
        ("2^-1", 0.5),
        ("2^3^2", 512.0),
        ("2**3*2", 16.0),
        ("(1 - 2) - 3 - (4 - 5)", -3.0),
        ("8/4/2", 1.0),
        ("+x - -x", 2.0 * x),
        ("--x*2", 2.0 * x),
        (".5 + 1. + 1e1 + 1.5E-1 + 1.e+0 - 1e0", 11.65),
        ("2·x × 3 − 1", 6.0 * x - 1.0),
        ("sin(pi/6)", 0.5),
        ("π - pi", 0.0),
        ("ln(e^x)", x),
        ("log10(1000)", 3.0),
        ("exp(x) - e^x", 0.0),
        ("asin(sin(x)) + acos(cos(x)) + atan(tan(x))", 3.0 * x),
        ("asinh(sinh(x)) + acosh(cosh(x)) + atanh(tanh(x))", 3.0 * x),
        ("sqrt(x)^2 + abs(-x)", 2.0 * x),
        // From a table of the error function.
        ("erf(0.5)", 0.520499877813),
        ("integral(2/sqrt(pi)*exp(-z^2), z, 0, 0.5)", 0.520499877813),
        ("integral(cos(x*s), s, 0, 2)", (2.0 * x).sin() / x),
        ("integral(s^3, s, 0, 2) + integral(3, z, 1, x)", 4.0 + 3.0 * (x - 1.0)),
        ("sign(-3) + 10*sign(0) + 100*sign(2)", 99.0),
        ("step(-1) + 10*step(0) + 100*heaviside(1)", 110.0),
        ("min(3, 1, 2) + 10*max(3, 1, 2)", 31.0),
        ("atan2(1, -1)", 0.75 * std::f64::consts::PI),
        ("if(x > 0.3 and x < 0.4, 1, 2)", 1.0),
        ("if(0.3 < x < 0.35, 1, 2)", 2.0),
        ("if(0.3 < x ≤ 0.37 != 1, 1, 2)", 1.0),
        ("if(not x == 1 and (x < 0 or x >= 0.37), 1, 2)", 1.0),
        ("norm([3, 4]) + dot([1, 2], [3, 4])", 16.0),
    ] {
        let found = value(text);
        assert!((found - number).abs() < 1e-12, "{text}: {found}, not {number}");
    }
}

#[test]
fn conditions_are_differences_of_their_sides() {
    let scope = plane();
    let at = [0.3, -0.4, 0.5];
    let read = |text: &str| {
        let (formula, relation) = Formula::condition(text, &scope).unwrap();
        (values(formula.expression(), &at), relation)
    };
    let number = |text: &str| values(Formula::number(text, &scope).unwrap().expression(), &at)[0];
    assert_eq!(read("u = x"), (vec![number("u - x")], Relation::Equal));
    assert_eq!(read("u - x"), (vec![number("u - x")], Relation::Equal));
    assert_eq!(read("u >= x"), (vec![number("u - x")], Relation::Inequality));
    assert_eq!(read("u > x"), (vec![number("u - x")], Relation::Inequality));
    assert_eq!(read("x <= u"), (vec![number("u - x")], Relation::Inequality));
    assert_eq!(read("x < u"), (vec![number("u - x")], Relation::Inequality));
    assert_eq!(read("velocity = 0"), (vec![number("u"), number("v")], Relation::Equal));
    assert_eq!(read("0 = velocity"), (vec![number("-u"), number("-v")], Relation::Equal));
    assert_eq!(read("grad(u) = x*normal").0, [number("u_x - 0.6*x"), number("u_y + 0.8*x")]);
}

#[test]
fn predicates_hold_or_not() {
    let scope = Scope::new(&["x", "y"], None).unwrap();
    let holds =
        |text: &str, at: [f64; 2]| Formula::predicate(text, &scope).unwrap().expression().holds(&Point::at(&at));
    assert!(holds("x > 0 and y == 0", [1.0, 0.0]));
    assert!(!holds("x > 0 and y == 0", [1.0, 0.1]));
    assert!(holds("(x < 0 or not y < 0) and x^2 + y^2 <= 1", [0.5, 0.5]));
    assert!(holds("1 < 2", [0.0, 0.0]) && !holds("1 > 2", [0.0, 0.0]));
}

#[test]
fn what_an_expression_needs_is_known() {
    let scope = plane();
    let (formula, _) = Formula::condition("kappa*lap(u) + v_t*f", &scope).unwrap();
    let expression = formula.expression();
    let expected = [(0, vec![0, 0]), (0, vec![1, 1]), (1, vec![2])];
    assert!(expression.derivatives().into_iter().eq(expected));
    assert_eq!(expression.order(), 2);
    for (kind, is_used) in [
        (Kind::Unknown, true),
        (Kind::Coefficient, true),
        (Kind::Column, true),
        (Kind::Normal, false),
        (Kind::Coordinate, false),
    ] {
        assert_eq!(expression.uses(kind), is_used, "{kind:?}");
    }
    assert_eq!(Formula::number("3*nu/nu", &scope).unwrap().expression().constant(), Some(3.0));
    assert_eq!(Formula::constant("2*nu/nu + if(1 < 2 and not 2 < 1, min(1, 2), 7)*cos(0)", &scope), Ok(3.0));
    let error = Formula::constant("2*u", &scope).unwrap_err();
    assert_eq!(message(&error), "`u` is not known here, as it depends on what is solved for");
}

/// What is used again is computed once.
#[test]
fn equal_parts_are_one() {
    let scope = plane();
    let count = |text: &str| Formula::number(text, &scope).unwrap().expression().nodes().len();
    // u, x, u*x, its sine, the product.
    assert_eq!(count("sin(u*x)*sin(u*x)"), 5);
    // Each doubles the text.
    let doubled = (0..9).fold("u".to_owned(), |text, _| format!("({text} + {text})"));
    assert_eq!(count(&doubled), 10);
}
