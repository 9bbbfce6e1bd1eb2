//! [`resolve`]: a tree and the names -> numbers, vectors of numbers and truth values.

use std::collections::HashMap;

use super::differentiate::{ORDER, Underivable};
use super::error::{Failed, Sort, Wrong, near};
use super::expression::{Graph, Id, Node, OPERATIONS};
use super::integral::variables;
use super::scope::{Meaning, Reference, Scope};
use super::syntax::{Span, Syntax, Tree};
use super::vocabulary::{Arithmetic, Comparison, Connective, callable, is_callable};

/// What a part of a formula is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Number(Id),
    Vector(Vec<Id>),
    Truth(Id),
}

impl Value {
    /// Returns which of them it is.
    pub(super) fn sort(&self) -> Sort {
        match self {
            Self::Number(_) => Sort::Number,
            Self::Vector(components) => Sort::Vector(components.len()),
            Self::Truth(_) => Sort::Truth,
        }
    }

    /// Returns its components.
    pub(super) fn ids(&self) -> &[Id] {
        match self {
            Self::Number(id) | Self::Truth(id) => std::slice::from_ref(id),
            Self::Vector(components) => components,
        }
    }
}

/// What the parts of a formula are, as far as is known.
pub(super) struct Resolver<'a> {
    pub(super) tree: &'a Tree,
    pub(super) scope: &'a Scope,
    pub(super) graph: Graph,
    values: Vec<Value>,
    /// The variables of integrals, by the parts that name them.
    variables: HashMap<usize, usize>,
}

/// Finds what the parts of a formula are.
pub(super) fn resolve<'a>(tree: &'a Tree, scope: &'a Scope) -> Result<Resolver<'a>, Failed> {
    let variables = variables(tree, scope)?;
    let mut resolver = Resolver { tree, scope, graph: scope.graph.clone(), values: vec![], variables };
    for (index, node) in tree.nodes().iter().enumerate() {
        let value = resolver.part(index, node)?;
        let span = tree.span(index);
        if value.ids().iter().any(|id| resolver.graph.constant(*id).is_some_and(|number| !number.is_finite())) {
            return Err(Failed::new(span, Wrong::NotFinite));
        }
        if resolver.graph.is_full() {
            return Err(Failed::new(span, Wrong::TooLarge { limit: OPERATIONS }));
        }
        resolver.values.push(value);
    }
    Ok(resolver)
}

