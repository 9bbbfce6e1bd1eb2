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

/// What is known of an operation after it was evaluated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// Shapes of the inputs, without a leading axis for stacked vectors.
    pub shapes: Vec<Vec<usize>>,
    /// Shape of the output.
    pub output: Vec<usize>,
    /// What the rule chose to keep.
    pub arrays: Saved,
}

/// Arrays that a rule keeps, in an order of its own; `None` where only an inactive input would need one.
pub(crate) type Saved = Vec<Option<Array>>;

impl Kept {
    /// An array that the active inputs need.
    pub fn array(&self, index: usize) -> &Array {
        self.arrays[index].as_ref().expect("kept for the inputs that are active")
    }
}

/// Evaluation and derivative products of one family of operations.
///
/// Inputs are handed over, so that an operation whose input nobody else needs can work in its place.
pub(crate) trait Rule {
    /// The value alone, for operations without an active input.
    fn value(&self, inputs: Vec<Array>) -> Array;

    /// The value, and the arrays that [`Rule::jvp`] and [`Rule::vjp`] will need besides the shapes, for those inputs that
    /// are active. What only a constant input would need is not kept: a frozen part costs no memory.
    fn evaluate(&self, inputs: Vec<Array>, active: &[bool]) -> (Array, Saved);

    /// The tangents `[c, ..]` of the output, given those of the inputs; `None` is zero, and at least one is given.
    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array;

    /// The cotangents `[c, ..]` of those inputs that are wanted, given that of the output.
    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>>;

    /// Whether the products depend on the values of the inputs, or on their shapes alone.
    fn needs_values(&self) -> bool {
        true
    }
}

/// The rule of an operation; `None` when no derivative passes through it.
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

/// Sums the contributions that are there.
fn total(terms: impl IntoIterator<Item = Option<Array>>) -> Array {
    terms.into_iter().flatten().reduce(Array::add).expect("a rule is called with at least one tangent")
}

/// The number of stacked vectors.
fn count(tangents: &[Option<Array>]) -> usize {
    tangents.iter().flatten().next().expect("a rule is called with at least one tangent").shape()[0]
}

/// A shape with `count` vectors stacked in front.
fn stacked(count: usize, shape: &[usize]) -> Vec<usize> {
    [&[count], shape].concat()
}

/// Computes a cotangent only if it is wanted.
fn when(wanted: bool, cotangent: impl FnOnce() -> Array) -> Option<Array> {
    wanted.then(cotangent)
}
