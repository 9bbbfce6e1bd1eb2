//! Whole networks in both precisions: outputs and products, the Gram matrix, frozen parts, token inputs.

use burn::module::{Module, ParamGroup};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::{LinearizeError, Network};

use crate::check::check;
use crate::common::{assert_close, cast, evaluation, from, host, jacobian_by_autodiff, numbers, shake, tensor};
use crate::models::{BagOfWords, BatchNormCnn, LayerNormMlp, LeNet, Mlp, Tied, Transformer};

/// A model in a precision, with no parameter left at its initial zero or one.
fn prepared<M: Module>(model: M, dtype: DType) -> M {
    evaluation(shake(cast(model, dtype), 50))
}

macro_rules! network_tests {
    ($($test:ident: $model:expr, $forward:expr, $shape:expr;)*) => {
        $(
            mod $test {
                use super::*;

                #[test]
                fn products_agree_with_autodiff() {
                    for dtype in [DType::F64, DType::F32] {
                        let model = prepared($model(&Device::default()), dtype);
                        check(&format!("{} {dtype:?}", stringify!($test)), &model, $forward, tensor($shape, 7, dtype));
                    }
                }

                /// `K = J Jᵀ`, with the rows of `J` by Burn's autodiff, one backward pass an output.
                #[test]
                fn gram_is_the_product_of_autodiff_jacobians() {
                    // f64: sums of at most a few thousand products, each rounded to 1e-16. f32: the same at 6e-8.
                    for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
                        let model = prepared($model(&Device::default()), dtype);
                        let inputs = tensor($shape, 7, dtype);
                        let network = Network::trace(&model, $forward, $shape).unwrap();
                        let linearization = network.linearize(&model, inputs.clone()).unwrap();
                        let size = [linearization.examples(), linearization.outputs_per_example()];
                        let rows = jacobian_by_autodiff(&model, &$forward, inputs, size, dtype);
                        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                        let wanted: Vec<f64> =
                            rows.iter().flat_map(|a| rows.iter().map(|b| dot(a, b)).collect::<Vec<_>>()).collect();
                        let found = host(linearization.gram().unwrap());
                        assert_close(stringify!($test), &found, &wanted, tolerance);
                    }
                }
            }
        )*
    };
}

network_tests! {
    mlp: |device| Mlp::new([5, 7, 3], device), Mlp::forward, [4, 5];
    mlp_with_one_example: |device| Mlp::new([5, 7, 3], device), Mlp::forward, [1, 5];
    mlp_with_one_output: |device| Mlp::new([5, 7, 1], device), Mlp::forward, [6, 5];
    mlp_with_a_wide_batch: |device| Mlp::new([2, 3, 4], device), Mlp::forward, [70, 2];
    lenet: LeNet::new, LeNet::forward, [3, 1, 12, 12];
    layer_norm_mlp: LayerNormMlp::new, LayerNormMlp::forward, [5, 6];
    batch_norm_cnn: BatchNormCnn::new, BatchNormCnn::forward, [4, 2, 6, 6];
    transformer: Transformer::new, Transformer::forward, [3, 4, 8];
    tied: Tied::new, Tied::forward, [4, 5];
}

/// Tokens are integers, so the generic check does not apply: the Jacobian is compared with differences of the weights.
#[test]
fn token_inputs_have_jacobians_by_their_weights() {
    let model = prepared(BagOfWords::new(&Device::default()), DType::F64);
    let values: Vec<i64> = numbers(30, 4).iter().map(|x| ((x + 1.0) * 5.49) as i64).collect();
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(values, [6, 5]), &Device::default());
    let network = Network::trace(&model, BagOfWords::forward, [6, 5]).unwrap();
    let linearization = network.linearize(&model, tokens.clone()).unwrap();
    let pulled = linearization.vjp(tensor([6, 3], 5, DType::F64)).unwrap();
    let tangent = pulled.with_entries(&numbers(pulled.len(), 6)).unwrap();
    let pushed = host(linearization.jvp(&tangent).unwrap());
    let at = |step: f64| host(crate::common::moved(&model, &tangent, step).valid().forward(tokens.clone()));
    let step = 1e-5;
    let differences: Vec<f64> = at(step).iter().zip(at(-step)).map(|(a, b)| (a - b) / (2.0 * step)).collect();
    assert_close("embedding jvp", &pushed, &differences, 1e-8);
    // The Gram matrix from products with unit vectors, column by column.
    let column = |index: usize| {
        let unit = from((0..18).map(|i| f64::from(i == index)).collect(), [6, 3], DType::F64);
        host(linearization.jvp(&linearization.vjp(unit).unwrap()).unwrap())
    };
    let wanted: Vec<f64> = (0..18).flat_map(column).collect();
    assert_close("embedding gram", &host(linearization.gram().unwrap()), &wanted, 1e-12);
}

