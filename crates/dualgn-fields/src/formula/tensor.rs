//! Values of expressions at many points, by operations of Burn that are traced like the network they are about.

use std::collections::HashMap;
use std::f64::consts::LN_10;

use burn::tensor::{Bool, Tensor};
use dualgn::jet::Jet;

use super::expression::{Expression, Id, Node};
use super::vocabulary::{Arithmetic, Comparison, Connective, Function, Pair};

/// Where the unknowns come from.
#[derive(Clone, Copy)]
pub(crate) enum Unknowns<'a> {
    /// Values and derivatives of a function of the points whose values are `[m, unknowns]`, in a traced forward pass.
    Jet(&'a Jet),
    /// Values alone, `[m, unknowns]`, which suffice for expressions of order zero and take less time than a jet.
    Values(&'a Tensor<2>),
    /// There are none.
    Absent,
}

/// What an expression is evaluated with.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    /// `[m, columns]`: each row has the coordinates of a point and what stands behind them.
    pub(crate) rows: &'a Tensor<2>,
    /// The unknowns.
    pub(crate) unknowns: Unknowns<'a>,
    /// The numbers that are to be found, each `[1, 1]`.
    pub(crate) coefficients: &'a [Tensor<2>],
    /// Where in the rows the columns of data are.
    pub(crate) columns: &'a [usize],
    /// Where in the rows the components of the normal begin.
    pub(crate) normal: Option<usize>,
}

impl Expression {
    /// Returns the value of each output, `[m, 1]`. What is not given is not a number.
    ///
    /// Both sides of an `if` are computed at all points. Where the one that is not chosen has no derivative, as that of a root at
    /// zero, products with it are not numbers.
    pub(crate) fn tensors(&self, given: &Given<'_>) -> Vec<Tensor<2>> {
        let mut computing = Computing { given: *given, derivatives: HashMap::new(), parts: vec![] };
        for node in self.nodes() {
            let part = computing.part(node);
            computing.parts.push(part);
        }
        self.outputs().iter().map(|output| computing.column(&computing.parts[output.index()])).collect()
    }
}

/// The value of a node.
#[derive(Clone)]
enum Part {
    /// The same at all points.
    Number(f64),
    /// `[m, 1]`, or `[1, 1]` if it is the same at all points.
    Column(Tensor<2>),
    /// `[m, 1]`.
    Mask(Tensor<2, Bool>),
}

/// A derivative that a jet is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Asked {
    Along(Vec<usize>),
    Laplacian(usize, usize),
}

struct Computing<'a> {
    given: Given<'a>,
    /// Of all unknowns, `[m, unknowns]`.
    derivatives: HashMap<Asked, Tensor<2>>,
    /// The values of the nodes so far.
    parts: Vec<Part>,
}

