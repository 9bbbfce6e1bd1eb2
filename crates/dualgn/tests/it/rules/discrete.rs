//! Integers, booleans and operations that are constant between their jumps: evaluated, and their zero derivative agrees with
//! autodiff and with differences.

use burn::tensor::ops::PadMode;
use burn::tensor::{Bool, DType, IndexingUpdateOp, Int, Tensor, TensorData};

use super::{Case, Probe, ints, mask, run};

fn real<const D: usize>(x: Tensor<D, Int>, dtype: DType) -> Tensor<D> {
    x.float().cast(dtype)
}

fn truth<const D: usize>(x: Tensor<D, Bool>, dtype: DType) -> Tensor<D> {
    x.float().cast(dtype)
}

/// `z` where a comparison holds.
fn where_true(p: &Probe, x: Tensor<2>, compare: fn(Tensor<2>, Tensor<2>) -> Tensor<2, Bool>) -> Tensor<2> {
    let (a, b) = (p.z(x.clone()), p.z(x.clone().sin()));
    p.z(x.clone()) * truth(compare(a, b), x.dtype())
}

/// `z` times an integer function of the data.
fn times(p: &Probe, x: Tensor<2>, of: fn(Tensor<2, Int>) -> Tensor<2, Int>) -> Tensor<2> {
    let counts = (x.clone() * 10.0).int();
    p.z(x.clone()) * real(of(counts), x.dtype())
}

/// `z` where something holds of integers made of the data.
fn where_int(p: &Probe, x: Tensor<2>, of: fn(Tensor<2, Int>, Tensor<2, Int>) -> Tensor<2, Bool>) -> Tensor<2> {
    let (a, b) = ((x.clone() * 4.0).int(), (x.clone().cos() * 4.0).int());
    p.z(x.clone()) * truth(of(a, b), x.dtype())
}

