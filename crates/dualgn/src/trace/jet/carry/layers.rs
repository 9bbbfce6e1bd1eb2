//! Jets through convolutions, pools, softmax and normalisation.

use burn::tensor::DType;

use super::Carry;
use crate::trace::{Binary, Conv, Discrete, Index, Norm, Op, Position, Softmax, Unary, ValueId};

const WEIGHTS: &str = "its weights depend on the points of a jet; express it by tensor operations";

impl Carry<'_> {
    /// `e^{x - c} / Σ e^{x - c}` with the largest entry as `c`, which does not change the result.
    pub(super) fn softmax(&mut self, Softmax { log, axis }: Softmax) -> ValueId {
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
    pub(super) fn folded(&mut self, op: Op, more: &[ValueId]) -> ValueId {
        let x = self.first();
        let fold = |shape: &[usize]| [&[shape[0] * shape[1]], &shape[2..]].concat();
        let (inside, stacked) = (fold(self.expansion.shape(x)), self.stacked());
        let x = self.expansion.reshape(x, &inside);
        let inputs = [&[x], more].concat();
        let y = self.expansion.push(op, &inputs, &fold(&stacked), self.dtype);
        self.expansion.reshape(y, &stacked)
    }

    pub(super) fn convolution(&mut self, conv: &Conv) -> Result<ValueId, &'static str> {
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

    pub(super) fn norm(&mut self, norm: Norm) -> Result<ValueId, &'static str> {
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
}
