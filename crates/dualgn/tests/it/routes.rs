//! Four routes to one direction, the choice among them, and directions for several dampings.

use burn::module::Module;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::error::DirectionError;
use dualgn::inspect::Speeds;
use dualgn::loss::{MulticlassHinge, SoftmaxCrossEntropy, Squared};
use dualgn::{Error, GaussNewton, LossModel, Network, Route, Solver};

use crate::common::{assert_close, cast, host, precisions, relative, shake, tensor};
use crate::models::{BatchNormCnn, BiLstmReader, LayerNormMlp, LeNet, Mlp, Separable, Tied, Transformer};
use crate::zoo::prepared;

const ITERATIVE: Solver = Solver::ConjugateGradient { iterations: 300, tolerance: 1e-13 };
const PRECONDITIONED: Solver = Solver::Preconditioned { iterations: 300, tolerance: 1e-13 };
const NYSTROM: Solver = Solver::Nystrom { rank: 6, iterations: 300, tolerance: 1e-13 };

fn labels(m: usize, k: usize) -> Tensor<1, Int> {
    let labels: Vec<i64> = (0..m).map(|i| ((i * 3 + 1) % k) as i64).collect();
    Tensor::from_data(TensorData::new(labels, [m]), &Device::default())
}

/// All routes against the factorised dual, for a network of every kind of site.
fn agree<M: Module + 'static, const D: usize, const E: usize>(
    name: &str,
    model: impl Fn(&Device) -> M,
    forward: fn(&M, Tensor<D>) -> Tensor<E>,
    shape: [usize; D],
) {
    // In f32 the damping keeps the condition number near 1e2, so that rounding of 6e-8 in the products stays below 1e-3.
    for dtype in precisions() {
        let (damping, tolerance) = if dtype == DType::F64 { (0.05, 1e-7) } else { (1.0, 1e-3) };
        let model = prepared(model(&Device::default()), dtype);
        let network = Network::trace(&model, forward, shape).unwrap();
        let inputs: Tensor<D> = tensor(shape, 3, dtype);
        let m = shape[0];
        let targets: Tensor<2> = tensor([m, network.outputs_per_example()], 4, dtype);
        let oracle = GaussNewton::new(Squared).damping(damping);
        let at = |solver: Solver, route: Route| {
            let oracle = oracle.clone().solver(solver).route(route);
            let direction = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
            assert_eq!(direction.route, route);
            direction
        };
        let wanted = at(Solver::Cholesky, Route::DualAssembled);
        for (solver, route) in [
            (Solver::Cholesky, Route::PrimalAssembled),
            (ITERATIVE, Route::DualMatrixFree),
            (ITERATIVE, Route::DualAssembled),
            (ITERATIVE, Route::PrimalMatrixFree),
            (PRECONDITIONED, Route::DualAssembled),
            (NYSTROM, Route::DualMatrixFree),
            (NYSTROM, Route::DualAssembled),
        ] {
            let found = at(solver, route);
            let name = format!("{name} {dtype:?} {solver:?} {}", route.name());
            assert_close(&name, &found.vector().to_vec().unwrap(), &wanted.vector().to_vec().unwrap(), tolerance);
            assert_close(&name, &host(found.dual()), &host(wanted.dual()), tolerance);
            assert!(found.gap >= 0.0 && found.relative_gap() < tolerance, "{name}: gap {}", found.relative_gap());
            assert!((found.norm - wanted.norm).abs() <= tolerance * wanted.norm, "{name}");
            assert!((found.slope - wanted.slope).abs() <= tolerance * wanted.slope.abs(), "{name}");
        }
    }
}

#[test]
fn all_routes_agree_for_dense_layers() {
    agree("mlp", |device| Mlp::new([5, 6, 3], device), Mlp::forward, [7, 5]);
}

#[test]
fn all_routes_agree_for_convolutions() {
    agree("lenet", LeNet::new, LeNet::forward, [3, 1, 12, 12]);
    agree("separable", Separable::new, Separable::forward, [3, 4, 5, 7]);
}

#[test]
fn all_routes_agree_for_normalisations() {
    agree("batch norm", BatchNormCnn::new, BatchNormCnn::forward, [3, 2, 6, 6]);
    agree("layer norm", LayerNormMlp::new, LayerNormMlp::forward, [5, 6]);
}

