//! Every derivative rule, on inputs that depend on parameters: mirrors `src/linearize/rules/`.

use burn::module::{Module, Param};
use burn::tensor::module as nn;
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation};

use crate::check::{check, check_to};
use crate::common::{param, tensor};

/// Two parameters. Each case makes the operation's inputs of them and of the data, so that all are active.
#[derive(Module, Debug)]
struct Probe {
    a: Param<Tensor<2>>,
    b: Param<Tensor<1>>,
}

impl Probe {
    fn new(dtype: DType) -> Self {
        Self { a: param([6, 4], 1, dtype), b: param([24], 2, dtype) }.train()
    }

    /// `[3, 24]`, of data and parameter.
    fn z(&self, x: Tensor<2>) -> Tensor<2> {
        (x + 0.3) * self.b.val().unsqueeze() + 0.1
    }

    fn z3(&self, x: Tensor<2>) -> Tensor<3> {
        self.z(x).reshape([3, 6, 4])
    }

    fn z4(&self, x: Tensor<2>) -> Tensor<4> {
        Tensor::cat(vec![self.z(x.clone()), self.z(x.clone() * 0.7), self.z(x.sin())], 1).reshape([3, 2, 6, 6])
    }

    /// `[3, 24]`, between 0.5 and about 3.
    fn positive(&self, x: Tensor<2>) -> Tensor<2> {
        let z = self.z(x);
        z.clone() * z + 0.5
    }

    /// `[2, 12]` of the parameters alone.
    fn weight(&self) -> Tensor<2> {
        self.a.val().reshape([2, 12])
    }
}

