//! What is measured: a workload's batch, and one way to a gradient or a direction.

use std::f64::consts::PI;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Distribution, Int, Tensor, TensorData};
use dualgn::loss::{SoftmaxCrossEntropy, Squared, Terms};
use dualgn::{Blocks, ConvexLoss, GaussNewton, Inputs, Linearize, LossModel, Network, Route, Solver};

use crate::networks::{LeNet, Mlp};
use crate::physics::Field;

/// The damping λ of the peers.
const DAMPING: f64 = 1e-2;

/// Methods of every workload.
const COMMON: &[&str] = &[
    "burn_gradient",
    "gradient",
    "forward_backward",
    "products",
    "kernel_products_1",
    "kernel_products_10",
    "dual_cg_10",
    "primal_cg_10",
];
/// Those of workloads whose matrix fits, and of the one with many classes.
const ASSEMBLED: &[&str] = &["dual_cg_1", "dual_cg_5", "dual_assembled"];
const MANY_CLASSES: &[&str] = &["fast_assembled"];

/// Workloads and the methods that fit them.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let assembled = ["W1", "W1b", "W2", "W3", "W4", "W5"].map(|workload| (workload, ASSEMBLED));
    let own = assembled.into_iter().chain([("W6", MANY_CLASSES)]);
    own.flat_map(|(workload, own)| COMMON.iter().chain(own).map(move |method| (workload, *method)))
}

/// A measure, ready to run as often as wanted.
pub(crate) struct Subject {
    run: Box<dyn FnMut() -> Result<f64, String>>,
    parameters: usize,
}

impl Subject {
    pub(crate) fn new(workload: &str, method: &str) -> Result<Self, String> {
        let device = Device::default();
        device.seed(0);
        let training = device.clone().autodiff();
        let wide_by = |forward: fn(&Mlp, Tensor<2>) -> Tensor<2>, sizes: [usize; 4], m: usize| {
            let model = Mlp::new(&sizes, false, &training);
            let inputs = Tensor::<2>::random([m, sizes[0]], Distribution::Normal(0.0, 1.0), &device);
            let targets = labels(m, sizes[3], &device);
            classification(method, model, forward, inputs, targets)
        };
        let wide = |sizes, m| wide_by(Mlp::forward, sizes, m);
        // A width other than the workload's own, `W1@256`, shows how the time grows with the parameters.
        if let Some(width) = workload.strip_prefix("W1@") {
            let width = width.parse().map_err(|_| format!("`{width}` is not a width"))?;
            return wide([784, width, width, 10], 64);
        }
        match workload {
            // Activations in half precision, for devices that multiply them faster.
            "W1-half" => wide_by(Mlp::forward_half, [784, 1024, 1024, 10], 64),
            "W1" => wide([784, 1024, 1024, 10], 64),
            "W1b" => wide([784, 1024, 1024, 10], 128),
            "W6" => wide([784, 2048, 2048, 100], 128),
            "W2" => {
                let model = Mlp::new(&[10, 128, 128, 1], true, &training);
                let inputs = Tensor::<2>::random([256, 10], Distribution::Normal(0.0, 1.0), &device);
                let targets = Tensor::<2>::random([256, 1], Distribution::Normal(0.0, 1.0), &device);
                let network = Network::trace(&model, Mlp::forward, [256, 10]).map_err(words)?;
                let burn = |model: &Mlp, inputs: Tensor<2>, targets: Tensor<2>| {
                    half_square(model.forward(Tensor::from_inner(inputs)) - Tensor::from_inner(targets)).mean()
                };
                subject(method, Squared, model, network, inputs, targets, burn)
            }
            "W4" => {
                let model = Field::new(&[2, 64, 64, 64, 1], false, DType::F64, &training);
                let x = Tensor::<2>::random([1000, 2], Distribution::Default, (&device, DType::F64));
                let source = (x.clone() * PI).sin().prod_dim(1) * (-2.0 * PI * PI);
                let inputs = Tensor::cat(vec![x, source], 1);
                let network = Network::trace(&model, Field::poisson, [1000, 3]).map_err(words)?;
                let burn = |model: &Field, inputs: Tensor<2>, _| {
                    half_square(model.poisson_by_hand(Tensor::from_inner(inputs))).mean()
                };
                let targets = Tensor::<2>::zeros([1000, 1], (&device, DType::F64));
                subject(method, Squared, model, network, inputs, targets, burn)
            }
            "W5" => {
                let model = Field::new(&[3, 256, 256, 256, 1], true, DType::F32, &training);
                let inputs: Vec<Tensor<2>> =
                    (0..2).map(|_| Tensor::random([500, 3], Distribution::Uniform(-1.0, 1.0), &device)).collect();
                let network = Blocks::new([
                    Network::trace(&model, Field::forward, [500, 3]).map_err(words)?,
                    Network::trace(&model, Field::eikonal, [500, 3]).map_err(words)?,
                ]);
                let targets = Terms::zeros(&inputs, 1);
                let burn = |model: &Field, inputs: Vec<Tensor<2>>, _| {
                    let [surface, space] = [0, 1].map(|index| Tensor::from_inner(inputs[index].clone()));
                    let rows = Tensor::cat(vec![model.forward(surface), model.eikonal_by_hand(space)], 0);
                    half_square(rows).mean()
                };
                // The mean over all rows.
                let loss = Terms::new().term(Squared, 0.5).term(Squared, 0.5);
                subject(method, loss, model, network, inputs, targets, burn)
            }
            "W3" => {
                let model = LeNet::new(&training);
                let inputs = Tensor::<4>::random([64, 1, 28, 28], Distribution::Normal(0.0, 1.0), &device);
                classification(method, model, LeNet::forward, inputs, labels(64, 10, &device))
            }
            other => Err(format!("no workload is called `{other}`")),
        }
    }

