//! Operations of neural networks: convolutions, pools, norms, attention, sampling.

use burn::backend::Dispatch;
use burn::backend::ops::ModuleOps;
use burn::tensor::module as nn;
use burn::tensor::ops::{
    AttentionModuleOptions, AvgPoolOptions, ConvOptions, ConvTransposeOptions, DeformConvOptions, GridSampleOptions,
    GridSamplePaddingMode, InterpolateMode, InterpolateOptions, MaxPoolOptions, UnfoldOptions,
};
use burn::tensor::{Bool, Tensor, activation};

use super::{Case, Probe, flat, ints, run, run_rounded};
use crate::common::tensor;

fn conv2d(p: &Probe, x: Tensor<2>, options: ConvOptions<2>, channels: usize, bias: bool) -> Tensor<2> {
    // [4, channels, 2, 3] when the input has two channels, [4, 1, 2, 3] in two groups.
    let bias = bias.then(|| p.b.val().narrow(0, 0, 4) * 2.0);
    flat(nn::conv2d(p.z4(x), p.weights([4, channels, 2, 3]), bias, options))
}

fn volume(p: &Probe, x: Tensor<2>) -> Tensor<5> {
    p.z(x).reshape([3, 2, 2, 2, 3])
}

fn max_pool(
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    ceil: bool,
) -> MaxPoolOptions<2> {
    MaxPoolOptions::new(kernel).with_stride(stride).with_padding(padding).with_dilation(dilation).with_ceil_mode(ceil)
}

fn avg_pool(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2], count_padding: bool) -> AvgPoolOptions<2> {
    AvgPoolOptions::new(kernel).with_stride(stride).with_padding(padding).with_count_include_pad(count_padding)
}

fn interpolate(p: &Probe, x: Tensor<2>, mode: InterpolateMode, align: bool, size: [usize; 2]) -> Tensor<2> {
    let options = InterpolateOptions::new(mode).with_align_corners(align).with_output_size(size);
    flat(nn::interpolate(p.z4(x), options))
}

/// `[3, n]`, of data and parameter.
fn many(p: &Probe, x: Tensor<2>, n: usize) -> Tensor<2> {
    let parts = (0..n.div_ceil(24)).map(|i| p.z((x.clone() * (1.0 + 0.3 * i as f64)).sin()));
    Tensor::cat(parts.collect(), 1).narrow(1, 0, n)
}

fn attention(p: &Probe, x: Tensor<2>, mask: Option<Tensor<4, Bool>>, options: AttentionModuleOptions) -> Tensor<2> {
    let [q, k, v] = [1.0, 2.0, 3.0].map(|scale| p.z((x.clone() * scale).sin()).reshape([3, 2, 3, 4]) * 2.0);
    flat(nn::attention(q, k, v, mask, None, options))
}

fn deformable(p: &Probe, x: Tensor<2>, masked: bool, groups: usize) -> Tensor<2> {
    let offset = many(p, x.clone(), 200 * groups).reshape([3, 8 * groups, 5, 5]) * 3.0;
    let mask = masked.then(|| many(p, x.clone().cos(), 100 * groups).reshape([3, 4 * groups, 5, 5]));
    let (weight, bias) = (p.weights([2, 2 / groups, 2, 2]), p.b.val().narrow(0, 0, 2));
    let options = DeformConvOptions::new([1, 1], [0, 0], [1, 1], groups, groups);
    flat(nn::deform_conv2d(p.z4(x), offset, weight, mask, Some(bias), options))
}

