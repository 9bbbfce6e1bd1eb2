//! Names and what they refer to.

use proptest::prelude::*;

use super::super::scope::split;
use super::super::{Formula, Kind, Scope, Wrong};
use super::{message, plane};

fn text(text: &str, scope: &Scope) -> String {
    Formula::number(text, scope).unwrap_or_else(|error| panic!("{error}")).expression().text(scope)
}

#[test]
fn suffixes_are_split_into_coordinates() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let some = names(&["x", "x1", "x12", "t", "τ"]);
    assert_eq!(split("x", &some), Some(vec![0]));
    assert_eq!(split("xx1x12t", &some), Some(vec![0, 1, 2, 3]));
    assert_eq!(split("τtτ", &some), Some(vec![4, 3, 4]));
    for wrong in ["", "y", "x2", "xy", "12", "x_t"] {
        assert_eq!(split(wrong, &some), None, "{wrong}");
    }
    // The longest leads nowhere: `ab` and then `c`.
    assert_eq!(split("abc", &names(&["a", "ab", "bc"])), Some(vec![0, 2]));
    // It is tried first.
    assert_eq!(split("aaa", &names(&["a", "aa"])), Some(vec![1, 0]));
    // What has no split is not tried in all ways.
    assert_eq!(split(&format!("{}b", "a".repeat(5000)), &names(&["a", "aa", "aaa"])), None);
}

proptest! {
    /// By trying all ways.
    #[test]
    fn a_split_is_found_if_there_is_one(
        names in prop::collection::hash_set("[ab]{1,3}", 1..4),
        word in "[ab]{1,8}",
    ) {
        fn can(word: &str, names: &[String]) -> bool {
            word.is_empty() || names.iter().any(|name| word.strip_prefix(name.as_str()).is_some_and(|rest| can(rest, names)))
        }
        let names: Vec<String> = names.into_iter().collect();
        let found = split(&word, &names);
        prop_assert_eq!(found.is_some(), can(&word, &names));
        if let Some(found) = found {
            prop_assert_eq!(found.iter().map(|index| names[*index].as_str()).collect::<String>(), word);
        }
    }
}

#[test]
fn declared_names_come_first() {
    let mut scope = Scope::new(&["x", "t"], Some(1)).unwrap();
    for name in ["u", "u_in", "T_x", "T"] {
        scope.unknown(name).unwrap();
    }
    scope.constant("e", 3.0).unwrap();
    scope.constant("sin", 4.0).unwrap();
    assert_eq!(text("u_in_xt", &scope), "u_in_xt");
    assert_eq!(text("d(u_in, t, x)", &scope), "u_in_xt");
    // Not the derivative of `T`, which is written otherwise.
    assert_eq!(text("T_x - d(T, x)", &scope), "T_x - d(T, x)");
    assert_eq!(text("T_xx - T_x_x", &scope), "T_xx - T_x_x");
    assert_eq!(text("d(T, x, x) - d(T_x, x)", &scope), "T_xx - T_x_x");
    assert_eq!(text("e + sin*u + sin(0)", &scope), "3 + 4*u");
}

#[test]
fn definitions_use_each_other_in_any_order() {
    let mut scope = Scope::new(&["x", "y", "t"], Some(2)).unwrap();
    scope.unknown("u").unwrap();
    let definitions =
        [("q", "-k*grad(u)"), ("source", "div(q) + k_x"), ("k", "1 + a*x"), ("a", "t^2"), ("wet", "u > a")];
    scope.define(&definitions).unwrap();
    assert_eq!(text("source", &scope), "-(t^2*u_x) - (1 + t^2*x)*lap(u) + t^2");
    assert_eq!(text("k_t", &scope), "2*t*x");
    assert_eq!(text("dot(q, [1, 0])", &scope), "-((1 + t^2*x)*u_x)");
    assert_eq!(text("if(wet, a, 0)", &scope), "if(u > t^2, t^2, 0)");
    scope.define(&[("more", "a + q_t_norm"), ("q_t_norm", "norm(q_t)")]).unwrap();
}

#[test]
fn wrong_definitions_are_told_apart() {
    let scope = plane();
    let wrong = |definitions: &[(&str, &str)]| {
        let (index, error) = scope.clone().define(definitions).unwrap_err();
        (index, message(&error))
    };
    let circle = "definitions go round in a circle: a -> b -> c -> a";
    assert_eq!(wrong(&[("a", "b + 1"), ("b", "2*c_x"), ("c", "grad(a)"), ("d", "a")]), (0, circle.into()));
    assert_eq!(wrong(&[("d", "a"), ("a", "a")]), (1, "definitions go round in a circle: a -> a".into()));
    assert_eq!(wrong(&[("a", "1"), ("b", "1 +")]).0, 1);
    assert_eq!(
        wrong(&[("a", "1"), ("b", "u = 1")]),
        (1, "an equation where the formula of a definition is needed".into())
    );
    assert_eq!(wrong(&[("a", "1"), ("u", "1")]), (1, "`u` has a meaning already".into()));
    assert_eq!(wrong(&[("a", "c"), ("c", "u + q")]).0, 1);
}

#[test]
fn names_that_cannot_be_are_refused() {
    let mut scope = Scope::new(&["x"], None).unwrap();
    for (name, wrong) in [
        ("", Wrong::NoName(String::new())),
        ("2u", Wrong::NoName("2u".into())),
        ("u v", Wrong::NoName("u v".into())),
        ("u²", Wrong::NoName("u²".into())),
        ("pi", Wrong::Reserved("pi".into())),
        ("normal", Wrong::Reserved("normal".into())),
        ("and", Wrong::Reserved("and".into())),
        ("x", Wrong::Taken("x".into())),
    ] {
        assert_eq!(scope.unknown(name).unwrap_err().wrong(), &wrong);
    }
    assert!(Scope::new(&["x", "x"], None).is_err());
    for name in ["κ", "u_1", "_", "Wärme", "d", "min"] {
        scope.unknown(name).unwrap();
        assert_eq!(text(name, &scope), name);
    }
}

#[test]
fn what_is_not_there_is_said() {
    let scope = plane();
    let refused = |text: &str, scope: Scope| message(&Formula::number(text, &scope).unwrap_err());
    let known =
        || scope.clone().without(Kind::Unknown).without(Kind::Coefficient).without(Kind::Column).without(Kind::Normal);
    assert_eq!(refused("2*flux_x", known()), "`flux_x` is not known here, as it depends on what is solved for");
    assert_eq!(refused("kappa", known()), "`kappa` is not known here, as it is to be found");
    assert_eq!(refused("f", known()), "`f` is data at points, and there is none here");
    assert_eq!(refused("normal_x", known()), "`normal_x` needs a boundary, and this is not on one");
    assert_eq!(refused("k", known().without(Kind::Coordinate)), "`k` depends on coordinates, and a constant does not");
    let empty = Scope::new::<&str>(&[], None).unwrap();
    assert_eq!(refused("q + 1", empty), "there is no `q`; no names are declared here");
    // Only what can be used is offered.
    assert_eq!(refused("q", known()), "there is no `q`; the names here are x, y, t, nu, k");
}
