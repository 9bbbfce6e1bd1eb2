//! The direction oracle: properties of random problems.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::{AdamConfig, GradientsParams, SgdConfig};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::error::{DirectionError, Fault};
use dualgn::loss::{ClassTargets, Logistic, SoftmaxCrossEntropy, Squared};
use dualgn::{Direction, Error, GaussNewton, Network, Route, Solver};
use proptest::prelude::*;

use crate::common::{
    assert_close, cast, entries, flatten, from, host, norm, numbers, precisions, relative, route_of, shake, tensor,
};
use crate::models::{BatchNormCnn, Mlp};

fn mlp(outputs: usize, seed: u64, dtype: DType) -> Mlp {
    shake(cast(Mlp::new([5, 6, outputs], &Device::default()), dtype), seed)
}

fn labels(count: usize, classes: usize, seed: u64) -> Tensor<1, Int> {
    let values: Vec<i64> =
        numbers(count, seed).iter().map(|x| (((x + 1.0) * 0.4999) * classes as f64) as i64).collect();
    Tensor::from_data(TensorData::new(values, [count]), &Device::default())
}

fn cg(iterations: usize) -> Solver {
    Solver::ConjugateGradient { iterations, tolerance: 0.0 }
}

/// The directions of one problem with each of the three losses.
fn directions(m: usize, seed: u64, damping: f64, solver: Solver) -> Vec<(&'static str, Direction)> {
    let inputs: Tensor<2> = tensor([m, 5], seed, DType::F64);
    let (wide, single) = (mlp(3, seed, DType::F64), mlp(1, seed, DType::F64));
    let network = Network::trace(&wide, Mlp::forward, [m, 5]).unwrap();
    let scalar = Network::trace(&single, Mlp::forward, [m, 5]).unwrap();
    let softmax = GaussNewton::new(SoftmaxCrossEntropy).damping(damping).solver(solver).route(route_of(solver));
    let squared = GaussNewton::new(Squared).damping(damping).solver(solver).route(route_of(solver));
    let logistic = GaussNewton::new(Logistic).damping(damping).solver(solver).route(route_of(solver));
    let real: Tensor<2> = tensor([m, 3], seed + 1, DType::F64);
    let binary = tensor::<2>([m, 1], seed + 2, DType::F64).greater_elem(0.0).float().cast(DType::F64);
    vec![
        ("softmax", softmax.direction(&network, &wide, inputs.clone(), labels(m, 3, seed)).unwrap()),
        ("squared", squared.direction(&network, &wide, inputs.clone(), real).unwrap()),
        ("logistic", logistic.direction(&scalar, &single, inputs, binary).unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every iterate from zero descends, its gap is not negative, and weak duality holds.
    #[test]
    fn every_iterate_descends(m in 1usize..9, seed in 1u64..1000, exponent in -4.0f64..1.0, iterations in 0usize..12) {
        for (loss, direction) in directions(m, seed, 10f64.powf(exponent), cg(iterations)) {
            prop_assert!(direction.slope < 0.0, "{} slope {}", loss, direction.slope);
            prop_assert!(direction.gap >= 0.0);
            prop_assert!(direction.iterations <= iterations);
            // P(d) - D(α) is the gap, up to the rounding of either value.
            let difference = direction.primal_value - direction.dual_value;
            let scale = direction.primal_value.abs() + direction.dual_value.abs();
            prop_assert!((difference - direction.gap).abs() <= 1e-10 * scale, "{} {} {}", loss, difference, direction.gap);
        }
    }

    /// The gap closes, and the exact solution has the values that theory gives it.
    #[test]
    fn the_gap_closes(m in 1usize..7, seed in 1u64..1000, exponent in -2.0f64..1.0) {
        let exact = directions(m, seed, 10f64.powf(exponent), Solver::Cholesky);
        // As many iterations as unknowns, with some to spare for rounding.
        let iterated = directions(m, seed, 10f64.powf(exponent), cg(60));
        for ((loss, exact), (_, iterated)) in exact.iter().zip(&iterated) {
            prop_assert!(iterated.relative_gap() < 1e-12, "{} {}", loss, iterated.relative_gap());
            prop_assert!(exact.relative_gap() < 1e-12, "{} {}", loss, exact.relative_gap());
            prop_assert_eq!(exact.route, Route::DualAssembled);
            prop_assert_eq!(iterated.route, Route::DualMatrixFree);
            // At the optimum the decrease is λ‖d‖² and the curvature: the model step is 1.
            prop_assert!((exact.model_step - 1.0).abs() < 1e-9);
            prop_assert!(exact.predicted_decrease > 0.0);
        }
    }

    #[test]
    fn assembled_and_matrix_free_agree(m in 1usize..7, seed in 1u64..1000, exponent in -2.0f64..1.0) {
        let exact = directions(m, seed, 10f64.powf(exponent), Solver::Cholesky);
        let iterated = directions(m, seed, 10f64.powf(exponent), cg(60));
        for ((loss, exact), (_, iterated)) in exact.iter().zip(&iterated) {
            // Conjugate gradient loses orthogonality at condition numbers up to 1e4, hence not 1e-12.
            let error = relative(&entries(exact), &entries(iterated));
            prop_assert!(error < 1e-8, "{} {}", loss, error);
            prop_assert!((exact.norm - iterated.norm).abs() < 1e-8 * exact.norm);
            prop_assert!((exact.slope - iterated.slope).abs() < 1e-8 * exact.slope.abs());
        }
    }

    /// `slope` is the inner product of the gradient with the direction, `norm` its norm.
    #[test]
    fn slope_and_norm_are_what_they_say(m in 1usize..7, seed in 1u64..1000, iterations in 0usize..5) {
        let gradients = directions(m, seed, 0.1, cg(0));
        for ((_, gradient), (_, direction)) in gradients.iter().zip(directions(m, seed, 0.1, cg(iterations))) {
            let vector = direction.vector().to_vec().unwrap();
            let slope: f64 = entries(gradient).iter().zip(&vector).map(|(a, b)| a * b).sum();
            prop_assert!((slope - direction.slope).abs() < 1e-11 * slope.abs());
            let norm = direction.vector().norm().unwrap();
            prop_assert!((norm - direction.norm).abs() < 1e-12 * norm);
        }
    }

    /// Permuting the examples of a batch permutes the dual variables and changes nothing else.
    #[test]
    fn the_order_of_examples_does_not_matter(m in 2usize..7, seed in 1u64..1000, turn in 1usize..6) {
        let model = mlp(3, seed, DType::F64);
        let network = Network::trace(&model, Mlp::forward, [m, 5]).unwrap();
        let inputs: Tensor<2> = tensor([m, 5], seed, DType::F64);
        let targets: Tensor<2> = tensor([m, 3], seed + 1, DType::F64);
        let order: Vec<i64> = (0..m).map(|i| ((i + turn) % m) as i64).collect();
        let order: Tensor<1, Int> = Tensor::from_data(TensorData::new(order, [m]), &Device::default());
        let oracle = GaussNewton::new(Squared).damping(0.01);
        let straight = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
        let turned = oracle
            .direction(&network, &model, inputs.select(0, order.clone()), targets.select(0, order.clone()))
            .unwrap();
        prop_assert!(relative(&entries(&straight), &entries(&turned)) < 1e-10);
        prop_assert!((straight.slope - turned.slope).abs() < 1e-11 * straight.slope.abs());
        prop_assert!(relative(&host(straight.dual().select(0, order)), &host(turned.dual())) < 1e-10);
    }
}

/// With no iteration the pseudo-gradient is the gradient that Burn computes.
#[test]
fn no_iteration_gives_the_gradient() {
    for dtype in precisions() {
        let model = mlp(3, 5, dtype);
        let (inputs, targets): (Tensor<2>, Tensor<2>) = (tensor([7, 5], 1, dtype), tensor([7, 3], 2, dtype));
        let network = Network::trace(&model, Mlp::forward, [7, 5]).unwrap();
        let oracle = GaussNewton::new(Squared).damping(0.3).solver(cg(0));
        let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
        let residual = model.forward(Tensor::from_inner(inputs)) - Tensor::from_inner(targets);
        let loss = residual.square().sum() * (0.5 / 7.0);
        let wanted = flatten(&model, &GradientsParams::from_grads(loss.backward(), &model));
        let tolerance = if dtype == DType::F64 { 1e-13 } else { 1e-5 };
        assert_close("gradient", &flatten(&model, &direction.into_gradients()), &wanted, tolerance);
    }
}

/// As the damping grows the pseudo-gradient tends to the gradient.
#[test]
fn large_damping_gives_the_gradient() {
    let gradient = &directions(6, 3, 1.0, cg(0));
    for (damping, tolerance) in [(1e4, 1e-2), (1e6, 1e-4), (1e8, 1e-6)] {
        for ((_, wanted), (_, found)) in gradient.iter().zip(directions(6, 3, damping, Solver::Cholesky)) {
            assert_close("pseudo-gradient", &entries(&found), &entries(wanted), tolerance);
        }
    }
}

/// Each softmax dual variable sums to zero, without projection.
#[test]
fn softmax_dual_variables_sum_to_zero() {
    for solver in [cg(0), cg(3), Solver::Cholesky] {
        let (_, direction) = directions(6, 3, 0.01, solver).remove(0);
        let sums = host(direction.dual().sum_dim(1));
        assert!(sums.iter().all(|sum| sum.abs() < 1e-13), "{sums:?}");
    }
}

/// A truncated direction is too long when the damping is small; its own step repairs that.
#[test]
fn the_model_step_minimises_the_model_along_the_direction() {
    for iterations in 0..6 {
        for (loss, direction) in directions(6, 11, 1e-3, cg(iterations)) {
            let t = direction.model_step;
            // P(t d) = t s + t² c with s the slope and P(d) = s + c: minimal at -s / (2c).
            let c = direction.primal_value - direction.slope;
            assert!((t + direction.slope / (2.0 * c)).abs() < 1e-9 * t, "{loss}");
            assert!(t * direction.slope + t * t * c <= direction.primal_value + 1e-15, "{loss}");
        }
    }
}

/// `w + d` is plain SGD on the pseudo-gradient at rate `1/λ`; the loss falls, and Adam takes the same gradients.
#[test]
fn directions_drive_training() {
    let mut model = mlp(3, 5, DType::F64);
    let inputs: Tensor<2> = tensor([20, 5], 1, DType::F64);
    let targets: ClassTargets = labels(20, 3, 9).into();
    let network = Network::trace(&model, Mlp::forward, [20, 5]).unwrap();
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(0.1);
    let first = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
    let mut loss = first.loss;
    for _ in 0..10 {
        let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
        assert!(direction.loss <= loss);
        loss = direction.loss;
        let wanted: Vec<f64> = direction.vector().to_vec().unwrap();
        let by_sgd = SgdConfig::new().init().step(1.0 / 0.1, model.clone(), direction.clone().into_gradients());
        let moved = direction.apply(model.clone(), 1.0);
        assert!(norm(&flatten_difference(&moved, &by_sgd)) < 1e-14);
        let before = network.linearize(&model, inputs.clone()).unwrap();
        let step = flatten_difference(&moved, &model);
        let probe = before.vjp(tensor([20, 3], 1, DType::F64)).unwrap().with_entries(&wanted).unwrap();
        assert_close("step", &step, &flatten(&model, &probe.into_gradients()), 1e-12);
        model = moved;
    }
    assert!(loss < 0.5 * first.loss, "ten steps went from {} to {loss}", first.loss);

    let mut adam = AdamConfig::new().init();
    for _ in 0..20 {
        let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
        model = adam.step(1e-2, model, direction.into_gradients());
    }
    let last = oracle.direction(&network, &model, inputs, targets).unwrap();
    assert!(last.loss < loss);
}

/// Inputs and targets may be on an autodiff device, and targets of another float type: nothing changes.
#[test]
fn data_may_be_made_elsewhere() {
    let (wide, single) = (mlp(3, 5, DType::F64), mlp(1, 5, DType::F64));
    let (network, scalar) =
        (Network::trace(&wide, Mlp::forward, [9, 5]).unwrap(), Network::trace(&single, Mlp::forward, [9, 5]).unwrap());
    let inputs: Tensor<2> = tensor([9, 5], 1, DType::F64);
    let tracked = || Tensor::<2>::from_inner(inputs.clone());
    // Powers of two are the same in both types.
    let real: Tensor<2> = from((0..27).map(|i| f64::from(i % 5) / 4.0).collect(), [9, 3], DType::F64);
    let binary: Tensor<2> = from((0..9).map(|i| f64::from(i % 2)).collect(), [9, 1], DType::F64);
    let soft: Tensor<2> = from([0.25, 0.5, 0.25].repeat(9), [9, 3], DType::F64);
    let elsewhere = |targets: &Tensor<2>| Tensor::from_inner(targets.clone().cast(DType::F32));

    let squared = GaussNewton::new(Squared).damping(0.1);
    let wanted = squared.direction(&network, &wide, inputs.clone(), real.clone()).unwrap();
    let found = squared.direction(&network, &wide, tracked(), elsewhere(&real)).unwrap();
    assert_eq!(entries(&found), entries(&wanted));
    let logistic = GaussNewton::new(Logistic).damping(0.1);
    let wanted = logistic.direction(&scalar, &single, inputs.clone(), binary.clone()).unwrap();
    let found = logistic.direction(&scalar, &single, tracked(), elsewhere(&binary)).unwrap();
    assert_eq!(entries(&found), entries(&wanted));
    let softmax = GaussNewton::new(SoftmaxCrossEntropy).damping(0.1);
    let wanted = softmax.direction(&network, &wide, inputs.clone(), soft.clone()).unwrap();
    let found = softmax.direction(&network, &wide, tracked(), elsewhere(&soft)).unwrap();
    assert_eq!(entries(&found), entries(&wanted));
    let classes = labels(9, 3, 4);
    let wanted = softmax.direction(&network, &wide, inputs.clone(), classes.clone()).unwrap();
    let found = softmax.direction(&network, &wide, tracked(), Tensor::<1, Int>::from_inner(classes)).unwrap();
    assert_eq!(entries(&found), entries(&wanted));
}

/// Outputs of shape `[m]` are one output an example, and outputs of higher rank are flattened.
#[test]
fn outputs_of_any_rank_are_rows() {
    let model = mlp(4, 5, DType::F64);
    let flat = Network::trace(&model, Mlp::forward, [6, 5]).unwrap();
    let square = |model: &Mlp, x: Tensor<2>| model.forward(x).reshape([6, 2, 1, 2]);
    let square = Network::trace(&model, square, [6, 5]).unwrap();
    let (inputs, targets): (Tensor<2>, Tensor<2>) = (tensor([6, 5], 1, DType::F64), tensor([6, 4], 2, DType::F64));
    let oracle = GaussNewton::new(Squared).damping(0.1);
    for solver in [Solver::Cholesky, cg(5)] {
        let oracle = oracle.clone().solver(solver).route(route_of(solver));
        let wanted = oracle.direction(&flat, &model, inputs.clone(), targets.clone()).unwrap();
        let found = oracle.direction(&square, &model, inputs.clone(), targets.clone()).unwrap();
        assert_close("higher rank", &entries(&found), &entries(&wanted), 1e-14);
    }
    let single = mlp(1, 5, DType::F64);
    let column = Network::trace(&single, Mlp::forward, [6, 5]).unwrap();
    let vector = |model: &Mlp, x: Tensor<2>| -> Tensor<1> { model.forward(x).squeeze_dim(1) };
    let vector = Network::trace(&single, vector, [6, 5]).unwrap();
    let targets: Tensor<2> = tensor([6, 1], 2, DType::F64);
    for solver in [Solver::Cholesky, cg(5)] {
        let oracle = oracle.clone().solver(solver).route(route_of(solver));
        let wanted = oracle.direction(&column, &single, inputs.clone(), targets.clone()).unwrap();
        let found = oracle.direction(&vector, &single, inputs.clone(), targets.clone()).unwrap();
        assert_close("rank one", &entries(&found), &entries(&wanted), 1e-14);
    }
}

/// A model on a plain device trains like one on an autodiff device.
#[test]
fn plain_models_can_take_steps() {
    let tracked = mlp(3, 5, DType::F64);
    let inputs: Tensor<2> = tensor([9, 5], 1, DType::F64);
    let targets: Tensor<2> = tensor([9, 3], 2, DType::F64);
    let oracle = GaussNewton::new(Squared).damping(0.1);
    let losses = |mut model: Mlp| {
        let network = Network::trace(&model, Mlp::forward, [9, 5]).unwrap();
        let step = |model: &Mlp| oracle.direction(&network, model, inputs.clone(), targets.clone()).unwrap();
        (0..4)
            .map(|_| {
                let direction = step(&model);
                let loss = direction.loss;
                model = direction.apply(model.clone(), 0.5);
                loss
            })
            .collect::<Vec<_>>()
    };
    let plain = losses(tracked.valid());
    assert!(plain[3] < plain[0]);
    assert_eq!(plain, losses(tracked));
}

/// Entries of `a - b`, module order.
fn flatten_difference<M: Module>(a: &M, b: &M) -> Vec<f64> {
    use burn::module::{ModuleVisitor, Param};
    struct Values(Vec<f64>);
    impl ModuleVisitor for Values {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(host(param.val().inner()));
        }
    }
    let values = |model: &M| {
        let mut values = Values(vec![]);
        model.visit(&mut values);
        values.0
    };
    values(a).iter().zip(values(b)).map(|(a, b)| a - b).collect()
}

#[test]
fn networks_that_mix_examples_fall_back_to_products() {
    let model = mlp(3, 5, DType::F64);
    let centred = |model: &Mlp, x: Tensor<2>| {
        let outputs = model.forward(x);
        outputs.clone() - outputs.mean_dim(0)
    };
    let network = Network::trace(&model, centred, [4, 5]).unwrap();
    assert!(network.mixes_examples().is_some_and(|mixing| mixing.operation.contains("Mean")));
    let (inputs, targets): (Tensor<2>, Tensor<2>) = (tensor([4, 5], 1, DType::F64), tensor([4, 3], 2, DType::F64));
    let oracle = GaussNewton::new(Squared).damping(0.1);
    let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
    assert_eq!(direction.route, Route::DualMatrixFree);
    assert!(direction.slope < 0.0);
    let error = oracle.solver(Solver::Cholesky).direction(&network, &model, inputs, targets).unwrap_err();
    assert!(matches!(error, Error::Direction(DirectionError::MixesExamples { .. })), "{error}");
    assert!(error.to_string().contains("`MeanDim` after `last.bias`"), "{error}");
}

#[test]
fn a_stationary_point_gives_zero() {
    let model = mlp(3, 5, DType::F64);
    let inputs: Tensor<2> = tensor([4, 5], 1, DType::F64);
    let targets = model.valid().forward(inputs.clone());
    let network = Network::trace(&model, Mlp::forward, [4, 5]).unwrap();
    for solver in [Solver::Cholesky, cg(3)] {
        let oracle = GaussNewton::new(Squared).solver(solver).route(route_of(solver));
        let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
        assert!(direction.norm < 1e-14 && direction.slope.abs() < 1e-14 && direction.gap < 1e-14);
    }
}

#[test]
fn bad_input_is_refused_with_words() {
    let model = mlp(3, 5, DType::F64);
    let network = Network::trace(&model, Mlp::forward, [4, 5]).unwrap();
    let inputs: Tensor<2> = tensor([4, 5], 1, DType::F64);
    let targets: Tensor<2> = tensor([4, 3], 2, DType::F64);
    for damping in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let oracle = GaussNewton::new(Squared).damping(damping);
        let error = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap_err();
        assert!(matches!(error, Error::Direction(DirectionError::Damping(_))));
    }
    for tolerance in [-1.0, f64::NAN] {
        let solver = Solver::ConjugateGradient { iterations: 3, tolerance };
        let oracle = GaussNewton::new(Squared).solver(solver).route(route_of(solver));
        let error = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap_err();
        assert!(matches!(error, Error::Direction(DirectionError::Tolerance(_))));
    }
    let oracle = GaussNewton::new(Squared);
    let nan = from(vec![f64::NAN; 20], [4, 5], DType::F64);
    let error = oracle.direction(&network, &model, nan, targets.clone()).unwrap_err();
    assert!(
        matches!(error, Error::Direction(DirectionError::InputNotFinite { input: 0, example: 0, entry: 0, .. })),
        "{error}"
    );
    let error = oracle.direction(&network, &model, inputs.clone().cast(DType::F32), targets.clone()).unwrap_err();
    assert_eq!(error.to_string(), "the inputs are f32 but the network was traced with f64; convert one of them");
}

