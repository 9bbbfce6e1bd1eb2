//! Forms of `burn-nn` modules that the networks of the zoo do not use, each as a network of its own.

use burn::module::Module;
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::interpolate::{Interpolate1d, Interpolate1dConfig, InterpolateMode};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, BiGru, BiGruConfig, BiRnn, BiRnnConfig, GroupNorm, GroupNormConfig, Gru, GruConfig,
    InstanceNorm, InstanceNormConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, LinearLayout, Lstm, LstmConfig,
    PaddingConfig2d,
};
use burn::tensor::{DType, Device, Tensor};

use crate::check::check;
use crate::common::tensor;
use crate::zoo::prepared;

/// A layer without parameters behind one that has some.
#[derive(Module, Debug)]
struct Behind<L: Module> {
    first: Linear,
    layer: L,
}

fn run<M: Module + 'static, const D: usize, const E: usize>(
    name: &str,
    model: M,
    shape: [usize; D],
    forward: fn(&M, Tensor<D>) -> Tensor<E>,
) {
    check(name, &prepared(model, DType::F32), forward, tensor(shape, 7, DType::F32));
}

fn behind<L: Module>(width: usize, layer: L) -> Behind<L> {
    Behind { first: LinearConfig::new(width, width).init(&Device::default()), layer }
}

#[test]
fn recurrent_forms() {
    let device = Device::default();
    let lstm = |config: LstmConfig| config.init(&device);
    let first = |m: &Lstm, x: Tensor<3>| m.forward(x, None).0;
    run("lstm reversed", lstm(LstmConfig::new(3, 2, true).with_reverse(true)), [3, 4, 3], first);
    run("lstm with clipping", lstm(LstmConfig::new(3, 2, true).with_clip(Some(0.4))), [3, 4, 3], first);
    run("lstm with one gate", lstm(LstmConfig::new(3, 2, true).with_input_forget(true)), [3, 4, 3], first);
    run(
        "gru reset before",
        GruConfig::new(3, 2, true).with_reset_after(false).init(&device),
        [3, 4, 3],
        |m: &Gru, x| m.forward(x, None),
    );
    // The first two features of the first token as the initial state.
    run("gru with a state", GruConfig::new(3, 2, false).init(&device), [3, 4, 3], |m: &Gru, x| {
        let state = x.clone().slice([0..3, 0..1, 0..2]).reshape([3, 2]);
        m.forward(x, Some(state))
    });
    run("gru both ways", BiGruConfig::new(3, 2, true).init(&device), [3, 4, 3], |m: &BiGru, x| m.forward(x, None).0);
    run("rnn both ways", BiRnnConfig::new(3, 2, true).init(&device), [3, 4, 3], |m: &BiRnn, x| m.forward(x, None).0);
}

#[test]
fn norms_of_several_ranks_and_settings() {
    let device = Device::default();
    let batch = || BatchNormConfig::new(3).init(&device);
    run("batch norm of rank 2", batch(), [4, 3], |m: &BatchNorm, x: Tensor<2>| m.forward(x));
    run("batch norm of rank 3", batch(), [4, 3, 2], |m: &BatchNorm, x: Tensor<3>| m.forward(x));
    run("batch norm of rank 5", batch(), [2, 3, 2, 1, 2], |m: &BatchNorm, x: Tensor<5>| m.forward(x));
    run(
        "layer norm without bias",
        LayerNormConfig::new(4).with_bias(false).init(&device),
        [3, 4],
        |m: &LayerNorm, x: Tensor<2>| m.forward(x),
    );
    let plain = GroupNormConfig::new(2, 4).with_affine(false).init(&device);
    run("group norm without scale", behind(16, plain), [3, 16], |m: &Behind<GroupNorm>, x: Tensor<2>| {
        m.layer.forward(m.first.forward(x).reshape([3, 4, 4])).reshape([3, 16])
    });
    let plain = InstanceNormConfig::new(2).with_affine(false).init(&device);
    run("instance norm without scale", behind(6, plain), [3, 6], |m: &Behind<InstanceNorm>, x: Tensor<2>| {
        m.layer.forward(m.first.forward(x).reshape([3, 2, 3])).reshape([3, 6])
    });
}

#[test]
fn other_layers() {
    let device = Device::default();
    let columns = LinearConfig::new(4, 3).with_layout(LinearLayout::Col).init(&device);
    run("linear by columns", columns, [5, 4], |m: &Linear, x: Tensor<2>| m.forward(x));
    let quiet = MultiHeadAttentionConfig::new(4, 2).with_dropout(0.0).with_quiet_softmax(true).init(&device);
    run("quiet attention", quiet, [3, 3, 4], |m: &MultiHeadAttention, x: Tensor<3>| {
        m.forward(MhaInput::self_attn(x)).context
    });
    // Even kernels and strides ask for more padding on one side than on the other.
    let same = Conv2dConfig::new([1, 2], [2, 3]).with_padding(PaddingConfig2d::Same).init(&device);
    run("same convolution, even kernel", same, [2, 1, 4, 4], |m: &Conv2d, x: Tensor<4>| m.forward(x));
    let uneven =
        Conv2dConfig::new([1, 2], [2, 2]).with_stride([2, 1]).with_padding(PaddingConfig2d::Explicit(1, 0, 0, 2));
    run("uneven convolution", uneven.init(&device), [2, 1, 4, 4], |m: &Conv2d, x: Tensor<4>| m.forward(x));
    let pool = MaxPool2dConfig::new([2, 2]).with_strides([1, 1]).with_padding(PaddingConfig2d::Same).init();
    run("same pool, even kernel", behind(9, pool), [2, 9], |m: &Behind<MaxPool2d>, x: Tensor<2>| {
        m.layer.forward(m.first.forward(x).reshape([2, 1, 3, 3])).reshape([2, 9])
    });
    let wide = Interpolate1dConfig::new().with_output_size(Some(7)).with_mode(InterpolateMode::Linear).init();
    run("interpolation of a line", behind(4, wide), [3, 4], |m: &Behind<Interpolate1d>, x: Tensor<2>| {
        m.layer.forward(m.first.forward(x).reshape([3, 1, 4]))
    });
    let cubic = Interpolate1dConfig::new().with_output_size(Some(6)).with_mode(InterpolateMode::Cubic).init();
    run("cubic interpolation of a line", behind(4, cubic), [3, 4], |m: &Behind<Interpolate1d>, x: Tensor<2>| {
        m.layer.forward(m.first.forward(x).reshape([3, 1, 4]))
    });
}
