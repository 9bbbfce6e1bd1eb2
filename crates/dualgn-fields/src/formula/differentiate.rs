//! Derivatives of expressions with respect to coordinates.
//!
//! Where a function has none at a point, as `abs` at zero, its derivative is that on one of the sides, or their mean.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_10};

use super::expression::{Graph, Id, Node};
use super::vocabulary::{Arithmetic, Comparison, Function, Pair};

/// The highest order of derivatives of unknowns: that of `dualgn::jet`.
pub(super) const ORDER: usize = 4;

/// Why there is no derivative.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Underivable {
    Column(usize),
    Normal,
    Order { unknown: usize, order: usize },
    TooLarge,
}

impl Graph {
    /// Returns the derivative of a number along a coordinate.
    pub(super) fn derivative(&mut self, of: Id, along: usize) -> Result<Id, Underivable> {
        for id in self.below(&[of], smooth) {
            if self.derivatives.contains_key(&(id, along)) {
                continue;
            }
            if self.is_full() {
                return Err(Underivable::TooLarge);
            }
            let derivative = self.rule(id, along)?;
            self.derivatives.insert((id, along), derivative);
        }
        Ok(self.derivatives[&(of, along)])
    }

    /// The derivative of a node, once those of its children are known.
    fn rule(&mut self, id: Id, along: usize) -> Result<Id, Underivable> {
        let of = |graph: &Self, child: Id| graph.derivatives[&(child, along)];
        Ok(match *self.node(id) {
            Node::Coordinate(coordinate) => self.number(f64::from(coordinate == along)),
            Node::Unknown { index, along: ref known } => {
                let mut along = [known.as_slice(), &[along]].concat();
                along.sort_unstable();
                if along.len() > ORDER {
                    return Err(Underivable::Order { unknown: index, order: along.len() });
                }
                self.intern(Node::Unknown { index, along })
            }
            Node::Laplacian { index, first, end } => {
                let mut sum = self.number(0.0);
                for coordinate in first..end {
                    let second = self.intern(Node::Unknown { index, along: vec![coordinate; 2] });
                    let third = self.derivative(second, along)?;
                    sum = self.sum(sum, third);
                }
                sum
            }
            Node::Column(column) => return Err(Underivable::Column(column)),
            Node::Normal(_) => return Err(Underivable::Normal),
            Node::Negation(a) => {
                let a = of(self, a);
                self.negation(a)
            }
            Node::Function(Function::Sign | Function::Step, _) => self.number(0.0),
            Node::Function(function, a) => {
                let inner = of(self, a);
                if self.constant(inner) == Some(0.0) {
                    return Ok(inner);
                }
                let outer = self.slope(function, a, id);
                self.product(outer, inner)
            }
            Node::Arithmetic(operation, a, b) => {
                let derivatives = [of(self, a), of(self, b)];
                self.arithmetic_rule(operation, [a, b], derivatives, id)
            }
            Node::Pair(pair, a, b) => {
                let derivatives = [of(self, a), of(self, b)];
                self.pair_rule(pair, [a, b], derivatives)
            }
            Node::If { condition, yes, no } => {
                let (yes, no) = (of(self, yes), of(self, no));
                self.choice(condition, yes, no)
            }
            Node::Number(_)
            | Node::Coefficient(_)
            | Node::Variable(_)
            | Node::Comparison(..)
            | Node::Not(_)
            | Node::Logic(..) => self.number(0.0),
        })
    }

    /// The derivative of `y = a ∘ b` from those of `a` and `b`.
    fn arithmetic_rule(&mut self, operation: Arithmetic, [a, b]: [Id; 2], [da, db]: [Id; 2], y: Id) -> Id {
        match operation {
            Arithmetic::Add => self.sum(da, db),
            Arithmetic::Subtract => self.difference(da, db),
            Arithmetic::Multiply => {
                let (left, right) = (self.product(da, b), self.product(a, db));
                self.sum(left, right)
            }
            Arithmetic::Divide => {
                // (a' - y b') / b
                let rest = self.product(y, db);
                let above = self.difference(da, rest);
                self.quotient(above, b)
            }
            Arithmetic::Power => {
                // b aᵇ⁻¹ a' + y log(a) b', where the logarithm only stands if it is needed: `a` may be below zero.
                let one = self.number(1.0);
                let less = self.difference(b, one);
                let lower = self.power(a, less);
                let slope = self.product(b, lower);
                let base = self.product(slope, da);
                if self.constant(db) == Some(0.0) {
                    return base;
                }
                let log = self.function(Function::Log, a);
                let growth = self.product(y, log);
                let exponent = self.product(growth, db);
                self.sum(base, exponent)
            }
        }
    }