#[test]
fn frozen_parameters_are_constants() {
    let model = prepared(Mlp::new([5, 7, 3], &Device::default()), DType::F64);
    let all = Network::trace(&model, Mlp::forward, [4, 5]).unwrap();
    assert_eq!(all.parameter_count(), 5 * 7 + 7 + 7 * 7 + 7 + 7 * 3 + 3);
    let half = model.clone().freeze_group(ParamGroup::from_predicate("first"));
    let network = Network::trace(&half, Mlp::forward, [4, 5]).unwrap();
    assert_eq!(network.parameter_count(), 7 * 7 + 7 + 7 * 3 + 3);
    let inputs = tensor([4, 5], 3, DType::F64);
    let linearization = network.linearize(&half, inputs.clone()).unwrap();
    let gradient = linearization.vjp(tensor([4, 3], 4, DType::F64)).unwrap();
    let paths: Vec<&str> = gradient.parameters().map(|(path, _)| path).collect();
    assert_eq!(paths, ["second.weight", "second.bias", "last.weight", "last.bias"]);
    check("half frozen", &half, Mlp::forward, inputs);
}

/// Freezing after the trace is noticed: the graph is of the parameters that train now.
#[test]
fn freezing_later_changes_the_parameters() {
    let model = prepared(Mlp::new([5, 7, 3], &Device::default()), DType::F64);
    let network = Network::trace(&model, Mlp::forward, [4, 5]).unwrap();
    let inputs: Tensor<2> = tensor([4, 5], 3, DType::F64);
    let before = network.linearize(&model, inputs.clone()).unwrap();
    let frozen = model.clone().freeze_group(ParamGroup::from_predicate("first"));
    let after = network.linearize(&frozen, inputs.clone()).unwrap();
    assert_eq!(before.parameter_count() - after.parameter_count(), 5 * 7 + 7);
    let vector = before.vjp(tensor([4, 3], 1, DType::F64)).unwrap();
    assert_eq!(after.jvp(&vector).unwrap_err(), LinearizeError::OtherNetwork);
    assert_eq!(network.linearize(&model, inputs).unwrap().parameter_count(), before.parameter_count());
}

#[test]
fn a_network_is_traced_once_a_shape_and_follows_the_weights() {
    let model = prepared(Mlp::new([5, 7, 3], &Device::default()), DType::F64);
    let network = Network::trace(&model, Mlp::forward, [4, 5]).unwrap();
    for m in [4, 9, 1, 4] {
        let inputs = tensor([m, 5], m as u64, DType::F64);
        let outputs = network.linearize(&model, inputs.clone()).unwrap().outputs();
        assert_close("outputs", &host(outputs), &host(model.valid().forward(inputs)), 1e-14);
    }
    let other = shake(model, 77);
    let inputs = tensor([4, 5], 8, DType::F64);
    let outputs = network.linearize(&other, inputs.clone()).unwrap().outputs();
    assert_close("new weights", &host(outputs), &host(other.valid().forward(inputs)), 1e-14);
}

#[test]
fn tracing_leaves_the_model_and_its_running_statistics_alone() {
    let model = prepared(BatchNormCnn::new(&Device::default()), DType::F32);
    let inputs = tensor([4, 2, 6, 6], 3, DType::F32);
    let before = host(model.valid().forward(inputs.clone()));
    let network = Network::trace(&model, BatchNormCnn::forward, [4, 2, 6, 6]).unwrap();
    let _ = network.linearize(&model, inputs.clone()).unwrap();
    assert!(model.devices().iter().all(|device| device.clone().without_autodiff() == Device::default()));
    assert_eq!(before, host(model.valid().forward(inputs)));
}
