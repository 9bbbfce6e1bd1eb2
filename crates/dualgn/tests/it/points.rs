//! What an implementation of dual Gauss-Newton directions must reproduce, point by point. Problems are random; answers come
//! from a dense solve in the space of parameters, which shares nothing with the dual, from identities, or from each other.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::loss::{
    Absolute, Hinge, Huber, LogCosh, Logistic, MultiLabel, MulticlassHinge, Poisson, Quantile, SmoothedMulticlassHinge,
    SoftmaxCrossEntropy, Squared, SquaredHinge,
};
use dualgn::{ConvexLoss, Direction, GaussNewton, LossModel, Network, Route, Solver};

use crate::common::{assert_close, cast, entries, from, host, norm, route_of, shake, tensor};
use crate::models::Mlp;

const M: usize = 7;

fn mlp(outputs: usize, seed: u64) -> Mlp {
    shake(cast(Mlp::new([5, 6, outputs], &Device::default()), DType::F64), seed)
}

fn cg(iterations: usize) -> Solver {
    Solver::ConjugateGradient { iterations, tolerance: 0.0 }
}

const EXACT: LossModel = LossModel::ProxLinear { gap: 1e-12, iterations: 20_000 };

fn classes(k: i64) -> Tensor<1, Int> {
    let values: Vec<i64> = (0..M as i64).map(|i| (i * 3 + 1) % k).collect();
    Tensor::from_data(TensorData::new(values, [M]), &Device::default())
}

fn answers() -> Tensor<2> {
    from((0..M).map(|i| f64::from(u8::from(i % 3 == 0))).collect(), [M, 1], DType::F64)
}

/// The direction of a random problem of `k` outputs.
fn solve<L: ConvexLoss + Clone>(
    loss: &L,
    k: usize,
    targets: impl Into<L::Target>,
    seed: u64,
    damping: f64,
    model: LossModel,
    solver: Solver,
) -> Direction {
    let (network_model, inputs) = (mlp(k, seed), tensor([M, 5], seed + 40, DType::F64));
    let network = Network::trace(&network_model, Mlp::forward, [M, 5]).unwrap();
    let oracle = GaussNewton::new(loss.clone()).damping(damping).model(model).solver(solver).route(route_of(solver));
    oracle.direction(&network, &network_model, inputs, targets).unwrap()
}

/// With no iteration the pseudo-gradient is the gradient, and every model tends to it as the damping grows.
#[test]
fn point_01_all_models_tend_to_the_gradient() {
    let gradient = entries(&solve(&SoftmaxCrossEntropy, 3, classes(3), 1, 1.0, LossModel::Quadratic, cg(0)));
    for model in [LossModel::Quadratic, EXACT, LossModel::FastGaussNewton] {
        for (damping, tolerance) in [(1e4, 1e-2), (1e7, 1e-5)] {
            let direction = solve(&SoftmaxCrossEntropy, 3, classes(3), 1, damping, model, Solver::Cholesky);
            assert_close("pseudo-gradient", &entries(&direction), &gradient, tolerance);
            let step: Vec<f64> = gradient.iter().map(|g| -g / damping).collect();
            assert_close("w + d", &direction.vector().to_vec().unwrap(), &step, tolerance);
        }
    }
}

/// The dual has `mk` unknowns, `m` for fast Gauss-Newton.
#[test]
fn point_02_the_dual_is_as_long_as_the_batch_has_outputs() {
    let direction = solve(&SoftmaxCrossEntropy, 3, classes(3), 1, 0.1, EXACT, Solver::Cholesky);
    assert_eq!(direction.dual().dims(), [M, 3]);
    assert_eq!(direction.route, Route::DualAssembled);
}

