//! Values of expressions at a point.

use super::expression::{Expression, Id, Node};

/// What an expression is evaluated with. What it does not use may be missing.
#[derive(Clone, Copy)]
pub(crate) struct Point<'a> {
    /// The coordinates.
    pub(crate) coordinates: &'a [f64],
    /// An unknown by its number, or its derivative along coordinates, which ascend.
    pub(crate) unknown: &'a dyn Fn(usize, &[usize]) -> f64,
    /// The numbers that are to be found.
    pub(crate) coefficients: &'a [f64],
    /// The data.
    pub(crate) columns: &'a [f64],
    /// The components of the normal.
    pub(crate) normal: &'a [f64],
}

impl<'a> Point<'a> {
    /// A point of which the coordinates are known and nothing else.
    pub(crate) fn at(coordinates: &'a [f64]) -> Self {
        Self { coordinates, unknown: &|_, _| f64::NAN, coefficients: &[], columns: &[], normal: &[] }
    }
}

impl Expression {
    /// Returns the value of each output. What the point does not have makes it not a number.
    pub(crate) fn evaluate(&self, point: &Point<'_>) -> Vec<f64> {
        let mut values = Vec::with_capacity(self.nodes().len());
        for node in self.nodes() {
            values.push(value(node, point, &values));
        }
        self.outputs().iter().map(|output| values[output.index()]).collect()
    }

    /// Returns the value of the first output.
    pub(crate) fn first(&self, point: &Point<'_>) -> f64 {
        self.evaluate(point).first().copied().unwrap_or(f64::NAN)
    }

    /// Whether a predicate holds.
    pub(crate) fn holds(&self, point: &Point<'_>) -> bool {
        self.first(point) == 1.0
    }
}

fn value(node: &Node, point: &Point<'_>, values: &[f64]) -> f64 {
    let of = |id: Id| values[id.index()];
    let given = |numbers: &[f64], index: usize| numbers.get(index).copied().unwrap_or(f64::NAN);
    let truth = |id: Id| of(id) != 0.0;
    match *node {
        Node::Number(number) => number.number(),
        Node::Coordinate(index) => given(point.coordinates, index),
        Node::Unknown { index, ref along } => (point.unknown)(index, along),
        Node::Laplacian { index, first, end } => {
            (first..end).map(|coordinate| (point.unknown)(index, &[coordinate; 2])).sum()
        }
        Node::Coefficient(index) => given(point.coefficients, index),
        Node::Column(index) => given(point.columns, index),
        Node::Normal(index) => given(point.normal, index),
        // There is none outside of its integral.
        Node::Variable(_) => f64::NAN,
        Node::Negation(a) => -of(a),
        Node::Function(function, a) => function.of(of(a)),
        Node::Arithmetic(operation, a, b) => operation.of(of(a), of(b)),
        Node::Pair(pair, a, b) => pair.of(of(a), of(b)),
        Node::Comparison(comparison, a, b) => f64::from(comparison.holds(of(a), of(b))),
        Node::Not(a) => f64::from(!truth(a)),
        Node::Logic(connective, a, b) => f64::from(connective.of(truth(a), truth(b))),
        Node::If { condition, yes, no } => of(if truth(condition) { yes } else { no }),
    }
}
