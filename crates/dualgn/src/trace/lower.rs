//! Burn's recorded operations to ours. The matches name every operation of Burn's vocabulary and have no wildcard:
//! an operation that a later Burn adds is a compile error here and never a silent constant.

use burn::backend::ir::{
    ActivationOperationIr, BaseOperationIr, BinaryOpIr, BoolOperationIr, FloatOperationIr, ModuleOperationIr,
    NumericOperationIr, OperationIr, ReduceDimOpIr, ScalarIr, ScalarOpIr, TensorId, TensorIr, UnaryOpIr,
};

use super::op::{
    Binary, Comparison, Conv, Discrete, Extreme, Fill, Index, Layout, Mask, Matmul, Norm, Op, Pool, Reduce, Softmax,
    Unary,
};

/// One recorded operation in our terms: what it does, what it reads, what it makes.
pub(super) struct Lowered {
    pub op: Op,
    pub inputs: Vec<TensorId>,
    pub output: TensorIr,
}

/// `None` when there is no rule for the operation.
pub(super) fn lower(operation: &OperationIr) -> Option<Lowered> {
    match operation {
        OperationIr::BaseFloat(op) => base(op),
        OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => base(op).filter(moves_only),
        OperationIr::NumericFloat(_, op) => numeric(op),
        OperationIr::Float(_, op) => float(op),
        OperationIr::Module(op) => module(op),
        OperationIr::Activation(op) => activation(op),
        OperationIr::Bool(op) => boolean(op),
        OperationIr::NumericInt(..) | OperationIr::Int(_) | OperationIr::Custom(_) | OperationIr::Distributed(_) => {
            None
        }
        // A tensor that holds data is a value of the graph and not a node, so these are never asked for.
        OperationIr::Init(_) | OperationIr::Drop(_) => None,
    }
}

/// The name Burn gives an operation, such as `CumSum`.
pub(super) fn name(operation: &OperationIr) -> String {
    let debug = format!("{operation:?}");
    // `NumericFloat(F32, CumSum(DimOpIr { .. }))`: the last name before the description of its arguments.
    let head = debug.split('{').next().unwrap_or_default();
    let names: Vec<&str> = head.split(['(', ',', ' ']).filter(|part| !part.is_empty()).collect();
    let name = names.iter().rev().find(|part| !part.ends_with("Ir") && !part.starts_with("Box"));
    name.unwrap_or(&"operation").to_string()
}

fn moves_only(step: &Lowered) -> bool {
    matches!(step.op, Op::Layout(_) | Op::Index(Index::Select { .. }))
}

fn one(op: Op, inputs: &[&TensorIr], output: &TensorIr) -> Option<Lowered> {
    Some(Lowered { op, inputs: inputs.iter().map(|tensor| tensor.id).collect(), output: output.clone() })
}

fn unary(op: Unary, ir: &UnaryOpIr) -> Option<Lowered> {
    one(Op::Unary(op), &[&ir.input], &ir.out)
}

fn scalar(op: impl Fn(f64) -> Unary, ir: &ScalarOpIr) -> Option<Lowered> {
    one(Op::Unary(op(number(&ir.rhs))), &[&ir.lhs], &ir.out)
}

fn binary(op: Binary, ir: &BinaryOpIr) -> Option<Lowered> {
    one(Op::Binary(op), &[&ir.lhs, &ir.rhs], &ir.out)
}

fn compare(op: Comparison, ir: &BinaryOpIr) -> Option<Lowered> {
    one(Op::Discrete(Discrete::Compare(op)), &[&ir.lhs, &ir.rhs], &ir.out)
}

fn compare_scalar(op: Comparison, ir: &ScalarOpIr) -> Option<Lowered> {
    one(Op::Discrete(Discrete::CompareScalar(op, number(&ir.rhs))), &[&ir.lhs], &ir.out)
}

fn reduce(op: impl Fn(Vec<usize>) -> Reduce, ir: &ReduceDimOpIr) -> Option<Lowered> {
    one(Op::Reduce(op(vec![ir.axis])), &[&ir.input], &ir.out)
}

