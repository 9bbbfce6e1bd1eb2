//! Trees as MathML, as pages show them.

use std::fmt::Write;

use super::print::{Level, number_text};
use super::scope::{Reference, Scope};
use super::syntax::{Span, Syntax, Tree};
use super::vocabulary::{Arithmetic, Call, Comparison, Connective, Function};

/// Letters that are written as words.
const GREEK: [(&str, &str); 36] = [
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("omicron", "ο"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("phi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Xi", "Ξ"),
    ("Pi", "Π"),
    ("Sigma", "Σ"),
    ("Upsilon", "Υ"),
    ("Phi", "Φ"),
    ("Chi", "Χ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
];

/// A part in MathML, one element.
#[derive(Clone, Default)]
struct Part {
    math: String,
    /// How tightly it holds together as it is shown: a fraction needs no parentheses.
    level: Option<Level>,
    /// Whether it ends with what an operator such as ∇ is applied to, which a factor behind it would join.
    is_open: bool,
    /// Whether it begins with a digit, before which a product needs its sign.
    begins_with_digit: bool,
}

impl Part {
    fn new(math: String, level: Level) -> Self {
        Self { math, level: Some(level), ..Self::default() }
    }

    fn atom(math: String) -> Self {
        Self::new(math, Level::Atom)
    }

    /// In parentheses unless it holds together as tightly as this.
    fn within(self, level: Level) -> String {
        if self.level.is_none_or(|own| own < level) { fenced("(", &self.math, ")") } else { self.math }
    }
}

/// Returns a formula as a `math` element.
pub(super) fn mathml(tree: &Tree, scope: &Scope) -> String {
    let mut parts: Vec<Part> = vec![];
    for node in tree.nodes() {
        let part = part(tree, node, scope, &mut parts);
        parts.push(part);
    }
    let math = parts.pop().unwrap_or_default().math;
    format!(r#"<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{math}</math>"#)
}

fn part(tree: &Tree, node: &Syntax, scope: &Scope, parts: &mut [Part]) -> Part {
    let mut take = |index: usize| std::mem::take(&mut parts[index]);
    let level = Level::of(node);
    match node {
        Syntax::Number(value) => number(*value),
        Syntax::Name(name) => Part::atom(reference(name, scope)),
        Syntax::Negation(a) => {
            let a = take(*a);
            let is_open = a.is_open;
            Part { is_open, ..Part::new(row(&["<mo>-</mo>", &a.within(level)]), level) }
        }
        Syntax::Not(a) => Part::new(row(&["<mtext>not </mtext>", &take(*a).within(level)]), level),
        Syntax::Arithmetic(operation, a, b) => arithmetic(*operation, take(*a), take(*b)),
        Syntax::Comparison { comparison, left, right, is_chained } => {
            let sign = match comparison {
                Comparison::Less => "&lt;",
                Comparison::AtMost => "≤",
                Comparison::Greater => "&gt;",
                Comparison::AtLeast => "≥",
                Comparison::Equal => "=",
                Comparison::NotEqual => "≠",
            };
            let left = take(*left).within(if *is_chained { Level::Comparison } else { Level::Sum });
            Part::new(row(&[&left, &operator(sign), &take(*right).within(Level::Sum)]), level)
        }
        Syntax::Logic(connective, a, b) => {
            let [left, right] = match connective {
                Connective::And => [Level::And, Level::Not],
                Connective::Or => [Level::Or, Level::And],
            };
            let word = format!("<mtext> {} </mtext>", connective.word());
            Part::new(row(&[&take(*a).within(left), &word, &take(*b).within(right)]), level)
        }
        Syntax::List(items) => {
            let items: Vec<String> = items.iter().map(|item| take(*item).math).collect();
            Part::atom(fenced("(", &items.join(&operator(",")), ")"))
        }
        Syntax::Call { function, arguments } => {
            if let ([first, along @ ..], Ok(Call::Derivative)) = (arguments.as_slice(), function.parse())
                && !along.is_empty()
            {
                return derivative(tree, scope, (*first, take(*first)), along);
            }
            call(function, arguments.iter().map(|argument| take(*argument)).collect())
        }
        Syntax::Equation(a, b) => Part::new(row(&[&take(*a).math, &operator("="), &take(*b).math]), level),
    }
}

fn arithmetic(operation: Arithmetic, a: Part, b: Part) -> Part {
    let [left, right] = Level::sides(operation);
    match operation {
        Arithmetic::Add | Arithmetic::Subtract => {
            let sign = operator(if operation == Arithmetic::Add { "+" } else { "-" });
            // `a + -b` has two signs side by side.
            let right = if b.level == Some(Level::Negation) { Level::Power } else { right };
            Part::new(row(&[&a.within(left), &sign, &b.within(right)]), Level::Sum)
        }
        Arithmetic::Multiply => {
            let sign = operator(if b.begins_with_digit { "⋅" } else { "&#x2062;" });
            let (is_open, begins_with_digit) = (b.is_open, a.begins_with_digit);
            let left = if a.is_open { fenced("(", &a.math, ")") } else { a.within(left) };
            let right = if b.level == Some(Level::Negation) && !is_open { Level::Power } else { right };
            Part { is_open, begins_with_digit, ..Part::new(row(&[&left, &sign, &b.within(right)]), Level::Product) }
        }
        Arithmetic::Divide => Part::atom(format!("<mfrac>{}{}</mfrac>", a.math, b.math)),
        Arithmetic::Power => {
            let begins_with_digit = a.begins_with_digit;
            let math = format!("<msup>{}{}</msup>", a.within(left), b.math);
            Part { begins_with_digit, ..Part::new(math, Level::Power) }
        }
    }
}

fn call(name: &str, mut parts: Vec<Part>) -> Part {
    if let ([_], Ok(function)) = (parts.as_slice(), name.parse::<Function>()) {
        return function_of(function, parts.remove(0));
    }
    let applied = |sign: &str, a: Part| {
        let math = row(&[sign, &a.within(Level::Power)]);
        Part { is_open: true, ..Part::new(math, Level::Negation) }
    };
    match (name.parse::<Call>(), parts.len()) {
        (Ok(Call::Gradient), 1) => applied("<mo>∇</mo>", parts.remove(0)),
        (Ok(Call::Divergence), 1) => applied("<mo>∇</mo><mo>⋅</mo>", parts.remove(0)),
        (Ok(Call::Curl), 1) => applied("<mo>∇</mo><mo>×</mo>", parts.remove(0)),
        (Ok(Call::Laplacian), 1) => applied("<mo>Δ</mo>", parts.remove(0)),
        (Ok(Call::Norm), 1) => Part::atom(fenced("‖", &parts.remove(0).math, "‖")),
        (Ok(Call::Dot), 2) => {
            let [b, a] = [parts.remove(1), parts.remove(0)];
            let math = row(&[&a.within(Level::Negation), &operator("⋅"), &b.within(Level::Negation)]);
            Part { is_open: true, ..Part::new(math, Level::Product) }
        }
        (Ok(Call::If), 3) => {
            let line = |a: &Part, text: &str, b: &str| {
                format!("<mtr><mtd>{}</mtd><mtd><mtext>{text}</mtext>{b}</mtd></mtr>", a.math)
            };
            let lines = [line(&parts[1], "if ", &parts[0].math), line(&parts[2], "otherwise", "")].concat();
            Part::atom(fenced("{", &format!("<mtable columnalign=\"left\">{lines}</mtable>"), ""))
        }
        (Ok(Call::Integral), 4) => {
            let [high, low, variable, body] = [parts.remove(3), parts.remove(2), parts.remove(1), parts.remove(0)];
            let sign = format!("<msubsup><mo>∫</mo>{}{}</msubsup>", low.math, high.math);
            let math = row(&[&sign, &body.within(Level::Product), "<mo>&#x2009;d</mo>", &variable.math]);
            Part { is_open: true, ..Part::new(math, Level::Product) }
        }
        _ => {
            let arguments: Vec<String> = parts.into_iter().map(|part| part.math).collect();
            Part::atom(row(&[
                &identifier(name),
                "<mo>&#x2061;</mo>",
                &fenced("(", &arguments.join(&operator(",")), ")"),
            ]))
        }
    }
}

fn function_of(function: Function, a: Part) -> Part {
    let named = |name: &str, a: &Part| row(&[name, "<mo>&#x2061;</mo>", &fenced("(", &a.math, ")")]);
    match function {
        Function::Sqrt => Part::atom(format!("<msqrt>{}</msqrt>", a.math)),
        Function::Abs => Part::atom(fenced("|", &a.math, "|")),
        Function::Exp => Part::new(format!("<msup><mi>e</mi>{}</msup>", a.math), Level::Power),
        Function::Log10 => Part::atom(named("<msub><mi>log</mi><mn>10</mn></msub>", &a)),
        Function::Asin | Function::Acos | Function::Atan => {
            Part::atom(named(&format!("<mi>arc{}</mi>", &function.name()[1..]), &a))
        }
        Function::Asinh | Function::Acosh | Function::Atanh => {
            Part::atom(named(&format!("<mi>ar{}</mi>", &function.name()[1..]), &a))
        }
        function => Part::atom(named(&format!("<mi>{}</mi>", function.name()), &a)),
    }
}

/// `d(a, x, y)` as a fraction of differentials.
fn derivative(tree: &Tree, scope: &Scope, (index, a): (usize, Part), along: &[usize]) -> Part {
    let mut below = String::new();
    let names = along.iter().map(|argument| match tree.node(*argument) {
        Syntax::Name(name) => reference(name, scope),
        _ => "<mi>?</mi>".into(),
    });
    let names: Vec<String> = names.collect();
    for run in names.chunk_by(|a, b| a == b) {
        let name = &run[0];
        let _ = match run.len() {
            1 => write!(below, "<mo>∂</mo>{name}"),
            times => write!(below, "<mo>∂</mo><msup>{name}<mn>{times}</mn></msup>"),
        };
    }
    let above = match names.len() {
        1 => "<mo>∂</mo>".to_owned(),
        order => format!("<msup><mo>∂</mo><mn>{order}</mn></msup>"),
    };
    let below = row(&[&below]);
    match tree.node(index) {
        Syntax::Name(_) => Part::atom(format!("<mfrac>{}{below}</mfrac>", row(&[&above, &a.math]))),
        _ => {
            let math = row(&[&format!("<mfrac>{above}{below}</mfrac>"), &a.within(Level::Power)]);
            Part { is_open: true, ..Part::new(math, Level::Negation) }
        }
    }
}

/// A name: a derivative as a letter with the coordinates below it.
fn reference(name: &str, scope: &Scope) -> String {
    match scope.find(name, Span::default()) {
        Ok(Reference::Derivative { base, along, .. }) => {
            let coordinates: String = along.iter().map(|index| identifier(&scope.coordinates()[*index])).collect();
            below(&identifier(base), &coordinates)
        }
        Ok(Reference::Normal) => "<mi>n</mi>".into(),
        Ok(Reference::NormalComponent(component)) => {
            let coordinate = scope.space().get(component).copied().unwrap_or_default();
            below("<mi>n</mi>", &identifier(&scope.coordinates()[coordinate]))
        }
        _ => identifier(name),
    }
}

/// A name without a meaning: what is behind `_`, and digits at its end, stand below it.
fn identifier(name: &str) -> String {
    if let Some((letters, rest)) = name.split_once('_')
        && !letters.is_empty()
        && !rest.is_empty()
    {
        return below(&identifier(letters), &identifier(rest));
    }
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &name[letters.len()..];
    let letter = GREEK.iter().find(|(word, _)| *word == letters).map_or(letters, |(_, letter)| letter);
    match (letters, digits) {
        ("", _) => format!("<mn>{digits}</mn>"),
        (_, "") => format!("<mi>{letter}</mi>"),
        _ => below(&format!("<mi>{letter}</mi>"), &format!("<mn>{digits}</mn>")),
    }
}

fn number(value: f64) -> Part {
    let text = number_text(value);
    let math = match text.split_once('e') {
        None => return Part { begins_with_digit: true, ..Part::atom(format!("<mn>{text}</mn>")) },
        Some((digits, exponent)) => {
            let exponent = exponent.replace('-', "−");
            row(&[
                &format!("<mn>{digits}</mn>"),
                &operator("⋅"),
                &format!("<msup><mn>10</mn><mn>{exponent}</mn></msup>"),
            ])
        }
    };
    Part { begins_with_digit: true, ..Part::new(math, Level::Product) }
}

fn operator(sign: &str) -> String {
    format!("<mo>{sign}</mo>")
}

fn below(base: &str, index: &str) -> String {
    format!("<msub>{base}<mrow>{index}</mrow></msub>")
}

fn row(parts: &[&str]) -> String {
    format!("<mrow>{}</mrow>", parts.concat())
}

fn fenced(open: &str, math: &str, close: &str) -> String {
    let sign = |sign: &str| match sign {
        "" => String::new(),
        sign => format!(r#"<mo fence="true">{sign}</mo>"#),
    };
    row(&[&sign(open), math, &sign(close)])
}
