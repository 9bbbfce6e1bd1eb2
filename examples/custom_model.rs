//! Your own Burn model, trained by dual Gauss-Newton directions: `cargo run --release -p dualgn --example custom_model`.
//!
//! The model is an ordinary module; nothing in it knows of this library. It learns `sin(3x) y` on the unit square.

use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::{Distribution, activation};
use dualgn::loss::Squared;
use dualgn::{GaussNewton, Network};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Module, Debug)]
struct Surrogate {
    encoder: Linear,
    norm: LayerNorm,
    hidden: Linear,
    head: Linear,
}

impl Surrogate {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.norm.forward(activation::silu(self.encoder.forward(x)));
        self.head.forward(x.clone() + self.hidden.forward(x).tanh())
    }
}

fn main() -> Result<(), dualgn::Error> {
    let device = Device::default();
    device.seed(1);
    let training = device.clone().autodiff();
    let mut model = Surrogate {
        encoder: LinearConfig::new(2, 24).init(&training),
        norm: LayerNormConfig::new(24).init(&training),
        hidden: LinearConfig::new(24, 24).init(&training),
        head: LinearConfig::new(24, 1).init(&training),
    };
    let inputs = Tensor::<2>::random([256, 2], Distribution::Uniform(0.0, 1.0), &device);
    let [x, y] = [0, 1].map(|column| inputs.clone().slice([0..256, column..column + 1]));
    let targets = (x * 3.0).sin() * y;

    let network = Network::trace(&model, Surrogate::forward, [256, 2])?;
    let mut damping = 1.0;
    for step in 0..=60 {
        let oracle = GaussNewton::new(Squared).damping(damping);
        let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone())?;
        if step % 10 == 0 {
            println!(
                "step {step:2}  loss {:.3e}  slope {:.2e}  damping {damping:.1e}",
                direction.loss, direction.slope
            );
        }
        model = direction.apply(model, 1.0);
        damping = (damping * 0.8).max(1e-5);
    }
    Ok(())
}
