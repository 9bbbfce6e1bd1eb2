//! Elementwise functions, activations and softmax.

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor, activation};
use dualgn::Network;

use super::{Case, Probe, flat, run, run_rounded};
use crate::common::{flatten, relative, tensor, vjp_by_autodiff};

pub(super) const CASES: &[Case] = &[
    ("abs", |p, x| p.z(x).abs()),
    ("acos", |p, x| p.inside(x).acos()),
    ("acosh", |p, x| (p.positive(x) + 1.0).acosh()),
    ("asin", |p, x| p.inside(x).asin()),
    ("asinh", |p, x| (p.z(x) * 3.0).asinh()),
    ("atan", |p, x| (p.z(x) * 3.0).atan()),
    ("atanh", |p, x| p.inside(x).atanh()),
    ("add_scalar", |p, x| p.z(x) + 1.5),
    ("sub_scalar", |p, x| p.z(x) - 1.5),
    ("mul_scalar", |p, x| p.z(x) * -0.7),
    ("neg", |p, x| -p.z(x)),
    ("clamp", |p, x| p.z(x).clamp(-0.3, 0.4)),
    ("clamp_min", |p, x| p.z(x).clamp_min(0.05)),
    ("clamp_max", |p, x| p.z(x).clamp_max(0.05)),
    ("cos", |p, x| p.z(x).cos()),
    ("cosh", |p, x| (p.z(x) * 2.0).cosh()),
    ("sin", |p, x| (p.z(x) * 30.0).sin()),
    ("sinh", |p, x| (p.z(x) * 2.0).sinh()),
    ("tan", |p, x| p.inside(x).tan()),
    ("erf", |p, x| p.z(x).erf()),
    ("exp", |p, x| p.z(x).exp()),
    ("log", |p, x| p.positive(x).log()),
    ("log1p", |p, x| p.positive(x).log1p()),
    ("powf_scalar", |p, x| p.positive(x).powf_scalar(1.7)),
    ("powi_scalar 3", |p, x| p.z(x).powi_scalar(3)),
    ("powi_scalar -2", |p, x| p.positive(x).powi_scalar(-2)),
    ("recip", |p, x| p.positive(x).recip()),
    ("remainder_scalar", |p, x| (p.z(x) * 5.0).remainder_scalar(1.3)),
    ("sqrt", |p, x| p.positive(x).sqrt()),
    ("square", |p, x| p.z(x).square()),
    ("tanh", |p, x| p.z(x).tanh()),
    ("elu", |p, x| activation::elu(p.z(x), 1.0)),
    ("gelu", |p, x| activation::gelu(p.z(x) * 3.0)),
    ("glu", |p, x| activation::glu(p.z(x) * 3.0, 1)),
    ("hardtanh", |p, x| activation::hardtanh(p.z(x) * 5.0, -0.8, 0.9)),
    ("hard_shrink", |p, x| activation::hard_shrink(p.z(x), 0.2)),
    ("leaky_relu", |p, x| activation::leaky_relu(p.z(x), 0.1)),
    ("log_sigmoid", |p, x| activation::log_sigmoid(p.z(x) * 3.0)),
    ("mish", |p, x| activation::mish(p.z(x) * 3.0)),
    ("prelu", |p, x| flat(activation::prelu(p.z4(x), p.b.val().narrow(0, 0, 2)))),
    ("prelu with one slope", |p, x| activation::prelu(p.z(x), p.b.val().narrow(0, 3, 1))),
    ("relu", |p, x| activation::relu(p.z(x))),
    ("relu6", |p, x| activation::relu6(p.z(x) * 20.0)),
    ("selu", |p, x| activation::selu(p.z(x))),
    ("sigmoid", |p, x| activation::sigmoid(p.z(x) * 4.0)),
    ("silu", |p, x| activation::silu(p.z(x) * 4.0)),
    ("soft_shrink", |p, x| activation::soft_shrink(p.z(x), 0.2)),
    ("softplus", |p, x| activation::softplus(p.z(x) * 30.0, 1.0)),
    ("softsign", |p, x| activation::softsign(p.z(x) * 3.0)),
    ("thresholded_relu", |p, x| activation::thresholded_relu(p.z(x), 0.2)),
    ("softmax", |p, x| activation::softmax(p.z(x) * 3.0, 1)),
    ("softmax inside", |p, x| flat(activation::softmax(p.z3(x) * 3.0, 1))),
    ("log_softmax", |p, x| activation::log_softmax(p.z(x) * 3.0, 1)),
    ("softmin", |p, x| activation::softmin(p.z(x) * 3.0, 1)),
    ("quiet_softmax", |p, x| activation::quiet_softmax(p.z(x) * 3.0, 1)),
];

