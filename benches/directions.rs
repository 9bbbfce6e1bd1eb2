//! What a direction costs, in gradients: `cargo bench -p dualgn`.
//!
//! The network is 784-1024-1024-10 with relu, the batch 64, softmax cross-entropy, f32: 1.9 million parameters and 640
//! dual unknowns. Every measure ends with a read-back, so that nothing is left in flight. All of it runs under mimalloc,
//! which more than doubles the speed of either side (see the README).

use std::hint::black_box;
use std::time::Duration;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData, activation};
use criterion::{Criterion, criterion_group, criterion_main};
use dualgn::loss::SoftmaxCrossEntropy;
use dualgn::{GaussNewton, Network, Solver};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 64;
const CLASSES: usize = 10;

#[derive(Module, Debug)]
struct Mlp {
    first: Linear,
    second: Linear,
    last: Linear,
}

impl Mlp {
    fn new(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(784, 1024).init(device),
            second: LinearConfig::new(1024, 1024).init(device),
            last: LinearConfig::new(1024, CLASSES).init(device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = activation::relu(self.first.forward(x));
        self.last.forward(activation::relu(self.second.forward(x)))
    }
}

fn directions(criterion: &mut Criterion) {
    let device = Device::default();
    let model = Mlp::new(&device.clone().autodiff());
    let inputs = Tensor::<2>::random([BATCH, 784], Distribution::Default, &device);
    let labels: Vec<i64> = (0..BATCH).map(|i| ((i * 7) % CLASSES) as i64).collect();
    let targets = Tensor::<1, Int>::from_data(TensorData::new(labels, [BATCH]), &device);
    let network = Network::trace(&model, Mlp::forward, [BATCH, 784]).expect("the network has rules for all it does");
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(1e-2);

    let mut group = criterion.benchmark_group("784-1024-1024-10");
    group.sample_size(40).measurement_time(Duration::from_secs(6));

    group.bench_function("gradient, Burn autodiff", |bencher| {
        let inputs = Tensor::from_inner(inputs.clone());
        let targets = targets.clone();
        let loss = CrossEntropyLossConfig::new().init(&device.clone().autodiff());
        bencher.iter(|| {
            let value = loss.forward(model.forward(inputs.clone()), Tensor::from_inner(targets.clone()));
            let gradients = GradientsParams::from_grads(value.backward(), &model);
            let last =
                gradients.get::<1>(model.last.bias.as_ref().expect("it has a bias").id).expect("it has a gradient");
            black_box(last.sum().into_scalar::<f32>())
        });
    });
    // The same work: a forward pass that keeps what is needed, and one product with the transpose.
    group.bench_function("gradient, linearize and vjp", |bencher| {
        let cotangent = Tensor::<2>::random([BATCH, CLASSES], Distribution::Default, &device);
        bencher.iter(|| {
            let linearization = network.linearize(&model, inputs.clone()).expect("the batch fits");
            let gradient = linearization.vjp(cotangent.clone()).expect("the cotangent fits");
            let last =
                gradient.get::<1>(model.last.bias.as_ref().expect("it has a bias").id).expect("it has a gradient");
            black_box(last.sum().into_scalar::<f32>())
        });
    });
    let linearization = network.linearize(&model, inputs.clone()).expect("the batch fits");
    group.bench_function("Gram matrix", |bencher| {
        bencher.iter(|| black_box(linearization.gram().expect("it fits").sum().into_scalar::<f32>()));
    });
    let solvers = [1, 5, 10].map(|iterations| Solver::ConjugateGradient { iterations, tolerance: 0.0 });
    for solver in solvers.into_iter().chain([Solver::Cholesky]) {
        let name = match solver {
            Solver::ConjugateGradient { iterations, .. } => format!("direction, {iterations} iterations"),
            _ => "direction, assembled".into(),
        };
        let oracle = oracle.clone().solver(solver);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone());
                black_box(direction.expect("the problem is well posed").slope)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, directions);
criterion_main!(benches);
