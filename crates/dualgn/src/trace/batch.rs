//! Follows the examples of a batch through the network.
//!
//! The Gram matrix may be assembled from parts only if example `i`'s output depends on example `i`'s input alone.
//! That is decided here, once per graph and without running it: each value is shared by all examples, split into
//! examples along one axis, or mixed. An axis may hold more than the examples, since networks merge axes: `[m, T, F]`
//! reshaped to `[mT, F]` has the examples on axis 0 with `T` positions inside each.
//!
//! The analysis is conservative: a value that it calls split is never mixed, while a value that it calls mixed may in
//! fact be split.

use burn::tensor::Slice;

use super::op::{Discrete, Index, Layout, Norm, Op, Position, Reduce};

/// The structure of the batch in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Batch {
    /// The value is the same for all examples: parameters, constants and values computed from them.
    Shared,
    /// `axis` has length `outer · m · inner`, with the index of the example in the middle.
    Split { axis: usize, outer: usize, inner: usize },
    /// An entry may depend on several examples.
    Mixed,
}

/// The batch structure of an operation's output.
pub(crate) fn propagate(op: &Op, inputs: &[(&Batch, &[usize])], output: &[usize], examples: usize) -> Batch {
    if inputs.iter().any(|(batch, _)| **batch == Batch::Mixed) {
        return Batch::Mixed;
    }
    if inputs.iter().all(|(batch, _)| **batch == Batch::Shared) {
        return Batch::Shared;
    }
    // A single example cannot mix, and any axis holds it whole.
    if examples == 1 {
        return Batch::Split { axis: 0, outer: 1, inner: output[0] };
    }
    match op {
        Op::Unary(_) | Op::Cast(_) => inputs[0].0.clone(),
        Op::Binary(_) | Op::Mask(_) | Op::Taylor(_) => aligned(inputs, output),
        Op::Discrete(discrete) => match discrete {
            Discrete::Position(Position::Max(dim) | Position::Min(dim) | Position::Sorted { axis: dim, .. })
            | Discrete::Any(Some(dim))
            | Discrete::All(Some(dim))
            | Discrete::CumMax(dim)
            | Discrete::CumMin(dim) => unless(inputs[0].0, |axis| axis == *dim),
            Discrete::Any(None) | Discrete::All(None) => Batch::Mixed,
            _ => aligned(inputs, output),
        },
        Op::Matmul(_) => matmul(inputs, output),
        Op::Layout(layout) => rearrange(layout, inputs, examples),
        Op::Reduce(Reduce::Sum(axes) | Reduce::Mean(axes)) => unless(inputs[0].0, |axis| axes.contains(&axis)),
        Op::Reduce(Reduce::SumAll | Reduce::MeanAll) => Batch::Mixed,
        Op::Cumulate(cumulate) => unless(inputs[0].0, |axis| axis == cumulate.axis),
        Op::Softmax(softmax) => unless(inputs[0].0, |axis| axis == softmax.axis),
        Op::Conv(_) => first_only(inputs, |axis| axis != 0),
        // Pooling reduces the spatial axes; examples may be on either of the two before them.
        Op::Pool(_) => unless(inputs[0].0, |axis| axis > 1),
        Op::Norm(Norm::Layer { .. }) => first_only(inputs, |axis| axis + 1 == output.len()),
        // The statistics are given, even where the examples are on the axis that has them.
        Op::Norm(Norm::Batch { .. }) => first_only(inputs, |_| false),
        Op::Norm(Norm::BatchStatistics { .. }) => Batch::Mixed,
        Op::Index(index) => indexed(index, inputs),
        Op::Fill(_) | Op::Random(_) => Batch::Shared,
    }
}

/// Keeps a split unless it is on an axis the operation combines.
fn unless(batch: &Batch, combines: impl Fn(usize) -> bool) -> Batch {
    match batch {
        Batch::Split { axis, .. } if combines(*axis) => Batch::Mixed,
        other => other.clone(),
    }
}

/// As [`unless`], for operations whose other inputs must be shared.
fn first_only(inputs: &[(&Batch, &[usize])], combines: impl Fn(usize) -> bool) -> Batch {
    if inputs[1..].iter().any(|(batch, _)| **batch != Batch::Shared) {
        return Batch::Mixed;
    }
    unless(inputs[0].0, combines)
}

/// Elementwise operations with broadcasting: all splits must be on the same entries of the output.
fn aligned(inputs: &[(&Batch, &[usize])], output: &[usize]) -> Batch {
    let mut result = Batch::Shared;
    for (batch, shape) in inputs {
        if let Batch::Split { axis, .. } = batch {
            let agrees = result == Batch::Shared || result == **batch;
            if !agrees || shape.len() != output.len() || shape[*axis] != output[*axis] {
                return Batch::Mixed;
            }
            result = (*batch).clone();
        }
    }
    result
}

