//! Operations of tensors: base, numeric, float, integer and boolean.
//!
//! Base and numeric operations exist for several kinds. They are lowered alike: integers and booleans have no derivative,
//! and [`crate::tensor::Array`] finds the kind when it evaluates.

use burn::backend::ir::{
    BaseOperationIr, BinaryOpIr, BoolOperationIr, CastOpIr, FloatOperationIr, IntOperationIr, NumericOperationIr,
    ReduceDimOpIr, ScalarOpIr, TensorIr,
};
use burn::tensor::Slice;

use super::{Lowered, binary, discrete, number, reduce, scalar, step, unary};
use crate::trace::op::{
    Binary, Bits, Cast, Comparison, Cumulate, Discrete, Fill, Index, Layout, Logic, Mask, Matmul, Op, Position, Random,
    Reduce, Rounding, Unary,
};

pub(super) fn base(op: &BaseOperationIr) -> Lowered {
    use BaseOperationIr as B;
    let layout = |layout, input, output| step(Op::Layout(layout), &[input], output);
    match op {
        B::Reshape(ir) => layout(Layout::Reshape(ir.out.shape.to_vec()), &ir.input, &ir.out),
        B::SwapDims(ir) => {
            let mut axes: Vec<usize> = (0..ir.input.shape.num_dims()).collect();
            axes.swap(ir.dim1, ir.dim2);
            layout(Layout::Permute(axes), &ir.input, &ir.out)
        }
        B::Permute(ir) => layout(Layout::Permute(ir.axes.clone()), &ir.input, &ir.out),
        B::Expand(ir) => layout(Layout::Expand(ir.out.shape.to_vec()), &ir.input, &ir.out),
        B::Slice(ir) => layout(Layout::Slice(ranges(&ir.ranges, &ir.tensor)), &ir.tensor, &ir.out),
        B::SliceAssign(ir) => {
            step(Op::Layout(Layout::Assign(ranges(&ir.ranges, &ir.tensor))), &[&ir.tensor, &ir.value], &ir.out)
        }
        B::Flip(ir) => layout(Layout::Flip(ir.axes.clone()), &ir.input, &ir.out),
        B::RepeatDim(ir) => layout(Layout::Repeat { axis: ir.dim, times: ir.times }, &ir.tensor, &ir.out),
        B::Cat(ir) => step(Op::Layout(Layout::Cat { axis: ir.dim }), &ir.tensors.iter().collect::<Vec<_>>(), &ir.out),
        B::Select(ir) => step(Op::Index(Index::Select { axis: ir.dim }), &[&ir.tensor, &ir.indices], &ir.out),
        B::SelectAssign(ir) => {
            let index = Index::SelectInto { axis: ir.dim, update: ir.update };
            into(index, [&ir.tensor, &ir.indices, &ir.value], &ir.out)
        }
        B::Gather(ir) => step(Op::Index(Index::Gather { axis: ir.dim }), &[&ir.tensor, &ir.indices], &ir.out),
        B::Scatter(ir) => {
            let index = Index::GatherInto { axis: ir.dim, update: ir.update };
            into(index, [&ir.tensor, &ir.indices, &ir.value], &ir.out)
        }
        B::MaskFill(ir) => step(Op::Mask(Mask::Fill(number(&ir.value))), &[&ir.tensor, &ir.mask], &ir.out),
        B::MaskWhere(ir) => step(Op::Mask(Mask::Where), &[&ir.tensor, &ir.mask, &ir.value], &ir.out),
        B::Cast(ir) => cast(ir),
        B::Equal(ir) => compare(Comparison::Equal, ir),
        B::NotEqual(ir) => compare(Comparison::NotEqual, ir),
        B::EqualElem(ir) => compare_scalar(Comparison::Equal, ir),
        B::NotEqualElem(ir) => compare_scalar(Comparison::NotEqual, ir),
        B::All(ir) => discrete(Discrete::All(None), &[&ir.input], &ir.out),
        B::Any(ir) => discrete(Discrete::Any(None), &[&ir.input], &ir.out),
        B::AllDim(ir) => discrete(Discrete::All(Some(ir.axis)), &[&ir.input], &ir.out),
        B::AnyDim(ir) => discrete(Discrete::Any(Some(ir.axis)), &[&ir.input], &ir.out),
        // What an empty tensor holds is unspecified, and zero is as good as any.
        B::Zeros(ir) | B::Empty(ir) => fill(0.0, &ir.out),
        B::Ones(ir) => fill(1.0, &ir.out),
        B::Unfold(_) | B::ScatterNd(_) | B::GatherNd(_) => Lowered::Parts,
    }
}

