//! Random networks of Burn operations: the products against autodiff and against each other, the Gram matrix, and what the
//! analysis says of the examples against what happens when one of them is changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::{Module, Param};
use burn::tensor::module as nn;
use burn::tensor::ops::{ConvOptions, MaxPoolOptions, PadMode};
use burn::tensor::{DType, IndexingUpdateOp, Int, Tensor, TensorData, activation};
use dualgn::Network;
use dualgn::inspect::Derivative;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use crate::common::{
    examples_mix, flatten, from, gram_by_products, host, norm, numbers, param, relative, tensor, vjp_by_autodiff,
};

const EXAMPLES: usize = 3;

/// Parameters of a few shapes; programs take them like any other value.
#[derive(Module, Debug)]
struct Pool {
    plane: Param<Tensor<3>>,
    matrix: Param<Tensor<3>>,
    row: Param<Tensor<1>>,
    kernel: Param<Tensor<3>>,
}

impl Pool {
    fn new() -> Self {
        let dtype = DType::F64;
        let (plane, matrix) = (param([1, 3, 4], 1, dtype), param([1, 4, 4], 2, dtype));
        Self { plane, matrix, row: param([12], 3, dtype), kernel: param([2, 3, 2], 4, dtype) }.train()
    }
}

/// One instruction: what to do, with which of the values so far, and a number that settles the rest.
#[derive(Clone, Copy, Debug)]
struct Instruction {
    operation: u8,
    first: u8,
    second: u8,
    choice: u8,
}

type Program = Arc<Vec<Instruction>>;

/// How many operations [`apply`] knows; those below [`SMOOTH`] are smooth and spread every change of an entry to all they
/// combine.
const OPERATIONS: u8 = 56;
const SMOOTH: u8 = 28;

fn programs(operations: u8) -> impl Strategy<Value = Program> {
    let instruction = (0..operations, any::<u8>(), any::<u8>(), any::<u8>())
        .prop_map(|(operation, first, second, choice)| Instruction { operation, first, second, choice });
    prop::collection::vec(instruction, 2..10).prop_map(Arc::new)
}

/// Runs a program. Each instruction adds a value; one that does not fit its operands adds nothing.
fn run(program: &[Instruction], pool: &Pool, x: Tensor<3>) -> Tensor<3> {
    let [m, rows, columns] = x.dims();
    let start = x.clone() * pool.plane.val();
    let mut values = vec![x, pool.matrix.val(), pool.plane.val(), start.clone()];
    for instruction in program {
        // Later values more often than early ones.
        let pick = |number: u8| values[values.len() - 1 - number as usize % values.len().min(4)].clone();
        let (a, b) = (pick(instruction.first), pick(instruction.second));
        if let Some(value) = apply(instruction.operation, a, b, instruction.choice as usize, pool)
            && value.shape().num_elements() <= 240
        {
            values.push(value);
        }
    }
    let last = values.pop().expect("never empty");
    // Whatever came out must reach the output: with the batch in front if some axis is as long, else as a number.
    let tail = (start.clone() * 0.1).sum_dim(2).sum_dim(1);
    match last.dims().iter().position(|&length| length == m) {
        Some(0) => last + tail,
        Some(axis) => last.swap_dims(0, axis) + tail,
        None => start + last.tanh().mean().reshape([1, 1, 1]).expand([m, rows, columns]),
    }
}

fn broadcasts(a: [usize; 3], b: [usize; 3]) -> bool {
    a.iter().zip(b).all(|(&a, b)| a == b || a == 1 || b == 1)
}

fn places(choice: usize, length: usize, count: usize, like: &Tensor<3>) -> Tensor<1, Int> {
    let values: Vec<i64> = (0..count).map(|i| ((choice + 5 * i) % length) as i64).collect();
    Tensor::from_data(TensorData::new(values, [count]), &like.device())
}