fn extreme(max: bool, axis: usize, input: &TensorIr, output: &TensorIr) -> Option<Lowered> {
    // Burn also records top-k reductions with this shape; only one element along the axis has a rule.
    if output.shape.as_slice()[axis] != 1 {
        return None;
    }
    one(Op::Extreme(Extreme { max, axis }), &[input], output)
}

fn number(scalar: &ScalarIr) -> f64 {
    match *scalar {
        ScalarIr::Float(value) => value,
        ScalarIr::Int(value) => value as f64,
        ScalarIr::UInt(value) => value as f64,
        ScalarIr::Bool(value) => f64::from(u8::from(value)),
    }
}

fn fill(value: f64, out: &TensorIr) -> Option<Lowered> {
    if !out.dtype.is_float() {
        return None;
    }
    one(Op::Fill(Fill { value, shape: out.shape.to_vec(), dtype: out.dtype }), &[], out)
}

fn base(op: &BaseOperationIr) -> Option<Lowered> {
    use BaseOperationIr as B;
    match op {
        B::Reshape(ir) => one(Op::Layout(Layout::Reshape(ir.out.shape.to_vec())), &[&ir.input], &ir.out),
        B::SwapDims(ir) => {
            let mut axes: Vec<usize> = (0..ir.input.shape.num_dims()).collect();
            axes.swap(ir.dim1, ir.dim2);
            one(Op::Layout(Layout::Permute(axes)), &[&ir.input], &ir.out)
        }
        B::Permute(ir) => one(Op::Layout(Layout::Permute(ir.axes.clone())), &[&ir.input], &ir.out),
        B::Expand(ir) => one(Op::Layout(Layout::Expand(ir.out.shape.to_vec())), &[&ir.input], &ir.out),
        B::Slice(ir) => one(Op::Layout(Layout::Slice(ir.ranges.clone())), &[&ir.tensor], &ir.out),
        B::Flip(ir) => one(Op::Layout(Layout::Flip(ir.axes.clone())), &[&ir.input], &ir.out),
        B::RepeatDim(ir) => one(Op::Layout(Layout::Repeat { axis: ir.dim, times: ir.times }), &[&ir.tensor], &ir.out),
        B::Cat(ir) => one(Op::Layout(Layout::Cat { axis: ir.dim }), &ir.tensors.iter().collect::<Vec<_>>(), &ir.out),
        B::Select(ir) => one(Op::Index(Index::Select { axis: ir.dim }), &[&ir.tensor, &ir.indices], &ir.out),
        B::MaskFill(ir) => one(Op::Mask(Mask::Fill(number(&ir.value))), &[&ir.tensor, &ir.mask], &ir.out),
        B::MaskWhere(ir) => one(Op::Mask(Mask::Where), &[&ir.tensor, &ir.mask, &ir.value], &ir.out),
        B::Equal(ir) => compare(Comparison::Equal, ir),
        B::NotEqual(ir) => compare(Comparison::NotEqual, ir),
        B::EqualElem(ir) => compare_scalar(Comparison::Equal, ir),
        B::NotEqualElem(ir) => compare_scalar(Comparison::NotEqual, ir),
        B::Zeros(ir) => fill(0.0, &ir.out),
        B::Ones(ir) => fill(1.0, &ir.out),
        B::Unfold(_)
        | B::SliceAssign(_)
        | B::SelectAssign(_)
        | B::Gather(_)
        | B::Scatter(_)
        | B::ScatterNd(_)
        | B::GatherNd(_)
        | B::Cast(_)
        | B::Empty(_)
        | B::All(_)
        | B::Any(_)
        | B::AllDim(_)
        | B::AnyDim(_) => None,
    }
}