/// Both routes of each model agree; and the quadratic model with a dense solve of `p` unknowns, here fewer than `mk`, too.
#[test]
fn point_03_routes_agree() {
    for seed in 1..4 {
        for model in [LossModel::Quadratic, LossModel::FastGaussNewton, EXACT] {
            let inner = Solver::ConjugateGradient { iterations: 60, tolerance: 1e-13 };
            let assembled = solve(&SoftmaxCrossEntropy, 3, classes(3), seed, 0.05, model, Solver::Cholesky);
            let products = solve(&SoftmaxCrossEntropy, 3, classes(3), seed, 0.05, model, inner);
            assert_close("routes", &entries(&products), &entries(&assembled), 1e-7);
        }
        let assembled = solve(&MulticlassHinge, 3, classes(3), seed, 0.3, EXACT, Solver::Cholesky);
        let products = solve(&MulticlassHinge, 3, classes(3), seed, 0.3, EXACT, cg(0));
        // A gap of 1e-12 leaves the direction uncertain by its root.
        assert_close("routes without curvature", &entries(&products), &entries(&assembled), 1e-5);
    }
}

/// Every iterate from zero descends, for all losses with curvature.
#[test]
fn point_04_every_iterate_descends() {
    fn check<L: ConvexLoss + Clone>(loss: &L, k: usize, targets: impl Into<L::Target> + Clone) {
        for seed in 1..4 {
            for damping in [1e-3, 1e-1, 10.0] {
                for iterations in 0..8 {
                    let solver = cg(iterations);
                    let direction = solve(loss, k, targets.clone(), seed, damping, LossModel::Quadratic, solver);
                    assert!(direction.slope < 0.0);
                    // Cut short or not, the step along it decreases the model.
                    let (t, c) = (direction.model_step, direction.primal_value - direction.slope);
                    assert!(t * direction.slope + t * t * c < 0.0);
                }
            }
        }
    }
    let real: Tensor<2> = tensor([M, 2], 9, DType::F64);
    check(&Squared, 2, real.clone());
    check(&Huber { delta: 0.5 }, 2, real.clone());
    check(&LogCosh, 2, real);
    check(&Poisson, 1, answers() * 3.0);
    check(&Logistic, 1, answers());
    check(&SquaredHinge, 1, answers());
    check(&SoftmaxCrossEntropy, 3, classes(3));
    check(&SmoothedMulticlassHinge { smoothing: 1.0 }, 3, classes(3));
    check(&MultiLabel(Logistic), 2, from::<2>((0..2 * M).map(|i| (i % 2) as f64).collect(), [M, 2], DType::F64));
}

/// A start far beyond the solution ascends as long as nothing corrects it: it gives way to a cold start.
#[test]
fn point_04_a_warm_start_that_ascends_gives_way_to_a_cold_one() {
    let (mut guarded, mut kept) = (0, 0);
    for seed in 1..30 {
        let (model, inputs): (_, Tensor<2>) = (mlp(3, seed), tensor([M, 5], seed + 40, DType::F64));
        let network = Network::trace(&model, Mlp::forward, [M, 5]).unwrap();
        let oracle = GaussNewton::new(Squared).damping(1e-2);
        let targets: Tensor<2> = tensor([M, 3], seed + 1, DType::F64);
        let outputs = network.linearize(&model, inputs.clone()).unwrap().outputs();
        // Five times the residual has five times the solution, and `g + 5β` points up where damping is small.
        let larger = targets.clone() * 5.0 - outputs * 4.0;
        let far = oracle.direction(&network, &model, inputs.clone(), larger).unwrap();
        let near = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
        // Of one route, or equal directions have other roundings.
        let short = oracle.clone().solver(cg(0)).route(Route::DualMatrixFree);
        for (start, count) in [(&far, &mut guarded), (&near, &mut kept)] {
            let from = short.direction_from(start, &network, &model, inputs.clone(), targets.clone()).unwrap();
            let cold = short.direction(&network, &model, inputs.clone(), targets.clone()).unwrap();
            assert!(from.slope < 0.0);
            if std::ptr::eq(start, &far) != from.warm_start {
                *count += 1;
            }
            if !from.warm_start {
                assert_eq!(entries(&from), entries(&cold));
            } else if std::ptr::eq(start, &near) {
                assert!(from.gap < 1e-6 * cold.gap, "a start at the solution stays there");
            }
        }
    }
    assert_eq!(guarded, 29, "the guard did not act");
    assert_eq!(kept, 29, "a start at the solution was dropped");
}

