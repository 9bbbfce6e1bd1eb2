//! Burn's recorded operations to ours. The matches name every operation of Burn's vocabulary and have no wildcard:
//! an operation that a later Burn adds is a compile error here and never a silent constant.

mod module;
mod parts;
mod tensor;

use burn::backend::ir::{BinaryOpIr, OperationIr, ReduceDimOpIr, ScalarIr, ScalarOpIr, TensorId, TensorIr, UnaryOpIr};

use super::op::{Binary, Discrete, Op, Reduce, Unary};

pub(super) use parts::define;

/// What an operation becomes.
pub(super) enum Lowered {
    /// One operation of ours.
    Step(Step),
    /// Several of Burn's, by [`define`].
    Parts,
    /// Nothing: [`super::vocabulary`] says why.
    Refused,
}

/// One operation in our terms: what it does, what it reads, what it makes.
pub(super) struct Step {
    pub op: Op,
    pub inputs: Vec<TensorId>,
    pub output: TensorIr,
}

/// Translates one operation.
pub(super) fn lower(operation: &OperationIr) -> Lowered {
    match operation {
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => tensor::base(op),
        OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => tensor::numeric(op),
        OperationIr::Float(_, op) => tensor::float(op),
        OperationIr::Int(op) => tensor::int(op),
        OperationIr::Bool(op) => tensor::bool(op),
        OperationIr::Module(op) => module::module(op),
        OperationIr::Activation(op) => module::activation(op),
        // A tensor that holds data is a value of the graph and not a node, so the first two are never asked for.
        OperationIr::Init(_) | OperationIr::Drop(_) | OperationIr::Custom(_) | OperationIr::Distributed(_) => {
            Lowered::Refused
        }
    }
}

fn step(op: Op, inputs: &[&TensorIr], output: &TensorIr) -> Lowered {
    Lowered::Step(Step { op, inputs: inputs.iter().map(|tensor| tensor.id).collect(), output: output.clone() })
}

fn unary(op: Unary, ir: &UnaryOpIr) -> Lowered {
    step(Op::Unary(op), &[&ir.input], &ir.out)
}

fn scalar(op: impl Fn(f64) -> Unary, ir: &ScalarOpIr) -> Lowered {
    step(Op::Unary(op(number(&ir.rhs))), &[&ir.lhs], &ir.out)
}

fn binary(op: Binary, ir: &BinaryOpIr) -> Lowered {
    step(Op::Binary(op), &[&ir.lhs, &ir.rhs], &ir.out)
}

fn reduce(op: impl Fn(Vec<usize>) -> Reduce, ir: &ReduceDimOpIr) -> Lowered {
    step(Op::Reduce(op(vec![ir.axis])), &[&ir.input], &ir.out)
}

fn discrete(op: Discrete, inputs: &[&TensorIr], output: &TensorIr) -> Lowered {
    step(Op::Discrete(op), inputs, output)
}

fn number(scalar: &ScalarIr) -> f64 {
    match *scalar {
        ScalarIr::Float(value) => value,
        ScalarIr::Int(value) => value as f64,
        ScalarIr::UInt(value) => value as f64,
        ScalarIr::Bool(value) => f64::from(u8::from(value)),
    }
}
