//! Nodes from others, where constants are computed and what changes nothing is left out: no more than lets derivatives that are
//! multiplied by zero go.

use super::expression::{Graph, Id, Node};
use super::vocabulary::{Arithmetic, Comparison, Connective, Function, Pair};

impl Graph {
    /// Returns `-a`.
    pub(super) fn negation(&mut self, a: Id) -> Id {
        match *self.node(a) {
            Node::Number(number) => self.number(-number.number()),
            Node::Negation(inner) => inner,
            _ => self.intern(Node::Negation(a)),
        }
    }

    /// Returns `a + b`.
    pub(super) fn sum(&mut self, a: Id, b: Id) -> Id {
        match (self.constant(a), self.constant(b)) {
            (Some(a), Some(b)) => return self.number(a + b),
            (Some(0.0), _) => return b,
            (_, Some(0.0)) => return a,
            _ => {}
        }
        match *self.node(b) {
            Node::Negation(b) => self.difference(a, b),
            _ => self.intern(Node::Arithmetic(Arithmetic::Add, a, b)),
        }
    }

    /// Returns `a - b`.
    pub(super) fn difference(&mut self, a: Id, b: Id) -> Id {
        match (self.constant(a), self.constant(b)) {
            (Some(a), Some(b)) => return self.number(a - b),
            (Some(0.0), _) => return self.negation(b),
            (_, Some(0.0)) => return a,
            _ if a == b => return self.number(0.0),
            _ => {}
        }
        match *self.node(b) {
            Node::Negation(b) => self.sum(a, b),
            _ => self.intern(Node::Arithmetic(Arithmetic::Subtract, a, b)),
        }
    }

    /// Returns `a b`.
    pub(super) fn product(&mut self, a: Id, b: Id) -> Id {
        match (self.constant(a), self.constant(b)) {
            (Some(a), Some(b)) => self.number(a * b),
            (Some(0.0), _) | (_, Some(0.0)) => self.number(0.0),
            (Some(1.0), _) => b,
            (_, Some(1.0)) => a,
            (Some(-1.0), _) => self.negation(b),
            (_, Some(-1.0)) => self.negation(a),
            _ => self.signed(Arithmetic::Multiply, a, b),
        }
    }

    /// Returns `a / b`.
    pub(super) fn quotient(&mut self, a: Id, b: Id) -> Id {
        match (self.constant(a), self.constant(b)) {
            (Some(a), Some(b)) => self.number(a / b),
            (Some(0.0), _) => a,
            (_, Some(1.0)) => a,
            (_, Some(-1.0)) => self.negation(a),
            _ => self.signed(Arithmetic::Divide, a, b),
        }
    }

    /// A product or a quotient with the signs of its factors before it.
    fn signed(&mut self, operation: Arithmetic, a: Id, b: Id) -> Id {
        match (self.node(a).clone(), self.node(b).clone()) {
            (Node::Negation(a), Node::Negation(b)) => self.intern(Node::Arithmetic(operation, a, b)),
            (Node::Negation(a), _) => {
                let result = self.intern(Node::Arithmetic(operation, a, b));
                self.negation(result)
            }
            (_, Node::Negation(b)) => {
                let result = self.intern(Node::Arithmetic(operation, a, b));
                self.negation(result)
            }
            _ => self.intern(Node::Arithmetic(operation, a, b)),
        }
    }

    /// Returns `aᵇ`.
    pub(super) fn power(&mut self, a: Id, b: Id) -> Id {
        match (self.constant(a), self.constant(b)) {
            (Some(a), Some(b)) => self.number(Arithmetic::Power.of(a, b)),
            (_, Some(0.0)) => self.number(1.0),
            (_, Some(1.0)) | (Some(1.0), _) => a,
            _ => self.intern(Node::Arithmetic(Arithmetic::Power, a, b)),
        }
    }

    /// Returns the result of an operation.
    pub(super) fn arithmetic(&mut self, operation: Arithmetic, a: Id, b: Id) -> Id {
        match operation {
            Arithmetic::Add => self.sum(a, b),
            Arithmetic::Subtract => self.difference(a, b),
            Arithmetic::Multiply => self.product(a, b),
            Arithmetic::Divide => self.quotient(a, b),
            Arithmetic::Power => self.power(a, b),
        }
    }

    /// Returns the value of a function.
    pub(super) fn function(&mut self, function: Function, a: Id) -> Id {
        match self.constant(a) {
            Some(a) => self.number(function.of(a)),
            None => self.intern(Node::Function(function, a)),
        }
    }

    /// Returns the value of a function of two numbers.
    pub(super) fn pair(&mut self, pair: Pair, a: Id, b: Id) -> Id {
        match (self.constant(a), self.constant(b)) {
            (Some(a), Some(b)) => self.number(pair.of(a, b)),
            _ => self.intern(Node::Pair(pair, a, b)),
        }
    }

    /// Returns whether a comparison holds.
    pub(super) fn comparison(&mut self, comparison: Comparison, a: Id, b: Id) -> Id {
        match (self.constant(a), self.constant(b)) {
            (Some(a), Some(b)) => self.truth(comparison.holds(a, b)),
            _ => self.intern(Node::Comparison(comparison, a, b)),
        }
    }

    /// Returns a truth value.
    fn truth(&mut self, truth: bool) -> Id {
        self.number(f64::from(truth))
    }

    /// Returns whether a truth value is false.
    pub(super) fn not(&mut self, a: Id) -> Id {
        match self.constant(a) {
            Some(a) => self.truth(a == 0.0),
            None => self.intern(Node::Not(a)),
        }
    }

    /// Returns whether both of two truth values are true, or one of them.
    pub(super) fn logic(&mut self, connective: Connective, a: Id, b: Id) -> Id {
        // The value that decides, whatever the other is.
        let decisive = f64::from(connective == Connective::Or);
        match (self.constant(a), self.constant(b)) {
            (Some(a), _) if a == decisive => self.number(a),
            (_, Some(b)) if b == decisive => self.number(b),
            (Some(_), _) => b,
            (_, Some(_)) => a,
            _ => self.intern(Node::Logic(connective, a, b)),
        }
    }

    /// Returns one of two numbers.
    pub(super) fn choice(&mut self, condition: Id, yes: Id, no: Id) -> Id {
        match self.constant(condition) {
            _ if yes == no => yes,
            Some(0.0) => no,
            Some(_) => yes,
            None => self.intern(Node::If { condition, yes, no }),
        }
    }

    /// Returns a node like one of another graph.
    pub(super) fn again(&mut self, node: &Node, of: impl Fn(Id) -> Id) -> Id {
        match *node {
            Node::Negation(a) => self.negation(of(a)),
            Node::Function(function, a) => self.function(function, of(a)),
            Node::Not(a) => self.not(of(a)),
            Node::Arithmetic(operation, a, b) => self.arithmetic(operation, of(a), of(b)),
            Node::Pair(pair, a, b) => self.pair(pair, of(a), of(b)),
            Node::Comparison(comparison, a, b) => self.comparison(comparison, of(a), of(b)),
            Node::Logic(connective, a, b) => self.logic(connective, of(a), of(b)),
            Node::If { condition, yes, no } => self.choice(of(condition), of(yes), of(no)),
            ref leaf => self.intern(leaf.clone()),
        }
    }
}
