//! Burn's vocabulary of operations, and what becomes of each of them here.
//!
//! The table names every operation of every family of `burn-ir`, and so do the matches made of it: an operation that a
//! later Burn adds is a compile error and never a silent constant. How an operation is translated stands in
//! [`super::lower`]; the tests hold that the two agree.

use Support::{Parts, Refused, Rule, Value};
use burn::backend::ir::{
    ActivationOperationIr, BaseOperationIr, BoolOperationIr, DistributedOperationIr, FloatOperationIr, IntOperationIr,
    ModuleOperationIr, NumericOperationIr, OperationIr,
};

/// What becomes of an operation of Burn when a network is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Support {
    /// Differentiated by a rule of the family of this name.
    Rule(&'static str),
    /// Expressed by the operations named, each of which has a rule.
    Parts(&'static str),
    /// Evaluated. It has no derivative, or is constant between its jumps, where the derivative is zero.
    Value,
    /// An error when the output depends on it, for the reason given.
    Refused(&'static str),
}

/// One operation of Burn's vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// Burn's family: base, numeric, float, int, bool, module, activation or other.
    pub family: &'static str,
    /// Burn's name.
    pub name: &'static str,
    /// What becomes of it.
    pub support: Support,
}

/// All operations that Burn can record, in the order of Burn's families.
pub fn operations() -> &'static [Operation] {
    OPERATIONS
}

/// Makes, for each family, a match from the recorded operation to its line, and one table of all lines.
macro_rules! vocabulary {
    ($($family:ident: $ir:ident { $($support:expr => $($name:ident)+;)* })*) => {
        const OPERATIONS: &[Operation] = &[
            $($($(Operation {
                family: stringify!($family),
                name: stringify!($name),
                support: $support,
            },)+)*)*
            CUSTOM,
            CONSTANT,
        ];

        $(fn $family(operation: &$ir) -> &'static Operation {
            let name = match operation {
                $($($ir::$name { .. } => stringify!($name),)+)*
            };
            find(stringify!($family), name)
        })*
    };
}

const CUSTOM: Operation = Operation {
    family: "other",
    name: "Custom",
    support: Refused("custom operations are known by name only; write them as Burn tensor operations"),
};

/// A tensor made from data, and the end of a tensor's life: no operations of the network.
const CONSTANT: Operation = Operation { family: "other", name: "Init", support: Value };

const BACKWARD: &str =
    "it is a derivative written out by hand; return the function itself and let it be differentiated";

