//! What a direction costs, in gradients: `cargo bench -p dualgn`.
//!
//! The network is 784-1024-1024-10 with relu, the batch 64, softmax cross-entropy, f32: 1.9 million parameters and 640
//! dual unknowns. Every measure ends with a read-back, so that nothing is left in flight. All of it runs under mimalloc,
//! which more than doubles the speed of either side (see the README).

mod median;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData, activation};
use dualgn::loss::SoftmaxCrossEntropy;
use dualgn::{GaussNewton, Network, Solver};
use median::median;

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

fn main() {
    let device = Device::default();
    let model = Mlp::new(&device.clone().autodiff());
    let inputs = Tensor::<2>::random([BATCH, 784], Distribution::Default, &device);
    let labels: Vec<i64> = (0..BATCH).map(|i| ((i * 7) % CLASSES) as i64).collect();
    let targets = Tensor::<1, Int>::from_data(TensorData::new(labels, [BATCH]), &device);
    let network = Network::trace(&model, Mlp::forward, [BATCH, 784]).expect("the network has rules for all it does");
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(1e-2);

    let bias = model.last.bias.as_ref().expect("it has a bias").id;
    let loss = CrossEntropyLossConfig::new().init(&device.clone().autodiff());
    let (outer, classes) = (Tensor::from_inner(inputs.clone()), Tensor::from_inner(targets.clone()));
    let gradient = median(|| {
        let value = loss.forward(model.forward(outer.clone()), classes.clone());
        read(GradientsParams::from_grads(value.backward(), &model).get(bias))
    });
    println!("784-1024-1024-10, batch {BATCH}: median milliseconds, and in gradients of Burn's autodiff\n");
    let line = |name: &str, time: f64| println!("{name:28} {time:9.3} {:9.2}", time / gradient);
    line("gradient, Burn autodiff", gradient);

    // The same work: a forward pass that keeps what is needed, and one product with the transpose.
    let cotangent = Tensor::<2>::random([BATCH, CLASSES], Distribution::Default, &device);
    let product = median(|| {
        let linearization = network.linearize(&model, inputs.clone()).expect("the batch fits");
        read(linearization.vjp(cotangent.clone()).expect("the cotangent fits").get(bias))
    });
    line("gradient, linearize and vjp", product);
    let linearization = network.linearize(&model, inputs.clone()).expect("the batch fits");
    line("Gram matrix", median(|| linearization.gram().expect("it fits").sum().into_scalar::<f32>()));
    let solvers = [1, 5, 10].map(|iterations| Solver::ConjugateGradient { iterations, tolerance: 0.0 });
    for solver in solvers.into_iter().chain([Solver::Cholesky]) {
        let name = match solver {
            Solver::ConjugateGradient { iterations, .. } => format!("direction, {iterations} iterations"),
            _ => "direction, assembled".into(),
        };
        let oracle = oracle.clone().solver(solver);
        let direction = || oracle.direction(&network, &model, inputs.clone(), targets.clone());
        line(&name, median(|| direction().expect("the problem is well posed").slope));
    }
}

/// Reads a gradient back.
fn read(gradient: Option<Tensor<1>>) -> f32 {
    gradient.expect("it has a gradient").sum().into_scalar()
}
