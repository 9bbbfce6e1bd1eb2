//! One derivative rule for each family of operations.
//!
//! A rule evaluates its operation and keeps what both products need; then it pushes tangents forward (jvp) and pulls
//! cotangents back (vjp). Tangents and cotangents carry one extra leading axis along which any number of them, `c`, are
//! stacked: a value of shape `[m, n]` has cotangents of shape `[c, m, n]`. All of them share what was kept.
//!
//! To add a family: its data in `trace::op`, its recording in `trace::lower`, its batch axis in `trace::batch`, a file
//! here, an arm in [`rule`], and a line of cases in `tests/it/rules/`.

mod arithmetic;
mod cast;
mod constant;
mod convolution;
mod cumulate;
mod discrete;
mod elementwise;
mod index;
mod layout;
mod mask;
mod matmul;
mod norm;
mod pool;
mod reduce;
mod series;
mod softmax;
mod taylor;

use crate::tensor::Array;
use crate::trace::Op;

/// The data kept of an operation after its evaluation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// Shapes of the inputs, without a leading axis for stacked vectors.
    pub shapes: Vec<Vec<usize>>,
    /// Shape of the output.
    pub output: Vec<usize>,
    /// The arrays that the rule keeps.
    pub arrays: Saved,
}

/// Arrays that a rule keeps, in an order of its own; `None` where only an inactive input would need an array.
pub(crate) type Saved = Vec<Option<Array>>;

impl Kept {
    /// Returns an array that the active inputs need.
    pub(crate) fn array(&self, index: usize) -> &Array {
        self.arrays[index].as_ref().expect("kept for the inputs that are active")
    }
}

/// Evaluation and derivative products of one family of operations.
///
/// Inputs are passed by value, so that an operation can work in place if no other operation needs its input.
pub(crate) trait Rule {
    /// Computes the value only, for operations without an active input.
    fn value(&self, inputs: Vec<Array>) -> Array;

    /// Computes the value, and the arrays that [`Rule::jvp`] and [`Rule::vjp`] need for the active inputs, in addition
    /// to the shapes. Arrays that only an inactive input would need are not kept, so frozen parts cost no memory.
    fn evaluate(&self, inputs: Vec<Array>, active: &[bool]) -> (Array, Saved);

    /// Computes the tangents `[c, ..]` of the output from those of the inputs; `None` means zero, and at least one is
    /// given.
    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array;

    /// Computes the cotangents `[c, ..]` of the wanted inputs from that of the output.
    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>>;

    /// Whether the products depend on the values of the inputs, and not on their shapes only.
    fn needs_values(&self) -> bool {
        true
    }
}

/// The rule of an operation; `None` if no derivative passes through it.
pub(crate) fn rule(op: &Op) -> Option<&dyn Rule> {
    match op {
        Op::Unary(op) => Some(op),
        Op::Binary(op) => Some(op),
        Op::Matmul(op) => Some(op),
        Op::Layout(op) => Some(op),
        Op::Cast(op) => Some(op),
        Op::Reduce(op) => Some(op),
        Op::Cumulate(op) => Some(op),
        Op::Softmax(op) => Some(op),
        Op::Conv(op) => Some(op),
        Op::Pool(op) => Some(op),
        Op::Norm(op) => Some(op),
        Op::Index(op) => Some(op),
        Op::Mask(op) => Some(op),
        Op::Taylor(op) => Some(op),
        Op::Discrete(_) | Op::Fill(_) | Op::Random(_) => None,
    }
}

/// The value of an operation that has no rule.
pub(crate) use constant::{constant, random};
pub(crate) use discrete::discrete;

/// Sums the contributions that are present.
fn total(terms: impl IntoIterator<Item = Option<Array>>) -> Array {
    terms.into_iter().flatten().reduce(Array::add).expect("a rule is called with at least one tangent")
}

/// The first of the tangents that are present.
fn given(tangents: &[Option<Array>]) -> &Array {
    tangents.iter().flatten().next().expect("a rule is called with at least one tangent")
}

/// The number of stacked vectors.
fn count(tangents: &[Option<Array>]) -> usize {
    given(tangents).shape()[0]
}

/// A shape with `count` vectors stacked in front.
fn stacked(count: usize, shape: &[usize]) -> Vec<usize> {
    [&[count], shape].concat()
}

/// Computes a cotangent only if it is wanted.
fn when(wanted: bool, cotangent: impl FnOnce() -> Array) -> Option<Array> {
    wanted.then(cotangent)
}