    /// Runs it once, to the end of what the device does, and returns a norm of the result, or zero where none is read back.
    pub(crate) fn run(&mut self) -> Result<f64, String> {
        let norm = (self.run)()?;
        Device::default().sync().map_err(words)?;
        Ok(norm)
    }

    pub(crate) fn parameters(&self) -> usize {
        self.parameters
    }
}

fn labels(m: usize, k: usize, device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i64> = (0..m).map(|i| ((i * 7) % k) as i64).collect();
    Tensor::from_data(TensorData::new(labels, [m]), device)
}

fn half_square(rows: Tensor<2>) -> Tensor<1> {
    rows.powi_scalar(2).sum_dim(1).squeeze_dim::<1>(1) * 0.5
}

fn classification<M, const D: usize>(
    method: &str,
    model: M,
    forward: fn(&M, Tensor<D>) -> Tensor<2>,
    inputs: Tensor<D>,
    targets: Tensor<1, Int>,
) -> Result<Subject, String>
where
    M: Module + 'static,
    Tensor<D>: Inputs<Shapes = [usize; D]>,
{
    let network = Network::trace(&model, forward, inputs.dims()).map_err(words)?;
    let burn = move |model: &M, inputs: Tensor<D>, targets: Tensor<1, Int>| {
        let outputs = forward(model, Tensor::from_inner(inputs));
        let device = outputs.device();
        CrossEntropyLossConfig::new().init(&device).forward(outputs, Tensor::from_inner(targets))
    };
    subject(method, SoftmaxCrossEntropy, model, network, inputs, targets, burn)
}

/// `burn` is the loss for Burn's autodiff.
fn subject<M, N, L, T>(
    method: &str,
    loss: L,
    model: M,
    network: N,
    inputs: N::Inputs,
    targets: T,
    burn: impl Fn(&M, N::Inputs, T) -> Tensor<1> + 'static,
) -> Result<Subject, String>
where
    M: Module + 'static,
    N: Linearize<M> + 'static,
    N::Inputs: Clone + 'static,
    L: ConvexLoss + Clone + 'static,
    T: Into<L::Target> + Clone + 'static,
{
    let parameters = model.num_params();
    let linearization = network.linearization(&model, inputs.clone(), None).map_err(words)?;
    let gradient_of = loss.clone();
    let run: Box<dyn FnMut() -> Result<f64, String>> = match method {
        "burn_gradient" => Box::new(move || {
            let value = burn(&model, inputs.clone(), targets.clone());
            let gradients = GradientsParams::from_grads(value.clone().backward(), &model);
            std::hint::black_box(&gradients);
            Ok(f64::from(value.into_scalar::<f32>()))
        }),
        "gradient" => Box::new(move || {
            let targets = targets.clone().into();
            let linearization = network.linearization(&model, inputs.clone(), None).map_err(words)?;
            let outputs = linearization.outputs();
            let value = gradient_of.value(outputs.clone(), &targets).mean();
            let examples = linearization.examples() as f64;
            let gradient = linearization.vjp(gradient_of.gradient(outputs, &targets) / examples).map_err(words)?;
            std::hint::black_box(&gradient);
            Ok(f64::from(value.into_scalar::<f32>()))
        }),
        // The two sides of what a matrix-free iteration costs: what Jᵀ and J at a linearised point take, beside a forward
        // and a backward pass.
        "forward_backward" => Box::new(move || {
            let linearization = network.linearization(&model, inputs.clone(), None).map_err(words)?;
            let gradient = linearization.vjp(linearization.outputs()).map_err(words)?;
            std::hint::black_box(&gradient);
            Ok(0.0)
        }),
        "products" => Box::new(move || {
            let back = linearization.vjp(linearization.outputs()).map_err(words)?;
            std::hint::black_box(linearization.jvp(&back).map_err(words)?);
            Ok(0.0)
        }),
        _ => {
            let oracle = GaussNewton::new(loss).damping(DAMPING).memory(8 << 30);
            let oracle = match method.rsplit_once('_') {
                Some(("dual_cg", count)) => oracle.solver(conjugate_gradient(count)?),
                // What one more iteration adds is a product with `K` by passes through the network.
                Some(("kernel_products", count)) => {
                    oracle.solver(conjugate_gradient(count)?).route(Route::DualMatrixFree)
                }
                Some(("primal_cg", count)) => oracle.solver(conjugate_gradient(count)?).route(Route::PrimalMatrixFree),
                Some(("dual", "assembled")) => oracle.solver(Solver::Cholesky).route(Route::DualAssembled),
                Some(("fast", "assembled")) => oracle.solver(Solver::Cholesky).model(LossModel::FastGaussNewton),
                _ => return Err(format!("no method is called `{method}`")),
            };
            Box::new(move || {
                let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone()).map_err(words)?;
                let norm = direction.norm;
                std::hint::black_box(&direction);
                Ok(norm)
            })
        }
    };
    Ok(Subject { run, parameters })
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn conjugate_gradient(iterations: &str) -> Result<Solver, String> {
    let iterations = iterations.parse().map_err(|_| format!("`{iterations}` is no number of iterations"))?;
    Ok(Solver::ConjugateGradient { iterations, tolerance: 0.0 })
}
