//! [`Piece`]: a part of the batch that goes through a network at once. A batch is one piece, unless it is in parts or
//! in blocks.

use std::ops::{Deref, Range};

use super::{Linearization, Saved};
use crate::trace::Graph;

/// A piece of a linearization, with a pass of its own.
pub(crate) enum Piece<'a> {
    /// A piece whose pass was kept.
    Kept(&'a Linearization),
    /// A piece whose pass was recomputed.
    Made(Box<Linearization>),
}

impl Deref for Piece<'_> {
    type Target = Linearization;

    fn deref(&self) -> &Linearization {
        match self {
            Self::Kept(linearization) => linearization,
            Self::Made(linearization) => linearization,
        }
    }
}

/// The position of a piece.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    /// Its range among the examples of the whole.
    pub examples: Range<usize>,
    pub graph: &'a Graph,
    /// The linearization that it is a piece of, and its number there.
    of: &'a Linearization,
    number: usize,
}

impl<'a> Place<'a> {
    /// The piece. Cost: one forward pass of it, if its pass was not kept.
    pub(crate) fn piece(&self) -> Piece<'a> {
        match &self.of.saved {
            Saved::Parts(parts) => Piece::Made(Box::new(parts.linearize(self.number))),
            _ => Piece::Kept(self.of),
        }
    }
}

impl Linearization {
    /// Whether the linearization consists of parts or blocks, and has no pass of its own.
    pub(crate) fn is_in_pieces(&self) -> bool {
        !matches!(self.saved, Saved::Pass(_))
    }

    /// Whether passes are recomputed for each product.
    pub(crate) fn is_made_again(&self) -> bool {
        match &self.saved {
            Saved::Pass(_) => false,
            Saved::Parts(_) => true,
            Saved::Blocks(stack) => stack.blocks().iter().any(|block| block.linearization.is_made_again()),
        }
    }

    /// The positions of the pieces, in the order of the examples.
    pub(crate) fn pieces(&self) -> Vec<Place<'_>> {
        match &self.saved {
            Saved::Pass(_) => vec![Place { examples: 0..self.examples(), graph: &self.graph, of: self, number: 0 }],
            Saved::Parts(parts) => {
                let place = |(number, (examples, graph))| Place { examples, graph, of: self, number };
                parts.ranges().enumerate().map(place).collect()
            }
            Saved::Blocks(stack) => {
                let mut places = vec![];
                for block in stack.blocks() {
                    let (start, k) = (block.rows.start, block.linearization.outputs_per_example());
                    places.extend(block.linearization.pieces().into_iter().map(|place| {
                        let Range { start: first, end } = place.examples;
                        Place { examples: start + first * k..start + end * k, ..place }
                    }));
                }
                places
            }
        }
    }

    /// The sum of a function over the graphs of the pieces.
    pub(crate) fn over_pieces(&self, of: impl Fn(&Graph) -> f64) -> f64 {
        self.pieces().iter().map(|place| of(place.graph)).sum()
    }
}