#[test]
fn all_routes_agree_for_sequences_and_tied_weights() {
    agree("transformer", Transformer::new, Transformer::forward, [2, 4, 8]);
    agree("lstm", BiLstmReader::new, BiLstmReader::forward, [2, 4, 3]);
    agree("tied", Tied::new, Tied::forward, [4, 5]);
}

/// The fast model by all routes.
#[test]
fn the_fast_model_goes_all_routes() {
    let model = shake(cast(Mlp::new([5, 6, 3], &Device::default()), DType::F64), 1);
    let network = Network::trace(&model, Mlp::forward, [7, 5]).unwrap();
    let inputs: Tensor<2> = tensor([7, 5], 3, DType::F64);
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(0.1).model(LossModel::FastGaussNewton);
    let at = |solver: Solver, route: Route| {
        let oracle = oracle.clone().solver(solver).route(route);
        oracle.direction(&network, &model, inputs.clone(), labels(7, 3)).unwrap().vector().to_vec().unwrap()
    };
    let wanted = at(Solver::Cholesky, Route::DualAssembled);
    for (solver, route) in [
        (Solver::Cholesky, Route::PrimalAssembled),
        (ITERATIVE, Route::DualMatrixFree),
        (ITERATIVE, Route::PrimalMatrixFree),
        (PRECONDITIONED, Route::DualAssembled),
    ] {
        assert_close(route.name(), &at(solver, route), &wanted, 1e-8);
    }
}

/// Every iterate of every iterative solver descends.
#[test]
fn iterates_of_all_solvers_descend() {
    let model = shake(cast(Mlp::new([5, 6, 3], &Device::default()), DType::F64), 2);
    let network = Network::trace(&model, Mlp::forward, [9, 5]).unwrap();
    let inputs: Tensor<2> = tensor([9, 5], 3, DType::F64);
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(1e-3);
    for iterations in 0..8 {
        let iterative = Solver::ConjugateGradient { iterations, tolerance: 0.0 };
        let preconditioned = Solver::Preconditioned { iterations, tolerance: 0.0 };
        for (solver, route) in [
            (iterative, Route::DualAssembled),
            (iterative, Route::PrimalMatrixFree),
            (preconditioned, Route::DualAssembled),
        ] {
            // In the primal, no iterations give no direction at all.
            if route == Route::PrimalMatrixFree && iterations == 0 {
                continue;
            }
            let oracle = oracle.clone().solver(solver).route(route);
            let direction = oracle.direction(&network, &model, inputs.clone(), labels(9, 3)).unwrap();
            assert!(direction.slope < 0.0, "{solver:?} {}: {}", route.name(), direction.slope);
        }
    }
}

/// What cannot be done says what to do instead.
#[test]
fn routes_that_do_not_exist_are_refused() {
    let model = shake(cast(Mlp::new([5, 6, 3], &Device::default()), DType::F64), 2);
    let network = Network::trace(&model, Mlp::forward, [9, 5]).unwrap();
    let inputs: Tensor<2> = tensor([9, 5], 3, DType::F64);
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(0.1);
    let error = |oracle: GaussNewton<SoftmaxCrossEntropy>| {
        oracle.direction(&network, &model, inputs.clone(), labels(9, 3)).unwrap_err()
    };
    for (solver, route) in [
        (Solver::Cholesky, Route::DualMatrixFree),
        (ITERATIVE, Route::PrimalAssembled),
        (PRECONDITIONED, Route::DualMatrixFree),
    ] {
        let found = error(oracle.clone().solver(solver).route(route));
        assert!(
            matches!(found, Error::Direction(DirectionError::Route { route: name }) if name == route.name()),
            "{found}"
        );
    }
    let hinge = GaussNewton::new(MulticlassHinge).damping(0.1).route(Route::PrimalAssembled);
    let hinge = hinge.model(LossModel::ProxLinear { gap: 1e-3, iterations: 10 });
    let found = hinge.direction(&network, &model, inputs.clone(), labels(9, 3)).unwrap_err();
    assert!(matches!(found, Error::Direction(DirectionError::Primal)), "{found}");
    let found = error(oracle.clone().route(Route::PrimalAssembled).memory(1000)).to_string();
    assert!(found.starts_with("the normal matrix of 99 rows needs about"), "{found}");
    let found = error(oracle.clone().route(Route::DualAssembled).memory(10_000)).to_string();
    assert!(found.contains("18 rows") && found.contains("a batch of at most about"), "{found}");
    // With too little for either matrix, products are what is left.
    let direction = oracle.memory(1000).direction(&network, &model, inputs.clone(), labels(9, 3)).unwrap();
    assert_eq!(direction.route, Route::DualMatrixFree);
}