/// A case: its name and a forward pass from `[3, 24]`.
type Case = (&'static str, fn(&Probe, Tensor<2>) -> Tensor<2>);

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<2> {
    let m = tensor.dims()[0];
    tensor.reshape([m as i32, -1])
}

fn run(cases: &[Case]) {
    for dtype in [DType::F64, DType::F32] {
        for (name, forward) in cases {
            check(&format!("{name} {dtype:?}"), &Probe::new(dtype), *forward, tensor([3, 24], 3, dtype));
        }
    }
}

#[test]
fn elementwise() {
    run(&[
        ("abs", |p, x| p.z(x).abs()),
        ("add_scalar", |p, x| p.z(x) + 1.5),
        ("sub_scalar", |p, x| p.z(x) - 1.5),
        ("mul_scalar", |p, x| p.z(x) * -0.7),
        ("neg", |p, x| -p.z(x)),
        ("clamp", |p, x| p.z(x).clamp(-0.3, 0.4)),
        ("clamp_min", |p, x| p.z(x).clamp_min(0.05)),
        ("clamp_max", |p, x| p.z(x).clamp_max(0.05)),
        ("cos", |p, x| p.z(x).cos()),
        ("sin", |p, x| (p.z(x) * 30.0).sin()),
        ("erf", |p, x| p.z(x).erf()),
        ("exp", |p, x| p.z(x).exp()),
        ("gelu", |p, x| activation::gelu(p.z(x) * 3.0)),
        ("leaky_relu", |p, x| activation::leaky_relu(p.z(x), 0.1)),
        ("log", |p, x| p.positive(x).log()),
        ("log1p", |p, x| p.positive(x).log1p()),
        ("log_sigmoid", |p, x| activation::log_sigmoid(p.z(x) * 3.0)),
        ("powf_scalar", |p, x| p.positive(x).powf_scalar(1.7)),
        ("powi_scalar 3", |p, x| p.z(x).powi_scalar(3)),
        ("powi_scalar -2", |p, x| p.positive(x).powi_scalar(-2)),
        ("recip", |p, x| p.positive(x).recip()),
        ("relu", |p, x| activation::relu(p.z(x))),
        ("sigmoid", |p, x| activation::sigmoid(p.z(x) * 4.0)),
        ("silu", |p, x| activation::silu(p.z(x) * 4.0)),
        ("softplus", |p, x| activation::softplus(p.z(x) * 30.0, 1.0)),
        ("elu", |p, x| activation::elu(p.z(x), 1.0)),
        ("sqrt", |p, x| p.positive(x).sqrt()),
        ("square", |p, x| p.z(x).square()),
        ("tanh", |p, x| p.z(x).tanh()),
    ]);
}

/// Burn's autodiff rounds the divisor's inverse to f32 even for f64 tensors, so it is the less accurate side here; the
/// differences and the inner product still hold our rule to their tolerances.
#[test]
fn division_by_a_scalar() {
    let cases: [Case; 2] = [("div_scalar", |p, x| p.z(x) / 3.0), ("var", |p, x| p.z(x).var_bias(1))];
    for dtype in [DType::F64, DType::F32] {
        let close = if dtype == DType::F64 { 1e-7 } else { 1e-4 };
        for (name, forward) in cases {
            check_to(Some(close), &format!("{name} {dtype:?}"), &Probe::new(dtype), forward, tensor([3, 24], 3, dtype));
        }
    }
}

#[test]
fn saturated_inputs_give_finite_derivatives() {
    run(&[
        ("tanh at 1000", |p, x| (p.z(x) * 1000.0).tanh() + p.b.val().unsqueeze()),
        ("sigmoid at 1000", |p, x| activation::sigmoid(p.z(x) * 1000.0) + p.b.val().unsqueeze()),
        ("softmax at 1000", |p, x| activation::softmax(p.z(x) * 1000.0, 1) + p.b.val().unsqueeze()),
        ("log_softmax at 100", |p, x| activation::log_softmax(p.z(x) * 100.0, 1)),
    ]);
}

#[test]
fn arithmetic() {
    run(&[
        ("add", |p, x| p.z(x.clone()) + p.z(x.sin())),
        ("sub", |p, x| p.z(x.clone()) - p.z(x.sin())),
        ("mul", |p, x| p.z(x.clone()) * p.z(x.sin())),
        ("div", |p, x| p.z(x.clone()) / p.positive(x)),
        ("pow", |p, x| p.positive(x.clone()).powf(p.z(x))),
        ("pow by a constant", |p, x| p.positive(x.clone()).powf(x + 2.0)),
        ("broadcast row", |p, x| p.z(x) * p.weight().reshape([1, 24])),
        ("broadcast column", |p, x| p.z(x.clone()) - p.z(x).sum_dim(1)),
        ("broadcast middle", |p, x| flat(p.z3(x) / (p.a.val().slice([0..1, 0..4]).reshape([1, 1, 4]).exp()))),
        ("the same twice", |p, x| {
            let z = p.z(x);
            z.clone() * z
        }),
    ]);
}

#[test]
fn matmul() {
    run(&[
        ("dense", |p, x| p.z(x).slice([0..3, 0..6]).matmul(p.a.val())),
        ("dense, parameter on the left only", |p, x| x.slice([0..3, 0..6]).matmul(p.a.val())),
        ("dense at positions", |p, x| flat(p.z3(x).swap_dims(1, 2).matmul(p.a.val().unsqueeze()))),
        ("batched", |p, x| flat(p.z3(x.clone()).matmul(p.z3(x.cos()).swap_dims(1, 2)))),
        ("matrix times batch", |p, x| flat(p.a.val().transpose().unsqueeze::<3>().matmul(p.z3(x)))),
        ("transposed weight", |p, x| p.z(x).slice([0..3, 0..4]).matmul(p.a.val().transpose())),
        ("learned queries, expanded over the batch", |p, x| {
            let queries = p.a.val().slice([0..6, 0..4]).unsqueeze::<3>().expand([3, 6, 4]);
            let queries =
                queries.reshape([18, 4]).matmul(p.b.val().narrow(0, 0, 16).reshape([4, 4])).reshape([3, 6, 4]);
            flat(queries.matmul(p.z3(x).swap_dims(1, 2)))
        }),
        ("a product of parameters", |p, x| {
            let square = p.a.val().transpose().matmul(p.a.val());
            p.z(x).slice([0..3, 0..4]).matmul(square)
        }),
    ]);
}

#[test]
fn layout() {
    run(&[
        ("reshape", |p, x| flat(p.z3(x))),
        ("permute", |p, x| flat(p.z4(x).permute([0, 3, 1, 2]))),
        ("swap", |p, x| flat(p.z3(x).swap_dims(1, 2))),
        ("expand", |p, x| flat(p.z(x).sum_dim(1).expand([3, 5]) * 2.0)),
        ("expand a parameter", |p, x| p.z(x) * p.b.val().unsqueeze::<2>().expand([3, 24])),
        ("slice", |p, x| p.z(x).slice([0..3, 5..17])),
        ("flip", |p, x| p.z(x.clone()).flip([1]) * p.z(x)),
        ("repeat", |p, x| p.z(x).repeat_dim(1, 3)),
        ("cat", |p, x| Tensor::cat(vec![p.z(x.clone()), x.clone(), p.z(x.exp())], 1)),
        ("cat with a parameter", |p, x| Tensor::cat(vec![p.z(x), p.b.val().unsqueeze::<2>().expand([3, 24])], 1)),
    ]);
}

#[test]
fn reductions() {
    run(&[
        ("sum_dim", |p, x| p.z3(x).sum_dim(1).reshape([3, 4])),
        ("mean_dim", |p, x| p.z3(x).mean_dim(2).reshape([3, 6])),
        ("sum_dims", |p, x| p.z4(x).sum_dims(&[1, 3]).reshape([3, 6])),
        ("sum", |p, x| p.z(x.clone()) * p.a.val().sum().unsqueeze()),
        ("mean", |p, x| p.z(x.clone()) * p.a.val().mean().unsqueeze()),
        ("max_dim", |p, x| p.z3(x).max_dim(1).reshape([3, 4])),
        ("min_dim", |p, x| p.z3(x).min_dim(2).reshape([3, 6])),
        ("max_dim_with_indices", |p, x| p.z(x).max_dim_with_indices(1).0),
    ]);
}

#[test]
fn softmax() {
    run(&[
        ("softmax", |p, x| activation::softmax(p.z(x) * 3.0, 1)),
        ("softmax inside", |p, x| flat(activation::softmax(p.z3(x) * 3.0, 1))),
        ("log_softmax", |p, x| activation::log_softmax(p.z(x) * 3.0, 1)),
    ]);
}

fn conv2d(p: &Probe, x: Tensor<2>, options: ConvOptions<2>, channels: usize, bias: bool) -> Tensor<2> {
    // [4, channels, 2, 3] when the input has two channels, [4, 1, 2, 3] in two groups.
    let weight = Tensor::cat(vec![p.a.val().reshape([1, 24]), p.b.val().reshape([1, 24])], 1);
    let weight = weight.slice([0..1, 0..24 * channels]).reshape([4, channels, 2, 3]);
    let bias = bias.then(|| p.b.val().narrow(0, 0, 4) * 2.0);
    flat(nn::conv2d(p.z4(x), weight, bias, options))
}

#[test]
fn convolution() {
    run(&[
        ("conv2d", |p, x| conv2d(p, x, ConvOptions::new([1, 1], [0, 0], [1, 1], 1), 2, true)),
        ("conv2d without bias", |p, x| conv2d(p, x, ConvOptions::new([1, 1], [0, 0], [1, 1], 1), 2, false)),
        ("conv2d stride", |p, x| conv2d(p, x, ConvOptions::new([2, 1], [0, 0], [1, 1], 1), 2, true)),
        ("conv2d padding", |p, x| conv2d(p, x, ConvOptions::new([1, 2], [1, 2], [1, 1], 1), 2, true)),
        ("conv2d dilation", |p, x| conv2d(p, x, ConvOptions::new([1, 1], [1, 1], [2, 2], 1), 2, true)),
        ("conv2d groups", |p, x| conv2d(p, x, ConvOptions::new([1, 1], [1, 1], [1, 1], 2), 1, true)),
        ("conv2d, only the bias active", |p, x| {
            let weight = tensor([4, 2, 2, 2], 8, x.dtype()).to_device(&x.device());
            let x = Tensor::cat(vec![x.clone(), x.clone(), x], 1).reshape([3, 2, 6, 6]);
            flat(nn::conv2d(x, weight, Some(p.b.val().narrow(0, 0, 4)), ConvOptions::new([1, 1], [0, 0], [1, 1], 1)))
        }),
        ("conv1d", |p, x| {
            let weight = p.a.val().reshape([4, 2, 3]);
            let z = p.z(x).reshape([3, 2, 12]);
            flat(nn::conv1d(z, weight, Some(p.b.val().narrow(0, 0, 4)), ConvOptions::new([2], [1], [2], 1)))
        }),
        ("conv1d groups", |p, x| {
            let weight = p.a.val().reshape([8, 1, 3]);
            flat(nn::conv1d(p.z(x).reshape([3, 4, 6]), weight, None, ConvOptions::new([1], [0], [1], 4)))
        }),
    ]);
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

#[test]
fn pooling() {
    run(&[
        ("max_pool2d", |p, x| flat(nn::max_pool2d(p.z4(x), max_pool([2, 2], [2, 2], [0, 0], [1, 1], false)))),
        ("max_pool2d overlapping", |p, x| {
            flat(nn::max_pool2d(p.z4(x), max_pool([3, 2], [1, 2], [1, 1], [1, 1], false)))
        }),
        ("max_pool2d dilation", |p, x| flat(nn::max_pool2d(p.z4(x), max_pool([2, 2], [1, 1], [0, 0], [2, 3], false)))),
        ("max_pool2d ceil", |p, x| flat(nn::max_pool2d(p.z4(x), max_pool([4, 3], [3, 2], [1, 1], [1, 1], true)))),
        ("max_pool1d", |p, x| flat(nn::max_pool1d(p.z3(x), MaxPoolOptions::new([2])))),
        ("avg_pool2d", |p, x| flat(nn::avg_pool2d(p.z4(x), avg_pool([2, 3], [2, 1], [0, 1], true)))),
        ("avg_pool2d, padding not counted", |p, x| {
            flat(nn::avg_pool2d(p.z4(x), avg_pool([3, 3], [2, 2], [1, 1], false)))
        }),
        ("avg_pool1d", |p, x| {
            flat(nn::avg_pool1d(p.z3(x), AvgPoolOptions::new([2]).with_stride([1]).with_padding([1])))
        }),
        ("adaptive_avg_pool2d", |p, x| flat(nn::adaptive_avg_pool2d(p.z4(x), [4, 3]))),
        ("adaptive_avg_pool1d", |p, x| flat(nn::adaptive_avg_pool1d(p.z3(x), 3))),
    ]);
}

#[test]
fn selection() {
    fn indices(values: &[i64], device: &Device) -> Tensor<1, Int> {
        Tensor::from_data(TensorData::from(values), device)
    }
    run(&[
        ("select", |p, x| p.z(x.clone()).select(1, indices(&[3, 0, 3, 23], &x.device()))),
        ("select of a parameter", |p, x| {
            let rows = p.a.val().select(0, indices(&[5, 5], &x.device()));
            x.slice([0..3, 0..2]).matmul(rows)
        }),
        ("mask_fill", |p, x| {
            let z = p.z(x);
            let mask = z.clone().greater_elem(0.1);
            z.mask_fill(mask, 2.0)
        }),
        ("mask_where", |p, x| {
            let (z, other) = (p.z(x.clone()), p.z(x.sin()));
            let mask = z.clone().lower(other.clone());
            z.mask_where(mask, other)
        }),
        ("a comparison as a number", |p, x| {
            let z = p.z(x);
            let positive = z.clone().greater_elem(0.0).bool_not().float().cast(z.dtype());
            z * positive
        }),
    ]);
}
