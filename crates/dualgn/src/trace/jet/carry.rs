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

use std::sync::Arc;

use burn::tensor::{DType, Slice};

use super::channels::Channels;
use super::expand::Expansion;
use crate::trace::{
    Binary, Conv, Discrete, Index, Layout, Mask, Node, Norm, Op, Pool, Position, Reduce, Softmax, Taylor, Unary,
    ValueId,
};

const PIECES: &str = "it consists of straight pieces, so that it has no second derivative; use tanh, sine, GELU, softplus or \
                      another smooth activation for derivatives above the first";
const NONE: &str = "there is no rule for its derivatives by points; express it by smooth tensor operations";
const WEIGHTS: &str = "its weights depend on the points of a jet; express it by tensor operations";

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

    fn unary(&mut self, function: Unary) -> Result<ValueId, &'static str> {
        let x = self.first();
        match function {
            Unary::MulScalar(_) | Unary::DivScalar(_) | Unary::Neg => Ok(self.alike(Op::Unary(function), x)),
            Unary::AddScalar(number) => Ok(self.shift_by(x, number)),
            Unary::RemScalar(_) => Err(NONE),
            Unary::Abs | Unary::Clamp(..) | Unary::LeakyRelu(_) | Unary::Relu if self.channels.order() > 1 => {
                Err(PIECES)
            }
            _ => Ok(self.apply(function, x)),
        }
    }

    fn binary(&mut self, op: Binary) -> Result<ValueId, &'static str> {
        let (a, b) = (self.stacks[0], self.stacks[1]);
        let lifted = |carry: &mut Self, input: usize| carry.expansion.lift(carry.values[input]);
        Ok(match (op, a, b) {
            (Binary::Add | Binary::Sub, Some(a), Some(b)) => self.elementwise(op, a, b),
            (Binary::Add, Some(a), None) => {
                let b = lifted(self, 1);
                self.shift(a, b)
            }
            (Binary::Add, None, Some(b)) => {
                let a = lifted(self, 0);
                self.shift(b, a)
            }
            (Binary::Sub, Some(a), None) => {
                let b = lifted(self, 1);
                let b = self.alike(Op::Unary(Unary::Neg), b);
                self.shift(a, b)
            }
            (Binary::Sub, None, Some(b)) => {
                let a = lifted(self, 0);
                let b = self.alike(Op::Unary(Unary::Neg), b);
                self.shift(b, a)
            }
            (Binary::Mul, Some(a), Some(b)) => self.product(a, b),
            (Binary::Mul | Binary::Div, Some(a), None) => {
                let b = lifted(self, 1);
                self.elementwise(op, a, b)
            }
            (Binary::Mul, None, Some(b)) => {
                let a = lifted(self, 0);
                self.elementwise(op, b, a)
            }
            (Binary::Div, a, Some(b)) => {
                let inverse = self.apply(Unary::Recip, b);
                match a {
                    Some(a) => self.product(a, inverse),
                    None => {
                        let a = lifted(self, 0);
                        self.elementwise(Binary::Mul, inverse, a)
                    }
                }
            }
            (Binary::Hypot, ..) => {
                let (a, b) = (self.jet(0), self.jet(1));
                let (a, b) = (self.product(a, a), self.product(b, b));
                let sum = self.elementwise(Binary::Add, a, b);
                self.apply(Unary::Sqrt, sum)
            }
            (Binary::Pow, ..) => return Err("use `powf_scalar`, or the exponential of a product with the logarithm"),
            (Binary::Rem | Binary::Atan2, ..) => return Err(NONE),
            (_, None, None) => unreachable!("one input is a jet"),
        })
    }

    fn matmul(&mut self, op: &Op) -> Result<ValueId, &'static str> {
        let (Some(a), Some(b)) = (self.stacks[0], self.stacks[1]) else {
            let side = |carry: &mut Self, input: usize| {
                carry.stacks[input].unwrap_or_else(|| carry.expansion.lift(carry.values[input]))
            };
            let (a, b) = (side(self, 0), side(self, 1));
            return Ok(self.linear(op.clone(), &[a, b]));
        };
        let shape = [&[1], self.shape.as_slice()].concat();
        let channels = self.channels.clone();
        let mut sums: Vec<Option<ValueId>> = vec![None; self.count()];
        for pair in &channels.product {
            let left = self.expansion.part(a, pair.left, pair.left + 1);
            let right = self.expansion.part(b, pair.right, pair.right + 1);
            let mut term = self.expansion.push(op.clone(), &[left, right], &shape, self.dtype);
            if pair.factor != 1.0 {
                term = self.alike(Op::Unary(Unary::MulScalar(pair.factor)), term);
            }
            sums[pair.to] = Some(match sums[pair.to] {
                None => term,
                Some(sum) => self.elementwise(Binary::Add, sum, term),
            });
        }
        let parts: Vec<ValueId> = sums.into_iter().flatten().collect();
        Ok(self.expansion.cat(&parts, 0))
    }

    fn layout(&mut self, layout: &Layout) -> ValueId {
        let (count, up) = (self.count(), |axes: &[usize]| axes.iter().map(|axis| axis + 1).collect::<Vec<_>>());
        let with_all = |slices: &[Slice]| [&[Slice::full()], slices].concat();
        let stacked = self.stacked();
        let moved = match layout {
            Layout::Cat { axis } => {
                let jets: Vec<ValueId> = (0..self.values.len()).map(|input| self.jet(input)).collect();
                return self.expansion.cat(&jets, axis + 1);
            }
            Layout::Assign(slices) => {
                let (x, value) = (self.jet(0), self.jet(1));
                return self.linear(Op::Layout(Layout::Assign(with_all(slices))), &[x, value]);
            }
            Layout::Expand(shape) => {
                // New axes are inserted in front, after that of the channels.
                let x = self.first();
                let own = self.expansion.shape(x)[1..].to_vec();
                let padded = [&[count], vec![1; shape.len() - own.len()].as_slice(), &own].concat();
                let x = self.expansion.reshape(x, &padded);
                return self.expansion.expand(x, &stacked);
            }
            Layout::Reshape(_) => Layout::Reshape(stacked),
            Layout::Permute(axes) => Layout::Permute([&[0], up(axes).as_slice()].concat()),
            Layout::Slice(slices) => Layout::Slice(with_all(slices)),
            Layout::Flip(axes) => Layout::Flip(up(axes)),
            Layout::Repeat { axis, times } => Layout::Repeat { axis: axis + 1, times: *times },
        };
        self.linear_of_first(Op::Layout(moved))
    }

    fn reduce(&mut self, reduce: &Reduce) -> ValueId {
        let x = self.first();
        let rank = self.expansion.shape(x).len();
        let axes = match reduce {
            Reduce::Sum(axes) | Reduce::Mean(axes) => axes.iter().map(|axis| axis + 1).collect(),
            Reduce::SumAll | Reduce::MeanAll => (1..rank).collect(),
        };
        let sum = self.reduced(x, axes, matches!(reduce, Reduce::Mean(_) | Reduce::MeanAll));
        let stacked = self.stacked();
        self.expansion.reshape(sum, &stacked)
    }

    /// Sums or means over axes of a jet, which keep length one.
    fn reduced(&mut self, jet: ValueId, axes: Vec<usize>, is_mean: bool) -> ValueId {
        let mut shape = self.expansion.shape(jet).to_vec();
        axes.iter().for_each(|&axis| shape[axis] = 1);
        let reduce = if is_mean { Reduce::Mean(axes) } else { Reduce::Sum(axes) };
        self.expansion.push_like(Op::Reduce(reduce), &[jet], &shape)
    }

    /// `e^{x - c} / Σ e^{x - c}` with the largest entry as `c`, which does not change the result.
    fn softmax(&mut self, Softmax { log, axis }: Softmax) -> ValueId {
        let x = self.first();
        let value = self.values[0];
        let mut shape = self.expansion.shape(value).to_vec();
        shape[axis] = 1;
        let whole = DType::I64;
        let place = self.expansion.push(Op::Discrete(Discrete::Position(Position::Max(axis))), &[value], &shape, whole);
        let largest = self.expansion.push_like(Op::Index(Index::Gather { axis }), &[value, place], &shape);
        let largest = self.expansion.push_like(Op::Discrete(Discrete::Stop), &[largest], &shape);
        let largest = self.expansion.lift(largest);
        let largest = self.alike(Op::Unary(Unary::Neg), largest);
        let x = self.shift(x, largest);
        let exponentials = self.apply(Unary::Exp, x);
        let sum = self.reduced(exponentials, vec![axis + 1], false);
        if log {
            let sum = self.apply(Unary::Log, sum);
            return self.elementwise(Binary::Sub, x, sum);
        }
        let inverse = self.apply(Unary::Recip, sum);
        self.product(exponentials, inverse)
    }

    /// An operation whose first axis is that of the examples: the channels count as additional examples.
    fn folded(&mut self, op: Op, more: &[ValueId]) -> ValueId {
        let x = self.first();
        let fold = |shape: &[usize]| [&[shape[0] * shape[1]], &shape[2..]].concat();
        let (inside, stacked) = (fold(self.expansion.shape(x)), self.stacked());
        let x = self.expansion.reshape(x, &inside);
        let inputs = [&[x], more].concat();
        let y = self.expansion.push(op, &inputs, &fold(&stacked), self.dtype);
        self.expansion.reshape(y, &stacked)
    }

    fn convolution(&mut self, conv: &Conv) -> Result<ValueId, &'static str> {
        if self.stacks[1..].iter().any(Option::is_some) {
            return Err(WEIGHTS);
        }
        let y = self.folded(Op::Conv(conv.clone()), &[self.values[1]]);
        let Some(&bias) = self.values.get(2) else { return Ok(y) };
        let bias = self.along_axis(bias, 2);
        Ok(self.shift(y, bias))
    }

    /// A vector along an axis of the jet of the output.
    fn along_axis(&mut self, vector: ValueId, axis: usize) -> ValueId {
        let mut shape = vec![1; self.shape.len() + 1];
        shape[axis] = self.expansion.shape(vector).iter().product();
        self.expansion.reshape(vector, &shape)
    }

    fn norm(&mut self, norm: Norm) -> Result<ValueId, &'static str> {
        if self.stacks[1..].iter().any(Option::is_some) {
            return Err(WEIGHTS);
        }
        let x = self.first();
        let (own, x) = match norm {
            Norm::Layer { epsilon } => {
                let own = self.shape.len();
                let mean = self.reduced(x, vec![own], true);
                let centred = self.elementwise(Binary::Sub, x, mean);
                let squares = self.product(centred, centred);
                let variance = self.reduced(squares, vec![own], true);
                let variance = self.shift_by(variance, epsilon);
                let inverse = self.apply(Unary::PowScalar(-0.5), variance);
                (own, self.product(centred, inverse))
            }
            Norm::Batch { epsilon } => {
                let (mean, variance) = (self.along_axis(self.values[3], 2), self.along_axis(self.values[4], 2));
                let mean = self.alike(Op::Unary(Unary::Neg), mean);
                let variance = self.alike(Op::Unary(Unary::AddScalar(epsilon)), variance);
                let deviation = self.alike(Op::Unary(Unary::Sqrt), variance);
                let centred = self.shift(x, mean);
                (2, self.elementwise(Binary::Div, centred, deviation))
            }
            Norm::BatchStatistics { .. } => {
                return Err("it mixes the points of a batch; use the running statistics, or another normalisation");
            }
        };
        let scale = self.along_axis(self.values[1], own);
        let y = self.elementwise(Binary::Mul, x, scale);
        let Some(&shift) = self.values.get(2) else { return Ok(y) };
        let shift = self.along_axis(shift, own);
        Ok(self.shift(y, shift))
    }

    fn index(&mut self, index: Index) -> Result<ValueId, &'static str> {
        match index {
            Index::Select { axis } => {
                let x = self.first();
                let inputs = [x, self.values[1]];
                Ok(self.linear(Op::Index(Index::Select { axis: axis + 1 }), &inputs))
            }
            Index::Gather { axis } => {
                let x = self.first();
                let places = self.on_all(self.values[1]);
                Ok(self.linear(Op::Index(Index::Gather { axis: axis + 1 }), &[x, places]))
            }
            _ => Err(NONE),
        }
    }

    /// Repeats a value without derivatives, such as indices or a mask, for all channels.
    fn on_all(&mut self, value: ValueId) -> ValueId {
        let shape = [&[self.count()], self.expansion.shape(value)].concat();
        let value = self.expansion.lift(value);
        self.expansion.expand(value, &shape)
    }

    fn mask(&mut self, mask: Mask) -> ValueId {
        let x = self.first();
        let places = self.on_all(self.values[1]);
        match mask {
            Mask::Where => {
                let value = self.jet(2);
                self.linear(Op::Mask(Mask::Where), &[x, places, value])
            }
            Mask::Fill(number) => {
                let rank = self.shape.len() + 1;
                let value = self.expansion.number(number, rank, self.dtype);
                let value = self.at_rest(value);
                let stacked = self.stacked();
                let value = self.expansion.expand(value, &stacked);
                self.linear(Op::Mask(Mask::Where), &[x, places, value])
            }
        }
    }
}
