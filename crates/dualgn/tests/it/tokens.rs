//! Sequences: one loss row a token, weights, padding.

use burn::tensor::{Bool, DType, Device, Int, Tensor, TensorData};
use dualgn::loss::{PerToken, SoftmaxCrossEntropy, TokenTargets};
use dualgn::{GaussNewton, Network, Solver};

use crate::check::check;
use crate::common::{assert_close, cast, from, route_of, shake, tensor};
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
        let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(0.01).solver(solver).route(route_of(solver));
        let wanted = oracle.direction(&plain, &model, flat.clone(), classes(&kept)).unwrap();
        let targets = TokenTargets::from(classes(&labels).reshape([m, length])).weighted(weights.clone());
        let oracle =
            GaussNewton::new(PerToken(SoftmaxCrossEntropy)).damping(0.01).solver(solver).route(route_of(solver));
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
    let weights = hidden.clone().bool_not().float();
    let targets = TokenTargets::from(classes.clone()).weighted(weights.clone());
    let oracle = GaussNewton::new(PerToken(SoftmaxCrossEntropy)).damping(0.1);
    let other_targets = TokenTargets::from(classes.clone().mask_fill(hidden.clone(), 1)).weighted(weights);
    let direction = |tokens: Tensor<2, Int>, targets| {
        let found = oracle.direction(&network, &model, (tokens, hidden.clone()), targets).unwrap();
        (found.loss, found.vector())
    };
    let ((loss, vector), (same_loss, same_vector)) = (direction(clean, targets), direction(noisy, other_targets));
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
        oracle
            .clone()
            .solver(solver)
            .route(route_of(solver))
            .direction(&network, model, inputs.clone(), next.clone())
            .unwrap()
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

/// Integers that come from outside meet integers that the forward pass makes, in the type that the device takes for its own.
#[test]
fn integers_of_all_origins_meet() {
    let model = prepared(Mlp::new([5, 6, 3], &Device::default()), DType::F64);
    let forward = |m: &Mlp, (x, lengths, seen): (Tensor<2>, Tensor<2, Int>, Tensor<2, Bool>)| {
        let (device, dtype) = (x.device(), x.dtype());
        let places = Tensor::<1, Int>::arange(0..5, &device).unsqueeze::<2>();
        let inside = places.clone().expand([4, 5]).lower(lengths.clone().expand([4, 5]));
        let kept = Tensor::cat(vec![seen.clone().narrow(1, 0, 2), inside.clone().narrow(1, 2, 3)], 1).bool_and(inside);
        let x = x * kept.float().cast(dtype);
        let first = x.clone().argmax(1).equal(places.clone().narrow(1, 2, 1).expand([4, 1]));
        let counts = lengths.clone() + x.clone().argmin(1) + seen.int().sum_dim(1) + places.narrow(1, 1, 1);
        m.forward(x) * first.float().cast(dtype).add_scalar(1.0) + counts.float().cast(dtype)
    };
    let lengths = |dtype: DType| {
        let values = TensorData::from([[5i64], [3], [1], [4]]);
        Tensor::<2, Int>::from_data(values, (&Device::default(), dtype))
    };
    let x: Tensor<2> = tensor([4, 5], 1, DType::F64);
    let seen = tokens([4, 5], 2).greater_elem(0);
    let own: DType = Device::default().settings().int_dtype.into();
    check("integers", &model, forward, (x.clone(), lengths(own), seen.clone()));
    // Another type of integers, which Burn itself would not take, is converted.
    let network = Network::trace(&model, forward, ([4, 5], [4, 1], [4, 5])).unwrap();
    let outputs = |dtype| {
        let inputs = (x.clone(), lengths(dtype), seen.clone());
        crate::common::host(network.linearize(&model, inputs).unwrap().outputs())
    };
    assert_eq!(outputs(DType::I32), outputs(DType::I64));
}

/// Rows in rows: the direct solver sees the smallest blocks, as the products do.
#[test]
fn weights_of_weights_multiply() {
    let (m, dtype) = (2, DType::F64);
    let model = prepared(Mlp::new([5, 6, 12], &Device::default()), dtype);
    let network = Network::trace(&model, Mlp::forward, [m, 5]).unwrap();
    let inputs: Tensor<2> = tensor([m, 5], 1, dtype);
    // Two groups of two tokens of three classes each.
    let classes: Tensor<2, Int> = tokens([2 * m, 2], 3);
    let inner = TokenTargets::from(classes).weighted(tensor::<2>([2 * m, 2], 2, dtype).abs() + 0.1);
    let targets = TokenTargets::new(inner, [m, 2]).weighted(tensor::<2>([m, 2], 3, dtype).abs() + 0.1);
    let oracle = GaussNewton::new(PerToken(PerToken(SoftmaxCrossEntropy))).damping(0.01);
    let solve = |solver: Solver| {
        let direction = oracle.clone().solver(solver).route(route_of(solver)).direction(
            &network,
            &model,
            inputs.clone(),
            targets.clone(),
        );
        direction.unwrap().vector().to_vec().unwrap()
    };
    let iterated = solve(Solver::ConjugateGradient { iterations: 200, tolerance: 1e-14 });
    assert_close("routes", &solve(Solver::Cholesky), &iterated, 1e-9);
}
