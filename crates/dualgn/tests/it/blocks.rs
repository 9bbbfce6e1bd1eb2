//! Blocks of rows of several networks, against one network that has all their rows.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor};
use dualgn::error::{LinearizeError, LossError};
use dualgn::jet::jet;
use dualgn::loss::{Absolute, AtLeast, Huber, Quantile, Squared, Terms, check_loss};
use dualgn::{
    Blocks, Damping, Error, GaussNewton, Linearization, Linearize, LossModel, Network, Route, Solver, Stepper,
};

use crate::common::{assert_close, entries, gram_by_products, host, param, tensor};
use crate::zoo::prepared;

/// A network with layers of every kind that may meet itself in another one.
#[derive(Module, Debug)]
struct Field {
    first: Linear,
    last: Linear,
    conv: Conv1d,
    table: Param<Tensor<2>>,
    factor: Param<Tensor<1>>,
}

type Forward = fn(&Field, Tensor<2>) -> Tensor<2>;

impl Field {
    fn new() -> Self {
        let device = &Device::default();
        let field = Self {
            first: LinearConfig::new(2, 6).init(device),
            last: LinearConfig::new(6, 2).init(device),
            conv: Conv1dConfig::new(2, 3, 2).init(device),
            table: param([6, 6], 3, DType::F32),
            factor: param([1], 4, DType::F32),
        };
        prepared(field, DType::F64)
    }

    fn value(&self, x: Tensor<2>) -> Tensor<2> {
        self.last.forward(self.first.forward(x).tanh())
    }

    fn laplacian(&self, x: Tensor<2>) -> Tensor<2> {
        let u = jet(x, |x| self.value(x));
        u.laplacian() * self.factor.val().unsqueeze() + u.value()
    }

    fn convolved(&self, x: Tensor<2>) -> Tensor<2> {
        let [m, _] = x.dims();
        let h = self.first.forward(x).tanh().reshape([m, 2, 3]);
        self.last.forward(self.conv.forward(h).reshape([m, 6])).narrow(1, 0, 1)
    }

    /// The table as it is, beside its transpose: two structures of one parameter.
    fn turned(&self, x: Tensor<2>) -> Tensor<2> {
        self.first.forward(x).tanh().matmul(self.table.val())
    }

    fn tied(&self, x: Tensor<2>) -> Tensor<2> {
        self.first.forward(x).tanh().matmul(self.table.val().transpose()).tanh().matmul(self.table.val())
    }
}

const FORWARDS: [Forward; 5] = [Field::value, Field::laplacian, Field::convolved, Field::turned, Field::tied];

/// The points of a block, of as many as it is late.
fn points(index: usize) -> Tensor<2> {
    tensor([3 + index, 2], 20 + index as u64, DType::F64)
}

fn problem(field: &Field, which: &[usize]) -> (Blocks<Field, Tensor<2>>, Vec<Tensor<2>>) {
    let network = |&index: &usize| Network::trace(field, FORWARDS[index], points(index).dims()).unwrap();
    (Blocks::new(which.iter().map(network)), which.iter().map(|&index| points(index)).collect())
}

/// Entries of the parameters of a linearization by their paths.
fn by_path(linearization: &Linearization, flat: &[f64], all: &[(String, usize)]) -> Vec<f64> {
    let own = linearization.vjp(linearization.outputs()).unwrap();
    let mut starts = std::collections::HashMap::new();
    let mut start = 0;
    for (path, shape) in own.parameters() {
        let size: usize = shape.iter().product();
        starts.insert(path.to_owned(), start..start + size);
        start += size;
    }
    all.iter()
        .flat_map(|(path, size)| starts.get(path).map_or(vec![0.0; *size], |range| flat[range.clone()].to_vec()))
        .collect()
}

