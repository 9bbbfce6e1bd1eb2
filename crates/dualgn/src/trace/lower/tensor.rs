//! Operations of tensors: base, numeric, float, integer and boolean.
//!
//! Base and numeric operations exist for several kinds of tensors. They are lowered alike: integers and booleans have
//! no derivative, and [`crate::tensor::Array`] determines the kind on evaluation.

use burn::backend::ir::{
    BaseOperationIr, BinaryOpIr, BoolOperationIr, CastOpIr, DimOpIr, FloatOperationIr, IntOperationIr,
    NumericOperationIr, ScalarIr, ScalarOpIr, SliceAssignOpIr, SwapDimsOpIr, TensorIr,
};
use burn::tensor::{IndexingUpdateOp, Slice};

use super::step::{Lowered, binary, discrete, number, reduce, scalar, step, unary};
use super::vocabulary::Support::{self, Parts, Refused, Rule, Value};
use super::vocabulary::{Operation, vocabulary};
use crate::trace::op::{
    Binary, Bits, Cast, Comparison, Cumulate, Discrete, Fill, Index, Layout, Logic, Mask, Matmul, Op, Position, Random,
    Reduce, Rounding, Unary,
};

vocabulary! {
    base: BaseOperationIr {
        Rule("layout") => {
            Reshape(ir) => layout(Layout::Reshape(ir.out.shape.to_vec()), &ir.input, &ir.out),
            SwapDims(ir) => swap(ir),
            Permute(ir) => layout(Layout::Permute(ir.axes.clone()), &ir.input, &ir.out),
            Expand(ir) => layout(Layout::Expand(ir.out.shape.to_vec()), &ir.input, &ir.out),
            Flip(ir) => layout(Layout::Flip(ir.axes.clone()), &ir.input, &ir.out),
            Slice(ir) => layout(Layout::Slice(ranges(&ir.ranges, &ir.tensor)), &ir.tensor, &ir.out),
            SliceAssign(ir) => assign(ir),
            RepeatDim(ir) => layout(Layout::Repeat { axis: ir.dim, times: ir.times }, &ir.tensor, &ir.out),
            Cat(ir) => step(Op::Layout(Layout::Cat { axis: ir.dim }), &ir.tensors.iter().collect::<Vec<_>>(), &ir.out),
        }
        Rule("index") => {
            Select(ir) => step(Op::Index(Index::Select { axis: ir.dim }), &[&ir.tensor, &ir.indices], &ir.out),
            SelectAssign(ir) => into(
                Index::SelectInto { axis: ir.dim, update: ir.update },
                ir.update,
                [&ir.tensor, &ir.indices, &ir.value],
                &ir.out,
            ),
            Gather(ir) => step(Op::Index(Index::Gather { axis: ir.dim }), &[&ir.tensor, &ir.indices], &ir.out),
            Scatter(ir) => into(
                Index::GatherInto { axis: ir.dim, update: ir.update },
                ir.update,
                [&ir.tensor, &ir.indices, &ir.value],
                &ir.out,
            ),
        }
        Rule("mask") => {
            MaskWhere(ir) => step(Op::Mask(Mask::Where), &[&ir.tensor, &ir.mask, &ir.value], &ir.out),
            MaskFill(ir) => step(Op::Mask(Mask::Fill(number(&ir.value))), &[&ir.tensor, &ir.mask], &ir.out),
        }
        Rule("cast") => {
            Cast(ir) => cast(ir),
        }
        Value => {
            Equal(ir) => compare(Comparison::Equal, ir),
            EqualElem(ir) => compare_scalar(Comparison::Equal, ir),
            NotEqual(ir) => compare(Comparison::NotEqual, ir),
            NotEqualElem(ir) => compare_scalar(Comparison::NotEqual, ir),
            All(ir) => discrete(Discrete::All(None), &[&ir.input], &ir.out),
            Any(ir) => discrete(Discrete::Any(None), &[&ir.input], &ir.out),
            AllDim(ir) => discrete(Discrete::All(Some(ir.axis)), &[&ir.input], &ir.out),
            AnyDim(ir) => discrete(Discrete::Any(Some(ir.axis)), &[&ir.input], &ir.out),
            Zeros(ir) => fill(0.0, &ir.out),
            Ones(ir) => fill(1.0, &ir.out),
            // The content of an empty tensor is unspecified, so zero will do.
            Empty(ir) => fill(0.0, &ir.out),
        };
        Parts("select, reshape") => [GatherNd ScatterNd Unfold]
    }
}

