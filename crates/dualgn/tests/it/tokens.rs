//! Sequences: one loss row a token, weights, padding.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::{GaussNewton, Network, PerToken, SoftmaxCrossEntropy, Solver, TokenTargets};

use crate::common::{assert_close, cast, from, shake, tensor};
use crate::models::{CharacterModel, Encoder, Mlp};
use crate::zoo::{padding, prepared, tokens};

/// A network of one token at a time: tokens of sequences are then examples, and padding is no example at all.
#[test]
fn tokens_are_examples_of_their_own() {
    let (m, length, dtype) = (3, 4, DType::F64);
    let model = shake(cast(Mlp::new([5, 6, 3], &Device::default()), dtype), 5);
    let inputs: Tensor<3> = tensor([m, length, 5], 1, dtype);
    let labels: Vec<i64> = (0..12).map(|i| i * 7 % 3).collect();
    let classes = |labels: &[i64]| Tensor::<1, Int>::from_data(TensorData::from(labels), &Device::default());
    let per_token = |model: &Mlp, x: Tensor<3>| {
        let [m, length, width] = x.dims();
        model.forward(x.reshape([m * length, width])).reshape([m, length, 3])
    };
    let network = Network::trace(&model, per_token, [m, length, 5]).unwrap();

    // The last token of the second example and the last two of the third are padding.
    let present: Vec<usize> = (0..12).filter(|token| ![7, 10, 11].contains(token)).collect();
    let weights =
        from((0..12).map(|token| f64::from(u8::from(present.contains(&token)))).collect(), [m, length], dtype);
    let kept: Vec<i64> = present.iter().map(|&token| labels[token]).collect();
    let places: Vec<i64> = present.iter().map(|&token| token as i64).collect();
    let flat = inputs.clone().reshape([m * length, 5]).select(0, classes(&places));
    let plain = Network::trace(&model, Mlp::forward, flat.dims()).unwrap();

    for solver in [Solver::Cholesky, Solver::ConjugateGradient { iterations: 200, tolerance: 1e-14 }] {
        let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(0.01).solver(solver);
        let wanted = oracle.direction(&plain, &model, flat.clone(), classes(&kept)).unwrap();
        let targets = TokenTargets::from(classes(&labels).reshape([m, length])).weighted(weights.clone());
        let oracle = GaussNewton::new(PerToken(SoftmaxCrossEntropy)).damping(0.01).solver(solver);
        let found = oracle.direction(&network, &model, inputs.clone(), targets).unwrap();
        assert_close("loss", &[found.loss], &[wanted.loss], 1e-12);
        assert_close("direction", &found.vector().to_vec().unwrap(), &wanted.vector().to_vec().unwrap(), 1e-9);
        assert_close("slope", &[found.slope], &[wanted.slope], 1e-9);
        assert!(found.relative_gap() < 1e-9);
    }
}

/// Padding of the inputs and of the loss agree: tokens that nobody sees and nobody counts may be anything.
#[test]
fn hidden_tokens_do_not_matter() {
    let model = prepared(Encoder::new(&Device::default()), DType::F32);
    let network = Network::trace(&model, Encoder::forward, ([3, 5], [3, 5])).unwrap();
    let hidden = padding([3, 5]);
    let (clean, classes) = (tokens([3, 5], 9), tokens([3, 5], 2));
    let noisy = clean.clone().mask_fill(hidden.clone(), 8);
    let targets = TokenTargets::from(classes).weighted(hidden.clone().bool_not().float());
    let oracle = GaussNewton::new(PerToken(SoftmaxCrossEntropy)).damping(0.1);
    let direction = |tokens: Tensor<2, Int>| {
        let found = oracle.direction(&network, &model, (tokens, hidden.clone()), targets.clone()).unwrap();
        (found.loss, found.vector())
    };
    let ((loss, vector), (same_loss, same_vector)) = (direction(clean), direction(noisy));
    assert_close("loss", &[loss], &[same_loss], 1e-6);
    // The attention gives hidden tokens a weight of e^-10000, which is zero.
    assert_close("direction", &vector.to_vec().unwrap(), &same_vector.to_vec().unwrap(), 1e-4);
}

/// A causal model of tokens: both routes agree, and its loss falls.
#[test]
fn a_language_model_learns() {
    let mut model = prepared(CharacterModel::new(&Device::default()), DType::F64);
    let network = Network::trace(&model, CharacterModel::forward, [4, 5]).unwrap();
    let (inputs, next) = (tokens([4, 5], 7), tokens([4, 5], 7).flip([1]));
    let oracle = GaussNewton::new(PerToken(SoftmaxCrossEntropy)).damping(0.01);
    let solve = |model: &CharacterModel, solver: Solver| {
        oracle.clone().solver(solver).direction(&network, model, inputs.clone(), next.clone()).unwrap()
    };
    let exact = solve(&model, Solver::Cholesky);
    let iterated = solve(&model, Solver::ConjugateGradient { iterations: 400, tolerance: 1e-12 });
    assert_close("routes", &exact.vector().to_vec().unwrap(), &iterated.vector().to_vec().unwrap(), 1e-6);
    let first = exact.loss;
    for _ in 0..10 {
        let direction = solve(&model, Solver::Cholesky);
        model = direction.apply(model, 0.5);
    }
    let last = solve(&model, Solver::Cholesky).loss;
    assert!(last < 0.5 * first, "from {first} to {last}");
}
