//! The operations of a traced network: Burn's vocabulary, reduced to families that share their derivative rules.
//!
//! They are plain data. `linearize::rules` evaluates and differentiates a family, [`super::batch`] tracks the batch
//! axis, and [`super::lower`] translates Burn's recorded operations.

use std::sync::Arc;

use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{DType, Distribution, IndexingUpdateOp, Slice};

use super::jet::Channels;

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    Unary(Unary),
    Binary(Binary),
    /// `[.., M, K] × [.., K, N]`, leading axes broadcast.
    Matmul(Matmul),
    Layout(Layout),
    Cast(Cast),
    Reduce(Reduce),
    Cumulate(Cumulate),
    Softmax(Softmax),
    Conv(Conv),
    Pool(Pool),
    Norm(Norm),
    Index(Index),
    Mask(Mask),
    Taylor(Taylor),
    Discrete(Discrete),
    Fill(Fill),
    Random(Random),
}

/// The operation of [`Op::Matmul`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Matmul;

/// `y = φ(x)`, elementwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unary {
    Abs,
    Acos,
    Acosh,
    AddScalar(f64),
    Asin,
    Asinh,
    Atan,
    Atanh,
    Clamp(f64, f64),
    Cos,
    Cosh,
    DivScalar(f64),
    Erf,
    Exp,
    Gelu,
    LeakyRelu(f64),
    Log,
    Log1p,
    LogSigmoid,
    MulScalar(f64),
    Neg,
    PowScalar(f64),
    Recip,
    Relu,
    RemScalar(f64),
    Sigmoid,
    Sin,
    Sinh,
    Sqrt,
    Tan,
    Tanh,
}

/// `y = a ∘ b` with broadcasting over axes of length one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    /// `a - b ⌊a / b⌋`.
    Rem,
    Pow,
    /// The angle of the point with the ordinate `a` and the abscissa `b`.
    Atan2,
    Hypot,
}

/// Moves elements without changing them; shapes are of the output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Layout {
    Reshape(Vec<usize>),
    Permute(Vec<usize>),
    Expand(Vec<usize>),
    Slice(Vec<Slice>),
    /// Inputs `x`, `value`: writes the value into ranges of `x`.
    Assign(Vec<Slice>),
    Flip(Vec<usize>),
    Repeat {
        axis: usize,
        times: usize,
    },
    Cat {
        axis: usize,
    },
}

/// Sums and means; reduced axes keep length one, `All` gives shape `[1]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reduce {
    Sum(Vec<usize>),
    Mean(Vec<usize>),
    SumAll,
    MeanAll,
}

/// A cast to another float type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cast {
    pub from: DType,
    pub to: DType,
}

/// Cumulative sums along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cumulate {
    pub axis: usize,
}

/// Softmax or its logarithm along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Softmax {
    pub log: bool,
    pub axis: usize,
}

/// Convolution of `[m, channels, ..]` over one, two or three axes, with an optional bias `[out]`.
///
/// The weight is `[out, channels / groups, ..]`; that of a transposed convolution is `[channels, out / groups, ..]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Conv {
    One(ConvOptions<1>),
    Two(ConvOptions<2>),
    Three(ConvOptions<3>),
    TransposedOne(ConvTransposeOptions<1>),
    TransposedTwo(ConvTransposeOptions<2>),
    TransposedThree(ConvTransposeOptions<3>),
}

/// Pooling of `[m, channels, rows, columns]`; one-dimensional pooling is expressed through it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pool {
    Max { kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2], dilation: [usize; 2], ceil: bool },
    Average(Average),
}

/// Means of windows: of given ones, or of as many as the output has entries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Average {
    Windows { kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2], count_padding: bool, ceil: bool },
    Adaptive { output: [usize; 2] },
}

/// Normalisation with a scale and a shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Norm {
    /// Over the last axis; inputs `x, γ` and perhaps `β`.
    Layer { epsilon: f64 },
    /// With given statistics of axis 1; inputs `x, γ, β, mean, variance`.
    Batch { epsilon: f64 },
    /// With the statistics of the batch itself, of all axes but axis 1; inputs `x, γ, β`.
    BatchStatistics { epsilon: f64 },
}

