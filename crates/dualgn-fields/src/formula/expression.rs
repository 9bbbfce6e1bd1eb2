//! [`Expression`]: a formula as operations on numbers, and [`Graph`], in which it is put together.

use std::collections::{BTreeSet, HashMap};

use super::scope::Kind;
use super::vocabulary::{Arithmetic, Comparison, Connective, Function, Pair};

/// The most operations of a formula with its derivatives.
pub(super) const OPERATIONS: usize = 50_000;

/// A node of a [`Graph`] or of an [`Expression`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(usize);

impl Id {
    /// Returns its place among the nodes.
    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// A number, equal to another with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Real(u64);

impl Real {
    fn new(number: f64) -> Self {
        // One zero.
        Self((number + 0.0).to_bits())
    }

    /// Returns the number.
    pub(super) fn number(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// A number that is computed from those of other nodes. A truth value is 1 or 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Number(Real),
    Coordinate(usize),
    /// An unknown or its derivative along coordinates, ascending.
    Unknown {
        index: usize,
        along: Vec<usize>,
    },
    /// The sum of the second derivatives of an unknown along the coordinates `first..end`.
    Laplacian {
        index: usize,
        first: usize,
        end: usize,
    },
    /// A number that is to be found.
    Coefficient(usize),
    /// Data at the points.
    Column(usize),
    /// A component of the normal, by its place among the coordinates of space.
    Normal(usize),
    /// The variable of an integral, until nodes of the rule stand in its place.
    Variable(usize),
    Negation(Id),
    Function(Function, Id),
    Arithmetic(Arithmetic, Id, Id),
    Pair(Pair, Id, Id),
    Comparison(Comparison, Id, Id),
    Not(Id),
    Logic(Connective, Id, Id),
    If {
        condition: Id,
        yes: Id,
        no: Id,
    },
}

impl Node {
    /// Returns the nodes that it is computed from.
    pub(super) fn children(&self) -> impl Iterator<Item = Id> + use<> {
        let children = match *self {
            Self::Number(_)
            | Self::Coordinate(_)
            | Self::Unknown { .. }
            | Self::Laplacian { .. }
            | Self::Coefficient(_)
            | Self::Column(_)
            | Self::Normal(_)
            | Self::Variable(_) => [None; 3],
            Self::Negation(a) | Self::Function(_, a) | Self::Not(a) => [Some(a), None, None],
            Self::Arithmetic(_, a, b) | Self::Pair(_, a, b) | Self::Comparison(_, a, b) | Self::Logic(_, a, b) => {
                [Some(a), Some(b), None]
            }
            Self::If { condition, yes, no } => [Some(condition), Some(yes), Some(no)],
        };
        children.into_iter().flatten()
    }

    /// Returns the node with other children.
    fn with(&self, of: impl Fn(Id) -> Id) -> Self {
        match *self {
            Self::Negation(a) => Self::Negation(of(a)),
            Self::Function(function, a) => Self::Function(function, of(a)),
            Self::Not(a) => Self::Not(of(a)),
            Self::Arithmetic(operation, a, b) => Self::Arithmetic(operation, of(a), of(b)),
            Self::Pair(pair, a, b) => Self::Pair(pair, of(a), of(b)),
            Self::Comparison(comparison, a, b) => Self::Comparison(comparison, of(a), of(b)),
            Self::Logic(connective, a, b) => Self::Logic(connective, of(a), of(b)),
            Self::If { condition, yes, no } => Self::If { condition: of(condition), yes: of(yes), no: of(no) },
            ref leaf => leaf.clone(),
        }
    }

    /// Returns which kind of name it stands for, if it does.
    pub(super) fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Coordinate(_) => Kind::Coordinate,
            Self::Unknown { .. } | Self::Laplacian { .. } => Kind::Unknown,
            Self::Coefficient(_) => Kind::Coefficient,
            Self::Column(_) => Kind::Column,
            Self::Normal(_) => Kind::Normal,
            _ => return None,
        })
    }
}

/// Nodes in which expressions are put together. Equal nodes are one, and children come before their parents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Node, Id>,
    /// Derivatives by a coordinate that have been taken.
    pub(super) derivatives: HashMap<(Id, usize), Id>,
}