#[allow(clippy::too_many_lines, reason = "one line an operation")]
fn apply(operation: u8, a: Tensor<3>, b: Tensor<3>, choice: usize, pool: &Pool) -> Option<Tensor<3>> {
    let (shape, other) = (a.dims(), b.dims());
    let axis = choice % 3;
    let positive = |x: Tensor<3>| x.clone() * x + 0.5;
    Some(match operation {
        0 => a.tanh(),
        1 => a.sin(),
        2 => activation::sigmoid(a * 2.0),
        3 => activation::gelu(a),
        4 => a.clamp(-30.0, 30.0).tanh().exp(),
        5 => positive(a).log(),
        6 => positive(a).sqrt(),
        7 if broadcasts(shape, other) => a + b,
        8 if broadcasts(shape, other) => a - b * 0.7,
        9 if broadcasts(shape, other) => a.tanh() * b,
        10 if broadcasts(shape, other) => a / positive(b),
        11 if broadcasts(shape, other) => a.tanh().atan2(positive(b)),
        12 if shape[2] == other[1] && (shape[0] == other[0] || shape[0] == 1 || other[0] == 1) => a.matmul(b) * 0.5,
        13 if shape[2] == 4 => a.matmul(pool.matrix.val()),
        14 => a.sum_dim(axis) * 0.3,
        15 => a.mean_dim(axis),
        16 => a.swap_dims(axis, (axis + 1) % 3),
        17 => a.permute([2, 0, 1]),
        // Its sum is one whatever the examples are, so it is not left alone.
        18 if shape[axis] > 1 => activation::softmax(a.clone(), axis) * a.tanh(),
        19 if shape[axis] > 1 => activation::log_softmax(a, axis),
        20 => a.tanh().cumsum(axis),
        21 => a.flip([1 + choice % 2]),
        22 if shape[1] * shape[2] == other[1] * other[2] && shape[0] == other[0] => {
            Tensor::cat(vec![a, b.reshape(shape)], 2)
        }
        23 if (2..=12).contains(&shape[2]) => nn::layer_norm(a, pool.row.val().narrow(0, 0, shape[2]), None, 1e-3),
        24 if shape[1] <= 3 => {
            let [gamma, beta, mean] = [0, 3, 6].map(|start| pool.row.val().narrow(0, start, shape[1]));
            nn::batch_norm(a, gamma, beta, mean.clone(), mean.square() + 0.5, 1e-5)
        }
        25 if shape[1] == 3 && shape[2] > 1 => {
            nn::conv1d(a, pool.kernel.val(), None, ConvOptions::new([1], [choice % 2], [1], 1))
        }
        26 if shape[2] <= 12 => a + pool.row.val().narrow(0, 0, shape[2]).reshape([1, 1, shape[2]]),
        27 => a.clone() * a.tanh(),
        // From here on: kinks, choices, integers, parts.
        28 => activation::relu(a),
        29 => a.abs(),
        30 => activation::leaky_relu(a, 0.2),
        31 => a.clamp(-0.4, 0.3),
        32 => a.max_dim(axis),
        33 => a.min_dim(axis),
        34 => a.sort(axis),
        35 => a.sort_descending(axis),
        36 => a.tanh().cumprod(axis),
        37 => a.cummax(axis),
        38 => a.prod_dim(axis),
        39 if shape[axis] > 1 => a.narrow(axis, 1, shape[axis] - 1),
        40 => a.repeat_dim(axis, 2),
        41 => a.reshape([shape[0], shape[2], shape[1]]),
        42 => a.reshape([1, shape[0] * shape[1], shape[2]]),
        43 => a.reshape([shape[0], 1, shape[1] * shape[2]]),
        44 => {
            let index = places(choice, shape[axis], 3, &a);
            a.select(axis, index)
        }
        45 => {
            let index = places(choice, shape[axis], 1, &a).reshape([1, 1, 1]).expand(shape);
            a.clone().gather(axis, index) + a
        }
        46 if shape == other => {
            let index = places(choice, shape[axis], 1, &a).reshape([1, 1, 1]).expand(shape);
            a.scatter(axis, index, b, IndexingUpdateOp::Add)
        }
        47 if shape == other => {
            let mask = a.clone().lower(b.clone());
            a.mask_where(mask, b)
        }
        48 => {
            let mask = a.clone().greater_elem(0.2);
            a.mask_fill(mask, 0.1)
        }
        49 if shape[2] > 1 => a.pad([(choice % 2, 1)], PadMode::Reflect),
        50 => a.pad([(1, 0), (0, 1)], PadMode::Constant(0.3)),
        51 if shape[2] > 1 => nn::max_pool1d(a, MaxPoolOptions::new([2]).with_stride([1])),
        52 if shape[2] > 2 => {
            let taken = a.clone().slice([0..shape[0], 0..shape[1], 0..2]);
            a.slice_assign([0..shape[0], 0..shape[1], 1..3], taken)
        }
        53 => a.clone() * a.greater_elem(0.0).float().cast(DType::F64),
        54 => a.clone() * (a * 3.0).round(),
        55 if shape == other => {
            let place = a.argmax(axis);
            b.gather(axis, place)
        }
        _ => return None,
    })
}

fn network(
    program: &Program,
    examples: usize,
) -> (Pool, Network<Pool, Tensor<3>>, impl Fn(&Pool, Tensor<3>) -> Tensor<3> + use<>) {
    let program = program.clone();
    let forward = move |pool: &Pool, x: Tensor<3>| run(&program, pool, x);
    let pool = Pool::new();
    let network = Network::trace(&pool, forward.clone(), [examples, 3, 4]).unwrap();
    (pool, network, forward)
}

