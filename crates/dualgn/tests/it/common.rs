//! What the tests share: models in either precision, and oracles that use nothing of this crate.

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{DType, Device, Tensor, TensorData};
use dualgn::{Direction, Inputs, Linearization, ParamVector, Route, Solver};

/// The float types that networks may have on the default device. Not every one has f64, and shaders that have it may have no
/// functions of it: theirs are those of f32, converted.
pub(crate) fn precisions() -> impl Iterator<Item = DType> {
    let has_functions = || (host(from(vec![0.3], [1], DType::F64).tanh())[0] - 0.3f64.tanh()).abs() < 1e-14;
    let has_double = Device::default().supports_dtype(DType::F64) && has_functions();
    [DType::F64, DType::F32].into_iter().filter(move |dtype| *dtype == DType::F32 || has_double)
}

/// Repeatable numbers in [-1, 1], by the multiplicative generator of Park and Miller.
pub(crate) fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed * 7919 + 12345;
    let mut next = || {
        state = state * 48271 % 2_147_483_647;
        state as f64 / 1_073_741_823.5 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// A tensor of repeatable numbers in [-1, 1].
pub(crate) fn tensor<const D: usize>(shape: [usize; D], seed: u64, dtype: DType) -> Tensor<D> {
    from(numbers(shape.iter().product(), seed), shape, dtype)
}

/// A tensor from host values.
pub(crate) fn from<const D: usize>(values: Vec<f64>, shape: [usize; D], dtype: DType) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape).convert_dtype(dtype), (&Device::default(), dtype))
}

/// A trainable parameter of repeatable numbers.
pub(crate) fn param<const D: usize>(shape: [usize; D], seed: u64, dtype: DType) -> Param<Tensor<D>> {
    Param::from_tensor(tensor(shape, seed, dtype))
}

pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The pseudo-gradient's entries.
pub(crate) fn entries(direction: &Direction) -> Vec<f64> {
    direction.pseudo_gradient().to_vec().unwrap()
}

/// The Euclidean norm.
pub(crate) fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// `‖a - b‖ / max(‖a‖, ‖b‖)`, zero for two zeros.
pub(crate) fn relative(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = norm(a).max(norm(b));
    let difference = norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>());
    if difference == 0.0 { 0.0 } else { difference / scale }
}

#[track_caller]
pub(crate) fn assert_close(what: &str, found: &[f64], wanted: &[f64], tolerance: f64) {
    let error = relative(found, wanted);
    assert!(error <= tolerance, "{what}: relative error {error:e} above {tolerance:e}");
}

/// A module with all float tensors cast to a type, on an autodiff device.
pub(crate) fn cast<M: Module>(module: M, dtype: DType) -> M {
    struct Cast(DType);
    impl ModuleMapper for Cast {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.cast(self.0))
        }
    }
    module.map(&mut Cast(dtype)).train()
}

/// A module whose flags are those of evaluation but whose tensors still record gradients: what is traced, for autodiff.
pub(crate) fn evaluation<M: Module>(module: M) -> M {
    struct Off;
    impl ModuleMapper for Off {
        fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
            flag.with_value(false)
        }
    }
    module.map(&mut Off)
}

/// A module with every trainable float replaced by repeatable numbers, so that tests repeat and no block is left at a
/// special value such as a zero bias or a unit scale.
pub(crate) fn shake<M: Module>(module: M, seed: u64) -> M {
    struct Shake(u64);
    impl ModuleMapper for Shake {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            if !param.is_require_grad() {
                return param;
            }
            self.0 += 1;
            let seed = self.0;
            param.map(|value| {
                let fresh = tensor(value.dims(), seed, value.dtype()) * 0.7;
                Tensor::from_inner(fresh).require_grad()
            })
        }
    }
    module.map(&mut Shake(seed))
}