#[test]
fn rows_stand_below_each_other() {
    let field = Field::new();
    let (problem, inputs) = problem(&field, &[0, 1, 2, 3, 4]);
    let whole = problem.linearization(&field, inputs.clone(), None).unwrap();
    let rows: Vec<f64> = problem
        .networks()
        .iter()
        .zip(&inputs)
        .flat_map(|(network, x)| host(network.linearize(&field, x.clone()).unwrap().outputs()))
        .collect();
    assert_eq!(host(whole.outputs()), rows);
    let cotangent: Tensor<2> = tensor([rows.len(), 1], 5, DType::F64);
    let pulled = whole.vjp(cotangent.clone()).unwrap();
    let all: Vec<(String, usize)> =
        pulled.parameters().map(|(path, shape)| (path.to_owned(), shape.iter().product())).collect();
    let mut sum = vec![0.0; pulled.len()];
    let mut start = 0;
    for (network, x) in problem.networks().iter().zip(&inputs) {
        let block = network.linearize(&field, x.clone()).unwrap();
        let [m, k] = block.outputs().dims();
        let own = cotangent.clone().narrow(0, start, m * k).reshape([m, k]);
        start += m * k;
        let pulled = block.vjp(own).unwrap().to_vec().unwrap();
        by_path(&block, &pulled, &all).iter().zip(&mut sum).for_each(|(part, sum)| *sum += part);
    }
    assert_close("transposed product", &pulled.to_vec().unwrap(), &sum, 1e-14);
}

/// All pairs of blocks, whole and in parts.
#[test]
fn the_gram_matrix_has_all_cross_blocks() {
    let field = Field::new();
    for first in 0..FORWARDS.len() {
        for second in 0..FORWARDS.len() {
            for micro_batch in [None, Some(2)] {
                let (problem, inputs) = problem(&field, &[first, second]);
                let whole = problem.linearization(&field, inputs, micro_batch).unwrap();
                let gram = host(whole.gram().unwrap());
                let wanted = gram_by_products(&whole, DType::F64);
                assert_close(&format!("blocks {first} and {second}"), &gram, &wanted, 1e-12);
            }
        }
    }
}

/// One network that has the rows of two, with their weights in its rows.
#[test]
fn directions_are_those_of_weighted_rows() {
    let field = Field::new();
    let (problem, inputs) = problem(&field, &[0, 1]);
    let [m, n] = [inputs[0].dims()[0], inputs[1].dims()[0]];
    let rows = 2 * (m + n);
    let weights = [0.7, 20.0];
    let scale = |index: usize, count: usize| (weights[index] * rows as f64 / count as f64).sqrt();
    let (a, b) = (scale(0, m), scale(1, n));
    // All rows of both blocks from all points, of which those that are wanted are kept: an output an example, none mixed.
    let joined = move |field: &Field, x: Tensor<2>| {
        let first = Field::value(field, x.clone()).narrow(0, 0, m) * a;
        let second = Field::laplacian(field, x).narrow(0, m, n) * b;
        Tensor::cat(vec![first.reshape([2 * m, 1]), second.reshape([2 * n, 1])], 0).reshape([m + n, 2])
    };
    let whole = Network::trace(&field, joined, [m + n, 2]).unwrap();
    let both = Tensor::cat(inputs.clone(), 0);
    let targets = Terms::zeros(&inputs, 2);
    for (solver, route) in [
        (Solver::Cholesky, Route::DualAssembled),
        (Solver::Cholesky, Route::PrimalAssembled),
        (Solver::ConjugateGradient { iterations: 300, tolerance: 1e-14 }, Route::DualMatrixFree),
        (Solver::ConjugateGradient { iterations: 300, tolerance: 1e-14 }, Route::PrimalMatrixFree),
    ] {
        let loss = Terms::new().term(Squared, weights[0]).term(Squared, weights[1]);
        let oracle = GaussNewton::new(loss).damping(0.1).solver(solver).route(route);
        let found = oracle.direction(&problem, &field, inputs.clone(), targets.clone()).unwrap();
        // A mean over examples of two outputs has half as many rows: twice the loss and its curvature.
        let oracle = GaussNewton::new(Squared).damping(0.2);
        let oracle = oracle.solver(Solver::ConjugateGradient { iterations: 300, tolerance: 1e-14 });
        let oracle = oracle.route(Route::DualMatrixFree);
        let zeros = Tensor::<2>::zeros([m + n, 2], (&Device::default(), DType::F64));
        let wanted = oracle.direction(&whole, &field, both.clone(), zeros).unwrap();
        assert!((2.0 * found.loss - wanted.loss).abs() < 1e-12 * wanted.loss, "{} {}", found.loss, wanted.loss);
        let doubled: Vec<f64> = entries(&found).iter().map(|x| 2.0 * x).collect();
        assert_close(route.name(), &doubled, &entries(&wanted), 1e-9);
    }
}