    fn pair_rule(&mut self, pair: Pair, [a, b]: [Id; 2], [da, db]: [Id; 2]) -> Id {
        match pair {
            Pair::Minimum => {
                let condition = self.comparison(Comparison::AtMost, a, b);
                self.choice(condition, da, db)
            }
            Pair::Maximum => {
                let condition = self.comparison(Comparison::AtLeast, a, b);
                self.choice(condition, da, db)
            }
            Pair::Atan2 => {
                let (left, right) = (self.product(b, da), self.product(a, db));
                let (above, below) = (self.difference(left, right), self.squares(a, b));
                self.quotient(above, below)
            }
        }
    }

    /// `a² + b²`.
    fn squares(&mut self, a: Id, b: Id) -> Id {
        let (a, b) = (self.square(a), self.square(b));
        self.sum(a, b)
    }

    fn square(&mut self, a: Id) -> Id {
        let two = self.number(2.0);
        self.power(a, two)
    }

    /// The derivative of `y = φ(x)` by `x`.
    fn slope(&mut self, function: Function, x: Id, y: Id) -> Id {
        let one = self.number(1.0);
        match function {
            Function::Sin => self.function(Function::Cos, x),
            Function::Cos => {
                let sine = self.function(Function::Sin, x);
                self.negation(sine)
            }
            Function::Tan => {
                let square = self.square(y);
                self.sum(one, square)
            }
            Function::Asin => self.reciprocal_root(x),
            Function::Acos => {
                let slope = self.reciprocal_root(x);
                self.negation(slope)
            }
            Function::Sinh => self.function(Function::Cosh, x),
            Function::Cosh => self.function(Function::Sinh, x),
            Function::Tanh => {
                let square = self.square(y);
                self.difference(one, square)
            }
            Function::Atan | Function::Asinh => {
                let square = self.square(x);
                let sum = self.sum(one, square);
                let below = if function == Function::Atan { sum } else { self.function(Function::Sqrt, sum) };
                self.quotient(one, below)
            }
            Function::Acosh => {
                let (less, more) = (self.difference(x, one), self.sum(x, one));
                let (less, more) = (self.function(Function::Sqrt, less), self.function(Function::Sqrt, more));
                let below = self.product(less, more);
                self.quotient(one, below)
            }
            Function::Atanh => {
                let square = self.square(x);
                let below = self.difference(one, square);
                self.quotient(one, below)
            }
            Function::Exp => y,
            Function::Log => self.quotient(one, x),
            Function::Log10 => {
                let ten = self.number(LN_10);
                let below = self.product(ten, x);
                self.quotient(one, below)
            }
            Function::Sqrt => {
                let half = self.number(0.5);
                self.quotient(half, y)
            }
            Function::Abs => self.function(Function::Sign, x),
            Function::Sign | Function::Step => self.number(0.0),
            Function::Erf => {
                let square = self.square(x);
                let square = self.negation(square);
                let (factor, bell) = (self.number(FRAC_2_SQRT_PI), self.function(Function::Exp, square));
                self.product(factor, bell)
            }
        }
    }

    /// `1 / √(1 - x²)`.
    fn reciprocal_root(&mut self, x: Id) -> Id {
        let (one, square) = (self.number(1.0), self.square(x));
        let rest = self.difference(one, square);
        let root = self.function(Function::Sqrt, rest);
        self.quotient(one, root)
    }
}

/// The children whose derivatives a derivative is made of: not conditions, and nothing below steps.
fn smooth(node: &Node) -> impl Iterator<Item = Id> + use<> {
    let skipped = match node {
        Node::If { .. } => 1,
        Node::Comparison(..) | Node::Not(_) | Node::Logic(..) => 3,
        Node::Function(Function::Sign | Function::Step, _) => 3,
        _ => 0,
    };
    node.children().skip(skipped)
}