fn matmul(inputs: &[(&Batch, &[usize])], output: &[usize]) -> Batch {
    let rank = output.len();
    let ((left, a), (right, b)) = (inputs[0], inputs[1]);
    if a.len() != rank || b.len() != rank {
        return Batch::Mixed;
    }
    // The summed axis is the last of the left factor and the last but one of the right factor.
    let keeps = |batch: &Batch, shape: &[usize], summed: usize| match batch {
        Batch::Split { axis, .. } => *axis != summed && shape[*axis] == output[*axis],
        _ => true,
    };
    if !keeps(left, a, rank - 1) || !keeps(right, b, rank - 2) {
        return Batch::Mixed;
    }
    match (left, right) {
        (Batch::Split { .. }, Batch::Shared) => left.clone(),
        (Batch::Shared, Batch::Split { .. }) => right.clone(),
        // Both split: one product per example only if the examples are a leading axis of both.
        (Batch::Split { axis, .. }, _) if left == right && *axis + 2 < rank => left.clone(),
        _ => Batch::Mixed,
    }
}

fn indexed(index: &Index, inputs: &[(&Batch, &[usize])]) -> Batch {
    let ((x, x_shape), (indices, indices_shape)) = (inputs[0], inputs[1]);
    match index {
        Index::Select { axis: dim } => match (x, indices) {
            (Batch::Split { axis, .. }, Batch::Shared) if axis != dim => x.clone(),
            (Batch::Shared, Batch::Split { outer, inner, .. }) => {
                Batch::Split { axis: *dim, outer: *outer, inner: *inner }
            }
            _ => Batch::Mixed,
        },
        Index::Embedding => match x {
            Batch::Shared => indices.clone(),
            _ => Batch::Mixed,
        },
        // Along the other axes, entry `i` of the indices reads entry `i` of the array.
        Index::Gather { axis: dim } => match (x, indices) {
            (Batch::Shared, _) => indices.clone(),
            (Batch::Split { axis, .. }, _) if axis == dim || x_shape[*axis] != indices_shape[*axis] => Batch::Mixed,
            (_, Batch::Shared) => x.clone(),
            _ if x == indices => x.clone(),
            _ => Batch::Mixed,
        },
        Index::SelectInto { axis: dim, .. } => match indices {
            Batch::Shared => together(&[inputs[0], inputs[2]], |axis| axis == *dim),
            _ => Batch::Mixed,
        },
        Index::GatherInto { axis: dim, .. } => together(inputs, |axis| axis == *dim),
    }
}

/// Arrays that meet entry by entry along all axes but those that the operation combines.
fn together(inputs: &[(&Batch, &[usize])], combines: impl Fn(usize) -> bool) -> Batch {
    let mut result = Batch::Shared;
    for (batch, shape) in inputs {
        if let Batch::Split { axis, .. } = batch {
            let agrees = result == Batch::Shared || result == **batch;
            let as_long = inputs.iter().all(|(_, other)| other[*axis] == shape[*axis]);
            if combines(*axis) || !agrees || !as_long {
                return Batch::Mixed;
            }
            result = (*batch).clone();
        }
    }
    result
}

fn rearrange(layout: &Layout, inputs: &[(&Batch, &[usize])], examples: usize) -> Batch {
    let (batch, shape) = inputs[0];
    let cuts = |slices: &[Slice], axis: usize| slices.get(axis).is_some_and(|slice| !whole(slice, shape[axis]));
    match (layout, batch) {
        (Layout::Cat { axis: dim }, _) => together(inputs, |axis| axis == *dim),
        (Layout::Assign(slices), _) => together(inputs, |axis| cuts(slices, axis)),
        (Layout::Slice(slices), _) => unless(batch, |axis| cuts(slices, axis)),
        (Layout::Flip(axes), _) => unless(batch, |axis| axes.contains(&axis)),
        (Layout::Reshape(target), &Batch::Split { axis, outer, inner }) => {
            let left = shape[..axis].iter().product::<usize>() * outer;
            let right = shape[axis + 1..].iter().product::<usize>() * inner;
            regroup(left, examples, right, target)
        }
        (Layout::Permute(axes), &Batch::Split { axis, outer, inner }) => {
            match axes.iter().position(|&from| from == axis) {
                Some(axis) => Batch::Split { axis, outer, inner },
                None => Batch::Mixed,
            }
        }
        (Layout::Expand(target), &Batch::Split { axis, outer, inner }) => {
            let axis = axis + target.len() - shape.len();
            if target[axis] == outer * examples * inner { Batch::Split { axis, outer, inner } } else { Batch::Mixed }
        }
        (Layout::Repeat { axis: dim, times }, &Batch::Split { axis, outer, inner }) if *dim == axis => {
            Batch::Split { axis, outer: outer * times, inner }
        }
        (Layout::Reshape(_) | Layout::Permute(_) | Layout::Expand(_) | Layout::Repeat { .. }, _) => batch.clone(),
    }
}

