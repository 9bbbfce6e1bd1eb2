//! The networks: dense layers with relu on flattened inputs, which all problems train, and a small convolutional one.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor, activation};

/// Gives parameters the numbers 1, 2, .. for their identities, which records of optimizers go by: Burn's are random, and would be
/// others when a run is resumed.
struct Numbered(u64);

impl ModuleMapper for Numbered {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.0 += 1;
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(ParamId::from(self.0), value, mapper)
    }
}

/// A multilayer perceptron.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// Layers of the given widths, from the inputs to the outputs.
    pub fn new(widths: &[usize], device: &Device) -> Self {
        let layers = widths.windows(2).map(|pair| LinearConfig::new(pair[0], pair[1]).init(device)).collect();
        Self { layers }.map(&mut Numbered(0))
    }

    /// `[m, features]` to `[m, outputs]`.
    pub fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(inputs, |x, (index, layer)| {
            let x = layer.forward(x);
            if index < last { activation::relu(x) } else { x }
        })
    }
}

/// Two convolutions with pooling and a dense layer, on square images.
#[derive(Module, Debug)]
pub struct Cnn {
    first: Conv2d,
    second: Conv2d,
    pool: MaxPool2d,
    output: Linear,
    #[module(skip)]
    side: usize,
}

impl Cnn {
    /// For images of `side` by `side` pixels, at least 4 by 4.
    pub fn new(side: usize, outputs: usize, device: &Device) -> Self {
        let layer = |inputs: usize, outputs: usize| {
            let config = Conv2dConfig::new([inputs, outputs], [3, 3]);
            config.with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1)).init(device)
        };
        Self {
            first: layer(1, 8),
            second: layer(8, 16),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            output: LinearConfig::new(16 * (side / 4).pow(2), outputs).init(device),
            side,
        }
    }

    /// `[m, side²]` to `[m, outputs]`.
    pub fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let [m, _] = inputs.dims();
        let x = inputs.reshape([m, 1, self.side, self.side]);
        let x = self.pool.forward(activation::relu(self.first.forward(x)));
        let x = self.pool.forward(activation::relu(self.second.forward(x)));
        self.output.forward(x.flatten(1, 3))
    }
}