/// Estimates list what the solver allows, best first; what is refused says why.
#[test]
fn the_estimates_are_what_the_choice_is_made_by() {
    let model = shake(cast(Mlp::new([5, 6, 3], &Device::default()), DType::F64), 2);
    let network = Network::trace(&model, Mlp::forward, [9, 5]).unwrap();
    let inputs: Tensor<2> = tensor([9, 5], 3, DType::F64);
    let linearization = network.linearize(&model, inputs.clone()).unwrap();
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(0.1);
    let estimates = oracle.estimates(&linearization).unwrap();
    assert!(Route::ALL.iter().all(|route| estimates.iter().filter(|estimate| estimate.route == *route).count() == 1));
    assert!(estimates.is_sorted_by_key(|estimate| estimate.seconds));
    assert!(estimates.iter().all(|estimate| estimate.seconds > 0.0 && estimate.seconds < 1.0));
    assert!(estimates.iter().all(|estimate| estimate.refusal.is_none()));
    let small = oracle.clone().memory(1000).estimates(&linearization).unwrap();
    let refused = |route: Route| small.iter().find(|estimate| estimate.route == route).unwrap().refusal.is_some();
    assert_eq!(Route::ALL.map(refused), [false, true, false, true]);
    let exact = oracle.solver(Solver::Cholesky).estimates(&linearization).unwrap();
    assert_eq!(exact.len(), 2);
    assert!(exact.iter().all(|estimate| estimate.route.is_assembled()));
}

/// One eigendecomposition gives what a factorisation for each damping does.
#[test]
fn a_path_of_dampings_is_a_direction_for_each() {
    let model = shake(cast(Mlp::new([5, 6, 3], &Device::default()), DType::F64), 2);
    let network = Network::trace(&model, Mlp::forward, [9, 5]).unwrap();
    let inputs: Tensor<2> = tensor([9, 5], 3, DType::F64);
    let dampings = [1e-4, 1e-2, 1.0, 100.0];
    for kind in [LossModel::Quadratic, LossModel::FastGaussNewton] {
        let oracle = GaussNewton::new(SoftmaxCrossEntropy).model(kind).solver(Solver::Cholesky);
        let path = oracle.path(&network, &model, inputs.clone(), labels(9, 3), &dampings).unwrap();
        assert_eq!(path.len(), dampings.len());
        for (found, damping) in path.iter().zip(dampings) {
            let one = oracle.clone().damping(damping).route(Route::DualAssembled);
            let wanted = one.direction(&network, &model, inputs.clone(), labels(9, 3)).unwrap();
            // Condition numbers up to 1e5.
            assert_close("path", &found.vector().to_vec().unwrap(), &wanted.vector().to_vec().unwrap(), 1e-9);
            assert_close("slope", &[found.slope, found.norm], &[wanted.slope, wanted.norm], 1e-9);
            assert_eq!(found.damping, damping);
        }
        let error = oracle.path(&network, &model, inputs.clone(), labels(9, 3), &[0.1, -1.0]).unwrap_err();
        assert!(matches!(error, Error::Direction(DirectionError::Damping(damping)) if damping == -1.0), "{error}");
    }
}

