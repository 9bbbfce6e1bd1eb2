//! The operations of a traced network: Burn's vocabulary, reduced to families that share their derivative rules.
//!
//! These are plain data. How a family is evaluated and differentiated stands in `linearize::rules`, how it moves the
//! batch axis in [`super::batch`], how Burn's recorded operations become these in [`super::lower`].

use burn::tensor::{DType, Slice};

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    Unary(Unary),
    Binary(Binary),
    /// `[.., M, K] × [.., K, N]`, leading axes broadcast.
    Matmul(Matmul),
    Layout(Layout),
    Reduce(Reduce),
    Extreme(Extreme),
    Softmax(Softmax),
    Conv(Conv),
    Pool(Pool),
    Norm(Norm),
    Index(Index),
    Mask(Mask),
    Discrete(Discrete),
    Fill(Fill),
}

/// The unit of [`Op::Matmul`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Matmul;

/// `y = φ(x)`, elementwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unary {
    Abs,
    AddScalar(f64),
    Clamp(f64, f64),
    Cos,
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
    Sigmoid,
    Sin,
    Sqrt,
    Tanh,
}

/// `y = a ∘ b` with broadcasting over axes of length one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
}

/// Moves elements without changing them; shapes are of the output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Layout {
    Reshape(Vec<usize>),
    Permute(Vec<usize>),
    Expand(Vec<usize>),
    Slice(Vec<Slice>),
    Flip(Vec<usize>),
    Repeat { axis: usize, times: usize },
    Cat { axis: usize },
}

/// Sums and means; reduced axes keep length one, `All` gives shape `[1]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reduce {
    Sum(Vec<usize>),
    Mean(Vec<usize>),
    SumAll,
    MeanAll,
}

/// Largest or smallest element along one axis, which keeps length one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extreme {
    pub max: bool,
    pub axis: usize,
}

/// Softmax or its logarithm along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Softmax {
    pub log: bool,
    pub axis: usize,
}

/// Convolution of `[m, channels, ..]` with `[out, channels / groups, ..]` and an optional bias `[out]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Conv {
    One { stride: [usize; 1], padding: [(usize, usize); 1], dilation: [usize; 1], groups: usize },
    Two { stride: [usize; 2], padding: [(usize, usize); 2], dilation: [usize; 2], groups: usize },
}

/// Pooling of `[m, channels, rows, columns]`; one-dimensional pooling is expressed through it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pool {
    Max { kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2], dilation: [usize; 2], ceil: bool },
    Average { kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2], count_padding: bool, ceil: bool },
    AdaptiveAverage { output: [usize; 2] },
}

/// Normalisation with a scale and a shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Norm {
    /// Over the last axis; inputs `x, γ` and perhaps `β`.
    Layer { epsilon: f64 },
    /// With given statistics of axis 1; inputs `x, γ, β, mean, variance`.
    Batch { epsilon: f64 },
}

/// Rows taken by an integer array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Index {
    /// Inputs `x`, `indices [n]`: entries of one axis.
    Select { axis: usize },
    /// Inputs `weights [tokens, features]`, `indices [m, T]`: output `[m, T, features]`.
    Embedding,
}

/// Elements replaced where a boolean mask holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mask {
    /// Inputs `x`, `mask`.
    Fill(f64),
    /// Inputs `x`, `mask`, `value`.
    Where,
}

/// Operations on or into integers and booleans: evaluated, without a derivative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Discrete {
    Compare(Comparison),
    CompareScalar(Comparison, f64),
    Not,
    And,
    Or,
    Xor,
    IntoFloat(DType),
}

/// A comparison of floats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Lower,
    LowerEqual,
}

/// A constant of one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fill {
    pub value: f64,
    pub shape: Vec<usize>,
    pub dtype: DType,
}

impl Op {
    /// Burn's name of the operation, for messages.
    pub fn name(&self) -> String {
        let debug = match self {
            Op::Matmul(_) => return "Matmul".into(),
            Op::Fill(_) => return "Full".into(),
            Op::Extreme(extreme) => return if extreme.max { "MaxDim" } else { "MinDim" }.into(),
            Op::Softmax(softmax) => return if softmax.log { "LogSoftmax" } else { "Softmax" }.into(),
            Op::Conv(Conv::One { .. }) => return "Conv1d".into(),
            Op::Conv(Conv::Two { .. }) => return "Conv2d".into(),
            Op::Pool(Pool::Max { .. }) => return "MaxPool2d".into(),
            Op::Pool(Pool::Average { .. }) => return "AvgPool2d".into(),
            Op::Pool(Pool::AdaptiveAverage { .. }) => return "AdaptiveAvgPool2d".into(),
            Op::Norm(Norm::Layer { .. }) => return "LayerNorm".into(),
            Op::Norm(Norm::Batch { .. }) => return "BatchNorm".into(),
            Op::Unary(op) => format!("{op:?}"),
            Op::Binary(op) => format!("{op:?}"),
            Op::Layout(op) => format!("{op:?}"),
            Op::Reduce(op) => format!("{op:?}"),
            Op::Index(op) => format!("{op:?}"),
            Op::Mask(op) => format!("Mask{op:?}"),
            Op::Discrete(op) => format!("{op:?}"),
        };
        debug.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
    }
}
