//! Batches in parts against the same batches in one piece.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::{DType, Device, Distribution, Tensor};
use dualgn::error::LinearizeError;
use dualgn::loss::Squared;
use dualgn::{Direction, Error, GaussNewton, Network, Route, Solver, Stepper, Tracing};
use proptest::prelude::*;

use crate::common::{assert_close, cast, entries, host, norm, precisions, shake, tensor};
use crate::models::{LeNet, Mlp, Tied};

/// A model on a batch of standard inputs and targets, with damping one.
struct Batch<'a, M, const D: usize> {
    model: &'a M,
    network: Network<M, Tensor<D>>,
    inputs: Tensor<D>,
    targets: Tensor<2>,
}

impl<'a, M: Module + 'static, const D: usize> Batch<'a, M, D> {
    fn new(model: &'a M, forward: fn(&M, Tensor<D>) -> Tensor<2>, shape: [usize; D]) -> Self {
        let network = Network::trace(model, forward, shape).unwrap();
        let targets = tensor([shape[0], network.outputs_per_example()], 4, DType::F64);
        Self { model, network, inputs: tensor(shape, 3, DType::F64), targets }
    }

    /// Directions of the batch in one piece and in parts, on a route.
    fn directions(&self, examples: usize, (solver, route): (Solver, Route), memory: usize) -> [Direction; 2] {
        let oracle = GaussNewton::new(Squared).damping(1.0).solver(solver).route(route).memory(memory);
        [oracle.clone(), oracle.micro_batch(examples)].map(|oracle| {
            oracle.direction(&self.network, self.model, self.inputs.clone(), self.targets.clone()).unwrap()
        })
    }

    /// The condition number of the system `I + JJᵀ/m` that the directions solve, `1 + ‖J‖²/m`, by thirty steps of power
    /// iteration, which find the norm to a few per cent.
    fn condition(&self) -> f64 {
        let linearization = self.network.linearize(self.model, self.inputs.clone()).unwrap();
        let mut vector: Tensor<2> = linearization.outputs();
        let mut size = norm(&host(vector.clone()));
        for _ in 0..30 {
            vector = linearization.jvp(&linearization.vjp(vector / size).unwrap()).unwrap();
            size = norm(&host(vector.clone()));
        }
        1.0 + size / self.inputs.dims()[0] as f64
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// The direction does not depend on how the batch is cut, on any route.
    #[test]
    fn directions_do_not_depend_on_the_parts(m in 2usize..9, examples in 1usize..9, seed in 1u64..100) {
        let device = Device::default();
        let mlp = shake(cast(Mlp::new([5, 7, 3], &device), DType::F64), seed);
        let tied = shake(cast(Tied::new(&device), DType::F64), seed);
        let lenet = shake(cast(LeNet::new(&device), DType::F64), seed);
        agree(&Batch::new(&mlp, Mlp::forward, [m, 5]), examples);
        agree(&Batch::new(&tied, Tied::forward, [m, 5]), examples);
        agree(&Batch::new(&lenet, LeNet::forward, [m, 1, 12, 12]), examples);
    }
}

/// Checks that all routes have the same direction, loss and slope in parts as in one piece.
fn agree<M: Module + 'static, const D: usize>(batch: &Batch<M, D>, examples: usize) {
    let iterative = Solver::ConjugateGradient { iterations: 200, tolerance: 1e-15 };
    // The system is the same to its rounding, whose effect its condition multiplies; conjugate gradient stops where rounding
    // does, a few times later or earlier.
    let rounding = 1e-14 * batch.condition();
    for (way, tolerance) in [
        ((Solver::Cholesky, Route::DualAssembled), rounding),
        ((Solver::Cholesky, Route::PrimalAssembled), rounding),
        ((iterative, Route::DualMatrixFree), 10.0 * rounding),
        ((iterative, Route::PrimalMatrixFree), 10.0 * rounding),
    ] {
        let [whole, parts] = batch.directions(examples, way, 1 << 30);
        assert_close(way.1.name(), &entries(&parts), &entries(&whole), tolerance);
        assert!((parts.loss - whole.loss).abs() <= 1e-13 * whole.loss);
        assert!((parts.slope - whole.slope).abs() <= tolerance * whole.slope.abs());
    }
}

