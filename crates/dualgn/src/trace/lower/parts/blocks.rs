//! Building blocks of the definitions: orders, products, paddings, weights along an axis.

use burn::backend::ir::{PadModeIr, ScalarIr, Unfold4dOpIr};
use burn::tensor::Slice;

use crate::tensor::Array;
use crate::trace::lower::step::number;

/// The largest element along an axis, and its position.
pub(super) fn largest(x: Array, axis: usize) -> (Array, Array) {
    let position = x.clone().argmax(axis);
    with_position(x, axis, position)
}

pub(super) fn smallest(x: Array, axis: usize) -> (Array, Array) {
    let position = x.clone().argmin(axis);
    with_position(x, axis, position)
}

pub(super) fn sorted(x: Array, axis: usize, descending: bool) -> (Array, Array) {
    let position = x.clone().argsort(axis, descending);
    with_position(x, axis, position)
}

pub(super) fn top(x: Array, axis: usize, count: usize) -> (Array, Array) {
    let position = x.clone().argsort(axis, true).narrow(axis, 0, count);
    with_position(x, axis, position)
}

fn with_position(x: Array, axis: usize, position: Array) -> (Array, Array) {
    (x.gather(axis, position.clone()), position)
}

/// The product along an axis, which keeps length one, by repeated halving: correct also at zeros, where a sum of
/// logarithms is not.
pub(super) fn product(mut x: Array, axis: usize) -> Array {
    while length(&x, axis) > 1 {
        let all = length(&x, axis);
        let half = all / 2;
        let pairs = x.clone().narrow(axis, 0, half).mul(x.clone().narrow(axis, half, 2 * half));
        x = if all.is_multiple_of(2) { pairs } else { Array::cat(vec![pairs, x.narrow(axis, 2 * half, all)], axis) };
    }
    x
}

/// Products up to and including each element: after `s` rounds, of the last `2^s` elements.
pub(super) fn products_so_far(x: Array, axis: usize) -> Array {
    so_far(x, axis, |x, late, step, all| {
        let rest = x.clone().narrow(axis, step, all).mul(late);
        Array::cat(vec![x.narrow(axis, 0, step), rest], axis)
    })
}

pub(super) fn extremes_so_far(x: Array, axis: usize, max: bool) -> Array {
    so_far(x, axis, |x, late, step, all| {
        let rest = x.clone().narrow(axis, step, all);
        // At a tie the later one counts, as in Burn.
        let (high, low) = if max { (rest.clone(), late.clone()) } else { (late.clone(), rest.clone()) };
        let kept = late.mask_where(high.greater_equal(low), rest);
        Array::cat(vec![x.narrow(axis, 0, step), kept], axis)
    })
}

/// Combines each element with the one `1, 2, 4, ..` places before it.
fn so_far(mut x: Array, axis: usize, combine: impl Fn(Array, Array, usize, usize) -> Array) -> Array {
    let all = length(&x, axis);
    let mut step = 1;
    while step < all {
        let late = x.clone().narrow(axis, 0, all - step);
        x = combine(x, late, step, all);
        step *= 2;
    }
    x
}

/// The rows of an array that integer tuples address, and the tuples as row numbers.
pub(super) fn flat_places(data: &Array, indices: Array) -> (Array, Array) {
    let (shape, tuples) = (data.shape(), indices.shape());
    let depth = tuples[tuples.len() - 1];
    let count = indices.elements() / depth;
    let indices = indices.reshape(&[count, depth]);
    let stride = |axis: usize| shape[axis + 1..depth].iter().product::<usize>() as f64;
    let place = |axis: usize| indices.clone().narrow(1, axis, axis + 1).scale(stride(axis));
    let places = (1..depth).fold(place(0), |sum, axis| sum.add(place(axis)));
    let rows = shape[..depth].iter().product();
    (data.clone().reshape(&[rows, data.elements() / rows]), places.reshape(&[count]))
}

