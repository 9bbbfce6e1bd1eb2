//! From a [`Description`](super::Description) to layers: shapes are followed from one to the next, and what does not fit is an error
//! that names the layer.

use burn::module::Param;
use burn::nn::attention::MultiHeadAttentionConfig;
use burn::nn::conv::{Conv1dConfig, Conv2dConfig};
use burn::nn::gru::GruConfig;
use burn::nn::pool::{AvgPool1dConfig, AvgPool2dConfig, MaxPool1dConfig, MaxPool2dConfig};
use burn::nn::{
    BatchNormConfig, EmbeddingConfig, GroupNormConfig, Initializer, LayerNormConfig, LinearConfig, LstmConfig,
    PaddingConfig1d, PaddingConfig2d, RmsNormConfig,
};
use burn::tensor::Device;

use super::description::LayerDescription;
use super::layer::{Layer, LayerKind, Recurrent, Residual, SelfAttention, Tokens};
use super::room::Room;

/// Why a network cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// A layer does not fit what comes to it.
    #[error("layer {place} ({name}): {problem}")]
    Layer {
        /// Its number from 1, and those within it, such as `3.2`.
        place: String,
        /// The value of `type`.
        name: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The shape of the inputs.
    #[error("{0}")]
    Input(String),
}

/// The shape of what goes from one layer to the next, without the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Numbers in a row.
    Flat(usize),
    /// Tokens of so many numbers.
    Sequence(usize, usize),
    /// Channels, rows, columns.
    Image(usize, usize, usize),
}

impl std::fmt::Display for Shape {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flat(n) => write!(formatter, "{n} numbers in a row"),
            Self::Sequence(t, c) => write!(formatter, "a sequence of {t} tokens of {c} numbers"),
            Self::Image(c, h, w) => write!(formatter, "an image of {c} channels, {h} rows and {w} columns"),
        }
    }
}

impl Shape {
    /// Of one to three dimensions.
    pub(crate) fn new(dims: &[usize]) -> Result<Self, NetworkError> {
        let shape = match *dims {
            [n] => Self::Flat(n),
            [t, c] => Self::Sequence(t, c),
            [c, h, w] => Self::Image(c, h, w),
            _ => {
                return Err(NetworkError::Input(format!(
                    "the shape of an example has one dimension (numbers or tokens), two (length, width) or three (channels, rows, \
                     columns), found {dims:?}"
                )));
            }
        };
        size(dims).map(|_| shape)
    }

    /// Numbers of an example.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Flat(n) => n,
            Self::Sequence(t, c) => t * c,
            Self::Image(c, h, w) => c * h * w,
        }
    }
}

/// Numbers of an example or units of a layer at most, so that sizes cannot overflow.
const MOST: usize = 1 << 30;

/// Numbers of an example of some shape.
pub(crate) fn size(dims: &[usize]) -> Result<usize, NetworkError> {
    match dims.iter().try_fold(1usize, |size, &dim| size.checked_mul(dim)) {
        Some(size @ 1..=MOST) => Ok(size),
        _ => {
            Err(NetworkError::Input(format!("the shape of an example should hold 1 to {MOST} numbers, found {dims:?}")))
        }
    }
}

/// Builds layers one after another.
pub(crate) struct Builder<'a> {
    /// Where parameters live.
    pub device: &'a Device,
    /// The shape after the last layer.
    pub shape: Shape,
    /// Numbers of the layers that this one is within.
    pub within: Vec<usize>,
    /// What memory leaves for them.
    pub room: Room,
}