fn numeric(op: &NumericOperationIr) -> Option<Lowered> {
    use NumericOperationIr as N;
    match op {
        N::Add(ir) => binary(Binary::Add, ir),
        N::Sub(ir) => binary(Binary::Sub, ir),
        N::Mul(ir) => binary(Binary::Mul, ir),
        N::Div(ir) => binary(Binary::Div, ir),
        N::AddScalar(ir) => scalar(Unary::AddScalar, ir),
        N::SubScalar(ir) => scalar(|value| Unary::AddScalar(-value), ir),
        N::MulScalar(ir) => scalar(Unary::MulScalar, ir),
        N::DivScalar(ir) => scalar(Unary::DivScalar, ir),
        N::PowiScalar(ir) => scalar(Unary::PowScalar, ir),
        N::Abs(ir) => unary(Unary::Abs, ir),
        N::Neg(ir) => unary(Unary::Neg, ir),
        N::Full(ir) => fill(number(&ir.value), &ir.out),
        N::Sum(ir) => one(Op::Reduce(Reduce::SumAll), &[&ir.input], &ir.out),
        N::Mean(ir) => one(Op::Reduce(Reduce::MeanAll), &[&ir.input], &ir.out),
        N::SumDim(ir) => reduce(Reduce::Sum, ir),
        N::MeanDim(ir) => reduce(Reduce::Mean, ir),
        N::SumDims(ir) => one(Op::Reduce(Reduce::Sum(ir.axes.clone())), &[&ir.input], &ir.out),
        N::MaxDim(ir) => extreme(true, ir.axis, &ir.input, &ir.out),
        N::MinDim(ir) => extreme(false, ir.axis, &ir.input, &ir.out),
        N::MaxDimWithIndices(ir) => extreme(true, ir.dim, &ir.tensor, &ir.out),
        N::MinDimWithIndices(ir) => extreme(false, ir.dim, &ir.tensor, &ir.out),
        N::Clamp(ir) => one(Op::Unary(Unary::Clamp(number(&ir.min), number(&ir.max))), &[&ir.tensor], &ir.out),
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
        N::Rem(_)
        | N::RemScalar(_)
        | N::Prod(_)
        | N::ProdDim(_)
        | N::ArgMax(_)
        | N::ArgTopK(_)
        | N::TopK(_)
        | N::TopKWithIndices(_)
        | N::ArgMin(_)
        | N::Max(_)
        | N::Min(_)
        | N::MaxAbs(_)
        | N::MaxAbsDim(_)
        | N::IntRandom(_)
        | N::Powi(_)
        | N::CumSum(_)
        | N::CumProd(_)
        | N::CumMin(_)
        | N::CumMax(_)
        | N::Sign(_)
        | N::Sort(_)
        | N::SortWithIndices(_)
        | N::ArgSort(_)
        | N::Pad(_) => None,
    }
}

fn float(op: &FloatOperationIr) -> Option<Lowered> {
    use FloatOperationIr as F;
    match op {
        F::Exp(ir) => unary(Unary::Exp, ir),
        F::Log(ir) => unary(Unary::Log, ir),
        F::Log1p(ir) => unary(Unary::Log1p, ir),
        F::Erf(ir) => unary(Unary::Erf, ir),
        F::Sqrt(ir) => unary(Unary::Sqrt, ir),
        F::Cos(ir) => unary(Unary::Cos, ir),
        F::Sin(ir) => unary(Unary::Sin, ir),
        F::Tanh(ir) => unary(Unary::Tanh, ir),
        F::Recip(ir) => unary(Unary::Recip, ir),
        F::PowfScalar(ir) => scalar(Unary::PowScalar, ir),
        F::Powf(ir) => binary(Binary::Pow, ir),
        F::Matmul(ir) => one(Op::Matmul(Matmul), &[&ir.lhs, &ir.rhs], &ir.out),
        F::Cosh(_)
        | F::Sinh(_)
        | F::Tan(_)
        | F::ArcCos(_)
        | F::ArcCosh(_)
        | F::ArcSin(_)
        | F::ArcSinh(_)
        | F::ArcTan(_)
        | F::ArcTanh(_)
        | F::ArcTan2(_)
        | F::Round(_)
        | F::Floor(_)
        | F::Ceil(_)
        | F::Trunc(_)
        | F::IntoInt(_)
        | F::Cross(_)
        | F::Random(_)
        | F::IsNan(_)
        | F::IsInf(_)
        | F::Quantize(_)
        | F::Dequantize(_)
        | F::GridSample2d(_)
        | F::Hypot(_) => None,
    }
}