/// What is not finite is found where it comes from: the inputs, also of a batch in parts, then the parameters, then the outputs.
#[test]
fn a_loss_that_is_not_finite_says_why() {
    let model = mlp(3, 5, DType::F64);
    let network = Network::trace(&model, Mlp::forward, [4, 5]).unwrap();
    let inputs: Tensor<2> = tensor([4, 5], 1, DType::F64);
    let targets: Tensor<2> = tensor([4, 3], 2, DType::F64);
    let refusal = |oracle: GaussNewton<Squared>, model: &Mlp, inputs: &Tensor<2>| {
        let error = oracle.direction(&network, model, inputs.clone(), targets.clone()).unwrap_err();
        let Error::Direction(error) = error else { panic!("{error}") };
        error
    };
    let mut entries = host(inputs.clone());
    entries[2 * 5 + 3] = f64::NEG_INFINITY;
    let bad = from(entries, [4, 5], DType::F64);
    // Example 2 is the first one of the second part.
    for oracle in [GaussNewton::new(Squared), GaussNewton::new(Squared).micro_batch(2)] {
        let error = refusal(oracle, &model, &bad);
        let wanted = DirectionError::InputNotFinite { input: 0, example: 2, entry: 3, value: f64::NEG_INFINITY };
        assert_eq!((error.fault(), error), (Fault::Data, wanted));
    }
    let linear =
        |weight: f64| Linear { weight: Param::from_tensor(from(vec![0.5, weight], [1, 2], DType::F64)), bias: None };
    let network = Network::trace(&linear(1.0), |m: &Linear, x: Tensor<2>| m.forward(x), [2, 1]).unwrap();
    let at = |weight: f64, x: f64, y: f64| {
        let (x, y) = (from(vec![0.0, x], [2, 1], DType::F64), from(vec![y; 4], [2, 2], DType::F64));
        let error = GaussNewton::new(Squared).direction(&network, &linear(weight), x, y).unwrap_err();
        assert_eq!(error.fault(), Fault::Numerics);
        error.to_string()
    };
    let error = at(f64::INFINITY, 1.0, 0.0);
    assert!(error.starts_with("entry 1 of the parameter `weight` is inf"), "{error}");
    let error = at(1e300, -1e10, 0.0);
    assert!(error.starts_with("output 1 of example 1 is -inf, though inputs and parameters are finite"), "{error}");
    assert!(error.ends_with("the largest parameter is 1e300, in `weight`"), "{error}");
    // The square of the residual is beyond the type, and the residual is not.
    let error = at(1.0, 1.0, 1e300);
    assert!(error.starts_with("the loss is not finite"), "{error}");
}

