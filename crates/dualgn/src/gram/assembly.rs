//! Assembly within a memory budget: in chunks of rows per example, and over pairs of pieces.

use std::collections::HashSet;

use super::blocks::{Block, grid, whole};
use super::plan::Plan;
use super::sensitivities::Sensitivities;
use super::{Rows, Side, block, cotangents, memory_needed, mixing, of_piece, too_large};
use crate::error::DirectionError;
use crate::linearize::{Linearization, Place};
use crate::tensor::Array;

/// Assembles `K`, or `Vᵀ K V`, within a memory budget in bytes. Also returns the sensitivities of all rows, if they
/// were all in memory at once.
pub(crate) fn assemble(
    linearization: &Linearization,
    rows: Rows,
    memory: usize,
) -> Result<(Array, Option<Sensitivities>), DirectionError> {
    if let Some(error) = mixing(linearization) {
        return Err(error);
    }
    let (m, k) = (linearization.examples(), rows.per_example(linearization));
    let cotangents = cotangents(linearization, rows);
    let (rows, needed) = memory_needed(linearization, k);
    if needed > memory {
        return Err(too_large("Gram", rows, m, needed, memory));
    }
    let budget = (memory - needed) / 2;
    let (matrix, all) = match linearization.is_in_pieces() {
        false => {
            let mut points = Points::new(linearization, None, cotangents, budget);
            (points.matrix(), points.all())
        }
        true => (in_pieces(linearization, &cotangents, budget), None),
    };
    // The outputs may have another float type than the parameters, and callers multiply the matrix with vectors of that
    // type.
    Ok((matrix.reshape(&[m * k, m * k]).cast(linearization.output_type()), all))
}

/// The matrix of a linearization in pieces: one block for each pair of pieces.
fn in_pieces(linearization: &Linearization, cotangents: &Array, budget: usize) -> Array {
    let places = linearization.pieces();
    let mut lines: Vec<Vec<Array>> = vec![];
    for (i, left) in places.iter().enumerate() {
        let piece = left.piece();
        let block = |right: Option<&Place>| {
            let own = of_piece(cotangents, left, &piece);
            let other = right.map(|right| {
                let piece = right.piece();
                let own = of_piece(cotangents, right, &piece);
                (piece, own)
            });
            let other = other.as_ref().map(|(right, cotangents)| (&**right, cotangents.clone()));
            let block = Points::new(&piece, other, own, budget).matrix();
            let shape = block.shape();
            block.reshape(&[shape[0] * shape[1], 1, shape[2] * shape[3], 1])
        };
        let others = places[..i].iter().map(Some).chain([None]);
        lines.push(others.map(block).collect());
    }
    whole(&lines, 0)
}

/// One set of examples, or two, whose rows are multiplied.
struct Points<'a> {
    left: Point<'a>,
    right: Option<Point<'a>>,
    /// Number of rows per example that are computed at once, and the working size of a rule in numbers.
    at_once: usize,
    chunk: usize,
    /// The last sensitivities computed for the left set.
    kept: Option<(Block, Sensitivities)>,
}

/// A set of examples, the rules for its sites, and the cotangents of its rows.
struct Point<'a> {
    linearization: &'a Linearization,
    plan: Plan,
    sites: HashSet<usize>,
    cotangents: Array,
}

impl<'a> Point<'a> {
    fn new(linearization: &'a Linearization, cotangents: Array) -> Self {
        let graph = linearization.graph();
        let sites = (0..graph.nodes.len()).filter(|&node| graph.is_site(&graph.nodes[node])).collect();
        Self { linearization, plan: Plan::new(graph), sites, cotangents }
    }

    fn sensitivities(&self, range: Block) -> Sensitivities {
        Sensitivities::new(self.linearization, &self.sites, self.cotangents.clone().narrow(0, range.start, range.end))
    }

    fn side<'s>(&'s self, sensitivities: &'s Sensitivities) -> Side<'s> {
        Side { linearization: self.linearization, plan: &self.plan, sensitivities }
    }
}

impl<'a> Points<'a> {
    /// `budget`: bytes for two sets of sensitivities; the rules may use as much again.
    fn new(
        linearization: &'a Linearization,
        other: Option<(&'a Linearization, Array)>,
        cotangents: Array,
        budget: usize,
    ) -> Self {
        let mut left = Point::new(linearization, cotangents);
        let mut right = other.map(|(linearization, cotangents)| Point::new(linearization, cotangents));
        // Another network has other rules for its parameters; so may a single example, which has fewer axes by which
        // the rules can be told apart.
        if let Some(right) = &mut right {
            let graphs = [left.linearization.graph(), right.linearization.graph()];
            if left.plan != right.plan || graphs[0].parameter_ids() != graphs[1].parameter_ids() {
                [left.plan, right.plan] = Plan::joint(graphs);
            }
        }
        let graph = linearization.graph();
        let at_once = 1 + budget / (2 * Sensitivities::bytes(graph, &left.sites)).max(1);
        Self { left, right, at_once, chunk: budget / (2 * graph.dtype.size()), kept: None }
    }

    /// The block of the matrix for these sets, `[m, k, m', k]`.
    fn matrix(&mut self) -> Array {
        let Self { left, right, at_once, chunk, kept } = self;
        let k = left.cotangents.shape()[0];
        let other = right.as_ref().map(|right| right.cotangents.shape()[0]);
        grid(1, k, other, *at_once, |i, j| {
            let own = match kept.take() {
                Some((range, own)) if range == i => own,
                _ => left.sensitivities(i),
            };
            let other = match right {
                Some(right) => Some((&*right, right.sensitivities(j))),
                None => (i != j).then(|| (&*left, left.sensitivities(j))),
            };
            let second = other.as_ref().map(|(point, sensitivities)| point.side(sensitivities));
            let block = block(left.side(&own), second, *chunk);
            let (first, last) = (left.side(&own), second.unwrap_or(left.side(&own)));
            let shape = [first.examples(), own.count, last.examples(), last.sensitivities.count];
            *kept = Some((i, own));
            block.reshape(&shape)
        })
    }

    /// The sensitivities of all rows of the left set, if they were all in memory at once.
    fn all(self) -> Option<Sensitivities> {
        let k = self.left.cotangents.shape()[0];
        self.kept.filter(|(range, _)| range.end - range.start == k).map(|(_, sensitivities)| sensitivities)
    }
}