impl Computing<'_> {
    fn part(&mut self, node: &Node) -> Part {
        match *node {
            Node::Number(number) => Part::Number(number.number()),
            Node::Coordinate(index) => self.of_rows(Some(index)),
            Node::Unknown { index, ref along } => self.unknown(index, Asked::Along(along.clone())),
            Node::Laplacian { index, first, end } => self.unknown(index, Asked::Laplacian(first, end)),
            Node::Coefficient(index) => match self.given.coefficients.get(index) {
                Some(coefficient) => Part::Column(coefficient.clone()),
                None => Part::Number(f64::NAN),
            },
            Node::Column(index) => self.of_rows(self.given.columns.get(index).copied()),
            Node::Normal(index) => self.of_rows(self.given.normal.map(|first| first + index)),
            // There is none outside of its integral.
            Node::Variable(_) => Part::Number(f64::NAN),
            Node::Negation(a) => match self.get(a) {
                Part::Number(a) => Part::Number(-a),
                a => Part::Column(-self.column_of(a)),
            },
            Node::Function(function, a) => match self.get(a) {
                Part::Number(a) => Part::Number(function.of(a)),
                Part::Column(a) => Part::Column(self.function(function, a)),
                a => Part::Column(self.function(function, self.column(&a))),
            },
            Node::Arithmetic(operation, a, b) => self.arithmetic(operation, self.get(a), self.get(b)),
            Node::Pair(pair, a, b) => self.pair(pair, self.get(a), self.get(b)),
            Node::Comparison(comparison, a, b) => Part::Mask(self.comparison(comparison, self.get(a), self.get(b))),
            Node::Not(a) => Part::Mask(self.mask(a).bool_not()),
            Node::Logic(Connective::And, a, b) => Part::Mask(self.mask(a).bool_and(self.mask(b))),
            Node::Logic(Connective::Or, a, b) => Part::Mask(self.mask(a).bool_or(self.mask(b))),
            Node::If { condition, yes, no } => {
                let (mask, no) = (self.mask(condition), self.column(&self.get(no)));
                Part::Column(match self.get(yes) {
                    Part::Number(yes) => no.mask_fill(mask, yes),
                    yes => no.mask_where(mask, self.column(&yes)),
                })
            }
        }
    }

    fn get(&self, id: Id) -> Part {
        self.parts[id.index()].clone()
    }

    /// A column of the rows.
    fn of_rows(&self, index: Option<usize>) -> Part {
        match index {
            Some(index) if index < self.given.rows.dims()[1] => {
                Part::Column(self.given.rows.clone().narrow(1, index, 1))
            }
            _ => Part::Number(f64::NAN),
        }
    }

    fn unknown(&mut self, index: usize, asked: Asked) -> Part {
        let all = match self.derivatives.get(&asked) {
            Some(known) => known.clone(),
            None => match self.ask(&asked) {
                Some(new) => {
                    self.derivatives.insert(asked, new.clone());
                    new
                }
                None => return Part::Number(f64::NAN),
            },
        };
        match all.dims()[1] {
            1 if index == 0 => Part::Column(all),
            unknowns if index < unknowns => Part::Column(all.narrow(1, index, 1)),
            _ => Part::Number(f64::NAN),
        }
    }

    fn ask(&self, asked: &Asked) -> Option<Tensor<2>> {
        let jet = match (self.given.unknowns, asked) {
            (Unknowns::Jet(jet), _) => jet,
            (Unknowns::Values(values), Asked::Along(along)) if along.is_empty() => return Some(values.clone()),
            _ => return None,
        };
        Some(match asked {
            Asked::Laplacian(first, end) => jet.laplacian_over(*first..*end),
            Asked::Along(along) => match along[..] {
                [] => jet.value(),
                [a] => jet.derivative([a]),
                [a, b] => jet.derivative([a, b]),
                [a, b, c] => jet.derivative([a, b, c]),
                [a, b, c, d] => jet.derivative([a, b, c, d]),
                // Higher ones are refused when a formula is read.
                _ => return None,
            },
        })
    }

    /// Zero at each point. Its shape follows the rows, of which there may be another number later.
    fn zeros(&self) -> Tensor<2> {
        self.given.rows.clone().narrow(1, 0, 1) * 0.0
    }

    /// A value at each point, `[m, 1]`.
    fn column(&self, part: &Part) -> Tensor<2> {
        match part {
            Part::Number(number) => self.zeros() + *number,
            Part::Column(column) if column.dims()[0] == self.given.rows.dims()[0] => column.clone(),
            Part::Column(coefficient) => self.zeros() + coefficient.clone(),
            Part::Mask(mask) => self.zeros().mask_fill(mask.clone(), 1.0),
        }
    }

    /// A value at each point, or one that is the same at all.
    fn column_of(&self, part: Part) -> Tensor<2> {
        match part {
            Part::Column(column) => column,
            part => self.column(&part),
        }
    }

    fn mask(&self, id: Id) -> Tensor<2, Bool> {
        match self.get(id) {
            Part::Mask(mask) => mask,
            part => self.column(&part).not_equal_scalar(0.0),
        }
    }

    fn arithmetic(&self, operation: Arithmetic, a: Part, b: Part) -> Part {
        let (a, b) = match (a, b) {
            (Part::Number(a), Part::Number(b)) => return Part::Number(operation.of(a, b)),
            (Part::Number(a), b) => return Part::Column(self.with_left(operation, a, self.column_of(b))),
            (a, Part::Number(b)) => return Part::Column(with_right(operation, self.column_of(a), b)),
            (a, b) => (self.column_of(a), self.column_of(b)),
        };
        Part::Column(match operation {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            Arithmetic::Multiply => a * b,
            Arithmetic::Divide => a / b,
            Arithmetic::Power => self.column(&Part::Column(a)).powf(self.column(&Part::Column(b))),
        })
    }

    /// An operation whose left side is the same at all points.
    fn with_left(&self, operation: Arithmetic, a: f64, b: Tensor<2>) -> Tensor<2> {
        match operation {
            Arithmetic::Add => b + a,
            Arithmetic::Subtract => -b + a,
            Arithmetic::Multiply => b * a,
            Arithmetic::Divide => b.recip() * a,
            Arithmetic::Power if a > 0.0 => (b * a.ln()).exp(),
            Arithmetic::Power => self.column(&Part::Number(a)).powf(self.column(&Part::Column(b))),
        }
    }

    fn function(&self, function: Function, a: Tensor<2>) -> Tensor<2> {
        match function {
            Function::Sin => a.sin(),
            Function::Cos => a.cos(),
            Function::Tan => a.tan(),
            Function::Asin => a.asin(),
            Function::Acos => a.acos(),
            Function::Atan => a.atan(),
            Function::Sinh => a.sinh(),
            Function::Cosh => a.cosh(),
            Function::Tanh => a.tanh(),
            Function::Asinh => a.asinh(),
            Function::Acosh => a.acosh(),
            Function::Atanh => a.atanh(),
            Function::Exp => a.exp(),
            Function::Log => a.log(),
            Function::Log10 => a.log() / LN_10,
            Function::Sqrt => a.sqrt(),
            Function::Abs => a.abs(),
            Function::Sign => a.sign(),
            Function::Step => {
                let mask = self.column(&Part::Column(a)).greater_equal_scalar(0.0);
                self.zeros().mask_fill(mask, 1.0)
            }
            Function::Erf => a.erf(),
        }
    }

    fn pair(&self, pair: Pair, a: Part, b: Part) -> Part {
        let (a, b) = match (pair, a, b) {
            (_, Part::Number(a), Part::Number(b)) => return Part::Number(pair.of(a, b)),
            (Pair::Minimum, Part::Number(most), a) | (Pair::Minimum, a, Part::Number(most)) => {
                return Part::Column(self.column_of(a).clamp_max(most));
            }
            (Pair::Maximum, Part::Number(least), a) | (Pair::Maximum, a, Part::Number(least)) => {
                return Part::Column(self.column_of(a).clamp_min(least));
            }
            (_, a, b) => (self.column(&a), self.column(&b)),
        };
        Part::Column(match pair {
            Pair::Minimum => a.min_pair(b),
            Pair::Maximum => a.max_pair(b),
            Pair::Atan2 => a.atan2(b),
        })
    }

    fn comparison(&self, comparison: Comparison, a: Part, b: Part) -> Tensor<2, Bool> {
        if let Part::Number(b) = b {
            let a = self.column(&a);
            return match comparison {
                Comparison::Less => a.lower_scalar(b),
                Comparison::AtMost => a.lower_equal_scalar(b),
                Comparison::Greater => a.greater_scalar(b),
                Comparison::AtLeast => a.greater_equal_scalar(b),
                Comparison::Equal => a.equal_scalar(b),
                Comparison::NotEqual => a.not_equal_scalar(b),
            };
        }
        let (a, b) = (self.column(&a), self.column(&b));
        match comparison {
            Comparison::Less => a.lower(b),
            Comparison::AtMost => a.lower_equal(b),
            Comparison::Greater => a.greater(b),
            Comparison::AtLeast => a.greater_equal(b),
            Comparison::Equal => a.equal(b),
            Comparison::NotEqual => a.not_equal(b),
        }
    }
}

/// An operation whose right side is the same at all points.
fn with_right(operation: Arithmetic, a: Tensor<2>, b: f64) -> Tensor<2> {
    match operation {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
        Arithmetic::Power if b == 2.0 => a.clone() * a,
        Arithmetic::Power if b == -1.0 => a.recip(),
        Arithmetic::Power if b == 0.5 => a.sqrt(),
        Arithmetic::Power => power(a, b),
    }
}

fn power(a: Tensor<2>, b: f64) -> Tensor<2> {
    // Powers of numbers below zero are numbers if they are whole.
    let is_whole = b.fract() == 0.0 && b.abs() <= f64::from(i32::MAX);
    if is_whole { a.powi_scalar(b as i32) } else { a.powf_scalar(b) }
}
