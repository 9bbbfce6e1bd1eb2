//! Burn's recorded operations to ours.
//!
//! The tables of [`tensor`] and [`module`] say of each operation what becomes of it, one line each; those that others define
//! are written out in [`parts`].

mod module;
mod parts;
mod tensor;
mod vocabulary;

use burn::backend::ir::{BinaryOpIr, ReduceDimOpIr, ScalarIr, ScalarOpIr, TensorId, TensorIr, UnaryOpIr};

use super::op::{Binary, Discrete, Op, Reduce, Unary};

pub(super) use parts::define;
pub use vocabulary::{Operation, Support, operations};
pub(super) use vocabulary::{line, lower};

/// What an operation becomes.
pub(super) enum Lowered {
    /// One operation of ours.
    Step(Box<Step>),
    /// Several of Burn's, by [`define`].
    Parts,
    /// Nothing; its line says why.
    Refused,
}

/// One operation in our terms: what it does, what it reads, what it makes.
pub(super) struct Step {
    pub op: Op,
    pub inputs: Vec<TensorId>,
    pub output: TensorIr,
}

fn step(op: Op, inputs: &[&TensorIr], output: &TensorIr) -> Lowered {
    let inputs = inputs.iter().map(|tensor| tensor.id).collect();
    Lowered::Step(Box::new(Step { op, inputs, output: output.clone() }))
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