pub(super) const CASES: &[Case] = &[
    ("conv2d", |p, x| conv2d(p, x, ConvOptions::new([1, 1], [0, 0], [1, 1], 1), 2, true)),
    ("conv2d without bias", |p, x| conv2d(p, x, ConvOptions::new([1, 1], [0, 0], [1, 1], 1), 2, false)),
    ("conv2d stride", |p, x| conv2d(p, x, ConvOptions::new([2, 1], [0, 0], [1, 1], 1), 2, true)),
    ("conv2d padding", |p, x| conv2d(p, x, ConvOptions::new([1, 2], [1, 2], [1, 1], 1), 2, true)),
    ("conv2d dilation", |p, x| conv2d(p, x, ConvOptions::new([1, 1], [1, 1], [2, 2], 1), 2, true)),
    ("conv2d with uneven padding", |p, x| {
        let mut options = ConvOptions::new([2, 1], [0, 0], [1, 1], 1);
        options.padding = [(0, 1), (2, 1)];
        conv2d(p, x, options, 2, true)
    }),
    ("conv2d groups", |p, x| conv2d(p, x, ConvOptions::new([1, 1], [1, 1], [1, 1], 2), 1, true)),
    ("conv2d, only the bias active", |p, x| {
        let weight = tensor([4, 2, 2, 2], 8, x.dtype()).to_device(&x.device());
        let x = Tensor::cat(vec![x.clone(), x.clone(), x], 1).reshape([3, 2, 6, 6]);
        flat(nn::conv2d(x, weight, Some(p.b.val().narrow(0, 0, 4)), ConvOptions::new([1, 1], [0, 0], [1, 1], 1)))
    }),
    ("conv1d", |p, x| {
        let z = p.z(x).reshape([3, 2, 12]);
        let bias = p.b.val().narrow(0, 0, 4);
        flat(nn::conv1d(z, p.weights([4, 2, 3]), Some(bias), ConvOptions::new([2], [1], [2], 1)))
    }),
    ("conv1d groups", |p, x| {
        let z = p.z(x).reshape([3, 4, 6]);
        flat(nn::conv1d(z, p.weights([8, 1, 3]), None, ConvOptions::new([1], [0], [1], 4)))
    }),
    ("conv3d", |p, x| {
        let options = ConvOptions::new([1, 1, 2], [0, 1, 1], [1, 1, 1], 1);
        flat(nn::conv3d(volume(p, x), p.weights([3, 2, 2, 2, 2]), Some(p.b.val().narrow(0, 0, 3)), options))
    }),
    ("conv3d groups", |p, x| {
        let options = ConvOptions::new([1, 1, 1], [1, 0, 0], [1, 1, 1], 2);
        flat(nn::conv3d(volume(p, x), p.weights([4, 1, 2, 2, 2]), None, options))
    }),
    ("conv_transpose1d", |p, x| {
        let options = ConvTransposeOptions::new([2], [1], [1], [1], 2);
        let z = p.z(x).reshape([3, 4, 6]);
        flat(nn::conv_transpose1d(z, p.weights([4, 2, 3]), Some(p.b.val().narrow(0, 0, 4)), options))
    }),
    ("conv_transpose2d", |p, x| {
        let options = ConvTransposeOptions::new([2, 1], [1, 0], [0, 0], [1, 2], 1);
        flat(nn::conv_transpose2d(p.z4(x), p.weights([2, 3, 2, 3]), Some(p.b.val().narrow(0, 0, 3)), options))
    }),
    ("conv_transpose2d groups", |p, x| {
        let options = ConvTransposeOptions::new([1, 1], [0, 1], [0, 0], [1, 1], 2);
        flat(nn::conv_transpose2d(p.z4(x), p.weights([2, 2, 2, 3]), None, options))
    }),
    ("conv_transpose3d", |p, x| {
        let options = ConvTransposeOptions::new([1, 2, 1], [0, 0, 1], [0, 1, 0], [1, 1, 1], 1);
        flat(nn::conv_transpose3d(volume(p, x), p.weights([2, 2, 2, 2, 2]), None, options))
    }),
    ("unfold4d", |p, x| flat(nn::unfold4d(p.z4(x), [2, 3], UnfoldOptions::new([2, 1], [1, 0], [1, 2])))),
    ("fold4d", |p, x| {
        let columns = many(p, x, 100).reshape([3, 4, 25]);
        flat(nn::fold4d(columns, [6, 6], [2, 2], UnfoldOptions::new([1, 1], [0, 0], [1, 1])))
    }),
    ("max_pool2d", |p, x| flat(nn::max_pool2d(p.z4(x), max_pool([2, 2], [2, 2], [0, 0], [1, 1], false)))),
    ("max_pool2d overlapping", |p, x| flat(nn::max_pool2d(p.z4(x), max_pool([3, 2], [1, 2], [1, 1], [1, 1], false)))),
    ("max_pool2d dilation", |p, x| flat(nn::max_pool2d(p.z4(x), max_pool([2, 2], [1, 1], [0, 0], [2, 3], false)))),
    ("max_pool2d ceil", |p, x| flat(nn::max_pool2d(p.z4(x), max_pool([4, 3], [3, 2], [1, 1], [1, 1], true)))),
    ("max_pool2d_with_indices", |p, x| {
        flat(nn::max_pool2d_with_indices(p.z4(x), max_pool([2, 2], [2, 2], [0, 0], [1, 1], false)).0)
    }),
    ("max_pool1d with padding and dilation", |p, x| {
        let options = MaxPoolOptions::new([2]).with_stride([1]).with_padding([1]).with_dilation([2]);
        flat(nn::max_pool1d(p.z3(x), options))
    }),
    ("max_pool1d", |p, x| flat(nn::max_pool1d(p.z3(x), MaxPoolOptions::new([2])))),
    ("max_pool1d_with_indices", |p, x| flat(nn::max_pool1d_with_indices(p.z3(x), MaxPoolOptions::new([2])).0)),
    ("avg_pool2d", |p, x| flat(nn::avg_pool2d(p.z4(x), avg_pool([2, 3], [2, 1], [0, 1], true)))),
    ("avg_pool2d, padding not counted", |p, x| flat(nn::avg_pool2d(p.z4(x), avg_pool([3, 3], [2, 2], [1, 1], false)))),
    ("avg_pool2d ceil", |p, x| {
        flat(nn::avg_pool2d(p.z4(x), avg_pool([4, 3], [3, 2], [1, 1], true).with_ceil_mode(true)))
    }),
    ("avg_pool1d", |p, x| flat(nn::avg_pool1d(p.z3(x), AvgPoolOptions::new([2]).with_stride([1]).with_padding([1])))),
    ("adaptive_avg_pool3d", |p, x| flat(nn::adaptive_avg_pool3d(many(p, x, 180).reshape([3, 2, 5, 3, 6]), [2, 3, 4]))),
    ("adaptive_avg_pool2d", |p, x| flat(nn::adaptive_avg_pool2d(p.z4(x), [4, 3]))),
    ("adaptive_avg_pool1d", |p, x| flat(nn::adaptive_avg_pool1d(p.z3(x), 3))),
    ("interpolate nearest", |p, x| interpolate(p, x, InterpolateMode::Nearest, false, [9, 4])),
    ("interpolate bilinear", |p, x| interpolate(p, x, InterpolateMode::Bilinear, false, [9, 4])),
    ("interpolate bilinear, aligned", |p, x| interpolate(p, x, InterpolateMode::Bilinear, true, [9, 4])),
    ("interpolate to one row", |p, x| interpolate(p, x, InterpolateMode::Bilinear, true, [1, 7])),
    ("interpolate bicubic", |p, x| interpolate(p, x, InterpolateMode::Bicubic, true, [9, 4])),
    ("grid_sample_2d", |p, x| {
        let grid = many(p, x.clone().cos(), 40).reshape([3, 4, 5, 2]) * 1.5;
        let options = GridSampleOptions::new(InterpolateMode::Bilinear).with_align_corners(true);
        flat(p.z4(x).grid_sample_2d(grid, options))
    }),
    ("grid_sample_2d to the border", |p, x| {
        let grid = many(p, x.clone().cos(), 40).reshape([3, 4, 5, 2]) * 1.5;
        let options =
            GridSampleOptions::new(InterpolateMode::Bilinear).with_padding_mode(GridSamplePaddingMode::Border);
        flat(p.z4(x).grid_sample_2d(grid, options))
    }),
    ("layer_norm", |p, x| {
        let (gamma, beta) = (p.weights([4]), p.b.val().narrow(0, 2, 4));
        flat(nn::layer_norm(p.z3(x), gamma, Some(beta), 1e-5))
    }),
    ("layer_norm without shift", |p, x| flat(nn::layer_norm(p.z3(x), p.weights([4]), None, 1e-5))),
    ("batch_norm", |p, x| {
        let [gamma, beta, mean, variance] = [0, 1, 2, 3].map(|start| p.b.val().narrow(0, 4 * start, 2));
        flat(nn::batch_norm(p.z4(x), gamma, beta, mean, variance.square() + 0.5, 1e-5))
    }),
    // Channels are examples, each with statistics of its own.
    ("batch_norm across the batch", |p, x| {
        let [gamma, beta, mean, variance] = [0, 1, 2, 3].map(|start| p.b.val().narrow(0, 4 * start, 3));
        let turned = p.z3(x).swap_dims(0, 1);
        flat(nn::batch_norm(turned, gamma, beta, mean, variance.square() + 0.5, 1e-5).swap_dims(0, 1))
    }),
    ("embedding", |p, x| {
        let tokens = ((x.narrow(1, 0, 4) + 1.0) * 2.99).int();
        flat(nn::embedding(p.a.val(), tokens))
    }),
    ("linear", |p, x| flat(nn::linear(p.z3(x), p.weights([4, 5]), Some(p.b.val().narrow(0, 0, 5))))),
    ("linear as one operation", |p, x| {
        let [x, weight, bias] =
            [p.z3(x).into_dispatch(), p.weights([4, 5]).into_dispatch(), p.b.val().narrow(0, 0, 5).into_dispatch()];
        flat(Tensor::<3>::from_dispatch(Dispatch::linear(x, weight, Some(bias))))
    }),
    ("attention", |p, x| attention(p, x, None, AttentionModuleOptions::default())),
    ("causal attention, capped", |p, x| {
        let options = AttentionModuleOptions { softcap: Some(2.0), is_causal: true, scale: Some(0.25) };
        attention(p, x, None, options)
    }),
    ("masked attention", |p, x| {
        let hidden = ints(&[0, 0, 1, 0, 1, 0, 0, 0, 0], [1, 1, 3, 3], &x).greater_elem(0).expand([3, 2, 3, 3]);
        attention(p, x, Some(hidden), AttentionModuleOptions::default())
    }),
    ("attention with a bias and other lengths", |p, x| {
        let [q, k, v] = [1.0, 2.0, 3.0].map(|scale| p.z((x.clone() * scale).sin()) * 2.0);
        let (q, bias) = (q.narrow(1, 0, 16).reshape([3, 2, 2, 4]), p.weights([1, 2, 2, 3]).expand([3, 2, 2, 3]));
        let (k, v) = (k.reshape([3, 2, 3, 4]), v.reshape([3, 2, 3, 4]));
        flat(nn::attention(q, k, v, None, Some(bias), AttentionModuleOptions::default()))
    }),
    ("ctc_loss", |p, x| {
        let log_probs = activation::log_softmax(p.z3(x.clone()).swap_dims(1, 2).swap_dims(0, 1) * 4.0, 2);
        let targets = ints(&[1, 2, 3, 3, 5, 1], [3, 2], &x);
        let (inputs, lengths) = (ints(&[4, 4, 3], [3], &x), ints(&[2, 2, 1], [3], &x));
        nn::ctc_loss(log_probs, targets, inputs, lengths, 0).reshape([3, 1])
    }),
];

/// Burn's deformable convolution computes in f32 on the CPU.
pub(super) const ROUNDED_BY_BURN: &[Case] = &[
    ("deform_conv2d", |p, x| deformable(p, x, false, 1)),
    ("deform_conv2d with a mask, in groups", |p, x| deformable(p, x, true, 2)),
];

#[test]
fn network_operations() {
    run(CASES);
}

#[test]
fn network_operations_that_burn_rounds() {
    run_rounded(ROUNDED_BY_BURN, 1e-6);
}
