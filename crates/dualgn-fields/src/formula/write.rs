//! Expressions as trees, which are read back to the same expressions.

use super::expression::{Expression, Id, Node};
use super::scope::{NORMAL, Reference, Scope};
use super::syntax::{Span, Syntax, Tree};
use super::vocabulary::{Call, Pair};

/// The most parts that are written. What is used several times stands several times in a text.
const PARTS: usize = 2_000;

impl Expression {
    /// Returns the formula in the names of a scope with nothing but operations on numbers and derivatives, such as it is computed.
    /// A long one is not written out.
    pub(crate) fn text(&self, scope: &Scope) -> String {
        match self.tree(scope) {
            Some(tree) => tree.to_string(),
            None => format!("a formula of {} operations", self.nodes().len()),
        }
    }

    /// Returns the formula as a tree, unless it is too large.
    pub(super) fn tree(&self, scope: &Scope) -> Option<Tree> {
        // Parts of each node, with those of its children as often as they stand.
        let mut sizes: Vec<usize> = vec![];
        for node in self.nodes() {
            let below: usize = node.children().map(|child| sizes[child.index()]).fold(1, usize::saturating_add);
            let coordinates = if let Node::Unknown { along, .. } = node { along.len() } else { 0 };
            sizes.push(below.saturating_add(coordinates + 1));
        }
        let size = self.outputs().iter().map(|id| sizes[id.index()]).fold(0, usize::saturating_add);
        if size > PARTS {
            return None;
        }
        let mut writer = Writer { expression: self, scope, tree: Tree::default() };
        let outputs: Vec<usize> = self.outputs().iter().map(|output| writer.write(*output)).collect();
        if outputs.len() > 1 {
            writer.push(Syntax::List(outputs));
        }
        Some(writer.tree)
    }
}

struct Writer<'a> {
    expression: &'a Expression,
    scope: &'a Scope,
    tree: Tree,
}

impl Writer<'_> {
    fn push(&mut self, syntax: Syntax) -> usize {
        self.tree.push(syntax, Span::default())
    }

    /// Writes a node after its children, which are no more than the parts there can be.
    fn write(&mut self, output: Id) -> usize {
        // Each comes twice: before its children and after them, when their parts are the last that were written.
        let mut waiting = vec![(output, false)];
        let mut written: Vec<usize> = vec![];
        while let Some((id, is_ready)) = waiting.pop() {
            let node = self.expression.node(id);
            let children: Vec<Id> = node.children().collect();
            if is_ready {
                let parts = written.split_off(written.len() - children.len());
                let part = self.node(node, &parts);
                written.push(part);
            } else {
                waiting.push((id, true));
                waiting.extend(children.into_iter().rev().map(|child| (child, false)));
            }
        }
        written.pop().unwrap_or_default()
    }

    fn node(&mut self, node: &Node, parts: &[usize]) -> usize {
        let scope = self.scope;
        let syntax = match *node {
            Node::Number(number) => {
                let number = number.number();
                let part = self.push(Syntax::Number(number.abs()));
                if number < 0.0 { Syntax::Negation(part) } else { return part }
            }
            Node::Coordinate(index) => Syntax::Name(scope.coordinates()[index].clone()),
            Node::Unknown { index, ref along } => return self.unknown(&scope.unknowns()[index], along),
            Node::Laplacian { index, .. } => {
                let unknown = self.push(Syntax::Name(scope.unknowns()[index].clone()));
                call(Call::Laplacian.name(), &[unknown])
            }
            Node::Coefficient(index) => Syntax::Name(scope.coefficients()[index].clone()),
            Node::Column(index) => Syntax::Name(scope.columns()[index].clone()),
            Node::Normal(index) => {
                let coordinate = scope.space()[index];
                Syntax::Name(format!("{NORMAL}_{}", scope.coordinates()[coordinate]))
            }
            // There is none outside of its integral.
            Node::Variable(_) => Syntax::Name("?".into()),
            Node::Negation(_) => Syntax::Negation(parts[0]),
            Node::Function(function, _) => call(function.name(), parts),
            Node::Arithmetic(operation, ..) => Syntax::Arithmetic(operation, parts[0], parts[1]),
            Node::Pair(Pair::Minimum, ..) => call(Call::Minimum.name(), parts),
            Node::Pair(Pair::Maximum, ..) => call(Call::Maximum.name(), parts),
            Node::Pair(Pair::Atan2, ..) => call(Call::Atan2.name(), parts),
            Node::Comparison(comparison, ..) => {
                Syntax::Comparison { comparison, left: parts[0], right: parts[1], is_chained: false }
            }
            Node::Not(_) => Syntax::Not(parts[0]),
            Node::Logic(connective, ..) => Syntax::Logic(connective, parts[0], parts[1]),
            Node::If { .. } => call(Call::If.name(), parts),
        };
        self.push(syntax)
    }

    /// `u_xx`, or `d(u, x, x)` where that means something else.
    fn unknown(&mut self, name: &str, along: &[usize]) -> usize {
        let coordinates: Vec<&String> = along.iter().map(|index| &self.scope.coordinates()[*index]).collect();
        let suffix: String = coordinates.iter().map(|name| name.as_str()).collect();
        let short = if suffix.is_empty() { name.to_owned() } else { format!("{name}_{suffix}") };
        let means = match self.scope.find(&short, Span::default()) {
            Ok(Reference::Derivative { base, along: found, .. }) => base == name && found == along,
            Ok(Reference::Meaning(_)) => suffix.is_empty(),
            _ => false,
        };
        if means {
            return self.push(Syntax::Name(short));
        }
        let names = std::iter::once(name).chain(coordinates.iter().map(|name| name.as_str()));
        let arguments: Vec<usize> =
            names.map(|name| self.tree.push(Syntax::Name(name.into()), Span::default())).collect();
        self.push(call(Call::Derivative.name(), &arguments))
    }
}

fn call(function: &str, arguments: &[usize]) -> Syntax {
    Syntax::Call { function: function.to_owned(), arguments: arguments.to_vec() }
}
