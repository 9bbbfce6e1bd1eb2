//! Matrix products `y = a b` of `[.., M, K]` and `[.., K, N]`; leading axes broadcast.
//!
//! | saved | jvp `ẏ` | vjp `ā`, `b̄` |
//! |---|---|---|
//! | a, b | `ȧ b + a ḃ` | `ȳ bᵀ`, `aᵀ ȳ`, summed over broadcast axes |
//!
//! When `b` is one matrix, as in a dense layer, the stacked vectors and all leading axes of `a` are folded into its
//! rows: one large product instead of many small ones.

use super::{Kept, Rule, Saved, stacked, total, when};
use crate::kernels::product;
use crate::tensor::Array;
use crate::trace::Matmul;

impl Rule for Matmul {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        let b = inputs.remove(1);
        let a = inputs.remove(0);
        if is_matrix(&b.shape()) { times_right(a, b) } else { a.matmul(b) }
    }

    /// Keeps the other factor for each active one.
    fn evaluate(&self, inputs: Vec<Array>, active: &[bool]) -> (Array, Saved) {
        let kept = vec![active[1].then(|| inputs[0].clone()), active[0].then(|| inputs[1].clone())];
        (self.value(inputs), kept)
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let by_a = tangents[0].clone().map(|tangent| times_right(tangent, kept.array(1).clone()));
        let by_b = tangents[1].clone().map(|tangent| left_times(kept.array(0), tangent));
        total([by_a, by_b])
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let count = cotangent.shape()[0];
        let target = |side: usize| stacked(count, &kept.shapes[side]);
        let by_a = when(wanted[0], || times_transposed(cotangent.clone(), kept.array(1).clone()).sum_to(&target(0)));
        let by_b = when(wanted[1], || {
            let a = kept.array(0);
            if is_matrix(&kept.shapes[1]) {
                // All leading axes are summed over: fold them into the inner axis of one product per vector. A single
                // product of two matrices is what Burn is fastest at.
                let (rows, columns) = (last(a), last(&cotangent));
                let positions = a.elements() / rows;
                let a = a.clone();
                let product = match count {
                    1 => product(
                        a.reshape(&[positions, rows]).transpose(),
                        cotangent.clone().reshape(&[positions, columns]),
                    ),
                    _ => {
                        let a = a.reshape(&[1, positions, rows]).transpose();
                        a.matmul(cotangent.clone().reshape(&[count, positions, columns]))
                    }
                };
                product.reshape(&target(1))
            } else {
                a.clone().transpose().lift().matmul(cotangent.clone()).sum_to(&target(1))
            }
        });
        vec![by_a, by_b]
    }
}

/// `a v` for stacked `v` of shape `[c, .., K, N]`.
fn left_times(a: &Array, v: Array) -> Array {
    let shape = v.shape();
    if shape[0] != 1 {
        return a.clone().lift().matmul(v);
    }
    times_right(a.clone(), v.reshape(&shape[1..])).lift()
}

/// `v b` for stacked `v` of shape `[c, .., K]`.
fn times_right(v: Array, b: Array) -> Array {
    if !is_matrix(&b.shape()) {
        let b = if b.shape().len() < v.shape().len() { b.lift() } else { b };
        return v.matmul(b);
    }
    let mut shape = v.shape();
    let (inner, columns) = (last(&v), last(&b));
    let rows = v.elements() / inner;
    shape.pop();
    shape.push(columns);
    product(v.reshape(&[rows, inner]), b.reshape(&[inner, columns])).reshape(&shape)
}

/// `v bᵀ` for stacked `v` of shape `[c, .., N]`.
fn times_transposed(v: Array, b: Array) -> Array {
    times_right(v, b.transpose())
}

/// Whether all leading axes have length one.
fn is_matrix(shape: &[usize]) -> bool {
    shape[..shape.len() - 2].iter().all(|&length| length == 1)
}

fn last(array: &Array) -> usize {
    array.shape().last().copied().unwrap_or(1)
}
