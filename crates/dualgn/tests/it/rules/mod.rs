//! Every operation of Burn's vocabulary, on inputs that depend on parameters: mirrors `src/linearize/rules/`.

mod activation;
mod discrete;
mod layout;
mod module;
mod numeric;
mod vocabulary;

use std::panic::catch_unwind;

use burn::module::{Module, Param};
use burn::tensor::{Bool, DType, Int, Tensor, TensorData};
use dualgn::Network;

use crate::check::check_to;
use crate::common::{examples_mix, param, precisions, tensor};

/// Two parameters. Each case makes the operation's inputs of them and of the data, so that all are active.
#[derive(Module, Debug)]
pub(crate) struct Probe {
    a: Param<Tensor<2>>,
    b: Param<Tensor<1>>,
}

impl Probe {
    pub(crate) fn new(dtype: DType) -> Self {
        Self { a: param([6, 4], 1, dtype), b: param([24], 2, dtype) }.train()
    }

    /// `[3, 24]`, of data and parameter.
    fn z(&self, x: Tensor<2>) -> Tensor<2> {
        (x + 0.3) * self.b.val().unsqueeze() + 0.1
    }

    fn z3(&self, x: Tensor<2>) -> Tensor<3> {
        self.z(x).reshape([3, 6, 4])
    }

    fn z4(&self, x: Tensor<2>) -> Tensor<4> {
        Tensor::cat(vec![self.z(x.clone()), self.z(x.clone() * 0.7), self.z(x.sin())], 1).reshape([3, 2, 6, 6])
    }

    /// `[3, 24]`, between 0.5 and about 3.
    fn positive(&self, x: Tensor<2>) -> Tensor<2> {
        let z = self.z(x);
        z.clone() * z + 0.5
    }

    /// `[3, 24]`, between -0.9 and 0.9.
    fn inside(&self, x: Tensor<2>) -> Tensor<2> {
        self.z(x).tanh() * 0.9
    }

    /// `[2, 12]` of the parameters alone.
    fn weight(&self) -> Tensor<2> {
        self.a.val().reshape([2, 12])
    }

    /// The parameters alone, in any shape of at most 48 entries.
    fn weights<const D: usize>(&self, shape: [usize; D]) -> Tensor<D> {
        let all = Tensor::cat(vec![self.a.val().reshape([24]), self.b.val()], 0);
        all.narrow(0, 0, shape.iter().product()).reshape(shape)
    }
}

/// A case: its name and a forward pass from `[3, 24]`.
pub(crate) type Case = (&'static str, fn(&Probe, Tensor<2>) -> Tensor<2>);

/// All cases, family by family.
pub(crate) const CASES: &[&[Case]] = &[
    activation::CASES,
    activation::ROUNDED_BY_BURN,
    discrete::CASES,
    layout::CASES,
    module::CASES,
    module::ROUNDED_BY_BURN,
    numeric::CASES,
    numeric::ROUNDED_BY_BURN,
];

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<2> {
    let m = tensor.dims()[0];
    tensor.reshape([m as i32, -1])
}

/// Integers on the device of a tensor.
fn ints<const D: usize>(values: &[i64], shape: [usize; D], like: &Tensor<2>) -> Tensor<D, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), &like.device())
}

/// Positive entries of the data.
fn mask(x: &Tensor<2>) -> Tensor<2, Bool> {
    x.clone().greater_elem(0.0)
}

fn run(cases: &[Case]) {
    run_to(None, cases);
}

/// For cases in which Burn computes an f64 derivative in f32: autodiff is the less accurate side there, and the differences
/// and the inner product still hold our rule to their tolerances.
fn run_rounded(cases: &[Case], close: f64) {
    run_to(Some(close), cases);
}

/// Runs all cases in both precisions and then names all that failed.
fn run_to(close_in_f64: Option<f64>, cases: &[Case]) {
    let mut failed = vec![];
    for dtype in precisions() {
        let close = close_in_f64.filter(|_| dtype == DType::F64);
        for (name, forward) in cases {
            let name = format!("{name} {dtype:?}");
            let inputs = tensor::<2>([3, 24], 3, dtype);
            let checked = catch_unwind(|| {
                check_to(close, &name, &Probe::new(dtype), *forward, inputs.clone());
                examples_mix_as_said(&name, *forward, inputs);
            });
            failed.extend(checked.is_err().then_some(name));
        }
    }
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
}

/// Operations whose examples the analysis calls mixed although they are not: tuples of indices are merged with the batch.
const CALLED_MIXED: &[&str] = &["gather_nd", "scatter_nd"];

/// Changing one example changes the outputs of others exactly when the analysis says that examples mix.
fn examples_mix_as_said(name: &str, forward: fn(&Probe, Tensor<2>) -> Tensor<2>, inputs: Tensor<2>) {
    let dtype = inputs.dtype();
    let model = Probe::new(dtype).valid();
    let change = |inputs: Tensor<2>, example: usize| {
        let fresh = tensor::<2>([1, 24], 40 + example as u64, dtype);
        inputs.slice_assign([example..example + 1, 0..24], fresh)
    };
    let mixes = examples_mix(|x| forward(&model, x), &inputs, change);
    let said = Network::trace(&model, forward, [3, 24]).unwrap().mixes_examples();
    let expected = mixes || CALLED_MIXED.iter().any(|called| name.starts_with(called));
    assert_eq!(said.is_some(), expected, "{name}: {said:?}");
}