/// The gap is `P - D ≥ 0` for every iterate, and `D` rises.
#[test]
fn point_05_the_gap_is_the_residual_and_the_dual_rises() {
    for seed in 1..4 {
        let mut last = f64::NEG_INFINITY;
        for iterations in 0..12 {
            let direction =
                solve(&SoftmaxCrossEntropy, 3, classes(3), seed, 0.01, LossModel::Quadratic, cg(iterations));
            let difference = direction.primal_value - direction.dual_value;
            let scale = direction.primal_value.abs() + direction.dual_value.abs();
            assert!(direction.gap >= 0.0 && (difference - direction.gap).abs() <= 1e-11 * scale);
            assert!(direction.dual_value >= last - 1e-13 * scale);
            last = direction.dual_value;
        }
    }
}

/// The certificate of a prox-linear direction, computed anew from the dense matrix.
#[test]
fn the_gap_of_the_prox_linear_model_is_that_of_dense_arithmetic() {
    let (damping, labels) = (0.05, [1usize, 1, 1, 1, 1, 1, 1]);
    let targets: Tensor<1, Int> = Tensor::from_data(TensorData::new(vec![1i64; M], [M]), &Device::default());
    let (weights, inputs): (_, Tensor<2>) = (mlp(3, 8), tensor([M, 5], 48, DType::F64));
    let network = Network::trace(&weights, Mlp::forward, [M, 5]).unwrap();
    let linearization = network.linearize(&weights, inputs.clone()).unwrap();
    let (f, kernel) = (host(linearization.outputs()), host(linearization.gram().unwrap()));
    let model = LossModel::ProxLinear { gap: 0.2, iterations: 50 };
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(damping).model(model).solver(Solver::Cholesky);
    let direction = oracle.direction(&network, &weights, inputs, targets).unwrap();
    assert!(direction.relative_gap() > 1e-9 && direction.relative_gap() <= 0.2, "{}", direction.relative_gap());

    let (m, n) = (M as f64, M * 3);
    let times = |x: &[f64]| -> Vec<f64> { (0..n).map(|r| (0..n).map(|c| kernel[r * n + c] * x[c]).sum()).collect() };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let alpha = host(direction.dual());
    let z: Vec<f64> = f.iter().zip(times(&alpha)).map(|(f, k)| f - k / (damping * m)).collect();
    let sums: Vec<f64> = z.chunks(3).map(|row| row.iter().map(|z| z.exp()).sum()).collect();
    let losses: f64 = (0..M).map(|i| sums[i].ln() - z[i * 3 + labels[i]]).sum();
    let primal = losses / m + dot(&alpha, &times(&alpha)) / (2.0 * damping * m * m);
    // The certificate is the gradient at f + u; its conjugate is the negative entropy of the softmax.
    let q: Vec<f64> = (0..n).map(|r| z[r].exp() / sums[r / 3]).collect();
    let hat: Vec<f64> = (0..n).map(|r| q[r] - f64::from(u8::from(r % 3 == labels[r / 3]))).collect();
    let entropy: f64 = q.iter().map(|q| q * q.ln()).sum();
    let dual = (dot(&hat, &f) - entropy) / m - dot(&hat, &times(&hat)) / (2.0 * damping * m * m);
    assert!((direction.primal_value - primal).abs() < 1e-12, "{} {primal}", direction.primal_value);
    assert!((direction.dual_value - dual).abs() < 1e-12, "{} {dual}", direction.dual_value);
    assert!((direction.gap - (primal - dual)).abs() < 1e-12);
}