#[test]
fn the_budget_and_the_parts_change_nothing() {
    let field = Field::new();
    let (problem, inputs) = problem(&field, &[1, 2, 4]);
    let targets: Vec<Tensor<2>> = problem
        .networks()
        .iter()
        .zip(&inputs)
        .map(|(network, x)| tensor([x.dims()[0], network.outputs_per_example()], 3, DType::F64))
        .collect();
    let loss = Terms::new().term(Squared, 1.0).term(Huber { delta: 0.5 }, 2.0).term(Squared, 0.1);
    let oracle = GaussNewton::new(loss).damping(0.3).solver(Solver::Cholesky).route(Route::DualAssembled);
    let direction = |oracle: &GaussNewton<Terms>| {
        entries(&oracle.direction(&problem, &field, inputs.clone(), targets.clone()).unwrap())
    };
    let wanted = direction(&oracle);
    for micro_batch in [1, 2, 4] {
        assert_close("parts", &direction(&oracle.clone().micro_batch(micro_batch)), &wanted, 1e-11);
    }
    assert_close("a small budget", &direction(&oracle.clone().memory(1 << 20)), &wanted, 1e-11);
}

/// Losses of several kinds, with kinks, by the prox-linear model: its gap closes.
#[test]
fn terms_with_kinks() {
    let field = Field::new();
    let (problem, inputs) = problem(&field, &[0, 1]);
    let targets = Terms::zeros(&inputs, 2);
    let loss = Terms::new().term(Absolute, 1.0).term(Absolute, 0.3);
    // Coordinate ascent converges sublinearly where losses have kinks.
    let model = LossModel::ProxLinear { gap: 1e-5, iterations: 2000 };
    let oracle = GaussNewton::new(loss).model(model).damping(0.5);
    let direction = oracle.direction(&problem, &field, inputs, targets).unwrap();
    assert!(direction.slope < 0.0 && direction.gap <= 1e-4 * direction.loss, "{direction:?}");
}

/// One number `w`, in every row.
#[derive(Module, Debug)]
struct Number {
    value: Param<Tensor<1>>,
}

/// The minimum of `½ (w - 1)²` for `w ≥ 3`, where the multiplier is about 2: an exact penalty with a larger weight `v` is there, whatever
/// the damping `λ` from the start `a` is; one with a smaller weight is at `(1 + v + λ a)/(1 + λ)`, and a squared one at
/// `(1 + 3 v + λ a)/(1 + v + λ)`.
#[test]
fn an_absolute_penalty_of_an_inequality_is_exact() {
    let number = prepared(Number { value: param([1], 3, DType::F32) }, DType::F64);
    let forward = |number: &Number, x: Tensor<2>| x * number.value.val().unsqueeze();
    let ones = |rows: usize| Tensor::<2>::ones([rows, 1], (&Device::default(), DType::F64));
    let networks = [4, 7].map(|rows| Network::trace(&number, forward, [rows, 1]).unwrap());
    let (problem, inputs) = (Blocks::new(networks), vec![ones(4), ones(7)]);
    let targets = vec![ones(4), ones(7) * 3.0];
    let (damping, start) = (0.1, number.value.val().into_scalar::<f64>());
    let minimum = |loss: Terms| -> f64 {
        let model = LossModel::ProxLinear { gap: 1e-13, iterations: 10_000 };
        let oracle = GaussNewton::new(loss).model(model).damping(damping);
        let direction = oracle.direction(&problem, &number, inputs.clone(), targets.clone()).unwrap();
        direction.vector().added_to(number.clone(), 1.0).value.val().into_scalar()
    };
    let fit = || Terms::new().term(Squared, 1.0);
    for (weight, wanted) in [
        (0.5, (1.5 + damping * start) / (1.0 + damping)),
        (1.5, (2.5 + damping * start) / (1.0 + damping)),
        (2.5, 3.0),
        (100.0, 3.0),
    ] {
        let found = minimum(fit().term(AtLeast(Absolute), weight));
        assert!((found - wanted).abs() < 1e-5, "{weight}: {found} instead of {wanted}");
    }
    for weight in [1.0, 10.0] {
        let wanted = (1.0 + 3.0 * weight + damping * start) / (1.0 + weight + damping);
        let found = minimum(fit().term(AtLeast(Squared), weight));
        assert!((found - wanted).abs() < 1e-5, "{weight}: {found} instead of {wanted}");
    }
}

