//! The translation of a recorded operation, and shorthands for the tables.

use burn::backend::ir::{BinaryOpIr, ReduceDimOpIr, ScalarIr, ScalarOpIr, TensorId, TensorIr, UnaryOpIr};

use crate::trace::op::{Binary, Discrete, Op, Reduce, Unary};

/// The translation of an operation.
pub(in crate::trace) enum Lowered {
    /// One operation of the graph.
    Step(Box<Step>),
    /// Several operations of Burn, given by [`super::define`].
    Parts,
    /// Not supported; the table entry gives the reason.
    Refused,
}

/// One operation of the graph, with its inputs and its output.
pub(in crate::trace) struct Step {
    pub op: Op,
    pub inputs: Vec<TensorId>,
    pub output: TensorIr,
}

pub(super) fn step(op: Op, inputs: &[&TensorIr], output: &TensorIr) -> Lowered {
    let inputs = inputs.iter().map(|tensor| tensor.id).collect();
    Lowered::Step(Box::new(Step { op, inputs, output: output.clone() }))
}

pub(super) fn unary(op: Unary, ir: &UnaryOpIr) -> Lowered {
    step(Op::Unary(op), &[&ir.input], &ir.out)
}

pub(super) fn scalar(op: impl Fn(f64) -> Unary, ir: &ScalarOpIr) -> Lowered {
    step(Op::Unary(op(number(&ir.rhs))), &[&ir.lhs], &ir.out)
}

pub(super) fn binary(op: Binary, ir: &BinaryOpIr) -> Lowered {
    step(Op::Binary(op), &[&ir.lhs, &ir.rhs], &ir.out)
}

pub(super) fn reduce(op: impl Fn(Vec<usize>) -> Reduce, ir: &ReduceDimOpIr) -> Lowered {
    step(Op::Reduce(op(vec![ir.axis])), &[&ir.input], &ir.out)
}

pub(super) fn discrete(op: Discrete, inputs: &[&TensorIr], output: &TensorIr) -> Lowered {
    step(Op::Discrete(op), inputs, output)
}

pub(super) fn number(scalar: &ScalarIr) -> f64 {
    match *scalar {
        ScalarIr::Float(value) => value,
        ScalarIr::Int(value) => value as f64,
        ScalarIr::UInt(value) => value as f64,
        ScalarIr::Bool(value) => f64::from(u8::from(value)),
    }
}
