//! Networks of every kind of operation that a jet is carried through.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor, activation};
use dualgn::jet::jet;

use super::{check_jacobian, difference_along, everything, outputs};
use crate::common::{assert_close, tensor};
use crate::zoo::prepared;

/// A bit of everything, for functions of two coordinates.
#[derive(Module, Debug)]
struct Parts {
    first: Linear,
    second: Linear,
    last: Linear,
    norm: LayerNorm,
    batch: BatchNorm,
    conv: Conv1d,
    scale: Param<Tensor<1>>,
}

impl Parts {
    fn new(dtype: DType) -> Self {
        let device = &Device::default();
        let model = Self {
            first: LinearConfig::new(2, 6).init(device),
            second: LinearConfig::new(6, 6).init(device),
            last: LinearConfig::new(6, 2).init(device),
            norm: LayerNormConfig::new(6).init(device),
            batch: BatchNormConfig::new(6).init(device),
            conv: Conv1dConfig::new(2, 3, 2).init(device),
            scale: crate::common::param([6], 3, DType::F32),
        };
        prepared(model, dtype)
    }

    fn hidden(&self, x: Tensor<2>) -> Tensor<2> {
        self.first.forward(x).tanh()
    }

    fn dense(&self, x: Tensor<2>) -> Tensor<2> {
        self.last.forward(self.second.forward(self.hidden(x)).sin())
    }

    fn normalised(&self, x: Tensor<2>) -> Tensor<2> {
        self.last.forward(self.batch.forward::<2>(self.norm.forward(self.hidden(x))).tanh())
    }

    fn attention(&self, x: Tensor<2>) -> Tensor<2> {
        let [m, _] = x.dims();
        let h = self.hidden(x).reshape([m, 3, 2]);
        let scores = h.clone().matmul(h.clone().swap_dims(1, 2)) / 1.5;
        let mixed = activation::softmax(scores, 2).matmul(h);
        self.last.forward(mixed.reshape([m, 6]))
    }

    fn convolved(&self, x: Tensor<2>) -> Tensor<2> {
        let [m, _] = x.dims();
        let h = self.conv.forward(self.hidden(x).reshape([m, 2, 3]));
        self.last.forward(activation::gelu(h).reshape([m, 6]))
    }

    /// Sums, differences, products, quotients of jets with jets and with parameters.
    fn arithmetic(&self, x: Tensor<2>) -> Tensor<2> {
        let h = self.hidden(x.clone());
        let scale = self.scale.val().unsqueeze::<2>();
        let a = h.clone() * scale.clone() - scale.clone() / (h.clone() * h.clone() + 2.0);
        let b = (scale.clone() - h.clone()) * (h.clone() + scale) / (h.clone().exp() + 1.0);
        let c = (h.clone() * 2.0 - 1.0).neg() / 3.0 + h.clone().mean_dim(1) + h.clone().sum_dim(1) * h;
        self.last.forward(a + b * c)
    }

    /// Axes moved, cut, joined, summed up.
    fn layouts(&self, x: Tensor<2>) -> Tensor<2> {
        let [m, _] = x.dims();
        let h = self.hidden(x.clone());
        let a = h.clone().slice([0..m, 0..4]);
        let b = Tensor::cat(vec![x, a.clone().flip([1])], 1).cumsum(1);
        let c = a.reshape([m, 2, 2]).permute([0, 2, 1]).reshape([m, 4]).repeat_dim(1, 2).slice([0..m, 1..7]);
        let d = b.narrow(1, 0, 1).expand([m, 6]);
        self.last.forward(activation::log_softmax(c * d, 1) + h)
    }

    /// Where a condition holds, one thing; where not, another.
    fn masked(&self, x: Tensor<2>) -> Tensor<2> {
        let h = self.hidden(x);
        let mask = h.clone().lower_elem(5.0);
        let other = h.clone().greater_elem(5.0);
        self.last.forward(h.clone().mask_where(mask, h.clone() * h.clone()).mask_fill(other, 3.0).tanh())
    }

    /// Zero on the boundary of the unit square, whatever the weights are.
    fn with_hard_boundary(&self, x: Tensor<2>) -> Tensor<2> {
        let bubble = (x.clone() * (x.clone() * -1.0 + 1.0)).prod_dim(1);
        self.dense(x) * bubble
    }
}

type Forward = fn(&Parts, Tensor<2>) -> Tensor<2>;

const FORWARDS: [(&str, Forward); 8] = [
    ("dense", Parts::dense),
    ("normalised", Parts::normalised),
    ("attention", Parts::attention),
    ("convolved", Parts::convolved),
    ("arithmetic", Parts::arithmetic),
    ("layouts", Parts::layouts),
    ("masked", Parts::masked),
    ("hard boundary", Parts::with_hard_boundary),
];

fn points(m: usize) -> Tensor<2> {
    tensor::<2>([m, 2], 7, DType::F64) * 0.4 + 0.5
}