vocabulary! {
    numeric: NumericOperationIr {
        Rule("arithmetic") => {
            Add(ir) => binary(Binary::Add, ir),
            Sub(ir) => binary(Binary::Sub, ir),
            Mul(ir) => binary(Binary::Mul, ir),
            Div(ir) => binary(Binary::Div, ir),
            Rem(ir) => binary(Binary::Rem, ir),
        }
        Rule("elementwise") => {
            AddScalar(ir) => scalar(Unary::AddScalar, ir),
            SubScalar(ir) => scalar(|value| Unary::AddScalar(-value), ir),
            MulScalar(ir) => scalar(Unary::MulScalar, ir),
            DivScalar(ir) => scalar(Unary::DivScalar, ir),
            RemScalar(ir) => scalar(Unary::RemScalar, ir),
            PowiScalar(ir) => scalar(Unary::PowScalar, ir),
            Abs(ir) => unary(Unary::Abs, ir),
            Neg(ir) => unary(Unary::Neg, ir),
            Clamp(ir) => step(Op::Unary(Unary::Clamp(number(&ir.min), number(&ir.max))), &[&ir.tensor], &ir.out),
            ClampMin(ir) => scalar(|min| Unary::Clamp(min, f64::INFINITY), ir),
            ClampMax(ir) => scalar(|max| Unary::Clamp(f64::NEG_INFINITY, max), ir),
        }
        Rule("reduce") => {
            Sum(ir) => step(Op::Reduce(Reduce::SumAll), &[&ir.input], &ir.out),
            SumDim(ir) => reduce(Reduce::Sum, ir),
            SumDims(ir) => step(Op::Reduce(Reduce::Sum(ir.axes.clone())), &[&ir.input], &ir.out),
            Mean(ir) => step(Op::Reduce(Reduce::MeanAll), &[&ir.input], &ir.out),
            MeanDim(ir) => reduce(Reduce::Mean, ir),
        }
        Rule("cumulate") => {
            CumSum(ir) => step(Op::Cumulate(Cumulate { axis: ir.axis }), &[&ir.input], &ir.out),
        }
        Parts("comparison, mask") => {
            CumMax(ir) => if ir.input.dtype.is_float() { Lowered::Parts } else { running(Discrete::CumMax, ir) },
            CumMin(ir) => if ir.input.dtype.is_float() { Lowered::Parts } else { running(Discrete::CumMin, ir) },
        }
        Value => {
            Full(ir) => fill(number(&ir.value), &ir.out),
            // Of integers: Burn raises floats to powers by other operations.
            Powi(ir) => if ir.lhs.dtype.is_float() { Lowered::Refused } else { binary(Binary::Pow, ir) },
            Sign(ir) => discrete(Discrete::Round(Rounding::Sign), &[&ir.input], &ir.out),
            Greater(ir) => compare(Comparison::Greater, ir),
            GreaterElem(ir) => compare_scalar(Comparison::Greater, ir),
            GreaterEqual(ir) => compare(Comparison::GreaterEqual, ir),
            GreaterEqualElem(ir) => compare_scalar(Comparison::GreaterEqual, ir),
            Lower(ir) => compare(Comparison::Lower, ir),
            LowerElem(ir) => compare_scalar(Comparison::Lower, ir),
            LowerEqual(ir) => compare(Comparison::LowerEqual, ir),
            LowerEqualElem(ir) => compare_scalar(Comparison::LowerEqual, ir),
            ArgMax(ir) => position(Position::Max(ir.axis), &ir.input, &ir.out),
            ArgMin(ir) => position(Position::Min(ir.axis), &ir.input, &ir.out),
            ArgSort(ir) => position(Position::Sorted { axis: ir.dim, descending: ir.descending }, &ir.input, &ir.out),
            // Sorted and cut.
            ArgTopK(_) => Lowered::Parts,
        };
        Parts("argmax or argmin, gather") =>
            [Max Min MaxDim MinDim MaxDimWithIndices MinDimWithIndices MaxAbs MaxAbsDim]
        Parts("argsort, gather") => [Sort SortWithIndices TopK TopKWithIndices]
        Parts("products of halves") => [Prod ProdDim CumProd]
        Parts("slice, flip, expand, cat") => [Pad]
        Refused("random integers make the network another function each time; draw them outside and pass them as an input")
            => [IntRandom]
    }
}

