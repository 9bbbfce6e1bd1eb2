//! Trees as text, which is parsed to the same tree.

use std::fmt;

use super::syntax::{Syntax, Tree};
use super::vocabulary::{Arithmetic, Connective};

/// How tightly the parts of a formula hold together, from the loosest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Negation,
    Power,
    Atom,
}

impl Level {
    /// Of a part.
    pub(super) fn of(node: &Syntax) -> Self {
        match node {
            Syntax::Equation(..) | Syntax::Logic(Connective::Or, ..) => Self::Or,
            Syntax::Logic(Connective::And, ..) => Self::And,
            Syntax::Not(_) => Self::Not,
            Syntax::Comparison { .. } => Self::Comparison,
            Syntax::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, ..) => Self::Sum,
            Syntax::Arithmetic(Arithmetic::Multiply | Arithmetic::Divide, ..) => Self::Product,
            Syntax::Negation(_) => Self::Negation,
            Syntax::Arithmetic(Arithmetic::Power, ..) => Self::Power,
            Syntax::Number(_) | Syntax::Name(_) | Syntax::Call { .. } | Syntax::List(_) => Self::Atom,
        }
    }

    /// The loosest levels that the sides of an operation can have without parentheses.
    pub(super) fn sides(operation: Arithmetic) -> [Self; 2] {
        match operation {
            Arithmetic::Add | Arithmetic::Subtract => [Self::Sum, Self::Product],
            Arithmetic::Multiply | Arithmetic::Divide => [Self::Product, Self::Negation],
            Arithmetic::Power => [Self::Atom, Self::Power],
        }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each is taken by the one part that it belongs to.
        let mut texts: Vec<String> = vec![];
        for node in self.nodes() {
            let text = self.text(node, &mut texts);
            texts.push(text);
        }
        formatter.write_str(texts.last().map_or("", String::as_str))
    }
}

impl Tree {
    fn text(&self, node: &Syntax, texts: &mut [String]) -> String {
        let mut side = |index: usize, level: Level| {
            let text = std::mem::take(&mut texts[index]);
            if Level::of(self.node(index)) < level { format!("({text})") } else { text }
        };
        match node {
            Syntax::Number(number) => number_text(*number),
            Syntax::Name(name) => name.clone(),
            Syntax::Negation(a) => format!("-{}", side(*a, Level::Negation)),
            Syntax::Not(a) => format!("not {}", side(*a, Level::Not)),
            Syntax::Arithmetic(operation, a, b) => {
                let [left, right] = Level::sides(*operation);
                let sign = match operation {
                    Arithmetic::Add => " + ",
                    Arithmetic::Subtract => " - ",
                    Arithmetic::Multiply => "*",
                    Arithmetic::Divide => "/",
                    Arithmetic::Power => "^",
                };
                let mut text = side(*a, left);
                text.push_str(sign);
                text.push_str(&side(*b, right));
                text
            }
            Syntax::Comparison { comparison, left, right, is_chained } => {
                let level = if *is_chained { Level::Comparison } else { Level::Sum };
                format!("{} {} {}", side(*left, level), comparison.symbol(), side(*right, Level::Sum))
            }
            Syntax::Logic(connective, a, b) => {
                let [left, right] = match connective {
                    Connective::And => [Level::And, Level::Not],
                    Connective::Or => [Level::Or, Level::And],
                };
                format!("{} {} {}", side(*a, left), connective.word(), side(*b, right))
            }
            Syntax::Call { function, arguments } => {
                let arguments: Vec<String> = arguments.iter().map(|argument| side(*argument, Level::Or)).collect();
                format!("{function}({})", arguments.join(", "))
            }
            Syntax::List(items) => {
                let items: Vec<String> = items.iter().map(|item| side(*item, Level::Or)).collect();
                format!("[{}]", items.join(", "))
            }
            Syntax::Equation(a, b) => format!("{} = {}", side(*a, Level::Or), side(*b, Level::Or)),
        }
    }
}

/// A number as it is read back, without long rows of zeros.
pub(super) fn number_text(number: f64) -> String {
    let is_plain = number == 0.0 || (1e-5..1e16).contains(&number.abs());
    if is_plain { number.to_string() } else { format!("{number:e}") }
}
