//! A zoo of networks built from `burn-nn` modules, none of which knows of this crate.

mod attention;
mod convolutional;
mod pairs;
mod recurrent;

pub(crate) use attention::{CharacterModel, CrossReader, Encoder, SequenceToSequence};
pub(crate) use convolutional::{
    Classic, Deformed, Residual, Separable, Shuffled, SpatialTransformer, Unet, Volume, Waveform,
};
pub(crate) use pairs::{Adapted, Distances, Gated, Siamese, Siren};
pub(crate) use recurrent::{BiLstmReader, GruTagger, LstmTagger, RnnReader};

use burn::module::Module;
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear,
    LinearConfig, PaddingConfig2d, Relu,
};
use burn::tensor::{Device, Int, Tensor, activation};

/// Dense layers with tanh.
#[derive(Module, Debug)]
pub(crate) struct Mlp {
    first: Linear,
    second: Linear,
    last: Linear,
}

impl Mlp {
    pub(crate) fn new([inputs, hidden, outputs]: [usize; 3], device: &Device) -> Self {
        Self {
            first: LinearConfig::new(inputs, hidden).init(device),
            second: LinearConfig::new(hidden, hidden).init(device),
            last: LinearConfig::new(hidden, outputs).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.first.forward(x).tanh();
        self.last.forward(self.second.forward(x).tanh())
    }
}

/// A small convolutional classifier in the shape of LeNet, for `[m, 1, 12, 12]`.
#[derive(Module, Debug)]
pub(crate) struct LeNet {
    conv1: Conv2d,
    conv2: Conv2d,
    pool: MaxPool2d,
    hidden: Linear,
    last: Linear,
    activation: Relu,
}

impl LeNet {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            conv1: Conv2dConfig::new([1, 3], [5, 5]).with_padding(PaddingConfig2d::Same).init(device),
            conv2: Conv2dConfig::new([3, 4], [3, 3]).init(device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            hidden: LinearConfig::new(16, 7).init(device),
            last: LinearConfig::new(7, 3).init(device),
            activation: Relu::new(),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(self.activation.forward(self.conv1.forward(x)));
        let x = self.pool.forward(self.activation.forward(self.conv2.forward(x)));
        let x = self.activation.forward(self.hidden.forward(x.flatten(1, 3)));
        self.last.forward(x)
    }
}

/// Dense layers with layer norm, GELU and dropout (which is off in evaluation mode).
#[derive(Module, Debug)]
pub(crate) struct LayerNormMlp {
    first: Linear,
    norm: LayerNorm,
    dropout: Dropout,
    last: Linear,
}

impl LayerNormMlp {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(6, 9).init(device),
            norm: LayerNormConfig::new(9).init(device),
            dropout: DropoutConfig::new(0.5).init(),
            last: LinearConfig::new(9, 2).with_bias(false).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = activation::gelu(self.norm.forward(self.first.forward(x)));
        self.last.forward(self.dropout.forward(x))
    }
}

/// Convolutions with batch norm and adaptive pooling, for `[m, 2, 6, 6]`.
#[derive(Module, Debug)]
pub(crate) struct BatchNormCnn {
    conv: Conv2d,
    norm: BatchNorm,
    depthwise: Conv2d,
    pool: AdaptiveAvgPool2d,
    last: Linear,
}

impl BatchNormCnn {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            conv: Conv2dConfig::new([2, 4], [3, 3]).with_stride([2, 1]).with_bias(false).init(device),
            norm: BatchNormConfig::new(4).init(device),
            depthwise: Conv2dConfig::new([4, 4], [2, 2]).with_groups(4).init(device),
            pool: AdaptiveAvgPool2dConfig::new([1, 2]).init(),
            last: LinearConfig::new(8, 3).init(device),
        }
    }

    pub(crate) fn norm(&self) -> &BatchNorm {
        &self.norm
    }

    /// What the batch norm sees.
    pub(crate) fn before_norm(&self, x: Tensor<4>) -> Tensor<4> {
        self.conv.forward(x)
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = activation::relu(self.norm.forward(self.before_norm(x)));
        let x = self.pool.forward(activation::silu(self.depthwise.forward(x)));
        self.last.forward(x.flatten(1, 3))
    }
}

/// Self-attention over positions with two heads of four features (so that the division by √4 is exact in Burn too), for `[m, 4, 8]`.
#[derive(Module, Debug)]
pub(crate) struct Transformer {
    attention: MultiHeadAttention,
    norm: LayerNorm,
    mix: Linear,
    last: Linear,
}

impl Transformer {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            attention: MultiHeadAttentionConfig::new(8, 2).with_dropout(0.0).init(device),
            norm: LayerNormConfig::new(8).init(device),
            mix: LinearConfig::new(8, 8).init(device),
            last: LinearConfig::new(8, 2).init(device),
        }
    }

    /// One output row a position: `[m, 4, 2]`.
    pub(crate) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let attended = self.attention.forward(MhaInput::self_attn(x.clone())).context;
        let x = self.norm.forward(x + attended);
        self.last.forward(activation::relu(self.mix.forward(x)))
    }
}

/// Token embeddings, averaged, for `[m, 5]` tokens.
#[derive(Module, Debug)]
pub(crate) struct BagOfWords {
    embedding: Embedding,
    last: Linear,
}

impl BagOfWords {
    pub(crate) fn new(device: &Device) -> Self {
        Self { embedding: EmbeddingConfig::new(11, 4).init(device), last: LinearConfig::new(4, 3).init(device) }
    }

    pub(crate) fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<2> {
        let rows: Tensor<3> = self.embedding.forward(tokens);
        self.last.forward(rows.mean_dim(1).squeeze_dim(1))
    }
}

/// One weight used twice, and its transpose.
#[derive(Module, Debug)]
pub(crate) struct Tied {
    shared: Linear,
    last: Linear,
}

impl Tied {
    pub(crate) fn new(device: &Device) -> Self {
        Self { shared: LinearConfig::new(5, 5).init(device), last: LinearConfig::new(5, 2).init(device) }
    }

    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.shared.forward(self.shared.forward(x).tanh()).tanh();
        self.last.forward(x.matmul(self.shared.weight.val().transpose()))
    }
}
