//! Arithmetic, reductions, sums along an axis, orders.

use burn::module::Module;
use burn::tensor::{DType, Tensor};
use dualgn::Network;
use dualgn::inspect::Derivative;
use dualgn::jet::stop_gradient;

use super::{Case, Probe, flat, ints, run, run_rounded};
use crate::common::{assert_close, flatten, host, tensor, vjp_by_autodiff};

pub(super) const CASES: &[Case] = &[
    ("add", |p, x| p.z(x.clone()) + p.z(x.sin())),
    ("sub", |p, x| p.z(x.clone()) - p.z(x.sin())),
    ("mul", |p, x| p.z(x.clone()) * p.z(x.sin())),
    ("div", |p, x| p.z(x.clone()) / p.positive(x)),
    ("remainder", |p, x| (p.z(x.clone()) * 5.0).remainder(p.positive(x))),
    ("pow", |p, x| p.positive(x.clone()).powf(p.z(x))),
    ("pow by a constant", |p, x| p.positive(x.clone()).powf(x + 2.0)),
    ("powi", |p, x| p.z(x.clone()).powf(x.clone().greater_elem(0.0).int().float().cast(x.dtype()) + 1.0)),
    ("atan2", |p, x| p.z(x.clone()).atan2(p.z(x.cos()) - 0.3)),
    ("hypot", |p, x| p.z(x.clone()).hypot(p.z(x.cos()))),
    ("cross", |p, x| flat(p.z(x.clone()).reshape([3, 8, 3]).cross(p.z(x.cos()).reshape([3, 8, 3]), 2))),
    ("cross along the middle", |p, x| {
        flat(p.z(x.clone()).reshape([3, 3, 8]).cross(p.z(x.cos()).reshape([3, 3, 8]), 1))
    }),
    ("max_pair", |p, x| p.z(x.clone()).max_pair(p.z(x.sin()))),
    ("broadcast row", |p, x| p.z(x) * p.weight().reshape([1, 24])),
    ("broadcast column", |p, x| p.z(x.clone()) - p.z(x).sum_dim(1)),
    ("broadcast middle", |p, x| flat(p.z3(x) / (p.a.val().slice([0..1, 0..4]).reshape([1, 1, 4]).exp()))),
    ("the same twice", |p, x| {
        let z = p.z(x);
        z.clone() * z
    }),
    ("dense", |p, x| p.z(x).slice([0..3, 0..6]).matmul(p.a.val())),
    ("dense, parameter on the left only", |p, x| x.slice([0..3, 0..6]).matmul(p.a.val())),
    ("dense at positions", |p, x| flat(p.z3(x).swap_dims(1, 2).matmul(p.a.val().unsqueeze()))),
    ("batched", |p, x| flat(p.z3(x.clone()).matmul(p.z3(x.cos()).swap_dims(1, 2)))),
    ("matrix times batch", |p, x| flat(p.a.val().transpose().unsqueeze::<3>().matmul(p.z3(x)))),
    ("transposed weight", |p, x| p.z(x).slice([0..3, 0..4]).matmul(p.a.val().transpose())),
    ("learned queries, expanded over the batch", |p, x| {
        let queries = p.a.val().slice([0..6, 0..4]).unsqueeze::<3>().expand([3, 6, 4]);
        let queries = queries.reshape([18, 4]).matmul(p.b.val().narrow(0, 0, 16).reshape([4, 4])).reshape([3, 6, 4]);
        flat(queries.matmul(p.z3(x).swap_dims(1, 2)))
    }),
    ("a product of parameters", |p, x| {
        let square = p.a.val().transpose().matmul(p.a.val());
        p.z(x).slice([0..3, 0..4]).matmul(square)
    }),
    ("sum_dim", |p, x| p.z3(x).sum_dim(1).reshape([3, 4])),
    ("mean_dim", |p, x| p.z3(x).mean_dim(2).reshape([3, 6])),
    ("sum_dims", |p, x| p.z4(x).sum_dims(&[1, 3]).reshape([3, 6])),
    ("sum", |p, x| p.z(x.clone()) * p.a.val().sum().unsqueeze()),
    ("mean", |p, x| p.z(x.clone()) * p.a.val().mean().unsqueeze()),
    ("cumsum", |p, x| flat(p.z3(x).cumsum(1))),
    ("max", |p, x| p.z(x) * p.a.val().max().unsqueeze()),
    ("min", |p, x| p.z(x) * p.a.val().min().unsqueeze()),
    ("max_abs", |p, x| p.z(x) * p.a.val().max_abs().unsqueeze()),
    ("max_dim", |p, x| p.z3(x).max_dim(1).reshape([3, 4])),
    ("min_dim", |p, x| p.z3(x).min_dim(2).reshape([3, 6])),
    ("max_abs_dim", |p, x| p.z3(x).max_abs_dim(2).reshape([3, 6])),
    ("max_dim_with_indices", |p, x| p.z(x).max_dim_with_indices(1).0),
    ("min_dim_with_indices, by both", |p, x| {
        let (value, place) = p.z(x.clone()).min_dim_with_indices(1);
        value * place.float().cast(x.dtype())
    }),
    ("sort", |p, x| flat(p.z3(x).sort(1))),
    ("sort_descending", |p, x| p.z(x).sort_descending(1)),
    ("sort_with_indices, by both", |p, x| {
        let (value, place) = p.z(x.clone()).sort_with_indices(1);
        value * place.float().cast(x.dtype())
    }),
    ("topk", |p, x| p.z(x).topk(5, 1)),
    ("topk_with_indices, by both", |p, x| {
        let (value, place) = p.z3(x.clone()).topk_with_indices(2, 1);
        flat(value * place.float().cast(x.dtype()))
    }),
    ("median", |p, x| p.z(x).narrow(1, 0, 23).median(1)),
    ("cummax", |p, x| flat(p.z3(x).cummax(1))),
    ("cummin", |p, x| p.z(x).cummin(1)),
    ("prod_dim", |p, x| (p.z3(x) * 3.0).prod_dim(1).reshape([3, 4])),
    ("prod", |p, x| p.z(x) * (p.b.val() * 2.0).prod().unsqueeze()),
    ("cumprod", |p, x| flat((p.z3(x) * 3.0).cumprod(1))),
];