vocabulary! {
    base: BaseOperationIr {
        Rule("layout") => Reshape SwapDims Permute Expand Flip Slice SliceAssign RepeatDim Cat;
        Rule("index") => Select SelectAssign Gather Scatter;
        Rule("mask") => MaskWhere MaskFill;
        Rule("cast") => Cast;
        Parts("select, reshape") => GatherNd ScatterNd Unfold;
        Value => Equal EqualElem NotEqual NotEqualElem All Any AllDim AnyDim Zeros Ones Empty;
    }
    numeric: NumericOperationIr {
        Rule("arithmetic") => Add Sub Mul Div Rem Powi;
        Rule("elementwise") => AddScalar SubScalar MulScalar DivScalar RemScalar PowiScalar Abs Neg Clamp ClampMin ClampMax;
        Rule("reduce") => Sum SumDim SumDims Mean MeanDim;
        Rule("cumulate") => CumSum;
        Parts("argmax or argmin, gather") => Max Min MaxDim MinDim MaxDimWithIndices MinDimWithIndices MaxAbs MaxAbsDim;
        Parts("argsort, gather") => Sort SortWithIndices TopK TopKWithIndices;
        Parts("positions of the extremes so far, gather") => CumMax CumMin;
        Parts("products of halves") => Prod ProdDim CumProd;
        Parts("slice, flip, expand, cat") => Pad;
        Value => Full Sign Greater GreaterElem GreaterEqual GreaterEqualElem Lower LowerElem LowerEqual LowerEqualElem ArgMax
            ArgMin ArgTopK ArgSort;
        Refused("random integers make the network another function each time; draw them outside and pass them as an input") =>
            IntRandom;
    }
    float: FloatOperationIr {
        Rule("elementwise") => Exp Log Log1p Erf PowfScalar Sqrt Cos Cosh Sin Sinh Tan Tanh ArcCos ArcCosh ArcSin ArcSinh ArcTan
            ArcTanh Recip;
        Rule("arithmetic") => ArcTan2 Powf Hypot;
        Rule("matmul") => Matmul;
        Parts("select, products, differences") => Cross;
        Parts("floor, gather, products") => GridSample2d;
        Value => Round Floor Ceil Trunc IntoInt IsNan IsInf;
        Refused("random numbers make the network another function each time; pass them as an input, or allow them with \
            `Tracing::random`, which fixes them during each direction") => Random;
        Refused("quantized tensors have no derivative; train in floats and quantize afterwards") => Quantize Dequantize;
    }
    int: IntOperationIr {
        Value => IntoFloat BitwiseAnd BitwiseAndScalar BitwiseOr BitwiseOrScalar BitwiseXor BitwiseXorScalar BitwiseNot
            BitwiseLeftShift BitwiseLeftShiftScalar BitwiseRightShift BitwiseRightShiftScalar Matmul;
    }
    bool: BoolOperationIr {
        Value => IntoFloat IntoInt Not And Or Xor;
    }
    module: ModuleOperationIr {
        Rule("convolution") => Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d;
        Rule("pool") => MaxPool1d MaxPool2d MaxPool1dWithIndices MaxPool2dWithIndices AvgPool1d AvgPool2d AdaptiveAvgPool1d
            AdaptiveAvgPool2d;
        Rule("norm") => LayerNorm BatchNorm;
        Rule("index") => Embedding;
        Parts("matmul, add") => Linear;
        Parts("matmul with constant weights along each axis") => Interpolate AdaptiveAvgPool3d;
        Parts("conv2d with a constant weight") => Unfold4d;
        Parts("floor, gather, products, matmul") => DeformableConv2d;
        Parts("matmul, mask, softmax") => Attention;
        Parts("log-softmax recursions") => CtcLoss;
        Refused(BACKWARD) => EmbeddingBackward LinearXBackward LinearWeightBackward LinearBiasBackward Conv1dXBackward
            Conv1dWeightBackward Conv1dBiasBackward Conv2dXBackward Conv2dWeightBackward Conv2dBiasBackward Conv3dXBackward
            Conv3dWeightBackward Conv3dBiasBackward DeformableConv2dBackward AvgPool1dBackward AvgPool2dBackward
            AdaptiveAvgPool1dBackward AdaptiveAvgPool2dBackward AdaptiveAvgPool3dBackward MaxPool1dWithIndicesBackward
            MaxPool2dWithIndicesBackward InterpolateBackward CtcLossBackward ConvTranspose1dWeightBackward
            ConvTranspose1dBiasBackward ConvTranspose2dWeightBackward ConvTranspose2dBiasBackward
            ConvTranspose3dWeightBackward ConvTranspose3dBiasBackward;
    }
    activation: ActivationOperationIr {
        Rule("elementwise") => Relu LeakyRelu Gelu Sigmoid LogSigmoid;
        Rule("softmax") => Softmax LogSoftmax;
        Parts("clamp") => HardSigmoid;
        Parts("negation, softmax") => Softmin;
        Parts("product, mask") => PRelu;
        Refused(BACKWARD) => ReluBackward GeluBackward SigmoidBackward LogSigmoidBackward;
    }
    distributed: DistributedOperationIr {
        Refused("operations between devices have no place in a forward pass; trace the network of one device") => AllReduce
            SyncCollective;
    }
}

/// The line of a recorded operation.
pub(super) fn line(operation: &OperationIr) -> &'static Operation {
    match operation {
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => base(op),
        OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => numeric(op),
        OperationIr::Float(_, op) => float(op),
        OperationIr::Int(op) => int(op),
        OperationIr::Bool(op) => bool(op),
        OperationIr::Module(op) => module(op),
        OperationIr::Activation(op) => activation(op),
        OperationIr::Distributed(op) => distributed(op),
        OperationIr::Custom(_) => &CUSTOM,
        OperationIr::Init(_) | OperationIr::Drop(_) => &CONSTANT,
    }
}

fn find(family: &str, name: &str) -> &'static Operation {
    OPERATIONS.iter().find(|line| line.family == family && line.name == name).expect("made from the same names")
}