#[test]
fn terms_are_a_consistent_loss() {
    let targets: Vec<Tensor<2>> = vec![tensor([4, 3], 1, DType::F64), tensor([7, 1], 2, DType::F64)];
    let outputs: Tensor<2> = tensor([19, 1], 3, DType::F64) * 2.0;
    let losses = [
        Terms::new().term(Squared, 2.0).term(Huber { delta: 0.5 }, 0.1),
        Terms::new().term(AtLeast(Huber { delta: 0.5 }), 2.0).term(AtLeast(Squared), 0.1),
        Terms::new().term(Absolute, 2.0).term(Quantile { level: 0.3 }, 3.0),
    ];
    for loss in losses {
        let check = check_loss(&loss, outputs.clone(), &targets).unwrap();
        assert!(check.is_consistent(), "{check}");
    }
}

/// A stepper takes blocks as it takes a network: an unknown factor of an equation is found along with the solution.
#[test]
fn an_unknown_coefficient_is_found() {
    let field = Field::new();
    // u = sin x + sin y solves 2 Δu + 2 u = 0; values of it on a grid, and the factor 2 unknown.
    let exact = |x: Tensor<2>| x.sin().sum_dim(1);
    let value = move |field: &Field, x: Tensor<2>| field.value(x.clone()).narrow(1, 0, 1) - exact(x);
    let equation = |field: &Field, x: Tensor<2>| {
        let u = jet(x, |x| field.value(x).narrow(1, 0, 1));
        u.laplacian() * field.factor.val().unsqueeze() + u.value() * 2.0
    };
    let grid: Tensor<2> = tensor([40, 2], 9, DType::F64) * 1.5;
    let networks =
        [Network::trace(&field, value, grid.dims()).unwrap(), Network::trace(&field, equation, grid.dims()).unwrap()];
    let problem = Blocks::new(networks);
    let inputs = vec![grid.clone(), grid];
    let targets = Terms::zeros(&inputs, 1);
    let loss = Terms::new().term(Squared, 1.0).term(Squared, 0.1);
    let mut stepper =
        Stepper::guarded(GaussNewton::new(loss).damping(Damping::RelativeToLoss { factor: 1e-2, least: 1e-9 }));
    let mut model = field;
    for _ in 0..300 {
        let (next, _) = stepper.step(1.0, &problem, &model, inputs.clone(), targets.clone()).unwrap();
        model = next;
    }
    let factor = model.factor.val().into_scalar::<f64>();
    assert!((factor - 2.0).abs() < 0.02, "{factor}");
}

#[test]
fn what_does_not_fit_is_said() {
    let field = Field::new();
    let (problem, inputs) = problem(&field, &[0, 1]);
    let error = problem.linearization(&field, inputs[..1].to_vec(), None).unwrap_err();
    assert!(matches!(error, Error::Linearize(LinearizeError::Blocks { networks: 2, inputs: 1 })), "{error}");
    let direction = |loss: Terms, targets| GaussNewton::new(loss).direction(&problem, &field, inputs.clone(), targets);
    let two = || Terms::new().term(Squared, 1.0).term(Squared, 1.0);
    let error = direction(two(), Terms::zeros(&inputs, 1)).unwrap_err();
    assert!(error.to_string().contains("each of 2 terms"), "{error}");
    let error = direction(Terms::new().term(Squared, 1.0), Terms::zeros(&inputs, 2)).unwrap_err();
    assert!(matches!(error, Error::Loss(LossError::Shape { .. })), "{error}");
    let error = direction(two().term(Squared, -1.0), Terms::zeros(&inputs, 2)).unwrap_err();
    assert!(error.to_string().contains("weight of a term"), "{error}");
}