pub(super) fn numeric(op: &NumericOperationIr) -> Lowered {
    use NumericOperationIr as N;
    match op {
        N::Add(ir) => binary(Binary::Add, ir),
        N::Sub(ir) => binary(Binary::Sub, ir),
        N::Mul(ir) => binary(Binary::Mul, ir),
        N::Div(ir) => binary(Binary::Div, ir),
        N::Rem(ir) => binary(Binary::Rem, ir),
        N::AddScalar(ir) => scalar(Unary::AddScalar, ir),
        N::SubScalar(ir) => scalar(|value| Unary::AddScalar(-value), ir),
        N::MulScalar(ir) => scalar(Unary::MulScalar, ir),
        N::DivScalar(ir) => scalar(Unary::DivScalar, ir),
        N::RemScalar(ir) => scalar(Unary::RemScalar, ir),
        N::PowiScalar(ir) => scalar(Unary::PowScalar, ir),
        N::Powi(ir) => binary(Binary::Pow, ir),
        N::Abs(ir) => unary(Unary::Abs, ir),
        N::Neg(ir) => unary(Unary::Neg, ir),
        N::Sign(ir) => discrete(Discrete::Round(Rounding::Sign), &[&ir.input], &ir.out),
        N::Full(ir) => fill(number(&ir.value), &ir.out),
        N::Sum(ir) => step(Op::Reduce(Reduce::SumAll), &[&ir.input], &ir.out),
        N::Mean(ir) => step(Op::Reduce(Reduce::MeanAll), &[&ir.input], &ir.out),
        N::SumDim(ir) => reduce(Reduce::Sum, ir),
        N::MeanDim(ir) => reduce(Reduce::Mean, ir),
        N::SumDims(ir) => step(Op::Reduce(Reduce::Sum(ir.axes.clone())), &[&ir.input], &ir.out),
        N::CumSum(ir) => step(Op::Cumulate(Cumulate { axis: ir.axis }), &[&ir.input], &ir.out),
        N::Clamp(ir) => step(Op::Unary(Unary::Clamp(number(&ir.min), number(&ir.max))), &[&ir.tensor], &ir.out),
        N::ClampMin(ir) => scalar(|min| Unary::Clamp(min, f64::INFINITY), ir),
        N::ClampMax(ir) => scalar(|max| Unary::Clamp(f64::NEG_INFINITY, max), ir),
        N::Greater(ir) => compare(Comparison::Greater, ir),
        N::GreaterEqual(ir) => compare(Comparison::GreaterEqual, ir),
        N::Lower(ir) => compare(Comparison::Lower, ir),
        N::LowerEqual(ir) => compare(Comparison::LowerEqual, ir),
        N::GreaterElem(ir) => compare_scalar(Comparison::Greater, ir),
        N::GreaterEqualElem(ir) => compare_scalar(Comparison::GreaterEqual, ir),
        N::LowerElem(ir) => compare_scalar(Comparison::Lower, ir),
        N::LowerEqualElem(ir) => compare_scalar(Comparison::LowerEqual, ir),
        N::ArgMax(ir) => position(Position::Max, ir),
        N::ArgMin(ir) => position(Position::Min, ir),
        N::ArgSort(ir) => {
            let sorted = Position::Sorted { axis: ir.dim, descending: ir.descending };
            discrete(Discrete::Position(sorted), &[&ir.input], &ir.out)
        }
        N::CumMax(ir) if !ir.input.dtype.is_float() => discrete(Discrete::CumMax(ir.axis), &[&ir.input], &ir.out),
        N::CumMin(ir) if !ir.input.dtype.is_float() => discrete(Discrete::CumMin(ir.axis), &[&ir.input], &ir.out),
        N::CumMax(_)
        | N::CumMin(_)
        | N::Prod(_)
        | N::ProdDim(_)
        | N::CumProd(_)
        | N::MaxDim(_)
        | N::MinDim(_)
        | N::MaxDimWithIndices(_)
        | N::MinDimWithIndices(_)
        | N::Max(_)
        | N::Min(_)
        | N::MaxAbs(_)
        | N::MaxAbsDim(_)
        | N::ArgTopK(_)
        | N::TopK(_)
        | N::TopKWithIndices(_)
        | N::Sort(_)
        | N::SortWithIndices(_)
        | N::Pad(_) => Lowered::Parts,
        N::IntRandom(_) => Lowered::Refused,
    }
}

