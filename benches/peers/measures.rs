//! What is measured: a workload's batch, and one way to a gradient or a direction.

use burn::module::Module;
use burn::nn::loss::{CrossEntropyLossConfig, MseLoss, Reduction};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use dualgn::{ConvexLoss, GaussNewton, Inputs, Model, Network, Route, SoftmaxCrossEntropy, Solver, Squared};

use crate::networks::{LeNet, Mlp};

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

/// Workloads and the methods that fit them. W4 and W5 need derivatives by the network's inputs.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = [("W1", ASSEMBLED), ("W1b", ASSEMBLED), ("W2", ASSEMBLED), ("W3", ASSEMBLED), ("W6", MANY_CLASSES)];
    own.into_iter().flat_map(|(workload, own)| COMMON.iter().chain(own).map(move |method| (workload, *method)))
}

/// A measure, ready to run as often as wanted.
pub struct Subject {
    run: Box<dyn FnMut() -> Result<f64, String>>,
    parameters: usize,
}

impl Subject {
    pub fn new(workload: &str, method: &str) -> Result<Self, String> {
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
                let burn = |outputs: Tensor<2>, targets: Tensor<2>| {
                    MseLoss::new().forward(outputs, Tensor::from_inner(targets), Reduction::Mean) * 0.5
                };
                subject(method, Squared, model, Mlp::forward, inputs, targets, burn)
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
    pub fn run(&mut self) -> Result<f64, String> {
        let norm = (self.run)()?;
        Device::default().sync().map_err(words)?;
        Ok(norm)
    }

    pub fn parameters(&self) -> usize {
        self.parameters
    }
}

fn labels(m: usize, k: usize, device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i64> = (0..m).map(|i| ((i * 7) % k) as i64).collect();
    Tensor::from_data(TensorData::new(labels, [m]), device)
}

fn classification<M, I>(
    method: &str,
    model: M,
    forward: fn(&M, I) -> Tensor<2>,
    inputs: I,
    targets: Tensor<1, Int>,
) -> Result<Subject, String>
where
    M: Module + 'static,
    I: Inputs + Tracked + Clone + 'static,
{
    let burn = |outputs: Tensor<2>, targets: Tensor<1, Int>| {
        let device = outputs.device();
        CrossEntropyLossConfig::new().init(&device).forward(outputs, Tensor::from_inner(targets))
    };
    subject(method, SoftmaxCrossEntropy, model, forward, inputs, targets, burn)
}

/// Inputs that a model on an autodiff device takes.
trait Tracked {
    fn tracked(&self) -> Self;
}

impl<const D: usize> Tracked for Tensor<D> {
    fn tracked(&self) -> Self {
        Tensor::from_inner(self.clone())
    }
}

fn subject<M, I, L, T>(
    method: &str,
    loss: L,
    model: M,
    forward: fn(&M, I) -> Tensor<2>,
    inputs: I,
    targets: T,
    burn: impl Fn(Tensor<2>, T) -> Tensor<1> + 'static,
) -> Result<Subject, String>
where
    M: Module + 'static,
    I: Inputs + Tracked + Clone + 'static,
    L: ConvexLoss + Clone + 'static,
    T: Into<L::Target> + Clone + 'static,
{
    let network = Network::trace(&model, forward, inputs.shapes()).map_err(words)?;
    let parameters = model.num_params();
    let linearization = network.linearize(&model, inputs.clone()).map_err(words)?;
    let gradient_of = loss.clone();
    let run: Box<dyn FnMut() -> Result<f64, String>> = match method {
        "burn_gradient" => Box::new(move || {
            let value = burn(forward(&model, inputs.tracked()), targets.clone());
            let gradients = GradientsParams::from_grads(value.clone().backward(), &model);
            std::hint::black_box(&gradients);
            Ok(f64::from(value.into_scalar::<f32>()))
        }),
        "gradient" => Box::new(move || {
            let targets = targets.clone().into();
            let linearization = network.linearize(&model, inputs.clone()).map_err(words)?;
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
            let linearization = network.linearize(&model, inputs.clone()).map_err(words)?;
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
                Some(("fast", "assembled")) => oracle.solver(Solver::Cholesky).model(Model::FastGaussNewton),
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
