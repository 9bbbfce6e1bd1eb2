//! The language of formulas: `u_t + u*u_x - nu*u_xx`, as people write them into files, as what is computed at points and by networks.
//!
//! ```text
//! token.rs         text -> numbers, names and signs
//! parse.rs         text -> a tree with the places of its parts <- syntax.rs (the tree), vocabulary.rs (what can be called)
//! scope.rs         the names and what they mean <- definitions.rs (names for formulas)
//! resolve.rs       tree, names -> numbers, vectors, truth values <- calls.rs (functions, vector calculus), integral.rs
//! expression.rs    operations on numbers <- simplify.rs, differentiate.rs, laplacian.rs (what makes them fewer)
//! evaluate.rs      their value at a point
//! tensor.rs        their values at many points, by Burn, with the derivatives of a network
//! print.rs         tree -> text; mathml.rs tree -> MathML; write.rs operations -> tree
//! error.rs         what is wrong with a formula, and where
//! ```
//!
//! | written | |
//! |---|---|
//! | `u_t + u*u_x = nu*u_xx` | an equation; without `=`, the right side is 0 |
//! | `u >= 0`, `u <= 1` | an inequality as a condition |
//! | `u_xx`, `u_xt`, `d(u, x, x)`, `d(k*u_x, x)` | derivatives along coordinates, of unknowns up to order four |
//! | `grad(u)`, `div(v)`, `curl(v)`, `lap(u)`, `dot(a, b)`, `norm(v)`, `[u, v]` | vector calculus over the coordinates of space |
//! | `normal`, `normal_x` | the outward normal, on a boundary |
//! | `+ - * / ^ **` | arithmetic; vectors can be added, and multiplied by numbers |
//! | `sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh exp log log10 sqrt abs sign step erf` | functions of a number |
//! | `min(a, b, ..)`, `max(a, b, ..)`, `atan2(y, x)`, `if(a < b, c, d)` | of several |
//! | `integral(exp(-z^2), z, 0, x)` | the integral over a variable of its own |
//! | `< <= > >= == !=`, `and or not`, `0 < x < 1` | comparisons, in `if` and in predicates |
//! | `pi`, `e` | numbers |
//!
//! Nothing here calls itself as deeply as a formula is nested, but the parser, which is limited: formulas are lists whose parts come
//! before what they are parts of. Equal parts of an expression are one, so that derivatives stay small.

mod calls;
mod combination;
mod definitions;
mod differentiate;
mod error;
mod evaluate;
mod expression;
mod integral;
mod laplacian;
mod mathml;
mod parse;
mod print;
mod resolve;
mod scope;
mod simplify;
mod syntax;
mod tensor;
mod token;
mod vocabulary;
#[cfg(test)]
mod write;

use std::fmt;

pub(crate) use combination::combination;
pub(crate) use error::{FormulaError, Wrong};
pub(crate) use evaluate::Point;
pub(crate) use expression::Expression;
pub(crate) use scope::{Kind, Scope};
pub(crate) use tensor::{Given, Unknowns};
pub(crate) use vocabulary::is_callable;

use error::Failed;
use laplacian::gathered;
use parse::parse;
use resolve::{Resolver, Value, resolve};
use syntax::{Syntax, Tree};
use vocabulary::Comparison;

/// How the two sides of a condition should be to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Equal: left less right is zero.
    Equal,
    /// One is at least the other: the greater side less the other is not below zero.
    Inequality,
}

/// A formula with what is computed for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Formula {
    tree: Tree,
    expression: Expression,
}