impl Graph {
    /// Returns the node, as it is; `simplify.rs` has what makes less of it.
    pub(super) fn intern(&mut self, node: Node) -> Id {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        let id = Id(self.nodes.len());
        self.nodes.push(node.clone());
        self.known.insert(node, id);
        id
    }

    /// Returns a constant.
    pub(super) fn number(&mut self, number: f64) -> Id {
        self.intern(Node::Number(Real::new(number)))
    }

    /// Returns a node.
    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0]
    }

    /// Returns the value of a constant.
    pub(super) fn constant(&self, id: Id) -> Option<f64> {
        match self.node(id) {
            Node::Number(number) => Some(number.number()),
            _ => None,
        }
    }

    /// Whether there are too many nodes.
    pub(super) fn is_full(&self) -> bool {
        self.nodes.len() > OPERATIONS
    }

    /// Returns the nodes that others are computed from, and those, in their order. Only children that are `followed` count.
    pub(super) fn below<I: Iterator<Item = Id>>(&self, outputs: &[Id], followed: impl Fn(&Node) -> I) -> Vec<Id> {
        let mut found: BTreeSet<Id> = outputs.iter().copied().collect();
        let mut waiting = outputs.to_vec();
        while let Some(id) = waiting.pop() {
            waiting.extend(followed(self.node(id)).filter(|child| found.insert(*child)));
        }
        found.into_iter().collect()
    }

    /// Returns what is computed for some nodes, without the rest, in an order that only depends on them.
    pub(super) fn expression(&self, outputs: &[Id]) -> Expression {
        let mut places: HashMap<Id, Id> = HashMap::new();
        let mut nodes = vec![];
        // Each comes twice: before its children and after them.
        let mut waiting: Vec<(Id, bool)> = outputs.iter().rev().map(|id| (*id, false)).collect();
        while let Some((id, is_ready)) = waiting.pop() {
            if places.contains_key(&id) {
                continue;
            }
            let node = self.node(id);
            if is_ready {
                places.insert(id, Id(nodes.len()));
                nodes.push(node.with(|child| places[&child]));
            } else {
                waiting.push((id, true));
                let children: Vec<Id> = node.children().collect();
                waiting.extend(children.into_iter().rev().map(|child| (child, false)));
            }
        }
        Expression { nodes, outputs: outputs.iter().map(|id| places[id]).collect() }
    }
}

/// One number, or several, as operations in the order in which they are done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    nodes: Vec<Node>,
    outputs: Vec<Id>,
}

impl Expression {
    /// Returns the operations; each comes after those that it is computed from.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns a node.
    #[cfg(test)]
    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0]
    }

    /// Returns which nodes are the numbers: one, or one for each component of a vector.
    pub(crate) fn outputs(&self) -> &[Id] {
        &self.outputs
    }

    /// Returns the number, if it is one that depends on nothing.
    pub(crate) fn constant(&self) -> Option<f64> {
        match (self.outputs.as_slice(), self.nodes.as_slice()) {
            ([_], [Node::Number(number)]) => Some(number.number()),
            _ => None,
        }
    }

    /// Whether it depends on a name of a kind.
    pub(crate) fn uses(&self, kind: Kind) -> bool {
        self.nodes.iter().any(|node| node.kind() == Some(kind))
    }

    /// Whether it depends on a column of data.
    pub(crate) fn uses_column(&self, column: usize) -> bool {
        self.nodes.contains(&Node::Column(column))
    }

    /// Returns the unknowns and derivatives of them that it depends on, each once.
    pub(crate) fn derivatives(&self) -> BTreeSet<(usize, Vec<usize>)> {
        let mut all = BTreeSet::new();
        for node in &self.nodes {
            match node {
                Node::Unknown { index, along } => drop(all.insert((*index, along.clone()))),
                Node::Laplacian { index, first, end } => {
                    all.extend((*first..*end).map(|coordinate| (*index, vec![coordinate; 2])));
                }
                _ => {}
            }
        }
        all
    }

    /// Returns the highest order of a derivative of an unknown.
    pub(crate) fn order(&self) -> usize {
        self.derivatives().iter().map(|(_, along)| along.len()).max().unwrap_or(0)
    }
}