pub(super) fn pad(x: Array, padding: &[(usize, usize)], mode: &PadModeIr) -> Array {
    if let PadModeIr::Constant(value) = mode {
        let shape = x.shape();
        let wide: Vec<usize> = shape.iter().zip(padding).map(|(n, (before, after))| before + n + after).collect();
        let place: Vec<Slice> =
            shape.iter().zip(padding).map(|(n, (before, _))| Slice::from(*before..before + n)).collect();
        return Array::constant(&wide, number(value), x.dtype(), &x.device()).slice_assign(&place, x);
    }
    padding.iter().enumerate().fold(x, |x, (axis, &(before, after))| {
        let all = length(&x, axis);
        // A mirror leaves out the edge itself.
        let part = |mirrored: (usize, usize), edge: usize, count: usize| match mode {
            PadModeIr::Reflect => x.clone().narrow(axis, mirrored.0, mirrored.1).flip(&[axis]),
            _ => x.clone().narrow(axis, edge, edge + 1).repeat(axis, count),
        };
        let first = (before > 0).then(|| part((1, 1 + before), 0, before));
        let last = (after > 0).then(|| part((all - 1 - after, all - 1), all - 1, after));
        let pieces: Vec<Array> = [first, Some(x.clone()), last].into_iter().flatten().collect();
        if pieces.len() == 1 { x } else { Array::cat(pieces, axis) }
    })
}

/// `Σ_i x[.., i, ..] w[i, o]` along one axis.
pub(super) fn along(x: Array, axis: usize, weights: Array) -> Array {
    let rank = x.shape().len();
    let mut axes: Vec<usize> = (0..rank).collect();
    axes.swap(axis, rank - 1);
    let moved = x.permute(&axes);
    let mut shape = moved.shape();
    let [inner, outer] = [0, 1].map(|axis| length(&weights, axis));
    let rows = moved.elements() / inner;
    shape[rank - 1] = outer;
    moved.reshape(&[rows, inner]).matmul(weights).reshape(&shape).permute(&axes)
}

/// The weights `[input, output]` of an adaptive average: output `o` is the mean of `⌊o n / n'⌋ .. ⌈(o + 1) n / n'⌉`.
pub(super) fn averages(input: usize, output: usize) -> Vec<f64> {
    let weight = |i: usize, o: usize| {
        let (start, end) = (o * input / output, ((o + 1) * input).div_ceil(output));
        if (start..end).contains(&i) { 1.0 / (end - start) as f64 } else { 0.0 }
    };
    (0..input).flat_map(|i| (0..output).map(move |o| weight(i, o))).collect()
}

/// The patches that a two-dimensional convolution would read: `[m, channels · taps, places]`.
pub(super) fn patches(x: Array, ir: &Unfold4dOpIr) -> Array {
    let options = &ir.options;
    let [pad_y, pad_x] = options.padding;
    let padded = pad(x, &[(0, 0), (0, 0), (pad_y, pad_y), (pad_x, pad_x)], &PadModeIr::Constant(ScalarIr::Float(0.0)));
    let shape = padded.shape();
    let span = |axis: usize| options.dilation[axis] * (ir.kernel_size[axis] - 1) + 1;
    let places = |axis: usize| (shape[axis + 2] - span(axis)) / options.stride[axis] + 1;
    let (rows, columns) = (places(0), places(1));
    let range = |axis: usize, tap: usize, places: usize| {
        let start = (tap * options.dilation[axis]) as isize;
        let stride = options.stride[axis] as isize;
        Slice::new(start, Some(start + (places as isize - 1) * stride + 1), stride)
    };
    let mut taps = vec![];
    for y in 0..ir.kernel_size[0] {
        for x in 0..ir.kernel_size[1] {
            let slices = [Slice::full(), Slice::full(), range(0, y, rows), range(1, x, columns)];
            taps.push(padded.clone().slice(&slices).reshape(&[shape[0], shape[1], 1, rows * columns]));
        }
    }
    let count = taps.len();
    Array::cat(taps, 2).reshape(&[shape[0], shape[1] * count, rows * columns])
}

fn length(x: &Array, axis: usize) -> usize {
    x.shape()[axis]
}