fn activation(op: &ActivationOperationIr) -> Option<Lowered> {
    use ActivationOperationIr as A;
    match op {
        A::Relu(ir) => unary(Unary::Relu, ir),
        A::LeakyRelu(ir) => scalar(Unary::LeakyRelu, ir),
        A::Gelu(ir) => unary(Unary::Gelu, ir),
        A::Sigmoid(ir) => unary(Unary::Sigmoid, ir),
        A::LogSigmoid(ir) => unary(Unary::LogSigmoid, ir),
        A::Softmax(ir) => one(Op::Softmax(Softmax { log: false, axis: ir.axis }), &[&ir.input], &ir.out),
        A::LogSoftmax(ir) => one(Op::Softmax(Softmax { log: true, axis: ir.axis }), &[&ir.input], &ir.out),
        A::ReluBackward(_)
        | A::PRelu(_)
        | A::GeluBackward(_)
        | A::SigmoidBackward(_)
        | A::HardSigmoid(_)
        | A::LogSigmoidBackward(_)
        | A::Softmin(_) => None,
    }
}

fn boolean(op: &BoolOperationIr) -> Option<Lowered> {
    use BoolOperationIr as B;
    let discrete = |op, inputs: &[&TensorIr], out| one(Op::Discrete(op), inputs, out);
    match op {
        B::IntoFloat(ir) => discrete(Discrete::IntoFloat(ir.out.dtype), &[&ir.input], &ir.out),
        B::Not(ir) => discrete(Discrete::Not, &[&ir.input], &ir.out),
        B::And(ir) => discrete(Discrete::And, &[&ir.lhs, &ir.rhs], &ir.out),
        B::Or(ir) => discrete(Discrete::Or, &[&ir.lhs, &ir.rhs], &ir.out),
        B::Xor(ir) => discrete(Discrete::Xor, &[&ir.lhs, &ir.rhs], &ir.out),
        B::IntoInt(_) => None,
    }
}

