//! Convolutional networks of several kinds.

use burn::module::Module;
use burn::nn::conv::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, Conv3d, Conv3dConfig, ConvTranspose1d, ConvTranspose1dConfig,
    ConvTranspose2d, ConvTranspose2dConfig, DeformConv2d, DeformConv2dConfig,
};
use burn::nn::interpolate::{Interpolate2d, Interpolate2dConfig, InterpolateMode};
use burn::nn::pool::{
    AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, AdaptiveAvgPool3d, AdaptiveAvgPool3dConfig, AvgPool1d, AvgPool1dConfig,
    MaxPool2d, MaxPool2dConfig,
};
use burn::nn::{
    GroupNorm, GroupNormConfig, InstanceNorm, InstanceNormConfig, Linear, LinearConfig, LocalResponseNorm,
    LocalResponseNormConfig, PRelu, PReluConfig, PaddingConfig1d, PaddingConfig2d, PixelShuffle, PixelShuffleConfig,
};
use burn::tensor::grid::affine_grid_2d;
use burn::tensor::ops::{GridSampleOptions, InterpolateMode as Sampling};
use burn::tensor::{Device, Tensor, activation};

/// A residual block with group norm.
#[derive(Module, Debug)]
pub(crate) struct Residual {
    stem: Conv2d,
    first: Conv2d,
    norm: GroupNorm,
    second: Conv2d,
    slope: PRelu,
    head: Linear,
}

impl Residual {
    pub(crate) fn new(device: &Device) -> Self {
        let same = |channels| Conv2dConfig::new([channels, 4], [3, 3]).with_padding(PaddingConfig2d::Same);
        Self {
            stem: same(2).init(device),
            first: same(4).init(device),
            norm: GroupNormConfig::new(2, 4).init(device),
            second: same(4).with_bias(false).init(device),
            slope: PReluConfig::new().init(device),
            head: LinearConfig::new(4, 2).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.stem.forward(x);
        let inner = self.slope.forward(self.norm.forward(self.first.forward(x.clone())));
        let x = x + self.second.forward(inner);
        self.head.forward(x.mean_dim(3).mean_dim(2).flatten(1, 3))
    }
}

/// Down, up again, and a skip connection; an image of outputs.
#[derive(Module, Debug)]
pub(crate) struct Unet {
    down: Conv2d,
    norm: InstanceNorm,
    up: ConvTranspose2d,
    resize: Interpolate2d,
    last: Conv2d,
}

impl Unet {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            down: Conv2dConfig::new([1, 3], [2, 2]).with_stride([2, 2]).init(device),
            norm: InstanceNormConfig::new(3).init(device),
            up: ConvTranspose2dConfig::new([3, 2], [2, 2]).with_stride([2, 2]).init(device),
            resize: Interpolate2dConfig::new().with_output_size(Some([3, 3])).with_mode(InterpolateMode::Linear).init(),
            last: Conv2dConfig::new([3, 1], [1, 1]).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let low = activation::silu(self.norm.forward(self.down.forward(x.clone())));
        let high = self.up.forward(low);
        self.resize.forward(self.last.forward(Tensor::cat(vec![high, x], 1)))
    }
}

/// Three-dimensional convolution and pooling.
#[derive(Module, Debug)]
pub(crate) struct Volume {
    conv: Conv3d,
    pool: AdaptiveAvgPool3d,
    head: Linear,
}

impl Volume {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            conv: Conv3dConfig::new([1, 3], [2, 2, 2]).init(device),
            pool: AdaptiveAvgPool3dConfig::new([2, 1, 1]).init(),
            head: LinearConfig::new(6, 2).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<5>) -> Tensor<2> {
        self.head.forward(self.pool.forward(self.conv.forward(x).tanh()).flatten(1, 4))
    }
}

/// A one-dimensional autoencoder.
#[derive(Module, Debug)]
pub(crate) struct Waveform {
    encode: Conv1d,
    pool: AvgPool1d,
    decode: ConvTranspose1d,
}

