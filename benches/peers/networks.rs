//! The peers' networks, written as anybody would write them with Burn.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{DType, Device, Tensor, activation};

/// Dense layers with one activation between them.
#[derive(Module, Debug)]
pub(crate) struct Mlp {
    layers: Vec<Linear>,
    #[module(skip)]
    tanh: bool,
}

impl Mlp {
    pub(crate) fn new(sizes: &[usize], tanh: bool, device: &Device) -> Self {
        Self { layers: sizes.windows(2).map(|pair| LinearConfig::new(pair[0], pair[1]).init(device)).collect(), tanh }
    }

    pub(crate) fn forward(&self, mut x: Tensor<2>) -> Tensor<2> {
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x);
            if index + 1 < self.layers.len() {
                x = if self.tanh { x.tanh() } else { activation::relu(x) };
            }
        }
        x
    }

    /// The same with weights and activations rounded to bfloat16, and outputs in single precision.
    pub(crate) fn forward_half(&self, x: Tensor<2>) -> Tensor<2> {
        let half = DType::BF16;
        let last = self.layers.len() - 1;
        let x = self.layers.iter().enumerate().fold(x.cast(half), |x, (index, layer)| {
            let x = x.matmul(layer.weight.val().cast(half));
            let x = match &layer.bias {
                Some(bias) => x + bias.val().cast(half).unsqueeze::<2>(),
                None => x,
            };
            if index < last { activation::relu(x) } else { x }
        });
        x.cast(DType::F32)
    }
}

/// The network of W3: two convolutions with pooling, three dense layers.
#[derive(Module, Debug)]
pub(crate) struct LeNet {
    first: Conv2d,
    second: Conv2d,
    pool: MaxPool2d,
    dense: Mlp,
}

impl LeNet {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            first: Conv2dConfig::new([1, 6], [5, 5]).with_padding(PaddingConfig2d::Explicit(2, 2, 2, 2)).init(device),
            second: Conv2dConfig::new([6, 16], [5, 5]).init(device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            dense: Mlp::new(&[400, 120, 84, 10], false, device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(activation::relu(self.first.forward(x)));
        let x = self.pool.forward(activation::relu(self.second.forward(x)));
        self.dense.forward(x.flatten(1, 3))
    }
}
