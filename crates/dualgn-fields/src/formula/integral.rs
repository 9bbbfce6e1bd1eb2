//! Integrals over a variable: `integral(exp(-z^2), z, 0, x)`, by the rule of Gauss and Legendre on equal parts of the interval.

use std::collections::HashMap;
use std::sync::LazyLock;

use faer::{Mat, Side};

use super::error::{Failed, Wrong};
use super::expression::{Graph, Id, Node};
use super::resolve::{Resolver, Value};
use super::scope::Scope;
use super::syntax::{Syntax, Tree};
use super::vocabulary::Call;

/// Parts of an interval, and nodes in each: enough for twelve digits of what has a few dozen waves, or a peak of a hundredth of the
/// interval.
const PARTS: usize = 16;
const NODES: usize = 16;

/// Nodes in `[-1, 1]` with their weights: eigenvalues of the Jacobi matrix of Legendre's polynomials, and twice the squares of the first
/// components of its eigenvectors (Golub and Welsch, 1969).
static RULE: LazyLock<Vec<[f64; 2]>> = LazyLock::new(|| {
    let beside = |row: usize, column: usize| {
        let k = row.max(column) as f64;
        if row.abs_diff(column) == 1 { k / (4.0 * k * k - 1.0).sqrt() } else { 0.0 }
    };
    let matrix = Mat::from_fn(NODES, NODES, beside);
    let found = matrix.self_adjoint_eigen(Side::Lower).expect("the iteration converges for a small symmetric matrix");
    (0..NODES).map(|index| [found.S()[index], 2.0 * found.U()[(0, index)].powi(2)]).collect()
});

/// The variables of integrals, by the parts of a formula that name them.
pub(super) fn variables(tree: &Tree, scope: &Scope) -> Result<HashMap<usize, usize>, Failed> {
    let mut all = HashMap::new();
    for node in tree.nodes() {
        let Syntax::Call { function, arguments } = node else { continue };
        let &[body, variable, ..] = arguments.as_slice() else { continue };
        if function.parse::<Call>() != Ok(Call::Integral) {
            continue;
        }
        let span = tree.span(variable);
        let Syntax::Name(name) = tree.node(variable) else {
            return Err(Failed::new(span, Wrong::NoVariable).hint("as in `integral(exp(-z^2), z, 0, x)`"));
        };
        if scope.find(name, span).is_ok() {
            return Err(Failed::new(span, Wrong::Variable(name.clone())).hint("choose another name"));
        }
        // Integrals within this one come first: their variables are theirs.
        for place in tree.below(body) {
            if *tree.node(place) == Syntax::Name(name.clone()) {
                all.entry(place).or_insert(variable);
            }
        }
        all.insert(variable, variable);
    }
    Ok(all)
}

impl Resolver<'_> {
    /// `integral(f, z, a, b)`.
    pub(super) fn integral(&mut self, arguments: &[usize]) -> Result<Value, Failed> {
        let &[body, variable, low, high] = arguments else { return self.number(arguments[0]).map(Value::Number) };
        let (body, low, high) = (self.number(body)?, self.number(low)?, self.number(high)?);
        let variable = self.number(variable)?;
        let graph = &mut self.graph;
        let length = graph.difference(high, low);
        let mut sum = graph.number(0.0);
        for part in 0..PARTS {
            for [node, weight] in RULE.iter() {
                let along = (part as f64 + 0.5 * (node + 1.0)) / PARTS as f64;
                let along = graph.number(along);
                let moved = graph.product(along, length);
                let at = graph.sum(low, moved);
                let value = graph.replaced(body, variable, at);
                let weight = graph.number(0.5 * weight / PARTS as f64);
                let weighted = graph.product(weight, value);
                sum = graph.sum(sum, weighted);
                if graph.is_full() {
                    return Ok(Value::Number(sum));
                }
            }
        }
        Ok(Value::Number(graph.product(length, sum)))
    }
}

impl Graph {
    /// Returns a number with another one in the place of a variable.
    fn replaced(&mut self, of: Id, variable: Id, by: Id) -> Id {
        let mut places = HashMap::new();
        for id in self.below(&[of], Node::children) {
            let node = self.node(id).clone();
            let place = if id == variable { by } else { self.again(&node, |child| places[&child]) };
            places.insert(id, place);
        }
        places[&of]
    }
}
