//! Training mode by choice: batch normalisation by the statistics of the batch, and what running statistics do.

use burn::module::{Module, ParamGroup};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor};
use dualgn::error::{DirectionError, TraceError};
use dualgn::loss::Squared;
use dualgn::{Error, GaussNewton, Network, Route, Solver, Tracing};

use crate::common::{assert_close, cast, difference, flatten, host, moved, numbers, shake, tensor, vjp_by_autodiff};
use crate::models::{BatchNormCnn, LayerNormMlp};

const SHAPE: [usize; 4] = [4, 2, 6, 6];

/// In training mode: on an autodiff device, with its flags on.
fn model() -> BatchNormCnn {
    shake(cast(BatchNormCnn::new(&Device::default()), DType::F64), 50)
}

fn network(model: &BatchNormCnn) -> Network<BatchNormCnn, Tensor<4>> {
    Tracing::new().batch_statistics().network(model, BatchNormCnn::forward, SHAPE).unwrap()
}

#[test]
fn batch_statistics_are_differentiated_through() {
    let model = model();
    let network = network(&model);
    assert!(network.mixes_examples().is_some_and(|mixing| mixing.to_string().contains("BatchNorm")));
    let inputs: Tensor<4> = tensor(SHAPE, 7, DType::F64);
    let linearization = network.linearize(&model, inputs.clone()).unwrap();

    // Burn's training forward pass, on an autodiff device.
    let outputs = model.forward(Tensor::from_inner(inputs.clone())).inner();
    assert_close("outputs", &host(linearization.outputs()), &host(outputs), 1e-12);

    let cotangent: Tensor<2> = tensor([4, 3], 8, DType::F64);
    let pulled = linearization.vjp(cotangent.clone()).unwrap();
    let wanted = vjp_by_autodiff(&model, &BatchNormCnn::forward, inputs.clone(), cotangent);
    assert_close("vjp", &flatten(&model, &pulled.clone().into_gradients()), &wanted, 1e-9);

    let tangent = pulled.with_entries(&numbers(pulled.len(), 9)).unwrap();
    let pushed = host(linearization.jvp(&tangent).unwrap());
    let differences =
        difference(|step| host(moved(&model, &tangent, step).forward(Tensor::from_inner(inputs.clone())).inner()));
    assert_close("jvp", &pushed, &differences, 1e-6);
}

#[test]
fn directions_descend_although_examples_mix() {
    let mut model = model();
    let network = network(&model);
    let (inputs, targets): (Tensor<4>, Tensor<2>) = (tensor(SHAPE, 7, DType::F64), tensor([4, 3], 8, DType::F64));
    let oracle = GaussNewton::new(Squared).damping(0.1);
    let error = oracle.clone().solver(Solver::Cholesky).direction(&network, &model, inputs.clone(), targets.clone());
    assert!(matches!(error, Err(Error::Direction(DirectionError::MixesExamples { .. }))));
    let mut losses = vec![];
    for _ in 0..15 {
        let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
        assert_eq!(direction.route, Route::DualMatrixFree);
        assert!(direction.slope < 0.0);
        losses.push(direction.loss);
        model = direction.apply(model, 0.5);
    }
    assert!(losses.windows(2).all(|pair| pair[1] < pair[0]), "{losses:?}");
    assert!(losses[14] < 0.05 * losses[0], "{losses:?}");
}

/// The running mean and variance.
fn running(model: &BatchNormCnn) -> Vec<f64> {
    let norm = model.norm();
    [norm.running_mean.value_sync(), norm.running_var.value_sync()].map(|tensor| host(tensor.inner())).concat()
}

#[test]
fn running_statistics_move_once_a_step_and_only_when_asked() {
    let model = model();
    let network = network(&model);
    let (inputs, targets): (Tensor<4>, Tensor<2>) = (tensor(SHAPE, 7, DType::F64), tensor([4, 3], 8, DType::F64));
    let before = running(&model);
    for _ in 0..3 {
        let direction = GaussNewton::new(Squared).direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
        drop(direction.apply(model.clone(), 1.0));
    }
    assert_eq!(running(&model), before, "trial steps leave them alone");

    network.update_statistics(&model, inputs.clone()).unwrap();
    // Momentum 0.1 towards the mean and the biased variance of what the normalisation sees.
    let seen = model.valid().before_norm(inputs);
    let per_channel = seen.swap_dims(0, 1).flatten::<2>(1, 3);
    let mean = per_channel.clone().mean_dim(1);
    let variance = (per_channel - mean.clone()).square().mean_dim(1);
    let batch = [host(mean), host(variance)].concat();
    let wanted: Vec<f64> = before.iter().zip(batch).map(|(old, new)| 0.9 * old + 0.1 * new).collect();
    assert_close("running statistics", &running(&model), &wanted, 1e-7);
}

