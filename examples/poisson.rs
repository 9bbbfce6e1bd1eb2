//! Solves `-Δu = 2π² sin(πx) sin(πy)` on the unit square, `u = 0` on its boundary, with a small network in double precision.
//!
//! ```sh
//! cargo run --release -p dualgn --example poisson          # 200 steps, or as many as are said
//! ```

use std::f64::consts::PI;
use std::time::Instant;

use burn::module::{ModuleMapper, Param};
use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::{DType, Distribution};
use dualgn::jet::jet;
use dualgn::loss::{Squared, Terms};
use dualgn::step::{Adaptation, LevenbergMarquardt};
use dualgn::{Blocks, Damping, GaussNewton, Network, Stepper};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Module, Debug)]
struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    fn new(sizes: &[usize], device: &Device) -> Self {
        Self { layers: sizes.windows(2).map(|pair| LinearConfig::new(pair[0], pair[1]).init(device)).collect() }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (last, hidden) = self.layers.split_last().expect("at least one layer");
        last.forward(hidden.iter().fold(x, |x, layer| layer.forward(x).tanh()))
    }

    /// `-Δu - f`, zero for the solution.
    fn equation(&self, x: Tensor<2>) -> Tensor<2> {
        let u = jet(x.clone(), |x| self.forward(x));
        -u.laplacian() - exact(x) * (2.0 * PI * PI)
    }
}

/// `sin(πx) sin(πy)`.
fn exact(x: Tensor<2>) -> Tensor<2> {
    (x * PI).sin().prod_dim(1)
}

/// Parameters in double precision.
struct Double;

impl ModuleMapper for Double {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.cast(DType::F64))
    }
}

/// Points inside the square, and on its sides.
fn points(inside: usize, on_each_side: usize, device: &Device) -> Vec<Tensor<2>> {
    let random = |m: usize, n: usize| Tensor::<2>::random([m, n], Distribution::Default, (device, DType::F64));
    let sides = (0..4).map(|side| {
        let fixed = Tensor::full([on_each_side, 1], f64::from(side % 2), (device, DType::F64));
        let free = random(on_each_side, 1);
        Tensor::cat(if side < 2 { vec![fixed, free] } else { vec![free, fixed] }, 1)
    });
    vec![random(inside, 2), Tensor::cat(sides.collect(), 0)]
}

/// `‖u - exact‖ / ‖exact‖` on a grid.
fn error(model: &Mlp, device: &Device) -> f64 {
    let axis = |axis: usize| {
        let values: Vec<f64> = (0..101 * 101).map(|i| [i / 101, i % 101][axis] as f64 / 100.0).collect();
        Tensor::<2>::from_data(TensorData::new(values, [101 * 101, 1]), (device, DType::F64))
    };
    let grid = Tensor::cat(vec![axis(0), axis(1)], 1);
    let (found, wanted) = (model.valid().forward(grid.clone()), exact(grid));
    let norm = |x: Tensor<2>| x.powi_scalar(2).sum().sqrt().into_scalar::<f64>();
    norm(found - wanted.clone()) / norm(wanted)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::default();
    device.seed(1);
    let steps = std::env::args().nth(1).map_or(Ok(200), |steps| steps.parse())?;
    let mut model = Mlp::new(&[2, 32, 32, 1], &device).map(&mut Double);
    let points = points(900, 30, &device);
    let targets = Terms::zeros(&points, 1);
    let problem = Blocks::new([
        Network::trace(&model, Mlp::equation, points[0].dims())?,
        Network::trace(&model, Mlp::forward, points[1].dims())?,
    ]);
    let loss = Terms::new().term(Squared, 1.0).term(Squared, 100.0);
    // Points that stay: Levenberg-Marquardt on all of them, in every step.
    let adaptation = Adaptation::LevenbergMarquardt(LevenbergMarquardt::FULL);
    let damping = Damping::RelativeToLoss { factor: 1e-2, least: 1e-13 };
    let mut stepper = Stepper::new(GaussNewton::new(loss).damping(damping)).adaptation(adaptation);
    let start = Instant::now();
    for step in 1..=steps {
        let (next, report) = stepper.step(1.0, &problem, &model, points.clone(), targets.clone())?;
        model = next;
        if step % 20 == 0 || step == steps {
            let seconds = start.elapsed().as_secs_f64();
            println!("step {step:4}  loss {:.2e}  error {:.2e}  {seconds:.1} s", report.loss, error(&model, &device));
        }
    }
    Ok(())
}
