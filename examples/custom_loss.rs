//! Your own convex loss, checked by numbers and then trained with:
//! `cargo run --release -p dualgn --example custom_loss`.
//!
//! The loss is that of expectiles: squared error that counts more on one side of the target. At 0.9 the network learns
//! a curve that most of the noise is below.

use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::Distribution;
use dualgn::error::LossError;
use dualgn::loss::{CurvatureFactor, check_loss, matching};
use dualgn::{ConvexLoss, Error, GaussNewton, Network};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `ℓ(f) = Σ_c ½ w_c (f_c - y_c)²`, with the weight `τ` below the target and `1 - τ` above it.
struct Expectile {
    level: f64,
}

impl Expectile {
    /// The weights of the sides on which `x` is: residuals, or dual variables, which have their signs.
    fn weights(&self, x: &Tensor<2>) -> Tensor<2> {
        x.full_like(1.0 - self.level).mask_fill(x.clone().lower_elem(0.0), self.level)
    }
}

impl ConvexLoss for Expectile {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        let (outputs, found) = (outputs.to_vec(), targets.dims().to_vec());
        if outputs == found {
            return Ok(());
        }
        Err(LossError::Shape { outputs, found, expected: "targets of the same shape".into() }.into())
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let residual = outputs.clone() - matching(targets, &outputs);
        (self.weights(&residual) * residual.clone() * residual * 0.5).sum_dim(1).squeeze_dim(1)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let residual = outputs.clone() - matching(targets, &outputs);
        self.weights(&residual) * residual
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Option<CurvatureFactor> {
        let residual = outputs.clone() - matching(targets, &outputs);
        Some(CurvatureFactor::Diagonal(self.weights(&residual).sqrt()))
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let square = dual.clone() * dual.clone() * 0.5 / self.weights(&dual);
        (square + dual.clone() * matching(targets, &dual)).sum_dim(1).squeeze_dim(1)
    }

    fn domain_violation(&self, dual: Tensor<2>, _targets: &Tensor<2>) -> Tensor<1> {
        // The conjugate is finite everywhere.
        dual.zeros_like().sum_dim(1).squeeze_dim(1)
    }
}

#[derive(Module, Debug)]
struct Curve {
    hidden: Linear,
    output: Linear,
}

impl Curve {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(self.hidden.forward(x).tanh())
    }
}

fn main() -> Result<(), Error> {
    let device = Device::default();
    device.seed(1);

    let random = || Tensor::<2>::random([40, 2], Distribution::Normal(0.0, 2.0), &device);
    println!("the loss is {}", check_loss(&Expectile { level: 0.9 }, random(), &random())?);

    let training = device.clone().autodiff();
    let mut model =
        Curve { hidden: LinearConfig::new(1, 24).init(&training), output: LinearConfig::new(24, 1).init(&training) };
    let inputs = Tensor::<2>::random([256, 1], Distribution::Uniform(-2.0, 2.0), &device);
    let noise = Tensor::<2>::random([256, 1], Distribution::Normal(0.0, 0.3), &device);
    let targets = (inputs.clone() * 2.0).sin() + noise;

    let network = Network::trace(&model, Curve::forward, [256, 1])?;
    let oracle = GaussNewton::new(Expectile { level: 0.9 }).damping(1e-2);
    for step in 0..=20 {
        let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone())?;
        if step % 5 == 0 {
            println!("step {step:2}  loss {:.3e}  slope {:.2e}", direction.loss, direction.slope);
        }
        model = direction.apply(model, 1.0);
    }
    let below = targets.lower(model.valid().forward(inputs)).float().mean().into_scalar::<f32>();
    println!("{:.0} % of the targets are below the curve", 100.0 * below);
    Ok(())
}