/// At equal pairs of products conjugate gradient on the parameters is never above that on the dual.
#[test]
fn point_06_primal_conjugate_gradient_at_equal_products() {
    let damping = 0.02;
    for seed in 1..5 {
        let (weights, inputs): (_, Tensor<2>) = (mlp(2, seed), tensor([M, 5], seed + 40, DType::F64));
        let network = Network::trace(&weights, Mlp::forward, [M, 5]).unwrap();
        let linearization = network.linearize(&weights, inputs.clone()).unwrap();
        let targets: Tensor<2> = tensor([M, 2], 9, DType::F64);
        let residual = linearization.outputs() - targets.clone();
        // (JᵀJ/m + λI) d = -∇L for the squared loss, from zero.
        let gradient = linearization.vjp(residual / M as f64).unwrap();
        let mut left = gradient.clone().scale(-1.0);
        let (mut search, mut d) = (left.clone(), gradient.clone().scale(0.0));
        for pairs in 1..8 {
            let curved = linearization.vjp(linearization.jvp(&search).unwrap() / M as f64).unwrap();
            let product = curved.add_scaled(&search, damping);
            let square = left.dot(&left).unwrap();
            let step = square / search.dot(&product).unwrap();
            d = d.add_scaled(&search, step);
            left = left.add_scaled(&product, -step);
            search = left.clone().add_scaled(&search, left.dot(&left).unwrap() / square);
            let u = linearization.jvp(&d).unwrap();
            let curvature = host((u.clone() * u).sum())[0] / (2.0 * M as f64);
            let primal = gradient.dot(&d).unwrap() + curvature + 0.5 * damping * d.dot(&d).unwrap();
            // The dual spends its first pair on the right-hand side.
            let dual = solve(&Squared, 2, targets.clone(), seed, damping, LossModel::Quadratic, cg(pairs - 1));
            assert!(primal <= dual.primal_value + 1e-12 * primal.abs(), "{primal} {}", dual.primal_value);
        }
    }
}

/// The exact direction of the quadratic model has the values that theory gives it.
#[test]
fn point_07_the_exact_decrease() {
    let direction = solve(&SoftmaxCrossEntropy, 3, classes(3), 2, 0.05, LossModel::Quadratic, Solver::Cholesky);
    let damped = 0.05 * direction.norm.powi(2);
    let curvature = direction.predicted_decrease - damped;
    assert!(curvature > 0.0 && (direction.primal_value + 0.5 * damped + curvature).abs() < 1e-12);
    assert!((direction.model_step - 1.0).abs() < 1e-10);
}

/// Dual variables of softmax sum to zero, for each model; a constant added to the logits of an example changes nothing.
#[test]
fn point_08_softmax_is_invariant() {
    for (model, damping) in [(LossModel::Quadratic, 0.01), (EXACT, 0.01), (LossModel::FastGaussNewton, 0.01)] {
        let direction = solve(&SoftmaxCrossEntropy, 3, classes(3), 3, damping, model, Solver::Cholesky);
        assert!(host(direction.dual().sum_dim(1)).iter().all(|sum| sum.abs() < 1e-12));
        let (weights, inputs): (_, Tensor<2>) = (mlp(3, 3), tensor([M, 5], 43, DType::F64));
        let shifted = |model: &Mlp, x: Tensor<2>| model.forward(x.clone()) + x.sum_dim(1) * 5.0;
        let network = Network::trace(&weights, shifted, [M, 5]).unwrap();
        let oracle = GaussNewton::new(SoftmaxCrossEntropy).damping(damping).model(model).solver(Solver::Cholesky);
        let found = oracle.direction(&network, &weights, inputs, classes(3)).unwrap();
        assert_close("shifted logits", &entries(&found), &entries(&direction), 1e-8);
    }
}

