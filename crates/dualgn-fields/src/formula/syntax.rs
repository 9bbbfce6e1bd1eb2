//! [`Tree`]: a formula as it is written.

use super::vocabulary::{Arithmetic, Comparison, Connective};

/// A place in the text of a formula, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

impl Span {
    /// From the beginning of this one to the end of another.
    pub(super) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// A part of a formula. Parts of it are given by their numbers in the [`Tree`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Syntax {
    /// Not below zero.
    Number(f64),
    Name(String),
    Negation(usize),
    Not(usize),
    Arithmetic(Arithmetic, usize, usize),
    Comparison {
        comparison: Comparison,
        left: usize,
        right: usize,
        /// Whether `left` is a comparison whose right side is meant, as in `0 < x < 1`.
        is_chained: bool,
    },
    Logic(Connective, usize, usize),
    Call {
        function: String,
        arguments: Vec<usize>,
    },
    List(Vec<usize>),
    /// Only the whole formula is one.
    Equation(usize, usize),
}

/// A formula as it is written. Parts come before what they are parts of, so that whoever goes through them in order needs no
/// recursion; the last is the whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Syntax>,
    spans: Vec<Span>,
}

impl Tree {
    /// Appends a part and returns its number.
    pub(super) fn push(&mut self, node: Syntax, span: Span) -> usize {
        self.nodes.push(node);
        self.spans.push(span);
        self.nodes.len() - 1
    }

    /// Returns all parts.
    pub(super) fn nodes(&self) -> &[Syntax] {
        &self.nodes
    }

    /// Returns a part.
    pub(super) fn node(&self, index: usize) -> &Syntax {
        &self.nodes[index]
    }

    /// Returns a part and those that it consists of.
    pub(super) fn below(&self, index: usize) -> Vec<usize> {
        let mut found = vec![];
        let mut waiting = vec![index];
        while let Some(index) = waiting.pop() {
            found.push(index);
            match self.node(index) {
                Syntax::Number(_) | Syntax::Name(_) => {}
                Syntax::Negation(a) | Syntax::Not(a) => waiting.push(*a),
                Syntax::Arithmetic(_, a, b) | Syntax::Logic(_, a, b) | Syntax::Equation(a, b) => waiting.extend([a, b]),
                Syntax::Comparison { left, right, .. } => waiting.extend([left, right]),
                Syntax::Call { arguments: parts, .. } | Syntax::List(parts) => waiting.extend(parts),
            }
        }
        found
    }

    /// Returns where a part stands.
    pub(super) fn span(&self, index: usize) -> Span {
        self.spans[index]
    }

    /// Says where a part stands, with the parentheses around it.
    pub(super) fn widen(&mut self, index: usize, span: Span) {
        self.spans[index] = span;
    }

    /// Returns the number of the whole.
    pub(super) fn root(&self) -> usize {
        self.nodes.len() - 1
    }
}

/// What is written the same, wherever the spaces are.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.nodes == other.nodes
    }
}