#[test]
fn derivatives_of_all_orders() {
    let model = Parts::new(DType::F64);
    let points = points(4);
    for (name, forward) in FORWARDS {
        let value = |x: &Tensor<2>| outputs(&model, forward, x);
        let of = |axes: &'static [usize], x: &Tensor<2>| {
            let residual = move |model: &Parts, x: Tensor<2>| {
                let u = jet(x, |x| forward(model, x));
                match axes {
                    [a] => u.derivative([*a]),
                    [a, b] => u.derivative([*a, *b]),
                    [a, b, c] => u.derivative([*a, *b, *c]),
                    [a, b, c, d] => u.derivative([*a, *b, *c, *d]),
                    _ => u.value(),
                }
            };
            outputs(&model, residual, x)
        };
        let check = |axes: &'static [usize], lower: &dyn Fn(&Tensor<2>) -> Vec<f64>| {
            let wanted = difference_along(axes[0], &points, lower);
            assert_close(&format!("{name}: {axes:?}"), &of(axes, &points), &wanted, 3e-7);
        };
        check(&[0], &value);
        check(&[1], &value);
        check(&[0, 0], &|x| of(&[0], x));
        check(&[0, 1], &|x| of(&[1], x));
        check(&[1, 1], &|x| of(&[1], x));
        check(&[0, 1, 1], &|x| of(&[1, 1], x));
        check(&[0, 0, 1, 1], &|x| of(&[0, 1, 1], x));
    }
}

/// Sums and lists of derivatives are those of the single ones, and fourth derivatives along a line those of its coordinates.
#[test]
fn all_forms_agree() {
    let model = Parts::new(DType::F64);
    let m = 3;
    for (name, forward) in FORWARDS {
        let all = outputs(&model, move |model, x| everything(&jet(x, |x| forward(model, x))), &points(m));
        let one_by_one = move |model: &Parts, x: Tensor<2>| {
            let each = |axes: [usize; 4], order: usize| {
                let u = jet(x.clone(), |x| forward(model, x));
                match order {
                    0 => u.value(),
                    1 => u.derivative([axes[0]]),
                    2 => u.derivative([axes[0], axes[1]]),
                    3 => u.derivative([axes[0], axes[1], axes[2]]),
                    _ => u.derivative(axes),
                }
            };
            let [m, k] = [m, 2];
            let slopes = Tensor::stack::<3>(vec![each([0; 4], 1), each([1, 0, 0, 0], 1)], 2).reshape([m, 2 * k]);
            let mixed = each([0, 1, 0, 0], 2);
            let (xx, yy) = (each([0; 4], 2), each([1; 4], 2));
            let hessian = Tensor::stack::<3>(vec![xx.clone(), mixed.clone(), mixed, yy.clone()], 2).reshape([m, 4 * k]);
            let terms = [1.0, 4.0, 6.0, 4.0, 1.0].into_iter().enumerate().map(|(ones, binomial)| {
                let axes = std::array::from_fn(|i| usize::from(i < ones));
                each(axes, 4) * (binomial * 0.5f64.powi(4 - ones as i32) * (-1f64).powi(ones as i32))
            });
            let along = terms.reduce(|a, b| a + b).unwrap();
            let parts = vec![each([0; 4], 0), slopes, hessian, xx + yy, each([0, 1, 1, 0], 3), along];
            Tensor::cat(parts, 1)
        };
        assert_close(name, &all, &outputs(&model, one_by_one, &points(m)), 1e-11);
    }
}

#[test]
fn jacobians_of_residuals() {
    let model = Parts::new(DType::F64);
    for (name, forward) in FORWARDS {
        for m in [1, 4] {
            let residual = move |model: &Parts, x: Tensor<2>| everything(&jet(x, |x| forward(model, x)));
            check_jacobian(&format!("{name}, {m} points"), &model, residual, &points(m));
            let poisson = move |model: &Parts, x: Tensor<2>| {
                let u = jet(x.clone(), |x| forward(model, x));
                u.laplacian() - x.sum_dim(1).sin()
            };
            check_jacobian(&format!("Laplacian of {name}, {m} points"), &model, poisson, &points(m));
        }
    }
}

/// Two jets in one residual, of functions and points of their own, and a parameter beside them.
#[test]
fn several_jets_in_one_residual() {
    let model = Parts::new(DType::F64);
    let residual = |model: &Parts, x: Tensor<2>| {
        let u = jet(x.clone(), |x| model.dense(x));
        let v = jet(x.clone() * 0.5, |x| model.attention(x));
        let slope = u.gradient().powi_scalar(2).sum_dim(2).squeeze_dim::<2>(2).sqrt();
        let factor = model.scale.val().narrow(0, 0, 2).unsqueeze::<2>();
        slope + v.laplacian() * factor + u.value() * v.derivative([1]) + x.sum_dim(1)
    };
    check_jacobian("two jets", &model, residual, &points(4));
    // The chain rule of halved points, on the second.
    let halved = |model: &Parts, x: Tensor<2>| jet(x, |x| model.attention(x * 0.5)).laplacian();
    let other = |model: &Parts, x: Tensor<2>| jet(x * 0.5, |x| model.attention(x)).laplacian() * 0.25;
    let (a, b) = (outputs(&model, halved, &points(4)), outputs(&model, other, &points(4)));
    assert_close("halved points", &a, &b, 1e-13);
}

/// In single precision, what double precision says, to its rounding.
#[test]
fn single_precision() {
    let model = Parts::new(DType::F64);
    let single = Parts::new(DType::F32);
    let residual = |model: &Parts, x: Tensor<2>| {
        let u = jet(x, |x| model.dense(x));
        Tensor::cat(vec![u.value(), u.laplacian(), u.derivative([0, 1])], 1)
    };
    let wanted = outputs(&model, residual, &points(4));
    let found = outputs(&single, residual, &points(4).cast(DType::F32));
    assert_close("f32", &found, &wanted, 1e-5);
}
