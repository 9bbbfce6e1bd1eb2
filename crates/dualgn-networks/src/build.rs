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
use super::layer::{Kind, Layer, Recurrent, Residual, SelfAttention, Tokens};
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
pub enum Shape {
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
    pub fn new(dims: &[usize]) -> Result<Self, NetworkError> {
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
    pub fn size(self) -> usize {
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
pub fn size(dims: &[usize]) -> Result<usize, NetworkError> {
    match dims.iter().try_fold(1usize, |size, &dim| size.checked_mul(dim)) {
        Some(size @ 1..=MOST) => Ok(size),
        _ => {
            Err(NetworkError::Input(format!("the shape of an example should hold 1 to {MOST} numbers, found {dims:?}")))
        }
    }
}

/// Builds layers one after another.
pub struct Builder<'a> {
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
    pub fn layers(&mut self, descriptions: &[LayerDescription]) -> Result<Vec<Layer>, NetworkError> {
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
        let before = self.shape;
        let device = self.device;
        let wants = |what: &str| format!("it wants {what}, and {before} come to it");
        let positive = |name: &str, value: usize| match value {
            1..=MOST => Ok(()),
            _ => Err(format!("`{name}` should be 1 to {MOST}, found {value}")),
        };
        let pooled = |n: usize, size: usize, stride: usize| {
            positive("size", size)?;
            positive("stride", stride)?;
            if size > n {
                Err(format!("a window of {size} does not fit into {before}"))
            } else {
                Ok((n - size) / stride + 1)
            }
        };
        match *description {
            Is::Dense { units, bias } => {
                positive("units", units)?;
                let (inputs, after) = match before {
                    Shape::Flat(n) => (n, Shape::Flat(units)),
                    Shape::Sequence(t, c) => (c, Shape::Sequence(t, units)),
                    Shape::Image(..) => return Err(wants("numbers in a row (put `flatten` before it)")),
                };
                self.room.take(&[inputs.saturating_add(usize::from(bias)), units])?;
                self.shape = after;
                Ok(Layer::Dense(LinearConfig::new(inputs, units).with_bias(bias).init(device)))
            }
            Is::Conv { channels, kernel, stride, padding } => {
                positive("channels", channels)?;
                positive("kernel", kernel)?;
                positive("stride", stride)?;
                if padding.is_none() && kernel % 2 == 0 {
                    return Err(format!(
                        "a window of {kernel} has no middle; say how many zeros stand around (`padding`)"
                    ));
                }
                let padding = padding.unwrap_or(kernel / 2);
                if padding >= kernel {
                    return Err(format!("`padding` should be less than `kernel`, found {padding} and {kernel}"));
                }
                let after = |n: usize| {
                    let padded = n + 2 * padding;
                    if kernel > padded {
                        Err(format!("a window of {kernel} does not fit into {before}"))
                    } else {
                        Ok((padded - kernel) / stride + 1)
                    }
                };
                match before {
                    Shape::Sequence(t, c) => {
                        self.room.take(&[c, channels, kernel])?;
                        self.room.take(&[channels])?;
                        self.shape = Shape::Sequence(after(t)?, channels);
                        let config = Conv1dConfig::new(c, channels, kernel).with_stride(stride);
                        Ok(Layer::Conv1d(config.with_padding(PaddingConfig1d::Explicit(padding, padding)).init(device)))
                    }
                    Shape::Image(c, h, w) => {
                        self.room.take(&[c, channels, kernel, kernel])?;
                        self.room.take(&[channels])?;
                        self.shape = Shape::Image(channels, after(h)?, after(w)?);
                        let padding = PaddingConfig2d::Explicit(padding, padding, padding, padding);
                        let config = Conv2dConfig::new([c, channels], [kernel, kernel]).with_stride([stride, stride]);
                        Ok(Layer::Conv2d(config.with_padding(padding).init(device)))
                    }
                    Shape::Flat(_) => Err(wants("an image or a sequence (say so in `input`)")),
                }
            }
            Is::MaxPool { size, stride } => {
                let stride = stride.unwrap_or(size);
                match before {
                    Shape::Sequence(t, c) => {
                        self.shape = Shape::Sequence(pooled(t, size, stride)?, c);
                        Ok(Layer::MaxPool1d(MaxPool1dConfig::new(size).with_stride(stride).init()))
                    }
                    Shape::Image(c, h, w) => {
                        self.shape = Shape::Image(c, pooled(h, size, stride)?, pooled(w, size, stride)?);
                        let config = MaxPool2dConfig::new([size, size]).with_strides([stride, stride]);
                        Ok(Layer::MaxPool2d(config.init()))
                    }
                    Shape::Flat(_) => Err(wants("an image or a sequence")),
                }
            }
            Is::AveragePool { size, stride } => {
                let stride = stride.unwrap_or(size);
                match before {
                    Shape::Sequence(t, c) => {
                        self.shape = Shape::Sequence(pooled(t, size, stride)?, c);
                        Ok(Layer::AveragePool1d(AvgPool1dConfig::new(size).with_stride(stride).init()))
                    }
                    Shape::Image(c, h, w) => {
                        self.shape = Shape::Image(c, pooled(h, size, stride)?, pooled(w, size, stride)?);
                        let config = AvgPool2dConfig::new([size, size]).with_strides([stride, stride]);
                        Ok(Layer::AveragePool2d(config.init()))
                    }
                    Shape::Flat(_) => Err(wants("an image or a sequence")),
                }
            }
            Is::GlobalAverage => {
                self.shape = match before {
                    Shape::Sequence(_, c) | Shape::Image(c, ..) => Shape::Flat(c),
                    Shape::Flat(_) => return Err(wants("an image or a sequence")),
                };
                Ok(Layer::function(Kind::GlobalAverage))
            }
            Is::Flatten => {
                self.shape = Shape::Flat(before.size());
                Ok(Layer::function(Kind::Flatten))
            }
            Is::LayerNorm => match before {
                Shape::Flat(n) | Shape::Sequence(_, n) => {
                    self.room.take(&[2, n])?;
                    Ok(Layer::LayerNorm(LayerNormConfig::new(n).init(device)))
                }
                Shape::Image(..) => Err(wants("numbers in a row or a sequence; for images, `group-norm`")),
            },
            Is::RmsNorm => match before {
                Shape::Flat(n) | Shape::Sequence(_, n) => {
                    self.room.take(&[n])?;
                    Ok(Layer::RmsNorm(RmsNormConfig::new(n).init(device)))
                }
                Shape::Image(..) => Err(wants("numbers in a row or a sequence; for images, `group-norm`")),
            },
            Is::GroupNorm { groups } => {
                let channels = match before {
                    Shape::Flat(n) | Shape::Image(n, ..) => n,
                    Shape::Sequence(..) => return Err(wants("an image; for sequences, `layer-norm`")),
                };
                if groups == 0 || channels % groups != 0 {
                    return Err(format!("{channels} channels cannot be divided into {groups} groups"));
                }
                self.room.take(&[2, channels])?;
                Ok(Layer::GroupNorm(GroupNormConfig::new(groups, channels).init(device)))
            }
            Is::BatchNorm => match before {
                Shape::Flat(n) | Shape::Image(n, ..) => {
                    self.room.take(&[4, n])?;
                    let mut norm = BatchNormConfig::new(n).init(device);
                    norm.training = Param::from_bool(false);
                    Ok(Layer::BatchNorm(norm))
                }
                Shape::Sequence(..) => Err(wants("an image; for sequences, `layer-norm`")),
            },
            Is::Relu => Ok(Layer::function(Kind::Relu)),
            Is::Tanh => Ok(Layer::function(Kind::Tanh)),
            Is::Sigmoid => Ok(Layer::function(Kind::Sigmoid)),
            Is::Gelu => Ok(Layer::function(Kind::Gelu)),
            Is::Silu => Ok(Layer::function(Kind::Silu)),
            Is::Softplus => Ok(Layer::function(Kind::Softplus)),
            Is::Sine { frequency } if frequency.is_finite() => Ok(Layer::function(Kind::Sine(frequency))),
            Is::Sine { frequency } => Err(format!("`frequency` should be finite, found {frequency}")),
            Is::Embedding { vocabulary, width, positions } => {
                positive("vocabulary", vocabulary)?;
                positive("width", width)?;
                let Shape::Flat(tokens) = before else { return Err(wants("tokens in a row")) };
                self.room.take(&[vocabulary, width])?;
                if positions {
                    self.room.take(&[tokens, width])?;
                }
                self.shape = Shape::Sequence(tokens, width);
                let initializer = Initializer::Normal { mean: 0.0, std: 0.1 };
                Ok(Layer::Embedding(Tokens {
                    tokens: EmbeddingConfig::new(vocabulary, width).with_initializer(initializer.clone()).init(device),
                    positions: positions.then(|| -> Param<_> { initializer.init([tokens, width], device) }),
                }))
            }
            Is::Attention { heads, causal } => {
                let Shape::Sequence(tokens, width) = before else { return Err(wants("a sequence")) };
                if heads == 0 || width % heads != 0 {
                    return Err(format!("{width} numbers cannot be divided among {heads} heads"));
                }
                self.room.take(&[4, width.saturating_add(1), width])?;
                self.room.pass(&[heads, tokens, tokens])?;
                let heads = MultiHeadAttentionConfig::new(width, heads).with_dropout(0.0).init(device);
                Ok(Layer::Attention(SelfAttention { heads, causal }))
            }
            Is::Lstm { units, last } => {
                positive("units", units)?;
                let Shape::Sequence(tokens, width) = before else { return Err(wants("a sequence")) };
                self.room.take(&[4, width.saturating_add(1), units])?;
                self.room.take(&[4, units.saturating_add(1), units])?;
                self.room.pass(&[8, tokens, units])?;
                self.shape = if last { Shape::Flat(units) } else { Shape::Sequence(tokens, units) };
                let cell = LstmConfig::new(width, units, true).init(device);
                Ok(Layer::Lstm(Recurrent { cell, last }))
            }
            Is::Gru { units, last } => {
                positive("units", units)?;
                let Shape::Sequence(tokens, width) = before else { return Err(wants("a sequence")) };
                self.room.take(&[3, width.saturating_add(1), units])?;
                self.room.take(&[3, units.saturating_add(1), units])?;
                self.room.pass(&[6, tokens, units])?;
                self.shape = if last { Shape::Flat(units) } else { Shape::Sequence(tokens, units) };
                let cell = GruConfig::new(width, units, true).init(device);
                Ok(Layer::Gru(Recurrent { cell, last }))
            }
            Is::Residual { .. } => unreachable!("residual layers are built with those within them"),
        }
    }
}
