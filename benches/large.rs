//! Large networks: memory of a linearisation beside Burn's own tape, and the time of a matrix-free direction beside a
//! gradient: `cargo bench -p dualgn --bench large`.
//!
//! * A residual network of 18 layers and 11 million parameters, on 32 images of 32 × 32 pixels.
//! * A transformer encoder of 6 layers of width 256, on 32 sequences of 64 positions.
//!
//! Both in f32, softmax cross-entropy of 10 classes, normalisation in evaluation mode on both sides. Memory is counted by
//! the allocator: what lives as long as the linearisation (or the output that holds Burn's tape), and the most that lived
//! at a time on the way to a gradient.

mod allocator;

use std::hint::black_box;
use std::time::{Duration, Instant};

use burn::module::{Flag, Module, ModuleMapper, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::transformer::{TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData, activation};
use dualgn::loss::SoftmaxCrossEntropy;
use dualgn::{GaussNewton, Inputs, Network, Solver};
use mimalloc::MiMalloc;

use allocator::{Counting, measured};

#[global_allocator]
static ALLOCATOR: Counting<MiMalloc> = Counting(MiMalloc);

const CLASSES: usize = 10;
const BATCH: usize = 32;
const ITERATIONS: usize = 5;
const REPEATS: usize = 5;

/// Two convolutions and a way around them.
#[derive(Module, Debug)]
struct Block {
    first: Conv2d,
    first_norm: BatchNorm,
    second: Conv2d,
    second_norm: BatchNorm,
    around: Option<Conv2d>,
}

impl Block {
    fn new(from: usize, to: usize, stride: usize, device: &Device) -> Self {
        let conv = |from: usize, stride: usize| {
            let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
            Conv2dConfig::new([from, to], [3, 3]).with_stride([stride; 2]).with_padding(padding).with_bias(false)
        };
        let around = (stride != 1 || from != to)
            .then(|| Conv2dConfig::new([from, to], [1, 1]).with_stride([stride; 2]).with_bias(false).init(device));
        Self {
            first: conv(from, stride).init(device),
            first_norm: BatchNormConfig::new(to).init(device),
            second: conv(to, 1).init(device),
            second_norm: BatchNormConfig::new(to).init(device),
            around,
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let inner = activation::relu(self.first_norm.forward(self.first.forward(x.clone())));
        let inner = self.second_norm.forward(self.second.forward(inner));
        let around = match &self.around {
            Some(conv) => conv.forward(x),
            None => x,
        };
        activation::relu(inner + around)
    }
}

#[derive(Module, Debug)]
struct ResNet {
    stem: Conv2d,
    norm: BatchNorm,
    blocks: Vec<Block>,
    head: Linear,
}

impl ResNet {
    fn new(device: &Device) -> Self {
        let stages = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)];
        let blocks = stages
            .iter()
            .flat_map(|&(from, to, stride)| [Block::new(from, to, stride, device), Block::new(to, to, 1, device)]);
        Self {
            stem: Conv2dConfig::new([3, 64], [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .with_bias(false)
                .init(device),
            norm: BatchNormConfig::new(64).init(device),
            blocks: blocks.collect(),
            head: LinearConfig::new(512, CLASSES).init(device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = activation::relu(self.norm.forward(self.stem.forward(x)));
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.head.forward(x.mean_dim(3).mean_dim(2).flatten(1, 3))
    }
}

#[derive(Module, Debug)]
struct Encoder {
    encoder: TransformerEncoder,
    head: Linear,
}

impl Encoder {
    fn new(device: &Device) -> Self {
        Self {
            encoder: TransformerEncoderConfig::new(256, 1024, 8, 6).with_dropout(0.0).init(device),
            head: LinearConfig::new(256, CLASSES).init(device),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let x = self.encoder.forward(TransformerEncoderInput::new(x));
        self.head.forward(x.mean_dim(1).squeeze_dim::<2>(1))
    }
}

/// Turns the training flags off and leaves the gradients on.
fn evaluation<M: Module>(module: M) -> M {
    struct Off;
    impl ModuleMapper for Off {
        fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
            flag.with_value(false)
        }
    }
    module.map(&mut Off)
}

/// What `make` returns, the bytes that live with it, the most that lived at a time, and the median time.
struct Cost {
    held: usize,
    peak: usize,
    time: Duration,
}

fn cost<T>(repeats: usize, make: impl Fn() -> T) -> Cost {
    drop(make());
    let mut times = vec![];
    let (mut held, mut peak) = (0, 0);
    for _ in 0..repeats {
        let start = Instant::now();
        let (made, now_held, now_peak) = measured(|| black_box(make()));
        times.push(start.elapsed());
        (held, peak) = (now_held, now_peak);
        drop(made);
    }
    times.sort();
    Cost { held, peak, time: times[repeats / 2] }
}

fn measure<M: Module + 'static, I: Inputs>(name: &str, model: &M, forward: fn(&M, I) -> Tensor<2>, inputs: &I) {
    let device = Device::default();
    let labels: Vec<i64> = (0..BATCH as i64).map(|i| i % CLASSES as i64).collect();
    let labels: Tensor<1, Int> = Tensor::from_data(TensorData::from(labels.as_slice()), &device);
    let network = Network::trace(model, forward, inputs.shapes()).expect("a network of supported operations");
    let cotangent = Tensor::<2>::random([BATCH, CLASSES], Distribution::Default, &device);

    let tape = cost(REPEATS, || forward(model, inputs.clone().with_autodiff()));
    let ours = cost(REPEATS, || network.linearize(model, inputs.clone()).expect("traced shapes"));
    let gradient = cost(REPEATS, || {
        let output = forward(model, inputs.clone().with_autodiff());
        let loss =
            CrossEntropyLossConfig::new().init(&output.device()).forward(output, Tensor::from_inner(labels.clone()));
        GradientsParams::from_grads(loss.backward(), model)
    });
    let product = cost(REPEATS, || {
        let linearization = network.linearize(model, inputs.clone()).expect("traced shapes");
        linearization.vjp(cotangent.clone()).expect("shapes of the outputs")
    });
    let solver = Solver::ConjugateGradient { iterations: ITERATIONS, tolerance: 0.0 };
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(1.0).solver(solver);
    let direction =
        cost(3, || oracle.direction(&network, model, inputs.clone(), labels.clone()).expect("finite losses"));

    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    println!("{name}: {:.2} million parameters", network.parameter_count() as f64 / 1e6);
    let line = |what: &str, ours: f64, burn: f64, unit: &str| {
        println!("  {what:<46} {ours:>9.1} {unit:<3}  Burn {burn:>9.1} {unit:<3}  ratio {:>6.2}", ours / burn);
    };
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    line("memory held by a linearisation, by the tape", mib(ours.held), mib(tape.held), "MiB");
    line("most memory on the way to Jᵀu, to a gradient", mib(product.peak), mib(gradient.peak), "MiB");
    line("time of linearisation and Jᵀu, of a gradient", ms(product.time), ms(gradient.time), "ms");
    line(&format!("time of a direction of {ITERATIONS} iterations"), ms(direction.time), ms(gradient.time), "ms");
    println!("  {:<46} {:>9.1} MiB", "most memory during a direction", mib(direction.peak));
}

fn main() {
    let device = Device::default().autodiff();
    let images = Tensor::<4>::random([BATCH, 3, 32, 32], Distribution::Default, &Device::default());
    measure("residual network", &evaluation(ResNet::new(&device)), ResNet::forward, &images);
    let sequences = Tensor::<3>::random([BATCH, 64, 256], Distribution::Default, &Device::default());
    measure("transformer encoder", &evaluation(Encoder::new(&device)), Encoder::forward, &sequences);
}
