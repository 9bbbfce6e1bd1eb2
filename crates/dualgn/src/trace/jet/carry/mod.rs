//! The propagation of jets through each operation.
//!
//! | operation | on a jet |
//! |---|---|
//! | linear ones: products with what has no derivative, sums, means, layouts, convolutions, average pools | itself, on all channels at once |
//! | addition of a term without derivatives | `Shift`, to the value alone |
//! | elementwise functions | `Apply` |
//! | elementwise products of two jets | `Product` |
//! | division, softmax, layer norm, hypot | by those above |
//! | matrix products of two jets | Leibniz' rule, channel by channel |
//! | comparisons, rounding, positions | unchanged: their derivative is zero |

mod arithmetic;
mod layers;
mod layout;

use std::sync::Arc;

use burn::tensor::DType;

use super::channels::Channels;
use super::expand::Expansion;
use crate::trace::{Binary, Node, Op, Pool, Reduce, Taylor, Unary, ValueId};

const NONE: &str = "there is no rule for its derivatives by points; express it by smooth tensor operations";

/// The propagation of a jet through one node.
struct Carry<'a> {
    expansion: &'a mut Expansion,
    channels: &'a Arc<Channels>,
    /// The shape of the output of the original node.
    shape: Vec<usize>,
    dtype: DType,
    /// The jets of the inputs; `None` for a value without derivatives.
    stacks: &'a [Option<ValueId>],
    values: &'a [ValueId],
}

/// Computes the jet of a node's output from those of its inputs, at least one of which has a jet.
pub(super) fn carry(
    expansion: &mut Expansion,
    node: &Node,
    stacks: &[Option<ValueId>],
    channels: &Arc<Channels>,
) -> Result<ValueId, &'static str> {
    let (shape, dtype) = (expansion.shape(node.output).to_vec(), expansion.dtype(node.output));
    let mut carry = Carry { expansion, channels, shape, dtype, stacks, values: &node.inputs };
    carry.node(&node.op)
}

impl Carry<'_> {
    fn node(&mut self, op: &Op) -> Result<ValueId, &'static str> {
        match op {
            Op::Unary(function) => self.unary(*function),
            Op::Binary(op) => self.binary(*op),
            Op::Matmul(_) => self.matmul(op),
            Op::Layout(layout) => Ok(self.layout(layout)),
            Op::Cast(_) => Ok(self.linear_of_first(op.clone())),
            Op::Reduce(reduce) => Ok(self.reduce(reduce)),
            Op::Cumulate(cumulate) => {
                let mut moved = *cumulate;
                moved.axis += 1;
                Ok(self.linear_of_first(Op::Cumulate(moved)))
            }
            Op::Softmax(softmax) => Ok(self.softmax(*softmax)),
            Op::Conv(conv) => self.convolution(conv),
            Op::Pool(Pool::Max { .. }) => Err("a maximum over windows jumps in its slope; use average pooling"),
            Op::Pool(_) => Ok(self.folded(op.clone(), &[])),
            Op::Norm(norm) => self.norm(*norm),
            Op::Index(index) => self.index(*index),
            Op::Mask(mask) => Ok(self.mask(*mask)),
            Op::Taylor(_) => Err("it belongs to another jet"),
            Op::Discrete(_) | Op::Fill(_) | Op::Random(_) => unreachable!("no derivative passes them"),
        }
    }

    fn count(&self) -> usize {
        self.channels.len()
    }

    /// The jet of the first input, for operations where no other input can have one.
    fn first(&mut self) -> ValueId {
        self.jet(0)
    }

    /// The jet of an input, or its value with zero derivatives.
    fn jet(&mut self, input: usize) -> ValueId {
        if let Some(stack) = self.stacks[input] {
            return stack;
        }
        let value = self.expansion.lift(self.values[input]);
        self.at_rest(value)
    }

    /// A value `[1, ..]` with zero derivatives.
    fn at_rest(&mut self, value: ValueId) -> ValueId {
        let count = self.count() - 1;
        if count == 0 {
            return value;
        }
        let shape = self.expansion.shape(value).to_vec();
        let zero = self.expansion.number(0.0, shape.len(), self.expansion.dtype(value));
        let zeros = self.expansion.expand(zero, &[&[count], &shape[1..]].concat());
        self.expansion.cat(&[value, zeros], 0)
    }

    /// The shape of the jet of the output.
    fn stacked(&self) -> Vec<usize> {
        [&[self.count()], self.shape.as_slice()].concat()
    }

    /// Applies an operation to all channels at once, giving the jet of the output.
    fn linear(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        let shape = self.stacked();
        self.expansion.push(op, inputs, &shape, self.dtype)
    }

    fn linear_of_first(&mut self, op: Op) -> ValueId {
        let x = self.first();
        self.linear(op, &[x])
    }

    /// Applies an operation to all channels at once, giving a jet with the shape of its input.
    fn alike(&mut self, op: Op, input: ValueId) -> ValueId {
        let shape = self.expansion.shape(input).to_vec();
        self.expansion.push_like(op, &[input], &shape)
    }

    fn apply(&mut self, function: Unary, jet: ValueId) -> ValueId {
        self.alike(Op::Taylor(Taylor::Apply { function, channels: self.channels.clone() }), jet)
    }

    /// The elementwise product of two jets, with broadcasting.
    fn product(&mut self, a: ValueId, b: ValueId) -> ValueId {
        let shape = self.broadcast(a, b);
        let op = Op::Taylor(Taylor::Product { channels: self.channels.clone() });
        self.expansion.push_like(op, &[a, b], &shape)
    }

    /// An elementwise operation of two jets, or of a jet and a value `[1, ..]`, channel by channel.
    fn elementwise(&mut self, op: Binary, a: ValueId, b: ValueId) -> ValueId {
        let shape = self.broadcast(a, b);
        self.expansion.push_like(Op::Binary(op), &[a, b], &shape)
    }

    fn broadcast(&self, a: ValueId, b: ValueId) -> Vec<usize> {
        let pairs = self.expansion.shape(a).iter().zip(self.expansion.shape(b));
        pairs.map(|(&a, &b)| if a == 1 { b } else { a }).collect()
    }

    /// A jet plus a value `[1, ..]`.
    fn shift(&mut self, jet: ValueId, value: ValueId) -> ValueId {
        let shape = [&[self.count()], &self.broadcast(jet, value)[1..]].concat();
        let jet = self.expansion.expand(jet, &shape);
        self.expansion.push_like(Op::Taylor(Taylor::Shift), &[jet, value], &shape)
    }

    fn shift_by(&mut self, jet: ValueId, number: f64) -> ValueId {
        let (rank, dtype) = (self.expansion.shape(jet).len(), self.expansion.dtype(jet));
        let number = self.expansion.number(number, rank, dtype);
        self.shift(jet, number)
    }

    /// Sums or means over axes of a jet, which keep length one.
    fn reduced(&mut self, jet: ValueId, axes: Vec<usize>, is_mean: bool) -> ValueId {
        let mut shape = self.expansion.shape(jet).to_vec();
        axes.iter().for_each(|&axis| shape[axis] = 1);
        let reduce = if is_mean { Reduce::Mean(axes) } else { Reduce::Sum(axes) };
        self.expansion.push_like(Op::Reduce(reduce), &[jet], &shape)
    }
}