/// Elements read from, or written to, positions given by an integer array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Index {
    /// Inputs `x`, `indices [n]`: entries of one axis.
    Select { axis: usize },
    /// Inputs `weights [tokens, features]`, `indices [m, T]`: output `[m, T, features]`.
    Embedding,
    /// Inputs `x`, `indices`: `y[.., i, ..] = x[.., indices[.., i, ..], ..]`.
    Gather { axis: usize },
    /// Inputs `x`, `indices [n]`, `value`: entries of one axis added to or replaced.
    SelectInto { axis: usize, update: IndexingUpdateOp },
    /// Inputs `x`, `indices`, `value`: the elements that gather would take, added to or replaced.
    GatherInto { axis: usize, update: IndexingUpdateOp },
}

/// Elements replaced where a boolean mask holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mask {
    /// Inputs `x`, `mask`.
    Fill(f64),
    /// Inputs `x`, `mask`, `value`.
    Where,
}

/// Operations on jets `[channels, ..]`: values with their derivatives by points. All linear operations are expressed by
/// the other families.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Taylor {
    /// `φ` of a jet.
    Apply { function: Unary, channels: Arc<Channels> },
    /// The elementwise product of two jets, with broadcasting over axes of length one.
    Product { channels: Arc<Channels> },
    /// A jet plus something without derivatives: inputs `[channels, ..]` and `[1, ..]`, which may broadcast.
    Shift,
}

/// Piecewise constant operations: evaluated only, since their derivative is zero wherever it exists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Discrete {
    Compare(Comparison),
    CompareScalar(Comparison, f64),
    Logic(Logic),
    Round(Rounding),
    Position(Position),
    Bits(Bits),
    BitsScalar(Bits, i64),
    BitsNot,
    /// Whether any element is nonzero, along one axis or overall.
    Any(Option<usize>),
    /// Whether all elements are nonzero, along one axis or overall.
    All(Option<usize>),
    IsNan,
    IsInf,
    /// A conversion to integers or, from integers and booleans, to floats.
    Convert(DType),
    /// The unchanged values, with the derivative stopped on request.
    Stop,
    /// Cumulative maxima and minima of integers.
    CumMax(usize),
    CumMin(usize),
}

/// Boolean logic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Logic {
    Not,
    And,
    Or,
    Xor,
}

/// Rounding of floats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rounding {
    Sign,
    Round,
    Floor,
    Ceil,
    Trunc,
}

/// Positions of elements along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Position {
    Max(usize),
    Min(usize),
    Sorted { axis: usize, descending: bool },
}

/// Operations on the bits of integers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bits {
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

/// A comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Lower,
    LowerEqual,
}

/// A constant array whose entries are equal, of any kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fill {
    pub value: f64,
    pub shape: Vec<usize>,
    pub dtype: DType,
}

/// Random numbers, drawn anew each time the network is linearised, and fixed from then on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Random {
    pub distribution: Distribution,
    pub shape: Vec<usize>,
    pub dtype: DType,
}

impl Op {
    /// Whether a derivative can pass through the operation.
    pub(crate) fn differentiable(&self) -> bool {
        !matches!(self, Op::Discrete(_) | Op::Fill(_) | Op::Random(_))
    }

    /// The family, which is the name of the file with its rule.
    pub(crate) fn family(&self) -> &'static str {
        match self {
            Op::Unary(_) => "elementwise",
            Op::Binary(_) => "arithmetic",
            Op::Matmul(_) => "matmul",
            Op::Layout(_) => "layout",
            Op::Cast(_) => "cast",
            Op::Reduce(_) => "reduce",
            Op::Cumulate(_) => "cumulate",
            Op::Softmax(_) => "softmax",
            Op::Conv(_) => "convolution",
            Op::Pool(_) => "pool",
            Op::Norm(_) => "norm",
            Op::Index(_) => "index",
            Op::Mask(_) => "mask",
            Op::Taylor(_) => "taylor",
            Op::Discrete(_) => "discrete",
            Op::Fill(_) | Op::Random(_) => "constant",
        }
    }
}
