//! Sums of second derivatives along all coordinates of space as Laplacians, which a network computes at little more than the cost of
//! its slopes.

use std::collections::HashMap;

use super::expression::{Expression, Graph, Id, Node};
use super::vocabulary::Arithmetic;

/// The most terms of a sum that are looked at.
const TERMS: usize = 500;

/// Returns what is computed for some nodes of a graph, with the Laplacians in it over coordinates of space, ascending.
pub(super) fn gathered(graph: &Graph, outputs: &[Id], space: &[usize]) -> Expression {
    // A Laplacian is over coordinates next to each other. That over one is a second derivative.
    let is_range = space.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let (Some(&first), Some(&last)) = (space.first(), space.last()) else { return graph.expression(outputs) };
    if !is_range || space.len() < 2 {
        return graph.expression(outputs);
    }
    let (places, seconds) = (HashMap::new(), HashMap::new());
    let mut gathering = Gathering { old: graph, new: Graph::default(), places, seconds, first, end: last + 1 };
    for id in graph.below(outputs, Node::children) {
        let place = match graph.node(id) {
            Node::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, ..) => gathering.sum(id),
            _ => None,
        };
        let place = place.unwrap_or_else(|| gathering.new.again(graph.node(id), |child| gathering.places[&child]));
        gathering.places.insert(id, place);
        if let Some(second) = gathering.second(id) {
            gathering.seconds.insert(id, second);
        }
    }
    let outputs: Vec<Id> = outputs.iter().map(|output| gathering.places[output]).collect();
    gathering.new.expression(&outputs)
}

struct Gathering<'a> {
    old: &'a Graph,
    new: Graph,
    /// The nodes of the new graph by those of the old one.
    places: HashMap<Id, Id>,
    /// Those that are a second derivative with a factor.
    seconds: HashMap<Id, Second>,
    first: usize,
    end: usize,
}

/// A second derivative with a factor.
#[derive(Clone, Copy)]
struct Second {
    unknown: usize,
    coordinate: usize,
    /// In the new graph.
    factor: Id,
}

/// A term of a sum, and whether it is subtracted.
type Term = (Id, bool);

impl Gathering<'_> {
    /// A sum with a Laplacian in it, if there is one.
    fn sum(&mut self, id: Id) -> Option<Id> {
        let terms = self.terms(id)?;
        // Second derivatives by unknown, factor and sign: the terms in which they stand, by coordinate.
        let mut groups: HashMap<(usize, Id, bool), Vec<(usize, usize)>> = HashMap::new();
        let mut order = vec![];
        for (place, (term, is_subtracted)) in terms.iter().enumerate() {
            let Some(Second { unknown, coordinate, factor }) = self.seconds.get(term).copied() else { continue };
            let key = (unknown, factor, *is_subtracted);
            let group = groups.entry(key).or_insert_with(|| {
                order.push(key);
                vec![]
            });
            // A second one of a coordinate stays by itself.
            if !group.iter().any(|(other, _)| *other == coordinate) {
                group.push((coordinate, place));
            }
        }
        let mut replaced: HashMap<usize, Option<Id>> = HashMap::new();
        for key in order.into_iter().filter(|key| groups[key].len() == self.end - self.first) {
            let laplacian = self.new.intern(Node::Laplacian { index: key.0, first: self.first, end: self.end });
            let term = self.new.product(key.1, laplacian);
            let mut places: Vec<usize> = groups[&key].iter().map(|(_, place)| *place).collect();
            places.sort_unstable();
            replaced.insert(places[0], Some(term));
            replaced.extend(places[1..].iter().map(|place| (*place, None)));
        }
        if replaced.is_empty() {
            return None;
        }
        let mut sum = self.new.number(0.0);
        for (place, (term, is_subtracted)) in terms.iter().enumerate() {
            let term = match replaced.get(&place) {
                Some(None) => continue,
                Some(Some(term)) => *term,
                None => self.places[term],
            };
            sum = if *is_subtracted { self.new.difference(sum, term) } else { self.new.sum(sum, term) };
        }
        Some(sum)
    }

    /// The terms of a sum of sums from left to right, unless there are many.
    fn terms(&self, id: Id) -> Option<Vec<Term>> {
        let mut waiting = vec![(id, false)];
        let mut terms = vec![];
        while let Some((id, is_subtracted)) = waiting.pop() {
            match *self.old.node(id) {
                Node::Arithmetic(Arithmetic::Add, a, b) => waiting.extend([(b, is_subtracted), (a, is_subtracted)]),
                Node::Arithmetic(Arithmetic::Subtract, a, b) => {
                    waiting.extend([(b, !is_subtracted), (a, is_subtracted)]);
                }
                Node::Negation(a) => waiting.push((a, !is_subtracted)),
                _ => terms.push((id, is_subtracted)),
            }
            if terms.len() > TERMS {
                return None;
            }
        }
        Some(terms)
    }

    /// A node as a second derivative with a factor, if it is one, from those before it.
    fn second(&mut self, id: Id) -> Option<Second> {
        let known = |id: Id| self.seconds.get(&id).copied();
        match *self.old.node(id) {
            Node::Unknown { index, ref along } => match along[..] {
                [a, b] if a == b && (self.first..self.end).contains(&a) => {
                    Some(Second { unknown: index, coordinate: a, factor: self.new.number(1.0) })
                }
                _ => None,
            },
            Node::Arithmetic(Arithmetic::Multiply, a, b) => Some(match (known(a), known(b)) {
                (Some(second), _) => {
                    let factor = self.new.product(second.factor, self.places[&b]);
                    Second { factor, ..second }
                }
                (None, Some(second)) => {
                    let factor = self.new.product(self.places[&a], second.factor);
                    Second { factor, ..second }
                }
                (None, None) => return None,
            }),
            Node::Arithmetic(Arithmetic::Divide, a, b) => {
                let second = known(a)?;
                Some(Second { factor: self.new.quotient(second.factor, self.places[&b]), ..second })
            }
            _ => None,
        }
    }
}
