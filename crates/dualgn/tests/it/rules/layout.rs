//! Operations that move, take, put or replace elements.

use burn::module::Module;
use burn::tensor::ops::PadMode;
use burn::tensor::{DType, IndexingUpdateOp, Tensor, s};

use dualgn::Network;

use super::{Case, Probe, flat, ints, mask, run};
use crate::common::{assert_close, difference, flatten, host, moved, numbers, tensor, vjp_by_autodiff};

pub(super) const CASES: &[Case] = &[
    ("reshape", |p, x| flat(p.z3(x))),
    ("permute", |p, x| flat(p.z4(x).permute([0, 3, 1, 2]))),
    ("swap", |p, x| flat(p.z3(x).swap_dims(1, 2))),
    ("expand", |p, x| flat(p.z(x).sum_dim(1).expand([3, 5]) * 2.0)),
    ("expand a parameter", |p, x| p.z(x) * p.b.val().unsqueeze::<2>().expand([3, 24])),
    ("slice", |p, x| p.z(x).slice([0..3, 5..17])),
    ("slice with a step", |p, x| p.z(x).slice(s![.., 1..20;3])),
    ("slice from the end", |p, x| flat(p.z3(x).slice(s![.., .., ..;-1]))),
    ("slice_assign", |p, x| p.z(x.clone()).slice_assign([0..3, 4..9], p.z(x.sin()).slice([0..3, 0..5]))),
    ("slice_assign into nothing", |p, x| {
        Tensor::zeros([3, 30], (&x.device(), x.dtype())).slice_assign([0..3, 4..28], p.z(x))
    }),
    ("slice_assign of a parameter", |p, x| {
        flat(p.z3(x).slice_assign([0..3, 0..2, 0..4], p.a.val().narrow(0, 0, 2).unsqueeze::<3>().expand([3, 2, 4])))
    }),
    ("slice_fill", |p, x| p.z(x).slice_fill([0..3, 4..9], 2.0)),
    ("narrow into empty", |p, x| {
        let empty = Tensor::<2>::empty([3, 24], (&x.device(), x.dtype()));
        empty
            .slice_assign([0..3, 0..12], p.z(x.clone()).narrow(1, 0, 12))
            .slice_assign([0..3, 12..24], x.narrow(1, 0, 12))
    }),
    ("flip", |p, x| p.z(x.clone()).flip([1]) * p.z(x)),
    ("roll", |p, x| p.z(x.clone()).roll(&[5], &[1]) * p.z(x)),
    ("repeat", |p, x| p.z(x).repeat_dim(1, 3)),
    ("cat", |p, x| Tensor::cat(vec![p.z(x.clone()), x.clone(), p.z(x.exp())], 1)),
    ("cat with a parameter", |p, x| Tensor::cat(vec![p.z(x), p.b.val().unsqueeze::<2>().expand([3, 24])], 1)),
    ("stack", |p, x| flat(Tensor::stack::<3>(vec![p.z(x.clone()), p.z(x.cos())], 1))),
    ("pad with a constant", |p, x| flat(p.z3(x).pad([(1, 2), (0, 3)], PadMode::Constant(0.5)))),
    ("pad by reflection", |p, x| flat(p.z3(x).pad([(2, 1), (3, 0)], PadMode::Reflect))),
    ("pad by the edge", |p, x| flat(p.z3(x).pad([(2, 1), (0, 3)], PadMode::Edge))),
    ("unfold", |p, x| flat(p.z3(x).unfold::<4, _>(1, 3, 2))),
    ("tril", |p, x| flat(p.z3(x).tril(0))),
    ("ones and zeros", |p, x| {
        let (ones, zeros) = (Tensor::ones_like(&x), Tensor::zeros_like(&x));
        p.z(x) * ones + zeros
    }),
    ("full", |p, x| p.z(x.clone()) * Tensor::full([1, 24], 0.3, (&x.device(), x.dtype()))),
    ("to f64 and back", |p, x| p.z(x.clone()).cast(DType::F64).cast(x.dtype()) + p.z(x)),
    ("select", |p, x| p.z(x.clone()).select(1, ints(&[3, 0, 3, 23], [4], &x))),
    ("select of a parameter", |p, x| {
        let rows = p.a.val().select(0, ints(&[5, 5], [2], &x));
        x.slice([0..3, 0..2]).matmul(rows)
    }),
    ("select of a parameter by the data", |p, x| {
        let tokens = ((x.narrow(1, 0, 2) + 1.0) * 2.99).int().reshape([6]);
        flat(p.a.val().select(0, tokens).reshape([3, 2, 4]))
    }),
    ("select_assign", |p, x| {
        let places = ints(&[3, 0, 3, 23], [4], &x);
        p.z(x.clone()).select_assign(1, places, p.z(x.cos()).narrow(1, 0, 4), IndexingUpdateOp::Add)
    }),
    ("gather", |p, x| {
        let places = ints(&[3, 0, 3, 5, 1, 0, 2, 2, 2], [3, 3], &x);
        p.z(x).gather(1, places)
    }),
    ("gather of a parameter", |p, x| {
        let places = ints(&[3, 0, 3, 2, 1, 0, 2, 2, 2], [3, 3], &x);
        p.a.val().narrow(0, 0, 3).gather(1, places) * p.z(x).narrow(1, 0, 3)
    }),
    // As many rows as examples, each of which reads its own.
    ("gather of a parameter by the data", |p, x| {
        let places = p.z(x).narrow(1, 0, 6).argsort(1);
        p.weights([3, 6]).gather(1, places)
    }),
    ("scatter", |p, x| {
        let places = ints(&[3, 0, 3, 5, 1, 0, 2, 2, 2], [3, 3], &x);
        p.z(x.clone()).scatter(1, places, p.z(x.cos()).narrow(1, 0, 3), IndexingUpdateOp::Add)
    }),
    ("gather_nd", |p, x| {
        let places = ints(&[0, 3, 0, 1, 1, 2, 1, 0, 2, 5, 2, 4], [3, 2, 2], &x);
        flat(p.z3(x).gather_nd::<3, 3>(places))
    }),
    ("scatter_nd", |p, x| {
        let places = ints(&[0, 3, 0, 1, 1, 2, 1, 0, 2, 5, 2, 4], [3, 2, 2], &x);
        let values = p.z(x.clone().cos()).narrow(1, 0, 8).reshape([3, 2, 4]);
        flat(p.z3(x).scatter_nd::<3, 3>(places, values, IndexingUpdateOp::Add))
    }),
    ("mask_fill", |p, x| {
        let z = p.z(x);
        let mask = z.clone().greater_elem(0.1);
        z.mask_fill(mask, 2.0)
    }),
    ("mask_where", |p, x| {
        let (z, other) = (p.z(x.clone()), p.z(x.sin()));
        let mask = z.clone().lower(other.clone());
        z.mask_where(mask, other)
    }),
    ("mask_where of a parameter", |p, x| {
        let row = p.b.val().unsqueeze::<2>().expand([3, 24]);
        p.z(x.clone()).mask_where(mask(&x), row)
    }),
];