fn inputs(examples: usize) -> Tensor<3> {
    tensor([examples, 3, 4], 11, DType::F64)
}

/// `‖a - b‖` against the size of what they were made from, so that sums that cancel do not count as errors.
fn close(a: &[f64], b: &[f64], scale: f64) -> bool {
    relative(a, b) <= 1e-9 || a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * scale)
}

/// At least 2,000 of the networks have three operations or more with a derivative.
#[test]
fn products_of_random_networks() {
    let config = ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() };
    let busy = AtomicUsize::new(0);
    let strategy = (programs(OPERATIONS), 1usize..5, 0u64..1000);
    let result = TestRunner::new(config).run(&strategy, |(program, examples, seed)| {
        let (pool, network, forward) = network(&program, examples);
        let linearization = network.linearize(&pool, inputs(examples)).unwrap();
        let [m, k] = linearization.outputs().dims();
        let outputs = host(linearization.outputs());
        prop_assume!(outputs.iter().all(|y| y.is_finite() && y.abs() < 1e6));
        prop_assert!(relative(&outputs, &host(forward(&pool.valid(), inputs(examples)))) < 1e-13);

        let cotangent: Tensor<2> = from(numbers(m * k, seed), [m, k], DType::F64);
        let pulled = linearization.vjp(cotangent.clone()).unwrap();
        let found = flatten(&pool, &pulled.clone().into_gradients());
        let wanted = vjp_by_autodiff(&pool, &forward, inputs(examples), cotangent.clone());
        prop_assert!(wanted.iter().all(|value| value.is_finite()), "autodiff gives a number");
        prop_assert!(close(&found, &wanted, norm(&wanted).max(1.0)), "vjp: {}", relative(&found, &wanted));

        let tangent = pulled.with_entries(&numbers(pulled.len(), seed + 1)).unwrap();
        let pushed = host(linearization.jvp(&tangent).unwrap());
        let left: f64 = pushed.iter().zip(host(cotangent)).map(|(a, b)| a * b).sum();
        let right = tangent.dot(&pulled).unwrap();
        let scale = norm(&pushed).max(1.0) * (m as f64 * k as f64).sqrt();
        prop_assert!((left - right).abs() <= 1e-11 * scale, "⟨Jv, u⟩ = {left} but ⟨v, Jᵀu⟩ = {right}");

        prop_assert!(examples > 1 || network.mixes_examples().is_none(), "one example has nobody to mix with");
        if network.mixes_examples().is_none() && m * k <= 36 {
            let gram = host(linearization.gram().unwrap());
            let wanted = gram_by_products(&linearization, DType::F64);
            prop_assert!(close(&gram, &wanted, norm(&wanted).max(1.0)), "Gram matrix: {}", relative(&gram, &wanted));
        }
        // Three belong to the frame.
        let differentiated =
            network.operations().iter().filter(|operation| operation.derivative == Derivative::Passes).count();
        if differentiated >= 3 + 3 {
            busy.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let busy = busy.into_inner();
    assert!(busy >= 2000, "only {busy} networks are worth the name");
}

/// Whether examples mix, found by changing them.
fn mixes(pool: &Pool, forward: &dyn Fn(&Pool, Tensor<3>) -> Tensor<3>) -> bool {
    let pool = pool.valid();
    let change = |inputs: Tensor<3>, example: usize| {
        let moved = inputs.clone().narrow(0, example, 1) * 0.9 + tensor::<3>([1, 3, 4], 12, DType::F64) * 0.2;
        inputs.slice_assign([example..example + 1, 0..3, 0..4], moved)
    };
    examples_mix(|x| forward(&pool, x), &inputs(EXAMPLES), change)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the analysis calls separate is separate, whatever the operations.
    #[test]
    fn examples_called_separate_are(program in programs(OPERATIONS)) {
        let (pool, network, forward) = network(&program, EXAMPLES);
        if network.mixes_examples().is_none() {
            prop_assert!(!mixes(&pool, &forward), "the analysis misses an operation that mixes");
        }
    }
}

proptest! {
    // The same programs each time: once in some ten thousand, sums cancel what has mixed, and nobody can see it.
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    /// And what it calls mixed mixes, where no kink, choice or part can hide that.
    #[test]
    fn examples_called_mixed_are(program in programs(SMOOTH)) {
        let (pool, network, forward) = network(&program, EXAMPLES);
        prop_assert_eq!(network.mixes_examples().is_some(), mixes(&pool, &forward), "{:?}", network.mixes_examples());
    }
}
