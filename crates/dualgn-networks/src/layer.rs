//! [`Layer`]: the layers of a network as Burn has them, and [`Value`], what goes from one to the next.

use burn::module::{Module, Param};
use burn::nn::attention::{MhaInput, MultiHeadAttention, generate_autoregressive_mask};
use burn::nn::conv::{Conv1d, Conv2d};
use burn::nn::gru::Gru;
use burn::nn::pool::{AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d};
use burn::nn::{BatchNorm, Embedding, GroupNorm, LayerNorm, Linear, Lstm, RmsNorm};
use burn::tensor::{Bool, Tensor, activation};

/// What a layer takes and gives. Letters: `m` examples, `T` tokens, `C` channels, `H` rows, `W` columns.
#[derive(Clone, Debug)]
pub enum Value {
    /// `[m, features]`.
    Flat(Tensor<2>),
    /// `[m, T, C]`.
    Sequence(Tensor<3>),
    /// `[m, C, H, W]`.
    Image(Tensor<4>),
}

/// One layer.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a network has few of them")]
pub enum Layer {
    /// On the last axis.
    Dense(Linear),
    /// Along a sequence.
    Conv1d(Conv1d),
    /// Of images.
    Conv2d(Conv2d),
    /// Of sequences.
    MaxPool1d(MaxPool1d),
    /// Of images.
    MaxPool2d(MaxPool2d),
    /// Of sequences.
    AveragePool1d(AvgPool1d),
    /// Of images.
    AveragePool2d(AvgPool2d),
    /// Of the last axis.
    LayerNorm(LayerNorm),
    /// Of the last axis.
    RmsNorm(RmsNorm),
    /// Of channels.
    GroupNorm(GroupNorm),
    /// By its running statistics.
    BatchNorm(BatchNorm),
    /// Without parameters.
    Function(Function),
    /// Added to what goes in.
    Residual(Residual),
    /// From tokens to a sequence.
    Embedding(Tokens),
    /// Of a sequence to itself.
    Attention(SelfAttention),
    /// Along a sequence.
    Lstm(Recurrent<Lstm>),
    /// Along a sequence.
    Gru(Recurrent<Gru>),
}

/// A layer without parameters.
#[derive(Module, Debug)]
pub struct Function {
    #[module(skip)]
    kind: LayerKind,
}

/// What a layer without parameters does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LayerKind {
    /// `max(x, 0)`.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// The logistic function.
    Sigmoid,
    /// `x Φ(x)`.
    Gelu,
    /// `x σ(x)`.
    Silu,
    /// `ln(1 + eˣ)`.
    Softplus,
    /// `sin(f x)`.
    Sine(f64),
    /// One row an example.
    Flatten,
    /// The mean over pixels or tokens.
    GlobalAverage,
}

/// Layers beside a connection.
#[derive(Module, Debug)]
pub struct Residual {
    /// The layers.
    pub layers: Vec<Layer>,
}

/// Vectors of tokens, and of their positions.
#[derive(Module, Debug)]
pub struct Tokens {
    /// Of tokens, `[vocabulary, C]`.
    pub tokens: Embedding,
    /// Of positions, `[T, C]`.
    pub positions: Option<Param<Tensor<2>>>,
}

/// Attention of a sequence to itself.
#[derive(Module, Debug)]
pub struct SelfAttention {
    /// The heads.
    pub heads: MultiHeadAttention,
    /// Whether tokens see only those before them.
    #[module(skip)]
    pub causal: bool,
}

/// A recurrent layer.
#[derive(Module, Debug)]
pub struct Recurrent<M: Module> {
    /// The cell.
    pub cell: M,
    /// Whether only the last token goes on.
    #[module(skip)]
    pub last: bool,
}

impl Layer {
    /// A layer without parameters.
    pub fn function(kind: LayerKind) -> Self {
        Self::Function(Function { kind })
    }

    /// That without parameters, if it is one.
    pub fn kind(&self) -> Option<LayerKind> {
        match self {
            Self::Function(function) => Some(function.kind),
            _ => None,
        }
    }

