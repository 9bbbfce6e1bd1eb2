//! Whatever is written, nothing panics and nothing takes long.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{Formula, Scope, Wrong};
use super::{plane, values};

fn read(text: &str, scope: &Scope) {
    for read in [Formula::number, Formula::numbers, Formula::predicate] {
        match read(text, scope) {
            Ok(formula) => {
                let _ = (formula.to_string(), formula.mathml(scope), formula.expression().text(scope));
                let _ = values(formula.expression(), &[0.1, 0.2, 0.3]);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    if let Err(error) = Formula::condition(text, scope) {
        let shown = error.at("equations, line 7").to_string();
        assert!(shown.starts_with("equations, line 7: "));
    }
    let _ = scope.clone().define(&[("q", text)]);
}

/// Words of the language, and others.
const WORDS: [&str; 50] = [
    "u", "v", "x", "y", "t", "u_x", "u_xt", "u_xxxxx", "w", "velocity", "flux", "flux_t", "normal", "normal_x", "f",
    "f_x", "kappa", "pi", "e", "1", "2.5", "1e308", "0", "sin(", "min(", "d(", "lap(", "grad(", "div(", "curl(",
    "dot(", "norm(", "if(", "(", ")", ",", "[", "]", "+", "-", "*", "/", "^", "<", "==", "=", "and", "not", ">=", "²",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn any_words_are_read_or_refused(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..25)) {
        let scope = plane();
        read(&words.join(" "), &scope);
        read(&words.concat(), &scope);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let scope = plane();
        read(&text, &scope);
        read(&String::from_utf8_lossy(&bytes), &scope);
    }
}

/// On a stack of a quarter of what threads have.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 19).spawn(run).unwrap().join().unwrap();
}

#[test]
fn deep_formulas_are_refused() {
    on_a_small_stack(|| {
        let scope = plane();
        let depth = 3000;
        for text in [
            format!("{}x{}", "(".repeat(depth), ")".repeat(depth)),
            "(".repeat(depth),
            "[".repeat(depth),
            "sin(".repeat(depth / 2),
            format!("{}x", "-".repeat(depth)),
            format!("{}x", "+".repeat(depth)),
            format!("x{}", "^x".repeat(depth)),
            format!("x{}", "^-x".repeat(depth)),
            format!("{}x", "not ".repeat(depth / 2)),
            format!("{}x", "not x < ".repeat(depth / 3)),
            format!("{}x", "1 + not ".repeat(depth / 3)),
            format!("{}x", "2*-(".repeat(depth / 2)),
        ] {
            let error = Formula::number(&text, &scope).unwrap_err();
            assert!(matches!(error.wrong(), Wrong::TooDeep { .. }), "{error}");
        }
        for text in [
            format!("{}x{}", "(".repeat(90), ")".repeat(90)),
            format!("{}x{}", "-sin(1 + ".repeat(30), ")".repeat(30)),
            format!("x{}", "^x".repeat(90)),
            format!("{}x", "-".repeat(90)),
        ] {
            read(&text, &scope);
            Formula::number(&text, &scope).unwrap_or_else(|error| panic!("{error}"));
        }
    });
}

#[test]
fn long_formulas_are_read() {
    on_a_small_stack(|| {
        let scope = plane();
        for text in [
            format!("u{}", " + x*u_x".repeat(1200)),
            format!("u{}", "/2".repeat(4900)),
            format!("u{}", "-x".repeat(4900)),
            format!("x < 1{}", " and x < 1".repeat(900)),
            format!("x{}", "<x".repeat(4900)),
            format!("min(x{})", ",u".repeat(4900)),
            format!("[x{}]", ",u".repeat(4900)),
            format!("lap({})", "u*x + ".repeat(1500) + "u"),
        ] {
            read(&text, &scope);
        }
        let text = format!("u{}", " + 1*u".repeat(2000));
        let error = Formula::number(&text, &scope).unwrap_err();
        assert!(matches!(error.wrong(), Wrong::TooLong { .. }), "{error}");
    });
}

#[test]
fn large_formulas_take_little_time() {
    let mut scope = plane();
    let start = Instant::now();
    // Each derivative is several times as large as the last.
    let text = format!("d(exp(sin(x*exp(x*t)))/(1 + x^2){})", ", x".repeat(200));
    let error = Formula::number(&text, &scope).unwrap_err();
    assert!(matches!(error.wrong(), Wrong::TooLarge { .. }), "{error}");
    // Equal parts are one, but a text and the terms of a sum would be thousands of millions.
    let doubled: Vec<(String, String)> =
        (0..40).map(|index| (format!("a{}", index + 1), format!("a{index} + a{index}"))).collect();
    scope.define(&[("a0", "lap(u)")]).unwrap();
    scope.define(&doubled).unwrap();
    read("a40", &scope);
    read(&format!("d({}, x, y)", (0..900).map(|_| "u*v").collect::<Vec<_>>().join("*")), &scope);
    read(&format!("u_{}", "x".repeat(5000)), &scope);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