/// For two classes softmax, fast Gauss-Newton and the logistic loss of the difference of logits are one.
#[test]
fn point_09_two_classes() {
    for solver in [Solver::Cholesky, Solver::ConjugateGradient { iterations: 50, tolerance: 1e-14 }] {
        let full = solve(&SoftmaxCrossEntropy, 2, classes(2), 4, 0.05, LossModel::Quadratic, solver);
        let fast = solve(&SoftmaxCrossEntropy, 2, classes(2), 4, 0.05, LossModel::FastGaussNewton, solver);
        assert_close("fast", &entries(&fast), &entries(&full), 1e-9);
        let (weights, inputs): (_, Tensor<2>) = (mlp(2, 4), tensor([M, 5], 44, DType::F64));
        let difference = |model: &Mlp, x: Tensor<2>| {
            let logits = model.forward(x);
            logits.clone().narrow(1, 1, 1) - logits.narrow(1, 0, 1)
        };
        let network = Network::trace(&weights, difference, [M, 5]).unwrap();
        let oracle = GaussNewton::new(Logistic).damping(0.05).solver(solver).route(route_of(solver));
        let found = oracle.direction(&network, &weights, inputs, classes(2)).unwrap();
        assert_close("logistic", &entries(&found), &entries(&full), 1e-9);
    }
    // Of more classes the curvature of the margin is a part: the angle closes as the damping grows.
    let cosine = |damping: f64| {
        let of = |model| entries(&solve(&SoftmaxCrossEntropy, 4, classes(4), 4, damping, model, Solver::Cholesky));
        let (full, fast) = (of(LossModel::Quadratic), of(LossModel::FastGaussNewton));
        full.iter().zip(&fast).map(|(a, b)| a * b).sum::<f64>() / (norm(&full) * norm(&fast))
    };
    assert!(cosine(1e-2) < 0.999 && cosine(10.0) > 0.999 && cosine(1e3) > 1.0 - 1e-6, "{}", cosine(1e-2));
}

/// The prox-linear model of the squared loss is the quadratic one; other smooth losses reach 1e-10 in tens of steps.
#[test]
fn point_10_prox_linear_of_smooth_losses() {
    let real: Tensor<2> = tensor([M, 3], 9, DType::F64);
    let exact = solve(&Squared, 3, real.clone(), 5, 0.02, LossModel::Quadratic, Solver::Cholesky);
    let prox = solve(&Squared, 3, real.clone(), 5, 0.02, EXACT, Solver::Cholesky);
    assert_close("squared", &entries(&prox), &entries(&exact), 1e-9);

    fn check<L: ConvexLoss + Clone>(loss: &L, k: usize, targets: impl Into<L::Target> + Clone) {
        for (seed, damping) in [(1, 1.0), (2, 0.1), (3, 0.01), (4, 1e-3)] {
            let model = LossModel::ProxLinear { gap: 1e-10, iterations: 60 };
            let direction = solve(loss, k, targets.clone(), seed, damping, model, Solver::Cholesky);
            assert!(direction.relative_gap() <= 1e-10, "{seed}: {:e}", direction.relative_gap());
            assert!(direction.primal_value < direction.loss && direction.slope < 0.0);
        }
    }
    check(&SoftmaxCrossEntropy, 3, classes(3));
    check(&SmoothedMulticlassHinge { smoothing: 0.5 }, 3, classes(3));
    check(&Logistic, 1, answers());
    check(&SquaredHinge, 1, answers());
    check(&Poisson, 1, answers() * 3.0);
    check(&Huber { delta: 0.3 }, 3, real.clone());
    check(&LogCosh, 3, real);
}

/// Losses without curvature: the gap closes to rounding, and whatever the budget the model decreases.
#[test]
fn point_11_dual_ascent() {
    fn check<L: ConvexLoss + Clone>(loss: &L, k: usize, targets: impl Into<L::Target> + Clone) {
        for solver in [Solver::Cholesky, cg(0)] {
            for (seed, damping) in [(1, 1.0), (2, 0.3), (3, 0.1)] {
                let mut last = f64::NEG_INFINITY;
                for iterations in [1, 2, 4, 8, 16, 20_000] {
                    let model = LossModel::ProxLinear { gap: 1e-9, iterations };
                    let direction = solve(loss, k, targets.clone(), seed, damping, model, solver);
                    assert!(direction.primal_value < direction.loss && direction.slope < 0.0);
                    let bound = direction.primal_value - direction.loss - 0.5 * damping * direction.norm.powi(2);
                    assert!(direction.slope <= bound + 1e-12, "{} {bound}", direction.slope);
                    assert!(direction.gap >= 0.0 && direction.dual_value >= last - 1e-12);
                    last = direction.dual_value;
                    if iterations == 20_000 {
                        assert!(direction.relative_gap() <= 1e-9, "{seed} {solver:?}: {}", direction.relative_gap());
                    }
                }
            }
        }
    }
    check(&Hinge, 1, answers());
    check(&MulticlassHinge, 3, classes(3));
    check(&Absolute, 2, tensor::<2>([M, 2], 9, DType::F64));
    check(&Quantile { level: 0.8 }, 2, tensor::<2>([M, 2], 9, DType::F64));
}