    /// Through the layer. Layers fit what comes to them: networks are checked when they are built.
    pub fn forward(&self, value: Value) -> Value {
        use Value::{Flat, Image, Sequence};
        match (self, value) {
            (Self::Dense(layer), Flat(x)) => Flat(layer.forward(x)),
            (Self::Dense(layer), Sequence(x)) => Sequence(layer.forward(x)),
            (Self::Conv1d(layer), Sequence(x)) => Sequence(layer.forward(x.swap_dims(1, 2)).swap_dims(1, 2)),
            (Self::Conv2d(layer), Image(x)) => Image(layer.forward(x)),
            (Self::MaxPool1d(layer), Sequence(x)) => Sequence(layer.forward(x.swap_dims(1, 2)).swap_dims(1, 2)),
            (Self::MaxPool2d(layer), Image(x)) => Image(layer.forward(x)),
            (Self::AveragePool1d(layer), Sequence(x)) => Sequence(layer.forward(x.swap_dims(1, 2)).swap_dims(1, 2)),
            (Self::AveragePool2d(layer), Image(x)) => Image(layer.forward(x)),
            (Self::LayerNorm(layer), Flat(x)) => Flat(layer.forward(x)),
            (Self::LayerNorm(layer), Sequence(x)) => Sequence(layer.forward(x)),
            (Self::RmsNorm(layer), Flat(x)) => Flat(layer.forward(x)),
            (Self::RmsNorm(layer), Sequence(x)) => Sequence(layer.forward(x)),
            (Self::GroupNorm(layer), Flat(x)) => Flat(layer.forward(x)),
            (Self::GroupNorm(layer), Image(x)) => Image(layer.forward(x)),
            (Self::BatchNorm(layer), Flat(x)) => Flat(layer.forward(x)),
            (Self::BatchNorm(layer), Image(x)) => Image(layer.forward(x)),
            (Self::Function(function), x) => function.forward(x),
            (Self::Residual(block), x) => x.clone().plus(forward(&block.layers, x)),
            (Self::Embedding(layer), Flat(x)) => Sequence(layer.forward(x)),
            (Self::Attention(layer), Sequence(x)) => Sequence(layer.forward(x)),
            (Self::Lstm(layer), Sequence(x)) => layer.of(layer.cell.forward(x, None).0),
            (Self::Gru(layer), Sequence(x)) => layer.of(layer.cell.forward(x, None)),
            (_, x) => x,
        }
    }
}

/// Through some layers.
pub(crate) fn forward(layers: &[Layer], value: Value) -> Value {
    layers.iter().fold(value, |value, layer| layer.forward(value))
}

impl Value {
    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Flat(a), Self::Flat(b)) => Self::Flat(a + b),
            (Self::Sequence(a), Self::Sequence(b)) => Self::Sequence(a + b),
            (Self::Image(a), Self::Image(b)) => Self::Image(a + b),
            (a, _) => a,
        }
    }

    /// All numbers of an example in a row, `[m, features]`.
    pub fn flat(self) -> Tensor<2> {
        match self {
            Self::Flat(x) => x,
            Self::Sequence(x) => x.flatten(1, 2),
            Self::Image(x) => x.flatten(1, 3),
        }
    }
}

impl Function {
    fn forward(&self, value: Value) -> Value {
        match (self.kind, value) {
            (LayerKind::Flatten, value) => Value::Flat(value.flat()),
            (LayerKind::GlobalAverage, Value::Sequence(x)) => Value::Flat(x.mean_dim(1).squeeze_dim(1)),
            (LayerKind::GlobalAverage, Value::Image(x)) => {
                let [m, channels, rows, columns] = x.dims();
                Value::Flat(x.reshape([m, channels, rows * columns]).mean_dim(2).squeeze_dim(2))
            }
            (LayerKind::GlobalAverage, value) => value,
            (kind, Value::Flat(x)) => Value::Flat(kind.of(x)),
            (kind, Value::Sequence(x)) => Value::Sequence(kind.of(x)),
            (kind, Value::Image(x)) => Value::Image(kind.of(x)),
        }
    }
}

impl LayerKind {
    fn of<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(x),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => activation::sigmoid(x),
            Self::Gelu => activation::gelu(x),
            Self::Silu => activation::silu(x),
            Self::Softplus => activation::softplus(x, 1.0),
            Self::Sine(1.0) => x.sin(),
            Self::Sine(frequency) => (x * frequency).sin(),
            Self::Flatten | Self::GlobalAverage => x,
        }
    }
}

impl Tokens {
    /// `[m, T]` of whole numbers to `[m, T, C]`.
    fn forward(&self, tokens: Tensor<2>) -> Tensor<3> {
        let vectors = self.tokens.forward(tokens.int());
        match &self.positions {
            Some(positions) => vectors + positions.val().unsqueeze_dim(0),
            None => vectors,
        }
    }
}

impl SelfAttention {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [m, tokens, _] = x.dims();
        let device = x.device();
        let mut input = MhaInput::self_attn(x);
        if self.causal {
            let mask: Tensor<3, Bool> = generate_autoregressive_mask(m, tokens, &device);
            input = input.mask_attn(mask);
        }
        self.heads.forward(input).context
    }
}

impl<M: Module> Recurrent<M> {
    /// The outputs that go on.
    fn of(&self, outputs: Tensor<3>) -> Value {
        let [_, tokens, _] = outputs.dims();
        if self.last { Value::Flat(outputs.narrow(1, tokens - 1, 1).squeeze_dim(1)) } else { Value::Sequence(outputs) }
    }
}