impl Builder<'_> {
    /// Layers on top of each other.
    pub(crate) fn layers(&mut self, descriptions: &[LayerDescription]) -> Result<Vec<Layer>, NetworkError> {
        let mut layers = vec![];
        for (index, description) in descriptions.iter().enumerate() {
            let before = self.shape;
            self.within.push(index + 1);
            let layer = match description {
                LayerDescription::Residual { layers } => self.layers(layers).and_then(|layers| {
                    if self.shape == before {
                        Ok(Layer::Residual(Residual { layers }))
                    } else {
                        let problem =
                            format!("its layers make {} of {before}, and the two cannot be added", self.shape);
                        Err(self.error(description, problem))
                    }
                }),
                _ => self.layer(description).map_err(|problem| self.error(description, problem)),
            }?;
            let passed = self.room.pass(&[self.shape.size()]);
            passed.map_err(|problem| self.error(description, problem))?;
            self.within.pop();
            layers.push(layer);
        }
        Ok(layers)
    }

    fn error(&self, description: &LayerDescription, problem: String) -> NetworkError {
        let place: Vec<String> = self.within.iter().map(ToString::to_string).collect();
        NetworkError::Layer { place: place.join("."), name: description.name(), problem }
    }

    /// One layer, which takes [`Builder::shape`] and leaves another there; or what is wrong.
    fn layer(&mut self, description: &LayerDescription) -> Result<Layer, String> {
        use LayerDescription as Is;
        match *description {
            Is::Dense { units, bias } => self.dense(units, bias),
            Is::Conv { channels, kernel, stride, padding } => self.convolution(channels, kernel, stride, padding),
            Is::MaxPool { size, stride } => self.max_pool(size, stride.unwrap_or(size)),
            Is::AveragePool { size, stride } => self.average_pool(size, stride.unwrap_or(size)),
            Is::GlobalAverage => self.global_average(),
            Is::Flatten => {
                self.shape = Shape::Flat(self.shape.size());
                Ok(Layer::function(LayerKind::Flatten))
            }
            Is::LayerNorm => {
                let width = self.width()?;
                self.room.take(&[2, width])?;
                Ok(Layer::LayerNorm(LayerNormConfig::new(width).init(self.device)))
            }
            Is::RmsNorm => {
                let width = self.width()?;
                self.room.take(&[width])?;
                Ok(Layer::RmsNorm(RmsNormConfig::new(width).init(self.device)))
            }
            Is::GroupNorm { groups } => self.group_norm(groups),
            Is::BatchNorm => {
                let channels = self.channels()?;
                self.room.take(&[4, channels])?;
                let mut norm = BatchNormConfig::new(channels).init(self.device);
                norm.training = Param::from_bool(false);
                Ok(Layer::BatchNorm(norm))
            }
            Is::Relu => Ok(Layer::function(LayerKind::Relu)),
            Is::Tanh => Ok(Layer::function(LayerKind::Tanh)),
            Is::Sigmoid => Ok(Layer::function(LayerKind::Sigmoid)),
            Is::Gelu => Ok(Layer::function(LayerKind::Gelu)),
            Is::Silu => Ok(Layer::function(LayerKind::Silu)),
            Is::Softplus => Ok(Layer::function(LayerKind::Softplus)),
            Is::Sine { frequency } if frequency.is_finite() => Ok(Layer::function(LayerKind::Sine(frequency))),
            Is::Sine { frequency } => Err(format!("`frequency` should be finite, found {frequency}")),
            Is::Embedding { vocabulary, width, positions } => self.embedding(vocabulary, width, positions),
            Is::Attention { heads, causal } => self.attention(heads, causal),
            Is::Lstm { units, last } => {
                let width = self.recurrent(units, 4, last)?;
                let cell = LstmConfig::new(width, units, true).init(self.device);
                Ok(Layer::Lstm(Recurrent { cell, last }))
            }
            Is::Gru { units, last } => {
                let width = self.recurrent(units, 3, last)?;
                let cell = GruConfig::new(width, units, true).init(self.device);
                Ok(Layer::Gru(Recurrent { cell, last }))
            }
            Is::Residual { .. } => Err("it is built with the layers within it".into()),
        }
    }

    /// What a layer says that other shapes come to than it takes.
    fn wants(&self, what: &str) -> String {
        format!("it wants {what}, and {} come to it", self.shape)
    }

    /// Windows of a size that fit into `n` numbers, so far apart.
    fn windows(&self, n: usize, size: usize, stride: usize) -> Result<usize, String> {
        positive("size", size)?;
        positive("stride", stride)?;
        if size > n {
            return Err(format!("a window of {size} does not fit into {}", self.shape));
        }
        Ok((n - size) / stride + 1)
    }

    /// Numbers of a token, or of all.
    fn width(&self) -> Result<usize, String> {
        match self.shape {
            Shape::Flat(n) | Shape::Sequence(_, n) => Ok(n),
            Shape::Image(..) => Err(self.wants("numbers in a row or a sequence; for images, `group-norm`")),
        }
    }

    /// Channels of an image, or numbers in a row.
    fn channels(&self) -> Result<usize, String> {
        match self.shape {
            Shape::Flat(n) | Shape::Image(n, ..) => Ok(n),
            Shape::Sequence(..) => Err(self.wants("an image; for sequences, `layer-norm`")),
        }
    }

    /// A layer of weights to each unit.
    fn dense(&mut self, units: usize, bias: bool) -> Result<Layer, String> {
        positive("units", units)?;
        let (inputs, after) = match self.shape {
            Shape::Flat(n) => (n, Shape::Flat(units)),
            Shape::Sequence(t, c) => (c, Shape::Sequence(t, units)),
            Shape::Image(..) => return Err(self.wants("numbers in a row (put `flatten` before it)")),
        };
        self.room.take(&[inputs.saturating_add(usize::from(bias)), units])?;
        self.shape = after;
        Ok(Layer::Dense(LinearConfig::new(inputs, units).with_bias(bias).init(self.device)))
    }

    /// A convolution of an image or a sequence.
    fn convolution(
        &mut self,
        channels: usize,
        kernel: usize,
        stride: usize,
        padding: Option<usize>,
    ) -> Result<Layer, String> {
        positive("channels", channels)?;
        positive("kernel", kernel)?;
        positive("stride", stride)?;
        if padding.is_none() && kernel.is_multiple_of(2) {
            return Err(format!("a window of {kernel} has no middle; say how many zeros stand around (`padding`)"));
        }
        let padding = padding.unwrap_or(kernel / 2);
        if padding >= kernel {
            return Err(format!("`padding` should be less than `kernel`, found {padding} and {kernel}"));
        }
        let after = |n: usize| {
            let padded = n + 2 * padding;
            if kernel > padded {
                Err(format!("a window of {kernel} does not fit into {}", self.shape))
            } else {
                Ok((padded - kernel) / stride + 1)
            }
        };
        match self.shape {
            Shape::Sequence(t, c) => {
                self.room.take(&[c, channels, kernel])?;
                self.room.take(&[channels])?;
                self.shape = Shape::Sequence(after(t)?, channels);
                let config = Conv1dConfig::new(c, channels, kernel).with_stride(stride);
                Ok(Layer::Conv1d(config.with_padding(PaddingConfig1d::Explicit(padding, padding)).init(self.device)))
            }
            Shape::Image(c, h, w) => {
                self.room.take(&[c, channels, kernel, kernel])?;
                self.room.take(&[channels])?;
                self.shape = Shape::Image(channels, after(h)?, after(w)?);
                let padding = PaddingConfig2d::Explicit(padding, padding, padding, padding);
                let config = Conv2dConfig::new([c, channels], [kernel, kernel]).with_stride([stride, stride]);
                Ok(Layer::Conv2d(config.with_padding(padding).init(self.device)))
            }
            Shape::Flat(_) => Err(self.wants("an image or a sequence (say so in `input`)")),
        }
    }

    /// The largest number of each window.
    fn max_pool(&mut self, size: usize, stride: usize) -> Result<Layer, String> {
        match self.shape {
            Shape::Sequence(t, c) => {
                self.shape = Shape::Sequence(self.windows(t, size, stride)?, c);
                Ok(Layer::MaxPool1d(MaxPool1dConfig::new(size).with_stride(stride).init()))
            }
            Shape::Image(c, h, w) => {
                self.shape = Shape::Image(c, self.windows(h, size, stride)?, self.windows(w, size, stride)?);
                let config = MaxPool2dConfig::new([size, size]).with_strides([stride, stride]);
                Ok(Layer::MaxPool2d(config.init()))
            }
            Shape::Flat(_) => Err(self.wants("an image or a sequence")),
        }
    }

    /// The mean of each window.
    fn average_pool(&mut self, size: usize, stride: usize) -> Result<Layer, String> {
        match self.shape {
            Shape::Sequence(t, c) => {
                self.shape = Shape::Sequence(self.windows(t, size, stride)?, c);
                Ok(Layer::AveragePool1d(AvgPool1dConfig::new(size).with_stride(stride).init()))
            }
            Shape::Image(c, h, w) => {
                self.shape = Shape::Image(c, self.windows(h, size, stride)?, self.windows(w, size, stride)?);
                let config = AvgPool2dConfig::new([size, size]).with_strides([stride, stride]);
                Ok(Layer::AveragePool2d(config.init()))
            }
            Shape::Flat(_) => Err(self.wants("an image or a sequence")),
        }
    }

    /// The mean of each channel.
    fn global_average(&mut self) -> Result<Layer, String> {
        self.shape = match self.shape {
            Shape::Sequence(_, c) | Shape::Image(c, ..) => Shape::Flat(c),
            Shape::Flat(_) => return Err(self.wants("an image or a sequence")),
        };
        Ok(Layer::function(LayerKind::GlobalAverage))
    }

    /// Normalisation of groups of channels.
    fn group_norm(&mut self, groups: usize) -> Result<Layer, String> {
        let channels = self.channels()?;
        if groups == 0 || channels % groups != 0 {
            return Err(format!("{channels} channels cannot be divided into {groups} groups"));
        }
        self.room.take(&[2, channels])?;
        Ok(Layer::GroupNorm(GroupNormConfig::new(groups, channels).init(self.device)))
    }

    /// A vector for each token.
    fn embedding(&mut self, vocabulary: usize, width: usize, positions: bool) -> Result<Layer, String> {
        positive("vocabulary", vocabulary)?;
        positive("width", width)?;
        let Shape::Flat(tokens) = self.shape else { return Err(self.wants("tokens in a row")) };
        self.room.take(&[vocabulary, width])?;
        if positions {
            self.room.take(&[tokens, width])?;
        }
        self.shape = Shape::Sequence(tokens, width);
        let initializer = Initializer::Normal { mean: 0.0, std: 0.1 };
        Ok(Layer::Embedding(Tokens {
            tokens: EmbeddingConfig::new(vocabulary, width).with_initializer(initializer.clone()).init(self.device),
            positions: positions.then(|| -> Param<_> { initializer.init([tokens, width], self.device) }),
        }))
    }

    /// Attention of each token to all, or to those before it.
    fn attention(&mut self, heads: usize, causal: bool) -> Result<Layer, String> {
        let Shape::Sequence(tokens, width) = self.shape else { return Err(self.wants("a sequence")) };
        if heads == 0 || width % heads != 0 {
            return Err(format!("{width} numbers cannot be divided among {heads} heads"));
        }
        self.room.take(&[4, width.saturating_add(1), width])?;
        self.room.pass(&[heads, tokens, tokens])?;
        let heads = MultiHeadAttentionConfig::new(width, heads).with_dropout(0.0).init(self.device);
        Ok(Layer::Attention(SelfAttention { heads, causal }))
    }

    /// Room and shapes of a recurrent layer with so many gates; the width of a token.
    fn recurrent(&mut self, units: usize, gates: usize, last: bool) -> Result<usize, String> {
        positive("units", units)?;
        let Shape::Sequence(tokens, width) = self.shape else { return Err(self.wants("a sequence")) };
        self.room.take(&[gates, width.saturating_add(1), units])?;
        self.room.take(&[gates, units.saturating_add(1), units])?;
        self.room.pass(&[2 * gates, tokens, units])?;
        self.shape = if last { Shape::Flat(units) } else { Shape::Sequence(tokens, units) };
        Ok(width)
    }
}

/// Refuses sizes of nothing, and those that could overflow.
fn positive(name: &str, value: usize) -> Result<(), String> {
    match value {
        1..=MOST => Ok(()),
        _ => Err(format!("`{name}` should be 1 to {MOST}, found {value}")),
    }
}