impl Waveform {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            encode: Conv1dConfig::new(1, 4, 3).with_padding(PaddingConfig1d::Same).init(device),
            pool: AvgPool1dConfig::new(2).with_stride(2).init(),
            decode: ConvTranspose1dConfig::new([4, 1], 2).with_stride(2).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.decode.forward(self.pool.forward(activation::mish(self.encode.forward(x))))
    }
}

/// Depthwise, grouped, strided, dilated and transposed convolutions, with unequal kernels.
#[derive(Module, Debug)]
pub(crate) struct Separable {
    depthwise: Conv2d,
    grouped: Conv2d,
    transposed: ConvTranspose2d,
    head: Linear,
}

impl Separable {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            depthwise: Conv2dConfig::new([4, 8], [3, 2])
                .with_groups(4)
                .with_padding(PaddingConfig2d::Explicit(1, 0, 2, 1))
                .init(device),
            grouped: Conv2dConfig::new([8, 6], [2, 3])
                .with_groups(2)
                .with_stride([2, 1])
                .with_dilation([1, 2])
                .init(device),
            transposed: ConvTranspose2dConfig::new([6, 4], [3, 2])
                .with_groups(2)
                .with_stride([1, 2])
                .with_padding([1, 0])
                .init(device),
            head: LinearConfig::new(4, 2).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.grouped.forward(self.depthwise.forward(x).tanh()).tanh();
        let x = self.transposed.forward(x).tanh();
        self.head.forward(x.flatten::<3>(2, 3).mean_dim(2).squeeze_dim(2))
    }
}

/// Local response normalisation, as in the networks of 2012.
#[derive(Module, Debug)]
pub(crate) struct Classic {
    conv: Conv2d,
    norm: LocalResponseNorm,
    pool: MaxPool2d,
    head: Linear,
}

impl Classic {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            conv: Conv2dConfig::new([1, 4], [3, 3]).init(device),
            norm: LocalResponseNormConfig::new(3).init(),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            head: LinearConfig::new(16, 2).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.norm.forward(activation::relu(self.conv.forward(x)));
        self.head.forward(self.pool.forward(x).flatten(1, 3))
    }
}

/// Super-resolution by shuffling channels into pixels.
#[derive(Module, Debug)]
pub(crate) struct Shuffled {
    conv: Conv2d,
    shuffle: PixelShuffle,
}

impl Shuffled {
    pub(crate) fn new(device: &Device) -> Self {
        Self { conv: Conv2dConfig::new([1, 4], [2, 2]).init(device), shuffle: PixelShuffleConfig::new(2).init() }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.shuffle.forward(self.conv.forward(x)).tanh()
    }
}

/// A network that chooses where it looks, then classifies.
#[derive(Module, Debug)]
pub(crate) struct SpatialTransformer {
    locate: Linear,
    conv: Conv2d,
    pool: AdaptiveAvgPool2d,
}

impl SpatialTransformer {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            locate: LinearConfig::new(25, 6).init(device),
            conv: Conv2dConfig::new([1, 2], [2, 2]).init(device),
            pool: AdaptiveAvgPool2dConfig::new([1, 2]).init(),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let [m, _, height, width] = x.dims();
        let transform = self.locate.forward(x.clone().flatten::<2>(1, 3)).reshape([m, 2, 3]);
        let grid = affine_grid_2d(transform, [m, 1, height, width]);
        let seen = x.grid_sample_2d(grid, GridSampleOptions::new(Sampling::Bilinear));
        self.pool.forward(self.conv.forward(seen)).flatten(1, 3)
    }
}

/// A deformable convolution with learned offsets.
#[derive(Module, Debug)]
pub(crate) struct Deformed {
    offsets: Conv2d,
    conv: DeformConv2d,
}

impl Deformed {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            offsets: Conv2dConfig::new([1, 8], [2, 2]).init(device),
            conv: DeformConv2dConfig::new([1, 2], [2, 2]).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let offsets = self.offsets.forward(x.clone());
        self.conv.forward(x, offsets, None)
    }
}
