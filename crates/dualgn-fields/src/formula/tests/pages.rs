//! MathML.

use proptest::prelude::*;

use super::super::mathml::mathml;
use super::super::{Formula, Scope};
use super::plane;
use super::round_trip::trees;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn all_trees_are_elements(tree in trees()) {
        let math = mathml(&tree, &plane());
        let document = roxmltree::Document::parse(&math);
        prop_assert!(document.is_ok(), "{:?}\n{}", document, math);
        // Elements whose number of children is fixed.
        for node in document.unwrap().descendants().filter(|node| node.is_element()) {
            let children = node.children().filter(|child| child.is_element()).count();
            match node.tag_name().name() {
                "mfrac" | "msup" | "msub" => prop_assert_eq!(children, 2, "{}", math),
                "mi" | "mn" | "mo" | "mtext" => prop_assert_eq!(children, 0, "{}", math),
                _ => {}
            }
        }
    }
}

/// The text of the elements, with signs for those that are shown by their place.
fn shown(text: &str) -> String {
    fn show(node: roxmltree::Node, shown: &mut String) {
        if node.is_text() {
            shown.push_str(node.text().unwrap_or_default());
        }
        let sign = match node.tag_name().name() {
            "mfrac" => "/",
            "msup" => "^",
            "msub" => "_",
            _ => "",
        };
        if node.tag_name().name() == "msqrt" {
            shown.push('√');
        }
        for (index, child) in node.children().enumerate() {
            if index > 0 {
                shown.push_str(sign);
            }
            let braces = !sign.is_empty() && child.children().filter(|child| child.is_element()).count() > 1;
            shown.push_str(if braces { "{" } else { "" });
            show(child, shown);
            shown.push_str(if braces { "}" } else { "" });
        }
    }
    let scope = plane();
    let formula = Formula::condition(text, &scope).unwrap_or_else(|error| panic!("{error}")).0;
    let math = formula.mathml(&scope);
    let document = roxmltree::Document::parse(&math).unwrap();
    let mut text = String::new();
    show(document.root(), &mut text);
    text.replace(['\u{2062}', '\u{2061}'], "")
}

#[test]
fn formulas_are_shown_as_in_books() {
    for (text, expected) in [
        ("u_t + u*u_x = nu*u_xx", "u_t+uu_x=νu_{xx}"),
        ("2*3*x - 4e-7*y", "2⋅3x-4⋅10^−7y"),
        ("(x + 1)/(y - 2)*u", "{x+1}/{y-2}u"),
        ("(x*y)^2 + x^(y + 1)", "{(xy)}^2+x^{y+1}"),
        ("-(x + y) - -x", "-(x+y)-(-x)"),
        ("div(k*grad(u)) + f", "∇⋅(k∇u)+f"),
        ("lap(u)*k", "(Δu)k"),
        ("k*lap(u)", "kΔu"),
        ("lap(u)^2", "{(Δu)}^2"),
        ("d(u, x, x, t)", "{∂^3u}/{∂x^2∂t}"),
        ("d(k*u, x)", "∂/{∂x}(ku)"),
        ("dot(grad(u), normal) = 0", "∇u⋅n=0"),
        ("normal_x + pi", "n_x+π"),
        ("sqrt(abs(x)) + exp(-x) + sin(x)^2", "√|x|+e^{-x}+{sin(x)}^2"),
        ("asin(x) + log10(x) + min(x, y)", "arcsin(x)+log_10(x)+min(x,y)"),
        ("norm(velocity) >= 0", "‖velocity‖≥0"),
        ("if(0 < x and not x > 1, 1, 2)", "{1if 0<x and not x>12otherwise"),
        ("curl([u, v]) = 0", "∇×(u,v)=0"),
        ("kappa*u_yx", "κu_{yx}"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn words_are_letters_with_what_stands_below() {
    let mut scope = Scope::new(&["x1", "theta"], None).unwrap();
    scope.unknown("T_in").unwrap();
    let formula = Formula::number("T_in_x1theta", &scope).unwrap();
    let below = "<mrow><msub><mi>x</mi><mrow><mn>1</mn></mrow></msub><mi>θ</mi></mrow>";
    let expected = format!("<msub><msub><mi>T</mi><mrow><mi>in</mi></mrow></msub>{below}</msub>");
    assert!(formula.mathml(&scope).contains(&expected), "{}", formula.mathml(&scope));
}
