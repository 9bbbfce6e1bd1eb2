//! Jets through elementwise operations and matrix products.

use super::{Carry, NONE};
use crate::trace::{Binary, Op, Unary, ValueId};

const PIECES: &str = "it consists of straight pieces, so that it has no second derivative; use tanh, sine, GELU, softplus or \
                      another smooth activation for derivatives above the first";

impl Carry<'_> {
    pub(super) fn unary(&mut self, function: Unary) -> Result<ValueId, &'static str> {
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

    pub(super) fn binary(&mut self, op: Binary) -> Result<ValueId, &'static str> {
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

    pub(super) fn matmul(&mut self, op: &Op) -> Result<ValueId, &'static str> {
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
}
