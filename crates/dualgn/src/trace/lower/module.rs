//! Operations of neural networks, and activations.

use burn::backend::ir::{ActivationOperationIr, ModuleOperationIr, TensorIr};

use super::step::{Lowered, number, scalar, step, unary};
use super::vocabulary::Support::{self, Parts, Refused, Rule};
use super::vocabulary::{Operation, vocabulary};
use crate::trace::op::{Average, Conv, Index, Norm, Op, Pool, Softmax, Unary};

const BACKWARD: Support =
    Refused("it is a derivative written out by hand; return the function itself and let it be differentiated");

vocabulary! {
    activation: ActivationOperationIr {
        Rule("elementwise") => {
            Relu(ir) => unary(Unary::Relu, ir),
            LeakyRelu(ir) => scalar(Unary::LeakyRelu, ir),
            Gelu(ir) => unary(Unary::Gelu, ir),
            Sigmoid(ir) => unary(Unary::Sigmoid, ir),
            LogSigmoid(ir) => unary(Unary::LogSigmoid, ir),
        }
        Rule("softmax") => {
            Softmax(ir) => step(Op::Softmax(Softmax { log: false, axis: ir.axis }), &[&ir.input], &ir.out),
            LogSoftmax(ir) => step(Op::Softmax(Softmax { log: true, axis: ir.axis }), &[&ir.input], &ir.out),
        };
        Parts("clamp") => [HardSigmoid]
        Parts("negation, softmax") => [Softmin]
        Parts("product, mask") => [PRelu]
        BACKWARD => [ReluBackward GeluBackward SigmoidBackward LogSigmoidBackward]
    }
}

vocabulary! {
    module: ModuleOperationIr {
        Rule("convolution") => {
            Conv1d(ir) => conv(Conv::One(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out),
            Conv2d(ir) => conv(Conv::Two(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out),
            Conv3d(ir) => conv(Conv::Three(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out),
            ConvTranspose1d(ir) =>
                conv(Conv::TransposedOne(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out),
            ConvTranspose2d(ir) =>
                conv(Conv::TransposedTwo(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out),
            ConvTranspose3d(ir) =>
                conv(Conv::TransposedThree(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out),
        }
        // A pool over one axis is a pool over two, the first of which has length one: the rule reshapes.
        Rule("pool") => {
            MaxPool1d(ir) =>
                max_pool(wide(ir.kernel_size), wide(ir.stride), [0, ir.padding], wide(ir.dilation), ir.ceil_mode, &ir.x, &ir.out),
            MaxPool2d(ir) =>
                max_pool(ir.kernel_size, ir.stride, ir.padding, ir.dilation, ir.ceil_mode, &ir.x, &ir.out),
            MaxPool1dWithIndices(ir) =>
                max_pool(wide(ir.kernel_size), wide(ir.stride), [0, ir.padding], wide(ir.dilation), ir.ceil_mode, &ir.x, &ir.out),
            MaxPool2dWithIndices(ir) =>
                max_pool(ir.kernel_size, ir.stride, ir.padding, ir.dilation, ir.ceil_mode, &ir.x, &ir.out),
            AvgPool1d(ir) => average_pool(
                Average::Windows {
                    kernel: wide(ir.kernel_size),
                    stride: wide(ir.stride),
                    padding: [0, ir.padding],
                    count_padding: ir.count_include_pad,
                    ceil: ir.ceil_mode,
                },
                &ir.x,
                &ir.out,
            ),
            AvgPool2d(ir) => average_pool(
                Average::Windows {
                    kernel: ir.kernel_size,
                    stride: ir.stride,
                    padding: ir.padding,
                    count_padding: ir.count_include_pad,
                    ceil: ir.ceil_mode,
                },
                &ir.x,
                &ir.out,
            ),
            AdaptiveAvgPool1d(ir) => average_pool(Average::Adaptive { output: wide(ir.output_size) }, &ir.x, &ir.out),
            AdaptiveAvgPool2d(ir) => average_pool(Average::Adaptive { output: ir.output_size }, &ir.x, &ir.out),
        }
        Rule("norm") => {
            LayerNorm(ir) => step(
                Op::Norm(Norm::Layer { epsilon: number(&ir.epsilon) }),
                &[&ir.input, &ir.gamma].into_iter().chain(&ir.beta).collect::<Vec<_>>(),
                &ir.out,
            ),
            BatchNorm(ir) => step(
                Op::Norm(Norm::Batch { epsilon: number(&ir.epsilon) }),
                &[&ir.x, &ir.gamma, &ir.beta, &ir.mean, &ir.variance],
                &ir.out,
            ),
        }
        Rule("index") => {
            Embedding(ir) => step(Op::Index(Index::Embedding), &[&ir.weights, &ir.indices], &ir.out),
        };
        Parts("matmul, add") => [Linear]
        Parts("matmul with constant weights along each axis") => [Interpolate AdaptiveAvgPool3d]
        Parts("slices of the padded input") => [Unfold4d]
        Parts("floor, gather, products, matmul") => [DeformableConv2d]
        Parts("matmul, mask, softmax") => [Attention]
        Parts("log-softmax recursions") => [CtcLoss]
        BACKWARD => [
            EmbeddingBackward LinearXBackward LinearWeightBackward LinearBiasBackward Conv1dXBackward Conv1dWeightBackward
            Conv1dBiasBackward Conv2dXBackward Conv2dWeightBackward Conv2dBiasBackward Conv3dXBackward Conv3dWeightBackward
            Conv3dBiasBackward DeformableConv2dBackward AvgPool1dBackward AvgPool2dBackward AdaptiveAvgPool1dBackward
            AdaptiveAvgPool2dBackward AdaptiveAvgPool3dBackward MaxPool1dWithIndicesBackward MaxPool2dWithIndicesBackward
            InterpolateBackward CtcLossBackward ConvTranspose1dWeightBackward ConvTranspose1dBiasBackward
            ConvTranspose2dWeightBackward ConvTranspose2dBiasBackward ConvTranspose3dWeightBackward
            ConvTranspose3dBiasBackward
        ]
    }
}

fn conv(conv: Conv, x: &TensorIr, weight: &TensorIr, bias: &Option<TensorIr>, output: &TensorIr) -> Lowered {
    let mut inputs = vec![x, weight];
    inputs.extend(bias);
    step(Op::Conv(conv), &inputs, output)
}

fn max_pool(
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    ceil: bool,
    input: &TensorIr,
    output: &TensorIr,
) -> Lowered {
    pool(Pool::Max { kernel, stride, padding, dilation, ceil }, input, output)
}

fn average_pool(average: Average, input: &TensorIr, output: &TensorIr) -> Lowered {
    pool(Pool::Average(average), input, output)
}

fn pool(pool: Pool, input: &TensorIr, output: &TensorIr) -> Lowered {
    step(Op::Pool(pool), &[input], output)
}

/// A setting of one axis for two, the first of which has length one.
fn wide(setting: usize) -> [usize; 2] {
    [1, setting]
}
