//! What a linearisation holds, counted by the allocator: frozen parts cost nothing, and the rest no more than Burn's tape.

#[path = "../../../benches/allocator.rs"]
mod allocator;

use std::alloc::System;
use std::sync::Mutex;

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::transformer::{TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Distribution, Tensor, activation};
use dualgn::{Inputs, Network};

use allocator::{Counting, measured};

#[global_allocator]
static ALLOCATOR: Counting<System> = Counting(System);

/// Tests of this program count the same allocator, so they take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Bytes that live as long as what `make` returns.
fn held<T>(make: impl FnOnce() -> T) -> usize {
    let (_made, held, _) = measured(make);
    held
}

const WIDTH: usize = 128;
const BATCH: usize = 64;
/// Bytes of one activation.
const ACTIVATION: usize = 4 * WIDTH * BATCH;

/// Frozen layers before and after a low-rank adapter.
#[derive(Module, Debug)]
struct Stack {
    before: Vec<Linear>,
    down: Linear,
    up: Linear,
    after: Vec<Linear>,
    norm: BatchNorm,
}

impl Stack {
    fn new(before: usize, after: usize, frozen: bool) -> Self {
        let device = Device::default().autodiff();
        let dense = || {
            let layer = LinearConfig::new(WIDTH, WIDTH).init(&device);
            if frozen { layer.freeze() } else { layer }
        };
        let norm = || BatchNormConfig::new(WIDTH).init(&device);
        Self {
            before: (0..before).map(|_| dense()).collect(),
            down: LinearConfig::new(WIDTH, 4).with_bias(false).init(&device),
            up: LinearConfig::new(4, WIDTH).with_bias(false).init(&device),
            after: (0..after).map(|_| dense()).collect(),
            norm: if frozen { norm().freeze() } else { norm() },
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.before.iter().fold(x, |x, layer| activation::relu(layer.forward(x)));
        let x = x.clone() + self.up.forward(self.down.forward(x));
        self.after.iter().fold(x, |x, layer| self.norm.forward(layer.forward(x)))
    }
}

fn inputs() -> Tensor<2> {
    Tensor::random([BATCH, WIDTH], Distribution::Default, &Device::default())
}

fn held_by_linearization<M: Module + 'static, I: Inputs, const E: usize>(
    model: &M,
    forward: fn(&M, I) -> Tensor<E>,
    inputs: I,
) -> usize {
    let network = Network::trace(model, forward, inputs.shapes()).unwrap();
    let linearize = || network.linearize(model, inputs.clone()).unwrap();
    // Whatever is made once per process is made now, and what each worker thread keeps: the space in which products of
    // matrices lay out their factors, twice the cache (never touched but for its first pages).
    drop(linearize());
    rayon::broadcast(|_| {
        let square = || faer::Mat::<f32>::zeros(64, 64);
        drop(square() * square());
    });
    held(linearize)
}

#[test]
fn frozen_parts_cost_nothing() {
    let _turn = TURN.lock().unwrap();
    let shallow = held_by_linearization(&Stack::new(1, 1, true), Stack::forward, inputs());
    let deep = held_by_linearization(&Stack::new(6, 6, true), Stack::forward, inputs());
    // The input of the adapter, its narrow middle, and the output.
    assert!(shallow < 3 * ACTIVATION, "{} activations", shallow as f64 / ACTIVATION as f64);
    // Twelve frozen layers more: the book-keeping of their operations, no activation.
    assert!(deep < shallow + ACTIVATION / 2, "{shallow} and {deep} bytes");
}

/// Bytes of a linearisation and of Burn's tape, the statistics of normalisations as in evaluation on both sides.
fn both<M: Module + 'static, I: Inputs, const E: usize>(
    model: &M,
    forward: fn(&M, I) -> Tensor<E>,
    inputs: I,
) -> (usize, usize) {
    let ours = held_by_linearization(model, forward, inputs.clone());
    let inputs = inputs.with_autodiff();
    drop(forward(model, inputs.clone()));
    (ours, held(|| forward(model, inputs.clone())))
}

#[derive(Module, Debug)]
struct Residual {
    first: Conv2d,
    norm: BatchNorm,
    second: Conv2d,
}

impl Residual {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let inner = activation::relu(self.norm.forward(self.first.forward(x.clone())));
        activation::relu(x + self.second.forward(inner))
    }
}

/// The demand is two at most; here it is less, and must stay so.
#[test]
fn a_linearisation_holds_no_more_than_burns_tape() {
    let _turn = TURN.lock().unwrap();
    let device = Device::default().autodiff();
    let random = Distribution::Default;
    let conv = || Conv2dConfig::new([16, 16], [3, 3]).with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1)).init(&device);
    let mut norm = BatchNormConfig::new(16).init(&device);
    norm.training = Param::from_bool(false);
    let residual = Residual { first: conv(), norm, second: conv() };
    let encoder = TransformerEncoderConfig::new(32, 64, 4, 1).with_dropout(0.0).init(&device);
    let encode = |m: &TransformerEncoder, x: Tensor<3>| m.forward(TransformerEncoderInput::new(x));
    let cases = [
        ("dense", both(&Stack::new(4, 4, false), Stack::forward, inputs()), 1.25),
        (
            "residual",
            both(&residual, Residual::forward, Tensor::random([4, 16, 16, 16], random, &Device::default())),
            1.5,
        ),
        ("encoder", both(&encoder, encode, Tensor::random([8, 32, 32], random, &Device::default())), 1.5),
    ];
    for (name, (ours, tape), most) in cases {
        assert!(ours as f64 <= most * tape as f64, "{name}: {ours} and {tape} bytes");
    }
}