vocabulary! {
    float: FloatOperationIr {
        Rule("elementwise") => {
            Exp(ir) => unary(Unary::Exp, ir),
            Log(ir) => unary(Unary::Log, ir),
            Log1p(ir) => unary(Unary::Log1p, ir),
            Erf(ir) => unary(Unary::Erf, ir),
            PowfScalar(ir) => scalar(Unary::PowScalar, ir),
            Sqrt(ir) => unary(Unary::Sqrt, ir),
            Cos(ir) => unary(Unary::Cos, ir),
            Cosh(ir) => unary(Unary::Cosh, ir),
            Sin(ir) => unary(Unary::Sin, ir),
            Sinh(ir) => unary(Unary::Sinh, ir),
            Tan(ir) => unary(Unary::Tan, ir),
            Tanh(ir) => unary(Unary::Tanh, ir),
            ArcCos(ir) => unary(Unary::Acos, ir),
            ArcCosh(ir) => unary(Unary::Acosh, ir),
            ArcSin(ir) => unary(Unary::Asin, ir),
            ArcSinh(ir) => unary(Unary::Asinh, ir),
            ArcTan(ir) => unary(Unary::Atan, ir),
            ArcTanh(ir) => unary(Unary::Atanh, ir),
            Recip(ir) => unary(Unary::Recip, ir),
        }
        Rule("arithmetic") => {
            ArcTan2(ir) => binary(Binary::Atan2, ir),
            Powf(ir) => binary(Binary::Pow, ir),
            Hypot(ir) => binary(Binary::Hypot, ir),
        }
        Rule("matmul") => {
            Matmul(ir) => step(Op::Matmul(Matmul), &[&ir.lhs, &ir.rhs], &ir.out),
        }
        Value => {
            Round(ir) => discrete(Discrete::Round(Rounding::Round), &[&ir.input], &ir.out),
            Floor(ir) => discrete(Discrete::Round(Rounding::Floor), &[&ir.input], &ir.out),
            Ceil(ir) => discrete(Discrete::Round(Rounding::Ceil), &[&ir.input], &ir.out),
            Trunc(ir) => discrete(Discrete::Round(Rounding::Trunc), &[&ir.input], &ir.out),
            IntoInt(ir) => into_kind(ir),
            IsNan(ir) => discrete(Discrete::IsNan, &[&ir.input], &ir.out),
            IsInf(ir) => discrete(Discrete::IsInf, &[&ir.input], &ir.out),
        }
        Refused("random numbers make the network another function each time; pass them as an input, or allow them with \
            `Tracing::random`, which fixes them during each direction") => {
            Random(ir) => step(
                Op::Random(Random { distribution: ir.distribution, shape: ir.out.shape.to_vec(), dtype: ir.out.dtype }),
                &[],
                &ir.out,
            ),
        };
        Parts("select, products, differences") => [Cross]
        Parts("floor, gather, products") => [GridSample2d]
        Refused("quantized tensors have no derivative; train in floats and quantize afterwards") =>
            [Quantize Dequantize]
    }
}