impl Resolver<'_> {
    /// Returns what a part is.
    pub(super) fn value(&self, index: usize) -> &Value {
        &self.values[index]
    }

    /// Returns the number that a part must be.
    pub(super) fn number(&self, index: usize) -> Result<Id, Failed> {
        match self.value(index) {
            Value::Number(id) => Ok(*id),
            value => Err(self.mismatch(index, value, "a number")),
        }
    }

    /// Returns the components of the vector that a part must be.
    pub(super) fn vector(&self, index: usize) -> Result<Vec<Id>, Failed> {
        match self.value(index) {
            Value::Vector(components) => Ok(components.clone()),
            value => Err(self.mismatch(index, value, "a vector")),
        }
    }

    /// Returns the truth value that a part must be.
    pub(super) fn truth(&self, index: usize) -> Result<Id, Failed> {
        match self.value(index) {
            Value::Truth(id) => Ok(*id),
            value => Err(self.mismatch(index, value, "a comparison")),
        }
    }

    fn mismatch(&self, index: usize, value: &Value, wanted: &'static str) -> Failed {
        let failed = Failed::new(self.tree.span(index), Wrong::Mismatch { found: value.sort(), wanted });
        match (value, wanted) {
            (Value::Truth(_), "a number") => failed.hint("`if(a < b, 1, 0)` makes a number of it"),
            (Value::Vector(_), "a number") => {
                failed.hint("`norm(...)` is its length, `dot(..., n)` its part along `n`")
            }
            (Value::Number(_), "a vector") => failed.hint("a vector is written `[a, b]`, or `grad(...)`"),
            (Value::Number(_), "a comparison") => failed.hint("such as `x > 0`"),
            _ => failed,
        }
    }

    fn part(&mut self, index: usize, node: &Syntax) -> Result<Value, Failed> {
        Ok(match node {
            Syntax::Number(number) => Value::Number(self.graph.number(*number)),
            Syntax::Name(name) => match self.variables.get(&index) {
                Some(variable) => Value::Number(self.graph.intern(Node::Variable(*variable))),
                None => self.name(index, name)?,
            },
            Syntax::Negation(a) => match self.values[*a].clone() {
                Value::Vector(components) => {
                    Value::Vector(components.iter().map(|id| self.graph.negation(*id)).collect())
                }
                _ => {
                    let a = self.number(*a)?;
                    Value::Number(self.graph.negation(a))
                }
            },
            Syntax::Not(a) => {
                let a = self.truth(*a)?;
                Value::Truth(self.graph.not(a))
            }
            Syntax::Arithmetic(operation, a, b) => self.arithmetic(index, *operation, *a, *b)?,
            Syntax::Comparison { comparison, left, right, is_chained } => {
                self.comparison(*comparison, *left, *right, *is_chained)?
            }
            Syntax::Logic(connective, a, b) => {
                let (a, b) = (self.truth(*a)?, self.truth(*b)?);
                Value::Truth(self.graph.logic(*connective, a, b))
            }
            Syntax::Call { function, arguments } => self.call(index, function, arguments)?,
            Syntax::List(items) => {
                let components = items.iter().map(|item| self.number(*item)).collect::<Result<Vec<_>, _>>()?;
                if components.is_empty() {
                    let wrong = Wrong::Mismatch { found: Sort::Vector(0), wanted: "a number or a vector" };
                    return Err(Failed::new(self.tree.span(index), wrong));
                }
                Value::Vector(components)
            }
            Syntax::Equation(left, right) => self.sides(index, *left, *right)?,
        })
    }

    fn name(&mut self, index: usize, name: &str) -> Result<Value, Failed> {
        let span = self.tree.span(index);
        let scope = self.scope;
        let value = match scope.find(name, span) {
            Ok(Reference::Meaning(meaning)) => self.settled(meaning, name, span)?,
            Ok(Reference::Constant(number)) => Value::Number(self.graph.number(number)),
            Ok(Reference::Normal) => {
                let components = 0..scope.space().len();
                Value::Vector(components.map(|component| self.graph.intern(Node::Normal(component))).collect())
            }
            Ok(Reference::NormalComponent(component)) => Value::Number(self.graph.intern(Node::Normal(component))),
            Ok(Reference::Derivative { base, meaning, along }) => {
                let mut value = self.settled(meaning, base, span)?;
                for coordinate in along {
                    value = self.derivative(&value, coordinate, span)?;
                }
                value
            }
            Err(_) if is_callable(name) => {
                return Err(Failed::new(span, Wrong::NotCalled(name.into())).hint(format!("write `{name}(...)`")));
            }
            Err(failed) => return Err(failed),
        };
        match scope.lacks(&self.graph, value.ids()) {
            Some(kind) => Err(Failed::new(span, Wrong::NotHere { name: name.to_owned(), kind })),
            None => Ok(value),
        }
    }

    fn settled(&self, meaning: &Meaning, name: &str, span: Span) -> Result<Value, Failed> {
        match meaning {
            Meaning::Value(value) => Ok(value.clone()),
            Meaning::Pending(_) => Err(Failed::new(span, Wrong::Cycle(name.to_owned()))),
        }
    }

    /// The derivative of a number, or of each component of a vector.
    pub(super) fn derivative(&mut self, value: &Value, along: usize, span: Span) -> Result<Value, Failed> {
        Ok(match value {
            Value::Number(id) => Value::Number(self.slope(*id, along, span)?),
            Value::Vector(components) => {
                let slopes = components.iter().map(|id| self.slope(*id, along, span));
                Value::Vector(slopes.collect::<Result<_, _>>()?)
            }
            Value::Truth(_) => {
                return Err(Failed::new(span, Wrong::Mismatch { found: Sort::Truth, wanted: "a number" }));
            }
        })
    }

    /// The derivative of a number.
    pub(super) fn slope(&mut self, of: Id, along: usize, span: Span) -> Result<Id, Failed> {
        let scope = self.scope;
        self.graph.derivative(of, along).map_err(|underivable| match underivable {
            Underivable::Column(column) => Failed::new(span, Wrong::DerivativeOfData(scope.columns()[column].clone())),
            Underivable::Normal => Failed::new(span, Wrong::DerivativeOfNormal),
            Underivable::Order { unknown, order } => {
                let unknown = scope.unknowns()[unknown].clone();
                Failed::new(span, Wrong::Order { unknown, order, limit: ORDER })
                    .hint("a further unknown can stand for a derivative")
            }
            Underivable::TooLarge => Failed::new(span, Wrong::TooLarge { limit: OPERATIONS }),
        })
    }

    fn arithmetic(&mut self, index: usize, operation: Arithmetic, a: usize, b: usize) -> Result<Value, Failed> {
        let span = self.tree.span(index);
        let (left, right) = (self.values[a].clone(), self.values[b].clone());
        if let (Arithmetic::Divide, Value::Number(divisor)) = (operation, &right)
            && self.graph.constant(*divisor) == Some(0.0)
        {
            return Err(Failed::new(self.tree.span(b), Wrong::DivisionByZero));
        }
        let graph = &mut self.graph;
        match (operation, left, right) {
            (_, Value::Number(a), Value::Number(b)) => Ok(Value::Number(graph.arithmetic(operation, a, b))),
            (Arithmetic::Add | Arithmetic::Subtract, Value::Vector(a), Value::Vector(b)) => {
                if a.len() != b.len() {
                    return Err(Failed::new(span, Wrong::Dimensions { left: a.len(), right: b.len() }));
                }
                Ok(Value::Vector(a.iter().zip(&b).map(|(a, b)| graph.arithmetic(operation, *a, *b)).collect()))
            }
            (Arithmetic::Multiply | Arithmetic::Divide, Value::Vector(a), Value::Number(b)) => {
                Ok(Value::Vector(a.iter().map(|a| graph.arithmetic(operation, *a, b)).collect()))
            }
            (Arithmetic::Multiply, Value::Number(a), Value::Vector(b)) => {
                Ok(Value::Vector(b.iter().map(|b| graph.product(a, *b)).collect()))
            }
            (Arithmetic::Multiply, Value::Vector(_), Value::Vector(_)) => {
                Err(Failed::new(span, Wrong::VectorProduct).hint("`dot(a, b)` is the scalar product"))
            }
            (Arithmetic::Add | Arithmetic::Subtract, left @ (Value::Number(_) | Value::Vector(_)), right) => {
                // What cannot be added to anything is said first.
                if let Value::Truth(_) = right {
                    return self.number(b).map(Value::Number);
                }
                Err(Failed::new(span, Wrong::Mixed { left: left.sort(), right: right.sort() }))
            }
            // One of them is no number.
            _ => self.number(a).and(self.number(b)).map(Value::Number),
        }
    }

    fn comparison(&mut self, comparison: Comparison, a: usize, b: usize, is_chained: bool) -> Result<Value, Failed> {
        let right = self.number(b)?;
        let (left, before) = match *self.tree.node(a) {
            Syntax::Comparison { right: middle, .. } if is_chained => (self.number(middle)?, Some(self.truth(a)?)),
            _ => (self.number(a)?, None),
        };
        let holds = self.graph.comparison(comparison, left, right);
        Ok(Value::Truth(match before {
            Some(before) => self.graph.logic(Connective::And, before, holds),
            None => holds,
        }))
    }

    /// The left side of a condition less its right side. The number 0 stands for a vector of zeros too.
    pub(super) fn sides(&mut self, index: usize, left: usize, right: usize) -> Result<Value, Failed> {
        let zero = Value::Number(self.graph.number(0.0));
        let (a, b) = (self.values[left].clone(), self.values[right].clone());
        match (&a, &b) {
            (Value::Vector(_), _) if b == zero => Ok(a),
            (Value::Number(_), Value::Vector(components)) if a == zero => {
                Ok(Value::Vector(components.iter().map(|id| self.graph.negation(*id)).collect()))
            }
            _ => self.arithmetic(index, Arithmetic::Subtract, left, right),
        }
    }

    /// Fails at the name of a function.
    pub(super) fn no_function(&self, index: usize, name: &str) -> Failed {
        let start = self.tree.span(index).start;
        let span = Span { start, end: start + name.len() };
        match self.scope.find(name, span) {
            Ok(_) => Failed::new(span, Wrong::NoFunction(name.to_owned()))
                .hint("a product is written with `*`, and a condition at a place is a term of its own"),
            Err(_) => Failed::new(span, Wrong::UnknownFunction(name.to_owned())).perhaps(near(name, callable())),
        }
    }
}