impl Formula {
    /// Reads a condition: an equation, an inequality, or a number that should be zero. What is computed for it is its left side less
    /// its right one, with a number for each component of vectors.
    ///
    /// # Errors
    /// Fails if the text is no such formula, or is wrong with these names.
    pub(crate) fn condition(text: &str, scope: &Scope) -> Result<(Self, Relation), FormulaError> {
        Self::read(text, scope, |resolver, root| {
            let (relation, value) = match *resolver.tree.node(root) {
                Syntax::Comparison { comparison, left, right, is_chained: false } => {
                    let (greater, other) = match comparison {
                        Comparison::Less | Comparison::AtMost => (right, left),
                        Comparison::Greater | Comparison::AtLeast => (left, right),
                        Comparison::Equal | Comparison::NotEqual => {
                            let hint = "an equation is written with one `=`";
                            return Err(Failed::new(resolver.tree.span(root), Wrong::NoCondition).hint(hint));
                        }
                    };
                    (Relation::Inequality, resolver.sides(root, greater, other)?)
                }
                _ => (Relation::Equal, resolver.value(root).clone()),
            };
            match value {
                Value::Truth(_) => {
                    let hint = "several conditions are terms of their own";
                    Err(Failed::new(resolver.tree.span(root), Wrong::NoCondition).hint(hint))
                }
                value => Ok((value, relation)),
            }
        })
    }

    /// Reads a number, such as a solution or an initial value.
    ///
    /// # Errors
    /// Fails if the text is none.
    pub(crate) fn number(text: &str, scope: &Scope) -> Result<Self, FormulaError> {
        Self::part(text, scope, "a number", |resolver, root| resolver.number(root).map(Value::Number))
    }

    /// Reads a number that depends on nothing but other such numbers, such as the start of what is to be found.
    ///
    /// # Errors
    /// Fails if the text is none.
    pub(crate) fn constant(text: &str, scope: &Scope) -> Result<f64, FormulaError> {
        let kinds = [Kind::Coordinate, Kind::Unknown, Kind::Coefficient, Kind::Column, Kind::Normal];
        let known = kinds.into_iter().fold(scope.clone(), Scope::without);
        // Numbers of numbers are computed while they are read.
        Ok(Self::number(text, &known)?.expression.constant().unwrap_or(f64::NAN))
    }

    /// Reads a number or a vector.
    ///
    /// # Errors
    /// Fails if the text is neither.
    pub(crate) fn numbers(text: &str, scope: &Scope) -> Result<Self, FormulaError> {
        Self::part(text, scope, "a number or a vector", |resolver, root| match resolver.value(root) {
            Value::Truth(_) => resolver.number(root).map(Value::Number),
            value => Ok(value.clone()),
        })
    }

    /// Reads a predicate, such as `x > 0 and t < 1`.
    ///
    /// # Errors
    /// Fails if the text is none.
    pub(crate) fn predicate(text: &str, scope: &Scope) -> Result<Self, FormulaError> {
        let wanted = "a comparison";
        Self::part(text, scope, wanted, |resolver, root| resolver.truth(root).map(Value::Truth))
    }

    fn part(
        text: &str,
        scope: &Scope,
        wanted: &'static str,
        value: impl FnOnce(&Resolver<'_>, usize) -> Result<Value, Failed>,
    ) -> Result<Self, FormulaError> {
        let read = Self::read(text, scope, |resolver, root| match resolver.tree.node(root) {
            Syntax::Equation(..) => Err(Failed::new(resolver.tree.span(root), Wrong::Equation(wanted))),
            _ => Ok((value(resolver, root)?, ())),
        });
        read.map(|(formula, ())| formula)
    }

    fn read<T>(
        text: &str,
        scope: &Scope,
        value: impl FnOnce(&mut Resolver<'_>, usize) -> Result<(Value, T), Failed>,
    ) -> Result<(Self, T), FormulaError> {
        let read = || {
            let tree = parse(text)?;
            let mut resolver = resolve(&tree, scope)?;
            let (value, more) = value(&mut resolver, tree.root())?;
            let expression = gathered(&resolver.graph, value.ids(), &scope.space());
            Ok((Self { expression, tree }, more))
        };
        read().map_err(|failed: Failed| failed.of(text))
    }

    /// Returns what is computed.
    pub(crate) fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Returns the formula as a `math` element, with the names of a scope.
    pub(crate) fn mathml(&self, scope: &Scope) -> String {
        mathml::mathml(&self.tree, scope)
    }
}

/// As it is written, with spaces where they are usual.
impl fmt::Display for Formula {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree.fmt(formatter)
    }
}

#[cfg(test)]
mod tests;