pub(super) fn float(op: &FloatOperationIr) -> Lowered {
    use FloatOperationIr as F;
    match op {
        F::Exp(ir) => unary(Unary::Exp, ir),
        F::Log(ir) => unary(Unary::Log, ir),
        F::Log1p(ir) => unary(Unary::Log1p, ir),
        F::Erf(ir) => unary(Unary::Erf, ir),
        F::Sqrt(ir) => unary(Unary::Sqrt, ir),
        F::Cos(ir) => unary(Unary::Cos, ir),
        F::Cosh(ir) => unary(Unary::Cosh, ir),
        F::Sin(ir) => unary(Unary::Sin, ir),
        F::Sinh(ir) => unary(Unary::Sinh, ir),
        F::Tan(ir) => unary(Unary::Tan, ir),
        F::Tanh(ir) => unary(Unary::Tanh, ir),
        F::ArcCos(ir) => unary(Unary::Acos, ir),
        F::ArcCosh(ir) => unary(Unary::Acosh, ir),
        F::ArcSin(ir) => unary(Unary::Asin, ir),
        F::ArcSinh(ir) => unary(Unary::Asinh, ir),
        F::ArcTan(ir) => unary(Unary::Atan, ir),
        F::ArcTanh(ir) => unary(Unary::Atanh, ir),
        F::Recip(ir) => unary(Unary::Recip, ir),
        F::PowfScalar(ir) => scalar(Unary::PowScalar, ir),
        F::Powf(ir) => binary(Binary::Pow, ir),
        F::ArcTan2(ir) => binary(Binary::Atan2, ir),
        F::Hypot(ir) => binary(Binary::Hypot, ir),
        F::Matmul(ir) => step(Op::Matmul(Matmul), &[&ir.lhs, &ir.rhs], &ir.out),
        F::Round(ir) => discrete(Discrete::Round(Rounding::Round), &[&ir.input], &ir.out),
        F::Floor(ir) => discrete(Discrete::Round(Rounding::Floor), &[&ir.input], &ir.out),
        F::Ceil(ir) => discrete(Discrete::Round(Rounding::Ceil), &[&ir.input], &ir.out),
        F::Trunc(ir) => discrete(Discrete::Round(Rounding::Trunc), &[&ir.input], &ir.out),
        F::IntoInt(ir) => into_kind(ir),
        F::IsNan(ir) => discrete(Discrete::IsNan, &[&ir.input], &ir.out),
        F::IsInf(ir) => discrete(Discrete::IsInf, &[&ir.input], &ir.out),
        F::Random(ir) => {
            let random = Random { distribution: ir.distribution, shape: ir.out.shape.to_vec(), dtype: ir.out.dtype };
            step(Op::Random(random), &[], &ir.out)
        }
        F::Cross(_) | F::GridSample2d(_) => Lowered::Parts,
        F::Quantize(_) | F::Dequantize(_) => Lowered::Refused,
    }
}