fn module(op: &ModuleOperationIr) -> Option<Lowered> {
    use ModuleOperationIr as M;
    match op {
        M::Conv1d(ir) => {
            let o = &ir.options;
            let conv = Conv::One { stride: o.stride, padding: o.padding, dilation: o.dilation, groups: o.groups };
            one(Op::Conv(conv), &with_bias(&ir.x, &ir.weight, &ir.bias), &ir.out)
        }
        M::Conv2d(ir) => {
            let o = &ir.options;
            let conv = Conv::Two { stride: o.stride, padding: o.padding, dilation: o.dilation, groups: o.groups };
            one(Op::Conv(conv), &with_bias(&ir.x, &ir.weight, &ir.bias), &ir.out)
        }
        M::MaxPool2d(ir) => {
            pool(max_pool(ir.kernel_size, ir.stride, ir.padding, ir.dilation, ir.ceil_mode), &ir.x, &ir.out)
        }
        M::MaxPool2dWithIndices(ir) => {
            pool(max_pool(ir.kernel_size, ir.stride, ir.padding, ir.dilation, ir.ceil_mode), &ir.x, &ir.out)
        }
        // A pool over one axis is a pool over two, the first of which has length one: the rule reshapes.
        M::MaxPool1d(ir) => {
            let max = max_pool([1, ir.kernel_size], [1, ir.stride], [0, ir.padding], [1, ir.dilation], ir.ceil_mode);
            pool(max, &ir.x, &ir.out)
        }
        M::MaxPool1dWithIndices(ir) => {
            let max = max_pool([1, ir.kernel_size], [1, ir.stride], [0, ir.padding], [1, ir.dilation], ir.ceil_mode);
            pool(max, &ir.x, &ir.out)
        }
        M::AvgPool2d(ir) => {
            let (count_padding, ceil) = (ir.count_include_pad, ir.ceil_mode);
            let average =
                Pool::Average { kernel: ir.kernel_size, stride: ir.stride, padding: ir.padding, count_padding, ceil };
            pool(average, &ir.x, &ir.out)
        }
        M::AvgPool1d(ir) => {
            let (kernel, stride, padding) = ([1, ir.kernel_size], [1, ir.stride], [0, ir.padding]);
            let (count_padding, ceil) = (ir.count_include_pad, ir.ceil_mode);
            pool(Pool::Average { kernel, stride, padding, count_padding, ceil }, &ir.x, &ir.out)
        }
        M::AdaptiveAvgPool2d(ir) => pool(Pool::AdaptiveAverage { output: ir.output_size }, &ir.x, &ir.out),
        M::AdaptiveAvgPool1d(ir) => pool(Pool::AdaptiveAverage { output: [1, ir.output_size] }, &ir.x, &ir.out),
        M::LayerNorm(ir) => {
            let mut inputs = vec![&ir.input, &ir.gamma];
            inputs.extend(&ir.beta);
            one(Op::Norm(Norm::Layer { epsilon: number(&ir.epsilon) }), &inputs, &ir.out)
        }
        M::BatchNorm(ir) => {
            let inputs = [&ir.x, &ir.gamma, &ir.beta, &ir.mean, &ir.variance];
            one(Op::Norm(Norm::Batch { epsilon: number(&ir.epsilon) }), &inputs, &ir.out)
        }
        M::Embedding(ir) => one(Op::Index(Index::Embedding), &[&ir.weights, &ir.indices], &ir.out),
        M::Linear(_)
        | M::Conv3d(_)
        | M::DeformableConv2d(_)
        | M::ConvTranspose1d(_)
        | M::ConvTranspose2d(_)
        | M::ConvTranspose3d(_)
        | M::AdaptiveAvgPool3d(_)
        | M::Interpolate(_)
        | M::Attention(_)
        | M::CtcLoss(_)
        | M::Unfold4d(_) => None,
        // Derivatives written out by hand in a forward pass.
        M::EmbeddingBackward(_)
        | M::LinearXBackward(_)
        | M::LinearWeightBackward(_)
        | M::LinearBiasBackward(_)
        | M::Conv1dXBackward(_)
        | M::Conv1dWeightBackward(_)
        | M::Conv1dBiasBackward(_)
        | M::Conv2dXBackward(_)
        | M::Conv2dWeightBackward(_)
        | M::Conv2dBiasBackward(_)
        | M::Conv3dXBackward(_)
        | M::Conv3dWeightBackward(_)
        | M::Conv3dBiasBackward(_)
        | M::DeformableConv2dBackward(_)
        | M::AvgPool1dBackward(_)
        | M::AvgPool2dBackward(_)
        | M::AdaptiveAvgPool1dBackward(_)
        | M::AdaptiveAvgPool2dBackward(_)
        | M::AdaptiveAvgPool3dBackward(_)
        | M::MaxPool1dWithIndicesBackward(_)
        | M::MaxPool2dWithIndicesBackward(_)
        | M::InterpolateBackward(_)
        | M::CtcLossBackward(_)
        | M::ConvTranspose1dWeightBackward(_)
        | M::ConvTranspose1dBiasBackward(_)
        | M::ConvTranspose2dWeightBackward(_)
        | M::ConvTranspose2dBiasBackward(_)
        | M::ConvTranspose3dWeightBackward(_)
        | M::ConvTranspose3dBiasBackward(_) => None,
    }
}

fn with_bias<'a>(x: &'a TensorIr, weight: &'a TensorIr, bias: &'a Option<TensorIr>) -> Vec<&'a TensorIr> {
    let mut inputs = vec![x, weight];
    inputs.extend(bias);
    inputs
}

fn max_pool(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2], dilation: [usize; 2], ceil: bool) -> Pool {
    Pool::Max { kernel, stride, padding, dilation, ceil }
}

fn pool(pool: Pool, input: &TensorIr, output: &TensorIr) -> Option<Lowered> {
    one(Op::Pool(pool), &[input], output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::ir::DimOpIr;
    use burn::tensor::{DType, Shape};

    #[test]
    fn the_name_is_that_of_the_operation() {
        let tensor = |id| TensorIr::uninit(TensorId::new(id), Shape::from(vec![2, 3]), DType::F32);
        let ir = DimOpIr { input: tensor(0), out: tensor(1), axis: 0 };
        assert_eq!(name(&OperationIr::NumericFloat(DType::F32, NumericOperationIr::CumSum(ir.clone()))), "CumSum");
        assert_eq!(name(&OperationIr::Activation(ActivationOperationIr::Softmin(ir))), "Softmin");
    }
}