/// Chunks of rows within pairs of parts.
#[test]
fn little_memory_and_small_parts() {
    let lenet = shake(cast(LeNet::new(&Device::default()), DType::F64), 1);
    let batch = Batch::new(&lenet, LeNet::forward, [5, 1, 12, 12]);
    let at = |memory| batch.directions(2, (Solver::Cholesky, Route::DualAssembled), memory);
    let [wanted, _] = at(1 << 30);
    // What whole batches need at least is enough for parts.
    for memory in [400_000, 500_000, 1_000_000] {
        let [whole, parts] = at(memory);
        assert_close("whole", &entries(&whole), &entries(&wanted), 1e-12);
        assert_close("parts", &entries(&parts), &entries(&wanted), 1e-12);
    }
}

/// Steps with a search, which evaluates other weights on the same batch.
#[test]
fn steps_do_not_depend_on_the_parts() {
    let model = shake(cast(Mlp::new([5, 7, 3], &Device::default()), DType::F64), 2);
    let network = Network::trace(&model, Mlp::forward, [7, 5]).unwrap();
    let (inputs, targets): (Tensor<2>, Tensor<2>) = (tensor([7, 5], 3, DType::F64), tensor([7, 3], 4, DType::F64));
    let run = |oracle: GaussNewton<Squared>| {
        let (mut stepper, mut model) = (Stepper::new(oracle.damping(0.1)), model.clone());
        for _ in 0..5 {
            model = stepper.step(1.0, &network, &model, inputs.clone(), targets.clone()).unwrap().0;
        }
        host(model.forward(inputs.clone()))
    };
    assert_close("steps", &run(GaussNewton::new(Squared).micro_batch(3)), &run(GaussNewton::new(Squared)), 1e-11);
}

/// Random numbers are drawn once, for all examples or for each, and every product sees the same.
#[test]
fn random_numbers_are_fixed_in_parts() {
    let model = shake(cast(Mlp::new([5, 7, 3], &Device::default()), DType::F64), 2);
    let forward = |model: &Mlp, x: Tensor<2>| {
        let [m, n] = x.dims();
        let noise = |m: usize| Tensor::<2>::random([m, n], Distribution::Normal(0.0, 1.0), (&x.device(), x.dtype()));
        // One draw for the batch, one for each example.
        model.forward(x.clone() * 0.0 + noise(1) + noise(m) * 0.0)
    };
    let network = Tracing::new().random().network(&model, forward, [6, 5]).unwrap();
    let inputs: Tensor<2> = tensor([6, 5], 3, DType::F64);
    let parts = network.linearize_in_parts(&model, inputs, 2).unwrap();
    // All rows saw the first draw, in all parts.
    let outputs = host(parts.outputs());
    outputs.chunks(3).for_each(|row| assert_close("rows", row, &outputs[..3], 1e-14));
    assert_close("again", &host(parts.outputs_at(&model).unwrap()), &outputs, 1e-14);
    // Finite differences of the same function.
    let vector = parts.vjp(tensor([6, 3], 5, DType::F64)).unwrap();
    let h = 1e-6;
    let moved = |t: f64| parts.outputs_at(&vector.added_to(model.clone(), t)).unwrap();
    let slope = (moved(h) - moved(-h)) / (2.0 * h);
    assert_close("differences", &host(parts.jvp(&vector).unwrap()), &host(slope), 1e-8);
}

#[test]
fn networks_that_mix_examples_have_no_parts() {
    for dtype in precisions() {
        let model: BatchNorm = cast(BatchNormConfig::new(3).init(&Device::default()), dtype);
        let network = Tracing::new().batch_statistics().network(&model, BatchNorm::forward::<2>, [5, 3]).unwrap();
        let inputs: Tensor<2> = tensor([5, 3], 1, dtype);
        let error = network.linearize_in_parts(&model, inputs.clone(), 2).unwrap_err();
        assert!(matches!(error, Error::Linearize(LinearizeError::MixesExamples { .. })), "{error}");
        // In one piece it goes.
        assert!(network.linearize_in_parts(&model, inputs, 5).is_ok());
    }
}