/// The system of exact Gauss-Newton, `(H K + λm I) x = -g`, has our solution: `x = -α/(λm)`.
#[test]
fn point_12_exact_gauss_newton() {
    let damping = 0.05;
    let direction = solve(&SoftmaxCrossEntropy, 3, classes(3), 6, damping, LossModel::Quadratic, Solver::Cholesky);
    let (weights, inputs): (_, Tensor<2>) = (mlp(3, 6), tensor([M, 5], 46, DType::F64));
    let network = Network::trace(&weights, Mlp::forward, [M, 5]).unwrap();
    let linearization = network.linearize(&weights, inputs).unwrap();
    let f = linearization.outputs();
    let q = burn::tensor::activation::softmax(f.clone(), 1);
    let kernel = linearization.gram().unwrap();
    let targets = classes(3).into();
    let gradient = host(SoftmaxCrossEntropy.gradient(f, &targets));
    let alpha = direction.dual();
    // H K α / (λm) + α = g, with H = diag q - q qᵀ written out.
    let product: Tensor<2> = kernel.matmul(alpha.clone().reshape([M * 3, 1])).reshape([M, 3]);
    let curved = q.clone() * product.clone() - q.clone() * (q * product).sum_dim(1);
    let left = host(curved * (1.0 / (damping * M as f64)) + alpha);
    assert_close("exact Gauss-Newton", &left, &gradient, 1e-11);
}

/// A warm start of the prox-linear model at its solution ends at once.
#[test]
fn prox_linear_starts_where_it_is_told() {
    fn check<L: ConvexLoss + Clone>(loss: L, targets: impl Into<L::Target> + Clone) {
        let (weights, inputs): (_, Tensor<2>) = (mlp(3, 7), tensor([M, 5], 47, DType::F64));
        let network = Network::trace(&weights, Mlp::forward, [M, 5]).unwrap();
        let model = LossModel::ProxLinear { gap: 1e-6, iterations: 5_000 };
        let oracle = GaussNewton::new(loss).damping(0.1).model(model);
        for solver in [Solver::Cholesky, cg(40)] {
            let oracle = oracle.clone().solver(solver).route(route_of(solver));
            let cold = oracle.direction(&network, &weights, inputs.clone(), targets.clone()).unwrap();
            let warm = oracle.direction_from(&cold, &network, &weights, inputs.clone(), targets.clone()).unwrap();
            assert!(!cold.warm_start && warm.warm_start && cold.iterations > 1);
            assert!(warm.iterations < cold.iterations && warm.relative_gap() <= 1e-6);
        }
    }
    check(SoftmaxCrossEntropy, classes(3));
    check(MulticlassHinge, classes(3));
}

#[test]
fn models_that_do_not_fit_the_loss_are_refused() {
    let (weights, inputs): (_, Tensor<2>) = (mlp(3, 7), tensor([M, 5], 47, DType::F64));
    let network = Network::trace(&weights, Mlp::forward, [M, 5]).unwrap();
    let error =
        GaussNewton::new(MulticlassHinge).direction(&network, &weights, inputs.clone(), classes(3)).unwrap_err();
    assert!(error.to_string().contains("use the prox-linear model"), "{error}");
    let fast = GaussNewton::new(Squared).model(LossModel::FastGaussNewton);
    let error = fast.direction(&network, &weights, inputs, tensor::<2>([M, 3], 1, DType::F64)).unwrap_err();
    assert!(error.to_string().contains("needs softmax cross-entropy"), "{error}");
}