pub(super) const CASES: &[Case] = &[
    ("equal", |p, x| where_true(p, x, |a, b| a.equal(b))),
    ("not_equal", |p, x| where_true(p, x, |a, b| a.not_equal(b))),
    ("greater", |p, x| where_true(p, x, |a, b| a.greater(b))),
    ("greater_equal", |p, x| where_true(p, x, |a, b| a.greater_equal(b))),
    ("lower", |p, x| where_true(p, x, |a, b| a.lower(b))),
    ("lower_equal", |p, x| where_true(p, x, |a, b| a.lower_equal(b))),
    ("equal_elem", |p, x| where_true(p, x, |a, _| a.equal_elem(0.5))),
    ("not_equal_elem", |p, x| where_true(p, x, |a, _| a.not_equal_elem(0.5))),
    ("greater_elem", |p, x| where_true(p, x, |a, _| a.greater_elem(0.1))),
    ("greater_equal_elem", |p, x| where_true(p, x, |a, _| a.greater_equal_elem(0.1))),
    ("lower_elem", |p, x| where_true(p, x, |a, _| a.lower_elem(0.1))),
    ("lower_equal_elem", |p, x| where_true(p, x, |a, _| a.lower_equal_elem(0.1))),
    ("is_nan", |p, x| where_true(p, x, |a, _| a.is_nan().bool_not())),
    ("is_inf", |p, x| where_true(p, x, |a, _| a.is_inf().bool_not())),
    ("bool_not, and, or, xor", |p, x| {
        where_true(p, x, |a, b| {
            let (a, b) = (a.greater_elem(0.0), b.greater_elem(0.1));
            a.clone().bool_and(b.clone()).bool_or(a.clone().bool_xor(b).bool_not()).bool_xor(a)
        })
    }),
    ("booleans as integers", |p, x| p.z(x.clone()) * real(mask(&x).int(), x.dtype())),
    ("booleans compared", |p, x| {
        let holds = mask(&x).equal(mask(&x.clone().cos()));
        p.z(x.clone()) * truth(holds, x.dtype())
    }),
    ("any_dim", |p, x| {
        let any = p.z3(x.clone()).greater_elem(0.3).any_dim(2);
        (p.z3(x.clone()) * truth(any, x.dtype())).reshape([3, 24])
    }),
    ("all_dim", |p, x| {
        let all = p.z3(x.clone()).greater_elem(-0.1).all_dim(2);
        (p.z3(x.clone()) * truth(all, x.dtype())).reshape([3, 24])
    }),
    ("any and all of a constant", |p, x| {
        let constant = ints(&[1, 0, 2], [3], &x);
        let both = constant.clone().any().bool_or(constant.all());
        p.z(x.clone()) * truth(both, x.dtype()).unsqueeze()
    }),
    ("sign", |p, x| p.z(x.clone()) * p.z(x).sign()),
    ("round", |p, x| p.z(x.clone()) * (p.z(x) * 5.0).round()),
    ("floor", |p, x| p.z(x.clone()) * (p.z(x) * 5.0).floor()),
    ("ceil", |p, x| p.z(x.clone()) * (p.z(x) * 5.0).ceil()),
    ("trunc", |p, x| p.z(x.clone()) * (p.z(x) * 5.0).trunc()),
    ("into int", |p, x| p.z(x.clone()) * real((p.z(x.clone()) * 5.0).int(), x.dtype())),
    ("argmax", |p, x| p.z(x.clone()) * real(p.z(x.clone()).argmax(1), x.dtype())),
    ("argmin", |p, x| p.z(x.clone()) * real(p.z(x.clone()).argmin(1), x.dtype())),
    ("argsort", |p, x| p.z(x.clone()) * real(p.z(x.clone()).argsort(1), x.dtype())),
    ("argtopk", |p, x| p.z(x.clone()).narrow(1, 0, 3) * real(p.z(x.clone()).argtopk(3, 1), x.dtype())),
    ("int add, sub", |p, x| times(p, x, |n| n.clone() + (n - 3) + 1)),
    ("int mul, div, remainder", |p, x| times(p, x, |n| (n.clone() * 3 / 2).remainder_scalar(4) * n)),
    ("int remainder", |p, x| times(p, x, |n| n.clone().remainder(n.powi_scalar(2) + 1))),
    ("int quotient", |p, x| times(p, x, |n| (n.clone() * 9) / (n.powi_scalar(2) + 1))),
    ("int powi", |p, x| times(p, x, |n| n.clone().abs().powi(n.remainder_scalar(3)))),
    ("int abs, neg, sign, clamp", |p, x| times(p, x, |n| n.clone().abs() - n.clone().sign() + (-n).clamp(-2, 3))),
    ("int clamp_min, clamp_max", |p, x| times(p, x, |n| n.clone().clamp_min(-2) + n.clamp_max(3))),
    ("int sum, mean, cumsum", |p, x| {
        times(p, x, |n| n.clone().sum_dim(1) + n.clone().cumsum(1) + n.clone().mean_dim(1))
    }),
    ("int prod, cumprod", |p, x| times(p, x, |n| n.clone().clamp(1, 2).prod_dim(1) + n.clamp(1, 2).cumprod(1))),
    ("int max, min, sort", |p, x| times(p, x, |n| n.clone().max_dim(1) + n.clone().min_dim(1) + n.sort(1))),
    ("int cummax, cummin", |p, x| times(p, x, |n| n.clone().cummax(1) + n.cummin(1))),
    ("int argmax", |p, x| times(p, x, |n| n.clone().argmax(1) + n.argmin(1))),
    ("int topk", |p, x| {
        let counts = (x.clone() * 10.0).int();
        p.z(x.clone()).narrow(1, 0, 4)
            * real(counts.clone().topk(4, 1), x.dtype())
            * real(counts.argtopk(4, 1), x.dtype())
    }),
    ("int layout", |p, x| {
        times(p, x, |n| {
            let turned = n.clone().reshape([3, 6, 4]).swap_dims(1, 2).reshape([3, 24]).flip([1]);
            Tensor::cat(vec![turned.clone().narrow(1, 0, 12), turned.narrow(1, 12, 12).repeat_dim(1, 1)], 1)
        })
    }),
    ("int mask_fill, mask_where", |p, x| {
        times(p, x, |n| {
            let (low, high) = (n.clone().lower_elem(-2), n.clone().greater_elem(4));
            n.clone().mask_fill(low, 7).mask_where(high, -n)
        })
    }),
    ("int gather, select", |p, x| {
        let counts = (x.clone() * 10.0).int();
        let places = ints(&[3, 0, 3, 5, 1, 0, 2, 2, 2], [3, 3], &x);
        let taken = counts.clone().gather(1, places) + counts.select(1, ints(&[3, 4, 5], [3], &x));
        p.z(x.clone()).narrow(1, 0, 3) * real(taken, x.dtype())
    }),
    ("int slice_assign", |p, x| times(p, x, |n| n.clone().slice_assign([0..3, 2..4], n.narrow(1, 0, 2)))),
    ("int bits", |p, x| {
        times(p, x, |n| {
            let (a, b) = (n.clone().abs(), n.abs() + 1);
            let both =
                a.clone().bitwise_and(b.clone()) + a.clone().bitwise_or(b.clone()) - a.clone().bitwise_xor(b.clone());
            both + a.clone().bitwise_left_shift(b.clone().clamp(0, 2))
                - b.bitwise_right_shift(a.clamp(0, 1)).bitwise_not()
        })
    }),
    ("int bits with scalars", |p, x| {
        times(p, x, |n| {
            let a = n.abs();
            a.clone().bitwise_and_scalar(6) + a.clone().bitwise_or_scalar(1) - a.clone().bitwise_xor_scalar(3)
                + a.clone().bitwise_left_shift_scalar(1)
                - a.bitwise_right_shift_scalar(1)
        })
    }),
    ("int matmul", |p, x| {
        let counts = (x.clone() * 4.0).int().reshape([3, 6, 4]);
        let products = counts.clone().swap_dims(1, 2).matmul(counts);
        p.z(x.clone()).narrow(1, 0, 16) * real(products.reshape([3, 16]), x.dtype())
    }),
    ("int comparisons", |p, x| {
        where_int(p, x, |a, b| {
            let first = a.clone().greater(b.clone()).bool_or(a.clone().equal(b.clone()));
            let second = a.clone().lower_equal(b.clone()).bool_xor(a.clone().not_equal_elem(2));
            first.bool_xor(second).bool_or(a.clone().greater_equal(b.clone()).bool_and(a.lower(b)))
        })
    }),
    ("int comparisons with a scalar", |p, x| {
        where_int(p, x, |a, b| {
            let first = a.clone().greater_elem(0).bool_xor(b.clone().lower_elem(1));
            first.bool_xor(a.greater_equal_elem(2).bool_or(b.lower_equal_elem(-2)))
        })
    }),
    ("a range of integers", |p, x| {
        let range = Tensor::<1, Int>::arange(0..24, &x.device());
        p.z(x.clone()) * real(range, x.dtype()).unsqueeze()
    }),
    ("bool gather, select", |p, x| {
        let places = ints(&[3, 0, 3, 5, 1, 0, 2, 2, 2], [3, 3], &x);
        let holds = mask(&x).gather(1, places).bool_or(mask(&x).select(1, ints(&[3, 4, 5], [3], &x)));
        p.z(x.clone()).narrow(1, 0, 3) * truth(holds, x.dtype())
    }),
    ("bool layout", |p, x| {
        let turned = mask(&x).reshape([3, 6, 4]).swap_dims(1, 2).permute([0, 2, 1]).flip([1]).reshape([3, 24]);
        let parts = vec![turned.clone().slice([0..3, 0..6]).repeat_dim(1, 2), turned.clone().narrow(1, 12, 12)];
        let assigned = Tensor::cat(parts, 1).slice_assign([0..3, 2..4], turned.clone().narrow(1, 0, 2));
        let chosen = assigned.mask_where(mask(&x.clone().sin()), turned);
        p.z(x.clone()) * truth(chosen, x.dtype())
    }),
    ("int scatter, select_assign, pad", |p, x| {
        times(p, x, |n| {
            let place = |values: &[i64]| Tensor::<1, Int>::from_data(TensorData::from(values), &n.device());
            let column = place(&[3, 0, 5]).reshape([3, 1]);
            let scattered = n.clone().scatter(1, column, n.clone().narrow(1, 0, 1), IndexingUpdateOp::Add);
            let added = scattered.select_assign(1, place(&[1, 1]), n.clone().narrow(1, 0, 2), IndexingUpdateOp::Add);
            added.pad([(1, 1)], PadMode::Constant(2.0)).narrow(1, 1, 24)
        })
    }),
    ("a constant mask", |p, x| {
        let holds = Tensor::<1, Bool>::from_data(TensorData::from([true, false].repeat(12).as_slice()), &x.device());
        p.z(x).mask_fill(holds.unsqueeze::<2>().expand([3, 24]), 0.5)
    }),
];

#[test]
fn evaluated_operations() {
    run(CASES);
}