#[test]
fn a_frozen_normalisation_keeps_its_running_statistics() {
    let model = model().freeze_group(ParamGroup::from_predicate("norm"));
    let network = network(&model);
    assert_eq!(network.mixes_examples(), None);
    let inputs: Tensor<4> = tensor(SHAPE, 7, DType::F64);
    let before = running(&model);
    network.update_statistics(&model, inputs.clone()).unwrap();
    assert_eq!(running(&model), before);
    let outputs = network.linearize(&model, inputs.clone()).unwrap().outputs();
    assert_close("outputs", &host(outputs), &host(model.valid().forward(inputs)), 1e-12);
}

#[test]
fn statistics_move_in_training_mode_only() {
    let model = model();
    let network = network(&model);
    let plain = model.valid();
    let before = running(&model);
    assert_eq!(network.update_statistics(&plain, tensor(SHAPE, 7, DType::F64)), Err(TraceError::NotTraining));
    assert_eq!(running(&model), before);
}

/// Nested layers, of another rank: each finds its own training flag.
#[test]
fn nested_normalisations_are_told_apart() {
    #[derive(Module, Debug)]
    struct Nested {
        blocks: Vec<BatchNorm>,
        head: Linear,
    }
    let device = Device::default().autodiff();
    let norm = || BatchNormConfig::new(5).init(&device);
    let model = Nested { blocks: vec![norm().freeze(), norm()], head: LinearConfig::new(5, 2).init(&device) };
    let forward = |m: &Nested, x: Tensor<2>| m.head.forward(m.blocks[1].forward(m.blocks[0].forward(x)));
    let network = Tracing::new().batch_statistics().network(&model, forward, [6, 5]).unwrap();
    assert!(
        network.mixes_examples().is_some_and(|mixing| mixing.place.contains("blocks.1")),
        "{:?}",
        network.mixes_examples()
    );
    let inputs = tensor::<2>([6, 5], 3, DType::F32);
    let outputs = forward(&model, Tensor::from_inner(inputs.clone())).inner();
    assert_close("outputs", &host(network.linearize(&model, inputs).unwrap().outputs()), &host(outputs), 1e-5);
}

/// Which layers take the statistics of the batch depends on their flags, and a trace is of those.
#[test]
fn flags_are_noticed_after_the_trace() {
    let model = model();
    let network = network(&model);
    let inputs: Tensor<4> = tensor(SHAPE, 7, DType::F64);
    let outputs = |model: &BatchNormCnn| host(network.linearize(model, inputs.clone()).unwrap().outputs());
    let training = outputs(&model);
    let off = model.clone().freeze_group(ParamGroup::from_predicate("norm.training"));
    let evaluated = outputs(&off);
    assert!(crate::common::relative(&training, &evaluated) > 1e-3);
    assert_close("evaluation", &evaluated, &host(model.valid().forward(inputs.clone())), 1e-12);
    assert_close("training again", &outputs(&model), &training, 1e-15);
}

/// Burn's dropout draws on autodiff devices only, whatever is asked of the trace.
#[test]
fn dropout_layers_do_nothing() {
    let model = cast(LayerNormMlp::new(&Device::default()), DType::F64);
    let network = Tracing::new().random().network(&model, LayerNormMlp::forward, [5, 6]).unwrap();
    let inputs = tensor::<2>([5, 6], 3, DType::F64);
    let outputs = network.linearize(&model, inputs.clone()).unwrap().outputs();
    assert_close("outputs", &host(outputs), &host(model.valid().forward(inputs)), 1e-13);
}

/// The default is the evaluation mode, in which examples do not mix.
#[test]
fn running_statistics_are_the_default() {
    let network = Network::trace(&model(), BatchNormCnn::forward, SHAPE).unwrap();
    assert_eq!(network.mixes_examples(), None);
}
