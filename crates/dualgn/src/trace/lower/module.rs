//! Operations of neural networks, and activations.

use burn::backend::ir::{ActivationOperationIr, ModuleOperationIr, TensorIr};

use super::{Lowered, number, scalar, step, unary};
use crate::trace::op::{Conv, Index, Norm, Op, Pool, Softmax, Unary};

pub(super) fn activation(op: &ActivationOperationIr) -> Lowered {
    use ActivationOperationIr as A;
    match op {
        A::Relu(ir) => unary(Unary::Relu, ir),
        A::LeakyRelu(ir) => scalar(Unary::LeakyRelu, ir),
        A::Gelu(ir) => unary(Unary::Gelu, ir),
        A::Sigmoid(ir) => unary(Unary::Sigmoid, ir),
        A::LogSigmoid(ir) => unary(Unary::LogSigmoid, ir),
        A::Softmax(ir) => step(Op::Softmax(Softmax { log: false, axis: ir.axis }), &[&ir.input], &ir.out),
        A::LogSoftmax(ir) => step(Op::Softmax(Softmax { log: true, axis: ir.axis }), &[&ir.input], &ir.out),
        A::PRelu(_) | A::HardSigmoid(_) | A::Softmin(_) => Lowered::Parts,
        A::ReluBackward(_) | A::GeluBackward(_) | A::SigmoidBackward(_) | A::LogSigmoidBackward(_) => Lowered::Refused,
    }
}

pub(super) fn module(op: &ModuleOperationIr) -> Lowered {
    use ModuleOperationIr as M;
    match op {
        M::Conv1d(ir) => conv(Conv::One(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out),
        M::Conv2d(ir) => conv(Conv::Two(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out),
        M::Conv3d(ir) => conv(Conv::Three(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out),
        M::ConvTranspose1d(ir) => {
            conv(Conv::TransposedOne(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out)
        }
        M::ConvTranspose2d(ir) => {
            conv(Conv::TransposedTwo(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out)
        }
        M::ConvTranspose3d(ir) => {
            conv(Conv::TransposedThree(ir.options.clone().into()), &ir.x, &ir.weight, &ir.bias, &ir.out)
        }
        M::MaxPool2d(ir) => {
            pool(max_pool(ir.kernel_size, ir.stride, ir.padding, ir.dilation, ir.ceil_mode), &ir.x, &ir.out)
        }
        M::MaxPool2dWithIndices(ir) => {
            pool(max_pool(ir.kernel_size, ir.stride, ir.padding, ir.dilation, ir.ceil_mode), &ir.x, &ir.out)
        }
        // A pool over one axis is a pool over two, the first of which has length one: the rule reshapes.
        M::MaxPool1d(ir) => {
            let max = max_pool([1, ir.kernel_size], [1, ir.stride], [0, ir.padding], [1, ir.dilation], ir.ceil_mode);
            pool(max, &ir.x, &ir.out)
        }
        M::MaxPool1dWithIndices(ir) => {
            let max = max_pool([1, ir.kernel_size], [1, ir.stride], [0, ir.padding], [1, ir.dilation], ir.ceil_mode);
            pool(max, &ir.x, &ir.out)
        }
        M::AvgPool2d(ir) => {
            let (count_padding, ceil) = (ir.count_include_pad, ir.ceil_mode);
            let average =
                Pool::Average { kernel: ir.kernel_size, stride: ir.stride, padding: ir.padding, count_padding, ceil };
            pool(average, &ir.x, &ir.out)
        }
        M::AvgPool1d(ir) => {
            let (kernel, stride, padding) = ([1, ir.kernel_size], [1, ir.stride], [0, ir.padding]);
            let (count_padding, ceil) = (ir.count_include_pad, ir.ceil_mode);
            pool(Pool::Average { kernel, stride, padding, count_padding, ceil }, &ir.x, &ir.out)
        }
        M::AdaptiveAvgPool2d(ir) => pool(Pool::AdaptiveAverage { output: ir.output_size }, &ir.x, &ir.out),
        M::AdaptiveAvgPool1d(ir) => pool(Pool::AdaptiveAverage { output: [1, ir.output_size] }, &ir.x, &ir.out),
        M::LayerNorm(ir) => {
            let mut inputs = vec![&ir.input, &ir.gamma];
            inputs.extend(&ir.beta);
            step(Op::Norm(Norm::Layer { epsilon: number(&ir.epsilon) }), &inputs, &ir.out)
        }
        M::BatchNorm(ir) => {
            let inputs = [&ir.x, &ir.gamma, &ir.beta, &ir.mean, &ir.variance];
            step(Op::Norm(Norm::Batch { epsilon: number(&ir.epsilon) }), &inputs, &ir.out)
        }
        M::Embedding(ir) => step(Op::Index(Index::Embedding), &[&ir.weights, &ir.indices], &ir.out),
        M::Linear(_)
        | M::DeformableConv2d(_)
        | M::AdaptiveAvgPool3d(_)
        | M::Interpolate(_)
        | M::Attention(_)
        | M::CtcLoss(_)
        | M::Unfold4d(_) => Lowered::Parts,
        // Derivatives written out by hand in a forward pass.
        M::EmbeddingBackward(_)
        | M::LinearXBackward(_)
        | M::LinearWeightBackward(_)
        | M::LinearBiasBackward(_)
        | M::Conv1dXBackward(_)
        | M::Conv1dWeightBackward(_)
        | M::Conv1dBiasBackward(_)
        | M::Conv2dXBackward(_)
        | M::Conv2dWeightBackward(_)
        | M::Conv2dBiasBackward(_)
        | M::Conv3dXBackward(_)
        | M::Conv3dWeightBackward(_)
        | M::Conv3dBiasBackward(_)
        | M::DeformableConv2dBackward(_)
        | M::AvgPool1dBackward(_)
        | M::AvgPool2dBackward(_)
        | M::AdaptiveAvgPool1dBackward(_)
        | M::AdaptiveAvgPool2dBackward(_)
        | M::AdaptiveAvgPool3dBackward(_)
        | M::MaxPool1dWithIndicesBackward(_)
        | M::MaxPool2dWithIndicesBackward(_)
        | M::InterpolateBackward(_)
        | M::CtcLossBackward(_)
        | M::ConvTranspose1dWeightBackward(_)
        | M::ConvTranspose1dBiasBackward(_)
        | M::ConvTranspose2dWeightBackward(_)
        | M::ConvTranspose2dBiasBackward(_)
        | M::ConvTranspose3dWeightBackward(_)
        | M::ConvTranspose3dBiasBackward(_) => Lowered::Refused,
    }
}

fn conv(conv: Conv, x: &TensorIr, weight: &TensorIr, bias: &Option<TensorIr>, output: &TensorIr) -> Lowered {
    let mut inputs = vec![x, weight];
    inputs.extend(bias);
    step(Op::Conv(conv), &inputs, output)
}

fn max_pool(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2], dilation: [usize; 2], ceil: bool) -> Pool {
    Pool::Max { kernel, stride, padding, dilation, ceil }
}

fn pool(pool: Pool, input: &TensorIr, output: &TensorIr) -> Lowered {
    step(Op::Pool(pool), &[input], output)
}
