//! One derivative rule for each family of operations.
//!
//! A rule evaluates its operation and keeps what both products need; then it pushes tangents forward (jvp) and pulls
//! cotangents back (vjp). Tangents and cotangents carry one extra leading axis along which any number of them, `c`, are
//! stacked: a value of shape `[m, n]` has cotangents of shape `[c, m, n]`. All of them share what was kept.
//!
//! To add a family: its data in `trace::op`, its recording in `trace::lower`, its batch axis in `trace::batch`, a file
//! here, an arm in [`rule`], and a row of cases in `tests/rules.rs`.

mod arithmetic;
mod convolution;
mod discrete;
mod elementwise;
mod extreme;
mod index;
mod layout;
mod mask;
mod matmul;
mod norm;
mod pool;
mod reduce;
mod softmax;

use crate::tensor::Array;
use crate::trace::Op;

/// What an operation gives: its value and what its products need.
pub(crate) struct Evaluated {
    pub output: Array,
    pub saved: Vec<Array>,
}

/// Evaluation and derivative products of one family of operations.
pub(crate) trait Rule {
    /// The value alone, for operations without an active input.
    fn value(&self, inputs: &[Array]) -> Array;

    /// The value, and what [`Rule::jvp`] and [`Rule::vjp`] will be handed.
    fn evaluate(&self, inputs: &[Array]) -> Evaluated;

    /// The tangents `[c, ..]` of the output, given those of the inputs; `None` is zero, and at least one is given.
    fn jvp(&self, saved: &[Array], tangents: &[Option<Array>]) -> Array;

    /// The cotangents `[c, ..]` of those inputs that are wanted, given that of the output.
    fn vjp(&self, saved: &[Array], cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>>;
}

/// The rule of an operation; `None` when no derivative passes through it.
pub(crate) fn rule(op: &Op) -> Option<&dyn Rule> {
    match op {
        Op::Unary(op) => Some(op),
        Op::Binary(op) => Some(op),
        Op::Matmul(op) => Some(op),
        Op::Layout(op) => Some(op),
        Op::Reduce(op) => Some(op),
        Op::Extreme(op) => Some(op),
        Op::Softmax(op) => Some(op),
        Op::Conv(op) => Some(op),
        Op::Pool(op) => Some(op),
        Op::Norm(op) => Some(op),
        Op::Index(op) => Some(op),
        Op::Mask(op) => Some(op),
        Op::Discrete(_) | Op::Fill(_) => None,
    }
}

/// The value of an operation that has no rule.
pub(crate) use discrete::{constant, discrete};

/// Sums the contributions that are there.
fn total(terms: impl IntoIterator<Item = Option<Array>>) -> Array {
    terms.into_iter().flatten().reduce(Array::add).expect("a rule is called with at least one tangent")
}

/// Computes a cotangent only if it is wanted.
fn when(wanted: bool, cotangent: impl FnOnce() -> Array) -> Option<Array> {
    wanted.then(cotangent)
}