/// Burn's autodiff rounds the divisor's inverse to f32 even for f64 tensors.
pub(super) const ROUNDED_BY_BURN: &[Case] = &[("div_scalar", |p, x| p.z(x) / 3.0), ("var", |p, x| p.z(x).var_bias(1))];

#[test]
fn arithmetic_and_orders() {
    run(CASES);
}

#[test]
fn division_by_a_scalar() {
    run_rounded(ROUNDED_BY_BURN, 1e-7);
}

/// Where a factor is zero the derivative is the product of the others, which a quotient would miss.
#[test]
fn products_with_a_zero_have_derivatives() {
    fn with_zeros(x: Tensor<2>) -> Tensor<2> {
        let zero = ints(&[1, 1, 0, 1, 1, 1], [1, 6], &x).float().cast(x.dtype());
        x.narrow(1, 0, 6) * zero
    }
    run(&[
        ("prod_dim", |p, x| with_zeros(p.z(x.clone())).prod_dim(1) + p.z(x).narrow(1, 0, 1)),
        ("cumprod", |p, x| with_zeros(p.z(x.clone())).cumprod(1) + p.z(x).narrow(1, 0, 1)),
    ]);
}

/// Powers of zero and the angle of the origin have a value, and a derivative that poisons nothing else.
#[test]
fn powers_of_zero_and_the_angle_of_the_origin_are_finite() {
    fn zero(p: &Probe, x: Tensor<2>) -> Tensor<2> {
        p.z(x) * 0.0
    }
    let powers = |p: &Probe, x: Tensor<2>| {
        let exponents = ints(&[0, 1, 2, 3].repeat(6), [1, 24], &x).float().cast(x.dtype());
        zero(p, x.clone()).powf(exponents.expand([3, 24])) + p.z(x)
    };
    let angle = |p: &Probe, x: Tensor<2>| zero(p, x.clone()).atan2(zero(p, x.clone())) + p.z(x);
    let model = Probe::new(DType::F64);
    let inputs = tensor::<2>([3, 24], 3, DType::F64);
    for network in [Network::trace(&model, powers, [3, 24]), Network::trace(&model, angle, [3, 24])] {
        let linearization = network.unwrap().linearize(&model, inputs.clone()).unwrap();
        let vjp = linearization.vjp(inputs.clone()).unwrap().to_vec().unwrap();
        assert!(vjp.iter().all(|entry| entry.is_finite()), "{vjp:?}");
    }
}

/// Through a stopped tensor no derivative passes, as through a detached one in autodiff.
#[test]
fn stopped_gradients_stop() {
    fn straight_through(z: Tensor<2>) -> Tensor<2> {
        z.clone() + stop_gradient((z.clone() * 3.0).round() / 3.0 - z)
    }
    let forward = |p: &Probe, x: Tensor<2>| straight_through(p.z(x.clone())) * stop_gradient(p.z(x.sin()));
    let model = Probe::new(DType::F64);
    let inputs = tensor::<2>([3, 24], 3, DType::F64);
    let network = Network::trace(&model, forward, [3, 24]).unwrap();
    let stopped = network.operations().iter().filter(|operation| operation.derivative == Derivative::Ends).count();
    assert_eq!(stopped, 3, "two requests and one rounding");
    let linearization = network.linearize(&model, inputs.clone()).unwrap();
    assert_close("outputs", &host(linearization.outputs()), &host(forward(&model.valid(), inputs.clone())), 1e-14);
    let cotangent = tensor::<2>([3, 24], 5, DType::F64);
    let found = flatten(&model, &linearization.vjp(cotangent.clone()).unwrap().into_gradients());
    let wanted = vjp_by_autodiff(&model, &forward, inputs, cotangent);
    assert!(wanted.iter().any(|entry| entry.abs() > 0.1));
    assert_close("vjp", &found, &wanted, 1e-12);
}