pub(super) fn int(op: &IntOperationIr) -> Lowered {
    use IntOperationIr as I;
    let bits = |bits, ir: &BinaryOpIr| discrete(Discrete::Bits(bits), &[&ir.lhs, &ir.rhs], &ir.out);
    let bits_scalar =
        |bits, ir: &ScalarOpIr| discrete(Discrete::BitsScalar(bits, number(&ir.rhs) as i64), &[&ir.lhs], &ir.out);
    match op {
        I::IntoFloat(ir) => into_kind(ir),
        I::BitwiseAnd(ir) => bits(Bits::And, ir),
        I::BitwiseAndScalar(ir) => bits_scalar(Bits::And, ir),
        I::BitwiseOr(ir) => bits(Bits::Or, ir),
        I::BitwiseOrScalar(ir) => bits_scalar(Bits::Or, ir),
        I::BitwiseXor(ir) => bits(Bits::Xor, ir),
        I::BitwiseXorScalar(ir) => bits_scalar(Bits::Xor, ir),
        I::BitwiseNot(ir) => discrete(Discrete::BitsNot, &[&ir.input], &ir.out),
        I::BitwiseLeftShift(ir) => bits(Bits::ShiftLeft, ir),
        I::BitwiseLeftShiftScalar(ir) => bits_scalar(Bits::ShiftLeft, ir),
        I::BitwiseRightShift(ir) => bits(Bits::ShiftRight, ir),
        I::BitwiseRightShiftScalar(ir) => bits_scalar(Bits::ShiftRight, ir),
        I::Matmul(ir) => step(Op::Matmul(Matmul), &[&ir.lhs, &ir.rhs], &ir.out),
    }
}

pub(super) fn bool(op: &BoolOperationIr) -> Lowered {
    use BoolOperationIr as B;
    match op {
        B::IntoFloat(ir) | B::IntoInt(ir) => into_kind(ir),
        B::Not(ir) => discrete(Discrete::Logic(Logic::Not), &[&ir.input], &ir.out),
        B::And(ir) => discrete(Discrete::Logic(Logic::And), &[&ir.lhs, &ir.rhs], &ir.out),
        B::Or(ir) => discrete(Discrete::Logic(Logic::Or), &[&ir.lhs, &ir.rhs], &ir.out),
        B::Xor(ir) => discrete(Discrete::Logic(Logic::Xor), &[&ir.lhs, &ir.rhs], &ir.out),
    }
}

fn compare(op: Comparison, ir: &BinaryOpIr) -> Lowered {
    discrete(Discrete::Compare(op), &[&ir.lhs, &ir.rhs], &ir.out)
}

fn compare_scalar(op: Comparison, ir: &ScalarOpIr) -> Lowered {
    discrete(Discrete::CompareScalar(op, number(&ir.rhs)), &[&ir.lhs], &ir.out)
}

fn position(op: impl Fn(usize) -> Position, ir: &ReduceDimOpIr) -> Lowered {
    discrete(Discrete::Position(op(ir.axis)), &[&ir.input], &ir.out)
}

fn cast(ir: &CastOpIr) -> Lowered {
    let (from, to) = (ir.input.dtype, ir.out.dtype);
    if from.is_float() { step(Op::Cast(Cast { from, to }), &[&ir.input], &ir.out) } else { into_kind(ir) }
}

fn into_kind(ir: &CastOpIr) -> Lowered {
    discrete(Discrete::Convert(ir.out.dtype), &[&ir.input], &ir.out)
}

fn fill(value: f64, out: &TensorIr) -> Lowered {
    step(Op::Fill(Fill { value, shape: out.shape.to_vec(), dtype: out.dtype }), &[], out)
}

/// Burn puts integer positions to work without asking for a derivative, except for these that write into an array: only
/// sums and replacements are linear in what is written.
fn into(index: Index, inputs: [&TensorIr; 3], output: &TensorIr) -> Lowered {
    use burn::tensor::IndexingUpdateOp as Update;
    let (Index::SelectInto { update, .. } | Index::GatherInto { update, .. }) = index else { unreachable!() };
    match update {
        Update::Assign | Update::Add => step(Op::Index(index), &inputs, output),
        Update::Mul | Update::Min | Update::Max => Lowered::Refused,
    }
}

/// Ranges of all axes; whole axes are left open, so that they fit any batch.
fn ranges(slices: &[Slice], tensor: &TensorIr) -> Vec<Slice> {
    let shape = tensor.shape.to_vec();
    let range = |(axis, &length): (usize, &usize)| match slices.get(axis) {
        Some(slice) if slice.start == 0 && slice.step == 1 && slice.end.is_none_or(|end| end == length as isize) => {
            Slice::full()
        }
        Some(slice) => *slice,
        None => Slice::full(),
    };
    shape.iter().enumerate().map(range).collect()
}