#[test]
fn moved_elements() {
    run(CASES);
}

/// Each place is replaced once, since Burn leaves open which of two values stays.
#[test]
fn replaced_elements() {
    run(&[
        ("select_assign", |p, x| {
            let places = ints(&[3, 0, 23], [3], &x);
            p.z(x.clone()).select_assign(1, places, p.z(x.cos()).narrow(1, 0, 3), IndexingUpdateOp::Assign)
        }),
        ("scatter", |p, x| {
            let places = ints(&[3, 0, 5, 1, 0, 2], [3, 2], &x);
            p.z(x.clone()).scatter(1, places, p.z(x.cos()).narrow(1, 0, 2), IndexingUpdateOp::Assign)
        }),
    ]);
}

/// The outputs may have another float type than the parameters, either way.
#[test]
fn outputs_in_another_float_type() {
    for (dtype, other) in [(DType::F32, DType::F64), (DType::F64, DType::F32)] {
        let forward = move |p: &Probe, x: Tensor<2>| p.z(x).cast(other).sin();
        let model = Probe::new(dtype);
        let inputs = tensor::<2>([3, 24], 3, dtype);
        let network = Network::trace(&model, forward, [3, 24]).unwrap();
        let linearization = network.linearize(&model, inputs.clone()).unwrap();
        assert_eq!(linearization.outputs().dtype(), other);
        let cotangent = tensor::<2>([3, 24], 5, other);
        let pulled = linearization.vjp(cotangent.clone()).unwrap();
        let wanted = vjp_by_autodiff(&model, &forward, inputs, cotangent.clone());
        assert_close("vjp", &flatten(&model, &pulled.clone().into_gradients()), &wanted, 1e-5);
        let pushed = linearization.jvp(&pulled).unwrap();
        let left: f64 = host(pushed.clone() * cotangent.clone()).iter().sum();
        assert_close("inner product", &[left], &[pulled.dot(&pulled).unwrap()], 1e-5);
        let gram = linearization.gram().unwrap();
        let product = gram.clone().matmul(cotangent.reshape([72, 1]).cast(gram.dtype()));
        assert_close("Gram matrix", &host(product), &host(pushed), 1e-5);
    }
}

/// Where one place is replaced twice, the products agree on the value that stays (autodiff gives both the cotangent).
#[test]
fn a_place_replaced_twice_keeps_one_value() {
    let forms: [Case; 2] = [
        ("scatter", |p, x| {
            let places = ints(&[3, 3, 5, 1, 0, 0], [3, 2], &x);
            p.z(x.clone()).scatter(1, places, p.z(x.cos()).narrow(1, 0, 2), IndexingUpdateOp::Assign)
        }),
        ("select_assign", |p, x| {
            let places = ints(&[3, 7, 3], [3], &x);
            p.z(x.clone()).select_assign(1, places, p.z(x.cos()).narrow(1, 0, 3), IndexingUpdateOp::Assign)
        }),
    ];
    for (name, forward) in forms {
        let model = Probe::new(DType::F64);
        let inputs = tensor::<2>([3, 24], 3, DType::F64);
        let network = Network::trace(&model, forward, [3, 24]).unwrap();
        let linearization = network.linearize(&model, inputs.clone()).unwrap();
        let cotangent = tensor::<2>([3, 24], 5, DType::F64);
        let pulled = linearization.vjp(cotangent.clone()).unwrap();
        let tangent = pulled.with_entries(&numbers(pulled.len(), 6)).unwrap();
        let pushed = linearization.jvp(&tangent).unwrap();
        let left: f64 = host(pushed.clone() * cotangent).iter().sum();
        assert_close(name, &[left], &[tangent.dot(&pulled).unwrap()], 1e-12);
        let differences = difference(|step| host(forward(&moved(&model, &tangent, step).valid(), inputs.clone())));
        assert_close(name, &host(pushed), &differences, 1e-8);
    }
}