/// Entries of a gradient in the order of the module's parameters; missing blocks are zero.
pub(crate) fn flatten<M: Module>(module: &M, gradients: &GradientsParams) -> Vec<f64> {
    struct Flatten<'a>(&'a GradientsParams, Vec<f64>);
    impl ModuleVisitor for Flatten<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.is_require_grad() {
                match self.0.get::<D>(param.id) {
                    Some(gradient) => self.1.extend(host(gradient)),
                    None => self.1.extend(vec![0.0; param.val().shape().num_elements()]),
                }
            }
        }
    }
    let mut flatten = Flatten(gradients, vec![]);
    module.visit(&mut flatten);
    flatten.1
}

/// The module at `w + step · v`.
pub(crate) fn moved<M: Module>(module: &M, vector: &ParamVector, step: f64) -> M {
    SgdConfig::new().init().step(-step, module.clone(), vector.clone().into_gradients())
}

/// `Jᵀ u` by Burn's autodiff, in the order of the module's parameters.
pub(crate) fn vjp_by_autodiff<M: Module, I: Inputs, const E: usize>(
    model: &M,
    forward: &dyn Fn(&M, I) -> Tensor<E>,
    inputs: I,
    cotangent: Tensor<2>,
) -> Vec<f64> {
    let output = forward(model, inputs.with_autodiff());
    let flat: Tensor<2> = output.reshape(cotangent.dims());
    let gradients = (flat * Tensor::from_inner(cotangent)).sum().backward();
    flatten(model, &GradientsParams::from_grads(gradients, model))
}

/// The Jacobian, row by row, by Burn's autodiff: `[mk][p]`.
pub(crate) fn jacobian_by_autodiff<M: Module, I: Inputs, const E: usize>(
    model: &M,
    forward: &dyn Fn(&M, I) -> Tensor<E>,
    inputs: I,
    [m, k]: [usize; 2],
    dtype: DType,
) -> Vec<Vec<f64>> {
    let row = |index: usize| {
        let unit = (0..m * k).map(|i| f64::from(i == index)).collect();
        vjp_by_autodiff(model, forward, inputs.clone(), from(unit, [m, k], dtype))
    };
    (0..m * k).map(row).collect()
}

/// The Gram matrix, column by column, from products with unit vectors.
pub(crate) fn gram_by_products(linearization: &Linearization, dtype: DType) -> Vec<f64> {
    let [m, k] = linearization.outputs().dims();
    let column = |index: usize| {
        let unit = from((0..m * k).map(|i| f64::from(i == index)).collect(), [m, k], dtype);
        host(linearization.jvp(&linearization.vjp(unit).unwrap()).unwrap())
    };
    (0..m * k).flat_map(column).collect()
}

/// The central difference of a function of the step along a direction.
pub(crate) fn difference(at: impl Fn(f64) -> Vec<f64>) -> Vec<f64> {
    let step = 1e-5;
    at(step).iter().zip(at(-step)).map(|(a, b)| (a - b) / (2.0 * step)).collect()
}

/// Whether changing one example of the input, as `change` does, changes the outputs of another.
pub(crate) fn examples_mix<const D: usize, const E: usize>(
    forward: impl Fn(Tensor<D>) -> Tensor<E>,
    inputs: &Tensor<D>,
    change: impl Fn(Tensor<D>, usize) -> Tensor<D>,
) -> bool {
    let examples = inputs.dims()[0];
    let rows = |inputs: Tensor<D>| -> Vec<Vec<f64>> {
        let values = host(forward(inputs));
        values.chunks(values.len() / examples).map(<[f64]>::to_vec).collect()
    };
    let before = rows(inputs.clone());
    (0..examples).any(|example| {
        let after = rows(change(inputs.clone(), example));
        (0..examples).any(|other| other != example && before[other] != after[other])
    })
}

/// The dual route that a test of a solver means: the matrix for a factorisation, products for conjugate gradient.
pub(crate) fn route_of(solver: Solver) -> Route {
    match solver {
        Solver::ConjugateGradient { .. } => Route::DualMatrixFree,
        _ => Route::DualAssembled,
    }
}
