//! Messages for formulas that are wrong: `wrong.txt` has them all. `DUALGN_BLESS=1 cargo test -p dualgn-fields wrong` writes it anew, and
//! the difference is read before it is committed.

#![expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]

use std::fs;
use std::path::Path;

use super::super::{Formula, FormulaError, Kind, Scope};
use super::plane;

/// Formulas that are conditions.
const CONDITIONS: [&str; 80] = [
    "u_t + w*u_x",
    "u_t + velocit",
    "kapa*u",
    "u_z + 1",
    "u_x_t",
    "w_x",
    "U + 1",
    "",
    "   ",
    "1 +",
    "u +* v",
    "(u + v",
    "u + v)",
    "sin(u",
    "[u, v",
    "u v",
    "2u",
    "2e*u",
    "1e5x",
    "1..2",
    "3 4",
    "2(u + v)",
    "(u + v)(u - v)",
    "velocity[0]",
    "u, v",
    "u = v = 1",
    "u(x=0) = 1",
    "if(x = 0, u, v)",
    "= u",
    "u =",
    "u² + 1",
    "∂u/∂t",
    "∇·v",
    "u'' + u",
    "|u|",
    "u && v",
    "u # 1",
    "{u}",
    "u % 2",
    "1e999*u",
    "sine(u)",
    "laplacian(u)",
    "gradient(u)",
    "u(v)",
    "sin + 1",
    "sin()",
    "sin(u, v)",
    "min(u)",
    "atan2(u)",
    "if(u > 0, u)",
    "d(u)",
    "grad(velocity)",
    "lap(u > 0)",
    "div(u)",
    "curl([u, v, x])",
    "div([u, v, x])",
    "dot(velocity, [1, 2, 3])",
    "velocity + [1, 2, 3]",
    "velocity + 1",
    "velocity = 1",
    "velocity*velocity",
    "velocity^2",
    "1/velocity",
    "sin(velocity)",
    "[velocity, u]",
    "[]",
    "d(u, nu)",
    "d(u, 2)",
    "(u > 0)*2",
    "if(u, 1, 2)",
    "if(u > 0, u, velocity)",
    "not u",
    "u > 0 and v > 0",
    "0 < u < 1",
    "u == 1",
    "u/0",
    "log(0)*u",
    "lap(lap(lap(u)))",
    "div(f*grad(u))",
    "normal_t + normal_xx",
];

/// Others with what they should be.
const OTHERS: [(&str, Read); 10] = [
    ("u = 1", Formula::number),
    ("u > 1", Formula::number),
    ("velocity", Formula::number),
    ("x = 0", Formula::predicate),
    ("x", Formula::predicate),
    ("u_x + velocity", |text, scope| Formula::number(text, &scope.clone().without(Kind::Unknown))),
    ("dot(grad(u), normal)", |text, scope| Formula::number(text, &scope.clone().without(Kind::Normal))),
    ("2*pi*x", |text, scope| Formula::number(text, &scope.clone().without(Kind::Coordinate))),
    ("kappa*f", |text, scope| Formula::number(text, &scope.clone().without(Kind::Coefficient).without(Kind::Column))),
    ("d(normal_x, x)", Formula::number),
];

type Read = fn(&str, &Scope) -> Result<Formula, FormulaError>;

#[test]
fn messages_are_those_of_the_list() {
    let scope = plane();
    let mut messages = String::new();
    let mut add = |text: &str, error: FormulaError| {
        messages.push_str(&format!("{text:?}\n{}\n\n", error.at("equations, line 7")));
    };
    let deep = format!("{}u{}", "(".repeat(200), ")".repeat(200));
    let long = format!("u{}", " + u".repeat(4000));
    let late = format!("u{} + w*u + v{}", " + v".repeat(40), " + u".repeat(40));
    let large = format!("d(exp(sin(x*t)){})", ", x".repeat(100));
    for text in CONDITIONS.into_iter().chain([deep.as_str(), &late, &large, "u +\n  w*v +\n  x", "u +\n"]) {
        let error = Formula::condition(text, &scope).err().unwrap_or_else(|| panic!("{text} is right"));
        add(text, error);
    }
    add("u + u + ... + u", Formula::condition(&long, &scope).unwrap_err());
    for (text, read) in OTHERS {
        let error = read(text, &scope).err().unwrap_or_else(|| panic!("{text} is right"));
        add(text, error);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/formula/tests/wrong.txt");
    if std::env::var_os("DUALGN_BLESS").is_some() {
        fs::write(&path, &messages).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), messages, "run this test with DUALGN_BLESS=1");
}

/// What is missing on the right of a line is marked behind it.
#[test]
fn places_are_those_of_what_is_wrong() {
    let scope = plane();
    for (text, place) in [
        ("u_t + w*u_x", "w"),
        ("u_z", "z"),
        ("sin(u, v)", "sin(u, v)"),
        ("1 +", ""),
        ("(((velocity)))*v^velocity", "velocity"),
        ("κ + 1", "κ"),
    ] {
        let error = Formula::condition(text, &scope).unwrap_err();
        let span = error.span();
        assert_eq!(&text[span.start..span.end], place, "{error}");
    }
    let error = Formula::condition("velocit", &scope).unwrap_err();
    assert_eq!(error.hint(), Some("did you mean `velocity`?"));
}
