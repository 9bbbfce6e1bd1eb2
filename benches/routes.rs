//! Estimate and measurement of each route, and what `Auto` picks: `cargo bench -p dualgn --bench routes`.
//!
//! The workloads of the peers' benchmark and ten random networks, f32, each by all four routes as `Auto` would go them. The last
//! column is the time of the chosen route over that of the fastest which is as accurate as `Auto` promises.

#[allow(dead_code, reason = "one of the programs that share the networks")]
#[path = "peers/networks.rs"]
mod networks;

use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use dualgn::loss::SoftmaxCrossEntropy;
use dualgn::{Error, GaussNewton, Inputs, Network, Route};
use networks::{LeNet, Mlp};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Routes that are estimated to take longer than this are not run.
const PATIENCE: f64 = 5.0;
/// The relative gap that counts as accurate: `Auto`'s own is 1e-4, and products in f32 add to it.
const ACCURATE: f64 = 1e-3;
/// Calls of each route.
const CALLS: usize = 7;

fn main() -> Result<(), Error> {
    let device = Device::default();
    println!(
        "milliseconds, estimated and measured (median of {CALLS}), iterations; `*` is Auto's choice, `~` a gap above {ACCURATE}\n"
    );
    print!("{:34}", "network, batch");
    Route::ALL.iter().for_each(|route| print!("{:>26}", route.name()));
    println!("  chosen / best");
    let mut worst: f64 = 0.0;
    let mlp = |sizes: &[usize], m: usize, tanh: bool| {
        let sizes_text: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        let name = format!("{} {}, {m}", sizes_text.join("-"), if tanh { "tanh" } else { "relu" });
        let model = Mlp::new(sizes, tanh, &device.clone().autodiff());
        let inputs = Tensor::<2>::random([m, sizes[0]], Distribution::Normal(0.0, 1.0), &device);
        row(&name, &model, Mlp::forward, inputs, *sizes.last().expect("has outputs"), m)
    };
    for (sizes, m, tanh) in [
        (vec![784, 1024, 1024, 10], 64, false),
        (vec![784, 1024, 1024, 10], 128, false),
        (vec![10, 128, 128, 2], 256, true),
        (vec![784, 2048, 2048, 100], 128, false),
        (vec![64, 64, 64, 10], 64, false),
        (vec![30, 16, 2], 400, false),
    ] {
        worst = worst.max(mlp(&sizes, m, tanh)?);
    }
    let model = LeNet::new(&device.clone().autodiff());
    let inputs = Tensor::<4>::random([64, 1, 28, 28], Distribution::Normal(0.0, 1.0), &device);
    worst = worst.max(row("convolutional, 64", &model, LeNet::forward, inputs, 10, 64)?);
    // Ten networks whose sizes a fixed generator draws (Park and Miller's), log-uniformly.
    let mut state = 42u64;
    let mut draw = |low: f64, high: f64| {
        state = state * 48271 % 0x7fff_ffff;
        (low * (high / low).powf(state as f64 / f64::from(0x7fff_ffff))).round() as usize
    };
    for _ in 0..10 {
        let depth = draw(1.0, 4.0);
        let mut sizes = vec![draw(2.0, 800.0)];
        (0..depth).for_each(|_| sizes.push(draw(8.0, 800.0)));
        sizes.push(draw(2.0, 40.0));
        let (m, tanh) = (draw(8.0, 500.0), draw(1.0, 2.0) == 1);
        worst = worst.max(mlp(&sizes, m, tanh)?);
    }
    println!("\nworst: {worst:.2}");
    Ok(())
}

/// Prints one network's line and returns the ratio.
fn row<M: Module + 'static, I: Inputs + Clone>(
    name: &str,
    model: &M,
    forward: fn(&M, I) -> Tensor<2>,
    inputs: I,
    classes: usize,
    m: usize,
) -> Result<f64, Error> {
    let labels: Vec<i64> = (0..m).map(|i| ((i * 7) % classes) as i64).collect();
    let targets = Tensor::<1, Int>::from_data(TensorData::new(labels, [m]), &Device::default());
    let network = Network::trace(model, forward, inputs.shapes())?;
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(1e-2);
    // As in training, after some steps: pages are there, and the estimates know how many iterations it takes.
    for _ in 0..4 {
        let _ = oracle.direction(&network, model, inputs.clone(), targets.clone())?;
    }
    let linearization = network.linearize(model, inputs.clone())?;
    let mut estimates = oracle.estimates(&linearization)?;
    let chosen = estimates[0].route;
    estimates.sort_by_key(|estimate| Route::ALL.iter().position(|route| *route == estimate.route));
    print!("{name:34}");
    let mut measured = vec![];
    for estimate in &estimates {
        let mark = if estimate.route == chosen { "*" } else { "" };
        let ms = estimate.seconds * 1e3;
        if estimate.refusal.is_some() || estimate.seconds > PATIENCE {
            let why = if estimate.refusal.is_some() { "refused" } else { "not run" };
            print!("{:>26}", format!("{ms:.3} {why}"));
            continue;
        }
        let oracle = oracle.clone().route(estimate.route);
        let mut times = vec![];
        let (mut iterations, mut gap) = (0, 0.0);
        for _ in 0..CALLS {
            let start = Instant::now();
            let direction = oracle.direction(&network, model, inputs.clone(), targets.clone())?;
            (iterations, gap) = (direction.iterations, direction.relative_gap());
            times.push(start.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let short = if gap > ACCURATE { "~" } else { "" };
        measured.push((estimate.route, times[CALLS / 2], gap <= ACCURATE));
        print!("{:>26}", format!("{ms:.3} {:.3} ({iterations}){short}{mark}", times[CALLS / 2] * 1e3));
    }
    let of =
        |wanted: Route| measured.iter().find(|(route, ..)| *route == wanted).map_or(f64::NAN, |(_, time, _)| *time);
    let accurate = measured.iter().filter(|(.., is_accurate)| *is_accurate);
    let best = accurate.map(|(_, time, _)| *time).fold(f64::INFINITY, f64::min);
    println!("  {:.2}", of(chosen) / best);
    Ok(of(chosen) / best)
}