/// A network belongs to a type of model, not to one: another model of the type is traced when it comes.
#[test]
fn another_model_of_the_type_is_traced_anew() {
    let (first, second) = (mlp(3, 5, DType::F64), mlp(3, 6, DType::F64));
    let (inputs, targets): (Tensor<2>, Tensor<2>) = (tensor([4, 5], 1, DType::F64), tensor([4, 3], 2, DType::F64));
    let of_first = Network::trace(&first, Mlp::forward, [4, 5]).unwrap();
    let of_second = Network::trace(&second, Mlp::forward, [4, 5]).unwrap();
    let oracle = GaussNewton::new(Squared);
    let wanted = oracle.direction(&of_second, &second, inputs.clone(), targets.clone()).unwrap();
    let found = oracle.direction(&of_first, &second, inputs, targets).unwrap();
    assert_eq!(entries(&found), entries(&wanted));
}

/// Batch norm in evaluation mode does not mix examples, so its Gram matrix exists.
#[test]
fn running_statistics_do_not_mix() {
    let model = shake(cast(BatchNormCnn::new(&Device::default()), DType::F32), 3);
    let network = Network::trace(&model, BatchNormCnn::forward, [4, 2, 6, 6]).unwrap();
    assert_eq!(network.mixes_examples(), None);
}