vocabulary! {
    int: IntOperationIr {
        Value => {
            IntoFloat(ir) => into_kind(ir),
            BitwiseAnd(ir) => bits(Bits::And, ir),
            BitwiseAndScalar(ir) => bits_scalar(Bits::And, ir),
            BitwiseOr(ir) => bits(Bits::Or, ir),
            BitwiseOrScalar(ir) => bits_scalar(Bits::Or, ir),
            BitwiseXor(ir) => bits(Bits::Xor, ir),
            BitwiseXorScalar(ir) => bits_scalar(Bits::Xor, ir),
            BitwiseNot(ir) => discrete(Discrete::BitsNot, &[&ir.input], &ir.out),
            BitwiseLeftShift(ir) => bits(Bits::ShiftLeft, ir),
            BitwiseLeftShiftScalar(ir) => bits_scalar(Bits::ShiftLeft, ir),
            BitwiseRightShift(ir) => bits(Bits::ShiftRight, ir),
            BitwiseRightShiftScalar(ir) => bits_scalar(Bits::ShiftRight, ir),
            Matmul(ir) => step(Op::Matmul(Matmul), &[&ir.lhs, &ir.rhs], &ir.out),
        }
    }
}

vocabulary! {
    bool: BoolOperationIr {
        Value => {
            IntoFloat(ir) => into_kind(ir),
            IntoInt(ir) => into_kind(ir),
            Not(ir) => discrete(Discrete::Logic(Logic::Not), &[&ir.input], &ir.out),
            And(ir) => discrete(Discrete::Logic(Logic::And), &[&ir.lhs, &ir.rhs], &ir.out),
            Or(ir) => discrete(Discrete::Logic(Logic::Or), &[&ir.lhs, &ir.rhs], &ir.out),
            Xor(ir) => discrete(Discrete::Logic(Logic::Xor), &[&ir.lhs, &ir.rhs], &ir.out),
        }
    }
}

fn layout(layout: Layout, input: &TensorIr, output: &TensorIr) -> Lowered {
    step(Op::Layout(layout), &[input], output)
}

fn swap(ir: &SwapDimsOpIr) -> Lowered {
    let mut axes: Vec<usize> = (0..ir.input.shape.num_dims()).collect();
    axes.swap(ir.dim1, ir.dim2);
    layout(Layout::Permute(axes), &ir.input, &ir.out)
}

fn assign(ir: &SliceAssignOpIr) -> Lowered {
    step(Op::Layout(Layout::Assign(ranges(&ir.ranges, &ir.tensor))), &[&ir.tensor, &ir.value], &ir.out)
}

fn compare(op: Comparison, ir: &BinaryOpIr) -> Lowered {
    discrete(Discrete::Compare(op), &[&ir.lhs, &ir.rhs], &ir.out)
}

fn compare_scalar(op: Comparison, ir: &ScalarOpIr) -> Lowered {
    discrete(Discrete::CompareScalar(op, number(&ir.rhs)), &[&ir.lhs], &ir.out)
}

fn bits(op: Bits, ir: &BinaryOpIr) -> Lowered {
    discrete(Discrete::Bits(op), &[&ir.lhs, &ir.rhs], &ir.out)
}

fn bits_scalar(op: Bits, ir: &ScalarOpIr) -> Lowered {
    let bits = match ir.rhs {
        ScalarIr::Int(bits) => bits,
        ScalarIr::UInt(bits) => bits as i64,
        ref other => number(other) as i64,
    };
    discrete(Discrete::BitsScalar(op, bits), &[&ir.lhs], &ir.out)
}

fn position(position: Position, input: &TensorIr, output: &TensorIr) -> Lowered {
    discrete(Discrete::Position(position), &[input], output)
}

fn running(op: impl Fn(usize) -> Discrete, ir: &DimOpIr) -> Lowered {
    discrete(op(ir.axis), &[&ir.input], &ir.out)
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

/// For floats, only sums and replacements are linear in the written value.
fn into(index: Index, update: IndexingUpdateOp, inputs: [&TensorIr; 3], output: &TensorIr) -> Lowered {
    match update {
        IndexingUpdateOp::Assign | IndexingUpdateOp::Add => step(Op::Index(index), &inputs, output),
        _ if !output.dtype.is_float() => step(Op::Index(index), &inputs, output),
        IndexingUpdateOp::Mul | IndexingUpdateOp::Min | IndexingUpdateOp::Max => Lowered::Refused,
    }
}

/// Ranges of all axes; whole axes are left open-ended, so that they fit any batch.
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
