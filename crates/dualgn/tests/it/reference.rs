//! Directions, Gram matrices and conjugate-gradient iterates against independently computed answers: see
//! `tests/reference/README.md`.

mod physics;
mod prox;
mod weights;

use std::fs::File;
use std::path::Path;

use burn::tensor::module as nn;
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation};
use dualgn::loss::{ClassTargets, Logistic, SoftmaxCrossEntropy, Squared};
use dualgn::step::Proximity;
use dualgn::{ConvexLoss, Direction, GaussNewton, Inputs, Network, Route, Solver};
use ndarray::ArrayD;
use ndarray_npy::NpzReader;

use self::weights::Weights;
use crate::common::{assert_close, from, host, route_of};

/// One file.
struct Reference {
    name: String,
    archive: NpzReader<File>,
}

impl Reference {
    fn open(case: &str, seed: usize) -> Self {
        let name = format!("{case}_seed{seed}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(format!("{name}.npz"));
        let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { archive: NpzReader::new(file).unwrap(), name }
    }

    fn array(&mut self, key: &str) -> ArrayD<f64> {
        self.archive.by_name(key).unwrap_or_else(|error| panic!("{} {key}: {error}", self.name))
    }

    fn integers(&mut self, key: &str) -> ArrayD<i64> {
        self.archive.by_name(key).unwrap_or_else(|error| panic!("{} {key}: {error}", self.name))
    }

    fn values(&mut self, key: &str) -> Vec<f64> {
        self.array(key).iter().copied().collect()
    }

    fn number(&mut self, key: &str) -> f64 {
        self.values(key)[0]
    }

    /// `[m, features]`, whatever the rank in the file.
    fn inputs(&mut self) -> Tensor<2> {
        let x = self.array("x");
        let m = x.shape()[0];
        let features = x.len() / m;
        from(x.iter().copied().collect(), [m, features], DType::F64)
    }
}

const MLP2: &[&str] = &["layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias"];
const MLP3: &[&str] = &["layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias", "layer3.weight", "layer3.bias"];

/// Compares everything a file holds, for a network of float inputs.
fn check<L, T>(
    case: &str,
    names: &[&str],
    forward: fn(&Weights, Tensor<2>) -> Tensor<2>,
    loss: L,
    inputs: fn(&mut Reference) -> Tensor<2>,
    targets: fn(&mut Reference) -> T,
) where
    L: ConvexLoss + Clone,
    T: Into<L::Target> + Clone,
{
    for seed in 0..2 {
        let mut reference = Reference::open(case, seed);
        let (x, y) = (inputs(&mut reference), targets(&mut reference));
        compare(&mut reference, names, forward, loss.clone(), x, y);
    }
}

fn compare<L, T, I: Inputs>(
    reference: &mut Reference,
    names: &[&str],
    forward: fn(&Weights, I) -> Tensor<2>,
    loss: L,
    inputs: I,
    targets: T,
) where
    L: ConvexLoss + Clone,
    T: Into<L::Target> + Clone,
{
    let name = reference.name.clone();
    let weights = Weights::read(reference, names);
    let ranks: Vec<usize> = names.iter().map(|name| reference.array(&format!("param.{name}")).ndim()).collect();
    let joined = |reference: &mut Reference, prefix: &str| joined(reference, names, prefix);
    let close =
        |what: &str, found: &[f64], wanted: &[f64]| assert_close(&format!("{name}: {what}"), found, wanted, 1e-8);

    let network = Network::trace(&weights, forward, inputs.shapes()).unwrap();
    let linearization = network.linearize(&weights, inputs.clone()).unwrap();
    let [m, k] = linearization.outputs().dims();
    close("outputs", &host(linearization.outputs()), &reference.values("f"));
    let targets_now: L::Target = targets.clone().into();
    close("loss gradient", &host(loss.gradient(linearization.outputs(), &targets_now)), &reference.values("g"));
    close("Gram matrix", &host(linearization.gram().unwrap()), &reference.values("K"));

    let cotangent = from(reference.values("probe_c"), [m, k], DType::F64);
    let pulled = linearization.vjp(cotangent).unwrap();
    close("vjp", &weights.flat(&pulled, names, &ranks), &joined(reference, "probe_JTc"));
    let probe = weights.vector(&pulled, &joined(reference, "probe_v"), names, &ranks);
    let pushed = linearization.jvp(&probe).unwrap();
    close("jvp", &host(pushed), &reference.values("probe_Jv"));

    let damping = reference.number("lambda");
    let oracle = GaussNewton::new(loss).damping(damping);
    let solve = |solver: Solver| -> Direction {
        oracle
            .clone()
            .solver(solver)
            .route(Route::DualMatrixFree)
            .direction(&network, &weights, inputs.clone(), targets.clone())
            .unwrap()
    };
    let iterative = Solver::ConjugateGradient { iterations: 400, tolerance: 1e-14 };
    let preconditioned = Solver::Preconditioned { iterations: 400, tolerance: 1e-14 };
    for (solver, route) in [
        (Solver::Cholesky, Route::DualAssembled),
        (Solver::Cholesky, Route::PrimalAssembled),
        (iterative, Route::DualMatrixFree),
        (iterative, Route::DualAssembled),
        (iterative, Route::PrimalMatrixFree),
        (preconditioned, Route::DualAssembled),
    ] {
        let close = |what: &str, found: &[f64], wanted: &[f64]| {
            assert_close(&format!("{name}, {solver:?}, {}: {what}", route.name()), found, wanted, 1e-8);
        };
        let oracle = oracle.clone().solver(solver).route(route);
        let direction = oracle.direction(&network, &weights, inputs.clone(), targets.clone()).unwrap();
        assert_eq!(direction.route, route);
        let flat = weights.flat(&direction.vector(), names, &ranks);
        close("direction", &flat, &joined(reference, "direction"));
        close("dual variables", &host(direction.dual()), &reference.values("alpha"));
        close("loss", &[direction.loss], &reference.values("loss"));
        close("slope", &[direction.slope], &reference.values("slope"));
        close("norm", &[direction.norm], &reference.values("direction_norm"));
        close("primal value", &[direction.primal_value], &reference.values("primal_value"));
        close("dual value", &[direction.dual_value], &reference.values("dual_value"));
        close("predicted decrease", &[direction.predicted_decrease], &reference.values("predicted_decrease"));
        assert!(direction.relative_gap() < 1e-8, "{name}: gap {}", direction.relative_gap());
        let moved = direction.apply(weights.clone(), 1.0);
        let after = solve_loss(&oracle, &network, &moved, inputs.clone(), targets.clone());
        close("loss after the step", &[after], &reference.values("loss_after_step"));
    }

    let p = linearization.parameter_count();
    let steps = reference.integers("cg_steps");
    for (index, &step) in steps.iter().enumerate() {
        let direction = solve(Solver::ConjugateGradient { iterations: step as usize, tolerance: 0.0 });
        let close = |quantity: &str, found: &[f64], wanted: &[f64]| {
            assert_close(&format!("{name}: {quantity} of iterate {step}"), found, wanted, 1e-8);
        };
        let row = |reference: &mut Reference, key: &str, width: usize| {
            reference.values(key)[index * width..(index + 1) * width].to_vec()
        };
        let flat = weights.flat(&direction.vector(), names, &ranks);
        close("direction", &flat, &row(reference, "cg_direction_flat", p));
        close("dual variables", &host(direction.dual()), &row(reference, "cg_alpha", m * k));
        close("slope", &[direction.slope], &row(reference, "cg_slope", 1));
        close("dual value", &[direction.dual_value], &row(reference, "cg_dual_value", 1));
        // P may be the small difference of two large numbers: compare on the scale of the larger.
        let wanted = row(reference, "cg_primal_value", 1)[0];
        let scale = direction.slope.abs().max(wanted.abs());
        assert!((direction.primal_value - wanted).abs() <= 1e-8 * scale, "{name}: primal value of iterate {step}");
    }
}

fn solve_loss<L, T, I: Inputs>(
    oracle: &GaussNewton<L>,
    network: &Network<Weights, I>,
    model: &Weights,
    inputs: I,
    targets: T,
) -> f64
where
    L: ConvexLoss + Clone,
    T: Into<L::Target>,
{
    let solver = Solver::ConjugateGradient { iterations: 0, tolerance: 0.0 };
    oracle.clone().solver(solver).route(route_of(solver)).direction(network, model, inputs, targets).unwrap().loss
}

fn real(reference: &mut Reference) -> Tensor<2> {
    let y = reference.array("y");
    let m = y.shape()[0];
    from(y.iter().copied().collect(), [m, y.len() / m], DType::F64)
}

fn binary(reference: &mut Reference) -> Tensor<2> {
    let y = reference.integers("y");
    from(y.iter().map(|&y| y as f64).collect(), [y.len(), 1], DType::F64)
}

fn indices(reference: &mut Reference) -> Tensor<1, Int> {
    let y: Vec<i64> = reference.integers("y").iter().copied().collect();
    let count = y.len();
    Tensor::from_data(TensorData::new(y, [count]), &Device::default())
}

fn classes(reference: &mut Reference) -> ClassTargets {
    indices(reference).into()
}

/// The values of some key for each parameter, flat.
fn joined(reference: &mut Reference, names: &[&str], prefix: &str) -> Vec<f64> {
    names.iter().flat_map(|name| reference.values(&format!("{prefix}.{name}"))).collect()
}

#[test]
fn mlp_tanh_squared() {
    check("mlp_tanh_squared", MLP3, |w, x| w.mlp(x, Tensor::tanh), Squared, Reference::inputs, real);
}

#[test]
fn mlp_tanh_squared_k3() {
    check("mlp_tanh_squared_k3", MLP2, |w, x| w.mlp(x, Tensor::tanh), Squared, Reference::inputs, real);
}

#[test]
fn mlp_relu_softmax() {
    check("mlp_relu_softmax", MLP3, |w, x| w.mlp(x, activation::relu), SoftmaxCrossEntropy, Reference::inputs, classes);
}

#[test]
fn mlp_sigmoid_softmax_k3() {
    let forward = |w: &Weights, x: Tensor<2>| w.mlp(x, activation::sigmoid);
    check("mlp_sigmoid_softmax_k3", MLP2, forward, SoftmaxCrossEntropy, Reference::inputs, classes);
}

#[test]
fn mlp_gelu_logistic() {
    check("mlp_gelu_logistic", MLP3, |w, x| w.mlp(x, activation::gelu), Logistic, Reference::inputs, binary);
}

#[test]
fn mlp_layernorm_softmax() {
    let names = &["layer1.weight", "layer1.bias", "norm1.gamma", "norm1.beta", "layer2.weight", "layer2.bias"];
    let forward = |w: &Weights, x: Tensor<2>| {
        let x = nn::layer_norm(w.dense(0, x), w.vectors[1].val(), Some(w.vectors[2].val()), 1e-5);
        x.tanh().matmul(w.matrix(1)) + w.row(3)
    };
    check("mlp_layernorm_softmax", names, forward, SoftmaxCrossEntropy, Reference::inputs, classes);
}

const CNN: &[&str] = &["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "head.weight", "head.bias"];

fn head(w: &Weights, x: Tensor<4>) -> Tensor<2> {
    let x: Tensor<2> = x.flatten(1, 3);
    x.matmul(w.matrix(0)) + w.row(2)
}

#[test]
fn cnn_softmax() {
    let forward = |w: &Weights, x: Tensor<2>| {
        let m = x.dims()[0];
        let conv = |x, index: usize, stride: usize| {
            let options = ConvOptions::new([stride, stride], [1, 1], [1, 1], 1);
            activation::relu(nn::conv2d(x, w.kernels[index].val(), Some(w.vectors[index].val()), options))
        };
        let x = nn::max_pool2d(conv(x.reshape([m, 1, 8, 8]), 0, 1), MaxPoolOptions::new([2, 2]));
        head(w, conv(x, 1, 2))
    };
    check("cnn_softmax", CNN, forward, SoftmaxCrossEntropy, Reference::inputs, classes);
}

#[test]
fn cnn_groups_squared() {
    let forward = |w: &Weights, x: Tensor<2>| {
        let m = x.dims()[0];
        let x = x.reshape([m, 1, 8, 8]);
        let plain = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let grouped = ConvOptions::new([1, 1], [0, 0], [2, 2], 2);
        let x = nn::conv2d(x, w.kernels[0].val(), Some(w.vectors[0].val()), plain).tanh();
        let x = nn::conv2d(x, w.kernels[1].val(), Some(w.vectors[1].val()), grouped).tanh();
        head(w, nn::avg_pool2d(x, AvgPoolOptions::new([2, 2])))
    };
    check("cnn_groups_squared", CNN, forward, Squared, Reference::inputs, real);
}

#[test]
fn tied_weight_squared() {
    let names = &["layer1.weight", "layer1.bias", "shared.weight", "bias_a", "bias_b", "head.weight", "head.bias"];
    let forward = |w: &Weights, x: Tensor<2>| {
        let x = w.dense(0, x).tanh();
        let x = (x.matmul(w.matrix(1)) + w.row(1)).tanh();
        let x = (x.matmul(w.matrix(1)) + w.row(2)).tanh();
        x.matmul(w.matrix(2)) + w.row(3)
    };
    check("tied_weight_squared", names, forward, Squared, Reference::inputs, real);
}

#[test]
fn tied_transpose_squared() {
    let names = &["code.weight", "code.bias", "decode.bias"];
    let forward = |w: &Weights, x: Tensor<2>| {
        let x = w.dense(0, x).tanh();
        x.matmul(w.matrix(0).transpose()) + w.row(1)
    };
    check("tied_transpose_squared", names, forward, Squared, Reference::inputs, real);
}

#[test]
fn embedding_flat_softmax() {
    let names = &["embedding.weight", "layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias"];
    let forward = |w: &Weights, tokens: Tensor<2, Int>| {
        let rows = nn::embedding(w.matrix(0), tokens);
        let x: Tensor<2> = rows.flatten(1, 2);
        let x = activation::relu(x.matmul(w.matrix(1)) + w.row(0));
        x.matmul(w.matrix(2)) + w.row(1)
    };
    tokens("embedding_flat_softmax", names, forward);
}

#[test]
fn embedding_mean_softmax() {
    let names = &["embedding.weight", "head.weight", "head.bias"];
    let forward = |w: &Weights, tokens: Tensor<2, Int>| {
        let x: Tensor<2> = nn::embedding(w.matrix(0), tokens).mean_dim(1).squeeze_dim(1);
        x.matmul(w.matrix(1)) + w.row(0)
    };
    tokens("embedding_mean_softmax", names, forward);
}

fn tokens(case: &str, names: &[&str], forward: fn(&Weights, Tensor<2, Int>) -> Tensor<2>) {
    for seed in 0..2 {
        let mut reference = Reference::open(case, seed);
        let x = reference.integers("x");
        let shape = [x.shape()[0], x.shape()[1]];
        let data = TensorData::new(x.iter().copied().collect::<Vec<_>>(), shape);
        let inputs: Tensor<2, Int> = Tensor::from_data(data, &Device::default());
        let targets = classes(&mut reference);
        compare(&mut reference, names, forward, SoftmaxCrossEntropy, inputs, targets);
    }
}

#[test]
fn attention_softmax() {
    let names = &[
        "embed.weight",
        "embed.bias",
        "query.weight",
        "query.bias",
        "key.weight",
        "key.bias",
        "value.weight",
        "value.bias",
        "output.weight",
        "output.bias",
        "head.weight",
        "head.bias",
    ];
    let forward = |w: &Weights, x: Tensor<2>| {
        let m = x.dims()[0];
        let dense = |x: Tensor<3>, index: usize| x.matmul(w.matrix(index).unsqueeze()) + w.row(index).unsqueeze();
        let z = dense(x.reshape([m, 8, 8]), 0);
        let (q, k, v) = (dense(z.clone(), 1), dense(z.clone(), 2), dense(z.clone(), 3));
        let weights = activation::softmax(q.matmul(k.swap_dims(1, 2)) * (1.0 / 6f64.sqrt()), 2);
        let z = z + dense(weights.matmul(v), 4);
        let x: Tensor<2> = z.mean_dim(1).squeeze_dim(1);
        x.matmul(w.matrix(5)) + w.row(5)
    };
    check("attention_softmax", names, forward, SoftmaxCrossEntropy, Reference::inputs, classes);
}

#[test]
fn siren_shape_squared() {
    check("siren_shape_squared", MLP3, |w, x| w.mlp(x, |z| (z * 10.0).sin()), Squared, Reference::inputs, real);
}

/// A proximal centre `c` (SPRING), which is also the plain problem with the outputs shifted by `J c`; for the squared loss that is a
/// shift of the targets: `d = c + d'` where `d'` solves it.
#[test]
fn spring_squared() {
    for seed in 0..2 {
        let mut reference = Reference::open("spring_squared", seed);
        let weights = Weights::read(&mut reference, MLP3);
        let ranks = [2, 1, 2, 1, 2, 1];
        let joined = |reference: &mut Reference, prefix: &str| -> Vec<f64> {
            MLP3.iter().flat_map(|name| reference.values(&format!("{prefix}.{name}"))).collect()
        };
        let (inputs, targets) = (reference.inputs(), real(&mut reference));
        let forward = |w: &Weights, x: Tensor<2>| w.mlp(x, Tensor::tanh);
        let network = Network::trace(&weights, forward, inputs.shapes()).unwrap();
        let linearization = network.linearize(&weights, inputs.clone()).unwrap();

        let blank = linearization.vjp(linearization.outputs()).unwrap();
        let previous = weights.vector(&blank, &joined(&mut reference, "d_prev"), MLP3, &ranks);
        let centre = previous.scale(reference.number("mu"));
        let shifted = targets - linearization.jvp(&centre).unwrap();

        let oracle = GaussNewton::new(Squared).damping(reference.number("lambda")).solver(Solver::Cholesky);
        let direction = oracle.direction(&network, &weights, inputs, shifted).unwrap();
        assert_close("dual variables", &host(direction.dual()), &reference.values("alpha"), 1e-8);
        let found = weights.flat(&direction.vector().add_scaled(&centre, 1.0), MLP3, &ranks);
        assert_close("direction by shifted targets", &found, &joined(&mut reference, "direction"), 1e-8);

        let targets = real(&mut reference);
        let subproblem = oracle.subproblem(&network, &weights, reference.inputs(), targets).unwrap();
        let direction = subproblem.direction(Proximity::new(reference.number("lambda")).centred(&centre)).unwrap();
        let found = weights.flat(&direction.vector(), MLP3, &ranks);
        assert_close("direction", &found, &joined(&mut reference, "direction"), 1e-8);
    }
}
