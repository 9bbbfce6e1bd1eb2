//! What is written is read back.

use proptest::prelude::*;

use super::super::Formula;
use super::super::parse::parse;
use super::super::syntax::{Span, Syntax, Tree};
use super::super::vocabulary::{Arithmetic, Comparison, Connective};
use super::derivatives::formulas;
use super::plane;

/// What the parts of a tree are made by, from the last ones that are not yet part of another.
#[derive(Clone, Debug)]
enum Step {
    Number(f64),
    Name(String),
    Negation,
    Not,
    Arithmetic(Arithmetic),
    Comparison(Comparison),
    Logic(Connective),
    Call(String, usize),
    List(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use strum::VariantArray;

    let name = "[a-zA-Zκ][a-z_0-9]{0,3}".prop_filter("a word", |name| !["and", "or", "not"].contains(&name.as_str()));
    let number = prop_oneof![
        (0..100u32).prop_map(f64::from),
        0.0..1e3,
        prop::num::f64::POSITIVE | prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL,
    ];
    let step = prop_oneof![
        4 => number.prop_map(Step::Number),
        4 => name.clone().prop_map(Step::Name),
        1 => Just(Step::Negation),
        1 => Just(Step::Not),
        4 => prop::sample::select(Arithmetic::VARIANTS).prop_map(Step::Arithmetic),
        2 => prop::sample::select(Comparison::VARIANTS).prop_map(Step::Comparison),
        2 => prop::sample::select(Connective::VARIANTS).prop_map(Step::Logic),
        1 => (name, 0..4usize).prop_map(|(name, count)| Step::Call(name, count)),
        1 => (0..3usize).prop_map(Step::List),
    ];
    prop::collection::vec(step, 1..40)
}

/// The tree, whose last parts are joined to one.
fn grown(steps: Vec<Step>, is_equation: bool) -> Tree {
    let mut tree = Tree::default();
    let mut open: Vec<usize> = vec![];
    let push = |tree: &mut Tree, node: Syntax| tree.push(node, Span::default());
    for step in steps {
        let most = |count: usize| count.min(open.len());
        let part = match step {
            Step::Number(number) => push(&mut tree, Syntax::Number(number)),
            Step::Name(name) => push(&mut tree, Syntax::Name(name)),
            Step::Call(function, count) => {
                let arguments = open.split_off(open.len() - most(count));
                push(&mut tree, Syntax::Call { function, arguments })
            }
            Step::List(count) => {
                let items = open.split_off(open.len() - most(count));
                push(&mut tree, Syntax::List(items))
            }
            Step::Negation | Step::Not => {
                let Some(a) = open.pop() else { continue };
                push(&mut tree, if matches!(step, Step::Not) { Syntax::Not(a) } else { Syntax::Negation(a) })
            }
            Step::Arithmetic(_) | Step::Comparison(_) | Step::Logic(_) => {
                let [.., a, b] = open[..] else { continue };
                open.truncate(open.len() - 2);
                let node = match step {
                    Step::Arithmetic(operation) => Syntax::Arithmetic(operation, a, b),
                    Step::Logic(connective) => Syntax::Logic(connective, a, b),
                    Step::Comparison(comparison) => {
                        // Every other one of those that can be.
                        let is_chained = matches!(tree.node(a), Syntax::Comparison { .. }) && b % 2 == 0;
                        Syntax::Comparison { comparison, left: a, right: b, is_chained }
                    }
                    _ => unreachable!("the others are above"),
                };
                push(&mut tree, node)
            }
        };
        open.push(part);
    }
    match open[..] {
        [a, b] if is_equation => drop(push(&mut tree, Syntax::Equation(a, b))),
        [_] => {}
        _ => drop(push(&mut tree, Syntax::List(open))),
    }
    tree
}

/// Trees of all kinds of parts, whatever they mean.
pub(super) fn trees() -> impl Strategy<Value = Tree> {
    (steps(), any::<bool>()).prop_map(|(steps, is_equation)| grown(steps, is_equation))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_tree_is_parsed_as_it_was_written(tree in trees()) {
        let text = tree.to_string();
        match parse(&text) {
            Ok(parsed) => prop_assert_eq!(&parsed, &tree, "{}", text),
            Err(failed) => prop_assert!(false, "{}", failed.of(&text)),
        }
    }

    #[test]
    fn an_expression_is_read_as_it_was_written(text in formulas()) {
        let scope = plane();
        if let Ok(formula) = Formula::number(&text, &scope) {
            let written = formula.expression().text(&scope);
            if !written.starts_with("a formula of") {
                let read = Formula::number(&written, &scope).unwrap_or_else(|error| panic!("{error}"));
                prop_assert_eq!(formula.expression(), read.expression(), "{}\n{}", text, written);
            }
        }
    }
}

#[test]
fn texts_have_few_parentheses() {
    for text in [
        "u_t + u*u_x - nu*u_xx",
        "u_t = nu*lap(u)",
        "a - (b - c) - d",
        "a/(b*c)/d*e",
        "-x^2 + (-x)^2 - (x^2)^3 + x^2^3",
        "2^(-x)*-y",
        "if(0 < x < 1 and not (a or b), 1, 2e-20)",
        "(a < b) < c",
        "x + y < z and (a or not b < c) or d",
        "dot(grad(u), normal) = 0",
        "velocity >= [0, -1]",
    ] {
        assert_eq!(parse(text).unwrap().to_string(), text);
    }
    assert_eq!(parse("((a))+ (b * ( c**2 ))").unwrap().to_string(), "a + b*c^2");
}
