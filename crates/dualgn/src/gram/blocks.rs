//! Matrices computed block by block, so that the data for one block fit a budget.

use crate::tensor::Array;

/// A range of indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub start: usize,
    pub end: usize,
}

/// The range `0..length` in blocks of `size`, or of one if `size` is zero.
pub(super) fn blocks(length: usize, size: usize) -> impl Iterator<Item = Block> + Clone {
    let size = size.clamp(1, length.max(1));
    (0..length).step_by(size).map(move |start| Block { start, end: (start + size).min(length) })
}

/// A matrix `[m, k, m', k']` from its blocks over pairs of ranges of examples (`along` 0) or of rows per example
/// (`along` 1). For a symmetric matrix, which has no `other` length, only the lower half is computed.
pub(super) fn grid(
    along: usize,
    length: usize,
    other: Option<usize>,
    size: usize,
    mut block: impl FnMut(Block, Block) -> Array,
) -> Array {
    let sides: Vec<Block> = blocks(length, size).collect();
    let others: Vec<Block> = blocks(other.unwrap_or(length), size).collect();
    let mut made: Vec<Vec<Array>> = vec![];
    for (i, left) in sides.iter().enumerate() {
        let count = if other.is_none() { i + 1 } else { others.len() };
        made.push(others[..count].iter().map(|right| block(*left, *right)).collect());
    }
    whole(&made, along)
}

/// Joins lines of blocks `[m, k, m', k']`; lines of a lower half, which are shorter than the last, are completed by
/// mirrored blocks.
pub(super) fn whole(made: &[Vec<Array>], along: usize) -> Array {
    let columns = made.last().map_or(0, Vec::len);
    let lines = (0..made.len()).map(|i| {
        let mirrored = (made[i].len()..columns).map(|j| made[j][i].clone().permute(&[2, 3, 0, 1]));
        joined(made[i].iter().cloned().chain(mirrored).collect(), along + 2)
    });
    joined(lines.collect(), along)
}

fn joined(mut parts: Vec<Array>, axis: usize) -> Array {
    if parts.len() == 1 { parts.remove(0) } else { Array::cat(parts, axis) }
}
