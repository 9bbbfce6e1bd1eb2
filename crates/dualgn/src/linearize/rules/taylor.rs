//! Operations on jets, `[channels, ..]`: values with some of their derivatives with respect to the points
//! ([`Channels`]).
//!
//! | operation | value | jvp | vjp |
//! |---|---|---|---|
//! | `φ` of a jet | Faà di Bruno's rule | Leibniz' rule with the jet of `φ'`, which is kept | its transpose |
//! | product of two jets | Leibniz' rule | that of either with the other | its transpose |
//! | shift by a value without derivatives | added to channel 0 | to channel 0 | all; channel 0, summed over what is broadcast |
//!
//! The linearisation of `φ` at a jet is a product of jets: `Ẏ(t) = φ'(x(t)) ẋ(t)` as polynomials in the directions `t`.

use super::arithmetic::broadcast;
use super::series::derivatives;
use super::{Kept, Rule, Saved, count, given, stacked, total, when};
use crate::kernels::{Term, sum_products};
use crate::tensor::Array;
use crate::trace::{Channels, Pair, Taylor};

impl Rule for Taylor {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        match self {
            Taylor::Apply { function, channels } => {
                let x = inputs.remove(0);
                let series = derivatives(*function, value_of(&x), channels.order());
                function_of(channels, &series, &x)
            }
            Taylor::Product { channels } => {
                let [a, b] = wide(inputs);
                let shape = b.shape();
                product(channels, &a.lift(), b.lift(), Pair::forward).reshape(&shape)
            }
            Taylor::Shift => {
                let summand = inputs.remove(1);
                shifted(inputs.remove(0), 0, summand)
            }
        }
    }

    fn evaluate(&self, mut inputs: Vec<Array>, active: &[bool]) -> (Array, Saved) {
        match self {
            Taylor::Apply { function, channels } => {
                let x = inputs.remove(0);
                let series = derivatives(*function, value_of(&x), channels.order() + 1);
                let slope = function_of(channels, &series[1..], &x);
                (function_of(channels, &series, &x), vec![Some(slope.lift())])
            }
            Taylor::Product { channels } => {
                let [a, b] = wide(inputs);
                let (shape, a, b) = (b.shape(), a.lift(), b.lift());
                let saved = vec![active[0].then(|| b.clone()), active[1].then(|| a.clone())];
                (product(channels, &a, b, Pair::forward).reshape(&shape), saved)
            }
            Taylor::Shift => (self.value(inputs), vec![]),
        }
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let count = count(tangents);
        let output = stacked(count, &kept.output);
        match self {
            Taylor::Apply { channels, .. } => {
                product(channels, kept.array(0), total(tangents.iter().cloned()), Pair::forward)
            }
            Taylor::Product { channels } => {
                let term = |side: usize| {
                    let tangent = tangents[side].clone()?.expand(&output);
                    Some(product(channels, kept.array(side), tangent, Pair::forward))
                };
                total([term(0), term(1)])
            }
            Taylor::Shift => {
                let given = given(tangents);
                let jet = tangents[0].clone().unwrap_or_else(|| Array::zeros(&output, given.dtype(), &given.device()));
                match tangents[1].clone() {
                    Some(summand) => shifted(jet, 1, summand),
                    None => jet,
                }
            }
        }
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let count = cotangent.shape()[0];
        match self {
            Taylor::Apply { channels, .. } => {
                vec![Some(product(channels, kept.array(0), cotangent, Pair::transposed))]
            }
            Taylor::Product { channels } => {
                let pull = |side: usize| {
                    when(wanted[side], || {
                        product(channels, kept.array(side), cotangent.clone(), Pair::transposed)
                            .sum_to(&stacked(count, &kept.shapes[side]))
                    })
                };
                vec![pull(0), pull(1)]
            }
            Taylor::Shift => {
                let summand = when(wanted[1], || self.of_summand(&cotangent).sum_to(&stacked(count, &kept.shapes[1])));
                vec![wanted[0].then_some(cotangent), summand]
            }
        }
    }

    fn needs_values(&self) -> bool {
        *self != Taylor::Shift
    }
}

impl Taylor {
    /// The part of stacked cotangents of the output that belongs to a summand, before any sum over broadcast axes.
    pub(crate) fn of_summand(&self, cotangent: &Array) -> Array {
        debug_assert!(*self == Taylor::Shift);
        cotangent.clone().narrow(1, 0, 1)
    }
}

/// For a pair, the row of the result to which it contributes and the row of the stack that it reads.
type Way = fn(&Pair) -> [usize; 2];

impl Pair {
    fn forward(&self) -> [usize; 2] {
        [self.to, self.right]
    }

    fn transposed(&self) -> [usize; 2] {
        [self.right, self.to]
    }
}

/// Channel 0 of a jet, without the axis of the channels.
fn value_of(x: &Array) -> Array {
    let shape = x.shape();
    x.clone().narrow(0, 0, 1).reshape(&shape[1..])
}

/// Both inputs, expanded to the shape of the product.
fn wide(mut inputs: Vec<Array>) -> [Array; 2] {
    let shape = broadcast(&inputs[0].shape(), &inputs[1].shape());
    [inputs.remove(0), inputs.remove(0)].map(|input| input.expand(&shape))
}

/// The jet of a function, given its value and derivatives at the value of `x`.
fn function_of(channels: &Channels, series: &[Array], x: &Array) -> Array {
    let shape = x.shape();
    let n = x.elements() / shape[0];
    let sources: Vec<Array> = std::iter::once(x.clone().reshape(&[shape[0], n]))
        .chain(series.iter().take(channels.order() + 1).map(|part| part.clone().reshape(&[1, n])))
        .collect();
    let value = Term { to: 0, factor: 1.0, rows: vec![[1, 0]] };
    let chain = channels.function.iter().map(|chain| {
        let rows = chain.factors.iter().map(|&row| [0, row]);
        Term { to: chain.to, factor: chain.factor, rows: std::iter::once([1 + chain.order, 0]).chain(rows).collect() }
    });
    let terms: Vec<Term> = std::iter::once(value).chain(chain).collect();
    sum_products(shape[0], &terms, &sources).reshape(&shape)
}

/// Leibniz' rule for one jet `[1, channels, ..]` and a stack of them `[c, channels, ..]`, or its transpose.
fn product(channels: &Channels, jet: &Array, stack: Array, way: Way) -> Array {
    let shape = stack.shape();
    let (copies, count) = (shape[0], shape[1]);
    let n = stack.elements() / (copies * count);
    let terms: Vec<Term> = (0..copies)
        .flat_map(|copy| {
            channels.product.iter().map(move |pair| {
                let [to, from] = way(pair);
                let rows = vec![[0, pair.left], [1, copy * count + from]];
                Term { to: copy * count + to, factor: pair.factor, rows }
            })
        })
        .collect();
    let sources = [jet.clone().reshape(&[count, n]), stack.reshape(&[copies * count, n])];
    sum_products(copies * count, &terms, &sources).reshape(&shape)
}

/// A stack with a summand added to its first entry along an axis.
fn shifted(stack: Array, axis: usize, summand: Array) -> Array {
    let shape = stack.shape();
    let first = stack.clone().narrow(axis, 0, 1);
    let first_shape = first.shape();
    let first = first.add(summand.expand(&first_shape));
    if shape[axis] == 1 {
        return first;
    }
    let slices: Vec<_> = first_shape.iter().map(|&length| burn::tensor::Slice::from(0..length)).collect();
    stack.slice_assign(&slices, first)
}