/// Finds the axis of `target` that holds the examples, when the row-major order is `left · m · right`.
fn regroup(left: usize, examples: usize, right: usize, target: &[usize]) -> Batch {
    if target.contains(&0) {
        return Batch::Mixed;
    }
    let mut before = 1;
    for (axis, &length) in target.iter().enumerate() {
        let after: usize = target[axis + 1..].iter().product();
        if left.is_multiple_of(before) && right.is_multiple_of(after) {
            let (outer, inner) = (left / before, right / after);
            if outer * examples * inner == length {
                return Batch::Split { axis, outer, inner };
            }
        }
        before *= length;
    }
    Batch::Mixed
}

fn whole(slice: &Slice, length: usize) -> bool {
    let end = slice.end.unwrap_or(length as isize);
    slice.start == 0 && slice.step == 1 && (end == length as isize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::op::{Binary, Matmul, Softmax, Unary};

    const M: usize = 5;
    const FIRST: Batch = Batch::Split { axis: 0, outer: 1, inner: 1 };

    fn after(op: Op, inputs: &[(Batch, &[usize])], output: &[usize]) -> Batch {
        let inputs: Vec<_> = inputs.iter().map(|(batch, shape)| (batch, *shape)).collect();
        propagate(&op, &inputs, output, M)
    }

    #[test]
    fn merging_and_splitting_axes_keeps_track_of_the_examples() {
        let merged = after(Op::Layout(Layout::Reshape(vec![15, 8])), &[(FIRST, &[5, 3, 8])], &[15, 8]);
        assert_eq!(merged, Batch::Split { axis: 0, outer: 1, inner: 3 });
        let back = after(Op::Layout(Layout::Reshape(vec![5, 3, 2, 4])), &[(merged, &[15, 8])], &[5, 3, 2, 4]);
        assert_eq!(back, FIRST);
        let second = after(Op::Layout(Layout::Permute(vec![1, 0, 2])), &[(FIRST, &[5, 3, 8])], &[3, 5, 8]);
        let minor = after(Op::Layout(Layout::Reshape(vec![15, 8])), &[(second, &[3, 5, 8])], &[15, 8]);
        assert_eq!(minor, Batch::Split { axis: 0, outer: 3, inner: 1 });
    }

    #[test]
    fn a_reshape_that_tears_examples_apart_mixes() {
        assert_eq!(after(Op::Layout(Layout::Reshape(vec![3, 5, 8])), &[(FIRST, &[5, 3, 8])], &[3, 5, 8]), Batch::Mixed);
    }

    #[test]
    fn products_keep_examples_apart_unless_they_sum_over_them() {
        let shared = Batch::Shared;
        assert_eq!(after(Op::Matmul(Matmul), &[(FIRST, &[5, 3]), (shared.clone(), &[3, 4])], &[5, 4]), FIRST);
        let columns = Batch::Split { axis: 1, outer: 1, inner: 1 };
        assert_eq!(after(Op::Matmul(Matmul), &[(columns.clone(), &[3, 5]), (FIRST, &[5, 3])], &[3, 3]), Batch::Mixed);
        // x xᵀ: entry (i, j) needs examples i and j.
        assert_eq!(after(Op::Matmul(Matmul), &[(FIRST, &[5, 3]), (columns, &[3, 5])], &[5, 5]), Batch::Mixed);
        assert_eq!(after(Op::Matmul(Matmul), &[(FIRST, &[5, 2, 3]), (FIRST, &[5, 3, 4])], &[5, 2, 4]), FIRST);
    }

    #[test]
    fn reductions_and_softmax_over_the_batch_mix() {
        assert_eq!(after(Op::Reduce(Reduce::Mean(vec![0])), &[(FIRST, &[5, 3])], &[1, 3]), Batch::Mixed);
        assert_eq!(after(Op::Reduce(Reduce::Mean(vec![1])), &[(FIRST, &[5, 3])], &[5, 1]), FIRST);
        assert_eq!(after(Op::Softmax(Softmax { log: false, axis: 0 }), &[(FIRST, &[5, 3])], &[5, 3]), Batch::Mixed);
        assert_eq!(after(Op::Unary(Unary::Tanh), &[(FIRST, &[5, 3])], &[5, 3]), FIRST);
    }

    #[test]
    fn broadcasting_needs_the_examples_in_the_same_place() {
        let second = Batch::Split { axis: 1, outer: 1, inner: 1 };
        assert_eq!(after(Op::Binary(Binary::Add), &[(FIRST, &[5, 5]), (second, &[5, 5])], &[5, 5]), Batch::Mixed);
        assert_eq!(after(Op::Binary(Binary::Add), &[(FIRST, &[5, 3]), (Batch::Shared, &[1, 3])], &[5, 3]), FIRST);
    }
}