/// Burn divides by scalars that it rounds to f32, and its hard sigmoid goes through f32 altogether.
pub(super) const ROUNDED_BY_BURN: &[Case] = &[
    ("celu", |p, x| activation::celu(p.z(x) * 3.0, 1.5)),
    ("hard_swish", |p, x| activation::hard_swish(p.z(x) * 5.0)),
    ("gelu_approximate", |p, x| activation::gelu_approximate(p.z(x) * 3.0)),
    ("hard_sigmoid", |p, x| activation::hard_sigmoid(p.z(x) * 5.0, 0.2, 0.5)),
];

#[test]
fn functions() {
    run(CASES);
}

#[test]
fn functions_that_burn_rounds() {
    run_rounded(ROUNDED_BY_BURN, 1e-6);
}

#[test]
fn saturated_inputs_give_finite_derivatives() {
    run(&[
        ("tanh at 1000", |p, x| (p.z(x) * 1000.0).tanh() + p.b.val().unsqueeze()),
        ("sigmoid at 1000", |p, x| activation::sigmoid(p.z(x) * 1000.0) + p.b.val().unsqueeze()),
        ("softmax at 1000", |p, x| activation::softmax(p.z(x) * 1000.0, 1) + p.b.val().unsqueeze()),
        ("log_softmax at 100", |p, x| activation::log_softmax(p.z(x) * 100.0, 1)),
    ]);
}

/// The derivative of a norm is taken as zero at its kink, as that of the absolute value is (where autodiff divides by zero).
#[test]
fn a_norm_at_the_origin_has_a_finite_derivative() {
    let forward = |p: &Probe, x: Tensor<2>| {
        let zero: Tensor<2> = p.z(x.clone()) * 0.0;
        zero.clone().hypot(zero) + p.z(x)
    };
    let model = Probe::new(DType::F64);
    let inputs = tensor::<2>([3, 24], 3, DType::F64);
    let vjp = |network: Network<Probe, Tensor<2>>| {
        network.linearize(&model, inputs.clone()).unwrap().vjp(inputs.clone()).unwrap().to_vec().unwrap()
    };
    let with = vjp(Network::trace(&model, forward, [3, 24]).unwrap());
    let without = vjp(Network::trace(&model, Probe::z, [3, 24]).unwrap());
    assert_eq!(with, without);
}

/// At a kink the derivative is a choice, and it is Burn's (except for the order in which a sort leaves equal elements).
/// Differences say nothing there.
#[test]
fn kinks_are_taken_as_burn_takes_them() {
    type Kink = (&'static str, fn(Tensor<2>) -> Tensor<2>);
    let kinks: &[Kink] = &[
        ("relu", activation::relu),
        ("abs", |z| z.abs()),
        ("leaky_relu", |z| activation::leaky_relu(z, 0.1)),
        ("clamp", |z| z.clamp(-1.0, 1.0)),
        ("clamp_min", |z| z.clamp_min(1.0)),
        ("max_dim", |z| z.max_dim(1)),
        ("min_dim", |z| z.min_dim(1)),
        ("cummax", |z| z.cummax(1)),
    ];
    let mut differ = vec![];
    // Ones, so that whole numbers of the data stay whole: on every edge above, and many tied.
    let mut model = Probe::new(DType::F64);
    model.b = Param::from_tensor(Tensor::from_inner(Tensor::ones([24], (&Device::default(), DType::F64))));
    for (name, function) in kinks {
        let function = *function;
        let forward = move |p: &Probe, x: Tensor<2>| function((x * 2.4).round() * p.b.val().unsqueeze());
        let inputs = tensor::<2>([3, 24], 3, DType::F64);
        let network = Network::trace(&model, forward, [3, 24]).unwrap();
        let linearization = network.linearize(&model, inputs.clone()).unwrap();
        let cotangent = tensor::<2>(linearization.outputs().dims(), 5, DType::F64);
        let found = flatten(&model, &linearization.vjp(cotangent.clone()).unwrap().into_gradients());
        let wanted = vjp_by_autodiff(&model, &forward, inputs, cotangent);
        if relative(&found, &wanted) > 1e-12 {
            differ.push(*name);
        }
    }
    assert!(differ.is_empty(), "differ at a kink: {}", differ.join(", "));
}
