//! Many classes: fast Gauss-Newton beside the full dual, `cargo bench -p dualgn --bench classes`.
//!
//! A network 64-256-`k` with tanh, a batch of 64, softmax cross-entropy, f32, damping 0.1. The full dual has 64 `k` unknowns,
//! fast Gauss-Newton 64. Medians; the loss is that of the batch before and after the step.

use std::time::Instant;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use dualgn::loss::SoftmaxCrossEntropy;
use dualgn::{Direction, Error, GaussNewton, LossModel, Network, Solver};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 64;

#[derive(Module, Debug)]
struct Mlp {
    hidden: Linear,
    output: Linear,
}

impl Mlp {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(self.hidden.forward(x).tanh())
    }
}

fn main() -> Result<(), Error> {
    let device = Device::default();
    device.seed(1);
    println!("classes  model      solver            ms    iterations  relative gap  loss");
    for classes in [100, 1000] {
        let training = device.clone().autodiff();
        let model = Mlp {
            hidden: LinearConfig::new(64, 256).init(&training),
            output: LinearConfig::new(256, classes).init(&training),
        };
        let inputs = Tensor::<2>::random([BATCH, 64], Distribution::Default, &device);
        let labels: Vec<i64> = (0..BATCH).map(|i| ((i * 37) % classes) as i64).collect();
        let targets = Tensor::<1, Int>::from_data(TensorData::new(labels, [BATCH]), &device);
        let network = Network::trace(&model, Mlp::forward, [BATCH, 64])?;
        for (name, kind) in [("quadratic", LossModel::Quadratic), ("fast", LossModel::FastGaussNewton)] {
            for (how, solver) in [
                ("10 iterations", Solver::ConjugateGradient { iterations: 10, tolerance: 0.0 }),
                ("assembled", Solver::Cholesky),
            ] {
                let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(0.1).model(kind).solver(solver);
                let run = || oracle.direction(&network, &model, inputs.clone(), targets.clone());
                let direction = match run() {
                    Ok(direction) => direction,
                    Err(error) => {
                        println!("{classes:7}  {name:9}  {how:13}  refused: {error}");
                        continue;
                    }
                };
                let repeats = if direction.timings.solve.as_secs_f64() > 1.0 { 1 } else { 9 };
                let mut times: Vec<f64> = (0..repeats)
                    .map(|_| {
                        let start = Instant::now();
                        run().map(|_| start.elapsed().as_secs_f64())
                    })
                    .collect::<Result<_, _>>()?;
                times.sort_by(f64::total_cmp);
                let moved = direction.clone().apply(model.clone(), 1.0);
                let after = oracle.direction(&network, &moved, inputs.clone(), targets.clone())?.loss;
                let Direction { loss, iterations, .. } = direction;
                println!(
                    "{classes:7}  {name:9}  {how:13}  {:8.1}  {iterations:10}  {:12.1e}  {:.3} to {after:.3}",
                    times[times.len() / 2] * 1e3,
                    direction.relative_gap(),
                    loss,
                );
            }
        }
    }
    Ok(())
}