/// An f32 network's direction, its matrix from f32 products and its system solved in f64, against the same network in f64.
#[test]
fn single_precision_costs_its_rounding_times_the_condition_number() {
    let single = shake(cast(LeNet::new(&Device::default()), DType::F32), 2);
    let double = cast(single.valid(), DType::F64);
    let shape = [16, 1, 12, 12];
    let inputs: Tensor<4> = tensor(shape, 3, DType::F32);
    let network = Network::trace(&single, LeNet::forward, shape).unwrap();
    let exact = Network::trace(&double, LeNet::forward, shape).unwrap();
    let (m, k) = (shape[0], network.outputs_per_example());
    let point = exact.linearize(&double, inputs.clone().cast(DType::F64)).unwrap();
    let trace: f64 = {
        let gram = host(point.gram().unwrap());
        (0..m * k).map(|row| gram[row * (m * k + 1)]).sum()
    };
    for damping in [1.0, 1e-2, 1e-4, 1e-6] {
        let oracle =
            GaussNewton::new(SoftmaxCrossEntropy).damping(damping).solver(Solver::Cholesky).route(Route::DualAssembled);
        let found = oracle.direction(&network, &single, inputs.clone(), labels(m, k)).unwrap();
        let wanted = oracle.direction(&exact, &double, inputs.clone().cast(DType::F64), labels(m, k)).unwrap();
        let error = relative(&found.vector().to_vec().unwrap(), &wanted.vector().to_vec().unwrap());
        // The curvature of softmax is at most one half, so that the eigenvalues are at most 1 + tr K / (2 λ m). An entry of K is off
        // by its rounding and that of the sums before it, some tens of units.
        let condition = 1.0 + trace / (2.0 * damping * m as f64);
        println!("damping {damping:e}: relative error {error:.1e}, condition number at most {condition:.1e}");
        assert!(error < 30.0 * f64::from(f32::EPSILON) * condition, "{damping}: {error:e} at {condition:e}");
        assert!(error < 1e-2, "{damping}: {error:e}");
    }
}

/// Large eigenvalues taken out leave a system that needs fewer iterations: the dual is nearer to its maximum after as many. Any
/// number of iterations descends, with any rank.
#[test]
fn a_randomised_preconditioner_saves_iterations() {
    let (m, k) = (40, 3);
    let model = prepared(Mlp::new([5, 30, k], &Device::default()), DType::F64);
    let network = Network::trace(&model, Mlp::forward, [m, 5]).unwrap();
    let (inputs, targets): (Tensor<2>, Tensor<2>) = (tensor([m, 5], 3, DType::F64), tensor([m, k], 4, DType::F64));
    for route in [Route::DualMatrixFree, Route::DualAssembled] {
        let oracle = GaussNewton::new(Squared).damping(1e-4).route(route);
        let value = |solver: Solver| {
            let direction = oracle.clone().solver(solver);
            let direction = direction.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
            assert!(direction.slope < 0.0, "{solver:?}");
            direction.dual_value
        };
        let exact = oracle.clone().solver(Solver::Cholesky).route(Route::DualAssembled);
        let exact = exact.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
        let gap = |solver: Solver| (exact.dual_value - value(solver)) / (exact.loss - exact.dual_value);
        for (rank, iterations) in [(0, 3), (1, 0), (5, 1), (500, 5)] {
            gap(Solver::Nystrom { rank, iterations, tolerance: 0.0 });
        }
        let plain = gap(Solver::ConjugateGradient { iterations: 20, tolerance: 0.0 });
        let preconditioned = gap(Solver::Nystrom { rank: 30, iterations: 20, tolerance: 0.0 });
        assert!(preconditioned < 0.1 * plain, "{preconditioned:e} and {plain:e}");
    }
}

/// Passes before, iterations of others, and whatever else took its time leave them as they are.
#[test]
fn repeatable_estimates_do_not_go_by_the_clock() {
    let estimates = |passes: usize| {
        let model = prepared(Mlp::new([5, 6, 3], &Device::default()), DType::F32);
        let network = Network::trace(&model, Mlp::forward, [7, 5]).unwrap();
        let inputs: Tensor<2> = tensor([7, 5], 3, DType::F32);
        let oracle = GaussNewton::new(Squared).memory(1 << 24).speeds(Speeds::Nominal);
        let linearizations: Vec<_> = (0..passes).map(|_| network.linearize(&model, inputs.clone()).unwrap()).collect();
        oracle.estimates(linearizations.last().unwrap()).unwrap()
    };
    assert_eq!(estimates(1), estimates(30));
}
